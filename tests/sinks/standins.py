# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the API server of Kubernetes: as much of its HTTP as the modules of kubernetes.core use.

It proves that a module is given the right arguments and carries them out. It proves nothing of a real cluster's admission, access
rules or scheduling.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]


RESOURCES = {
    "/api/v1": ("v1", {"secrets": "Secret"}),
    "/apis/apps/v1": (
        "apps/v1",
        {"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet"},
    ),
}
READY: dict[str, dict[str, Any]] = {
    "Deployment": {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2},
    "StatefulSet": {"replicas": 2, "readyReplicas": 2, "updateRevision": "1", "currentRevision": "1"},
    "DaemonSet": {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2},
}
NOT_READY: dict[str, dict[str, Any]] = {
    "Deployment": {"updatedReplicas": 0, "availableReplicas": 0, "readyReplicas": 0},
    "StatefulSet": {"updateRevision": "2", "readyReplicas": 0},
    "DaemonSet": {"updatedNumberScheduled": 0, "numberAvailable": 0},
}


class Cluster:
    """An API server that knows Secrets and workloads; a changed workload is rolled out when it is next looked at.

    `forbidden` are pairs of method and end of a path that RBAC does not allow. `before` is called before a request is answered.
    """

    token = "stand-in"

    def __init__(self, when_rolled_out: Callable[[], None] = lambda: None) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.when_rolled_out = when_rolled_out
        self.forbidden: set[tuple[str, str]] = set()
        self.before: Callable[[str, str], Answer | None] = lambda _method, _path: None
        self.writes: list[tuple[str, dict[str, Any]]] = []

    def have_deployment(self, name: str) -> str:
        return self.have_workload("Deployment", name)

    def have_workload(self, kind: str, name: str, **spec: Any) -> str:
        path = f"/apis/apps/v1/namespaces/default/{kind.lower()}s/{name}"
        replicas: dict[str, int] = {} if kind == "DaemonSet" else {"replicas": 2}
        self.objects[path] = {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": "default", "generation": 1, "resourceVersion": "1"},
            "spec": {**replicas, "template": {"metadata": {}}, **spec},
            "status": {"observedGeneration": 1, **READY[kind]},
        }
        return path

    def have_secret(self, name: str, data: dict[str, str], **more: Any) -> str:
        path = f"/api/v1/namespaces/default/secrets/{name}"
        metadata = {"name": name, "namespace": "default", "resourceVersion": "1", **more.pop("metadata", {})}
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        self.objects[path] = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded, **more}
        return path

    def data_of(self, secret: str) -> dict[str, str]:
        """Return what a Secret holds."""
        data = self.objects[f"/api/v1/namespaces/default/secrets/{secret}"]["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def is_rolling_out(self, kind: str, name: str) -> bool:
        """Tell whether old pods of a workload are still there."""
        status = self.objects[f"/apis/apps/v1/namespaces/default/{kind.lower()}s/{name}"]["status"]
        return not READY[kind].items() <= status.items()

    def answer(self, method: str, path: str, headers: Message, body: Any, query: str = "") -> Answer:
        if headers.get("Authorization") != f"Bearer {self.token}":
            return failure(401, "Unauthorized", "Unauthorized")
        discovered = self._discovery(path)
        if discovered is not None:
            return 200, discovered
        if any(method == verb and path.endswith(end) for verb, end in self.forbidden):
            return failure(403, "Forbidden", f"{path} is forbidden: User cannot {method.lower()} it")
        return self.before(method, path) or self._carry_out(method, path, headers, body, query)

    def _carry_out(self, method: str, path: str, headers: Message, body: Any, query: str) -> Answer:
        if method == "POST":
            path += "/" + body["metadata"]["name"]
            body["metadata"]["resourceVersion"] = "1"
            self.objects[path] = body
            return 201, body
        if path not in self.objects:
            return failure(404, "NotFound", f"{path} not found")
        if method == "PATCH":
            return self._patch(path, headers, body, is_dry_run="dryRun=All" in query)
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

    def _patch(self, path: str, headers: Message, patch: dict[str, Any], *, is_dry_run: bool) -> Answer:
        if headers["Content-Type"] not in MERGES:
            return failure(415, "UnsupportedMediaType", f"no patch is of the type {headers['Content-Type']}")
        existing = self.objects[path]
        patched = json.loads(json.dumps(existing))
        merge(patched, patch)
        if existing.get("immutable") and patched.get("data") != existing.get("data"):
            return failure(422, "Invalid", "data: Forbidden: field is immutable when `immutable` is set")
        if patched != existing:
            metadata = patched["metadata"]
            metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
            if "generation" in metadata:
                metadata["generation"] += 1
                patched["status"].update(NOT_READY[patched["kind"]])
        if not is_dry_run:
            self.writes.append((path, patch))
            self.objects[path] = patched
        return 200, json.loads(json.dumps(patched))

    def _look(self, existing: dict[str, Any]) -> dict[str, Any]:
        """Return an object as it is now; a roll-out under way is done by the next look."""
        now: dict[str, Any] = json.loads(json.dumps(existing))
        status, generation = existing.get("status"), existing["metadata"].get("generation")
        if status and status["observedGeneration"] != generation:
            status.update(observedGeneration=generation)
        elif status and NOT_READY[existing["kind"]].items() <= status.items():
            status.update(READY[existing["kind"]])
            status.update({"updateRevision": "2", "currentRevision": "2"} if "updateRevision" in status else {})
            self.when_rolled_out()
        return now


def reached(address: str, token: str = Cluster.token) -> dict[str, str]:
    """Return the variables by which a run reaches the stand-in."""
    return {"K8S_AUTH_HOST": address, "K8S_AUTH_API_KEY": token, "K8S_AUTH_VERIFY_SSL": "false"}


MERGES = ("application/merge-patch+json", "application/strategic-merge-patch+json")


def failure(code: int, reason: str, message: str) -> Answer:
    """Return how Kubernetes refuses a request."""
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return code, {**status, "message": message, "reason": reason, "code": code}


def merge(existing: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(existing.get(key), dict):
            merge(existing[key], value)
        else:
            existing[key] = value


@contextmanager
def serving(service: Cluster) -> Iterator[str]:
    """Serve a stand-in on a loopback port; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.close_connection = True
            self.raw_requestline = self.rfile.readline()
            if not self.raw_requestline or not self.parse_request():
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path, _, query = self.path.partition("?")
            given = json.loads(body) if body else None
            status, answer = service.answer(self.command, path.rstrip("/"), self.headers, given, query)
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
