# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play verbs of the role turso_deliver one after another, in one play, and return the verdicts of each."""

from __future__ import annotations

import ctypes
import dataclasses
import json
from typing import Any

from tests.playbooks import Playbooks, Played

TIMEOUT_SECONDS = 600  # a play holds many cases
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1  # linux/prctl.h, linux/capability.h

# Looks like a token, and stands nowhere else: what no output may show.
CANARY = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJqdGkiOiJjYW5hcnkiLCJpYXQiOjE3OTU1MDAwMDB9.Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5"
OLDER = (
    "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJqdGkiOiJvbGRlciIsImlhdCI6MTc5NTQwMDAwMH0.b2xkZXItb2xkZXItb2xkZXItb2xkZXI"
)
NEWER = (
    "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJqdGkiOiJuZXdlciIsImlhdCI6MTc5NTYwMDAwMH0.bmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXI"
)


@dataclasses.dataclass(frozen=True)
class Verb:
    """One include of the role: `<to>_<verb>`, with items."""

    tasks_from: str
    items: list[dict[str, Any]]
    environment: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Command:
    """What somebody else does in between."""

    shell: str


Step = Verb | Command
Verdicts = list[dict[str, Any]]


def item(name: str, secret: str | None = CANARY, **options: Any) -> dict[str, Any]:
    """Return an item as people write it."""
    return {"name": name, "secret": secret, "options": {"takes_effect_hours": 0, **options}}


def carried_out(
    playbooks: Playbooks, steps: list[Step], *arguments: str, hosts: str = "localhost", **options: Any
) -> tuple[list[Verdicts], Played]:
    """Play the steps with everything shown that can be shown; return the verdicts of each verb."""
    tasks = [task for step in steps for task in _tasks(step)]
    out = playbooks.directory / "verdicts.json"
    tasks.append(
        {
            "put_file": {"content": "{{ verdicts | to_json }}", "dest": str(out)},
            "check_mode": False,
        }
    )
    play = {"hosts": hosts, "gather_facts": False, "vars": {"verdicts": []}, "tasks": tasks}
    out.unlink(missing_ok=True)
    played = playbooks.play([play], "-vvv", "--diff", *arguments, timeout=TIMEOUT_SECONDS, **options)
    assert played.ok, played.output
    found: list[Verdicts] = json.loads(out.read_text()) if out.exists() else []
    return found, played


def _tasks(step: Step) -> list[dict[str, Any]]:
    if isinstance(step, Command):  # by a lookup, which costs a tenth of a module
        run = "{{ lookup('ansible.builtin.pipe', command) }}"
        return [{"ansible.builtin.set_fact": {"printed": run}, "vars": {"command": step.shell}, "no_log": True}]
    role = {"name": "community.turso.turso_deliver", "tasks_from": step.tasks_from, "rolespec_validate": False}
    include = {
        "ansible.builtin.include_role": role,
        "vars": {"turso_deliver_items": step.items},
    }
    block = {"block": [include], "environment": step.environment} if step.environment else include
    return [block, {"ansible.builtin.set_fact": {"verdicts": "{{ verdicts + [turso_deliver_verdicts] }}"}}]


def as_no_superuser() -> None:
    """Have the modes of files hold for what a process starts next, as root too: the `preexec_fn` of a play.

    Who is not root has no such right to give up.
    """
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)


def words(verdicts: Verdicts) -> list[str]:
    """Return the verdicts by their words, those of hosts with the name in front, those that changed with a mark."""
    return [
        f"{'' if each['host'] == 'localhost' else each['host'] + ' '}{each['verdict']}{'!' if each['changed'] else ''}"
        for each in verdicts
    ]
