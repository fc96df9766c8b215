# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play the entry points of the role turso_deliver, many cases in one play."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery.struck import struck
from tests.playbooks import Playbooks, Played

_TOLD = re.compile(r'"msg": "@@(\S+?)@@(.*?)@@"')
Task = dict[str, Any]
TIMEOUT_SECONDS = 600  # a play holds many cases


@dataclasses.dataclass(frozen=True)
class Step:
    """One verb for some items. `environment` is what the tasks are given, `variables` what the include is given."""

    label: str
    verb: str
    items: list[dict[str, Any]]
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    variables: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def item(name: str, secret: str | None = None, /, *, wants_value: bool = False, **options: Any) -> dict[str, Any]:
    """Return one of `turso_deliver_items`, as a user writes it."""
    return {"name": name, "secret": secret, "options": options, "wants_value": wants_value}


def verdicts_of(
    playbooks: Playbooks, to: str, steps: Iterable[Step | Task], *arguments: str, **options: Any
) -> dict[str, list[dict[str, Any]]]:
    """Play steps, and tasks between them, with everything shown that can be shown; return the verdicts by label.

    No value that a step delivers may be in the output, in whatever form, nor any of the `secrets`.
    """
    steps, secrets = list(steps), options.pop("secrets", ())
    tasks = [task for step in steps for task in (_tasks_of(to, step) if isinstance(step, Step) else [step])]
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks, **options.pop("play", {})}
    played = playbooks.play([play], "-vvv", "--diff", *arguments, timeout=TIMEOUT_SECONDS, **options)
    assert played.ok, played.output
    values = {one["secret"] for step in steps if isinstance(step, Step) for one in step.items if one["secret"]}
    assert_nothing_of(played, values | set(secrets))
    return {label: json.loads(json.loads(f'"{text}"')) for label, text in _TOLD.findall(played.output)}


def assert_nothing_of(played: Played, secrets: Iterable[str]) -> None:
    for line in played.output.splitlines():
        assert struck(line, secrets) == struck(line, ()), line


def _tasks_of(to: str, step: Step) -> list[Task]:
    include = {"name": "community.turso.turso_deliver", "tasks_from": f"{to}_{step.verb}", "rolespec_validate": False}
    given = {"turso_deliver_items": step.items, **step.variables}
    block = [{"ansible.builtin.include_role": include, "vars": given}]
    told = f"@@{step.label}@@{{{{ turso_deliver_verdicts | to_json }}}}@@"
    return [
        {"block": block, "environment": dict(step.environment)},
        {"ansible.builtin.debug": {"msg": told}, "check_mode": False},
    ]


def words(verdicts: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return the names of the items and the verdicts on them."""
    return [(verdict["name"], verdict["verdict"]) for verdict in verdicts]
