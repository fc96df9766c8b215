# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rules find in the SQL tokens of the vault file: a table of checks. Pure and private."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from typing import Optional

from ansible_collections.community.turso.plugins.module_utils._api.data_plane import DEAD
from ansible_collections.community.turso.plugins.module_utils._audit.stored import AT_NO_TIME, Stored
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import identity_in
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

A_RUN = datetime.timedelta(days=1)  # for the rotation that renews what is due since today
_LOCKED_OUT = "whoever uses it is locked out"


def lasting_of(stored: Stored) -> Iterator[tuple[str, str]]:
    """Yield what a token says whatever day it is: rules and sentences."""
    if stored.ends == AT_NO_TIME:
        yield "endless", f"{stored.label} never ends, and cannot be revoked alone."
    for check in FOREIGN:
        why = check(stored)
        if why is not None:
            yield "foreign", f"{stored.label} is for the {' '.join(stored.identity)}, {why}."
            return


def findings_of(stored: Stored, now: datetime.datetime) -> Iterator[tuple[str, str]]:
    """Yield everything that the rules find in a token: rules and sentences."""
    yield from lasting_of(stored)
    left = stored.ends - now
    if left <= datetime.timedelta(0):
        yield "expired", f"{stored.label} ended {utc_text(stored.ends)}: {_LOCKED_OUT}."
    elif left < stored.renew_before - A_RUN:
        yield "expiring", f"{stored.label} ends {utc_text(stored.ends)}, and should have been renewed by now."
    if stored.probed == DEAD:
        yield "dead", f"{stored.label} is rejected by the database: {_LOCKED_OUT}."
    elif (stored.state.sql or SqlMemory()).is_invalidated(stored.claims):
        yield "dead", f"{stored.label} was minted before all were invalidated, and counts as dead."


def _is_of_the_other_level(stored: Stored) -> str | None:
    """A token of a group is none of a database, and the other way round."""
    expected = stored.expected
    if expected.level in ("", stored.identity[0]):
        return None
    return f"and its entry is for the {expected.level} {expected.name!r}"


def _is_not_there(stored: Stored) -> str | None:
    """The database was deleted, or the token is of another organization."""
    if not stored.is_lost:
        return None
    return "which the organization does not have"


def _is_elsewhere(stored: Stored) -> str | None:
    """The token is in the wrong place of the file."""
    expected = stored.expected
    meant = f"{expected.level} {expected.name}"
    if "" in (stored.place, expected.level) or stored.place == meant:
        return None
    return f"which is the {stored.place}, and its entry is for the {meant}"


def _is_not_the_remembered(stored: Stored) -> str | None:
    """The state file remembers what the token in use is for: a database that was made anew has another id."""
    current = stored.state.current
    remembered = None if current is None else current.claims
    if remembered is None or identity_in(remembered) == stored.identity:
        return None
    return "and the token in use is for another one by the state file"


Check = Callable[[Stored], Optional[str]]
FOREIGN: Sequence[Check] = (_is_of_the_other_level, _is_not_there, _is_elsewhere, _is_not_the_remembered)
