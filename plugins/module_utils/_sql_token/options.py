# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a playbook asks for one SQL token, read once and refused before the first request where it cannot be meant.

Private to this collection.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import (
    API,
    GROUP,
    SESSION,
    SQL,
    Claims,
    claims_of_whole,
)
from ansible_collections.community.turso.plugins.module_utils._api.credential import refuse_wrapped
from ansible_collections.community.turso.plugins.module_utils._api.grants import ACTIONS, ALL_TABLES, Grants
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import DATABASE, Name
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import GROUP as GROUP_LEVEL
from ansible_collections.community.turso.plugins.module_utils._errors import BadOption
from ansible_collections.community.turso.plugins.module_utils._sql_token.durations import seconds_in
from ansible_collections.community.turso.plugins.module_utils._token.decide import checked_segment

FULL_ACCESS, READ_ONLY = "full-access", "read-only"
NEVER = "never"
DEFAULT_EXPIRES_IN = "90d"
SHORTEST_SECONDS = 3600
SHARE_LEFT = 3  # a new token is due in the last third of the time of the old one

_OTHER_KINDS = {
    API: "an API token",
    GROUP: "an API token of a group",
    SESSION: "a login session of the Turso CLI",
    None: "not a SQL token: it is not a complete JSON Web Token, or it names no database and no group",
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is asked for one SQL token.

    :ivar authorization: what is asked of the API: read-only wherever the permissions only read.
    :ivar expiration: as it is asked of the API: never, or a duration.
    :ivar expires_in: the same in seconds, none for never.
    :ivar renew_before: how many seconds before its end a token is replaced.
    :ivar current: the value that one has, none where one has none.
    :ivar claims: what that value claims, not verified.
    """

    name: Name
    authorization: str = FULL_ACCESS
    permissions: Grants | None = None
    expiration: str = DEFAULT_EXPIRES_IN
    expires_in: int | None = 90 * 86400
    renew_before: int = 30 * 86400
    current: str | None = dataclasses.field(default=None, repr=False)
    claims: Claims | None = None
    validate: bool = True
    force: bool = False

    @classmethod
    def from_params(cls, params: Mapping[str, Any], where: str = "") -> Wanted:
        """Read and check the options of one token.

        :param where: put before every message: which of many items this is.
        :raises BadOption: for options that do not go together.
        """
        try:
            return cls._read(params)
        except BadOption as exc:
            raise BadOption(where + exc.problem, exc.remedy) from exc

    @classmethod
    def _read(cls, params: Mapping[str, Any]) -> Wanted:
        name = name_in(params)
        permissions = _permissions(params.get("permissions"))
        written = params.get("expires_in")
        expiration = DEFAULT_EXPIRES_IN if written is None else written
        expires_in = _expires_in(expiration)
        current = params.get("current") or None
        return cls(
            name=name,
            authorization=_authorization(params.get("authorization") or FULL_ACCESS, permissions),
            permissions=permissions,
            expiration=expiration,
            expires_in=expires_in,
            renew_before=_renew_before(params.get("renew_before"), expiration, expires_in),
            current=current,
            claims=None if current is None else sql_claims("current", current),
            validate=params.get("validate", True),
            force=params.get("force", False),
        )

    @property
    def label(self) -> str:
        """Return what messages call this token."""
        return f"SQL token of the {self.name}"


def name_in(params: Mapping[str, Any]) -> Name:
    """Return the database or the group that options name.

    :raises BadOption: where they name none, both, or what cannot be one.
    """
    for option in ("organization", DATABASE, GROUP_LEVEL):
        checked_segment(option, params.get(option))
    organization, database, group = (params.get(option) for option in ("organization", DATABASE, GROUP_LEVEL))
    if organization is None:
        raise BadOption(
            "organization is missing.", "Set the slug of the organization that has the database or the group."
        )
    if (database is None) == (group is None):
        given = "were both given" if database is not None else "are both missing"
        raise BadOption(f"database and group {given}.", "Set exactly one of them.")
    return (
        Name(organization, DATABASE, database) if database is not None else Name(organization, GROUP_LEVEL, str(group))
    )


def sql_claims(option: str, value: str) -> Claims:
    """Return what a SQL token claims.

    :raises BadOption: for a value that is none by its form. The value is not shown.
    """
    refuse_wrapped(option, value)
    claims = claims_of_whole(value)
    if claims.kind != SQL:
        raise BadOption(
            f"{option} is {_OTHER_KINDS[claims.kind]}.",
            "Set the value of a SQL token, or leave it empty if there is none yet.",
        )
    return claims


def _expires_in(text: str) -> int | None:
    if text == NEVER:
        return None
    seconds = seconds_in("expires_in", text)
    if seconds < SHORTEST_SECONDS:
        raise BadOption(f"expires_in is {text!r}: too short to replace the token in time.", "Set at least 1h.")
    return seconds


def _renew_before(text: str | None, expiration: str, expires_in: int | None) -> int:
    if expires_in is None:
        if text is not None:
            raise BadOption("renew_before is for tokens that end.", "Leave it out, or set expires_in to a duration.")
        return 0
    if text is None:
        return expires_in // SHARE_LEFT
    seconds = seconds_in("renew_before", text)
    if seconds >= expires_in:
        raise BadOption(
            f"renew_before ({text}) is not less than expires_in ({expiration}), so every run would mint another token.",
            "Set a shorter renew_before.",
        )
    return seconds


def _authorization(asked: str, permissions: Grants | None) -> str:
    """Return the authorization to ask for: the least that the permissions need."""
    if permissions is None:
        return asked
    if asked == READ_ONLY and not permissions.only_reads:
        writing = ", ".join(action for action in ACTIONS if action in permissions.actions and action != "data_read")
        raise BadOption(
            f"authorization=read-only contradicts the permissions, which allow {writing}.", "Correct one of the two."
        )
    return READ_ONLY if permissions.only_reads else FULL_ACCESS


def _permissions(written: Sequence[Mapping[str, Any]] | None) -> Grants | None:
    """Read the fine-grained permissions. A mistake in them would fail open, so nothing is passed over."""
    if written is None:
        return None
    if not written:
        raise BadOption(
            "permissions is empty, which would give the token everything that authorization allows.",
            "Set at least one item, or leave the option out if you want that.",
        )
    pairs: list[tuple[str | None, str]] = []
    for index, each in enumerate(written):
        tables = _tables(f"permissions[{index}].tables", each.get("tables") or [])
        actions = _actions(f"permissions[{index}].actions", each.get("actions") or [])
        pairs += [(table, action) for table in tables for action in actions]
    return Grants.of(pairs)


def _tables(where: str, written: Sequence[str]) -> list[str | None]:
    """Return the tables, none for all of them."""
    if not written or not all(table.strip() for table in written):
        raise BadOption(f"{where} names no table.", 'Name at least one; ["*"] means all of them.')
    if ALL_TABLES in written and len(written) > 1:
        raise BadOption(f'{where} has "*" and names of tables.', 'Set ["*"], or the names alone.')
    return [None if table == ALL_TABLES else table for table in written]


def _actions(where: str, written: Sequence[str]) -> Sequence[str]:
    unknown = [action for action in written if action not in ACTIONS]
    if unknown or not written:
        told = f"has {', '.join(map(repr, unknown))}" if unknown else "is empty"
        raise BadOption(f"{where} {told}.", f"Set at least one of {', '.join(ACTIONS)}, and nothing else.")
    return written
