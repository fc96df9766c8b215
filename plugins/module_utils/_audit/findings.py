# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what the rules speak of in a list of tokens: no clock, no environment, no requests. Pure and private."""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Union

from ansible_collections.community.turso.plugins.module_utils._api.scopes import SCOPES
from ansible_collections.community.turso.plugins.module_utils._audit.rules import POWERS
from ansible_collections.community.turso.plugins.module_utils._audit.stored import Stored
from ansible_collections.community.turso.plugins.module_utils._audit.stored_findings import findings_of
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import parse_version_name
from ansible_collections.community.turso.plugins.module_utils._time import days_old, moment_of

DAY = datetime.timedelta(days=1)
UNKNOWN_OWNER = "an unknown owner"


@dataclasses.dataclass(frozen=True)
class Subject:
    """A token object, and what is read out of it.

    :ivar managed: the name of the managed token that it is a version of, else its own name.
    :ivar owner: what to call its owner; none where the list does not tell owners.
    :ivar owner_key: what tells its owner from every other. An owner without name and address is nobody else's.
    :ivar created: the day of its creation; none where that is unknown or to come.
    :ivar stamp: the time in the name of a version; none for any other token.
    :ivar issued: when a version was issued: its stamp, unless the day of its creation is another one.
    """

    token: Mapping[str, Any]
    managed: str
    owner: str | None
    owner_key: str | None
    created: datetime.date | None
    age_days: int | None
    stamp: datetime.datetime | None
    issued: datetime.datetime | None

    @classmethod
    def of(cls, token: Mapping[str, Any], now: datetime.datetime) -> Subject:
        version = parse_version_name(token["name"])
        created = _day_of(token.get("created_at"), now)
        owner = _owner_of(token)
        unknown = f"owner of {token.get('id')}"
        return cls(
            token=token,
            managed=token["name"] if version is None else version[0],
            owner=owner,
            owner_key=unknown if owner == UNKNOWN_OWNER else owner,
            created=created,
            age_days=None if created is None else max(0, (now.date() - created).days),
            stamp=None if version is None else version[1],
            issued=None if version is None else _issued(version[1], created, now),
        )

    @property
    def name(self) -> str:
        return str(self.token["name"])

    @property
    def id(self) -> Any:
        return self.token.get("id")

    @property
    def owner_names(self) -> tuple[Any, ...]:
        """Return both words for its owner, as far as they are known."""
        owner = self.token.get("owner")
        return (owner.get("username"), owner.get("email")) if isinstance(owner, Mapping) else ()

    def is_named_like(self, pattern: str) -> bool:
        """Tell whether its name, or that of its managed token, matches a shell pattern."""
        return fnmatchcase(self.name, pattern) or fnmatchcase(self.managed, pattern)

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.token.get("scopes") or ())

    @property
    def order(self) -> tuple[str, str, str]:
        return self.managed, self.name, str(self.id)

    @property
    def label(self) -> str:
        return f"{self.name!r}" + _of(self.owner)

    @property
    def ref(self) -> dict[str, Any]:
        return {"name": self.name, "id": self.id, "owner": self.owner}


Judged = Union[Subject, Stored]


@dataclasses.dataclass(frozen=True)
class Match:
    """What a rule found: which tokens, and a sentence about them."""

    rule: str
    subjects: tuple[Judged, ...]
    msg: str


def matches(
    subjects: Sequence[Subject], max_age_days: float, settled_after: datetime.timedelta, now: datetime.datetime
) -> Iterator[Match]:
    """Yield everything that the rules find.

    :param settled_after: how long two versions of a managed token may rightly be active side by side.
    """
    for subject in subjects:
        for rule, msg in lasting(subject):
            yield Match(rule, (subject,), msg)
        if subject.age_days is not None and subject.age_days > math.ceil(max_age_days):
            msg = f"{subject.label} is {days_old(subject.age_days)}, {max_age_days:g} are allowed."
            yield Match("aged", (subject,), msg)
    yield from _unfinished(subjects, settled_after, now)
    yield from _namesakes(subjects)


def lasting(subject: Subject) -> Iterator[tuple[str, str]]:
    """Yield what a token says by itself, whatever day it is: rules and sentences."""
    restriction = subject.token.get("restriction")
    where = (
        f"the group {subject.token.get('group')!r}"
        if restriction == "group"
        else f"{subject.token.get('organization')!r}"
    )
    if restriction == "unrestricted":
        yield "unrestricted", f"{subject.label} is unrestricted, which Turso has deprecated."
    if restriction == "organization" and not subject.scopes:
        yield "organization_wide", f"{subject.label} has access to all of {where}."
    powers = sorted(subject.scopes & POWERS)
    # What the API adds to the preset some day must not make full access something less.
    if subject.scopes.issuperset(SCOPES):
        yield "full_access", f"{subject.label} has full access to {where}."
    elif powers:
        yield "mints_or_destroys", f"{subject.label} has {', '.join(powers)} in {where}."
    if subject.created is None:
        yield "unknown_age", f"{subject.label} has no date of creation, or one in the future."


def matches_of_stored(stored: Sequence[Stored], now: datetime.datetime) -> Iterator[Match]:
    """Yield everything that the rules find in the SQL tokens of the vault file."""
    for each in stored:
        for rule, msg in findings_of(each, now):
            yield Match(rule, (each,), msg)


def _unfinished(
    subjects: Sequence[Subject], settled_after: datetime.timedelta, now: datetime.datetime
) -> Iterator[Match]:
    """Yield the managed tokens with more versions than a rotation under way, or its grace period, explains."""
    for family in _families(subjects, lambda subject: (subject.owner_key, subject.managed)):
        versions = sorted(family, key=_version_order)
        if len(versions) > 1 and not _is_young(versions[1], settled_after, now):
            names = ", ".join(repr(version.name) for version in versions)
            first = versions[0]
            yield Match(
                "unfinished_rotation",
                tuple(versions),
                f"{first.managed!r}{_of(first.owner)} has {len(versions)} active versions, the oldest first: {names}.",
            )


def _is_young(version: Subject, settled_after: datetime.timedelta, now: datetime.datetime) -> bool:
    """Tell whether a version is so young that the one before it may rightly be active."""
    return version.issued is not None and now - version.issued < settled_after


def _version_order(subject: Subject) -> tuple[Any, ...]:
    """Sort versions by age: a name without a stamp is the oldest."""
    return subject.stamp is not None, subject.stamp, subject.name, str(subject.id)


def _namesakes(subjects: Sequence[Subject]) -> Iterator[Match]:
    """Yield the names that several users hold; a version counts as its managed token."""
    for family in _families(subjects, lambda subject: (subject.managed,)):
        if len({subject.owner_key for subject in family if subject.owner_key is not None}) > 1:
            concerned = sorted(family, key=lambda subject: (subject.owner or "", *subject.order))
            owners = [subject.owner or "" for subject in concerned]
            count = len({subject.owner_key for subject in concerned})
            yield Match(
                "duplicate_name",
                tuple(concerned),
                f"{concerned[0].managed!r} is held by {count} users: {', '.join(dict.fromkeys(owners))}.",
            )


def _families(subjects: Iterable[Subject], key: Any) -> Iterable[list[Subject]]:
    by_key: dict[tuple[Any, ...], list[Subject]] = defaultdict(list)
    for subject in subjects:
        by_key[key(subject)].append(subject)
    return by_key.values()


def _day_of(created_at: Any, now: datetime.datetime) -> datetime.date | None:
    """Return the day of creation; none where it is no date, or more than a day ahead of the API's own clock."""
    moment = moment_of(created_at)
    return None if moment is None or moment.date() > (now + DAY).date() else moment.date()


def _issued(stamp: datetime.datetime, created: datetime.date | None, now: datetime.datetime) -> datetime.datetime:
    """Return a version's stamp where the API's day bears it out, else the end of that day; never a time to come."""
    if created is None or abs((stamp.date() - created).days) <= 1:
        return min(stamp, now)
    midnight = datetime.datetime.combine(created + DAY, datetime.time(), tzinfo=datetime.timezone.utc)
    return min(midnight, now)


def _owner_of(token: Mapping[str, Any]) -> str | None:
    owner = token.get("owner")
    if not isinstance(owner, Mapping):
        return None
    return str(owner.get("username") or owner.get("email") or UNKNOWN_OWNER)


def _of(owner: str | None) -> str:
    return "" if owner is None else f" of {owner}"
