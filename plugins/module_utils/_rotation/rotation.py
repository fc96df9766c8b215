# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first half of a rotation: plan, issue what is due, and record it as pending. Private."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._rotation import report, sentences
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import Entry
from ansible_collections.community.turso.plugins.module_utils._rotation.issuing import (
    Rotation,
    issue,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.metrics import Figures
from ansible_collections.community.turso.plugins.module_utils._rotation.pending_versions import record_pending
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import (
    ISSUE,
    SWEEP,
    Plan,
    plan_entries,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.results import Part, Stop, TakeBack
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import Process, confirmed_before
from ansible_collections.community.turso.plugins.module_utils._rotation.survey import Survey, survey
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from ansible_collections.community.turso.plugins.module_utils._rotation.view import View
from ansible_collections.community.turso.plugins.module_utils._rotation.withdrawal import withhold
from ansible_collections.community.turso.plugins.module_utils._time import utc_text


@dataclasses.dataclass(frozen=True)
class Request:
    """What `step: issue` is asked for about API tokens.

    `stored` are the values in the vault file by name, None without a vault file. `credential_name` is the managed token of
    the running credential, where its `jti` does not tell. `controller` is the process that runs the playbook.
    `refused_if_due` says by name why a token must not be due here. `held` are values that
    destinations were found to hold, by name.
    """

    entries: Sequence[Entry]
    clients: Mapping[str | None, Tokens]
    state_path: str | None = None
    stored: Mapping[str, str] | None = dataclasses.field(default=None, repr=False)
    credential_name: str | None = None
    controller: Process = dataclasses.field(default_factory=Process)
    refused_if_due: Mapping[str, str] = dataclasses.field(default_factory=dict)
    held: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict, repr=False)
    validate: bool = True
    concurrency: int = 8

    @property
    def values(self) -> dict[str, list[str]]:
        """Return every value that can be had without issuing another, by name."""
        stored = {name: [value] for name, value in (self.stored or {}).items()}
        return {name: [*stored.get(name, ()), *self.held.get(name, ())] for name in {*stored, *self.held}}


class ApiHalf:
    """The API tokens of a run, planned by one list for each credential."""

    def __init__(self, request: Request) -> None:
        """Look and plan.

        :raises TursoError: no list could be had at all.
        """
        self._request = request
        self._survey, plans = _planned(request)
        self.plans: Sequence[Plan] = plans

    def planned(self) -> Part:
        views = self._survey.views
        reports = [report.of_plan(plan, view) for plan, view in zip(self.plans, views)]
        to_fetch = [plan.name for plan, view in zip(self.plans, views) if _may_be_held(plan, view)]
        return dataclasses.replace(_part(self.plans, reports), to_fetch=to_fetch)

    def issue(self, checked: Sequence[str] | None, stop: Stop) -> tuple[Part, TakeBack]:
        """Issue or resume, and verify, every version that is due, and record it as pending in the state file.

        The values of resumed ones are not echoed, because the caller gave them.
        """
        request, surveyed = self._request, self._survey
        self.plans = [plan.unless_new(checked) for plan in self.plans]
        rotations = [Rotation(plan, surveyed.accounts[plan.entry.credential]) for plan in self.plans]
        issue(rotations, request.values, validate=request.validate, concurrency=request.concurrency, stop=stop)
        record_pending(request.state_path, rotations, request.controller, utc_text(surveyed.now))
        reports = [report.of_issue(rotation, view) for rotation, view in zip(rotations, surveyed.views)]
        verified = [rotation for rotation in rotations if rotation.pending is not None]
        part = dataclasses.replace(
            _part(self.plans, reports),
            changed=bool(verified),
            items=[item.as_json() for item in _items(rotations, reports, request, surveyed)],
            **_values_of(verified, surveyed.now),
        )
        return part, functools.partial(withhold, rotations, request.state_path, request.concurrency)


def _values_of(verified: Sequence[Rotation], now: datetime.datetime) -> dict[str, Any]:
    created = [rotation for rotation in verified if not rotation.plan.resumed]
    return {
        "secrets": {rotation.plan.name: rotation.issued.secret for rotation in created if rotation.issued},
        "resumed": [rotation.plan.name for rotation in verified if rotation.plan.resumed],
        "tokens": {rotation.plan.name: rotation.token.as_result(now) for rotation in verified if rotation.token},
    }


def _items(
    rotations: Sequence[Rotation], reports: Sequence[dict[str, Any]], request: Request, surveyed: Survey
) -> list[Item]:
    items = [_item(rotation, given, request, view) for rotation, given, view in zip(rotations, reports, surveyed.views)]
    return [item for item in items if item is not None]


def _planned(request: Request) -> tuple[Survey, list[Plan]]:
    surveyed = survey(
        request.entries, request.clients, state_path=request.state_path, stored=request.stored, held=request.held
    )
    plans = plan_entries(surveyed.views, os.urandom(2).hex())
    return surveyed, [plan.unless_refused(request.refused_if_due) for plan in plans]


def _may_be_held(plan: Plan, view: View) -> bool:
    """Tell whether a destination may hold the newest version's value, which also ends a refusal for want of that value."""
    newest = view.versions[-1] if view.versions else None
    is_refused = plan.refusal is not None and view.failure is None
    if not (plan.action == ISSUE or is_refused) or newest is None or newest in view.elsewhere:
        return False
    return newest in view.unconfirmed or (view.state is None and len(view.versions) > 1)


def _part(plans: Sequence[Plan], reports: list[dict[str, Any]]) -> Part:
    return Part(
        report=reports,
        notes=[note for plan in plans for note in sentences.kept_though_not_due(plan)],
        figures=[dataclasses.asdict(_figures(plan)) for plan in plans],
    )


def _figures(plan: Plan) -> Figures:
    current, max_age = plan.current, plan.entry.policy.max_age.total_seconds()
    issued_at = None if current is None or current.issued_at is None else current.issued_at.timestamp()
    return Figures(plan.name, issued_at, max_age, versions=len(plan.versions))


def _item(rotation: Rotation, given: dict[str, Any], request: Request, view: View) -> Item | None:
    """Return what is left to be committed of a token, None if nothing is."""
    plan = rotation.plan
    pending = rotation.pending
    error = plan.refusal or (rotation.error.msg if rotation.error else None)
    if pending is None and error is None and plan.action != SWEEP:
        return None
    return Item(
        name=plan.name,
        report=given,
        action=plan.action,
        version=None if pending is None else {"name": pending.token.name, "id": pending.token.id or ""},
        sha256=None if pending is None else digest_of(pending.secret),
        recipients=plan.entry.recipients,
        previous=[version.ref for version in plan.previous],
        elsewhere=[version.ref for version in plan.elsewhere],
        versions=[version.ref for version in plan.versions],
        current=None if plan.current is None else plan.current.ref,
        grace_hours=plan.entry.policy.grace.total_seconds() / 3600,
        credential=plan.entry.credential,
        is_running_credential=_replaces_running(rotation, request),
        error=error,
        confirmed_before=confirmed_before(
            view.state.pending if view.state else None, plan.resumed.id if plan.resumed else None
        ),
    )


def _replaces_running(rotation: Rotation, request: Request) -> bool:
    """Tell whether a token is the credential that authenticates its requests."""
    own_id = rotation.account.own_id
    if own_id is None:
        return rotation.plan.name == request.credential_name
    return any(version.id == own_id for version in (*rotation.plan.previous, *rotation.plan.swept))
