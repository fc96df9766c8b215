# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `step: issue` returns, put together from both kinds of tokens. Private."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ansible_collections.community.turso.plugins.module_utils._rotation import metrics, sentences
from ansible_collections.community.turso.plugins.module_utils._time import maybe_utc_text

if TYPE_CHECKING:
    from ansible_collections.community.turso.plugins.module_utils._rotation.plan import Plan
    from ansible_collections.community.turso.plugins.module_utils._rotation.sql_plan import SqlPlan

TakeBack = Callable[[str], None]
Stop = Callable[[], "str | None"]


@dataclasses.dataclass
class Part:
    """What one kind of token puts into the result; each field as the module returns it."""

    report: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    figures: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    secrets: dict[str, str] = dataclasses.field(default_factory=dict, repr=False)
    resumed: list[str] = dataclasses.field(default_factory=list)
    tokens: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    items: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    to_fetch: list[str] = dataclasses.field(default_factory=list)
    changed: bool = False

    def __add__(self, other: Part) -> Part:
        """Return what both put into it."""
        return Part(
            report=self.report + other.report,
            notes=self.notes + other.notes,
            figures=self.figures + other.figures,
            secrets={**self.secrets, **other.secrets},
            resumed=self.resumed + other.resumed,
            tokens={**self.tokens, **other.tokens},
            items=self.items + other.items,
            to_fetch=self.to_fetch + other.to_fetch,
            changed=self.changed or other.changed,
        )


class Half(Protocol):
    """All tokens of one kind in a run: planned, and not issued yet."""

    @property
    def plans(self) -> Sequence[Plan | SqlPlan]:
        """Return what becomes of each entry."""

    def planned(self) -> Part:
        """Return what is told where nothing is issued."""

    def issue(self, checked: Sequence[str] | None, stop: Stop) -> tuple[Part, TakeBack]:
        """Issue what is due. Return what is told, and what takes it back where nobody gets it."""


def plan_only(halves: Sequence[Half], names: Sequence[str]) -> dict[str, Any]:
    """Return what `step: issue` returns in check mode: the plan, and what it would change."""
    changed = any(plan.action != "none" for half in halves for plan in half.plans)
    return {**_result(halves, [half.planned() for half in halves], names), "changed": changed}


def issue_due(
    halves: Sequence[Half], names: Sequence[str], checked: Sequence[str] | None, stop: Stop = lambda: None
) -> tuple[dict[str, Any], TakeBack]:
    """Issue everything that is due.

    :param names: of all entries, in the order of the report.
    :param checked: the names that were due when their destinations were asked, None before that: then nothing is issued where
        something with destinations is due, and `to_check` names what is due.
    :param stop: returns why no further version is to be issued, None where it is.
    :returns: what the module returns, and what withdraws all of it where nobody gets that.
    """
    to_ask = _to_ask(halves, names) if checked is None else {}
    if to_ask:
        return to_ask, lambda _reason: None
    done = [half.issue(checked, stop) for half in halves]

    def take_back(reason: str) -> None:
        for _part, withhold in done:
            withhold(reason)

    return {**_result(halves, [part for part, _withhold in done], names), "to_fetch": []}, take_back


def _to_ask(halves: Sequence[Half], names: Sequence[str]) -> dict[str, Any]:
    """Return the result that has destinations asked before anything is issued; nothing where there is none to ask."""
    plans = [plan for half in halves for plan in half.plans]
    if not any(plan.entry.has_destinations for plan in plans):
        return {}
    result = _result(halves, [half.planned() for half in halves], names)
    to_check = [plan for plan in plans if plan.is_due or plan.name in result["to_fetch"]]
    if not any(plan.entry.has_destinations for plan in to_check):
        return {}
    return {**result, "to_check": [plan.name for plan in to_check]}


def _result(halves: Sequence[Half], parts: Sequence[Part], names: Sequence[str]) -> dict[str, Any]:
    plans = [plan for half in halves for plan in half.plans]
    whole = sum(parts, Part())
    order = {name: number for number, name in enumerate(names)}
    # A refused token is due now: it is the report that says so, and its date is over.
    dates = {
        plan.name: date
        for plan in plans
        if plan.refusal is None and (date := maybe_utc_text(plan.next_due())) is not None
    }
    return {
        **vars(whole),
        "figures": metrics.one_text(whole.figures),
        "summary": sentences.summary(plans),
        "report": sorted(whole.report, key=lambda entry: order[entry["name"]]),
        "next_due": dict(sentences.soonest(dates)),
        "to_check": [],
    }
