# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A key of a Kubernetes Secret: what stands there, what would not keep it, and when a roll-out is over."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery import kubernetes

VALUES = {
    "no data": ({}, None),
    "null": ({"data": None}, None),
    "another key": ({"data": {"other": "b2xk"}}, None),
    "the key": ({"data": {"key": "b2xk"}}, "old"),
    "bytes that are no text": ({"data": {"key": "//8="}}, "\ufffd\ufffd"),
}


@pytest.mark.parametrize(("secret", "value"), VALUES.values(), ids=VALUES)
def test_a_key_is_read(secret: dict[str, Any], value: str | None) -> None:
    assert kubernetes.value_of(secret, "key") == value


def test_patches_name_nothing_else() -> None:
    assert kubernetes.patch_of("key", "old") == {"data": {"key": "b2xk"}}
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=datetime.timezone.utc)
    annotations = {"kubectl.kubernetes.io/restartedAt": "2026-01-02T03:04:05.000678+00:00"}
    assert kubernetes.restart_of(moment) == {"spec": {"template": {"metadata": {"annotations": annotations}}}}


OWNER = {"kind": "SealedSecret", "name": "turso"}
SECRETS = {
    "one that anybody writes": ({"metadata": {}}, None),
    "one that is explicitly not immutable": ({"metadata": {}, "immutable": False}, None),
    "an owner that only has it deleted": ({"metadata": {"ownerReferences": [{**OWNER, "controller": False}]}}, None),
    "immutable": ({"metadata": {}, "immutable": True}, "it is immutable"),
    "a controller": (
        {"metadata": {"ownerReferences": [{**OWNER, "controller": True}]}},
        "SealedSecret turso controls it",
    ),
}


@pytest.mark.parametrize(("secret", "problem"), SECRETS.values(), ids=SECRETS)
def test_a_secret_that_would_not_keep_the_value_is_told(secret: dict[str, Any], problem: str | None) -> None:
    said = kubernetes.problem_of_secret(secret)
    assert said == problem if problem is None else (said or "").startswith(problem)


SPECS = {
    "plain": ({}, None),
    "rolling": ({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}}, None),
    "paused": ({"paused": True}, "it is paused"),
    "on delete": ({"updateStrategy": {"type": "OnDelete"}}, "its updateStrategy is OnDelete"),
    "a partition": ({"updateStrategy": {"rollingUpdate": {"partition": 1}}}, "its updateStrategy has a partition"),
}


@pytest.mark.parametrize(("spec", "problem"), SPECS.values(), ids=SPECS)
def test_a_workload_that_would_keep_old_pods_is_told(spec: dict[str, Any], problem: str | None) -> None:
    said = kubernetes.problem_of_workload({"spec": spec})
    assert said == problem if problem is None else (said or "").startswith(problem)


# kind, spec, status, whether the roll-out of generation 3 is over
DONE = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
SET = {"readyReplicas": 2, "updateRevision": "b", "currentRevision": "b"}
DAEMON = {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
ROLLOUTS = [
    ("Deployment", {"replicas": 2}, DONE, True),
    ("Deployment", {}, {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}, True),
    ("Deployment", {"replicas": 0}, {}, True),
    ("Deployment", {"replicas": 2}, {**DONE, "observedGeneration": 2}, False),
    ("Deployment", {"replicas": 2}, {**DONE, "updatedReplicas": 1}, False),
    ("Deployment", {"replicas": 2}, {**DONE, "replicas": 3}, False),
    ("Deployment", {"replicas": 2}, {**DONE, "availableReplicas": 1}, False),
    ("StatefulSet", {"replicas": 2}, SET, True),
    ("StatefulSet", {"replicas": 2}, {**SET, "readyReplicas": 1}, False),
    ("StatefulSet", {"replicas": 2}, {**SET, "currentRevision": "a"}, False),
    ("DaemonSet", {}, DAEMON, True),
    ("DaemonSet", {}, {**DAEMON, "updatedNumberScheduled": 1}, False),
    ("DaemonSet", {}, {**DAEMON, "numberAvailable": 1}, False),
]


@pytest.mark.parametrize(("kind", "spec", "status", "is_over"), ROLLOUTS)
def test_a_rollout_is_over_when_every_pod_is_new_and_ready(
    kind: str, spec: dict[str, Any], status: dict[str, Any], is_over: bool
) -> None:
    workload = {
        "kind": kind,
        "metadata": {"generation": 3},
        "spec": spec,
        "status": {"observedGeneration": 3, **status},
    }
    assert kubernetes.is_rolled_out(workload) is is_over


def test_a_workload_without_a_status_is_not_rolled_out() -> None:
    workload = {"kind": "Deployment", "metadata": {"generation": 1}, "spec": {"replicas": 0}}
    assert not kubernetes.is_rolled_out(workload)
    assert not kubernetes.has_given_up(workload)


GAVE_UP = {"type": "Progressing", "reason": "ProgressDeadlineExceeded"}
CONDITIONS = [
    ([GAVE_UP], 3, True),
    ([{"type": "Available"}, GAVE_UP], 4, True),
    ([GAVE_UP], 2, False),  # of the roll-out before
    ([{"type": "Progressing", "reason": "NewReplicaSetAvailable"}], 3, False),
    ([], 3, False),
]


@pytest.mark.parametrize(("conditions", "observed", "has_given_up"), CONDITIONS)
def test_a_rollout_that_kubernetes_gave_up_is_not_waited_for(
    conditions: Any, observed: int, has_given_up: bool
) -> None:
    status = {"observedGeneration": observed, "conditions": conditions}
    workload = {"kind": "Deployment", "metadata": {"generation": 3}, "spec": {}, "status": status}
    assert kubernetes.has_given_up(workload) is has_given_up


# what a module says, what of it is shown, whether nothing was certainly written, and whether it was a conflict
FORBIDDEN = 'Failed to patch object: b\'{"kind":"Status","message":"secrets \\\\"a\\\\" is forbidden","code":403}\\n\''
SAID = [
    (FORBIDDEN, 'secrets "a" is forbidden', True, False),
    (
        'Failed to patch object: {"message": "the object has been modified", "code": 409}',
        "the object has been modified",
        True,
        True,
    ),
    ('Failed to patch object: {"message": "etcd is down", "code": 500}', "etcd is down", False, False),
    ("Exception '403\nReason: Forbidden\nHTTP response headers: {}", None, True, False),
    ("Exception '(404)\nReason: Not Found", None, True, False),
    ("Failed to retrieve requested object: timed out", None, True, False),
    ("NewConnectionError('Failed to establish a new connection: refused')", None, True, False),
    ("Failed to patch object: Connection reset by peer", None, False, False),
]


@pytest.mark.parametrize(("msg", "shown", "is_unwritten", "is_conflict"), SAID)
def test_what_the_api_server_said_is_found(msg: str, shown: str | None, is_unwritten: bool, is_conflict: bool) -> None:
    assert kubernetes.said_in(msg) == (shown or msg)
    assert kubernetes.is_certainly_unwritten(msg) is is_unwritten
    assert kubernetes.is_conflict(msg) is is_conflict
