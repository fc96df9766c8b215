# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Door of the role turso_deliver to the verdicts of many hosts. Private to this collection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.community.turso.plugins.module_utils._delivery.places import verdicts_of


def delivery_verdicts(results: Sequence[dict[str, Any]], verb: str) -> dict[str, Any]:
    """Return the verdicts, and the values that were read, in the same order.

    :param results: of the tasks of all places.
    """
    found = verdicts_of(str(verb), [{**result, "place": result["__turso_deliver_place"]} for result in results])
    # Hosts wrote the messages: until ansible-core 2.18 a template in one would be rendered where it is used.
    wrapped: dict[str, Any] = wrap_var(
        {"verdicts": [verdict for verdict, _value in found], "read": [value for _verdict, value in found]}
    )
    return wrapped


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"_delivery_verdicts": delivery_verdicts}
