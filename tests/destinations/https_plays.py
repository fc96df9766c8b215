# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deliver through the entry points of the role, and read what they say."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Sequence
from typing import Any

from tests.playbooks import Playbooks

Step = tuple[str, list[dict[str, Any]]]
Verdicts = list[dict[str, Any]]
SAID = "VERDICTS "


def tasks_of(to: str, steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Return the tasks of verbs, each with its items; each says its verdicts."""
    tasks: list[dict[str, Any]] = []
    for verb, items in steps:
        role = {"name": "community.turso.turso_deliver", "tasks_from": f"{to}_{verb}", "rolespec_validate": False}
        tasks += [
            {"ansible.builtin.include_role": role, "vars": {"turso_deliver_items": items}},
            {"ansible.builtin.debug": {"msg": SAID + "{{ turso_deliver_verdicts | to_json }}"}},
        ]
    return tasks


def played(
    playbooks: Playbooks,
    to: str,
    *steps: Step,
    credentials: dict[str, Any] | None = None,
    env: dict[str, str] | None = None,
    canaries: Sequence[str] = (),
    arguments: Sequence[str] = (),
) -> tuple[list[Verdicts], str]:
    """Play verbs with everything shown that can be shown; return the verdicts of each, and the output, which has no secret."""
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"turso_deliver_credentials": credentials or {}},
        "tasks": tasks_of(to, steps),
    }
    done = playbooks.play([play], "-vvv", "--diff", *arguments, env=env)
    assert done.ok, done.output
    no_secret_in(done.output, canaries)
    said = [json.loads(text) for text in re.findall(r'"msg": ("VERDICTS .*")', done.output)]
    assert len(said) == len(steps), done.output
    return [json.loads(text.removeprefix(SAID)) for text in said], done.output


def verdicts_in_check_mode(
    playbooks: Playbooks, to: str, given: list[dict[str, Any]], env: dict[str, str], canaries: Sequence[str]
) -> list[str]:
    """Check one item, then deliver it, in check mode. Return the verdicts; the second one says that nothing is written."""
    steps = [("check", given), ("deliver", given)]
    (check, deliver), _ = played(playbooks, to, *steps, env=env, canaries=canaries, arguments=["--check"])
    assert "This was check mode: nothing was written." in deliver[0]["msg"]
    return [check[0]["verdict"], deliver[0]["verdict"]]


def no_secret_in(text: str, canaries: Sequence[str]) -> None:
    for canary in canaries:
        for form in (canary, base64.b64encode(canary.encode()).decode(), urllib.parse.quote_plus(canary)):
            assert form not in text


def by_name(verdicts: Verdicts) -> dict[str, dict[str, Any]]:
    return {verdict["name"]: verdict for verdict in verdicts}
