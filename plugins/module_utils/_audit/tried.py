# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Try the SQL tokens of the vault file on their databases, where somebody asks for it. Private.

What a database says in words is not passed on: it may be anything, and goes into a report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import claims_of
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import NO, UNKNOWN, DataPlane
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import Places, places_of
from ansible_collections.community.turso.plugins.module_utils._sql_token.probe import probe
from ansible_collections.community.turso.plugins.module_utils._token.apply import side_by_side


def tried(
    tokens: SqlTokens, values: Mapping[str, str], organizations: Mapping[str, str], concurrency: int
) -> dict[str, dict[str, Any]]:
    """Return what came of trying each token: `probed`, `place` and `is_lost`, by name.

    :param organizations: where each is looked for; what has none is not tried.
    """
    places = {name: _places(tokens, name, values, organizations) for name in dict.fromkeys(organizations.values())}
    plane, found = DataPlane(tokens.api), {}

    def look(name: str) -> None:
        found[name] = _tried(plane, places[organizations[name]], values[name])

    side_by_side(look, [name for name in values if name in organizations], concurrency)
    return {name: found[name] for name in values if name in found}


def _places(
    tokens: SqlTokens, organization: str, values: Mapping[str, str], organizations: Mapping[str, str]
) -> Places | None:
    wanted = [claims_of(value) for name, value in values.items() if organizations.get(name) == organization]
    try:
        return places_of(tokens, organization, wanted)
    except TursoError:
        return None


def _tried(plane: DataPlane, places: Places | None, value: str) -> dict[str, Any]:
    if places is None:
        return {"probed": UNKNOWN, "place": "", "is_lost": False}
    claims = claims_of(value)
    place = places.of(claims)
    if place is None:
        # A group without a database is in no list, so only of a database it is known that it is not there.
        is_lost = places.is_whole and claims.database_id is not None
        return {"probed": NO if is_lost else UNKNOWN, "place": "", "is_lost": is_lost}
    name = place.target.name
    return {"probed": probe(plane, place.target, value).result, "place": f"{name.level} {name.name}", "is_lost": False}
