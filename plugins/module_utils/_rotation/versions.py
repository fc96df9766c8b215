# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The versions of a managed token: their names, their times, and which of the listed tokens they are. Private.

A managed token `ci-deploy` lives in the API as versions named `ci-deploy-20261124t091500z-7f3a`: a UTC second and a random
nonce. A bare `ci-deploy` that somebody made by hand is adopted as the oldest version. All other tokens are unmanaged.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token, moment_in_id
from ansible_collections.community.turso.plugins.module_utils._time import days_old, moment_of

STAMP = "%Y%m%dt%H%M%Sz"

_VERSION = re.compile(r"(?P<managed>.+)-(?P<stamp>[0-9]{8}t[0-9]{6}z)-(?P<nonce>[0-9a-f]{4})", re.DOTALL)
_BEGINNING = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)
_END_OF_DAY = datetime.timedelta(days=1) - datetime.timedelta(seconds=1)


def version_name(managed: str, now: datetime.datetime, nonce: str) -> str:
    """Return the name of a version that is issued now.

    :param nonce: four hexadecimal digits in lower case.
    """
    return f"{managed}-{now.astimezone(datetime.timezone.utc).strftime(STAMP)}-{nonce}"


def parse_version_name(name: str) -> tuple[str, datetime.datetime] | None:
    """Return the managed token's name and the stamp of a version's name, None where it is not one to the letter."""
    match = _VERSION.fullmatch(name)
    if match is None:
        return None
    try:
        stamp = datetime.datetime.strptime(match["stamp"], STAMP).replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return None
    return match["managed"], stamp


@dataclasses.dataclass(frozen=True)
class Version:
    """An active version of one managed token. `stamp` is None for a bare name that was adopted."""

    name: str
    id: str
    restriction: Restriction
    stamp: datetime.datetime | None
    issued_at: datetime.datetime | None

    @property
    def ref(self) -> dict[str, str]:
        return {"name": self.name, "id": self.id}

    @property
    def order(self) -> tuple[bool, datetime.datetime, str]:
        """Sort versions from the oldest to the newest; an adopted name is the oldest whatever its date."""
        return (self.stamp is not None, self.issued_at or self.stamp or _BEGINNING, self.name)

    def is_older_than(self, age: datetime.timedelta, now: datetime.datetime) -> bool:
        """Tell whether it is older; one whose time nobody knows is older than anything."""
        return self.issued_at is None or now - self.issued_at > age

    def is_younger_than(self, age: datetime.timedelta, now: datetime.datetime) -> bool:
        """Tell whether a run may be delivering it right now; a name made by hand comes from none."""
        return self.stamp is not None and self.issued_at is not None and now - self.issued_at < age

    def age_in_words(self, now: datetime.datetime) -> str:
        return "age unknown" if self.issued_at is None else days_old((now - self.issued_at).days)


def active_versions(
    tokens: Iterable[Token], names: Iterable[str], now: datetime.datetime
) -> dict[str, tuple[Version, ...]]:
    """Return the active versions of each managed token, the oldest first."""
    found: dict[str, list[Version]] = {name: [] for name in names}
    for token in tokens:
        parsed = parse_version_name(token.name)
        if token.name in found:
            found[token.name].append(_version(token, None, now))
        elif parsed is not None and parsed[0] in found:
            found[parsed[0]].append(_version(token, parsed[1], now))
    return {name: tuple(sorted(versions, key=lambda version: version.order)) for name, versions in found.items()}


def _version(token: Token, stamp: datetime.datetime | None, now: datetime.datetime) -> Version:
    issued_at = _issued_at(token, stamp)
    return Version(
        token.name, token.id or "", token.restriction, stamp, None if issued_at is None else min(issued_at, now)
    )


def _issued_at(token: Token, stamp: datetime.datetime | None) -> datetime.datetime | None:
    """Return when a version was issued: the time in its id, else its stamp, else the end of the day that the API tells."""
    created = moment_of(token.created_at)
    exact = moment_in_id(token.id)
    reference = created or stamp  # what the id, which nobody documents, has to agree with
    if reference is None:
        return exact
    for moment in (exact, stamp):
        if moment is not None and abs((moment.date() - reference.date()).days) <= 1:
            return moment
    return reference.replace(hour=0, minute=0, second=0, microsecond=0) + _END_OF_DAY


def by_id(versions: Sequence[Version]) -> Mapping[str, Version]:
    return {version.id: version for version in versions}
