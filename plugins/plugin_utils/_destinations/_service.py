# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask a service about one item, with the credential for it. Private to this collection."""

from __future__ import annotations

import dataclasses
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Item
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Answer, Run


@dataclasses.dataclass(frozen=True)
class Service:
    """The API of a service. `whose` says for people where the credential comes from."""

    run: Run
    api_url: str
    token: str = dataclasses.field(repr=False)
    whose: str

    @classmethod
    def of(cls, item: Item, run: Run, api_url: str, *variables: str) -> Service:
        """Return a service with the credential of an item.

        :raises Refused: there is none.
        """
        variable, token = next(iter(run.credential(item, *variables).items()))
        return cls(run, api_url, token, str(item.options.get("credential") or variable))

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.run.ask(method, f"{self.api_url}/{path}", headers=headers, body=body, secrets=(self.token,))
