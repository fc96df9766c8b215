# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fine-grained permissions of a SQL token: what it may do with which table, and the one rule by which they are compared.

Private to this collection. The API takes them as [{"t": [tables] or null for all, "a": [actions]}], undocumented, and a
mistake in them fails open. So they are compared as the set of what they amount to, however they are written.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Optional

ACTIONS = ("data_read", "data_add", "data_update", "data_delete", "schema_add", "schema_update", "schema_delete")
READS = frozenset({"data_read"})
ALL_TABLES = "*"
_PLACES = {action: place for place, action in enumerate(ACTIONS)}

_Pair = tuple[Optional[str], str]  # a table, none for all of them, and an action


@dataclasses.dataclass(frozen=True)
class Grants:
    """What a token may do: pairs of a table and an action; no table stands for all tables.

    :ivar is_understood: whether everything that was written is in the pairs. What is not understood equals nothing.
    """

    pairs: frozenset[_Pair]
    is_understood: bool = dataclasses.field(default=True)

    @classmethod
    def of(cls, pairs: Iterable[_Pair]) -> Grants:
        """Return grants without the pairs that say nothing new because they are there for all tables."""
        given = frozenset(pairs)
        for_all = {action for table, action in given if table is None}
        return cls(frozenset(pair for pair in given if pair[0] is None or pair[1] not in for_all))

    @classmethod
    def claimed(cls, claim: Any) -> Grants | None:
        """Return the grants that a claim tells, none where it tells none: the token may do what its authorization says."""
        if claim is None or claim == []:
            return None
        pairs: list[_Pair] = []
        for each in claim if isinstance(claim, list) else [claim]:
            tables, actions = (each.get("t"), each.get("a")) if isinstance(each, Mapping) else ((), ())
            if not _are_tables(tables) or not _are_texts(actions) or not actions:
                return cls(frozenset(), is_understood=False)
            pairs += [(table, action) for table in (tables or [None]) for action in actions]
        return cls.of(pairs)

    @property
    def actions(self) -> frozenset[str]:
        return frozenset(action for _table, action in self.pairs)

    @property
    def only_reads(self) -> bool:
        return self.actions <= READS

    def equals(self, other: Grants | None) -> bool:
        """Tell whether these amount to the same as others."""
        return other is not None and self.is_understood and other.is_understood and self.pairs == other.pairs

    def as_body(self) -> list[dict[str, Any]]:
        """Return them as the API is to be asked for them."""
        return [
            {"t": None if tables == [ALL_TABLES] else tables, "a": actions} for tables, actions in self._by_actions()
        ]

    def as_result(self) -> list[dict[str, Any]]:
        """Return them as playbooks write them."""
        return [{"tables": tables, "actions": actions} for tables, actions in self._by_actions()]

    def __str__(self) -> str:
        if not self.is_understood:
            return "something that is not understood"
        return ", ".join(f"{'+'.join(tables)}: {'+'.join(actions)}" for tables, actions in self._by_actions())

    def _by_actions(self) -> list[tuple[list[str], list[str]]]:
        """Return tables and their actions in a fixed order, tables with the same actions together.

        All tables come first, and alone: beside them a name would be one that they comprise.
        """
        of_table: dict[str, list[str]] = {}
        for table, action in sorted(self.pairs, key=_order):
            of_table.setdefault(table or ALL_TABLES, []).append(action)
        with_actions: dict[tuple[str, ...], list[str]] = {}
        for table, actions in of_table.items():  # what all tables have, no other has: see `of`
            with_actions.setdefault(tuple(actions), []).append(table)
        return [(tables, list(actions)) for actions, tables in with_actions.items()]


def _order(pair: _Pair) -> tuple[str, int, str]:
    table, action = pair
    return table or "", _PLACES.get(action, len(ACTIONS)), action


def _are_tables(value: Any) -> bool:
    return value is None or (_are_texts(value) and bool(value) and ALL_TABLES not in value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(each, str) and each for each in value)
