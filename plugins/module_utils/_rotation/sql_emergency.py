# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Invalidate the SQL tokens of databases and groups, remember it at once, and prove leaked values dead afterwards. Private.

What is remembered is written before the call, too: a run that is stopped between the two costs a token, and no outage.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from ansible_collections.community.turso.plugins.module_utils._api.claims import SQL, claims_of
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import ACCEPTED, DEAD, DataPlane, Probe
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import (
    DATABASE,
    Clock,
    Name,
    SqlTokens,
    Target,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Refused, TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import SqlEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_orders import (
    Order,
    counted_as_dead,
    orders_in,
)
from ansible_collections.community.turso.plugins.module_utils._sql_token.invalidate import looked_at
from ansible_collections.community.turso.plugins.module_utils._sql_token.look_up import look_up
from ansible_collections.community.turso.plugins.module_utils._sql_token.probe import refuse_unreachable
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

GO_ON = "Run the rotation again (community.turso.rotate): it goes on from what the state file remembers."


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of an order: sentences, and whether it is a failure."""

    msg: str
    has_failed: bool = False


@dataclasses.dataclass(frozen=True)
class Emergency:
    """What the two steps of an emergency are asked for.

    :ivar names: what each managed token that is concerned is for.
    :ivar known: those of which some value is at hand.
    :ivar values: the leaked values.
    """

    orders: Sequence[Order]
    names: Mapping[str, Name]
    known: frozenset[str]
    values: Sequence[str] = dataclasses.field(repr=False)
    state_path: str | None
    validate: bool

    @classmethod
    def of(cls, params: Mapping[str, Any], entries: Sequence[SqlEntry]) -> Emergency:
        """Read the options of the module.

        :raises InvalidRequest: what is to be ended is not understood.
        """
        at_hand = {**(params["stored"] or {}), **(params["held"] or {})}
        return cls(
            orders=orders_in(params["invalidations"]),
            names={entry.name: entry.want.name for entry in entries},
            known=frozenset(name for name, found in at_hand.items() if found),
            values=list(dict.fromkeys(map(str.strip, params["leaked"] or ()))),
            state_path=params["state_file"],
            validate=params["validate"],
        )

    def invalidate(self, tokens: SqlTokens, *, is_dry: bool) -> dict[str, Any]:
        """See that everything can be ended and renewed, and end it unless that was all that was asked.

        :raises TursoError: nothing was ended.
        """
        found = found_targets(self.orders, tokens, is_tried=self.validate and bool(self.names))
        if is_dry:
            return _told([Outcome(line) for line in plan_in_words(self.orders, self.names)], changed=False)
        dead = {order: counted_as_dead(order, self.names, self.known) for order in self.orders}
        return _told(invalidate_each(found, tokens, self.state_path, dead), changed=True)

    def prove(self, tokens: SqlTokens) -> dict[str, Any]:
        """Say of each leaked value whether it is dead."""
        return _told(proven(self.orders, tokens, self.values), changed=False)


def _told(outcomes: Sequence[Outcome], *, changed: bool) -> dict[str, Any]:
    return {"changed": changed, "outcomes": [dataclasses.asdict(outcome) for outcome in outcomes]}


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
        ended = tokens.invalidate(order.name)
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


def proven(orders: Sequence[Order], tokens: SqlTokens, values: Sequence[str]) -> list[Outcome]:
    """Try every leaked value of what was invalidated until it is dead, three times over ten seconds.

    :param values: all that were given; others than SQL tokens of the orders are left out.
    """
    known = look_up(tokens, [order.name for order in orders])
    plane, outcomes = DataPlane(tokens.api), []
    for order in orders:
        leaked = {number: value for number, value in enumerate(values, 1) if _identity(order, value) == order.id}
        found = known[order.name]
        if isinstance(found, TursoError):
            outcomes += [_untried(number, found.msg) for number in leaked]
            continue
        probes = looked_at(plane, found[0], list(leaked.values()))
        outcomes += [_judged(number, probe) for number, probe in zip(leaked, probes)]
    return outcomes


def _identity(order: Order, value: str) -> str | None:
    claims = claims_of("".join(value.split()))
    if claims.kind != SQL:
        return None
    return claims.database_id if order.name.level == DATABASE else claims.group_id


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


def plan_in_words(orders: Sequence[Order], names: Mapping[str, Name]) -> list[str]:
    """Say what ends, and who gets a new token."""
    lines = []
    for order in orders:
        lines.append(f"{order.words[0].upper()}{order.words[1:]} would end, also those in use.")
        ended = [managed for managed, name in names.items() if order.ends(name)]
        maybe = [managed for managed, name in names.items() if order.may_end(name)]
        if ended:
            lines.append(f"{', '.join(ended)}: gets a new token, delivered and confirmed.")
        if maybe:
            lines.append(f"{', '.join(maybe)}: gets a new token if the old one is found dead, or cannot be tried.")
        if not ended:
            lines.append(
                f"No entry of turso_rotate_tokens is for the {order.name}: whoever uses it needs a new token by hand."
            )
    return lines
