# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for GitLab: variables of projects and groups, as its documentation describes them.

GitLab publishes no description on a registry, so the fields that a request may have stand here, as the reference lists them.
"""

from __future__ import annotations

import dataclasses
import re
import urllib.parse
from typing import Any

from tests.destinations.serving import Answer, Asked, Fault

PATH = re.compile(r"/api/v4/(projects|groups)/([^/]+)/variables(?:/([^/]+))?")
SETTINGS = {"description", "environment_scope", "masked", "protected", "raw", "variable_type"}
ACCEPTED = {
    "PUT": {"value", "filter", *SETTINGS},
    "POST": {"key", "value", "masked_and_hidden", *SETTINGS},
    "GET": set(),
}
FILTER = "filter[environment_scope]"
MASKABLE = re.compile(r"[A-Za-z0-9_+=/@:.~-]{8,}")


@dataclasses.dataclass
class Credential:
    """`scopes` None: GitLab says nothing of it, as of one by OAuth. `is_maintainer` may change variables."""

    scopes: tuple[str, ...] | None = ("api",)
    expires_at: str | None = None
    is_maintainer: bool = True


class GitLab:
    """`places` are variables by the path of their project or group."""

    def __init__(self) -> None:
        self.places: dict[str, list[dict[str, Any]]] = {}
        self.credentials: dict[str, Credential] = {}
        self.knows_scopes = True
        self.faults: list[Fault] = []
        self.problems: list[str] = []
        self.asked: list[tuple[str, str]] = []

    def have(self, place: str, key: str, value: str = "an older one", scope: str = "*", **more: Any) -> dict[str, Any]:
        made = {"protected": True, "masked": True, "hidden": False, "raw": True, "description": "kept", **more}
        variable = {"key": key, "value": value, "environment_scope": scope, "variable_type": "env_var", **made}
        self.places.setdefault(place, []).append(variable)
        return variable

    def judge(self, asked: Asked, _answer: Answer) -> str | None:
        """Say which fields of a request the reference does not know."""
        unknown = set(asked.body or {}) - ACCEPTED[asked.method]
        unknown |= {name for name, _ in urllib.parse.parse_qsl(asked.query)} - {FILTER}
        return f"{asked.method} {asked.path}: {sorted(unknown)}" if unknown else None

    def answer(self, asked: Asked) -> Answer:
        credential = self.credentials.get(asked.bearer)
        if credential is None:
            return Answer(401, {"message": "401 Unauthorized"})
        if asked.path == "/api/v4/personal_access_tokens/self":
            return self._self(credential)
        found = PATH.fullmatch(asked.path)
        place = f"{found[1]}/{urllib.parse.unquote(found[2])}" if found else ""
        if found is None or place not in self.places:
            return Answer(404, {"message": f"404 {'Project' if 'projects' in asked.path else 'Group'} Not Found"})
        may = {"GET": ("api", "read_api")}.get(asked.method, ("api",))
        if credential.scopes is not None and not set(may) & set(credential.scopes):
            return Answer(403, {"error": "insufficient_scope", "error_description": "needs api"})
        if not credential.is_maintainer:
            return Answer(403, {"message": "403 Forbidden"})
        headers = {"Date": "Mon, 30 Nov 2026 12:00:00 GMT"}
        answer = self._variable(asked, self.places[place], found[3])
        return Answer(answer.status, answer.body, headers)

    @staticmethod
    def _self(credential: Credential) -> Answer:
        if credential.scopes is None:
            return Answer(400, {"message": "This endpoint requires token type to be a personal access token"})
        return Answer(200, {"id": 1, "scopes": list(credential.scopes), "expires_at": credential.expires_at})

    def _variable(self, asked: Asked, variables: list[dict[str, Any]], key: str | None) -> Answer:
        scope = dict(urllib.parse.parse_qsl(asked.query)).get(FILTER) if self.knows_scopes else None
        body = asked.body or {}
        if asked.method == "POST":
            return self._create(variables, body)
        same = [one for one in variables if one["key"] == key and scope in (None, one["environment_scope"])]
        if len(same) > 1 and self.knows_scopes:
            return Answer(409, {"message": "There are multiple variables with provided parameters"})
        if not same:
            return Answer(404, {"message": "404 Variable Not Found"})
        if asked.method == "PUT":
            if same[0]["masked"] and not MASKABLE.fullmatch(body["value"]):
                return Answer(400, {"message": {"value": [f"is invalid: {body['value']}"]}})
            same[0].update({name: value for name, value in body.items() if name != "filter"})
        return Answer(200, shown(same[0]))

    @staticmethod
    def _create(variables: list[dict[str, Any]], body: dict[str, Any]) -> Answer:
        if any((one["key"], one["environment_scope"]) == (body["key"], body["environment_scope"]) for one in variables):
            return Answer(400, {"message": {"key": [f"({body['key']}) has already been taken"]}})
        variables.append(
            {"protected": False, "masked": False, "hidden": False, "raw": False, "description": None, **body}
        )
        return Answer(201, shown(variables[-1]))


def shown(variable: dict[str, Any]) -> dict[str, Any]:
    return {**variable, "value": None if variable["hidden"] else variable["value"]}
