# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask GitHub about the place of one item. Private to this collection."""

from __future__ import annotations

import dataclasses
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery import github
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Item
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Answer, Run

_ON_A_PAGE, _PAGES = 100, 100


@dataclasses.dataclass(frozen=True)
class GitHub:
    """GitHub as one item needs it. `whose` says for people where the credential comes from."""

    item: Item
    run: Run
    place: github.Place
    api_url: str
    token: str = dataclasses.field(repr=False)
    whose: str

    @classmethod
    def of(cls, item: Item, run: Run) -> GitHub:
        """Return GitHub with the credential of an item.

        :raises Refused: there is none.
        """
        server = github.server_of(run.settings(item, "GH_HOST", "GITHUB_API_URL"))
        variable, token = next(iter(run.credential(item, *server.token_variables).items()))
        return cls(
            item, run, github.place_of(item.options), server.api_url, token, item.options.get("credential") or variable
        )

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        return self.run.ask(method, f"{self.api_url}/{path}", headers=headers, body=body, secrets=(self.token,))

    def meaning(self, answer: Answer) -> str:
        """Return what it means that GitHub did not do what it was asked to."""
        return github.what_a_refusal_means(answer.status, answer.problem, self.place, self.whose)

    def public_key(self) -> Answer:
        """Return the answer with the key to seal values with; only who sees the place gets it.

        :raises Refused: GitHub does not tell.
        """
        answer = self.ask("GET", f"{self.place.path}/public-key")
        if not answer.has("key", "key_id"):
            raise Refused(self.meaning(answer))
        return answer

    def secret(self, place: github.Place | None = None) -> dict[str, Any] | None:
        """Return what GitHub shows of the secret at a place, the item's where none is named; none where there is no secret.

        :raises Refused: GitHub does not tell.
        """
        needed = {"updated_at", "visibility"} if self.item.options.get("organization") and not place else {"updated_at"}
        answer = self.ask("GET", (place or self.place).secret)
        if answer.status == 404:
            return None
        if not answer.has(*needed):
            raise Refused(self.meaning(answer))
        return dict(answer.body)

    def listed(self, path: str, key: str | None = None) -> list[dict[str, Any]]:
        """Return all that a list of GitHub's holds, from all of its pages.

        :param key: under which an answer has the list; none where it is the list.
        :raises Refused: GitHub does not tell.
        """
        found: list[dict[str, Any]] = []
        for page in range(1, _PAGES + 1):
            answer = self.ask("GET", f"{path}?per_page={_ON_A_PAGE}&page={page}")
            part = answer.body.get(key) if key and answer.has(key) else answer.body
            if not answer.is_ok or not isinstance(part, list):
                raise Refused(self.meaning(answer))
            found += part
            if len(part) < _ON_A_PAGE:
                break
        return found

    def selected_repositories(self) -> list[dict[str, Any]]:
        """Return the repositories that were selected to read the secret of an organization, all of them.

        :raises Refused: GitHub does not tell, or shows some of them only.
        """
        path = f"{self.place.secret}/repositories"
        repositories = self.listed(path, "repositories")
        first = self.ask("GET", f"{path}?per_page=1")
        if not first.has("total_count"):
            raise Refused(self.meaning(first))
        if len(repositories) != first.body["total_count"]:
            raise Refused(github.sees_some(self.whose, len(repositories), first.body["total_count"]))
        return repositories
