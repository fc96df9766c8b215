# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays of the role turso_rotate, and what became of the tokens that they rotated."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

from tests.playbooks import Playbooks
from tests.simulator import Simulator

ROLE = "community.turso.turso_rotate"

Task = dict[str, Any]
Play = dict[str, Any]

FAIL: Task = {"ansible.builtin.fail": {"msg": "the delivery failed"}}
FLUSH: Task = {"ansible.builtin.meta": "flush_handlers"}
SHOW: Task = {"ansible.builtin.debug": {"msg": "REPORT={{ turso_rotate_report | to_json | b64encode }}"}}

# Fails at once, as a host that cannot be reached does.
UNREACHABLE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_retries": 0}


def play(*tasks: Task, hosts: str = "localhost", **keywords: Any) -> Play:
    return {"hosts": hosts, "gather_facts": False, "tasks": list(tasks), **keywords}


def entry(name: str, *deliver: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """Return an entry of acme, delivered by what is given, else by the play."""
    return {"name": name, "organization": "acme", **({"deliver": list(deliver)} if deliver else {}), **keys}


def rotate(*names: str, tasks_from: str | None = None, by: str = "include_role", **settings: Any) -> Task:
    """Return a task that rotates tokens of acme; `turso_rotate_` goes before every setting."""
    variables = {f"turso_rotate_{name}": value for name, value in settings.items()}
    if names:
        variables["turso_rotate_tokens"] = [entry(name) for name in names]
    role = {"name": ROLE, **({"tasks_from": tasks_from} if tasks_from else {})}
    return {f"ansible.builtin.{by}": role, "vars": variables}


def confirm(*names: str, by: str = "include_role", **keywords: Any) -> Task:
    """Return a task that confirms: by value, from where `deliver` puts secrets, or by word where no name is given."""
    task: Task = {f"ansible.builtin.{by}": {"name": ROLE, "tasks_from": "confirm"}, **keywords}
    if names:
        task["vars"] = {"turso_rotate_read_back": {name: READ_BACK.replace("NAME", name) for name in names}}
    return task


COMMIT: Task = {"ansible.builtin.include_role": {"name": ROLE, "tasks_from": "commit"}}
READ_BACK = "{{ lookup('ansible.builtin.file', playbook_dir ~ '/delivered-NAME') }}"


def deliver(*names: str, **keywords: Any) -> Task:
    """Return a task that puts new secrets where `delivered` finds them."""
    return {
        "put_file": {
            "content": "{{ turso_rotate_secrets[item] }}",
            "dest": "{{ playbook_dir }}/delivered-{{ item }}",
        },
        "loop": list(names),
        "when": "item in turso_rotate_secrets",
        "no_log": True,
        **keywords,
    }


def delivered(playbooks: Playbooks, name: str) -> str | None:
    """Return the secret of a token that its consumers hold."""
    path = Path(playbooks.directory / f"delivered-{name}")
    return path.read_text() if path.exists() else None


def versions(simulator: Simulator, name: str) -> list[str]:
    """Return the names of the active versions of a token, the oldest first, a bare one before all others."""
    pattern = re.compile(rf"{re.escape(name)}(-\d{{8}}t\d{{6}}z-[0-9a-f]{{4}})?")
    return sorted(token.name for token in simulator.tokens if pattern.fullmatch(token.name))


def created(simulator: Simulator) -> list[str]:
    return [path for method, path in simulator.writes if method == "POST"]


def revoked(simulator: Simulator) -> list[str]:
    return [path for method, path in simulator.writes if method == "DELETE"]


def report_in(output: str) -> dict[str, dict[str, Any]]:
    """Return the report that SHOW printed last, by name."""
    found = re.findall(r"REPORT=([A-Za-z0-9+/=]+)", output)[-1]
    return {entry["name"]: entry for entry in json.loads(base64.b64decode(found))}
