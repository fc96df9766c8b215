# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Invalidate the SQL tokens of databases and groups, and remember it at once. Private.

What is remembered is written before the call, too: a run that is stopped between the two costs a token, and no outage.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from ansible_collections.community.turso.plugins.module_utils._api.data_plane import DataPlane
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Clock, SqlTokens, Target
from ansible_collections.community.turso.plugins.module_utils._errors import Refused, TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_orders import Order
from ansible_collections.community.turso.plugins.module_utils._sql_token.look_up import look_up
from ansible_collections.community.turso.plugins.module_utils._sql_token.probe import refuse_unreachable
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

GO_ON = "Run the rotation again (community.turso.rotate): it goes on from what the state file remembers."


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of an order: sentences, and whether it is a failure."""

    msg: str
    has_failed: bool = False


def found_targets(orders: Sequence[Order], tokens: SqlTokens, *, is_tried: bool) -> dict[Order, tuple[Target, Clock]]:
    """Look up what is to be invalidated, and see that new tokens could be tried.

    :param is_tried: whether new tokens follow that have to be tried.
    :raises TursoError: nothing may be ended.
    """
    known = look_up(tokens, [order.name for order in orders])
    plane = DataPlane(tokens.api)
    found = {}
    for order in orders:
        target = known[order.name]
        if isinstance(target, TursoError):
            raise target.become(type(target), f"{target.msg} Nothing was ended.")
        if target[0].id != order.id:
            raise Refused(
                f"The {order.name} is {target[0].id}, and the leaked value is for {order.id}: it was made anew meanwhile. Nothing was "
                "ended."
            )
        if is_tried:
            refuse_unreachable(plane, target[0])
        found[order] = target
    return found


def invalidate_each(
    found: Mapping[Order, tuple[Target, Clock]],
    tokens: SqlTokens,
    path: str | None,
    dead: Mapping[Order, Sequence[str]],
) -> list[Outcome]:
    """Carry the orders out. One that fails stops no other.

    :param path: of the state file; none where no managed token is concerned.
    :param dead: the managed tokens that count as dead afterwards.
    """
    return [_invalidated(order, clock, tokens, path, dead[order]) for order, (_target, clock) in found.items()]


def _invalidated(order: Order, before: Clock, tokens: SqlTokens, path: str | None, names: Sequence[str]) -> Outcome:
    nothing = "Nothing of it was ended."
    try:
        former = _remember(path, dict.fromkeys(names, utc_text(before.moment)))
    except Refused as exc:
        return Outcome(f"{exc.msg} {nothing}", has_failed=True)
    try:
        # Never twice: where this run was killed and its module lives on, the next run may have minted new tokens meanwhile.
        ended = tokens.invalidate(order.name, is_repeated=False)
    except TursoError as exc:
        if exc.ambiguous:
            nothing = "Nobody knows whether it was done, so these tokens are renewed as if it was."
        else:
            _remember(path, former)
        return Outcome(f"{exc.msg} {nothing}", has_failed=True)
    dead = f"Every SQL token of the {order.name} that was minted up to {utc_text(ended.moment)} is dead."
    try:
        _remember(path, dict.fromkeys(names, utc_text(ended.moment)))
    except Refused as exc:
        return Outcome(f"{dead} {exc.msg} {GO_ON}", has_failed=True)
    return Outcome(dead)


def _remember(path: str | None, moments: Mapping[str, str | None]) -> dict[str, str | None]:
    """Write since when tokens count as dead, and return what was written before.

    :raises Refused: the state file cannot be written.
    """
    if path is None or not moments:
        return {}
    former = {}
    with state_file.locked(path):
        state = state_file.read(path)
        for name, at in moments.items():
            memory = state.of(name).sql or SqlMemory()
            former[name] = memory.invalidated_at
            state = state.remembered(name, memory.ended(at))
        state_file.write(path, state)
    return former
