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
from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._time import from_unix

API, GROUP, SESSION, SQL = "api", "group", "session", "sql"


@dataclasses.dataclass(frozen=True)
class Claims:
    """What a JSON Web Token claims.

    kind is one of api, group (an API token that is pinned to a group), session (a login of the CLI), sql (a token of a
    database or of a group's databases), or none where it cannot be told.
    """

    kind: str | None = None
    id: str | None = None
    expires_at: datetime.datetime | None = None
    issued_at: datetime.datetime | None = None


def claims_of(secret: str) -> Claims:
    """Return what a credential claims; nothing where it is not a JSON Web Token."""
    parts = secret.split(".")
    header, payload = (_object(part) for part in parts[:2]) if len(parts) == 3 else ({}, {})
    return Claims(
        _kind(header, payload),
        _text(payload.get("jti")),
        moment_in(payload.get("exp")),
        moment_in(payload.get("iat")),
    )


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
        return SQL
    return None


def _object(part: str) -> dict[str, Any]:
    """Return the JSON object in one part of a JSON Web Token, an empty one where there is none."""
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
