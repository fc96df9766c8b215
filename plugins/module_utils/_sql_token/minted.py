# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: hold a token that the API minted against what was asked for."""

from __future__ import annotations

import datetime

from ansible_collections.community.turso.plugins.module_utils._api.answers import Answer
from ansible_collections.community.turso.plugins.module_utils._api.claims import SQL, Claims, claims_of
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Target
from ansible_collections.community.turso.plugins.module_utils._sql_token.decide import differences, identity_of
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import Wanted
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

CLOCKS_DIFFER_SECONDS = 60
INVALIDATION = "community.turso.turso_sql_invalidation"


def checked(secret: str, answer: Answer, want: Wanted, target: Target) -> Claims:
    """Return what a new token claims.

    :raises UnexpectedResponse: it is not what was asked for, and so is not returned.
    """
    claims = of_target(secret, answer, want, target)
    found = differences(claims, want)
    if want.expires_in is not None and claims.expires_at is None:
        found.append(f"it never ends, expected an end after {want.expiration}")
    if found:
        raise answer.objection(
            f"The API minted the {want.label} with different settings: {'; '.join(found)}. It is not returned. "
            f"{ending_of(claims, target)}"
        )
    return claims


def of_target(secret: str, answer: Answer, want: Wanted, target: Target) -> Claims:
    claims = claims_of(secret)
    identity = identity_of(claims, target)
    if claims.kind != SQL or identity != target.id:
        raise answer.objection(
            f"Could not mint the {want.label}: the API returned a token for {identity or 'something else'}, and the "
            f"{target.name} is {target.id}. It is not returned. Check that api_url is the Turso Platform API. If the "
            f"{target.name.level} was just recreated, run this again."
        )
    return claims


def ending_of(claims: Claims, target: Target) -> str:
    """Return the sentence that says how a token that nobody gets ends."""
    if claims.expires_at is not None:
        return f"It ends by itself {utc_text(claims.expires_at)}."
    return f"It never ends by itself. To end it, invalidate every SQL token of the {target.name} ({INVALIDATION})."


def odd_times(claims: Claims, want: Wanted, now: datetime.datetime) -> list[str]:
    """Return what is odd about when a token was minted, and when it ends."""
    warnings = []
    issued, end = claims.issued_at, claims.expires_at
    apart = 0.0 if issued is None else (issued - now).total_seconds()
    if abs(apart) > CLOCKS_DIFFER_SECONDS:
        warnings.append(
            f"The {want.label} claims that it was minted {abs(apart):.0f} s {'after' if apart > 0 else 'before'} the API's "
            "own time. Its end may be wrong by as much."
        )
    lasts = None if issued is None or end is None else round((end - issued).total_seconds())
    if end is not None and lasts != want.expires_in:
        lasting = "an unknown time" if lasts is None else f"{lasts} s"
        warnings.append(
            f"The {want.label} ends {utc_text(end)}: it lasts {lasting}, expected {want.expiration}. The API may limit the "
            "time. Set expires_in to what the API gives, and renew_before to less than that."
        )
    return warnings
