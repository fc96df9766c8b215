# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be delivered, and what a destination says of it: plain data in and out. Pure. Private to this collection."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

CHECK, DELIVER, READ_BACK = "check", "deliver", "read_back"

# Of a check. What refuses says why in its message.
PROVEN, NOT_KNOWN, REFUSED = "proven", "not known", "refused"
# Of a delivery. `not taken`: every write was refused or never sent. `lost`: nobody knows whether the value arrived. `unfinished`:
# the value arrived, and what reads it was not restarted.
DELIVERED, NOT_TAKEN, LOST, UNFINISHED = "delivered", "not taken", "lost", "unfinished"
# Of reading back. `other`: another value is there. `unreadable`: nobody could look.
CONFIRMED, OTHER, UNREADABLE = "confirmed", "other", "unreadable"

BY_VALUE, BY_RECEIPT = "read back", "receipt"


@dataclasses.dataclass(frozen=True)
class Item:
    """One value for one destination: an item of `turso_deliver_items`.

    `name` is the managed token's. `options` are those of the destination, validated. `secret` is None where only a check or a
    comparison is asked for, `sha256` None where nothing was issued yet. `is_confirmed_on` are the hosts on which the state file
    shows this version as confirmed: nothing is restarted there where the value is unchanged. `stamp` is what the service said of
    its object when it took our write, for those that cannot be read. `wants_value` asks to read the value itself.
    """

    name: str
    to: str
    address: str
    options: Mapping[str, Any]
    kind: str = "api"
    hosts: tuple[str, ...] = ()  # empty: the control node
    secret: str | None = dataclasses.field(default=None, repr=False)
    sha256: str | None = None
    is_confirmed_on: tuple[str, ...] = ()
    stamp: str | None = None
    wants_value: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Item:
        known = {field.name: data[field.name] for field in dataclasses.fields(cls) if field.name in data}
        for name in ("hosts", "is_confirmed_on"):
            known[name] = tuple(known.get(name) or ())
        return cls(**known)

    def as_json(self) -> dict[str, Any]:
        data = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**data, "hosts": list(self.hosts), "is_confirmed_on": list(self.is_confirmed_on)}


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What came of one verb for one item on one host. `value` is what was read, only where it was asked for."""

    name: str
    to: str
    address: str
    host: str
    verdict: str
    by: str | None = None
    msg: str = ""
    changed: bool = False
    stamp: str | None = None
    value: str | None = dataclasses.field(default=None, repr=False)

    @property
    def was_looked_at(self) -> bool:
        """Tell whether this says what stands at a destination, or why nobody could look."""
        return self.verdict in (CONFIRMED, OTHER, UNREADABLE)

    @property
    def shows_nothing(self) -> bool:
        """Tell whether no value stands at a destination that was asked for it."""
        return self.verdict == OTHER and not self.value

    def as_json(self) -> dict[str, Any]:
        """Return what the fact `turso_deliver_verdicts` holds of it; never a value."""
        data = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        data.pop("value")
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any], value: Any) -> Verdict:
        """Read what that fact holds, and the value that was read, which stands apart from it."""
        known = {field.name: data[field.name] for field in dataclasses.fields(cls) if field.name in data}
        return cls(**{**known, "value": value and str(value)})

    @classmethod
    def of(cls, item: Item, host: str, verdict: str, msg: str = "", **more: Any) -> Verdict:
        """Return the verdict on an item."""
        return cls(item.name, item.to, item.address, host, verdict, msg=msg, **more)


def verdicts_from(said: Iterable[Mapping[str, Any]] | None, values: Iterable[Any] | None) -> list[Verdict]:
    """Return verdicts with the values that were read; there may be fewer values than verdicts."""
    all_values = itertools.chain(values or (), itertools.repeat(None))
    return [Verdict.from_json(*pair) for pair in zip(said or (), all_values)]


def by_name(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """Return verdicts by the name of the managed token."""
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.name, []).append(verdict)
    return found
