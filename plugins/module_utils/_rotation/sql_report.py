# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role reports of each SQL token. Never a secret. Private."""

from __future__ import annotations

from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import Claims
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import DEAD
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import ISSUE, NONE, RESUME
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_issuing import SqlRotation
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_plan import SqlPlan, ends_in_words
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_view import SqlView
from ansible_collections.community.turso.plugins.module_utils._time import maybe_utc_text, utc_text

_OLD = {True: "counts as dead", False: "works until its end"}
_PLANNED = {ISSUE: "rotated", RESUME: "rotated", NONE: "unchanged"}


def of_sql_plan(plan: SqlPlan, view: SqlView) -> dict[str, Any]:
    """Return the report of a plan that goes no further; `action` is what would be done.

    `deadline` says when the token in use ends, where it was due and is not renewed.
    """
    is_left = plan.refusal is not None or plan.is_due
    ends = ends_in_words(plan, view, with_this_run=is_left)
    return {
        "name": plan.name,
        "kind": "sql",
        "action": "failed" if plan.refusal else _PLANNED[plan.action],
        "reason": plan.reason,
        "issued": None,
        "revoked": [],
        "kept": [],
        "evidence": [],
        "probed": plan.current.probed,
        "issued_at": maybe_utc_text(plan.current.claims.issued_at),
        "expires_at": maybe_utc_text(plan.current.claims.expires_at),
        "deadline": ends if is_left else "",
        "msg": _planned(plan, ends),
    }


def _planned(plan: SqlPlan, ends: str) -> str:
    if plan.refusal is not None:
        return _with_the_end(plan, plan.refusal, ends)
    if plan.is_elsewhere:
        return (
            f"{plan.name}: another run may be delivering its new token, so this run does not change it. {ends}".strip()
        )
    due = plan.next_due()
    what = {
        ISSUE: f"due ({plan.reason}): {plan.detail}",
        RESUME: f"due ({plan.reason}): {plan.detail or 'not every recipient has it'}; the token of {_issued(plan)} is delivered "
        "again",
        NONE: f"not due{_untried(plan)}" + ("" if due is None else f", due {due.date()}"),
    }[plan.action]
    return f"{plan.name}: {what}."


def _with_the_end(plan: SqlPlan, problem: str, ends: str) -> str:
    """Return what went wrong and when the token in use ends; that it is dead comes first."""
    return (f"{ends} {problem}" if plan.is_dead else f"{problem} {ends}").strip()


def _issued(plan: SqlPlan) -> str:
    issued = plan.resumed.claims.issued_at if plan.resumed else None
    return "an unknown time" if issued is None else utc_text(issued)


def _untried(plan: SqlPlan) -> str:
    """Say that nobody knows whether the token in use works, where it was tried in vain."""
    if plan.current.probed != "unknown":
        return ""
    return f", but it is not known whether it works ({plan.current.detail})"


def of_sql_issue(rotation: SqlRotation) -> dict[str, Any]:
    """Return the report between issue and commit."""
    plan, view = rotation.plan, rotation.view
    report = of_sql_plan(plan, view)
    if rotation.error is not None:
        msg = _with_the_end(plan, f"{plan.name}: {rotation.error.msg}", report["deadline"])
        return {**report, "action": "failed", "msg": msg}
    if not rotation.is_pending:
        return report
    verb = "delivers again the token" if plan.resumed else "minted a token"
    proven = "only its claims were checked" if rotation.probed == "no" else f"{rotation.probed} by the database"
    return {
        **report,
        "action": "issued",
        "issued": plan.name,
        "probed": rotation.probed,
        "msg": f"{plan.name}: {plan.reason}, {verb} that ends {_text(rotation.claims) or 'never'} ({proven}); "
        f"the old one {_old(plan, view)}.",
    }


def _old(plan: SqlPlan, view: SqlView) -> str:
    """Say what becomes of the token before; what the probe did not say dead only counts as that."""
    known = plan.current
    return "is dead" if known.probed == DEAD else _OLD[view.memory.is_invalidated(known.claims, known.probed)]


def _text(claims: Claims | None) -> str | None:
    return None if claims is None or claims.expires_at is None else utc_text(claims.expires_at)
