# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays of the role, by a user who hides what they print or write themselves, as the guide asks for."""

from __future__ import annotations

from typing import Any

from tests.no_leak.terminal import Mode, Terminal

EVERYTHING = Mode(verbosity=4, arguments=("--diff",))
MODES = (
    EVERYTHING,
    Mode("minimal", 3, "ssh"),
    Mode("oneline", 1),
    Mode("default", 4, "ssh, pipelined", "yaml", ("--diff",)),
)
ROLE = "community.turso.turso_rotate"

# Tasks files as the guide asks for: whoever prints or writes a secret hides it.
KEEP = """\
- name: Keep the secret of {{ turso_rotate_item.name }}
  ansible.builtin.copy:
    content: "{{ turso_rotate_item.secret }}"
    dest: "{{ asked_for }}/{{ turso_rotate_item.name }}"
    mode: "0600"
  no_log: true
"""
READ_BACK = """\
- name: Read it back
  ansible.builtin.set_fact:
    turso_rotate_read_back: "{{ {turso_rotate_item.name: WHAT} }}"
  no_log: true
"""
KEPT = "lookup('ansible.builtin.file', asked_for ~ '/' ~ turso_rotate_item.name)"
# As long as one is written by Ansible's own module, the others may be in a tenth of its time.
KEEP_SOON = KEEP.replace("ansible.builtin.copy", "ansible.legacy.put_file").replace('    mode: "0600"\n', "")
TASKS_FILES = {
    "by_value.yml": KEEP + READ_BACK.replace("WHAT", KEPT),
    "by_digest.yml": KEEP_SOON + READ_BACK.replace("WHAT", f"'sha256:' ~ ({KEPT} | hash('sha256'))"),
    "by_word.yml": KEEP_SOON + f"- ansible.builtin.include_role: {{name: {ROLE}, tasks_from: confirm}}\n",
    "another_value.yml": KEEP_SOON + READ_BACK.replace("WHAT", "lookup('env', 'TOKEN_PLAIN')"),
    "another_word.yml": KEEP_SOON + READ_BACK.replace("WHAT", "{'a': lookup('env', 'TOKEN_PLAIN')}"),
    "another_name.yml": KEEP_SOON + READ_BACK.replace("turso_rotate_item.name: WHAT", f"'else': {KEPT}"),
    "no_lookup.yml": KEEP_SOON + READ_BACK.replace("WHAT", "lookup('ansible.builtin.file', '/no/such/file')"),
    "fails.yml": "- ansible.builtin.fail: {msg: 'the server of {{ turso_rotate_item.name }} is down'}\n",
    "nothing.yml": KEEP,
}
STORED = {"to": "vault_file", "takes_effect_hours": 0}


def entry(name: str, *deliver: str | dict[str, Any], **keys: Any) -> dict[str, Any]:
    """Return an entry of acme; a text is the name of a tasks file."""
    recipients = [{"tasks": item} if isinstance(item, str) else item for item in deliver]
    return {"name": name, "organization": "acme", **({"deliver": recipients} if recipients else {}), **keys}


def into(name: str, **options: Any) -> dict[str, Any]:
    """Return a destination that is a file among those that the user asked for."""
    return {"to": "file", "path": f"{{{{ asked_for }}}}/{name}", "takes_effect_hours": 0, **options}


def sql(name: str, *deliver: str | dict[str, Any], **keys: Any) -> dict[str, Any]:
    """Return an entry of acme for a database, which is the shop unless it is said otherwise, or for a group."""
    target = {} if "group" in keys else {"database": "shop"}
    return entry(name, *deliver, **{"kind": "sql", **target, **keys})


def role(
    world: str | None, *tokens: dict[str, Any], tasks_from: str | None = None, **variables: Any
) -> list[dict[str, Any]]:
    """Return a task that runs the role, by the API of a world."""
    if world:
        variables["turso_rotate_api_token"] = f"{{{{ lookup('env', 'TOKEN_{world.upper()}') }}}}"
        variables["turso_rotate_api_url"] = f"{{{{ urls.{world} }}}}"
    if tokens:
        variables["turso_rotate_tokens"] = list(tokens)
    included = {"name": ROLE, **({"tasks_from": tasks_from} if tasks_from else {})}
    return [{"name": "Include the role", "ansible.builtin.include_role": included, "vars": variables}]


def excused(*tasks: dict[str, Any]) -> dict[str, Any]:
    """Return a task that goes on with the play where others failed."""
    told = {"ansible.builtin.debug": {"msg": "the role failed: {{ ansible_failed_result.msg | default('') }}"}}
    return {"name": "Try", "block": list(tasks), "rescue": [told]}


def play(mode: Mode, tasks: list[dict[str, Any]], **keywords: Any) -> dict[str, Any]:
    return {"name": "Rotate", "hosts": mode.host, "gather_facts": False, **keywords, "tasks": tasks}


def delivering(terminal: Terminal) -> dict[str, Any]:
    return {
        "turso_rotate_vault_file": str(terminal.top / "vault.yml"),
        "turso_rotate_state_file": str(terminal.top / "state.json"),
        "asked_for": str(terminal.asked_for),
    }


PASSWORD = "correct horse battery staple"
WITH_VAULT = ("--vault-password-file", "password", "-e", "@credentials.yml")
