# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a credential says of itself, without asking anybody: its kind, its id, its end.

Private to this collection. Claims are not verified. They inform the user, and an id is compared with ids that the API
listed; they never decide what is revoked.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime
import json
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.grants import Grants
from ansible_collections.community.turso.plugins.module_utils._time import from_unix, maybe_utc_text

API, GROUP, SESSION, SQL = "api", "group", "session", "sql"
AUTHORIZATIONS = {"rw": "full-access", "ro": "read-only"}
LONGEST_IDENTITY = 200  # characters; real ones have 36

_FORM = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}")


@dataclasses.dataclass(frozen=True)
class Claims:
    """What a JSON Web Token claims.

    kind is one of api, group (an API token that is pinned to a group), session (a login of the CLI), sql (a token of a
    database or of a group's databases), or none where it cannot be told. What only SQL tokens have is none for others.

    :ivar id: of an API token.
    :ivar database_id: of the database that a SQL token is for; one for a group has a group_id instead, as API tokens of a
        group have.
    :ivar permissions: none for whatever the authorization allows.
    """

    kind: str | None = None
    id: str | None = None
    expires_at: datetime.datetime | None = None
    issued_at: datetime.datetime | None = None
    database_id: str | None = None
    group_id: str | None = None
    authorization: str | None = None
    permissions: Grants | None = None

    @property
    def never_expires(self) -> bool | None:
        """Tell whether the token says that it has no end; none for a credential that does not say what it is."""
        return None if self.kind is None else self.expires_at is None and self.kind != SESSION

    def as_result(self) -> dict[str, Any]:
        """Return what a SQL token claims, as modules return it and as the state file holds it."""
        return {
            "database_id": self.database_id,
            "group_id": self.group_id,
            "authorization": self.authorization,
            "permissions": None if self.permissions is None else self.permissions.as_result(),
            "issued_at": maybe_utc_text(self.issued_at),
            "expires_at": maybe_utc_text(self.expires_at),
        }


def unwrapped(value: str) -> str:
    """Return a token that somebody pasted without the white space and the line breaks that came with it."""
    return "".join(value.split())


def claims_of(secret: str) -> Claims:
    """Return what a credential claims; nothing where it is not a JSON Web Token."""
    parts = secret.split(".")
    header, payload = (_object(part) for part in parts[:2]) if len(parts) == 3 else ({}, {})
    kind = _kind(header, payload)
    claims = Claims(
        kind, _text(payload.get("jti")), from_unix(payload.get("exp")), issued_at=from_unix(payload.get("iat"))
    )
    if kind == GROUP:
        return dataclasses.replace(claims, group_id=_identity(payload["group_uuid"]))
    if kind != SQL:
        return claims
    return dataclasses.replace(
        claims,
        database_id=_identity(payload.get("id")),
        group_id=_identity(payload.get("gid")),
        authorization=AUTHORIZATIONS.get(str(payload.get("a"))),
        permissions=Grants.claimed(payload.get("perm")),
    )


def claims_of_whole(secret: str) -> Claims:
    """Return what a credential claims; nothing where it is not a whole JSON Web Token, and that alone.

    base64 is decoded whatever else stands in it: in quotes, a value claims what it does without them, and works no more.
    """
    return claims_of(secret) if _FORM.fullmatch(secret) else Claims()


def jti_of(secret: str) -> str | None:
    """Return the id that a credential claims for itself, else none."""
    return claims_of(secret).id


def moment_in(seconds: Any) -> datetime.datetime | None:
    """Return the moment that is so many seconds after 1970, none where that is no moment or not after 1970."""
    moment = from_unix(seconds)
    return moment if moment is not None and moment.timestamp() > 0 else None


def _kind(header: Mapping[str, Any], payload: Mapping[str, Any]) -> str | None:
    """Tell the kinds apart by the claims that only one of them has."""
    if header.get("alg") == "RS256" and {"exp", "iss", "sub"} <= payload.keys():
        return SESSION
    if "jti" in payload and "exp" not in payload:
        return GROUP if payload.get("group_uuid") else API
    if "jti" not in payload and payload.keys() & {"id", "gid"} and payload.keys() & {"rid", "a", "perm"}:
        # An end that is no moment must not be taken for no end.
        return SQL if payload.get("exp") is None or moment_in(payload["exp"]) is not None else None
    return None


def _object(part: str) -> dict[str, Any]:
    """Return the JSON object in one part of a JSON Web Token, an empty one where there is none."""
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=="))  # at most two are missing, and more do no harm
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _identity(value: Any) -> str | None:
    """Return an id that can be shown as it is."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_IDENTITY and value.isprintable() else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
