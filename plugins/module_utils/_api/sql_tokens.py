# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls about SQL tokens of the Turso Platform API, one method a call, and the nouns that they are about.

Private to this collection. The API keeps no record of a SQL token: it can be minted, and all of a database or a group can be
invalidated together; one alone can neither be listed nor revoked. See https://docs.turso.tech/api-reference/databases.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api import advice
from ansible_collections.community.turso.plugins.module_utils._api.answers import Answer
from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.grants import Grants
from ansible_collections.community.turso.plugins.module_utils._api.listing import text_or_none
from ansible_collections.community.turso.plugins.module_utils._api.pages import cursor_in, goes_on
from ansible_collections.community.turso.plugins.module_utils._api.urls import is_bearer

DATABASE, GROUP = "database", "group"
MOST_PAGES = 100  # of a list
MOST_HOSTS = 3  # of a group's databases: one that answers is enough

_PLURALS = {DATABASE: "databases", GROUP: "groups"}
_MINTS = {DATABASE: "db:mint-token", GROUP: "group:mint-token"}
_INVALIDATES = {DATABASE: "db:rotate-creds", GROUP: "group:rotate-creds"}


@dataclasses.dataclass(frozen=True)
class Name:
    """What a playbook calls a database or a group: its organization, which of the two it is, and its name."""

    organization: str
    level: str
    name: str

    def __str__(self) -> str:
        return f"{self.level} {self.name!r}"

    def as_result(self) -> dict[str, str | None]:
        """Return it as modules return it: by all three options, of which the other level's is none."""
        return {"organization": self.organization, DATABASE: None, GROUP: None, self.level: self.name}


@dataclasses.dataclass(frozen=True)
class Target:
    """A database or a group as the API knows it.

    :ivar id: what a token's claims have to name.
    :ivar hostnames: where a token can be tried; of a group's databases a few. Empty texts stand for what the API did not tell.
    """

    name: Name
    id: str
    hostnames: tuple[str, ...] = ()

    @property
    def hostname(self) -> str | None:
        """Return where the database is, none for a group."""
        return (next(iter(self.hostnames), None) or None) if self.name.level == DATABASE else None


@dataclasses.dataclass(frozen=True)
class Clock:
    """A time, and whether it was the API that told it."""

    moment: datetime.datetime
    is_told: bool

    @classmethod
    def of(cls, answer: Answer) -> Clock:
        return cls(answer.moment, answer.is_dated)


@dataclasses.dataclass(frozen=True)
class Databases:
    """A list of an organization's databases.

    :ivar group_of: the group of each database, by its name.
    :ivar is_whole: all of it was read. Else the API says that it goes on, and nothing else comes: what is missing then proves nothing.
    """

    of_name: Mapping[str, Target]
    of_group: Mapping[str, tuple[str, ...]]
    clock: Clock
    is_whole: bool
    group_of: Mapping[str, str] = dataclasses.field(default_factory=dict)


class SqlTokens:
    """The databases and groups that the credential reaches, and the SQL tokens for them.

    :param on_secret: is given every secret before anything else can happen to it.
    """

    def __init__(self, api: Api, on_secret: Callable[[str], None]) -> None:
        self.api = api
        self._on_secret = on_secret

    def database(self, name: Name) -> tuple[Target, Clock]:
        """Look a database up. Source: GET /v1/organizations/{slug}/databases/{name}.

        :raises NotFound: there is none of that name.
        """
        what = f"look up the {name} in the organization {name.organization!r}"
        answer = self._get(name.organization, "databases", name.name, what=what)
        entry = answer.data.get("database")
        target = _target_in(entry, name.organization)
        if target is None:
            raise answer.unexpected(what, "the database's DbId")
        return dataclasses.replace(target, name=name), Clock.of(answer)

    def group(self, name: Name) -> tuple[Target, Clock]:
        """Look a group up, without its databases. Source: GET /v1/organizations/{slug}/groups/{group}.

        :raises NotFound: there is none of that name.
        """
        what = f"look up the {name} in the organization {name.organization!r}"
        answer = self._get(name.organization, "groups", name.name, what=what)
        entry = answer.data.get("group")
        group_id = text_or_none(entry.get("uuid")) if isinstance(entry, dict) else None
        if group_id is None:
            raise answer.unexpected(what, "the group's uuid")
        return Target(name, group_id), Clock.of(answer)

    def databases(self, organization: str, group: str | None = None) -> Databases:
        """List the databases of an organization, or of one group. Source: GET /v1/organizations/{slug}/databases?cursor=…"""
        what = f"list the databases of the organization {organization!r}"
        query, cursors, entries = {} if group is None else {"group": group}, [""], []
        while True:
            answer = self._get(organization, "databases", what=what, query=query)
            page = answer.data.get("databases")
            if not isinstance(page, list) or answer.data.get("error"):
                raise answer.unexpected(what, "a list of databases")
            entries += page
            cursor = cursor_in(answer.data)
            if cursor in cursors or len(cursors) == MOST_PAGES:
                break
            cursors.append(cursor)
            query = {**query, "cursor": cursor}
        of_name: dict[str, Target] = {}
        of_group: dict[str, tuple[str, ...]] = {}
        group_of: dict[str, str] = {}
        for entry in entries:
            target = _target_in(entry, organization)
            if target is not None:
                of_name[target.name.name] = target
                name_of_group = str(entry.get("group") or group)
                of_group[name_of_group] = (*of_group.get(name_of_group, ()), *target.hostnames)[:MOST_HOSTS]
                group_of[target.name.name] = name_of_group
        return Databases(of_name, of_group, Clock.of(answer), not goes_on(answer.data), group_of)

    def mint(
        self,
        name: Name,
        *,
        expiration: str,
        authorization: str,
        permissions: Grants | None = None,
        fresh: bool = False,
    ) -> tuple[str, Answer]:
        """Mint a SQL token and return its value. Source: POST /v1/organizations/{slug}/{level}s/{name}/auth/tokens.

        :param expiration: `never`, or a duration such as 2w1d30m.
        :param fresh: use no connection that was used before.
        :raises TursoError: ambiguous tells whether a token may have been minted all the same.
        """
        what = f"mint a SQL token for the {name}"
        answer = self.api.request(
            "POST",
            *_path_of(name),
            "tokens",
            what=what,
            query={"expiration": expiration, "authorization": authorization},
            body=None if permissions is None else {"fine_grained_permissions": permissions.as_body()},
            fresh=fresh,
            advice=advice.on_sql_tokens(_MINTS[name.level], name.level),
        )
        secret = text_or_none(answer.data.get("jwt"))
        if secret is not None and secret != name.name:
            self._on_secret(secret)
        if secret is None or not is_bearer(secret):
            raise answer.unexpected(what, "the new token (jwt)")
        return secret, answer

    def invalidate(self, name: Name, *, is_repeated: bool = True) -> Clock:
        """End every SQL token of a database or a group. Source: POST /v1/organizations/{slug}/{level}s/{name}/auth/rotate.

        It has no body and may be repeated, as long as nothing was minted since.

        :param is_repeated: whether it is sent again where an answer is lost or a limit refuses it; else it is sent once.
        """
        answer = self.api.request(
            "POST",
            *_path_of(name),
            "rotate",
            what=f"invalidate the SQL tokens of the {name}",
            tries=None if is_repeated else 1,
            repeatable=is_repeated,
            may_be_empty=True,
            advice=advice.on_sql_tokens(_INVALIDATES[name.level], name.level),
        )
        if answer.data:  # what answers something else may not be the API, and a death must not be reported by hearsay
            raise answer.unexpected(f"invalidate the SQL tokens of the {name}", "an empty body")
        return Clock.of(answer)

    def _get(self, organization: str, *segments: str, what: str, query: Mapping[str, str] | None = None) -> Answer:
        level = GROUP if segments[0] == "groups" else DATABASE
        path = ("v1", "organizations", organization, *segments)
        return self.api.request("GET", *path, what=what, query=query, advice=advice.on_sql_tokens("read", level))


def _path_of(name: Name) -> tuple[str, ...]:
    return ("v1", "organizations", name.organization, _PLURALS[name.level], name.name, "auth")


def _target_in(entry: Any, organization: str) -> Target | None:
    """Return the database that an entry tells, none where nothing can be decided on it."""
    told = entry if isinstance(entry, dict) else {}
    name, database_id, hostname = (text_or_none(told.get(key)) for key in ("Name", "DbId", "Hostname"))
    if database_id is None or name is None:
        return None
    return Target(Name(organization, DATABASE, name), database_id, (hostname or "",))
