# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a line of output calls a token. Never its value.

Private to this collection.
"""

from __future__ import annotations

from typing import Any


def description_of(token: dict[str, Any]) -> str:
    """Return what tells a token object from others: its name, its id, and how far it reaches."""
    if token.get("kind") == "sql":
        of = next(f"{level} {token[level]!r}" for level in ("database", "group") if token[level])
        return f"SQL token of the {of} ({token['authorization']}, expires_at {token['expires_at']})"
    known = [("id", token.get("id")), *((key, token.get(key)) for key in ("organization", "group", "permissions"))]
    told = [f"{key} {value}" for key, value in known if value]
    if token.get("restriction") == "unrestricted":
        told.append("unrestricted")
    return f"token {token.get('name')!r} ({', '.join(told)})"
