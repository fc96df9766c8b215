# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two steps of an emergency for SQL tokens, as the module carries them out. Private."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name, SqlTokens
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import AnyEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.results import Stop
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_concerned import orders_in
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import SqlEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_invalidation import (
    Outcome,
    found_targets,
    invalidate_each,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_orders import Order
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_orders_in_words import plan_in_words
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_proof import proven


@dataclasses.dataclass(frozen=True)
class Emergency:
    """What the two steps of an emergency are asked for.

    :ivar names: what each managed token that is concerned is for.
    :ivar values: the leaked values.
    """

    orders: Sequence[Order]
    names: Mapping[str, Name]
    values: Sequence[str] = dataclasses.field(repr=False)
    state_path: str | None
    validate: bool

    @classmethod
    def of(cls, params: Mapping[str, Any], entries: Sequence[AnyEntry]) -> Emergency:
        """Read the options of the module.

        :raises InvalidRequest: what is to be ended is not understood.
        """
        return cls(
            orders=orders_in(params["invalidations"]),
            names={entry.name: entry.want.name for entry in entries if isinstance(entry, SqlEntry)},
            values=list(dict.fromkeys(map(str.strip, params["leaked"] or ()))),
            state_path=params["state_file"],
            validate=params["validate"],
        )

    def invalidate(self, tokens: SqlTokens, *, is_dry: bool, stop: Stop) -> dict[str, Any]:
        """See that everything can be ended and renewed, and end it unless that was all that was asked.

        :param stop: returns why nothing more is to be ended, none where it is.
        :raises TursoError: nothing was ended.
        """
        found = found_targets(self.orders, tokens, is_tried=self.validate and bool(self.names))
        if is_dry:
            return _told([Outcome(line) for line in plan_in_words(self.orders, self.names)], changed=False)
        return _told(invalidate_each(found, tokens, self.state_path, self.names, stop), changed=True)

    def prove(self, tokens: SqlTokens) -> dict[str, Any]:
        """Say of each leaked value whether it is dead."""
        return _told(proven(self.orders, tokens, self.values), changed=False)


def _told(outcomes: Sequence[Outcome], *, changed: bool) -> dict[str, Any]:
    return {"changed": changed, "outcomes": [dataclasses.asdict(outcome) for outcome in outcomes]}
