# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible has read of a file before it was rewritten reaches nobody afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from tests import vaults
from tests.playbooks import Playbooks, cases, heavy

CORRECT = "correct horse\n"
PASSWORD = ("--vault-password-file", "password")
FRESH = "lookup('community.turso.fresh_file', top ~ '/' ~ file)"


def shown(where: str, secrets: str = "turso_secrets") -> dict[str, Any]:
    """Show whether a value is the new one; ansible-core 2.22 shows no value that it has decrypted."""
    return {"ansible.builtin.debug": {"msg": f"{where} is new: {{{{ {secrets}.ci == 'of-today' }}}}"}}


def plays(file: str, fresh: str, **keywords: Any) -> list[dict[str, Any]]:
    """A play that reads, rewrites and reads again, and a later play on another host that reads as well."""
    rewritten = "{{ lookup('community.turso.vault_secrets', top ~ '/' ~ file, add={'ci': 'of-today'}) }}"
    variables = {"file": file, "top": "{{ playbook_dir }}"}
    first = [
        shown("before"),
        {"put_file": {"content": rewritten, "dest": "{{ top }}/{{ file }}"}},
        {"ansible.builtin.meta": "end_host", "when": fresh},
        shown("task"),
        {**shown("other", "hostvars['other'].turso_secrets"), "when": "'group_vars' in file"},
    ]
    play = {"gather_facts": False, "vars": variables, **keywords}
    return [{**play, "hosts": "first", "tasks": first}, {**play, "hosts": "other", "tasks": [shown("play")]}]


FILES = [  # the file, the keywords of the plays
    ("group_vars/all/turso.yml", {}),
    ("vars/turso.yml", {"vars_files": ["vars/turso.yml"]}),
    ("target.yml", {"vars_files": ["link.yml"]}),
]


@pytest.fixture
def world(playbooks: Playbooks) -> Playbooks:
    playbooks.write("password", CORRECT)
    playbooks.write("inventory", "first ansible_connection=local\nother ansible_connection=local\n")
    (playbooks.directory / "link.yml").symlink_to("target.yml")
    return playbooks


@pytest.mark.parametrize(
    ("file", "keywords"), cases(((file, file, keywords) for file, keywords in FILES), sample=("target.yml",))
)
def test_later_tasks_plays_and_hosts_get_the_new_value_of(
    world: Playbooks, file: str, keywords: dict[str, Any]
) -> None:
    vaults.encrypt(world.write(file, {"turso_secrets": {"ci": "yesterday's"}}), CORRECT)
    played = world.play(plays(file, FRESH, **keywords), "-i", "inventory", *PASSWORD)
    assert played.ok, played.output
    for line in ("before is new: False", "task is new: True", "play is new: True"):
        assert line in played.output
    assert ("other is new: True" in played.output) is ("group_vars" in file)


@heavy
def test_without_it_they_get_the_old_one(world: Playbooks) -> None:
    """Should Ansible read files anew by itself one day, then this lookup can go."""
    vaults.encrypt(world.write(FILES[0][0], {"turso_secrets": {"ci": "yesterday's"}}), CORRECT)
    played = world.play(plays(FILES[0][0], "false"), "-i", "inventory", *PASSWORD)
    assert played.ok, played.output
    for line in ("task is new: False", "play is new: False", "other is new: False"):
        assert line in played.output
