# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: try a SQL token on its database, or on some databases of its group."""

from __future__ import annotations

from ansible_collections.community.turso.plugins.module_utils._api.data_plane import (
    ACCEPTED,
    DEAD,
    NO,
    UNKNOWN,
    DataPlane,
    Probe,
)
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Target
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError, Unauthorized, Unreachable

NOBODYS = "no.token.at-all"  # for a database that is asked only whether it answers
NEW_TOKEN_PAUSE_SECONDS = 1.0  # a new token may take a moment to be known everywhere
REMEDY = (
    "Check that this machine can reach the database: allow rules (such as allowed_ips) of the database or the group may "
    "keep it out. Run the module where the database can be reached, or set validate to false to do without this check."
)


def probe(plane: DataPlane, target: Target, secret: str) -> Probe:
    """Try a token on the databases that are known of its target.

    One that accepts it is enough. It is dead only if each of them rejects it.
    """
    if not target.hostnames:
        return Probe(NO, f"the {target.name} has no database to try it on")
    seen: list[Probe] = []
    for hostname in target.hostnames:
        seen.append(plane.probe(hostname, secret))
        if seen[-1].result == ACCEPTED:
            return seen[-1]
    is_dead = all(each.result == DEAD for each in seen)
    worst = next((each for each in seen if each.result == UNKNOWN), seen[0])
    return Probe(DEAD if is_dead else UNKNOWN, worst.detail)


def refuse_unreachable(plane: DataPlane, target: Target) -> None:
    """Refuse to mint a first token that could not be tried: none of its databases would say so much as that it takes no token.

    :raises Unreachable: so it is. A token cannot be taken back, so none is minted only to find that out.
    """
    looks: list[Probe] = []
    for hostname in target.hostnames:
        looks.append(plane.look(hostname, NOBODYS))
        if looks[-1].result != UNKNOWN:
            return
    if looks:
        raise Unreachable(
            f"A new SQL token of the {target.name} could not be tried: {looks[0].detail}. No token was minted, because a "
            f"SQL token cannot be revoked. {REMEDY}"
        )


def prove(plane: DataPlane, target: Target, secret: str) -> Probe:
    """Try a new token, which may be rejected at first."""
    found = probe(plane, target, secret)
    if found.result == DEAD:
        plane.pause(NEW_TOKEN_PAUSE_SECONDS)
        found = probe(plane, target, secret)
    return found


def refusal_of(proof: Probe, target: Target, ending: str) -> TursoError | None:
    """Return the error for a new token that is not to be returned, none for one that is.

    :param ending: the sentence that says when the new token ends.
    """
    if proof.result == UNKNOWN:
        return Unreachable(
            f"The new SQL token of the {target.name} could not be tried: {proof.detail}. It is not returned, and it cannot "
            f"be revoked. {ending} {REMEDY}"
        )
    if proof.result == DEAD:
        return Unauthorized(
            f"The new SQL token of the {target.name} does not work: {proof.detail}. It is not returned, and it cannot be "
            f"revoked. {ending} The SQL tokens of the {target.name.level} may have been invalidated in the same second. Run "
            "this again."
        )
    return None
