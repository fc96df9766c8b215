# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Delivery to other hosts: issued in one play, delivered in the next, revoked in the last."""

from __future__ import annotations

from typing import Any

import pytest

from tests.playbooks import Playbooks
from tests.role.plays import UNREACHABLE, Play, Task, generations, play, revoked, rotate
from tests.simulator import Simulator

# The Python is not looked for: what is found may be a version manager's shim that runs nothing.
HERE: dict[str, Any] = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
RECEIVED = rotate(tasks_from="delivered")
CONFIRMS = {"ansible.builtin.debug": {"msg": "{{ hostvars.localhost.turso_rotate_secrets | length }} received"}}
CONTROLLER = {"all": {"hosts": {"web1": HERE, "web2": HERE, "controller": HERE}}}


def inventory(playbooks: Playbooks, web2: dict[str, Any]) -> None:
    hosts = {"web1": HERE, "web2": web2}
    playbooks.write("hosts.yml", {"web": {"hosts": hosts}, "db": {"hosts": {"db1": HERE}}})


def three_plays(
    *confirming: Task, delivered_to: Any = "{{ groups['web'] }}", web: dict[str, Any] | None = None
) -> list[Play]:
    return [
        play(rotate("ci", tasks_from="issue")),
        play(*confirming, hosts="web", **(web or {})),
        play(rotate(tasks_from="revoke", delivered_to=delivered_to)),
    ]


def test_the_last_play_revokes_what_every_host_has_a_successor_of(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    inventory(playbooks, HERE)
    played = playbooks.play(three_plays(CONFIRMS, RECEIVED), "-i", "hosts.yml")
    assert played.ok, played.output
    assert not simulator.alive(old.secret)
    assert len(generations(simulator, "ci")) == 1


ONLY_WEB1 = {"when": "inventory_hostname == 'web1'"}
REFUSED: list[tuple[str, list[Play], dict[str, Any], list[str]]] = [
    (
        "a host is unreachable",
        three_plays({"ansible.builtin.ping": {}}, RECEIVED),
        UNREACHABLE,
        ["web2 did not confirm"],
    ),
    ("a host confirmed nothing", three_plays({**RECEIVED, **ONLY_WEB1}), HERE, ["web2 did not confirm"]),
    (
        "a host failed before",
        three_plays({"ansible.builtin.fail": {"msg": "no"}, "when": "inventory_hostname == 'web2'"}, RECEIVED),
        HERE,
        ["web2 did not confirm"],
    ),
    (
        "a host failed before, and another one confirmed for all",
        three_plays(
            {"ansible.builtin.fail": {"msg": "no"}, "when": "inventory_hostname == 'web2'", "ignore_errors": True},
            {**rotate(tasks_from="delivered", by="import_role"), "run_once": True},
        ),
        HERE,
        ["web2 did not confirm"],
    ),
    (
        "a host that is named as text confirmed nothing",
        three_plays(RECEIVED, delivered_to="web1, db1"),
        HERE,
        ["db1 did not confirm"],
    ),
    ("hosts are unknown", three_plays(RECEIVED, delivered_to=["web1", "nobody"]), HERE, ["nobody did not confirm"]),
    ("a host took no part", three_plays(RECEIVED, delivered_to=["db1", "web1"]), HERE, ["db1 did not confirm"]),
    ("no host is named", three_plays(RECEIVED, delivered_to=[]), HERE, ["turso_rotate_delivered_to names no host"]),
    (
        "what was confirmed is an older successor",
        [
            play(rotate("b", tasks_from="issue", revoke="manual")),
            play(RECEIVED, hosts="web"),
            play(rotate("ci", tasks_from="issue")),
            play(rotate(tasks_from="revoke", delivered_to=["web1", "web2"])),
        ],
        HERE,
        ["web1 did not confirm", "web2 did not confirm"],
    ),
]


@pytest.mark.parametrize(("plays", "web2", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_nothing_is_revoked_where(
    simulator: Simulator, playbooks: Playbooks, plays: list[Play], web2: dict[str, Any], says: list[str]
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    inventory(playbooks, web2)
    played = playbooks.play(plays, "-i", "hosts.yml", env={"ANSIBLE_HOST_KEY_CHECKING": "0"})
    assert not played.ok
    for text in says:
        assert text in " ".join(played.output.split())
    assert "web1 did not confirm" not in played.output or len(says) > 1
    assert len(generations(simulator, "ci")) == 2
    assert revoked(simulator) == []


def test_the_controller_may_have_any_name(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("hosts.yml", CONTROLLER)
    plays = [
        play(rotate("ci", tasks_from="issue"), hosts="controller"),
        play(RECEIVED, hosts="web1:web2"),
        play(rotate(tasks_from="revoke", delivered_to=["web1", "web2"]), hosts="controller"),
    ]
    played = playbooks.play(plays, "-i", "hosts.yml")
    assert played.ok, played.output
    assert not simulator.alive(old.secret)


def test_the_entry_point_issue_leaves_the_commit_to_another_play(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    assert playbooks.play([play(rotate("ci", tasks_from="issue"))]).ok
    assert len(generations(simulator, "ci")) == 2
    assert revoked(simulator) == []
