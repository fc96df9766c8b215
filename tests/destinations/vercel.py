# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for Vercel: projects, their environment variables, and deployments that keep the values they were built with.

Vercel's description is on no registry, so the fields that a request may have stand here, as the types of its SDK list them.
"""

from __future__ import annotations

import dataclasses
import json
import re
import urllib.parse
from typing import Any

from tests.destinations.serving import Answer, Asked, Fault

PATH = re.compile(r"/(v9|v10|v1)/projects/([^/]+)(/env)?(?:/([^/]+))?")
DEPLOYMENTS = re.compile(r"/v13/deployments(?:/([^/]+))?")
EDITS = {"key", "target", "gitBranch", "type", "value", "customEnvironmentIds", "comment"}
DEPLOYS = {
    "name",
    "deploymentId",
    "target",
    "meta",
    "project",
    "withLatestCommit",
    "gitMetadata",
    "files",
    "projectSettings",
}
QUERY = {"teamId", "slug", "forceNew", "skipAutoDetectionConfirmation"}


@dataclasses.dataclass
class Project:
    team: str | None
    envs: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    in_production: str | None = None


class Vercel:
    """`projects` are by name; `credentials` say what each may: read, write or nothing. `states` are what a new deployment goes
    through, one a question; `built` are the values that each deployment was built with."""

    def __init__(self) -> None:
        self.projects: dict[str, Project] = {}
        self.credentials: dict[str, str] = {}
        self.states: list[dict[str, Any]] = [{"readyState": "READY", "readySubstate": "PROMOTED"}]
        self.built: dict[str, dict[str, str]] = {}
        self._going: dict[str, list[dict[str, Any]]] = {}
        self._clock = 1_780_000_000_000
        self.faults: list[Fault] = []
        self.problems: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.requests: list[str] = []  # whole, to be compared

    def have(self, project: str, key: str, value: str = "an older one", **more: Any) -> dict[str, Any]:
        known = self.projects[project].envs
        made = {
            "id": f"env{len(known)}",
            "key": key,
            "value": value,
            "type": "encrypted",
            "target": ["production"],
            **more,
        }
        made["updatedAt"] = self._tick()
        known.append(made)
        return made

    def write(self, variable: dict[str, Any], value: str) -> None:
        """Write a variable as somebody else; its time moves on."""
        variable.update(value=value, updatedAt=self._tick())

    def judge(self, asked: Asked, _answer: Answer) -> str | None:
        """Say which fields of a request the SDK does not know."""
        unknown = set(asked.body or {}) - (EDITS if asked.method == "PATCH" else DEPLOYS)
        unknown |= {name for name, _ in urllib.parse.parse_qsl(asked.query)} - QUERY
        return f"{asked.method} {asked.path}: {sorted(unknown)}" if unknown else None

    def answer(self, asked: Asked) -> Answer:
        self.requests.append(
            f"{asked.method} {asked.path} {sorted(asked.query.split('&'))} {json.dumps(asked.body, sort_keys=True)}"
        )
        may = self.credentials.get(asked.bearer)
        if not may or (asked.method != "GET" and may == "read"):
            return refusal(403, "forbidden", "Not authorized")
        query = dict(urllib.parse.parse_qsl(asked.query))
        team = query.get("teamId") or query.get("slug")
        deployment = DEPLOYMENTS.fullmatch(asked.path)
        if deployment:
            return self._deployment(asked, deployment[1], team)
        found = PATH.fullmatch(asked.path)
        project = self.projects.get(urllib.parse.unquote(found[2])) if found else None
        if found is None or project is None or project.team != team:
            return refusal(404, "not_found", "Project not found")
        if not found[3]:
            targets = {"production": {"id": project.in_production}} if project.in_production else {}
            return Answer(200, {"id": "prj_1", "name": found[2], "targets": targets})
        if not found[4]:
            # The list shows no plain values.
            return Answer(200, {"envs": [{**env, "value": "ciphertext"} for env in project.envs]})
        return self._env(asked, project, found[4])

    def _env(self, asked: Asked, project: Project, env_id: str) -> Answer:
        env = next((env for env in project.envs if env["id"] == env_id), None)
        if env is None:
            return refusal(404, "not_found", "Environment variable not found")
        if asked.method == "PATCH":
            if env["type"] == "system":
                return refusal(400, "bad_request", f"cannot change to {asked.body['value']}")
            self.write(env, asked.body["value"])
            return Answer(200, dict(env))  # with the value, as Vercel answers
        if env["type"] == "sensitive":
            return Answer(200, {**{key: env[key] for key in env if key != "value"}, "decrypted": False})
        return Answer(200, {**env, "decrypted": True})

    def _deployment(self, asked: Asked, deployment: str | None, team: str | None) -> Answer:
        if asked.method == "GET":
            if deployment not in self._going:
                return refusal(404, "not_found", "Deployment not found")
            states = self._going[deployment]
            return Answer(200, {"id": deployment, **(states.pop(0) if len(states) > 1 else states[0])})
        name = asked.body["name"]
        project = self.projects[name]
        if project.team != team or asked.body["deploymentId"] != project.in_production:
            return refusal(404, "not_found", "Deployment not found")
        new = f"dpl_{len(self.built)}"
        self.built[new] = {env["key"]: env["value"] for env in project.envs}
        self._going[new] = list(self.states)
        project.in_production = new
        return Answer(200, {"id": new, "readyState": "QUEUED"})

    def _tick(self) -> int:
        self._clock += 1000
        return self._clock


def refusal(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}})
