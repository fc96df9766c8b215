# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom an emergency for SQL tokens concerns: the entries of a rotation file whose tokens end, or may end. Pure and private.

The entries are read as they are written: whoever is cut off has to be known, also where an entry is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import Place, name_written_in

# The kind of an entry, and whether it names a database.
_CLEAR = (("api", False), ("sql", False), ("sql", True))


def places_to_end(given: Any) -> list[Place]:
    """Read what turso_revocation returns as invalidations.

    :raises InvalidRequest: it is something else.
    """
    try:
        return list(map(Place.from_result, given or ()))
    except (KeyError, TypeError) as exc:
        raise InvalidRequest(
            "turso_rotate_invalidations is not what turso_revocation returns. No SQL token was invalidated. Run community.turso.revoke."
        ) from exc


def names_written_in(entries: Iterable[Any]) -> dict[str, Name]:
    """Return what each entry with kind: sql is for, by its name; refuse an entry that would lose its token unseen."""
    sql = [entry for entry in entries if isinstance(entry, Mapping) and _is_of_sql_token(entry)]
    names = {str(entry.get("name")): name_written_in(entry) for entry in sql}
    if len(names) < len(sql):
        raise InvalidRequest("turso_rotate_tokens has one SQL name twice. No SQL token was invalidated. Rename one.")
    return names


def _is_of_sql_token(entry: Mapping[str, Any]) -> bool:
    kind = entry.get("kind", "api")
    if (kind, "database" in entry) not in _CLEAR:
        raise InvalidRequest(
            f"{entry.get('name')}: it is not clear whether this entry of turso_rotate_tokens is for a SQL token. No SQL token was "
            "invalidated. Set kind: sql, or remove database."
        )
    return bool(kind == "sql")


def concerned(places: Iterable[Place], names: Mapping[str, Name]) -> list[str]:
    """Return the managed tokens that end, or may end, in the order of the rotation file."""
    found = {managed for place in places for share in place.shares_of(names) for managed in share}
    return [managed for managed in names if managed in found]


def plan_in_words(places: Sequence[Place], names: Mapping[str, Name]) -> list[str]:
    """Say what would end, and who would get a new token."""
    lines, certain = [], {managed for place in places for managed in place.shares_of(names)[0]}
    for place in places:
        lines.append(f"{place.every_token[0].upper()}{place.every_token[1:]} would end, also those in use.")
        ended, maybe = place.shares_of(names)
        if ended:
            lines.append(f"{', '.join(ended)}: gets a new token, delivered and confirmed.")
        maybe = [managed for managed in maybe if managed not in certain]
        if maybe:
            lines.append(f"{', '.join(maybe)}: gets a new token unless the database accepts the old one.")
        if not ended:
            lines.append(
                f"No entry of turso_rotate_tokens is for the {place.name}: give its applications new tokens by hand."
            )
    return lines
