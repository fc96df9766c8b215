# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say whose a value is that stands where another one was delivered. Pure. Private to this collection."""

from __future__ import annotations

from ansible_collections.community.turso.plugins.module_utils._api.claims import claims_of


def whose(found: str, ours: str | None = None) -> str:
    """Say of which token a value is, as far as it tells, as the end of a sentence; it shows nothing of the value.

    :param found: the other value.
    :param ours: what was delivered, to tell newer from older.
    """
    claims, own = claims_of(found), claims_of(ours or "")
    if claims.issued_at is None and claims.id is None:
        return ", which is not a token that can be identified"
    said = [f"of the token with the id {claims.id}"] if claims.id else []
    if claims.issued_at is not None:
        said.append(f"issued at {claims.issued_at:%Y-%m-%d %H:%M:%S} UTC")
        if own.issued_at is not None and own.issued_at != claims.issued_at:
            age = "newer" if claims.issued_at > own.issued_at else "older"
            said.append(f"{age} than the one delivered")
    return f": {', '.join(said)}"
