# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make rotate`: what it takes, what it refuses, and one rotation from end to end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulator import Simulator
from tests.tools.checkout import ROOT
from tests.tools.rotate import USAGE, Unclear, command_for


@pytest.fixture
def given(simulator: Simulator) -> dict[str, str]:
    return {
        "TURSO_API_TOKEN": simulator.credential,
        "TURSO_API_BASEURL": simulator.url,
        "NAME": "ci-deploy",
        "DELIVER": "deliver.yml",
    }


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("NAME", "NAME is missing"),
        ("TURSO_API_TOKEN", "TURSO_API_TOKEN is not set"),
        ("DELIVER", "Where is the new value to go?"),
    ],
)
@pytest.mark.parametrize("how", ["unset", "empty"])
def test_what_is_missing_is_named_before_any_request(
    simulator: Simulator, given: dict[str, str], missing: str, says: str, how: str
) -> None:
    given = {**given, missing: ""}
    if how == "unset":
        del given[missing]
    with pytest.raises(Unclear, match=re.escape(says)):
        command_for(given)
    assert simulator.requests == []


def test_a_name_that_ansible_would_change_is_refused(simulator: Simulator, given: dict[str, str]) -> None:
    with pytest.raises(Unclear, match="NAME must not be a template"):
        command_for({**given, "NAME": "ci-{{ 1 }}"})
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("has", "asked", "gets"),
    [
        ({}, {}, {}),
        ({"organization": "acme"}, {}, {"organization": "acme"}),
        (
            {"organization": "acme", "group": "production", "scopes": ["read"]},
            {},
            {"organization": "acme", "group": "production", "scopes": ["read"]},
        ),
        ({}, {"ORGANIZATION": "acme"}, {"organization": "acme"}),
        (
            {"organization": "acme"},
            {"ORGANIZATION": "acme", "GROUP": "production", "SCOPES": "read,db:create"},
            {"organization": "acme", "group": "production", "scopes": ["read", "db:create"]},
        ),
    ],
)
def test_a_token_keeps_its_restriction_unless_another_is_asked_for(
    simulator: Simulator, given: dict[str, str], has: dict[str, str], asked: dict[str, str], gets: dict[str, str]
) -> None:
    simulator.given("ci-deploy", **has)
    _, variables = command_for({**given, **asked})
    assert variables["turso_rotate_tokens"] == [{"name": "ci-deploy", **gets}]


def test_it_is_the_newest_generation_whose_restriction_is_kept(simulator: Simulator, given: dict[str, str]) -> None:
    simulator.given("ci-deploy-20260102t030405z-0001", organization="acme")
    simulator.given("ci-deploy-20250102t030405z-ffff")
    simulator.given("ci-deploy")
    simulator.given("ci-deploy-20270102t030405z-0001-x")  # foreign
    _, variables = command_for(given)
    assert variables["turso_rotate_tokens"] == [{"name": "ci-deploy", "organization": "acme"}]


def test_the_first_token_of_a_name_needs_an_organization(given: dict[str, str]) -> None:
    with pytest.raises(Unclear, match="There is no token 'ci-deploy' yet"):
        command_for(given)
    assert command_for({**given, "ORGANIZATION": "acme"})[1]["turso_rotate_tokens"] == [
        {"name": "ci-deploy", "organization": "acme"}
    ]


def test_paths_count_from_where_the_user_is(
    simulator: Simulator, given: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.given("ci-deploy")
    monkeypatch.chdir(tmp_path)
    _, variables = command_for({**given, "VAULT_FILE": "secrets.yml", "LEDGER": "ledger.json"})
    assert variables["turso_rotate_vault_file"] == str(tmp_path / "secrets.yml")
    assert variables["turso_rotate_deliver"] == str(tmp_path / "deliver.yml")
    assert variables["turso_rotate_ledger"] == str(tmp_path / "ledger.json")


@pytest.mark.parametrize(
    ("asked", "added"),
    [
        ({}, []),
        ({"CHECK": "1"}, ["--check"]),
        ({"VAULT_FILE": "secrets.yml"}, ["--ask-vault-pass"]),
        ({"VAULT_FILE": "secrets.yml", "ANSIBLE_VAULT_PASSWORD_FILE": "pw"}, []),
    ],
)
def test_what_ansible_playbook_is_told(
    simulator: Simulator, given: dict[str, str], asked: dict[str, str], added: list[str]
) -> None:
    simulator.given("ci-deploy")
    arguments, variables = command_for({**given, **asked})
    assert arguments == ["community.turso.rotate", *added]
    assert simulator.credential not in str(variables)


def test_every_variable_is_in_the_usage() -> None:
    source = (ROOT / "tests/tools/rotate.py").read_text()
    taken = set(re.findall(r'given(?:\.get\(|\[)"([A-Z_]+)"', source)) | {"VAULT_FILE", "DELIVER", "LEDGER"}
    assert {name for name in taken if name not in USAGE} == {"TURSO_API_BASEURL", "TURSO_PLATFORM_TOKEN"}


@pytest.mark.parametrize("name", ["ci-deploy", 'odd "name" $(id) ünï'])
def test_a_rotation_from_end_to_end(simulator: Simulator, given: dict[str, str], tmp_path: Path, name: str) -> None:
    old = simulator.given(name, organization="acme", age_days=120)
    hook = tmp_path / "deliver.yml"
    hook.write_text(
        "- ansible.builtin.copy:\n"
        "    content: '{{ turso_rotate_item.secret }}'\n"
        f"    dest: {tmp_path}/value\n"
        "    mode: '0600'\n"
        "  no_log: true\n"
    )
    environment = {variable: value for variable, value in os.environ.items() if not variable.startswith("ANSIBLE_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.tools.rotate"],
        cwd=ROOT,
        env={**environment, **given, "NAME": name, "DELIVER": str(hook), "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not simulator.alive(old.secret)
    assert simulator.alive((tmp_path / "value").read_text())
    assert [secret for secret in simulator.canaries if secret in done.stdout + done.stderr] == []
