# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two steps of an emergency for SQL tokens, as the module carries them out: end them all, and prove the leaked ones dead. Private."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import SQL, Claims, claims_of, unwrapped
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import ACCEPTED, DEAD, DataPlane, Probe
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name, SqlTokens
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import AnyEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.results import Stop
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_concerned import (
    places_to_end,
    plan_in_words,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import SqlEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_invalidation import (
    Outcome,
    found_targets,
    invalidate_each,
)
from ansible_collections.community.turso.plugins.module_utils._sql_token.invalidate import looked_at
from ansible_collections.community.turso.plugins.module_utils._sql_token.look_up import Found, look_up
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import Place


@dataclasses.dataclass(frozen=True)
class Emergency:
    """What the two steps of an emergency are asked for.

    :ivar places: all of whose SQL tokens are to end.
    :ivar names: what each managed token that is concerned is for.
    :ivar values: the leaked values; others than SQL tokens of the places are left out.
    """

    places: Sequence[Place]
    names: Mapping[str, Name]
    values: Sequence[str] = dataclasses.field(repr=False)
    state_path: str | None
    validate: bool

    @classmethod
    def of(cls, params: Mapping[str, Any], entries: Sequence[AnyEntry]) -> Emergency:
        """Read the options of the module.

        :raises InvalidRequest: what is to be ended is not understood.
        """
        return cls(
            places=places_to_end(params["invalidations"]),
            names={entry.name: entry.want.name for entry in entries if isinstance(entry, SqlEntry)},
            values=list(dict.fromkeys(map(str.strip, params["leaked"] or ()))),
            state_path=params["state_file"],
            validate=params["validate"],
        )

    def invalidate(self, tokens: SqlTokens, *, is_dry: bool, stop: Stop) -> dict[str, Any]:
        """See that everything can be ended and renewed, and end it unless that was all that was asked.

        :param stop: returns why nothing more is to be ended, none where it is.
        :raises TursoError: nothing was ended.
        """
        found = found_targets(self.places, tokens, is_tried=self.validate and bool(self.names))
        if is_dry:
            return _told(map(Outcome, plan_in_words(self.places, self.names)), changed=False)
        return _told(invalidate_each(found, tokens, self.state_path, self.names, stop), changed=True)

    def prove(self, tokens: SqlTokens) -> dict[str, Any]:
        """Try every leaked value until it is dead, three times over ten seconds."""
        known = look_up(tokens, [place.name for place in self.places])
        plane, outcomes = DataPlane(tokens.api), []
        for place in self.places:
            outcomes += _proven(plane, known[place.name], self._leaked_at(place))
        return _told(outcomes, changed=False)

    def _leaked_at(self, place: Place) -> dict[int, str]:
        """Return the leaked values that claim to be for a database or a group, by their number."""
        return {number: value for number, value in enumerate(self.values, 1) if place.is_of(_sql_claims(value))}


def _sql_claims(value: str) -> Claims:
    """Return what a SQL token claims, and nothing of any other value: API tokens of a group name the group, too."""
    claims = claims_of(unwrapped(value))
    return claims if claims.kind == SQL else Claims()


def _proven(plane: DataPlane, found: Found | TursoError, leaked: Mapping[int, str]) -> list[Outcome]:
    """Try the leaked values of a database or a group.

    :param found: what it was looked up as, or why it could not be.
    """
    if isinstance(found, TursoError):
        return [_untried(number, found.msg) for number in leaked]
    return list(map(_judged, leaked, looked_at(plane, found[0], list(leaked.values()))))


def _judged(number: int, probe: Probe) -> Outcome:
    if probe.result == DEAD:
        return Outcome(f"Value {number} is proven dead: the database rejects it now.")
    if probe.result == ACCEPTED:
        return Outcome(
            f"WARNING: value {number} is still active: the database accepts it. Try it again in a minute. If the database "
            "still accepts it, ask Turso to block it.",
            has_failed=True,
        )
    return _untried(number, probe.detail)


def _untried(number: int, why: str) -> Outcome:
    return Outcome(
        f"WARNING: value {number} is not proven dead and may still work: it could not be tried ({why}). Try it from where the database "
        "can be reached.",
        has_failed=True,
    )


def _told(outcomes: Iterable[Outcome], *, changed: bool) -> dict[str, Any]:
    return {"changed": changed, "outcomes": list(map(dataclasses.asdict, outcomes))}
