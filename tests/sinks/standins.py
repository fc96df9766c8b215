# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-ins for two services: as much of their HTTP as the examples' modules use.

They prove that an example gives its module the right arguments and that the module carries them out. They prove nothing
of a real HashiCorp Vault's or Kubernetes' policies, admission, encryption or scheduling.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]


class KeyValue:
    """A KV version 2 secrets engine, mounted at `secret`, with one token that may do everything."""

    token = "hvs.stand-in"

    def __init__(self) -> None:
        self.versions: dict[str, list[dict[str, str]]] = {}

    def answer(self, method: str, path: str, headers: Message, body: Any) -> Answer:
        if headers.get("X-Vault-Token") != self.token:
            return 403, {"errors": ["permission denied"]}
        if not path.startswith("/v1/secret/data/"):
            return 404, {"errors": []}
        versions = self.versions.setdefault(path.removeprefix("/v1/secret/data/"), [])
        if method in ("POST", "PUT"):
            versions.append(body["data"])
            return 200, {"data": {"version": len(versions)}}
        if not versions:
            return 404, {"errors": []}
        return 200, {"data": {"data": versions[-1], "metadata": {"version": len(versions)}}}


RESOURCES = {
    "/api/v1": ("v1", {"secrets": "Secret"}),
    "/apis/apps/v1": ("apps/v1", {"deployments": "Deployment"}),
}


class Cluster:
    """An API server that knows Secrets and Deployments; a changed Deployment is rolled out when it is next looked at."""

    token = "stand-in"

    def __init__(self, when_rolled_out: Callable[[], None]) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.when_rolled_out = when_rolled_out

    def have_deployment(self, name: str) -> str:
        path = f"/apis/apps/v1/namespaces/default/deployments/{name}"
        self.objects[path] = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": "default", "generation": 1, "resourceVersion": "1"},
            "spec": {"replicas": 2, "template": {"metadata": {}}},
            "status": {"observedGeneration": 1, "replicas": 2, "availableReplicas": 2, "readyReplicas": 2},
        }
        return path

    def answer(self, method: str, path: str, headers: Message, body: Any) -> Answer:
        if headers.get("Authorization") != f"Bearer {self.token}":
            return 403, {"kind": "Status", "code": 403, "message": "secrets is forbidden"}
        discovered = self._discovery(path)
        if discovered is not None:
            return 200, discovered
        if method == "POST":
            path += "/" + body["metadata"]["name"]
            body["metadata"]["resourceVersion"] = "1"
            self.objects[path] = body
            return 201, body
        if path not in self.objects:
            return 404, {"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound"}
        if method == "PATCH":
            return 200, self._patch(self.objects[path], body)
        return 200, self._look(self.objects[path])

    def _discovery(self, path: str) -> dict[str, Any] | None:
        if path == "/version":
            return {"major": "1", "minor": "34", "gitVersion": "v1.34.0"}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            version = {"groupVersion": "apps/v1", "version": "v1"}
            return {
                "kind": "APIGroupList",
                "groups": [{"name": "apps", "versions": [version], "preferredVersion": version}],
            }
        if path not in RESOURCES:
            return None
        group_version, kinds = RESOURCES[path]
        verbs = ["create", "get", "list", "patch"]
        listed = [
            {"name": n, "singularName": "", "namespaced": True, "kind": k, "verbs": verbs} for n, k in kinds.items()
        ]
        return {"kind": "APIResourceList", "groupVersion": group_version, "resources": listed}

    def _patch(self, existing: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
        before = json.dumps(existing)
        merge(existing, patch)
        if json.dumps(existing) != before:
            metadata = existing["metadata"]
            metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
            if "generation" in metadata:
                metadata["generation"] += 1
                existing["status"].update(availableReplicas=0, readyReplicas=0)
        shown: dict[str, Any] = json.loads(json.dumps(existing))
        return shown

    def _look(self, existing: dict[str, Any]) -> dict[str, Any]:
        """Return an object as it is now; a roll-out under way is done by the next look."""
        now: dict[str, Any] = json.loads(json.dumps(existing))
        status, generation = existing.get("status"), existing["metadata"].get("generation")
        if status and status["observedGeneration"] != generation:
            status.update(observedGeneration=generation)
        elif status and not status["availableReplicas"]:
            status.update(availableReplicas=2, readyReplicas=2)
            self.when_rolled_out()
        return now


def merge(existing: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(existing.get(key), dict):
            merge(existing[key], value)
        else:
            existing[key] = value


@contextmanager
def serving(service: KeyValue | Cluster) -> Iterator[str]:
    """Serve a stand-in on a loopback port; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.close_connection = True
            self.raw_requestline = self.rfile.readline()
            if not self.raw_requestline or not self.parse_request():
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.partition("?")[0].rstrip("/")
            status, answer = service.answer(self.command, path, self.headers, json.loads(body) if body else None)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
