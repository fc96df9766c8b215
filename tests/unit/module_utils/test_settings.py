# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which settings of the client are refused, and whose certificates it trusts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.settings import (
    AUTHORITY_VARIABLES,
    authorities,
    check_settings,
)
from ansible_collections.community.turso.plugins.module_utils._errors import BadOption

WORKING: dict[str, Any] = {"timeout_seconds": 30.0, "retries": 4, "connections": 8, "verify": True}
IN_BOUNDS: list[dict[str, Any]] = [
    {"timeout_seconds": 0.001},
    {"timeout_seconds": 86400.0},
    {"retries": 0},
    {"connections": 1},
    {"connections": 100},
    {"verify": False},
    {"verify": "/"},
]
OUT_OF_BOUNDS: list[tuple[dict[str, Any], str]] = [
    ({"timeout_seconds": 0.0}, "api_timeout is 0.0."),
    ({"timeout_seconds": 86401.0}, "api_timeout is 86401.0."),
    ({"timeout_seconds": float("nan")}, "api_timeout is nan."),
    ({"retries": -1}, "api_retries is -1."),
    ({"connections": 0}, "concurrency is 0."),
    ({"connections": 101}, "concurrency is 101."),
    (
        {"verify": "/nowhere/ca.pem"},
        "ca_path is '/nowhere/ca.pem', which does not exist on the host that runs the module.",
    ),
]


@pytest.mark.parametrize("given", IN_BOUNDS, ids=str)
def test_what_can_work_is_taken(given: dict[str, Any]) -> None:
    check_settings(**{**WORKING, **given})


@pytest.mark.parametrize(("given", "problem"), OUT_OF_BOUNDS, ids=[str(given) for given, _ in OUT_OF_BOUNDS])
def test_what_cannot_work_is_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadOption) as caught:
        check_settings(**{**WORKING, **given})
    assert caught.value.problem == problem


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    path.touch()
    return str(path)


def test_the_usual_authorities_are_trusted_unless_others_are_named() -> None:
    assert authorities(None) is True


def test_a_path_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch, bundle: str) -> None:
    monkeypatch.setenv(AUTHORITY_VARIABLES[0], "/nowhere/ca.pem")
    assert authorities(bundle) == bundle


@pytest.mark.parametrize("variable", AUTHORITY_VARIABLES)
def test_each_variable_names_authorities(monkeypatch: pytest.MonkeyPatch, bundle: str, variable: str) -> None:
    monkeypatch.setenv(variable, bundle)
    assert authorities(None) == bundle


def test_the_first_variable_counts(monkeypatch: pytest.MonkeyPatch, bundle: str) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    for variable in ("CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(variable, "/")
    assert authorities(None) == bundle
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.setenv("CURL_CA_BUNDLE", bundle)
    assert authorities(None) == bundle


def test_an_empty_variable_names_none(monkeypatch: pytest.MonkeyPatch, bundle: str) -> None:
    monkeypatch.setenv(AUTHORITY_VARIABLES[0], "")
    monkeypatch.setenv(AUTHORITY_VARIABLES[-1], bundle)
    assert authorities(None) == bundle


@pytest.mark.parametrize(
    ("ca_path", "source"), [("/nowhere/ca.pem", "ca_path"), (None, "The environment variable SSL_CERT_FILE")]
)
def test_a_path_that_leads_nowhere_is_refused_with_where_it_was_given(
    monkeypatch: pytest.MonkeyPatch, ca_path: str | None, source: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(BadOption) as caught:
        authorities(ca_path)
    assert caught.value.problem.startswith(f"{source} is '/nowhere/ca.pem', which does not exist")
