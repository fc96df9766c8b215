# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the hosts of a run have confirmed, and which of that counts. Private."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import Confirmation
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Use
from ansible_collections.community.turso.plugins.plugin_utils._play import CONFIRMATIONS, SEALED, Play


class Confirmations:
    """What was confirmed of one use of the role, read once: there may be thousands of tokens and hosts."""

    def __init__(self, play: Play, use: Use) -> None:
        self._by_version: dict[str | None, list[tuple[bool, Confirmation]]] = {}
        for counts, confirmation in _confirmations(play, use):
            self._by_version.setdefault(confirmation.id, []).append((counts, confirmation))

    def of(self, item: Item) -> tuple[list[Confirmation], list[Confirmation]]:
        """Return the confirmations of an item that count, and those that do not yet or that refuse."""
        ours = self._by_version.get(item.version_id, [])
        counted = [found for counts, found in ours if counts and found.refusal is None]
        return counted, [found for counts, found in ours if not counts or found.refusal is not None]


def _confirmations(play: Play, use: Use) -> Iterator[tuple[bool, Confirmation]]:
    """Yield what every host that was named has confirmed, and whether that counts: on others than the issuing, once sealed."""
    for host in dict.fromkeys((use.host, *use.hosts)):
        sealed = [] if host == use.host else list(play.fact(SEALED, host) or ())
        for raw in play.fact(CONFIRMATIONS, host) or ():
            confirmation = Confirmation.from_json(raw)
            if confirmation.host == host:  # run_once gives a fact to all hosts of a play
                yield (host == use.host or dict(raw) in [dict(item) for item in sealed]), confirmation
