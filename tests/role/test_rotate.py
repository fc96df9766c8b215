# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation, really played: what it changes, asks of the API, and tells."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.playbooks import Playbooks, cases, heavy, with_one_core
from tests.role.plays import (
    SHOW,
    Task,
    confirm,
    created,
    deliver,
    delivered,
    entry,
    play,
    report_in,
    revoked,
    rotate,
    versions,
)
from tests.simulator import Simulator, faults

DELIVERED: tuple[Task, ...] = (deliver("ci"), confirm("ci"))


@pytest.mark.promise(8)
def test_a_token_is_rotated_with_six_requests_and_no_fact_reaches_the_cache(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    """Whatever the play's defaults say of facts."""
    old = simulator.given("ci", organization="acme", age_days=120)
    simulator.given("ci-other", organization="acme", age_days=500)
    cache = {
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(playbooks.directory / "cache"),
    }
    defaults: dict[str, Any] = {"module_defaults": {"ansible.builtin.set_fact": {"cacheable": True}}}
    played = playbooks.play([play(rotate("ci"), *DELIVERED, **defaults)], "-v", env=cache)
    assert played.ok, played.output
    (name,) = versions(simulator, "ci")
    assert f"turso_rotation: created token '{name}' (id " in played.output
    assert re.fullmatch(r"ci-\d{8}t\d{6}z-[0-9a-f]{4}", name)
    assert simulator.alive(delivered(playbooks, "ci") or "")
    assert not simulator.alive(old.secret)
    assert versions(simulator, "ci-other") == ["ci-other"]
    calls = ["list", "create", "list", "validate", "list", "org_revoke"]
    assert [request.call for request in simulator.requests] == calls
    for path in (playbooks.directory / "cache").rglob("*"):
        assert not any(secret in path.read_text() for secret in simulator.canaries)


@pytest.mark.promise(6)
def test_what_is_not_due_changes_nothing_and_says_so(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=10)
    played = playbooks.play([play(rotate("ci"), *DELIVERED)])
    assert played.ok, played.output
    assert played.recap["changed"] == 0
    assert [request.call for request in simulator.requests] == ["list"]
    assert "0 to rotate, 0 to revoke, 1 unchanged; next due: ci, " in played.output


@heavy
def test_the_report_says_what_was_done_and_who_confirmed(simulator: Simulator, playbooks: Playbooks) -> None:
    for name, age in (("ci", 120), ("young", 1)):
        simulator.given(name, organization="acme", age_days=age)
    show = play(SHOW)
    played = playbooks.play([play(rotate("ci", "young"), *DELIVERED), show])
    assert played.ok, played.output
    report = report_in(played.output)
    (name,) = versions(simulator, "ci")
    expected = {
        "name": "ci",
        "kind": "api",
        "action": "rotated",
        "reason": "aged",
        "issued": name,
        "revoked": ["ci"],
        "kept": [name],
        "evidence": [{"to": "play", "host": "localhost", "by": "read back"}],
    }
    assert {key: report["ci"][key] for key in expected} == expected
    assert report["young"]["action"] == "unchanged"


def test_check_mode_writes_nothing_and_shows_the_plan(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    simulator.given("young", organization="acme", age_days=1)
    played = playbooks.play([play(rotate("ci", "young", "new"), *DELIVERED, SHOW)], "--check", "--diff")
    assert played.ok, played.output
    assert simulator.writes == []
    assert "ci: due (aged): ci is current, " in played.output
    assert "young: not due: young is current, " in played.output
    assert "new: due (missing): no version is current." in played.output
    assert "2 to rotate, 0 to revoke, 1 unchanged" in played.output


@heavy
@with_one_core
def test_the_facts_are_there_when_nothing_is_due_and_of_this_play_alone(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    simulator.given("a", organization="acme", age_days=120)
    simulator.given("b", organization="acme", age_days=1)
    told = {"ansible.builtin.debug": {"msg": "HAS={{ turso_rotate_secrets | list | sort | join('+') }}."}}
    plays = [play(rotate(name), deliver("a"), confirm(), told) for name in ("a", "b")]
    played = playbooks.play(plays)
    assert played.ok, played.output
    assert re.findall(r"HAS=(\S*)\.", played.output) == ["a", ""]


FAILURES: list[tuple[str, str, faults.Fault, str]] = [
    ("the create is refused", "create", faults.Status(403, {"error": "forbidden"}), "403"),
    ("the new token is not listed", "validate", faults.Status(401, {"error": "invalid api token"}), "was withdrawn"),
]


@pytest.mark.promise(1)
@with_one_core
@pytest.mark.parametrize(("call", "fault", "says"), cases(FAILURES, sample=("the new token is not listed",)))
def test_a_token_stays_as_it_was_where(
    simulator: Simulator, playbooks: Playbooks, call: str, fault: faults.Fault, says: str
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    simulator.faults.add(call, fault, times=None)
    played = playbooks.play([play(rotate("ci"), *DELIVERED)])
    assert not played.ok
    assert says in " ".join(played.output.split())
    assert versions(simulator, "ci") == ["ci"]
    assert simulator.alive(old.secret)


@pytest.mark.promise(1, 7)
@with_one_core
def test_versions_do_not_pile_up_and_the_refusal_says_what_to_do(simulator: Simulator, playbooks: Playbooks) -> None:
    """Neither those that are there already, nor one that is not accepted."""
    old = simulator.given("ci", organization="acme", age_days=120)
    full = [f"full-2026010{index + 1}t000000z-000{index}" for index in range(5)]
    for name in full:
        simulator.given(name, organization="acme", age_days=120)
    simulator.faults.add("validate", faults.Status(401, {"error": "invalid api token"}), times=None)
    played = playbooks.play([play(rotate("ci", "full"), *DELIVERED)])
    assert not played.ok
    said = " ".join(played.output.split())
    assert "5 versions are active and turso_rotate_max_versions is 5" in said
    assert "ansible-playbook community.turso.revoke" in said
    assert "was withdrawn" in said
    assert len(created(simulator)) == 1
    assert (versions(simulator, "full"), versions(simulator, "ci")) == (full, ["ci"])
    assert simulator.alive(old.secret)


@heavy
@with_one_core
def test_other_settings_are_a_reason_to_rotate(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=1)
    wanted = {"name": "ci", "organization": "acme", "group": "production", "scopes": ["read-only"]}
    played = playbooks.play([play(rotate(tokens=[wanted]), *DELIVERED)])
    assert played.ok, played.output
    (token,) = [token for token in simulator.tokens if token.name.startswith("ci-")]
    assert (token.group, len(revoked(simulator))) == ("production", 1)


@heavy
@with_one_core
def test_the_ready_made_playbook_refuses_what_nobody_could_confirm(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    variables = json.dumps({"turso_rotate_tokens": [entry("ci")], "turso_rotate_grace_hour": 24})
    played = playbooks.play("community.turso.rotate", "-e", variables)
    assert not played.ok
    assert played.output.count("turso_rotate_grace_hour is not a") == 1
    assert "nobody could confirm {to: play} here" in " ".join(played.output.split())
    assert simulator.requests == []


def test_the_ready_made_playbook_delivers_by_a_tasks_file(simulator: Simulator, playbooks: Playbooks) -> None:
    """Relative paths count from where the run was started. What looks misspelled is told once."""
    old = simulator.given("ci", organization="acme", age_days=120)
    put = {"content": "{{ turso_rotate_item.secret }}", "dest": str(playbooks.directory / "there")}
    read = f"{{{{ lookup('ansible.builtin.file', '{playbooks.directory}/there') }}}}"
    tasks = [
        {"put_file": put, "no_log": True},
        {"ansible.builtin.set_fact": {"turso_rotate_read_back": {"ci": read}}, "no_log": True},
    ]
    playbooks.write("deliver.yml", tasks)
    tokens = [entry("ci", {"tasks": "./deliver.yml"})]
    playbooks.write("rotation.yml", {"turso_rotate_tokens": tokens, "turso_rotate_grace_hour": 24})
    played = playbooks.play("community.turso.rotate", "-e", "@rotation.yml")
    assert played.ok, played.output
    assert played.output.count("turso_rotate_grace_hour is not a") == 1
    assert not simulator.alive(old.secret)
    assert simulator.alive((playbooks.directory / "there").read_text())


@heavy
@with_one_core
def test_a_spread_that_is_not_shorter_than_the_age_is_refused_before_any_request(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    played = playbooks.play([play(rotate("ci", spread_days=90))])
    assert not played.ok
    assert "turso_rotate_spread_days must be less than max_age_days" in " ".join(played.output.split())
    assert simulator.requests == []


@heavy
@with_one_core
def test_localhost_that_the_inventory_reaches_by_ssh_is_left_alone(simulator: Simulator, playbooks: Playbooks) -> None:
    """The control node is not always what localhost says: files are written here."""
    old = simulator.given("ci", organization="acme", age_days=120)
    far = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_retries": 0}
    playbooks.write("hosts.yml", {"all": {"hosts": {"localhost": far}}})
    playbooks.write("password", "correct horse")
    tokens = [entry("ci", {"to": "vault_file", "takes_effect_hours": 0})]
    task = rotate(tokens=tokens, vault_file="vault.yml", state_file="state.json")
    played = playbooks.play([play(task)], "-i", "hosts.yml", "--vault-password-file", "password")
    assert played.ok, played.output
    assert not simulator.alive(old.secret)
    assert (playbooks.directory / "vault.yml").exists()
    assert (playbooks.directory / "state.json").exists()
