# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an emergency is to invalidate, and which managed tokens that concerns. Pure and private."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest


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
        try:
            name = Name(given["organization"], given["level"], given["name"])
            return cls(name, given["id"], given["group"], tuple(given["databases"]))
        except (KeyError, TypeError) as exc:
            raise InvalidRequest(
                "turso_rotate_invalidations is not what turso_revocation returns as invalidations. Nothing was ended."
            ) from exc

    def ends(self, name: Name) -> bool:
        """Tell whether the tokens of a database or a group end by it for certain."""
        return name == self.name

    def may_end(self, name: Name) -> bool:
        """Tell whether they may end: nobody knows for sure whether one level ends the other."""
        if name.organization != self.name.organization or name.level == self.name.level:
            return False
        return name.name in (self.group, *self.databases)

    def shares_of(self, names: Mapping[str, Name]) -> tuple[list[str], list[str]]:
        """Return the managed tokens that end by it for certain, and those that may end."""
        ended = [managed for managed, name in names.items() if self.ends(name)]
        return ended, [managed for managed, name in names.items() if self.may_end(name)]

    def concerns(self, name: Name) -> bool:
        return self.ends(name) or self.may_end(name)
