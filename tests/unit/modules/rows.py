# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tables of the modules' tests share."""

from __future__ import annotations

from typing import Any

NINE = [
    "db:configure",
    "db:create",
    "db:delete",
    "db:mint-token",
    "db:rotate-creds",
    "group:configure",
    "group:mint-token",
    "group:rotate-creds",
    "read",
]
OWN = "/v1/auth/api-tokens"
ACMES = "/v1/organizations/acme/api-tokens"

IN_ACME: dict[str, Any] = {"organization": "acme"}
READER: dict[str, Any] = {"organization": "acme", "group": "production", "scopes": ["read"]}

NOT_NAMES = {"empty": "", "blank": " ", "tab": "\t", "dot": ".", "dots": "..", "surrogate": "a\ud800"}

ODD_NAMES = {
    "a/b": "a%2Fb",
    "../x": "..%2Fx",
    "ünï": "%C3%BCn%C3%AF",
    "a?b#c": "a%3Fb%23c",
    "%2e%2e": "%252e%252e",
    "...": "...",
    " a ": "%20a%20",
    "a\nb": "a%0Ab",
    "-": "-",
    "日本": "%E6%97%A5%E6%9C%AC",
}


def token(name: str | None, **known: Any) -> dict[str, Any]:
    """Return a token object, null where nothing is said."""
    unknown: dict[str, Any] = dict.fromkeys(
        (
            "id",
            "organization",
            "group",
            "scopes",
            "created_at",
            "age_days",
            "permissions",
            "owner",
            "description",
            "last_used_at",
        )
    )
    return {"name": name, "restriction": "unrestricted", **unknown, **known}


def failure(kind: str, **known: Any) -> dict[str, Any]:
    """Return the machine-readable half of a failure, null where nothing is said."""
    return {"kind": kind, "status": None, "method": None, "path": None, "api_message": None, "attempts": 0, **known}
