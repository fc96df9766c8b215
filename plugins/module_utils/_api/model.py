# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nouns of the API as plain values: a token, its restriction, its scopes, its dates."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime
import json
from collections.abc import Iterable, Sequence
from typing import Any

SCOPES = (
    "read",
    "db:create",
    "db:delete",
    "db:configure",
    "db:mint-token",
    "db:rotate-creds",
    "group:configure",
    "group:mint-token",
    "group:rotate-creds",
)
PRESETS = {"read-only": ("read",), "full-access": SCOPES}


def expand_scopes(scopes: Iterable[str] | None) -> tuple[str, ...] | None:
    """Return the sorted set of single scopes that C(scopes) stands for; none and an empty list are the same."""
    expanded = {single for scope in scopes or () for single in PRESETS.get(scope, (scope,))}
    return tuple(sorted(expanded)) or None


@dataclasses.dataclass(frozen=True)
class Restriction:
    """What a token may act on. Two tokens are interchangeable exactly when these three are equal."""

    organization: str | None = None
    group: str | None = None
    scopes: tuple[str, ...] | None = None

    @property
    def level(self) -> str:
        if self.group is not None:
            return "group"
        return "unrestricted" if self.organization is None else "organization"

    @property
    def permissions(self) -> str | None:
        """Return the preset that the scopes amount to, V(custom), or none where scopes do not apply."""
        if self.scopes is None:
            return None
        presets = {expand_scopes([preset]): preset for preset in PRESETS}
        return presets.get(self.scopes, "custom")

    def differences(self, other: Restriction) -> list[str]:
        """Say, for each of the three that differs, what this has and what C(other) has."""
        told = []
        for field in dataclasses.fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            if mine != theirs:
                told.append(f"its {field.name} is {_told(mine)}, asked for is {_told(theirs)}")
        return told


def _told(value: str | Sequence[str] | None) -> str:
    if value is None:
        return "none"
    return repr(value) if isinstance(value, str) else "[" + ", ".join(value) + "]"


@dataclasses.dataclass(frozen=True)
class Token:
    """A token as the API lists it; never its secret.

    C(id) and C(created_at) are none for a token that does not exist yet (check mode), C(created_at) also in the
    answer to a create, which does not tell it.
    """

    name: str
    id: str | None
    restriction: Restriction = Restriction()
    created_at: str | None = None
    owner: dict[str, Any] | None = None
    description: str | None = None
    last_used_at: str | None = None

    @property
    def created_day(self) -> datetime.date | None:
        moment = moment_of(self.created_at)
        return None if moment is None else moment.date()

    def as_result(self, now: datetime.datetime) -> dict[str, Any]:
        """Return the token object that every module returns; C(now) is what its age is measured against."""
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


def moment_of(text: str | None) -> datetime.datetime | None:
    """Return the UTC moment that an ISO 8601 date or timestamp tells (a date tells its first second), else none."""
    if not text:
        return None
    try:
        moment = datetime.datetime.fromisoformat(_for_old_pythons(text.strip()))
        if moment.tzinfo is None:
            return moment.replace(tzinfo=datetime.timezone.utc)
        return moment.astimezone(datetime.timezone.utc)
    except (ValueError, OverflowError):
        return None


def utc_text(moment: datetime.datetime) -> str:
    """Return a moment in ISO 8601, UTC, to the second."""
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _for_old_pythons(text: str) -> str:
    """Rewrite what C(fromisoformat) cannot read before Python 3.11: a C(Z), and fractions that are not 3 or 6 digits."""
    if text[-1:] in "Zz":
        text = text[:-1] + "+00:00"
    head, dot, tail = text.partition(".")
    if not dot:
        return text
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[:digits][:6]:0<6}{tail[digits:]}"


def jti_of(secret: str) -> str | None:
    """Return the C(jti) that a JSON Web Token claims for itself, else none.

    Unverified data: good for comparing with ids that the API listed and for nothing else.
    """
    parts = secret.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None
    jti = payload.get("jti") if isinstance(payload, dict) else None
    return jti if isinstance(jti, str) and jti else None
