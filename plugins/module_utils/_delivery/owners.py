# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who shares a place: destinations of which one would overwrite the other. Pure. Private to this collection."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Generic, TypeVar

from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import KINDS, Options

Owner = TypeVar("Owner")


@dataclasses.dataclass(frozen=True)
class Place:
    """A container on a host, or one part of it. All kinds of files are one: a path names one file, whoever writes it."""

    kind: str
    host: str
    container: str
    part: str  # empty for all of it

    @classmethod
    def of(cls, to: str, options: Options, host: str) -> Place:
        kind = KINDS[to]
        return cls("file" if kind.is_file else to, host, kind.container(options), kind.part_of(options))


class Owners(Generic[Owner]):
    """The owners of places. Two share a place if both have the same part of a container, or one of them has all of it."""

    def __init__(self, owned: Iterable[tuple[Place, Owner]]) -> None:
        self._by_part: dict[Place, dict[str, list[Owner]]] = {}  # by the whole container, then by part
        for place, owner in owned:
            parts = self._by_part.setdefault(dataclasses.replace(place, part=""), {})
            parts.setdefault(place.part, []).append(owner)

    def sharing(self, place: Place) -> list[Owner]:
        """Return everybody who has the place, a part of it, or what it is a part of."""
        parts = self._by_part.get(dataclasses.replace(place, part=""), {})
        shared = (place.part, "") if place.part else tuple(parts)
        return [owner for part in shared for owner in parts.get(part, ())]
