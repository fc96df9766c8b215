# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask Vercel about the project of one item. Private to this collection."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery import vercel
from ansible_collections.community.turso.plugins.module_utils._delivery.servers import named_in
from ansible_collections.community.turso.plugins.module_utils._delivery.vercel_variables import variable_in
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Item
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Answer, Run
from ansible_collections.community.turso.plugins.plugin_utils._destinations._service import Service


@dataclasses.dataclass(frozen=True)
class Found:
    """A variable as Vercel shows it. `updated_at` moves on with each write."""

    id: str
    updated_at: str
    is_readable: bool
    value: str | None = dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(frozen=True)
class Vercel:
    service: Service
    options: Mapping[str, Any]

    @classmethod
    def of(cls, item: Item, run: Run) -> Vercel:
        """Return Vercel with the credential of an item.

        :raises Refused: there is none.
        """
        api_url = named_in(run.settings(item, "VERCEL_API_URL"), ["VERCEL_API_URL"], vercel.API_URL)
        return cls(Service.of(item, run, api_url, "VERCEL_TOKEN"), item.options)

    def ask(self, method: str, version: str, path: str, body: Any = None) -> Answer:
        """Ask about the project, or about what lies below it."""
        url = f"{version}/{vercel.project_of(self.options)}{path}{vercel.team_of(self.options)}"
        return self.service.ask(method, url, body)

    def meaning(self, answer: Answer) -> str:
        return vercel.what_a_refusal_means(answer.status, answer.problem, self.options, self.service.whose)

    def variable(self) -> Mapping[str, Any]:
        """Return the variable that the options name.

        :raises Refused: there is not exactly one, or Vercel does not tell.
        """
        answer = self.ask("GET", "v10", "/env")
        if not answer.has("envs"):
            raise Refused(self.meaning(answer))
        return variable_in(answer.body["envs"], self.options)

    def value_of(self, variable: Mapping[str, Any]) -> Found:
        """Return a variable with its value, where Vercel shows that.

        :raises Refused: Vercel does not tell.
        """
        answer = self.ask("GET", "v1", f"/env/{variable['id']}")
        if not answer.has("key"):
            raise Refused(self.meaning(answer))
        shown = answer.body
        is_secret = "sensitive" in (shown.get("type"), variable.get("type")) or shown.get("visibility") == "secret"
        is_readable = not is_secret and shown.get("decrypted") is not False and isinstance(shown.get("value"), str)
        return Found(
            str(variable["id"]), str(shown.get("updatedAt")), is_readable, shown["value"] if is_readable else None
        )

    def write(self, found: Found, value: str | None) -> Answer:
        """Replace the value of a variable and nothing else."""
        return self.ask("PATCH", "v9", f"/env/{found.id}", {"value": value})

    def production(self) -> tuple[str, str]:
        """Return the name of the project, and the id of the deployment that serves production.

        :raises Refused: there is none, or Vercel does not tell.
        """
        answer = self.ask("GET", "v9", "")
        if not answer.has("name"):
            raise Refused(self.meaning(answer))
        production = (answer.body.get("targets") or {}).get("production")
        if not production:
            raise Refused(
                f"{vercel.words_of(self.options)} was never deployed to production, so there is nothing to redeploy. Deploy "
                "it once, or leave redeploy out"
            )
        return str(answer.body["name"]), str(production["id"])
