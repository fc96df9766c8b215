# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an emergency for SQL tokens would do, in sentences. Pure and private."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_orders import Order


def plan_in_words(orders: Sequence[Order], names: Mapping[str, Name]) -> list[str]:
    """Say what ends, and who gets a new token."""
    lines = []
    for order in orders:
        lines.append(f"{order.words[0].upper()}{order.words[1:]} would end, also those in use.")
        ended, maybe = order.shares_of(names)
        if ended:
            lines.append(f"{', '.join(ended)}: gets a new token, delivered and confirmed.")
        if maybe:
            lines.append(f"{', '.join(maybe)}: gets a new token unless the database accepts the old one.")
        if not ended:
            lines.append(
                f"No entry of turso_rotate_tokens is for the {order.name}: whoever uses it needs a new token by hand."
            )
    return lines
