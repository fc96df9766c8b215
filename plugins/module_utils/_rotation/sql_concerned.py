# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which entries of a rotation file an emergency concerns, before they are read. Pure and private."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import DATABASE, GROUP, Name
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_orders import Order


def orders_in(given: Any) -> list[Order]:
    """Read the orders.

    :raises InvalidRequest: they are none.
    """
    return list(map(Order.of, given or ()))


def concerned(orders: Collection[Order], entries: Iterable[Any]) -> list[str]:
    """Return the names of the entries, as they are written, whose tokens end or may end."""
    sql = [entry for entry in entries if isinstance(entry, Mapping) and entry.get("kind") == "sql"]
    return [str(entry.get("name")) for entry in sql if any(order.concerns(_name_in(entry)) for order in orders)]


def named(entries: Iterable[Any], names: Collection[str]) -> list[Any]:
    """Return the entries of these names, as they are written."""
    return [entry for entry in entries if isinstance(entry, Mapping) and entry.get("name") in names]


def _name_in(entry: Mapping[str, Any]) -> Name:
    """Return which database or group an entry is for, as it is written."""
    level = DATABASE if entry.get(DATABASE) else GROUP
    return Name(str(entry.get("organization")), level, str(entry.get(level)))
