# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an emergency is to invalidate, and which managed tokens that concerns. Pure and private."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import DATABASE, GROUP, Name
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest

KEYS = ("organization", "level", "name", "id", "group")


@dataclasses.dataclass(frozen=True)
class Order:
    """A database or a group, every SQL token of which is to end.

    :ivar id: what the leaked tokens claim; another database of the name is not meant.
    :ivar group: the group of the database; a group's own name.
    :ivar databases: the names of a group's databases.
    """

    name: Name
    id: str
    group: str
    databases: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        return f"every SQL token of the {self.name}"

    @classmethod
    def of(cls, given: Any) -> Order:
        """Read what turso_revocation returns as an item of `invalidations`.

        :raises InvalidRequest: it is none.
        """
        known = given if isinstance(given, Mapping) else {}
        missing = [key for key in KEYS if not isinstance(known.get(key), str)]
        if missing or known["level"] not in (DATABASE, GROUP):
            raise InvalidRequest(
                "turso_rotate_invalidations is not what turso_revocation returns as invalidations. Nothing was ended."
            )
        organization, level, name, order_id, group = (str(known[key]) for key in KEYS)
        return cls(Name(organization, level, name), order_id, group, tuple(map(str, known.get("databases") or ())))

    def ends(self, name: Name) -> bool:
        """Tell whether the tokens of a database or a group end by it for certain."""
        return name == self.name

    def may_end(self, name: Name) -> bool:
        """Tell whether they may end: nobody knows for sure whether one level ends the other."""
        if name.organization != self.name.organization or name.level == self.name.level:
            return False
        return name.name == self.group if name.level == GROUP else name.name in self.databases


def concerned(orders: Collection[Order], entries: Iterable[Any]) -> list[str]:
    """Return the names of the entries, as they are written, whose tokens end or may end."""
    found = []
    for entry in entries:
        name = _name_in(entry)
        if name is not None and any(order.ends(name) or order.may_end(name) for order in orders):
            found.append(str(entry.get("name")))
    return found


def _name_in(entry: Any) -> Name | None:
    """Return which database or group an entry is for, as it is written; none for whatever is no entry with kind: sql."""
    known = entry if isinstance(entry, Mapping) else {}
    if known.get("kind") != "sql":
        return None
    level = DATABASE if known.get("database") else GROUP
    return Name(str(known.get("organization")), level, str(known.get(level)))


def counted_as_dead(order: Order, names: Mapping[str, Name], known: Collection[str]) -> list[str]:
    """Return the managed tokens that count as dead from the order on.

    Of the other level these are the ones that nobody can try, because no value is at hand: to renew one in vain costs a token,
    to leave a dead one costs an outage. The others are tried by the rotation that follows.

    :param names: what each managed token is for.
    :param known: those of which some value is at hand.
    """
    return [
        managed for managed, name in names.items() if order.ends(name) or (order.may_end(name) and managed not in known)
    ]


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
