# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nouns of the API as plain values: a token, its restriction, its dates.

Private to this collection.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.scopes import (
    expand_scopes,
    permissions_of,
    presets_in,
    same_scopes,
)
from ansible_collections.community.turso.plugins.module_utils._time import moment_of

_UUID_EPOCH = datetime.datetime(1582, 10, 15, tzinfo=datetime.timezone.utc)  # of version 1, in steps of 100 ns
_DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Restriction:
    """What a token may act on.

    scopes are expanded and sorted. presets are those that somebody asked for; a token has none, and they are not
    compared as values: matches says whether a token is what was asked for.
    """

    organization: str | None = None
    group: str | None = None
    scopes: tuple[str, ...] | None = None
    presets: tuple[str, ...] = dataclasses.field(default=(), compare=False, repr=False)

    @classmethod
    def asked(cls, organization: str | None, group: str | None, scopes: Iterable[str] | None) -> Restriction:
        """Return the restriction that a playbook asks for, with the scopes as it writes them."""
        written = tuple(scopes or ())
        return cls(organization, group, expand_scopes(written), presets_in(written))

    @property
    def level(self) -> str:
        if self.group is not None:
            return "group"
        return "unrestricted" if self.organization is None else "organization"

    @property
    def permissions(self) -> str | None:
        """Return the preset that the scopes amount to, "custom", or none where scopes do not apply."""
        return permissions_of(self.scopes)

    def matches(self, asked: Restriction) -> bool:
        """Tell whether a token with this restriction is what was asked for."""
        return not self.differences(asked)

    def differences(self, asked: Restriction) -> list[str]:
        """Say, for each of organization, group and scopes that differs, what this has and what was asked for."""
        found = []
        if self.organization != asked.organization:
            found.append(_difference("organization is", self.organization, asked.organization))
        if self.group != asked.group:
            found.append(_difference("group is", self.group, asked.group))
        if not same_scopes(self.scopes, asked.scopes, asked.presets):
            found.append(_difference("scopes are", self.scopes, asked.scopes))
        return found


def _difference(what: str, has: str | Sequence[str] | None, asked: str | Sequence[str] | None) -> str:
    return f"{what} {_shown(has)}, expected {_shown(asked)}"


def _shown(value: str | Sequence[str] | None) -> str:
    if value is None:
        return "(none)"
    return repr(value) if isinstance(value, str) else "[" + ", ".join(value) + "]"


@dataclasses.dataclass(frozen=True)
class Token:
    """A token as the API lists it; never its secret.

    id and created_at are none for a token that does not exist yet (check mode), created_at also in the answer to a
    create, which does not tell it.
    """

    name: str
    id: str | None
    restriction: Restriction = Restriction()
    created_at: str | None = None
    owner: dict[str, Any] | None = None
    description: str | None = None
    last_used_at: str | None = None

    @classmethod
    def from_result(cls, given: Mapping[str, Any]) -> Token:
        """Read a token object, as the modules return it and people write it; the reverse of as_result."""
        scopes = expand_scopes(given.get("scopes"))
        return cls(
            str(given["name"]),
            str(given["id"]),
            Restriction(given.get("organization"), given.get("group"), scopes),
            given.get("created_at"),
            given.get("owner"),
            given.get("description"),
            given.get("last_used_at"),
        )

    @property
    def created_day(self) -> datetime.date | None:
        moment = moment_of(self.created_at)
        return None if moment is None else moment.date()

    @property
    def issued_at(self) -> datetime.datetime | None:
        """Return when the token was created, to the second or better, where its id or the API tells.

        The time in the id counts only if its day is created_at's, or one beside it; a date alone is no time.
        """
        told = moment_of(self.created_at)
        if told is None:
            return None
        issued = moment_in_id(self.id)
        if issued is not None and abs(issued.date() - told.date()) <= _DAY:
            return issued
        return told if len((self.created_at or "").strip()) > len("2026-11-24") else None

    def as_result(self, now: datetime.datetime) -> dict[str, Any]:
        """Return the token object that every module returns; now is what its age is measured against."""
        created = self.created_day
        return {
            "name": self.name,
            "id": self.id,
            "organization": self.restriction.organization,
            "group": self.restriction.group,
            "scopes": None if self.restriction.scopes is None else list(self.restriction.scopes),
            "created_at": self.created_at,
            "age_days": None if created is None else max(0, (now.date() - created).days),
            "restriction": self.restriction.level,
            "permissions": self.restriction.permissions,
            "owner": self.owner,
            "description": self.description,
            "last_used_at": self.last_used_at,
        }


def moment_in_id(token_id: str | None) -> datetime.datetime | None:
    """Return the UTC moment in an id that is the base64url of a UUID of version 1 (22 characters), else none.

    The published samples of ids are all of this kind; nothing promises it.
    """
    if token_id is None or len(token_id) != 22:
        return None
    try:
        decoded = uuid.UUID(bytes=base64.urlsafe_b64decode(token_id + "=="))
    except ValueError:
        return None
    return _UUID_EPOCH + datetime.timedelta(microseconds=decoded.time // 10) if decoded.version == 1 else None
