# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter rotation_plan as a playbook uses it; what it decides is tested where it decides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.playbooks import Playbooks, with_one_core
from tests.role.plays import play

NOW = "2026-11-24T09:15:00Z"
OLD = {"name": "ci", "id": "1", "organization": "acme", "created_at": "2026-06-01"}
WANTED = {"name": "ci", "organization": "acme"}


def plan(generations: Any = (OLD,), wanted: Any = (WANTED,), **options: Any) -> dict[str, Any]:
    """Return a task that shows a plan."""
    asked = ", ".join(["wanted", "'" + options.pop("now", NOW) + "'", *(f"{name}={name}" for name in options)])
    variables = {"generations": generations, "wanted": wanted, **options}
    variables = {name: list(value) if isinstance(value, tuple) else value for name, value in variables.items()}
    shown = f"{{{{ generations | community.turso.rotation_plan({asked}) | to_json }}}}"
    return {"ansible.builtin.debug": {"msg": shown}, "vars": variables}


def test_it_tells_what_is_due(playbooks: Playbooks) -> None:
    played = playbooks.play([play(plan(), plan(max_age_days=400))])
    assert played.ok, played.output
    assert played.output.count("due (aged): ci is in use, 175 days old") == 1
    assert played.output.count("ci-20261124t091500z-0000") == 1
    assert played.output.count("not due: ci is in use") == 1


@with_one_core
@pytest.mark.parametrize(
    ("task", "says"),
    [
        (plan(now="soon"), "now must be an ISO 8601 time"),
        (plan(generations="ci"), "generations must be a list of dictionaries that have a name"),
        (plan(generations=({"name": "ci"},)), "generations must have an id"),
        (plan(generations=({**OLD, "created_at": 5},)), "the input is not what it takes"),
        (plan(wanted=({"organization": "acme"},)), "wanted must be a list of dictionaries that have a name"),
        (plan(wanted=({**WANTED, "organisation": "x"},)), "there is no organisation"),
        (plan(wanted=({**WANTED, "current": ["1"]},)), "current must be a text"),
        (plan(ledger="ledger.json"), "the input is not what it takes"),
        (plan(ledger={"ci": {"current": None, "superseded": [{"id": "1"}]}}), "the input is not what it takes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_it_cannot_take_is_an_error_that_says_so(playbooks: Playbooks, task: dict[str, Any], says: str) -> None:
    played = playbooks.play([play(task)])
    assert not played.ok
    assert says in " ".join(played.output.split())
    assert "Traceback" not in played.output
