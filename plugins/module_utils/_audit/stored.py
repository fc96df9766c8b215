# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SQL tokens that the vault file holds, judged by what they claim; no list of the API has them. Pure and private.

No value is kept here, only its claims.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from ansible_collections.community.turso.plugins.module_utils._api.claims import SQL, Claims, claims_of
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import DEAD, NO
from ansible_collections.community.turso.plugins.module_utils._rotation.state import TokenState
from ansible_collections.community.turso.plugins.module_utils._sql_token.durations import seconds_in
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

A_RUN = datetime.timedelta(days=1)  # for the rotation that renews what is due since today
DATABASE, GROUP = "database", "group"


@dataclasses.dataclass(frozen=True)
class Stored:
    """A SQL token in the vault file.

    :ivar name: what the file calls it, which is the name of its managed token.
    :ivar entry: what the rotation file says of that; empty where there is none.
    :ivar state: what the state file says of it; none where there is none.
    :ivar probed: what came of trying it; no where nobody did.
    :ivar place: what the API calls what it is for, such as "database shop"; none where nobody asked or it is not there.
    :ivar is_lost: the API was asked, and has nothing that it is for.
    """

    name: str
    claims: Claims
    entry: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    state: TokenState | None = None
    probed: str = NO
    place: str | None = None
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
    def identity(self) -> str:
        """Return what it claims to be for, such as "database 0eb771dd-...": unverified."""
        level = GROUP if self.claims.database_id is None else DATABASE
        return f"{level} {self.claims.database_id or self.claims.group_id or '(none)'}"

    @property
    def renew_before(self) -> datetime.timedelta:
        """Return how long before its end the rotation renews it: as the entry says, else a third of its time.

        :raises InvalidRequest: the entry says what is no duration.
        """
        written = self.entry.get("renew_before")
        if written:
            return datetime.timedelta(seconds=seconds_in("renew_before", str(written)))
        issued, end = self.claims.issued_at, self.claims.expires_at
        return datetime.timedelta(0) if issued is None or end is None else (end - issued) / 3


def sql_values(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that say of themselves that they are SQL tokens, by name."""
    return {name: value for name, value in values.items() if claims_of(value).kind == SQL}


def stored_of(
    values: Mapping[str, str], entries: Mapping[str, Mapping[str, Any]], states: Mapping[str, TokenState]
) -> list[Stored]:
    """Return what is known of SQL tokens before anybody tries them.

    :param values: by name; none of it is kept.
    """
    return [Stored(name, claims_of(value), entries.get(name, {}), states.get(name)) for name, value in values.items()]


def with_probes(found: Sequence[Stored], probes: Mapping[str, Mapping[str, Any]]) -> list[Stored]:
    """Return the same with what came of trying them, by name."""
    return [dataclasses.replace(each, **probes.get(each.name, {})) for each in found]


def lasting_of(stored: Stored) -> Iterator[tuple[str, str]]:
    """Yield what a token says whatever day it is: rules and sentences."""
    if stored.claims.expires_at is None:
        yield "endless", f"{stored.label} never ends, and cannot be revoked alone."
    why = next((said for check in FOREIGN for said in [check(stored)] if said), None)
    if why is not None:
        yield "foreign", f"{stored.label} is for the {stored.identity}, {why}."


def findings_of(stored: Stored, now: datetime.datetime) -> Iterator[tuple[str, str]]:
    """Yield everything that the rules find in a token: rules and sentences."""
    yield from lasting_of(stored)
    end = stored.claims.expires_at
    if end is not None and end <= now:
        yield "expired", f"{stored.label} ended {utc_text(end)}: whoever uses it is locked out."
    elif end is not None and end - now < stored.renew_before - A_RUN:
        yield "expiring", f"{stored.label} ends {utc_text(end)}, and should have been renewed by now."
    if stored.probed == DEAD:
        yield "dead", f"{stored.label} is rejected by the database: whoever uses it is locked out."
    elif _is_invalidated(stored):
        yield "dead", f"{stored.label} was minted before all were invalidated, and counts as dead."


def _is_invalidated(stored: Stored) -> bool:
    memory = None if stored.state is None else stored.state.sql
    return memory is not None and memory.is_invalidated(stored.claims)


def _is_of_the_other_level(stored: Stored) -> str | None:
    if stored.entry.get("kind") != "sql":
        return None
    level = DATABASE if stored.entry.get(DATABASE) else GROUP
    return (
        None if stored.identity.startswith(level) else f"and its entry is for the {level} {stored.entry.get(level)!r}"
    )


def _is_not_the_remembered(stored: Stored) -> str | None:
    """The state file remembers what the token in use is for: a database that was made anew has another id."""
    current = None if stored.state is None else stored.state.current
    claims = None if current is None else current.claims
    if claims is None or {stored.claims.database_id, stored.claims.group_id} == {claims.database_id, claims.group_id}:
        return None
    return "and the token in use is for another one by the state file"


def _is_not_there(stored: Stored) -> str | None:
    return "which the organization does not have" if stored.is_lost else None


def _is_elsewhere(stored: Stored) -> str | None:
    level = DATABASE if stored.entry.get(DATABASE) else GROUP
    expected = f"{level} {stored.entry.get(level)}"
    if stored.place in (None, expected) or not stored.entry:
        return None
    return f"which is the {stored.place}, and its entry is for the {expected}"


FOREIGN: tuple[Callable[[Stored], str | None], ...] = (
    _is_of_the_other_level,
    _is_not_there,
    _is_elsewhere,
    _is_not_the_remembered,
)


def told_of(stored: Stored) -> dict[str, Any]:
    """Return what the report has of a token, whatever day it is. Never its value."""
    claims = stored.claims
    return {
        "name": stored.name,
        "database_id": claims.database_id,
        "group_id": claims.group_id,
        "authorization": claims.authorization,
        "permissions": None if claims.permissions is None else claims.permissions.as_result(),
        "issued_at": None if claims.issued_at is None else utc_text(claims.issued_at),
        "expires_at": None if claims.expires_at is None else utc_text(claims.expires_at),
    }
