# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a SQL token of the vault file is for another database or group than is meant: a table of checks. Pure and private."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Optional

from ansible_collections.community.turso.plugins.module_utils._audit.stored import Stored
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import identity_in


def why_foreign(stored: Stored) -> str | None:
    """Return what speaks for it, as the end of a sentence; none where nothing does."""
    reasons = (check(stored) for check in FOREIGN)
    return next(filter(None, reasons), None)


def _is_of_the_other_level(stored: Stored) -> str | None:
    """A token of a group is none of a database, and the other way round."""
    meant = stored.expected.name
    if meant.level in ("", stored.identity[0]):
        return None
    return f"and its entry is for the {meant}"


def _is_not_there(stored: Stored) -> str | None:
    """The database was deleted, or the token is of another organization."""
    if not stored.is_lost:
        return None
    return "which the organization does not have"


def _is_elsewhere(stored: Stored) -> str | None:
    """The token is in the wrong place of the file."""
    meant = f"{stored.expected.name.level} {stored.expected.name.name}"
    if "" in (stored.place, stored.expected.name.level) or stored.place == meant:
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
