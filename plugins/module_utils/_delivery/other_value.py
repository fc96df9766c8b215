# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say whose a value is that stands where another one was delivered. Pure. Private to this collection."""

from __future__ import annotations

import datetime
from typing import Optional

from ansible_collections.community.turso.plugins.module_utils._api.claims import Claims, claims_of

Moment = Optional[datetime.datetime]


def whose(value: str, ours: str | None = None) -> str:
    """Return a sentence about another value, by what it claims for itself; it shows nothing of the value.

    :param value: what was found.
    :param ours: what was delivered, to tell newer from older.
    """
    if not value:
        return "It is empty."
    claims = claims_of(value)
    facts = [
        *([f"the id {claims.id}"] if claims.id and claims.id.isprintable() else []),
        *([f"issued at {claims.issued_at:%Y-%m-%dT%H:%M:%SZ}"] if claims.issued_at else []),
        *([f"ends at {claims.expires_at:%Y-%m-%dT%H:%M:%SZ}"] if claims.expires_at else []),
    ]
    if not facts:
        return "It holds another value, which says nothing of itself."
    return f"It holds another token ({', '.join(facts)}){_age(claims, ours)}."


def _age(claims: Claims, ours: str | None) -> str:
    own = claims_of(ours).issued_at if ours else None
    if claims.issued_at is None or own is None or claims.issued_at == own:
        return ""
    if claims.issued_at > own:
        return ", which is newer: another run may have delivered it"
    return ", which is older: the delivery was undone, or never arrived"
