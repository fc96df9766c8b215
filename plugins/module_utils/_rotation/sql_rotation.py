# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first half of a rotation of SQL tokens: plan, mint what is due, and record it as pending. Private."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import SQL, Claims
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.metrics import Figures
from ansible_collections.community.turso.plugins.module_utils._rotation.results import Part, Stop, TakeBack
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import SqlEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_issuing import SqlRotation, mint_all
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_pending import (
    forget_withheld,
    record_minted,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_plan import SqlPlan, plan_sql_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_report import of_sql_issue, of_sql_plan
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_survey import survey_sql
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_view import SqlView
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import Process, confirmed_before
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from ansible_collections.community.turso.plugins.module_utils._time import moment_of, utc_text

AHEAD = datetime.timedelta(minutes=1)  # what a new token waits for, and clocks differ by


@dataclasses.dataclass(frozen=True)
class SqlRequest:
    """What `step: issue` is asked for about SQL tokens.

    :ivar clients: by the name of the credential.
    :ivar stored: the values in the vault file by name; none without a vault file.
    :ivar held: the values that destinations were found to hold, by name.
    :ivar lacks: the names of which some destination holds no value.
    :ivar unread: why the value that is in use cannot be known, by name: nothing may be decided about these.
    :ivar refused_if_due: why a token must not be due here, by name.
    """

    entries: Sequence[SqlEntry]
    clients: Mapping[str | None, SqlTokens]
    state_path: str | None = None
    stored: Mapping[str, str] | None = dataclasses.field(default=None, repr=False)
    held: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict, repr=False)
    lacks: Sequence[str] = ()
    unread: Mapping[str, str] = dataclasses.field(default_factory=dict)
    controller: Process = dataclasses.field(default_factory=Process)
    refused_if_due: Mapping[str, str] = dataclasses.field(default_factory=dict)
    validate: bool = True
    concurrency: int = 8


class SqlHalf:
    """The SQL tokens of a run, planned by what is remembered of them."""

    def __init__(self, request: SqlRequest) -> None:
        """Look and plan."""
        self._request = request
        self._survey = survey_sql(
            request.entries,
            request.clients,
            state=state_file.read(request.state_path) if request.state_path else None,
            stored=request.stored,
            held=request.held,
            lacks=request.lacks,
            validate=request.validate,
            concurrency=request.concurrency,
        )
        views = [self._unless_unread(view) for view in self._survey.views]
        self.views: Sequence[SqlView] = views
        plans = plan_sql_entries(views)
        self.plans: Sequence[SqlPlan] = [plan.unless_refused(request.refused_if_due) for plan in plans]

    def planned(self) -> Part:
        return self._part([of_sql_plan(plan, view) for plan, view in zip(self.plans, self.views)])

    def issue(self, checked: Sequence[str] | None, stop: Stop) -> tuple[Part, TakeBack]:
        """Mint what is due and prove it, and record it as pending in the state file before anybody gets it.

        The values of what is delivered once more are not echoed, because the caller gave them.
        """
        request = self._request
        self.plans = [plan.unless_new(checked) for plan in self.plans]
        rotations = [
            SqlRotation(plan, view, request.clients[plan.entry.credential])
            for plan, view in zip(self.plans, self.views)
        ]
        mint_all(rotations, self._survey.planes, validate=request.validate, concurrency=request.concurrency, stop=stop)
        record_minted(request.state_path, rotations, request.controller, self._survey.now)
        reports = [of_sql_issue(rotation) for rotation in rotations]
        part = _with_values(self._part(reports), rotations, reports, self._survey.warnings)
        return part, lambda reason: forget_withheld(request.state_path, rotations, reason)

    def _part(self, reports: list[dict[str, Any]]) -> Part:
        return Part(
            report=reports,
            notes=[*_notes(self.plans, reports)],
            figures=[dataclasses.asdict(_figures(plan, view.memory)) for plan, view in zip(self.plans, self.views)],
        )

    def _unless_unread(self, view: SqlView) -> SqlView:
        why = self._request.unread.get(view.entry.name) or self._ahead_of_the_clock(view)
        return view if why is None or view.failure is not None else dataclasses.replace(view, failure=why)

    def _ahead_of_the_clock(self, view: SqlView) -> str | None:
        """Say that no new token could be later than what the state file says; none where one could."""
        dead_up_to = view.memory.dead_up_to()
        if (moment_of(dead_up_to) or view.now) <= view.now + AHEAD:
            return None
        return (
            f"By the state file {self._request.state_path} every token that was minted up to {dead_up_to} counts as dead. "
            f"It is {utc_text(view.now)} now, so a new token would count as dead, too. Correct the clock, or the time in "
            "the state file, then run this again."
        )


def _with_values(
    part: Part, rotations: Sequence[SqlRotation], reports: Sequence[dict[str, Any]], warnings: Sequence[str]
) -> Part:
    """Return the part of the result with what is to be delivered and committed."""
    pending = [rotation for rotation in rotations if rotation.is_pending]
    return dataclasses.replace(
        part,
        changed=bool(pending),
        notes=[*part.notes, *warnings, *(text for each in rotations for text in each.warnings)],
        secrets={each.plan.name: each.secret for each in pending if each.secret is not None},
        resumed=[each.plan.name for each in pending if each.plan.resumed],
        tokens={each.plan.name: _token(each) for each in pending},
        items=[item.as_json() for item in map(_item, rotations, reports) if item is not None],
    )


def _notes(plans: Sequence[SqlPlan], reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what is worth knowing of tokens that are not due."""
    return [
        str(report["msg"])
        for plan, report in zip(plans, reports)
        if report["action"] == "unchanged" and (plan.is_elsewhere or report["probed"] == "unknown")
    ]


def _figures(plan: SqlPlan, memory: SqlMemory) -> Figures:
    """Return what the metrics are made of; the age for being due is what is left of its time before it is due."""
    issued, ends = plan.current.claims.issued_at, plan.current.claims.expires_at
    lasts = None if issued is None or ends is None else (ends - issued - plan.renew_before).total_seconds()
    return Figures(plan.name, _seconds(issued), lasts, _seconds(ends), versions=len(memory.mints))


def _seconds(moment: datetime.datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _token(rotation: SqlRotation) -> dict[str, Any]:
    """Return the token object, as the module turso_sql_token returns it."""
    claims = rotation.claims or Claims()
    return {
        "kind": SQL,
        **rotation.plan.entry.want.name.as_result(),
        "hostname": rotation.target.hostname,
        **claims.as_result(),
        "never_expires": claims.expires_at is None,
    }


def _item(rotation: SqlRotation, report: dict[str, Any]) -> Item | None:
    """Return what is left to be committed of a token, None if nothing is."""
    plan = rotation.plan
    error = plan.refusal or (rotation.error.msg if rotation.error else None)
    if not rotation.is_pending and error is None:
        return None
    return Item(
        name=plan.name,
        report=report,
        action=plan.action,
        version=None if rotation.id is None else {"name": plan.name, "id": rotation.id},
        sha256=rotation.id,
        recipients=plan.entry.recipients,
        credential=plan.entry.credential,
        error=error if error is None else str(report["msg"]),
        confirmed_before=confirmed_before(rotation.view.recorded.pending, rotation.id),
        kind="sql",
        claims=None if rotation.claims is None else rotation.claims.as_result(),
        at=utc_text(rotation.view.now),
    )
