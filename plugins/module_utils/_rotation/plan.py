# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a rotation: pure, no clock, no environment, no requests. Private.

`plan_entries` decides, before anything is written, what is due and what a commit may revoke.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from ansible_collections.community.turso.plugins.module_utils._errors import BadOption, Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import sentences
from ansible_collections.community.turso.plugins.module_utils._rotation.due import reason_due
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import AnyEntry, Entry, refusal
from ansible_collections.community.turso.plugins.module_utils._rotation.resume import resumable
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import Version, by_id, version_name
from ansible_collections.community.turso.plugins.module_utils._rotation.view import View

ISSUE, RESUME, SWEEP, NONE = "issue", "resume", "sweep", "none"

Same = TypeVar("Same", bound="AnyPlan")


@dataclasses.dataclass(frozen=True)
class AnyPlan:
    """What is to be done for one managed token, of either kind.

    `resumed` is what is delivered once more. `refusal` says why this token cannot be rotated; the others go on.
    """

    entry: AnyEntry
    action: str
    reason: str | None = None
    resumed: Any = None
    refusal: str | None = None
    nothing_done: ClassVar[str] = "Nothing was issued."

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def is_due(self) -> bool:
        return self.action in (ISSUE, RESUME)

    def unless_new(self: Same, checked: Sequence[str] | None) -> Same:
        """Leave to the next run what was not due when the destinations were asked.

        :param checked: the names that were due then; None where nobody was asked.
        """
        is_new = checked is not None and self.name not in checked
        return self._left(reason=None) if is_new and self.is_due else self

    def unless_refused(self: Same, refusals: Mapping[str, str]) -> Same:
        """Refuse what is due and must not be.

        :param refusals: why a token must not be due here, by name.
        """
        why = refusals.get(self.name)
        if why is None or not self.is_due:
            return self
        return self._left(refusal=f"{self.name} is due ({self.reason}), but {why}. {self.nothing_done}")

    def _left(self: Same, **why: Any) -> Same:
        return dataclasses.replace(self, action=NONE, resumed=None, **why)


@dataclasses.dataclass(frozen=True)
class Plan(AnyPlan):
    """What is to be done for one API token.

    `action`: issue a new version, resume one whose value can be had, sweep previous versions whose grace period is over, or
    none. `previous` is what a commit may revoke once everybody has confirmed the new version.
    """

    entry: Entry
    resumed: Version | None = None
    current: Version | None = None
    new_name: str | None = None
    previous: tuple[Version, ...] = ()
    elsewhere: tuple[Version, ...] = ()
    swept: tuple[Version, ...] = ()
    unconfirmed: tuple[Version, ...] = ()
    versions: tuple[Version, ...] = ()

    def next_due(self) -> datetime.datetime | None:
        """Return when it is due next by its age, None where that is not known."""
        if self.is_due or self.current is None or self.current.issued_at is None:
            return None
        return self.current.issued_at + self.entry.policy.max_age


def plan_entries(views: Sequence[View], nonce: str) -> list[Plan]:
    """Decide what is due for each entry.

    :param nonce: four hexadecimal digits for the names of this run's versions.
    :returns: a plan for each; one with a `refusal` is for a token that cannot be rotated.
    """
    if not re.fullmatch(r"[0-9a-f]{4}", nonce):
        raise BadOption("The nonce is not four hexadecimal digits in lower case.", "Correct it.")
    return [_plan_or_refusal(view, nonce) for view in views]


def _plan_or_refusal(view: View, nonce: str) -> Plan:
    try:
        return _plan(view, nonce)
    except Refused as exc:
        why = f"{refusal(view.entry.label, exc)} {Plan.nothing_done}"
        return Plan(view.entry, NONE, versions=view.versions, refusal=why)


def _plan(view: View, nonce: str) -> Plan:
    if view.failure is not None:
        raise Refused(view.failure)
    _refuse_one_name_for_two(view)
    reason = reason_due(view)
    found = Plan(
        view.entry,
        NONE,
        reason,
        current=view.current,
        elsewhere=view.elsewhere,
        versions=view.versions,
        unconfirmed=view.unconfirmed,
    )
    if reason is None:
        over = _grace_is_over(view)
        return dataclasses.replace(found, action=SWEEP, swept=over) if over else found
    others = tuple(version for version in view.versions if version not in view.elsewhere)
    resumed = resumable(view)
    if resumed is not None:
        previous = tuple(version for version in others if version != resumed)
        return dataclasses.replace(found, action=RESUME, resumed=resumed, previous=previous)
    _refuse_to_pile_up(view)
    _refuse_the_same_again(view)
    new_name = version_name(view.entry.name, view.now, nonce)
    return dataclasses.replace(found, action=ISSUE, new_name=new_name, previous=others)


def _refuse_one_name_for_two(view: View) -> None:
    counted = Counter(version.name for version in view.versions)
    twice = [name for name, count in counted.items() if count > 1]
    if twice:
        raise Refused(
            f"the API lists {twice[0]!r} more than once. Revoke the wrong one by its id. {view.versions_in_words}"
        )


def _refuse_to_pile_up(view: View) -> None:
    most = view.entry.policy.max_versions
    if len(view.versions) >= most:
        raise Refused(
            f"{len(view.versions)} versions are active and turso_rotate_max_versions is {most}. {view.versions_in_words} "
            f"{sentences.how_to_revoke(view)}"
        )


def _refuse_the_same_again(view: View) -> None:
    """A version that two runs found unconfirmed: issuing a third would go on for ever."""
    found = view.state.found_unconfirmed if view.state else None
    if found is None or view.entry.policy.force or view.entry.current is not None:
        return
    again = by_id(view.versions).get(found.id)
    if again is not None:
        raise Refused(
            f"{again.name} was issued by a former run and never confirmed; another run noticed that at "
            f"{found.at}.{sentences.who_was_missing(view, ' ')} Fix the delivery. Then set turso_rotate_force, name the "
            f"version in use in current, or revoke the other versions. {view.versions_in_words} "
            f"{sentences.how_to_revoke(view)}"
        )


def _grace_is_over(view: View) -> tuple[Version, ...]:
    """Return the previous versions whose grace period is over."""
    if view.state is None or view.current is None:
        return ()
    since = view.state.previous_since(view.now)
    begun_before = view.now - view.entry.policy.grace
    kept = {view.current, *view.elsewhere}
    candidates = [version for version in view.versions if version.id in since and version not in kept]
    return tuple(version for version in candidates if since[version.id] <= begun_before)
