# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Token ids and values that look like the service's: a UUID of version 1 as base64url, and a JSON Web Token."""

from __future__ import annotations

import base64
import json
import os
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

GREGORIAN = datetime(1582, 10, 15, tzinfo=timezone.utc)  # where UUIDs begin to count
KEY_ID = "sim-" + uuid.uuid4().hex[:12]


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _segment(claims: dict[str, Any]) -> str:
    return _base64url(json.dumps(claims, separators=(",", ":")).encode())


def new_id(created: datetime | None = None) -> str:
    """Return an id like ``clGFZ4STEe6fljpFzIum8A``: a UUID of version 1, which tells when it was made."""
    moment = created or datetime.now(timezone.utc)
    ticks = int((moment - GREGORIAN) / timedelta(microseconds=1)) * 10 + secrets.randbelow(10)
    made = uuid.UUID(
        fields=(
            ticks & 0xFFFFFFFF,
            ticks >> 32 & 0xFFFF,
            ticks >> 48 & 0x0FFF | 1 << 12,
            secrets.randbelow(64) | 0x80,
            secrets.randbelow(256),
            secrets.randbits(48) | 1 << 40,
        )
    )
    return _base64url(made.bytes)


def mint_jwt(
    token_id: str,
    *,
    issued_at: int,
    subject: str,
    expires: int | None = None,
    carries_jti: bool = True,
    pinned: Mapping[str, Any] | None = None,
) -> str:
    """Return a value of some 400 characters whose signature is noise: only the simulator ever checks it.

    :param pinned: the claims that only a token of a group has.
    """
    claims: dict[str, Any] = {
        "aud": "https://api.turso.tech",
        "iat": issued_at,
        "iss": "turso-simulator",
        "sub": subject,
        "uid": str(uuid.uuid4()),
        "nonce": _base64url(os.urandom(32)),
        **(pinned or {}),
    }
    if carries_jti:
        claims["jti"] = token_id
    if expires is not None:
        claims["exp"] = expires
    header = {"alg": "EdDSA", "kid": KEY_ID, "typ": "JWT"}
    return ".".join((_segment(header), _segment(claims), _base64url(os.urandom(64))))


def is_jwt(secret: str) -> bool:
    """Tell whether a value has the three segments of a JSON Web Token."""
    return secret.count(".") == 2


def read_jti(secret: str) -> str | None:
    """Return the ``jti`` of anything shaped like a JSON Web Token, else None."""
    parts = secret.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    jti = claims.get("jti") if isinstance(claims, dict) else None
    return jti if isinstance(jti, str) else None
