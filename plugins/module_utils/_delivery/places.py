# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where files are: the hosts and users of items, and the verdicts of all of them together. Pure. Private to this collection."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    CHECK,
    DELIVER,
    LOST,
    READ_BACK,
    REFUSED,
    UNREADABLE,
    Item,
    Verdict,
)

_NOT_REACHED = {
    CHECK: (REFUSED, "Nothing can be delivered there. Bring the host back, or remove it from hosts."),
    DELIVER: (LOST, "It is not known whether the value arrived. Run this again when the host is back."),
    READ_BACK: (UNREADABLE, "The value could not be read back. Run this again when the host is back."),
}


@dataclasses.dataclass(frozen=True)
class Place:
    """A host, and whether another user is become there. The host is empty for the control node."""

    host: str
    become: bool
    items: tuple[Mapping[str, str], ...] = ()  # of each, what a verdict says of it

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Place:
        return cls(str(data["host"]), bool(data["become"]), tuple(data["items"]))

    def as_json(self) -> dict[str, Any]:
        return {"host": self.host, "become": self.become, "items": [dict(item) for item in self.items]}

    def holds(self, item: Item) -> bool:
        """Tell whether an item is delivered here."""
        return self.become is bool(item.options.get("become")) and self.host in (item.hosts or ("",))


def places_of(items: Sequence[Item]) -> list[Place]:
    """Return every place that items are delivered to, the control node first, hosts in the order of the items."""
    named = dict.fromkeys((host, bool(item.options.get("become"))) for item in items for host in item.hosts or ("",))
    places = [Place(host, become) for host, become in sorted(named, key=lambda place: place[0] != "")]
    return [
        dataclasses.replace(place, items=tuple(_named(item) for item in items if place.holds(item))) for place in places
    ]


def verdicts_of(verb: str, results: Iterable[Mapping[str, Any]]) -> list[tuple[dict[str, Any], str | None]]:
    """Return all verdicts, each with the value that was read, or none.

    :param results: of the tasks, each with its `place`. One that never got to a verdict, such as that of a host that cannot be
        reached, becomes one for each of its items.
    """
    return [found for result in results for found in _of_place(verb, result)]


def _of_place(verb: str, result: Mapping[str, Any]) -> list[tuple[dict[str, Any], str | None]]:
    place = Place.from_json(result["place"])
    if "verdicts" in result:
        verdicts = result["verdicts"]
        return list(zip(verdicts, result.get("read") or [None] * len(verdicts)))
    host, (verdict, means) = place.host or "localhost", _NOT_REACHED[verb]
    said = str(result.get("msg") or "the task did not finish").strip().rstrip(".")
    msg = f"{host}: {said}. {means}"
    return [
        (Verdict(item["name"], item["to"], item["address"], host, verdict, msg=msg).as_json(), None)
        for item in place.items
    ]


def _named(item: Item) -> Mapping[str, str]:
    return {"name": item.name, "to": item.to, "address": item.address}
