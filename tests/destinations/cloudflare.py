# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for Cloudflare: Workers with versions and deployments, and secrets that nobody can read.

Cloudflare's description is on no registry, so the fields that a request may have stand here, as the types of its SDK list them.
"""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from tests.destinations.serving import Answer, Asked, Fault

PATH = re.compile(r"/client/v4/accounts/([0-9a-f]{32})/workers/scripts/([^/]+)/(deployments|versions|secrets)")
FIELDS = {"name", "text", "type"}


@dataclasses.dataclass
class Worker:
    """`versions` are the newest last; `shares` those that requests go to."""

    versions: list[str] = dataclasses.field(default_factory=lambda: ["v1"])
    shares: dict[str, int] = dataclasses.field(default_factory=lambda: {"v1": 100})
    secrets: dict[str, str] = dataclasses.field(default_factory=dict)
    types: dict[str, str] = dataclasses.field(default_factory=dict)
    plain: set[str] = dataclasses.field(default_factory=set)
    is_deployed: bool = True

    def deploy(self) -> None:
        """Have a new version in use, as a deployment of code does it."""
        self.versions.append(f"v{len(self.versions) + 1}")
        self.shares = {self.versions[-1]: 100}


class Cloudflare:
    """`workers` are by account and name; `credentials` say what each may: read, write or nothing."""

    def __init__(self) -> None:
        self.workers: dict[tuple[str, str], Worker] = {}
        self.credentials: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.problems: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.requests: list[str] = []  # whole, to be compared

    def judge(self, asked: Asked, _answer: Answer) -> str | None:
        """Say which fields of a request the SDK does not know."""
        unknown = set(asked.body or {}) ^ (FIELDS if asked.method == "PUT" else set())
        return f"{asked.method} {asked.path}: {sorted(unknown)}" if unknown or asked.query else None

    def answer(self, asked: Asked) -> Answer:
        self.requests.append(
            f"{asked.method} {asked.path} {sorted(asked.query.split('&'))} {json.dumps(asked.body, sort_keys=True)}"
        )
        may = self.credentials.get(asked.bearer)
        if may is None:
            return refusal(401, 10000, "Authentication error")
        if not may or (asked.method != "GET" and may == "read"):
            return refusal(403, 10000, "Authentication error")
        found = PATH.fullmatch(asked.path)
        worker = self.workers.get((found[1], found[2])) if found else None
        if found is None or worker is None:
            return refusal(404, 10007, "This Worker does not exist on your account.")
        if asked.method == "PUT":
            return self._write(worker, asked.body)
        listed: dict[str, Any] = {
            "deployments": {"deployments": self._deployments(worker)},
            "versions": {"items": [{"id": version, "number": n} for n, version in enumerate(worker.versions)][::-1]},
            "secrets": [{"name": name, "type": worker.types.get(name, "secret_text")} for name in worker.secrets],
        }
        return Answer(200, envelope(listed[found[3]]))

    @staticmethod
    def _deployments(worker: Worker) -> list[dict[str, Any]]:
        shares = [{"version_id": version, "percentage": share} for version, share in worker.shares.items()]
        older = {"id": "d0", "strategy": "percentage", "versions": [{"version_id": "v0", "percentage": 100}]}
        return [{"id": "d1", "strategy": "percentage", "versions": shares}, older] if worker.is_deployed else []

    @staticmethod
    def _write(worker: Worker, body: dict[str, str]) -> Answer:
        if worker.shares != {worker.versions[-1]: 100}:
            return refusal(400, 10215, "Secret edit failed. The latest version isn't currently deployed.")
        if body["name"] in worker.plain:
            return refusal(400, 10053, f"Binding name '{body['name']}' already in use, not set to {body['text']}.")
        worker.secrets[body["name"]] = body["text"]
        worker.types[body["name"]] = body["type"]
        worker.deploy()
        return Answer(200, envelope({"name": body["name"], "type": body["type"]}))


def envelope(result: Any, *errors: dict[str, Any]) -> dict[str, Any]:
    return {"result": result, "success": not errors, "errors": list(errors), "messages": []}


def refusal(status: int, code: int, message: str) -> Answer:
    return Answer(status, envelope(None, {"code": code, "message": message}))
