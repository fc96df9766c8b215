# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: which database or group a SQL token is for, and what ends together with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import Claims
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import (
    DATABASE,
    GROUP,
    Databases,
    Name,
    SqlTokens,
    Target,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Forbidden, NotFound


@dataclasses.dataclass(frozen=True)
class Place:
    """A database or a group that a token is for. Its SQL tokens can only be ended all at once.

    :ivar group: the name of its group; a group's own name.
    :ivar databases: the names of a group's databases.
    """

    target: Target
    group: str
    databases: tuple[str, ...] = ()

    @property
    def name(self) -> Name:
        return self.target.name

    @property
    def every_token(self) -> str:
        """Return in words what would end."""
        return f"every SQL token of the {self.name}"

    def as_result(self) -> dict[str, Any]:
        return {
            **dataclasses.asdict(self.name),
            "id": self.target.id,
            "group": self.group,
            "databases": list(self.databases),
        }

    @classmethod
    def from_result(cls, given: Any) -> Place:
        """Read what `as_result` returned.

        :raises KeyError, TypeError: it is something else.
        """
        name = Name(given["organization"], given["level"], given["name"])
        return cls(Target(name, given["id"]), given["group"], tuple(given["databases"]))

    def is_of(self, claims: Claims) -> bool:
        """Tell whether a token claims to be for it."""
        return identity_in(claims) == (self.name.level, self.target.id)

    def ends(self, name: Name) -> bool:
        """Tell whether the tokens of a database or a group end together with its own for certain."""
        return name == self.name

    def may_end(self, name: Name) -> bool:
        """Tell whether they may end: nobody knows for sure whether one level ends the other."""
        if name.organization != self.name.organization or name.level == self.name.level:
            return False
        return name.name in (self.group, *self.databases)

    def shares_of(self, names: Mapping[str, Name]) -> tuple[list[str], list[str]]:
        """Return the managed tokens that end together with its own for certain, and those that may end.

        :param names: what each managed token is for.
        """
        ended = [managed for managed, name in names.items() if self.ends(name)]
        return ended, [managed for managed, name in names.items() if self.may_end(name)]


@dataclasses.dataclass(frozen=True)
class Places:
    """What was found, by level and id.

    :ivar is_whole: nothing was left unread, so what was not found is not in the organization.
    """

    found: Mapping[tuple[str, str], Place]
    is_whole: bool

    def of(self, claims: Claims) -> Place | None:
        """Return what a token is for; none where it was not found."""
        return self.found.get(identity_in(claims))


def identity_in(claims: Claims) -> tuple[str, str]:
    """Return the level that a token claims to be of, and the id."""
    if claims.database_id is not None:
        return DATABASE, claims.database_id
    return GROUP, claims.group_id or ""


def name_written_in(entry: Mapping[str, Any]) -> Name:
    """Return which database or group an entry of a rotation file is for, as it is written and not checked."""
    level = DATABASE if entry.get(DATABASE) else GROUP
    return Name(str(entry.get("organization", "")), level, str(entry.get(level)))


def places_of(tokens: SqlTokens, organization: str, wanted: Iterable[Claims]) -> Places:
    """Look up what tokens are for: one list of the databases, and each group only where a token is for one.

    A group without a database is not found, because no list has it.

    :raises TursoError: the databases cannot be listed.
    """
    listed = tokens.databases(organization)
    databases = {
        (DATABASE, target.id): Place(target, listed.group_of.get(name, "")) for name, target in listed.of_name.items()
    }
    missing = {identity for identity in map(identity_in, wanted) if identity[0] == GROUP}
    groups = _groups(tokens, organization, listed) if missing else {}
    return Places({**databases, **groups}, is_whole=listed.is_whole)


def _groups(tokens: SqlTokens, organization: str, listed: Databases) -> dict[tuple[str, str], Place]:
    found = {}
    for group in dict.fromkeys(listed.group_of.values()):
        try:
            target, _clock = tokens.group(Name(organization, GROUP, group))
        except (Forbidden, NotFound):
            continue  # what the credential does not reach, it could not end either
        databases = tuple(name for name, of_group in listed.group_of.items() if of_group == group)
        target = dataclasses.replace(target, hostnames=listed.of_group.get(group, ()))
        found[GROUP, target.id] = Place(target, group, databases)
    return found
