# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prove leaked SQL tokens dead after everything was invalidated. Private."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.community.turso.plugins.module_utils._api.claims import SQL, claims_of, unwrapped
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import ACCEPTED, DEAD, DataPlane, Probe
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_invalidation import Outcome
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_orders import Order
from ansible_collections.community.turso.plugins.module_utils._sql_token.invalidate import looked_at
from ansible_collections.community.turso.plugins.module_utils._sql_token.look_up import look_up
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import identity_in


def proven(orders: Sequence[Order], tokens: SqlTokens, values: Sequence[str]) -> list[Outcome]:
    """Try every leaked value of what was invalidated until it is dead, three times over ten seconds.

    :param values: all that were given; others than SQL tokens of the orders are left out.
    """
    known = look_up(tokens, [order.name for order in orders])
    plane, outcomes = DataPlane(tokens.api), []
    for order in orders:
        leaked = {number: value for number, value in enumerate(values, 1) if _is_of(order, value)}
        found = known[order.name]
        if isinstance(found, TursoError):
            outcomes += [_untried(number, found.msg) for number in leaked]
            continue
        probes = looked_at(plane, found[0], list(leaked.values()))
        outcomes += [_judged(number, probe) for number, probe in zip(leaked, probes)]
    return outcomes


def _is_of(order: Order, value: str) -> bool:
    claims = claims_of(unwrapped(value))
    return claims.kind == SQL and identity_in(claims) == (order.name.level, order.id)


def _judged(number: int, probe: Probe) -> Outcome:
    if probe.result == DEAD:
        return Outcome(f"Value {number} is proven dead: the database rejects it now.")
    if probe.result == ACCEPTED:
        return Outcome(
            f"WARNING: value {number} is still active: the database accepts it. Try it again in a minute; if it is accepted then, ask "
            "the vendor to block it.",
            has_failed=True,
        )
    return _untried(number, probe.detail)


def _untried(number: int, why: str) -> Outcome:
    return Outcome(
        f"WARNING: value {number} is not proven dead and may still work: it could not be tried ({why}). Try it from where the database "
        "can be reached.",
        has_failed=True,
    )
