# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a SQL token: pure, no clock, no environment, no requests. Private."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Sequence
from typing import ClassVar

from ansible_collections.community.turso.plugins.module_utils._api.data_plane import DEAD, UNKNOWN
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import refusal
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import ISSUE, NONE, RESUME, AnyPlan
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import SqlEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_outcome import unanswered_in_words
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_view import NOT_KNOWN, Known, SqlView, Value
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import is_version
from ansible_collections.community.turso.plugins.module_utils._sql_token.decide import Decision, deadline
from ansible_collections.community.turso.plugins.module_utils._sql_token.probe import REMEDY

LOST, UNFINISHED = "lost", "unfinished"


@dataclasses.dataclass(frozen=True)
class SqlPlan(AnyPlan):
    """What is to be done for one SQL token: mint another one, deliver one once more whose value is at hand, or nothing.

    :ivar current: the token in use.
    :ivar resumed: the value that is delivered once more.
    :ivar is_elsewhere: another run may be delivering the pending one, so this one leaves it to that.
    """

    entry: SqlEntry
    resumed: Value | None = None
    detail: str = ""
    current: Known = NOT_KNOWN
    is_elsewhere: bool = False
    renew_before: datetime.timedelta = datetime.timedelta(0)
    nothing_done: ClassVar[str] = "Nothing was minted."

    @property
    def is_dead(self) -> bool:
        """Tell whether the token in use counts as dead since an invalidation."""
        return self.current.is_invalidated

    def next_due(self) -> datetime.datetime | None:
        """Return when it is due next, where nothing unforeseen happens."""
        end = self.current.claims.expires_at
        return None if self.is_due or end is None else end - self.renew_before


def plan_sql_entries(views: Sequence[SqlView]) -> list[SqlPlan]:
    """Decide what is due for each entry; a plan with a `refusal` is for one that cannot be rotated."""
    return [_plan_or_refusal(view) for view in views]


def _plan_or_refusal(view: SqlView) -> SqlPlan:
    plan = SqlPlan(view.entry, NONE, renew_before=view.renew_before)
    if view.failure is not None:
        return dataclasses.replace(
            plan, current=_remembered(view) or NOT_KNOWN, refusal=_refusal(view, Refused(view.failure))
        )
    plan = dataclasses.replace(plan, current=view.current or NOT_KNOWN)
    due = _due(view)
    plan = dataclasses.replace(plan, reason=due.reason, detail=due.detail)
    try:
        return _plan(view, plan)
    except Refused as exc:
        return dataclasses.replace(plan, refusal=_refusal(view, exc))


def _remembered(view: SqlView) -> Known | None:
    """Return the token of which the state file knows when it ends, where nothing else is known."""
    current = view.recorded.current
    if current is None or current.claims is None:
        return None
    return Known(current.id, current.claims, is_invalidated=view.memory.is_invalidated(current.claims))


def _refusal(view: SqlView, exc: Refused) -> str:
    return f"{refusal(view.entry.label, exc)} {SqlPlan.nothing_done}"


def _plan(view: SqlView, plan: SqlPlan) -> SqlPlan:
    if plan.reason is None:
        _refuse_unanswered(view)
        return plan
    if view.is_elsewhere:
        return dataclasses.replace(plan, reason=None, is_elsewhere=True)
    resumed = _resumable(view)
    if resumed is not None:
        reason = UNFINISHED if is_version(view.pending, resumed.id) else plan.reason
        return dataclasses.replace(plan, action=RESUME, reason=reason, resumed=resumed)
    _refuse_to_pile_up(view)
    _refuse_untried(plan)
    return dataclasses.replace(plan, action=ISSUE)


def _refuse_unanswered(view: SqlView) -> None:
    """Say it in every run, until it is known: the leaked value may still work."""
    if view.memory.invalidation_asked_at is not None:
        raise Refused(unanswered_in_words(view.memory).rstrip("."))


def _due(view: SqlView) -> Decision:
    """Return why a token is due and what is behind it; no reason if it is not."""
    known = view.current
    decision = view.decision(known, force=view.entry.policy.force)
    if known is None or decision.mints:
        return _with_the_invalidation(decision, known, view)
    objections = (Decision(reason, check(view, known)) for reason, check in CHECKS)
    return next((objection for objection in objections if objection.detail), decision)


def _with_the_invalidation(decision: Decision, known: Known | None, view: SqlView) -> Decision:
    """Return the same, which says since when a token counts as dead, where no probe has shown it."""
    if decision.reason != DEAD:
        return decision
    return dataclasses.replace(decision, detail=is_dead_in_words(known, view) or decision.detail)


def _lost(view: SqlView, _known: Known) -> str:
    """The value that was found is not the one that is in use: a file was restored, reverted or edited, or it is empty."""
    held = [value for value in view.values if value.is_stored or not view.has_vault_file]
    if view.is_elsewhere or any(value.id in view.expected for value in held):
        return ""
    if view.has_vault_file:
        return "the vault file does not hold the token in use"
    return "no destination holds the token in use" if held and view.state is not None else ""


def _unfinished(view: SqlView, known: Known) -> str:
    """Somebody may not have the token in use."""
    if view.pending is not None:
        return f"not every recipient confirmed the token of {view.pending.issued_at}"
    if view.state is not None:
        return "" if is_version(view.state.current, known.id) else "no recipient has confirmed the token in use yet"
    if view.lacks or any(value.id != known.id for value in view.values):
        return "not every destination holds the token in use"
    return ""


CHECKS: tuple[tuple[str, Callable[[SqlView, Known], str]], ...] = (
    (LOST, _lost),
    (UNFINISHED, _unfinished),
)


def _resumable(view: SqlView) -> Value | None:
    """Return the value to deliver once more: the pending one, else the one in use, where it is at hand and good for long enough."""
    if view.entry.policy.force:
        return None
    found = map(view.value_of, view.expected)
    return next((value for value in found if value is not None and not view.decision(value).mints), None)


def _refuse_to_pile_up(view: SqlView) -> None:
    lasting, most = view.memory.counting(view.now), view.entry.policy.max_mints
    if len(lasting) < most:
        return
    ends = ", ".join(sorted(mint.expires_at for mint in lasting))
    raise Refused(
        f"{len(lasting)} of its tokens have not ended yet (they end {ends}) and turso_rotate_max_versions is {most}. SQL "
        "tokens cannot be revoked one by one, so a new one would only add to them. Fix the delivery. If a destination lost "
        "its value, raise turso_rotate_max_versions for one run"
    )


def _refuse_untried(plan: SqlPlan) -> None:
    """Refuse to mint what could not be tried, because the one in use could not be tried right now either."""
    if plan.current.probed != UNKNOWN or plan.is_dead:
        return
    raise Refused(
        f"it is due ({plan.reason}): {plan.detail}. The token in use could not be tried, so a new one could not be either: "
        f"{plan.current.detail}. {REMEDY.replace('validate', 'turso_rotate_validate')}"
    )


def is_dead_in_words(known: Known | None, view: SqlView) -> str:
    """Say that the token in use counts as dead since an invalidation, as a sentence without its end; nothing where it does not."""
    if known is None or not known.is_invalidated:
        return ""
    return f"all its tokens that were minted up to {view.memory.dead_up_to(known.probed)} count as dead since an invalidation"


def ends_in_words(plan: SqlPlan, view: SqlView, *, with_this_run: bool = True) -> str:
    """Say when the token in use ends, and how many runs did not renew it; nothing where it has no end or nobody knows one."""
    failed = view.memory.attempts + with_this_run
    runs = f"; {failed} run{'' if failed == 1 else 's'} failed." if failed else "."
    dead = is_dead_in_words(plan.current, view)
    if dead:
        return f"{plan.name}: {dead}, so applications may be locked out{runs}"
    said = deadline(plan.current.claims, view.now).replace("The current token", plan.name, 1).rstrip(".")
    if not said:
        return ""
    return f"{said}{runs}"
