# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables that cannot be rendered, misspelt keys, numbers for texts, and plays that set the tasks of the role other defaults.

Where ansible-core itself checks the variables, that stops most of this. It does not check them for `tasks_from: issue.yml`,
and a play that ignores errors goes on after its check.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.playbooks import Playbooks
from tests.role.plays import SHOW, UNREACHABLE, Play, deliver, generations, play, report_in, revoked, rotate
from tests.simulator import Simulator

UNDEFINED = "{{ nowhere_defined }}/x.yml"
OPTIONAL = ("vault_file", "vault_id", "deliver", "ledger", "self", "api_token", "api_url", "revoke")


@pytest.mark.parametrize("variable", OPTIONAL)
def test_a_variable_that_cannot_be_rendered_is_not_one_that_is_not_given(
    simulator: Simulator, playbooks: Playbooks, variable: str
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("password", "correct horse")
    settings: dict[str, Any] = {"vault_file": "vault.yml"} if variable == "vault_id" else {}
    playing = play(rotate("ci", **settings, **{variable: UNDEFINED}), ignore_errors=True)
    played = playbooks.play([playing], "--vault-password-file", "password")
    assert not played.ok
    assert "nowhere_defined" in played.output
    assert simulator.writes == []


def test_a_way_to_revoke_that_there_is_not_issues_nothing(simulator: Simulator, playbooks: Playbooks) -> None:
    played = playbooks.play([play(rotate("ci", tasks_from="main.yml", revoke="end-of-play"))])
    assert not played.ok
    assert "turso_rotate_revoke must be end_of_play or manual, not end-of-play" in " ".join(played.output.split())
    assert simulator.requests == []


@pytest.mark.parametrize(
    "targets", ["{{ groups['wbe'] }}", "{{ groups.get('wbe') }}", "{{ nowhere_defined }}", None, [], ""]
)
@pytest.mark.parametrize("tasks_from", ["revoke", "revoke.yml"])
def test_hosts_that_are_misspelt_are_not_no_hosts(
    simulator: Simulator, playbooks: Playbooks, tasks_from: str, targets: Any
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play(
        [play(rotate("ci", tasks_from="issue.yml"), rotate(tasks_from=tasks_from, delivered_to=targets))]
    )
    assert not played.ok
    assert len(generations(simulator, "ci")) == 2
    assert revoked(simulator) == []


@pytest.mark.parametrize("tasks_from", ["issue", "issue.yml"])
def test_a_misspelt_key_issues_nothing(simulator: Simulator, playbooks: Playbooks, tasks_from: str) -> None:
    task = rotate(tasks_from=tasks_from, tokens=[{"name": "ci", "organisation": "acme"}])
    played = playbooks.play([play(task, ignore_errors=True)])
    assert not played.ok
    assert "organisation" in played.output
    assert simulator.requests == []


def test_a_number_for_a_name_is_that_name(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("2026", organization="acme", age_days=120)
    task = rotate(tokens=[{"name": 2026, "organization": "acme"}])
    twice = play(
        task, {"ansible.builtin.set_fact": {"told": "{{ turso_rotate_secrets['2026'] }}"}, "no_log": True}, SHOW
    )
    played = playbooks.play([twice])
    assert played.ok, played.output
    assert report_in(played.output)["2026"]["issued"] in generations(simulator, "2026")
    assert len(generations(simulator, "2026")) == 1
    refused = playbooks.play([play(task, task)])
    assert "A logical name is used twice in this run: 2026" in " ".join(refused.output.split())


def test_a_hook_that_reaches_nobody_does_not_reach_its_end_whatever_the_play_ignores(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("hosts.yml", {"all": {"hosts": {"far": UNREACHABLE}}})
    playbooks.write("hook.yml", [{"ansible.builtin.command": "true", "delegate_to": "far"}])
    playing = play(rotate("ci", deliver="hook.yml"), ignore_unreachable=True, ignore_errors=True)
    played = playbooks.play([playing], "-i", "hosts.yml")
    assert not played.ok
    assert "UNREACHABLE" in played.output
    assert len(generations(simulator, "ci")) == 2
    assert revoked(simulator) == []


def test_the_facts_are_not_cached_though_the_play_would_cache_all(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    cached: Play = play(
        rotate("ci", revoke="manual"),
        deliver("ci"),
        rotate(tasks_from="delivered"),
        rotate(tasks_from="revoke"),
        {"ansible.builtin.set_fact": {"of_the_play": "is cached"}},
        module_defaults={"ansible.builtin.set_fact": {"cacheable": True}},
    )
    where = playbooks.directory / "facts"
    played = playbooks.play(
        [cached], env={"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(where)}
    )
    assert played.ok, played.output
    kept = "".join(path.read_text() for path in where.rglob("*") if path.is_file())
    assert "of_the_play" in kept
    assert "turso_rotate" not in kept
    assert not any(secret in kept for secret in simulator.canaries)
