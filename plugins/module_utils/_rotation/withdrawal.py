# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Withdraw versions that this run issued and nobody took, and forget that they were pending. Private."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.issuing import (
    Rotation,
    problem_in_withdrawing,
    withdraw_unless_resumed,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.pending_versions import forget_pending
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from ansible_collections.community.turso.plugins.module_utils._token.apply import side_by_side


def withhold(rotations: Sequence[Rotation], state_path: str | None, concurrency: int, reason: str) -> None:
    """Withdraw every version that this run issued, because nobody will get the values.

    :param reason: why, as a sentence without its end.
    """
    issued = [rotation for rotation in rotations if rotation.pending is not None and not rotation.plan.resumed]
    for rotation in issued:
        rotation.error = Refused(f"The new token could not be delivered: {reason}.")
    side_by_side(withdraw_unless_resumed, issued, concurrency)
    withdrawn = [rotation for rotation in issued if rotation.is_withdrawn]
    forget_pending(state_path, [(found.plan.name, found.issued.token.id) for found in withdrawn if found.issued])


def withdraw(
    items: Sequence[Item], accounts: Mapping[str | None, Tokens], state_path: str | None
) -> list[dict[str, Any]]:
    """Revoke pending versions that nobody took, by their ids, and return the reports of those tokens."""
    withdrawn, reports = [], []
    for item in items:
        if item.version is None:
            continue
        problem = problem_in_withdrawing(accounts[item.credential], item.version["id"])
        name = item.version["name"]
        if problem is None:
            withdrawn.append((item.name, item.version_id))
        said = (
            f"{name} was withdrawn"
            if problem is None
            else f"{name} could not be withdrawn, so it may be active. {problem.rstrip('.')}"
        )
        report = {**item.report, "action": "failed", "issued": None, "msg": f"{item.name}: {item.error}. {said}."}
        reports.append(report)
    forget_pending(state_path, withdrawn)
    return reports
