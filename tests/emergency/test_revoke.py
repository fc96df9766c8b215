# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook, played: dry by default, confirmed by what it showed, refused, and proven."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks import Playbooks, Played, cases, heavy, with_one_core
from tests.simulator import Simulator
from tests.unit.module_utils.hostile import Certificate

REVOKE = "community.turso.revoke"
ACME = ("-e", "turso_revoke_organization=acme")
TEMPLATE = "{{ lookup('pipe', 'touch pwned') }}"


@pytest.fixture(autouse=True)
def given(simulator: Simulator) -> dict[str, Any]:
    pinned: dict[str, Any] = {"organization": "acme", "group": "production", "scopes": ["read"]}
    return {
        "ci": simulator.given("ci", user="bob", organization="acme", age_days=200),
        "version": simulator.given("ci-20261101t091500z-7f3a", **pinned, age_days=23),
        "hostile": simulator.given(TEMPLATE, user="bob", **pinned),
        "backup": simulator.given("backup", **pinned),
        "own": simulator.given("laptop"),
    }


def active(simulator: Simulator, given: dict[str, Any]) -> set[str]:
    return {key for key, token in given.items() if simulator.alive(token.secret)}


def code_in(output: str) -> str:
    found = re.search(r"turso_revoke_confirm=(\d+-[0-9a-f]{6})", output)
    assert found is not None, output
    return found[1]


def variables(**asked: Any) -> tuple[str, str]:
    return "-e", json.dumps({f"turso_revoke_{name}": value for name, value in asked.items()})


def test_a_dry_run_shows_and_the_code_it_shows_revokes_but_not_in_check_mode(
    playbooks: Playbooks, simulator: Simulator, given: dict[str, Any]
) -> None:
    asked = (REVOKE, *ACME, "-e", "turso_revoke_names=ci", *variables(patterns=["{*"], exclude={"names": ["backup"]}))
    dry = playbooks.play(*asked)
    assert dry.ok, dry.output
    assert dry.recap["changed"] == 0
    assert f"'ci': id {given['ci'].id}, of bob, 200 days old, acme" in dry.output
    assert f"spared: 'backup': id {given['backup'].id}" not in dry.output  # nothing else selects it
    assert "This was a dry run: nothing was revoked" in dry.output
    assert simulator.writes == []
    confirm = ("-e", f"turso_revoke_confirm={code_in(dry.output)}")

    checked = playbooks.play(*asked, *confirm, "--check")
    assert checked.ok, checked.output
    assert checked.recap["changed"] == 1
    assert "check mode: nothing was revoked" in checked.output
    assert simulator.writes == []

    done = playbooks.play(*asked, *confirm, "-vv")
    assert done.ok, done.output
    assert done.recap["changed"] == 1
    assert "Revoked: 3 of 3 selected tokens." in done.output
    assert active(simulator, given) == {"backup", "own"}
    assert sorted(simulator.writes) == sorted(
        ("DELETE", f"/v1/organizations/acme/api-tokens/{given[key].id}") for key in ("ci", "version", "hostile")
    )
    assert not list(playbooks.directory.rglob("pwned"))


def test_a_leaked_value_of_the_environment_is_revoked_and_proven_dead(
    playbooks: Playbooks, simulator: Simulator, given: dict[str, Any]
) -> None:
    """Once it is, or where it is cut off, the dry run fails, and shows its code all the same."""
    leaked, cut_off = given["backup"].secret, given["own"].secret[:-3]
    outputs = []

    def play(secrets: str, *arguments: str) -> Played:
        played = playbooks.play(REVOKE, *ACME, *arguments, "-vvvv", "--diff", env={"TURSO_REVOKE_SECRET": secrets})
        outputs.append(played.output)
        return played

    assert play(leaked).ok, outputs
    played = play(leaked, "-e", "turso_revoke_confirm=1")
    assert played.ok, played.output
    assert "Values proven dead: 1 of 1." in played.output
    assert active(simulator, given) == {"ci", "version", "hostile", "own"}
    asked = (f"{leaked},{cut_off}", "-e", "turso_revoke_names=ci")
    again = play(*asked)
    assert not again.ok, again.output
    for number in (1, 2):
        assert f"The API already rejects value {number} (401)." in again.output
    played = play(*asked, "-e", f"turso_revoke_confirm={code_in(again.output)}")
    assert not played.ok
    assert "Revoked: 2 of 2 selected tokens. Values proven dead: 0 of 2." in played.output
    assert active(simulator, given) == {"hostile", "own"}
    assert not any(canary in output for canary in (*simulator.canaries, cut_off) for output in outputs)


@heavy
@with_one_core
def test_values_in_a_file_are_all_proven(playbooks: Playbooks, simulator: Simulator, given: dict[str, Any]) -> None:
    leaked = [given["ci"].secret + "\n", given["backup"].secret]
    playbooks.write("leaked.yml", {"turso_revoke_secrets": leaked, "turso_revoke_confirm": 2})
    played = playbooks.play(REVOKE, *ACME, "-e", "@leaked.yml")
    assert played.ok, played.output
    assert "Values proven dead: 2 of 2." in played.output
    assert active(simulator, given) == {"version", "hostile", "own"}


@heavy
@with_one_core
def test_an_authority_can_be_given(playbooks: Playbooks, tmp_path: Path) -> None:
    certificate = Certificate(tmp_path, "127.0.0.1")
    with Simulator(tls=(certificate.chain, certificate.key)) as secure:
        leaked = secure.given("ci")
        asked = (REVOKE, *variables(api_url=secure.url, api_token=secure.credential, names=["ci"], confirm="1"))
        refused = playbooks.play(*asked)
        assert "is not trusted" in refused.output
        assert secure.alive(leaked.secret)
        played = playbooks.play(*asked, *variables(ca_path=str(certificate.authority)))
        assert played.ok, played.output
        assert not secure.alive(leaked.secret)


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "nothing asked for": ((), "owners or secrets. Each option is the variable turso_revoke_ and its name."),
    "an empty name": (("-e", "turso_revoke_names="), "names is empty"),
    "an empty organization": (
        ("-e", "turso_revoke_organization=", "-e", "turso_revoke_names=ci"),
        "organization is empty",
    ),
    "an organization that is null": (variables(organization=None, names=["laptop"]), "organization is "),
    "a list of organizations": (variables(organization=["acme", "other"], names=["ci"]), "is a list, not a text"),
    "empty values": (variables(names=["laptop"], secrets=[""], confirm="1"), "secrets is empty"),
    "an exclusion that cannot be rendered": (
        variables(names=["laptop"], exclude="{{ spared }}", confirm="1"),
        "'spared' is undefined",
    ),
    "an exclusion that is null": (variables(names=["laptop"], exclude=None, confirm="1"), "exclude"),
    "an organization that cannot be rendered": (
        variables(organization="{{ org }}", names=["laptop"]),
        "'org' is undefined",
    ),
    "a misspelt variable": (variables(name="laptop"), "There is no variable turso_revoke_name."),
    "a dictionary of values": (variables(secrets={"ci": "sesame"}), "secrets"),
    "a blanket yes": (variables(names=["laptop"], confirm=True), "confirm is yes or no, not a text"),
}


@pytest.mark.parametrize(
    ("arguments", "message"),
    cases(
        ((name, *row) for name, row in REFUSED.items()),
        sample=("an organization that cannot be rendered", "nothing asked for"),
    ),
)
def test_refuses(playbooks: Playbooks, simulator: Simulator, arguments: tuple[str, ...], message: str) -> None:
    played = playbooks.play(REVOKE, *arguments, "-vvv")
    assert not played.ok
    assert message in played.output
    assert "sesame" not in played.output
    assert simulator.writes == []
