# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every destination works with: what it needs, whose credential it uses, what it says of failures and of what it found."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Item, Verdict
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of
from ansible_collections.community.turso.plugins.plugin_utils._destinations._found import verdict_on
from ansible_collections.community.turso.plugins.plugin_utils._destinations._needs import (
    lacking_library,
    require_collection,
)
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Run, each, failure_in


def token(**claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2lnbmF0dXJl"


OURS = token(jti="ours", iat=1764547200)  # 2025-12-01


def item(**given: Any) -> Item:
    return Item("ci", "vault_kv", "secret ci token", given.pop("options", {}), **given)


# what was found, the verdict, and what the message says
FOUND = {
    "what was delivered": (OURS, "confirmed", ""),
    "what was delivered, and a newline": (f"{OURS}\n", "confirmed", ""),
    "nothing": (None, "other", "secret ci token holds no value"),
    "no token": (
        "changeme",
        "other",
        "secret ci token holds another value, which is not a token that can be identified",
    ),
    "an older one": (
        token(jti="old", iat=1761955200),
        "other",
        (
            "secret ci token holds another value: of the token with the id old, issued at 2025-11-01 00:00:00 UTC, "
            "older than the one delivered"
        ),
    ),
    "a newer one": (
        token(jti="new", iat=1764633600),
        "other",
        (
            "secret ci token holds another value: of the token with the id new, issued at 2025-12-02 00:00:00 UTC, "
            "newer than the one delivered"
        ),
    ),
    "one of the same second": (
        token(iat=1764547200, id="d"),
        "other",
        "secret ci token holds another value: issued at 2025-12-01 00:00:00 UTC",
    ),
    "one without a time": (token(jti="x"), "other", "secret ci token holds another value: of the token with the id x"),
}


@pytest.mark.parametrize("row", FOUND)
def test_what_was_found_is_told_apart_from_what_was_delivered(row: str) -> None:
    found, verdict, msg = FOUND[row]
    judged = verdict_on(item(secret=OURS, sha256=digest_of(OURS)), "localhost", found)
    by = "read back" if verdict == "confirmed" else None
    assert (judged.verdict, judged.msg, judged.by, judged.value) == (verdict, msg, by, None)


@pytest.mark.parametrize("sha256", [None, digest_of(OURS)])
def test_the_value_is_returned_only_where_it_is_asked_for(sha256: str | None) -> None:
    judged = verdict_on(item(sha256=sha256, wants_value=True), "localhost", OURS)
    assert judged.value == OURS
    assert judged.verdict == ("other" if sha256 is None else "confirmed")
    assert OURS not in json.dumps(judged.as_json()) + repr(judged)


# the result of a module, and what is said of it
FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "what the module says": ({"msg": "no right", "exception": "Traceback\nE: no right"}, "no right"),
    "a crash": (
        {"msg": "MODULE FAILURE", "module_stdout": "", "module_stderr": "Traceback\n  x\nE: down\n"},
        "E: down",
    ),
    "a crash of newer ansible-cores": ({"exception": SimpleNamespace(event=SimpleNamespace(msg="down"))}, "down"),
    "a message of newer ansible-cores": (
        {"msg": "no right", "exception": SimpleNamespace(event=SimpleNamespace(msg="other"))},
        "no right",
    ),
    "no connection": (
        {"msg": "Max retries exceeded (Caused by NewConnectionError('refused'))"},
        "NewConnectionError('refused'))",
    ),
    "a crash that says nothing": (
        {"msg": "MODULE FAILURE", "module_stdout": "", "module_stderr": ""},
        "MODULE FAILURE",
    ),
    "nothing": ({}, ""),
}


@pytest.mark.parametrize("row", FAILURES)
def test_a_failure_is_one_line(row: str) -> None:
    result, said = FAILURES[row]
    assert failure_in(result) == said


def test_a_failure_shows_no_value() -> None:
    run = Run("localhost", lambda *_: {}, secrets=("the-secret-value",))
    assert (
        run.said({"msg": "could not store the-secret-value for a-password"}, ["a-password"])
        == "could not store *** for ***"
    )


def test_one_failure_ends_no_other_item() -> None:
    def carry_out(one: Item) -> Verdict:
        if one.name == "bad":
            raise Refused("no")
        return Verdict.of(one, "localhost", "proven")

    items = [Item(name, "vault_kv", name, {}) for name in ("a", "bad", "c")]
    verdicts = each(items, Run("localhost", lambda *_: {}), "refused", carry_out)
    assert [(v.name, v.verdict, v.msg) for v in verdicts] == [
        ("a", "proven", ""),
        ("bad", "refused", "no"),
        ("c", "proven", ""),
    ]


def test_settings_come_from_the_named_credential_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"A_URL": "process", "A_CA": "process", "A_REGION": "process", "A_EMPTY": ""}.items():
        monkeypatch.setenv(name, value)
    credentials = {"own": {"A_URL": "named"}, "text": "a secret"}
    run = Run("localhost", lambda *_: {}, environment={"A_URL": "play", "A_CA": "play"}, credentials=credentials)
    names = ("A_URL", "A_CA", "A_REGION", "A_EMPTY", "A_NOWHERE")
    assert run.settings(item(options={"credential": "own"}), *names) == {
        "A_URL": "named",
        "A_CA": "play",
        "A_REGION": "process",
    }
    assert run.settings(item(options={"credential": "text"}), "A_URL") == {"A_URL": "play"}
    assert run.settings(item(), "A_URL") == {"A_URL": "play"}


def test_a_module_runs_for_real_unless_its_check_mode_is_asked_for() -> None:
    seen: list[Any] = []

    def module(*given: Any) -> dict[str, Any]:
        seen.append(given)
        return {}

    run = Run("localhost", module, environment={"PLAY": "1"})
    run.module("a.b.c", {"x": 1})
    run.module("a.b.c", {"x": 1}, {"PLAY": "2"}, check_mode=True)
    assert seen == [("a.b.c", {"x": 1}, {"PLAY": "1"}, False), ("a.b.c", {"x": 1}, {"PLAY": "2"}, True)]


@pytest.fixture
def collections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in which collections are found: some.old of 1.9.0, some.source without a manifest."""
    for name, manifest in {"old": {"collection_info": {"version": "1.9.0"}}, "source": None}.items():
        path = tmp_path / "ansible_collections" / "some" / name
        path.mkdir(parents=True)
        if manifest:
            (path / "MANIFEST.json").write_text(json.dumps(manifest))
    import ansible_collections  # noqa: PLC0415

    monkeypatch.setattr(
        ansible_collections, "__path__", [*ansible_collections.__path__, str(tmp_path / "ansible_collections")]
    )
    return tmp_path


# collection, floor, what is said
COLLECTIONS = [
    ("some.old", "1.9.0", None),
    ("some.old", "1.10", "a.b needs the collection some.old 1.10 or newer; 1.9.0 is installed: "),
    ("some.source", "12.5.0", None),
    (
        "some.none",
        "1.0.0",
        'a.b needs the collection some.none, which is not installed: ansible-galaxy collection install "some.none:>=1.0.0"',
    ),
    ("nobody.none", "1.0.0", "a.b needs the collection nobody.none, which is not installed: "),
]


@pytest.mark.parametrize(("name", "floor", "said"), COLLECTIONS)
def test_a_collection_that_is_missing_or_old_is_named_with_its_command(
    collections: Path, name: str, floor: str, said: str | None
) -> None:
    sys.modules.pop("ansible_collections.some", None)
    if said is None:
        require_collection(name, floor, "a.b")
    else:
        with pytest.raises(Refused) as refused:
            require_collection(name, floor, "a.b")
        assert refused.value.msg.startswith(said)
        assert f'ansible-galaxy collection install "{name}:>={floor}"' in refused.value.msg


def test_a_library_that_is_missing_is_named_with_its_command() -> None:
    msg = (
        "Failed to import the required Python library (hvac) on box's Python /opt/v/bin/python3.13. Please read the module "
        "documentation and install it in the appropriate location."
    )
    assert lacking_library(msg) == (
        "the Python library hvac is not installed for /opt/v/bin/python3.13: /opt/v/bin/python3.13 -m pip install hvac"
    )
    assert lacking_library("Permission denied") is None
