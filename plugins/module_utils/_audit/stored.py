# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SQL tokens that the vault file holds, by what they claim; no list of the API has them. Pure and private.

No value is kept here, only its claims.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from ansible_collections.community.turso.plugins.module_utils._api.claims import SQL, Claims, claims_of
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import NO
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State, TokenState
from ansible_collections.community.turso.plugins.module_utils._sql_token.durations import seconds_in
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import identity_in, name_written_in

NOWHERE = Name("", "", "")
AT_NO_TIME = datetime.datetime.max.replace(tzinfo=datetime.timezone.utc)


@dataclasses.dataclass(frozen=True)
class Expected:
    """What an entry of the rotation file says of a token.

    :ivar name: what it is for; all of it is empty where there is no entry with kind: sql.
    :ivar renew_before: how long before its end it is renewed; empty where the entry leaves that out.
    """

    name: Name = NOWHERE
    renew_before: str = ""


def expected_in(entries: Sequence[Mapping[str, Any]]) -> dict[str, Expected]:
    """Return what the entries of a rotation file say of SQL tokens, by name."""
    return {
        str(entry.get("name")): Expected(name_written_in(entry), str(entry.get("renew_before", "")))
        for entry in entries
        if entry.get("kind") == "sql"
    }


@dataclasses.dataclass(frozen=True)
class Stored:
    """A SQL token in the vault file.

    :ivar name: what the file calls it, which is the name of its managed token.
    :ivar state: what the state file says of that.
    :ivar probed: what came of trying it; no where nobody did.
    :ivar place: what the API calls what it is for, such as "database shop"; empty where nobody asked or it is not there.
    :ivar is_lost: the API was asked, and has nothing that it is for.
    """

    name: str
    claims: Claims
    expected: Expected = dataclasses.field(default_factory=Expected)
    state: TokenState = dataclasses.field(default_factory=TokenState)
    probed: str = NO
    place: str = ""
    is_lost: bool = False
    id: ClassVar[None] = None
    owner: ClassVar[None] = None
    owner_names: ClassVar[tuple[str, ...]] = ()

    @property
    def label(self) -> str:
        return f"SQL token {self.name!r} in the vault file"

    @property
    def order(self) -> tuple[str, str, str]:
        return self.name, self.name, ""

    @property
    def ref(self) -> dict[str, Any]:
        return {"name": self.name, "id": None, "owner": None}

    def is_named_like(self, pattern: str) -> bool:
        """Tell whether its name matches a shell pattern."""
        return fnmatchcase(self.name, pattern)

    @property
    def identity(self) -> tuple[str, str]:
        """Return the level and the id that it claims, unverified."""
        return identity_in(self.claims)

    @property
    def ends(self) -> datetime.datetime:
        """Return when it ends; the end of time where it never does."""
        return self.claims.expires_at or AT_NO_TIME

    @property
    def renew_before(self) -> datetime.timedelta:
        """Return how long before its end the rotation renews it: as the entry says, else a third of its time.

        :raises BadOption: the entry says what is no duration.
        """
        if self.expected.renew_before:
            return datetime.timedelta(seconds=seconds_in("renew_before", self.expected.renew_before))
        return (self.ends - (self.claims.issued_at or self.ends)) / 3


def sql_values(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that say of themselves that they are SQL tokens, by name."""
    return {name: value for name, value in values.items() if claims_of(value).kind == SQL}


def stored_of(values: Mapping[str, str], expected: Mapping[str, Expected], state: State) -> list[Stored]:
    """Return what is known of SQL tokens before anybody tries them.

    :param values: by name; none of it is kept.
    """
    return [
        Stored(name, claims_of(value), expected.get(name, Expected()), state.of(name)) for name, value in values.items()
    ]


def with_probes(found: Sequence[Stored], probes: Mapping[str, Mapping[str, Any]]) -> list[Stored]:
    """Return the same with what came of trying them, by name."""
    return [dataclasses.replace(each, **probes.get(each.name, {})) for each in found]


def told_of(stored: Stored) -> dict[str, Any]:
    """Return what the report has of a token, whatever day it is. Never its value."""
    return {"name": stored.name, **stored.claims.as_result()}
