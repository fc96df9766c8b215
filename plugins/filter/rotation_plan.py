# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.community.turso.plugins.module_utils._api.model import moment_of
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import plan


def rotation_plan(
    generations: list[dict[str, Any]],
    wanted: list[dict[str, Any]],
    now: str,
    *,
    nonce: str = "0000",
    max_age_days: float = 90,
    grace_hours: float = 0,
    force: bool = False,
    in_flight_minutes: float = 15,
    max_generations: int = 5,
    ledger: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Door to L(plan), which says what goes in and out; C(now) is an ISO 8601 time."""
    moment = moment_of(str(now))
    if moment is None:
        raise AnsibleFilterError(f"rotation_plan: now must be an ISO 8601 time, not {now!r}")
    for name, value in (("generations", generations), ("wanted", wanted)):
        if not isinstance(value, list) or not all(isinstance(item, dict) and item.get("name") for item in value):
            raise AnsibleFilterError(f"rotation_plan: {name} must be a list of dictionaries that have a name")
    if not all(item.get("id") for item in generations):
        raise AnsibleFilterError(
            "rotation_plan: generations must have an id, as the modules of the collection list them"
        )
    try:
        return plan(
            generations,
            wanted,
            moment,
            nonce=nonce,
            ledger=ledger,
            max_age_days=max_age_days,
            grace_hours=grace_hours,
            force=force,
            in_flight_minutes=in_flight_minutes,
            max_generations=max_generations,
        )
    except TursoError as exc:
        raise AnsibleFilterError(exc.msg) from exc
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise AnsibleFilterError(f"rotation_plan: the input is not what it takes: {type(exc).__name__}: {exc}") from exc


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"rotation_plan": rotation_plan}
