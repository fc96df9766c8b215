# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The endpoints of databases and groups: look-ups, minting SQL tokens, and invalidating them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .answers import Answer
from .sql import granted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .sql import Database
    from .state import State, Token

CALLS = frozenset({"databases", "database", "group", "mint", "invalidate"})


def answer(
    state: State,
    caller: Token,
    call: str,
    arguments: tuple[str, ...],
    query: Mapping[str, str],
    body: Mapping[str, Any],
) -> Answer:
    """Do what a call asks, in one transaction.

    :raises Refusal: it may not, or there is no such thing.
    """
    with state.lock:
        if call == "databases":
            return databases(state, caller, arguments[0], query.get("group"), query.get("cursor"))
        if call == "database":
            return Answer.json(200, {"database": told(looked_up(state, caller, *arguments))})
        if call == "group":
            return group(state, caller, *arguments)
        if call == "mint":
            return mint(state, caller, arguments, query, body)
        return invalidate(state, caller, *arguments)


def databases(state: State, caller: Token, organization: str, of_group: str | None, cursor: str | None) -> Answer:
    """List databases, page after page; the cursor is the id of the first one of a page."""
    state.reach(caller, organization, "read", of_group or caller.group)
    found = [told(each) for each in state.sql.of_group(organization, of_group or caller.group)]
    ids = [each["DbId"] for each in found]
    found = found[ids.index(cursor) :] if cursor in ids else found
    page = state.behaviour.databases_in_pages
    if page is None or len(found) <= page:
        return Answer.json(200, {"databases": found})
    return Answer.json(200, {"databases": found[:page], "pagination": {"next": found[page]["DbId"]}})


def looked_up(state: State, caller: Token, organization: str, name: str) -> Database:
    state.reach(caller, organization, "read", caller.group)
    database = state.sql.database(organization, name)
    state.reach(caller, organization, "read", database.group)
    return database


def group(state: State, caller: Token, organization: str, name: str) -> Answer:
    known = state.reach(caller, organization, "read", name).groups
    group_id = state.sql.group_id(organization, name, known)
    return Answer.json(
        200, {"group": {"name": name, "uuid": group_id, "locations": ["lhr"], "primary": "lhr", "version": "v0.23.7"}}
    )


def mint(
    state: State, caller: Token, arguments: tuple[str, ...], query: Mapping[str, str], body: Mapping[str, Any]
) -> Answer:
    organization, level, name = arguments
    if level == "databases":
        database = state.sql.database(organization, name)
        state.reach(caller, organization, "db:mint-token", database.group)
        target = {"id": database.id, "database": name}
    else:
        known = state.reach(caller, organization, "group:mint-token", name).groups
        target = {"gid": state.sql.group_id(organization, name, known), "group": name}
    expiration, authorization = query.get("expiration", "never"), query.get("authorization", "full-access")
    token = state.sql.mint(organization, target, authorization, expiration, granted(body))
    state.changed()
    return Answer.json(200, {"jwt": token.secret})


def invalidate(state: State, caller: Token, organization: str, level: str, name: str) -> Answer:
    """End every SQL token of a database or a group. The body of the answer is empty."""
    if level == "databases":
        database = state.sql.database(organization, name)
        state.reach(caller, organization, "db:rotate-creds", database.group)
        state.sql.invalidate(organization, database=name)
    else:
        known = state.reach(caller, organization, "group:rotate-creds", name).groups
        state.sql.group_id(organization, name, known)
        state.sql.invalidate(organization, group=name)
    state.changed()
    return Answer(200)


def told(database: Database) -> dict[str, Any]:
    """Return a database as the API tells it."""
    return {
        "Name": database.name,
        "DbId": database.id,
        "Hostname": database.hostname,
        "block_reads": database.blocks_reads,
        "block_writes": database.blocks_writes,
        "regions": ["lhr"],
        "primaryRegion": "lhr",
        "group": database.group,
        "delete_protection": False,
        "parent": None,
    }
