# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook, played: dry by default, confirmed by what it showed, refused, resumed, and proven."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.playbooks import Playbooks, with_one_core
from tests.simulator import Simulator, faults

# Which ansible-core it is matters little here, and takes long; `make test-matrix` plays it on each.
pytestmark = with_one_core

REVOKE = "community.turso.revoke"
ACME = ("-e", "turso_revoke_organization=acme")
TEMPLATE = "{{ lookup('pipe', 'touch pwned') }}"


@pytest.fixture(autouse=True)
def given(simulator: Simulator) -> dict[str, Any]:
    pinned = {"organization": "acme", "group": "production", "scopes": ["read"]}
    return {
        "ci": simulator.given("ci", user="bob", organization="acme", age_days=200),
        "generation": simulator.given("ci-20261101t091500z-7f3a", **pinned, age_days=23),
        "hostile": simulator.given(TEMPLATE, user="bob", **pinned),
        "backup": simulator.given("backup", **pinned),
        "own": simulator.given("laptop"),
    }


def alive(simulator: Simulator, given: dict[str, Any]) -> set[str]:
    return {key for key, token in given.items() if simulator.alive(token.secret)}


def code_in(output: str) -> str:
    found = re.search(r"turso_revoke_confirm=(\d+-[0-9a-f]{6})", output)
    assert found is not None, output
    return found[1]


def test_a_dry_run_shows_and_the_code_it_shows_revokes(
    playbooks: Playbooks, simulator: Simulator, given: dict[str, Any]
) -> None:
    asked = (REVOKE, *ACME, "-e", "turso_revoke_name=ci", "-e", "turso_revoke_pattern={*")
    dry = playbooks.play(*asked)
    assert dry.ok, dry.output
    assert dry.recap["changed"] == 0
    assert f"'ci': id {given['ci'].id}, of bob, 200 days old, acme" in dry.output
    assert "This was a dry run: nothing was revoked" in dry.output
    assert simulator.writes == []
    confirm = ("-e", f"turso_revoke_confirm={code_in(dry.output)}")

    checked = playbooks.play(*asked, *confirm, "--check")
    assert checked.ok, checked.output
    assert checked.recap["changed"] == 1
    assert simulator.writes == []

    done = playbooks.play(*asked, *confirm, "-vv")
    assert done.ok, done.output
    assert done.recap["changed"] == 1
    assert "gone from the list: 3." in done.output
    assert alive(simulator, given) == {"backup", "own"}
    assert sorted(simulator.writes) == sorted(
        ("DELETE", f"/v1/organizations/acme/api-tokens/{given[key].id}") for key in ("ci", "generation", "hostile")
    )
    assert not list(playbooks.directory.rglob("pwned"))


def test_a_code_is_refused_when_other_tokens_match_by_then(
    playbooks: Playbooks, simulator: Simulator, given: dict[str, Any]
) -> None:
    asked = (REVOKE, *ACME, "-e", "turso_revoke_owner=bob")
    code = code_in(playbooks.play(*asked).output)
    simulator.withdraw("ci", user="bob")
    simulator.given("ci", user="bob", organization="acme")
    refused = playbooks.play(*asked, "-e", f"turso_revoke_confirm={code}")
    assert not refused.ok
    assert "does not fit the 2 tokens that match now" in refused.output
    assert simulator.writes == []


@pytest.mark.parametrize("hint", ["name", "none"])
def test_a_leaked_value_is_found_killed_and_proven_dead(
    playbooks: Playbooks, simulator: Simulator, given: dict[str, Any], hint: str
) -> None:
    leaked = {"TURSO_REVOKE_SECRET": given["backup"].secret}
    hints = ("-e", "turso_revoke_name=backup") if hint == "name" else ()
    outputs = []
    for confirm in ((), ("-e", "turso_revoke_confirm=1")):
        played = playbooks.play(REVOKE, *ACME, *hints, *confirm, "-vvvv", "--diff", env=leaked)
        assert played.ok, played.output
        outputs.append(played.output)
    assert "proven dead, which the API took before and answers 401 now: 1 of 1." in outputs[1]
    assert alive(simulator, given) == {"ci", "generation", "hostile", "own"}
    assert not any(canary in output for canary in simulator.canaries for output in outputs)

    again = playbooks.play(REVOKE, *ACME, env=leaked)
    assert again.ok, again.output
    assert "gone from the list: 0." in again.output
    assert "answers 401 now: 0 of 1." in again.output
    assert "1 were refused already before this run: dead, or not exactly the value" in again.output


def test_a_name_that_matches_nothing_is_no_success_though_a_secret_of_an_earlier_run_is_still_set(
    playbooks: Playbooks, simulator: Simulator, given: dict[str, Any]
) -> None:
    simulator.withdraw("backup")
    earlier = {"TURSO_REVOKE_SECRET": given["backup"].secret}
    misspelt = ("-e", "turso_revoke_name=ci-depoly", "-e", "turso_revoke_confirm=1")
    played = playbooks.play(REVOKE, *ACME, *misspelt, env=earlier)
    assert not played.ok
    assert "No token matches" in played.output
    assert alive(simulator, given) == {"ci", "generation", "hostile", "own"}


def test_secrets_in_a_file_are_all_proven(playbooks: Playbooks, simulator: Simulator, given: dict[str, Any]) -> None:
    leaked = [given["ci"].secret + "\n", given["backup"].secret]
    playbooks.write("leaked.yml", {"turso_revoke_secret": leaked, "turso_revoke_confirm": 2})
    played = playbooks.play(REVOKE, *ACME, "-e", "@leaked.yml")
    assert played.ok, played.output
    assert "answers 401 now: 2 of 2." in played.output
    assert alive(simulator, given) == {"generation", "hostile", "own"}


def test_a_value_that_was_never_taken_proves_nothing(
    playbooks: Playbooks, simulator: Simulator, given: dict[str, Any]
) -> None:
    """It lacks its end, and somebody guessed the wrong name: the leaked token lives."""
    leaked = {"TURSO_REVOKE_SECRET": given["own"].secret[:-4]}
    asked = (REVOKE, *ACME, "-e", "turso_revoke_name=backup")
    dry = playbooks.play(*asked, env=leaked)
    assert "1 of 1 secrets are refused by the API already" in dry.output
    played = playbooks.play(*asked, "-e", f"turso_revoke_confirm={code_in(dry.output)}", env=leaked)
    assert not played.ok
    assert "1 of 1 secrets were refused already before this run" in " ".join(played.output.split())
    assert "proven dead" not in played.output
    assert simulator.alive(given["own"].secret)


def test_a_secret_that_lives_on_is_a_failure(playbooks: Playbooks, simulator: Simulator, given: dict[str, Any]) -> None:
    code = code_in(playbooks.play(REVOKE, *ACME, "-e", "turso_revoke_id=" + given["ci"].id).output)
    played = playbooks.play(
        REVOKE,
        *ACME,
        "-e",
        "turso_revoke_id=" + given["ci"].id,
        "-e",
        "turso_revoke_confirm=" + code,
        env={"TURSO_REVOKE_SECRET": given["own"].secret},  # unrestricted: no organization's list has it
    )
    assert not played.ok
    assert f"Nothing matches secret with the id '{given['own'].id}'" in played.output
    assert "1 of 1 secrets did not prove dead" in played.output
    assert alive(simulator, given) == {"generation", "hostile", "backup", "own"}
    assert given["own"].secret not in played.output


def test_a_secret_that_cannot_be_asked_about_is_not_proven(
    playbooks: Playbooks, simulator: Simulator, given: dict[str, Any]
) -> None:
    simulator.faults.add("validate", faults.Status(403), times=None)
    played = playbooks.play(
        REVOKE,
        *ACME,
        "-e",
        "turso_revoke_name=backup",
        "-e",
        "turso_revoke_confirm=1",
        env={"TURSO_REVOKE_SECRET": given["backup"].secret},
    )
    assert not played.ok
    assert "1 of 1 secrets did not prove dead" in played.output
    assert "backup" not in alive(simulator, given)


def test_the_running_credential_is_refused_and_the_others_are_revoked(
    playbooks: Playbooks, simulator: Simulator, given: dict[str, Any]
) -> None:
    asked = (REVOKE, "-e", '{"turso_revoke_name": ["main", "laptop"]}')
    dry = playbooks.play(*asked)
    assert not dry.ok
    assert "credential that this very run uses" in dry.output
    assert simulator.writes == []
    done = playbooks.play(*asked, "-e", "turso_revoke_confirm=2")
    assert not done.ok
    assert "credential that this very run uses" in done.output
    assert simulator.writes == [("DELETE", "/v1/auth/api-tokens/laptop")]
    assert simulator.alive(simulator.credential)


def test_what_could_not_be_revoked_is_told_and_the_rest_is_revoked(
    playbooks: Playbooks, simulator: Simulator, given: dict[str, Any]
) -> None:
    simulator.faults.add(f"DELETE */{given['ci'].id}", faults.Status(403), times=None)
    played = playbooks.play(REVOKE, *ACME, "-e", "turso_revoke_owner=bob", "-e", "turso_revoke_confirm=2")
    assert not played.ok
    assert "1 of 2 tokens failed" in played.output
    assert alive(simulator, given) == {"ci", "generation", "backup", "own"}


def test_a_list_that_still_shows_the_token_is_a_failure(
    playbooks: Playbooks, simulator: Simulator, given: dict[str, Any]
) -> None:
    simulator.faults.add("org_list", faults.Stale(), skip=1, times=None)
    played = playbooks.play(REVOKE, *ACME, "-e", "turso_revoke_name=backup", "-e", "turso_revoke_confirm=1")
    assert not played.ok
    assert "Not every token is gone from the list" in played.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param((), "Nothing says which tokens to revoke", id="nothing asked for"),
        pytest.param(("-e", "turso_revoke_name="), "name is empty", id="an empty name"),
        pytest.param(
            ("-e", "turso_revoke_organization=", "-e", "turso_revoke_name=ci"),
            "organization is empty",
            id="or organization",
        ),
        pytest.param(("-e", "turso_revoke_name=ci-depoly"), "No token matches", id="a misspelt name"),
        pytest.param(
            (
                "-e",
                "turso_revoke_name=laptop",
                "-e",
                "turso_revoke_except={{ spared }}",
                "-e",
                "turso_revoke_confirm=1",
            ),
            "'spared' is undefined",
            id="an exception that cannot be rendered",
        ),
        pytest.param(
            ("-e", '{"turso_revoke_name": "laptop", "turso_revoke_except": null, "turso_revoke_confirm": 1}'),
            "turso_revoke_except is null",
            id="an exception that is null",
        ),
        pytest.param(
            ("-e", "turso_revoke_organization={{ org }}", "-e", "turso_revoke_name=laptop"),
            "'org' is undefined",
            id="an organization that cannot be rendered",
        ),
        pytest.param(
            (*ACME, "-e", "turso_revoke_name=laptop", "-e", "turso_revoke_confirm=1"),
            "no unrestricted tokens",
            id="not in this list",
        ),
        pytest.param(
            ("-e", "turso_revoke_exception=ci"), "There is no turso_revoke_exception", id="a misspelt variable"
        ),
        pytest.param(
            ("-e", '{"turso_revoke_secret": {"ci": "x"}}'),
            "must be a value or a list of values",
            id="a dictionary of secrets",
        ),
        pytest.param(
            (*ACME, "-e", "turso_revoke_owner=bob", "-e", "turso_revoke_except=bakcup", "-e", "turso_revoke_confirm=2"),
            "does not fit the 2 tokens",
            id="a number, and an exception that is misspelt",
        ),
        pytest.param(
            ("-e", "turso_revoke_name=laptop", "-e", '{"turso_revoke_confirm": true}'),
            "does not fit the 1 tokens",
            id="a blanket yes",
        ),
    ],
)
def test_refuses(playbooks: Playbooks, simulator: Simulator, arguments: tuple[str, ...], told: str) -> None:
    played = playbooks.play(REVOKE, *arguments)
    assert not played.ok
    assert told in played.output
    assert simulator.writes == []
