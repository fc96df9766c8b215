# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only shows when a module is played: its defaults, its interpreter, its short name."""

from __future__ import annotations

import venv

import pytest

TASKS = {
    "turso_token": {"name": "ci"},
    "turso_token_info": {},
    "turso_tokens": {"tokens": [{"name": "ci"}]},
    "turso_rotation": {"tokens": []},
    "turso_revocation": {"names": ["ci"]},
}


def play(*tasks, **keywords):
    return [{"hosts": "localhost", "gather_facts": False, **keywords, "tasks": list(tasks)}]


def test_every_module_takes_the_defaults_of_the_group(playbooks, simulator):
    tasks = [{f"community.turso.{module}": asked} for module, asked in TASKS.items()]
    defaults = {"api_url": simulator.url, "api_token": simulator.credential}
    empty = {"TURSO_API_TOKEN": "", "TURSO_API_BASEURL": "http://127.0.0.1:9"}
    without = playbooks.play(play(*tasks), env=empty)
    assert "missing required arguments: api_token" in without.output
    played = playbooks.play(play(*tasks, module_defaults={"group/community.turso.turso": defaults}), env=empty)
    assert played.ok, played.output
    assert played.recap["ok"] == len(TASKS)
    assert {request.token_id for request in simulator.requests} == {simulator.main().id}
    assert simulator.writes == [("POST", "/v1/auth/api-tokens/ci")]


@pytest.mark.parametrize(("module", "asked"), TASKS.items(), ids=TASKS)
def test_an_interpreter_without_requests_is_named(playbooks, simulator, tmp_path, module, asked):
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False)
    interpreter = bare / "bin" / "python"
    played = playbooks.play(
        play({f"community.turso.{module}": asked}, vars={"ansible_python_interpreter": str(interpreter)})
    )
    assert played.recap["failed"] == 1
    assert "requests" in played.output
    assert str(interpreter.parent) in played.output
    assert simulator.requests == []


def test_a_playbook_decides_on_the_kind_of_a_failure(playbooks, simulator):
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


@pytest.mark.parametrize("pipelining", ["0", "1"], ids=["no pipelining", "pipelining"])
def test_progress_is_shown_to_those_who_ask(playbooks, simulator, pipelining):
    simulator.behave(latency=0.5)
    simulator.given("kept")
    simulator.given("old")
    asked = {"tokens": [*SOME, *({"name": f"t{number}"} for number in range(6))], "concurrency": 1}
    tasks = play({"community.turso.turso_tokens": asked, "register": "made", "ignore_errors": True})
    played = playbooks.play(tasks, "-v", env={"ANSIBLE_PIPELINING": pipelining})
    told = [line for line in played.output.splitlines() if line.startswith("community.turso.turso_tokens: ")]
    *steps, summary = [line for line in told if " of 9 done" in line or "unchanged" in line]
    assert steps, played.output
    assert summary == "community.turso.turso_tokens: 6 created, 1 failed, 1 revoked, 1 unchanged"
    assert not any(secret in played.output for secret in simulator.canaries)
    assert not list(playbooks.directory.glob("home/.ansible/tmp/*"))


def test_progress_is_not_shown_unasked(playbooks, simulator):
    simulator.behave(latency=0.5)
    played = playbooks.play(play({"community.turso.turso_tokens": {"tokens": [{"name": f"t{n}"} for n in range(3)]}}))
    assert played.ok
    assert " done" not in played.output
    assert "created" not in played.output


def test_what_cannot_be_looked_at_is_summed_up(playbooks, simulator):
    ssh = playbooks.write("ssh", '#!/bin/sh\nfor last; do :; done\nexec sh -c "$last"\n')
    ssh.chmod(0o755)
    variables = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_ssh_executable": str(ssh)}
    played = playbooks.play(
        play({"community.turso.turso_tokens": {"tokens": [{"name": "a"}, {"name": "b"}]}}, vars=variables),
        "-v",
        env={"ANSIBLE_SSH_TRANSFER_METHOD": "piped", "ANSIBLE_PIPELINING": "1"},
    )
    assert played.ok, played.output
    assert "community.turso.turso_tokens: 2 created" in played.output
