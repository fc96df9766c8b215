# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A key of a Kubernetes Secret and the workloads that read it: what stands there, what is sent. Pure. Private to this collection."""

from __future__ import annotations

import base64
import datetime
import json
import re
from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]

# What can be rolled out, by the name that kubectl has for it.
WORKLOADS = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"

_MESSAGE = re.compile(r'"message"\s*:\s*("(?:[^"\\]|\\.)*")')
_CONFLICT = re.compile(r'"code"\s*:\s*409')
# Ends of a write that mean: nothing was written. Any other leaves that open.
_UNWRITTEN = re.compile(
    r'"code"\s*:\s*4\d\d|\b4\d\d\)?\s*Reason: '
    "|Failed to retrieve|Could not create API client|Failed to establish a new connection|NameResolution"
)


def value_of(secret: Object, key: str) -> str | None:
    """Return what stands under a key of a Secret; bytes that are no text are replaced, so that they equal no token."""
    encoded = _part(secret, "data").get(key)
    return None if encoded is None else base64.b64decode(encoded).decode("utf-8", "replace")


def patch_of(key: str, value: str) -> dict[str, Any]:
    """Return the merge patch that sets one key of a Secret and nothing else."""
    return {"data": {key: base64.b64encode(value.encode()).decode()}}


def restart_of(moment: datetime.datetime) -> dict[str, Any]:
    """Return the merge patch that rolls a workload out, as kubectl does it.

    :param moment: with its fraction of a second: the same text again would roll out nothing.
    """
    return {"spec": {"template": {"metadata": {"annotations": {RESTARTED_AT: moment.isoformat()}}}}}


def problem_of_secret(secret: Object) -> str | None:
    """Say why a Secret cannot keep a value that is written into it; None where it can."""
    if secret.get("immutable"):
        return "it is immutable. Create one that is not, under another name, and have its readers use that"
    owners = [owner for owner in secret["metadata"].get("ownerReferences", ()) if owner.get("controller")]
    if not owners:
        return None
    return (
        f"{owners[0]['kind']} {owners[0]['name']} controls it and would restore its own value. Deliver to the place from "
        "which it takes the value"
    )


def problem_of_workload(workload: Object) -> str | None:
    """Say why new pods of a workload would not all get the value in a roll-out; None where they would."""
    if workload["spec"].get("paused"):
        return "it is paused, so nothing would be rolled out. Resume it: kubectl rollout resume"
    if _part(workload, "spec", "updateStrategy").get("type") == "OnDelete":
        return "its updateStrategy is OnDelete, so its pods would keep the old value until you delete them. Use RollingUpdate"
    if _part(workload, "spec", "updateStrategy", "rollingUpdate").get("partition"):
        return "its updateStrategy has a partition, so the pods below it would keep the old value. Remove the partition"
    return None


def is_rolled_out(workload: Object) -> bool:
    """Tell whether every pod of a workload is one of its present template and ready, as `kubectl rollout status` does."""
    status = _part(workload, "status")
    if status.get("observedGeneration", 0) < workload["metadata"]["generation"]:
        return False
    return _IS_DONE[workload["kind"]](workload["spec"], status)


def has_given_up(workload: Object) -> bool:
    """Tell whether Kubernetes itself calls a roll-out failed, and not one before; only Deployments are judged."""
    status = _part(workload, "status")
    reasons = {condition["type"]: condition.get("reason") for condition in status.get("conditions", ())}
    return all(
        [
            status.get("observedGeneration", 0) >= workload["metadata"]["generation"],
            reasons.get("Progressing") == "ProgressDeadlineExceeded",
        ]
    )


def _part(thing: Object, *names: str) -> Object:
    """Return an object inside another one, an empty one where there is none: the API leaves out what is empty."""
    for name in names:
        thing = thing.get(name) or {}
    return thing


def _is_deployment_done(spec: Object, status: Object) -> bool:
    updated = status.get("updatedReplicas", 0)
    return all(
        [
            updated >= spec.get("replicas", 1),
            status.get("replicas", 0) <= updated,  # else an old pod is still there
            status.get("availableReplicas", 0) >= updated,
        ]
    )


def _is_daemon_set_done(_spec: Object, status: Object) -> bool:
    desired = status.get("desiredNumberScheduled", 0)
    done: int = min(status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0))
    return bool(done >= desired)


def _is_stateful_set_done(spec: Object, status: Object) -> bool:
    return all(
        [
            status.get("readyReplicas", 0) >= spec.get("replicas", 1),
            status.get("updateRevision") == status.get("currentRevision"),
        ]
    )


_IS_DONE = {
    "Deployment": _is_deployment_done,
    "DaemonSet": _is_daemon_set_done,
    "StatefulSet": _is_stateful_set_done,
}


def said_in(msg: str) -> str:
    """Return what the API server says in the message of a module, which shows its whole answer; else the message."""
    found = _MESSAGE.search(msg.replace("\\\\", "\\"))
    return str(json.loads(found.group(1))) if found else msg


def is_conflict(msg: str) -> bool:
    """Tell whether the API server refused a write because the object changed meanwhile."""
    return _CONFLICT.search(msg) is not None


def is_certainly_unwritten(msg: str) -> bool:
    """Tell from what a write failed with that nothing was written."""
    return _UNWRITTEN.search(msg) is not None
