# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules find in the SQL tokens of the vault file. Pure and private."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from ansible_collections.community.turso.plugins.module_utils._api.data_plane import ACCEPTED, DEAD
from ansible_collections.community.turso.plugins.module_utils._audit.stored import AT_NO_TIME, Stored
from ansible_collections.community.turso.plugins.module_utils._audit.stored_foreign import why_foreign
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

A_RUN = datetime.timedelta(days=1)  # for the rotation that renews what is due since today
_LOCKED_OUT = "applications that use it are locked out"


def lasting_of(stored: Stored) -> Iterator[tuple[str, str]]:
    """Yield what a token says whatever day it is: rules and sentences."""
    if stored.ends == AT_NO_TIME:
        yield "endless", f"{stored.label} never ends, and cannot be revoked alone."
    why = why_foreign(stored)
    if why is not None:
        yield "foreign", f"{stored.label} is for the {' '.join(stored.identity)}, {why}."


def findings_of(stored: Stored, now: datetime.datetime) -> Iterator[tuple[str, str]]:
    """Yield everything that the rules find in a token: rules and sentences."""
    yield from lasting_of(stored)
    left = stored.ends - now
    if left <= datetime.timedelta(0):
        yield "expired", f"{stored.label} ended {utc_text(stored.ends)}: {_LOCKED_OUT}."
    elif left < stored.renew_before - A_RUN:
        yield "expiring", f"{stored.label} ends {utc_text(stored.ends)}, and no rotation has renewed it."
    if stored.probed == DEAD:
        yield "dead", f"{stored.label} is rejected by the database: {_LOCKED_OUT}."
    elif stored.probed != ACCEPTED and (stored.state.sql or SqlMemory()).is_invalidated(stored.claims, ACCEPTED):
        yield "dead", f"{stored.label} was minted before all tokens were invalidated, and counts as dead."
