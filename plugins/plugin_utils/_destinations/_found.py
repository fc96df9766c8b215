# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge what was found at a destination that can be read. Pure. Private to this collection."""

from __future__ import annotations

from ansible_collections.community.turso.plugins.module_utils._delivery.other_value import whose
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    BY_VALUE,
    CONFIRMED,
    OTHER,
    Item,
    Verdict,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of


def holds(item: Item, found: str | None) -> bool:
    """Tell whether the value that was found is the one that was delivered."""
    return found is not None and item.sha256 is not None and digest_of(found) == item.sha256


def verdict_on(item: Item, host: str, found: str | None) -> Verdict:
    """Return the verdict on what stands at a destination now; None where nothing does."""
    value = found if item.wants_value else None
    if holds(item, found):
        return Verdict.of(item, host, CONFIRMED, by=BY_VALUE, value=value)
    if found is None:
        return Verdict.of(item, host, OTHER, f"{item.address} holds no value")
    msg = f"{item.address} holds another value{whose(found, item.secret)}"
    return Verdict.of(item, host, OTHER, msg, value=value)
