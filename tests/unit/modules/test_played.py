# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only shows when a module is played: its defaults, its interpreter, its short name."""

from __future__ import annotations

import re
import subprocess
import venv
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks import Playbooks, cases, heavy, with_every_core
from tests.simulator import Simulator

TASKS = {
    "turso_token": {"name": "ci"},
    "turso_token_info": {},
    "turso_tokens": {"tokens": [{"name": "ci"}]},
    "turso_rotation": {"step": "issue", "tokens": []},
    "turso_revocation": {"names": ["ci"]},
    "turso_sql_token": {"organization": "acme", "database": "shop"},
    "turso_sql_invalidation": {"organization": "acme", "database": "shop", "confirm": "shop"},
    "turso_audit": {"step": "report"},
}


def play(*tasks: Any, **keywords: Any) -> Any:
    return [{"hosts": "localhost", "gather_facts": False, **keywords, "tasks": list(tasks)}]


@heavy
def test_every_module_takes_the_defaults_of_the_group(playbooks: Playbooks, simulator: Simulator) -> None:
    simulator.add_database("shop")
    tasks = [{f"community.turso.{module}": asked, "register": "kept"} for module, asked in TASKS.items()]
    defaults = {"api_url": simulator.url, "api_token": simulator.credential}
    empty = {"TURSO_API_TOKEN": "", "TURSO_API_BASEURL": "http://127.0.0.1:9"}
    without = playbooks.play(play(*tasks), env=empty)
    assert "No API token was given" in without.output
    played = playbooks.play(play(*tasks, module_defaults={"group/community.turso.turso": defaults}), env=empty)
    assert played.ok, played.output
    assert played.recap["ok"] == len(TASKS)
    asked = [request for request in simulator.requests if request.call != "pipeline"]
    assert {request.token_id for request in asked} == {simulator.main().id}
    assert simulator.writes == [
        ("POST", "/v1/auth/api-tokens/ci"),
        ("POST", "/v1/organizations/acme/databases/shop/auth/tokens"),
        ("POST", "/v1/organizations/acme/databases/shop/auth/rotate"),
    ]


@heavy
def test_an_interpreter_without_requests_is_named_by_every_module(
    playbooks: Playbooks, simulator: Simulator, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False)
    interpreter = bare / "bin" / "python"
    tasks: list[Any] = []
    where_ansible_runs = ("turso_rotation", "turso_audit")
    asked_of = {module: asked for module, asked in TASKS.items() if module not in where_ansible_runs}
    for module, asked in asked_of.items():
        told = {"ansible.builtin.debug": {"msg": f"SAID {module} {{{{ kept.msg }}}}"}}
        tasks += [{f"community.turso.{module}": asked, "register": "kept", "ignore_errors": True}, told]
    played = playbooks.play(play(*tasks, vars={"ansible_python_interpreter": str(interpreter)}))
    assert played.recap["ignored"] == len(asked_of), played.output
    said = [re.findall(rf'"msg": "SAID {module} (.*)"', played.output) for module in asked_of]
    assert [len(texts) for texts in said] == [1] * len(asked_of), played.output
    assert [text for (text,) in said if "requests" not in text or str(interpreter.parent) not in text] == []
    assert simulator.requests == []


def test_a_playbook_decides_on_the_kind_of_a_failure(playbooks: Playbooks, simulator: Simulator) -> None:
    simulator.given("ci", organization="acme")
    played = playbooks.play(
        play(
            {"community.turso.turso_token": {"name": "ci"}, "register": "made", "ignore_errors": True},
            {"ansible.builtin.assert": {"that": ["made.error.kind == 'drift'", "made.token.organization == 'acme'"]}},
            {"community.turso.turso_token": {"name": "ci", "state": "gone"}, "register": "bad", "ignore_errors": True},
            {"ansible.builtin.assert": {"that": ["bad.error.kind == 'invalid_request'"]}},
            collections=["community.turso"],
        )
    )
    assert played.ok, played.output


SOME = [{"name": "kept"}, {"name": "old", "state": "absent"}, {"name": "main", "state": "absent"}]


@pytest.mark.parametrize("pipelining", cases([("no pipelining", "0"), ("pipelining", "1")], sample=("no pipelining",)))
def test_progress_is_shown_to_those_who_ask(playbooks: Playbooks, simulator: Simulator, pipelining: Any) -> None:
    """Where it cannot be looked at, over ssh, the end of it."""
    simulator.behave(latency=0.5)
    simulator.given("kept")
    simulator.given("old")
    asked = {"tokens": [*SOME, *({"name": f"t{number}"} for number in range(6))], "concurrency": 1}
    here = play({"community.turso.turso_tokens": asked, "register": "made", "ignore_errors": True})
    ssh = playbooks.write("ssh", '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    ssh.chmod(0o755)
    there: dict[str, Any] = {"connection": "ssh", "host": "127.0.0.1", "ssh_executable": str(ssh)}
    there |= {"ssh_transfer_method": "piped", "pipelining": True}
    asked_there = {"tokens": [{"name": "a"}, {"name": "b"}]}
    over_ssh = play(
        {"community.turso.turso_tokens": asked_there, "register": "made"},
        vars={f"ansible_{name}": value for name, value in there.items()},
    )
    played = playbooks.play(here + over_ssh, "-v", env={"ANSIBLE_PIPELINING": pipelining})
    told = [line for line in played.output.splitlines() if line.startswith("community.turso.turso_tokens: ")]
    *steps, summary = [line for line in told if " of 9 done" in line or "unchanged" in line]
    assert steps, played.output
    assert summary == "community.turso.turso_tokens: 6 created, 1 failed, 1 revoked, 1 unchanged"
    assert played.ok, played.output
    assert "community.turso.turso_tokens: 2 created" in told
    assert " of 2 done" not in played.output
    assert not any(secret in played.output for secret in simulator.canaries)
    assert not list(playbooks.directory.glob("home/.ansible/tmp/*"))


def test_progress_is_not_shown_unasked(playbooks: Playbooks, simulator: Simulator) -> None:
    simulator.behave(latency=0.5)
    asked = {"tokens": [{"name": f"t{n}"} for n in range(3)]}
    played = playbooks.play(play({"community.turso.turso_tokens": asked, "register": "made"}))
    assert played.ok
    assert " done" not in played.output
    assert "created" not in played.output


REFUSED = "(ansible_failed_result.results | default([ansible_failed_result])) | map(attribute='error.kind') | unique == ['refused']"

CREATES = {
    "turso_token": {"name": "{{ item }}", "organization": "acme"},
    "turso_tokens": {"tokens": [{"name": "gone", "state": "absent"}, {"name": "{{ item }}", "organization": "acme"}]},
}


@pytest.mark.parametrize("module", ["turso_tokens", pytest.param("turso_token", marks=heavy)])
def test_a_create_that_nobody_registers_is_refused(playbooks: Playbooks, simulator: Simulator, module: Any) -> None:
    """Not in check mode, and not where nothing can be created."""
    create = {f"community.turso.{module}": CREATES[module], "loop": ["a", "b"]}
    revoke = {"name": "gone", "state": "absent"}
    keeps_nothing = {f"community.turso.{module}": revoke if module == "turso_token" else {"tokens": [revoke]}}
    played = playbooks.play(
        play(
            {"block": [create], "rescue": [{"ansible.builtin.assert": {"that": [REFUSED]}}]},
            {**create, "check_mode": True},
            keeps_nothing,
            {**create, "register": "kept"},
            {"ansible.builtin.assert": {"that": ["kept.results | length == 2", "kept is changed"]}},
        )
    )
    assert played.ok, played.output
    assert played.recap["rescued"] == 1
    assert "Add register to the task" in played.output
    assert sorted(token.name for token in simulator.tokens if token.name != "main") == ["a", "b"]


def test_an_ad_hoc_create_is_refused(playbooks: Playbooks, simulator: Simulator) -> None:
    asked = ("localhost", "-m", "community.turso.turso_token", "-a", "name=ci organization=acme")
    refused = playbooks.run("ansible", *asked)
    assert not refused.ok
    assert "an ad hoc command cannot keep a value" in refused.output
    assert playbooks.run("ansible", *asked, "--check").ok
    assert simulator.writes == []


@with_every_core
def test_a_create_says_at_v_which_token_it_made(playbooks: Playbooks, simulator: Simulator) -> None:
    """On stderr: stdout may be what a program reads."""
    restricted = {"organization": "acme", "group": "production", "scopes": ["read-only"]}
    played = playbooks.play(
        play(
            {"community.turso.turso_token": {"name": "one", **restricted}, "register": "made"},
            {"community.turso.turso_token": {"name": "one", **restricted}, "register": "made"},
            {"community.turso.turso_tokens": {"tokens": [{"name": "two"}]}, "register": "made"},
        ),
        "-v",
        stderr=subprocess.PIPE,
    )
    assert played.ok, played.output + played.stderr
    ids = {token.name: token.id for token in simulator.tokens}
    told = [line for line in played.stderr.splitlines() if ": created token " in line]
    reach = "organization acme, group production, permissions read-only"
    assert told == [
        f"community.turso.turso_token: created token 'one' (id {ids['one']}, {reach})",
        f"community.turso.turso_tokens: created token 'two' (id {ids['two']}, unrestricted)",
    ]
    assert "created token" not in played.output
    assert not any(secret in played.output + played.stderr for secret in simulator.canaries)


NULLS = {
    "a blank variable": ({"organization": "{{ blank }}"}, "organization"),
    "nothing written": ({"organization": None}, "organization"),
    "a blank description": ({"organization": "acme", "description": "{{ blank }}"}, "description"),
}


@pytest.mark.parametrize("many", cases([("turso_token", False), ("turso_tokens", True)], sample=("turso_tokens",)))
def test_what_comes_to_null_is_refused_and_what_is_omitted_is_left_out(
    playbooks: Playbooks, simulator: Simulator, many: Any
) -> None:
    def task(name: Any, options: Any) -> Any:
        asked = {"name": name, **options}
        return {"community.turso.turso_tokens": {"tokens": [asked]}} if many else {"community.turso.turso_token": asked}

    tasks = []
    for options, option in NULLS.values():
        says = f"bad.msg is search('{option} is (null|empty)')"
        tasks += [
            {**task("bad", options), "register": "bad", "ignore_errors": True},
            {"ansible.builtin.assert": {"that": [says, "bad.error.kind == 'invalid_request'"]}},
        ]
    tasks.append({**task("good", {"organization": "acme", "description": "{{ omit }}"}), "register": "made"})
    tasks.append({**task("2026", {"organization": "acme"}), "register": "made"})
    tasks.append({**task(2026, {"organization": "acme"}), "register": "same"})
    tasks.append({"ansible.builtin.assert": {"that": ["same is not changed"]}})
    played = playbooks.play(play(*tasks, vars={"blank": None}))
    assert played.ok, played.output
    assert [(token.name, token.organization) for token in simulator.tokens if token.name != "main"] == [
        ("good", "acme"),
        ("2026", "acme"),
    ]
