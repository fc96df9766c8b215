# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role reports of each token: `turso_rotate_report`. Never a secret. Private."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.community.turso.plugins.module_utils._rotation import sentences
from ansible_collections.community.turso.plugins.module_utils._rotation.settlement import Kept, Settlement

if TYPE_CHECKING:
    from ansible_collections.community.turso.plugins.module_utils._rotation.issuing import Rotation
    from ansible_collections.community.turso.plugins.module_utils._rotation.plan import Plan
    from ansible_collections.community.turso.plugins.module_utils._rotation.view import View

_PLANNED = {"issue": "rotated", "resume": "rotated", "sweep": "swept", "none": "unchanged"}


def of_plan(plan: Plan, view: View) -> dict[str, Any]:
    """Return the report of a plan that goes no further; `action` is what would be done."""
    return {
        "name": plan.name,
        "kind": "api",
        "action": "failed" if plan.refusal else _PLANNED[plan.action],
        "reason": plan.reason,
        "issued": None,
        "revoked": [],
        "kept": [version.name for version in plan.versions],
        "evidence": [],
        "msg": sentences.planned(plan, view),
    }


def of_issue(rotation: Rotation, view: View) -> dict[str, Any]:
    """Return the report between issue and commit."""
    plan = rotation.plan
    report = of_plan(plan, view)
    if rotation.error is not None:
        return {**report, "action": "failed", "msg": f"{plan.name}: {rotation.error.msg}"}
    if rotation.pending is None:
        return report
    name = rotation.pending.token.name
    what = f"resumed {name}" if plan.resumed else f"issued {name}"
    yet = "; nothing was revoked yet" if plan.previous else ""
    reach_and_former = sentences.of_reach(plan, view) + sentences.of_former_run(plan, view)
    return {
        **report,
        "action": "issued",
        "issued": name,
        "kept": list(dict.fromkeys([*report["kept"], name])),
        "msg": f"{plan.name}: {plan.reason}, {what} (verified by {rotation.verified_by}){yet}.{reach_and_former}",
    }


def of_commit(settlement: Settlement, revoked: Sequence[str], problems: Sequence[str]) -> dict[str, Any]:
    """Return the report after the commit.

    :param revoked: ids.
    :param problems: what went wrong, a sentence each.
    """
    item = settlement.item
    gone = [version.name for version in settlement.revoke if version.id in revoked]
    kept = [Kept(version) for version in settlement.revoke if version.id not in revoked]
    report = {
        **item.report,
        "revoked": gone,
        "kept": [one.version.name for one in (*settlement.kept, *kept)],
    }
    if problems:
        return {**report, "action": "failed", "msg": f"{item.name}: {' '.join(problems)}"}
    report["action"] = "swept" if item.version is None else "rotated"
    return {**report, "msg": _committed(report, settlement)}


def _committed(report: Mapping[str, Any], settlement: Settlement) -> str:
    parts = [report["reason"] or "not due"]
    if report["issued"]:
        parts.append(f"{'resumed' if settlement.item.action == 'resume' else 'issued'} {report['issued']}")
    parts.append(f"revoked {', '.join(report['revoked']) or 'nothing'}")
    parts += [kept.why for kept in settlement.kept if kept.why]
    return f"{report['name']}: {', '.join(parts)}."


def of_refusal(report: Mapping[str, Any], reasons: Sequence[str]) -> dict[str, Any]:
    """Return the report of a token whose previous versions may not be revoked."""
    why = "; ".join(reasons)
    return {
        **report,
        "action": "failed",
        "msg": f"{report['name']}: {why}. Nothing was revoked; old and new values work. Fix this, then run the rotation again.",
    }


UNCHANGED, ROTATED, SWEPT, REFUSED, FAILED = "unchanged", "rotated", "swept", "refused", "failed"
_REFUSALS = ("refused", "invalid_request")


def outcome(
    report: Sequence[Mapping[str, Any]] | None,
    unsettled: Collection[str],
    *,
    has_failed: bool,
    error: Mapping[str, Any] | None = None,
) -> str:
    """Return how a run ended, in one word for a notice.

    :param report: None where the run came to no plan.
    :param unsettled: the names of tokens that were issued and not committed.
    :param has_failed: something failed in the play.
    :param error: why the run came to no plan, as a module returns it.
    """
    if report is None:
        return REFUSED if (error or {}).get("kind") in _REFUSALS else FAILED
    actions = {entry["action"] for entry in report}
    if has_failed or unsettled or "failed" in actions:
        return FAILED
    return next((action for action in (ROTATED, SWEPT) if action in actions), UNCHANGED)
