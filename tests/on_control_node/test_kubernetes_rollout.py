# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roll-out of what reads a Kubernetes Secret: how often, when it is over, and what is said where it is not."""

from __future__ import annotations

import base64
import dataclasses
import time
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Item
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of
from ansible_collections.community.turso.plugins.plugin_utils._destinations import _kubernetes_secret
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Run

NEW = "the-new-value"
GAVE_UP = {"observedGeneration": 2, "conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]}
DONE = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
UNDER_WAY = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 0}


@dataclasses.dataclass
class Modules:
    """The modules of kubernetes.core, before a Secret that holds `value` and workloads with one status after another."""

    value: str = "the-old-value"
    statuses: list[Any] = dataclasses.field(default_factory=lambda: [DONE])
    calls: list[str] = dataclasses.field(default_factory=list)

    def __call__(self, name: str, args: Any, _environment: Any, check_mode: bool) -> dict[str, Any]:
        assert not check_mode
        self.calls.append(f"{name.rpartition('.')[2]} {args['kind']} {args['name']}")
        if name.endswith(".k8s"):
            return {"changed": True, "result": {"kind": args["kind"]}}
        if args["kind"] == "Secret":
            data = {"token": base64.b64encode(self.value.encode()).decode()}
            return {"resources": [{"metadata": {}, "data": data}]}
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if isinstance(status, str):
            return {"failed": True, "msg": status}
        workload = {"kind": args["kind"], "metadata": {"generation": 2}, "spec": {"replicas": 1}, "status": status}
        return {"resources": [] if status is None else [workload]}


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that would have been waited; the collection is taken for installed."""
    waited: list[float] = []
    now = iter(range(0, 10**6, 100))
    monkeypatch.setattr(_kubernetes_secret, "require_collection", lambda *_: None)
    monkeypatch.setattr(time, "sleep", waited.append)
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    return waited


def secret(*rollout: str, key: str = "token", **more: Any) -> Item:
    options = {"namespace": "shop", "name": "turso", "key": key, "rollout": list(rollout)}
    return Item("ci", "kubernetes_secret", f"shop turso {key}", options, secret=NEW, sha256=digest_of(NEW), **more)


def deliver(modules: Modules, *items: Item) -> list[tuple[str, bool, str]]:
    verdicts = _kubernetes_secret.deliver(items, Run("localhost", modules, secrets=(NEW,)))
    return [(verdict.verdict, verdict.changed, verdict.msg) for verdict in verdicts]


def test_a_rollout_is_waited_for(waits: list[float]) -> None:
    modules = Modules(statuses=[UNDER_WAY, UNDER_WAY, DONE])
    assert deliver(modules, secret("deployment/web")) == [("delivered", True, "")]
    assert waits == [3, 3]


# the statuses of the workload, and how the message begins
FAILURES: dict[str, tuple[list[Any], str]] = {
    "Kubernetes gives up": (
        [UNDER_WAY, GAVE_UP],
        "the roll-out of shop/deployment/web did not finish, so some of its pods may",
    ),
    "it takes for ever": ([UNDER_WAY], "the roll-out of shop/deployment/web did not finish"),
    "it is deleted": ([UNDER_WAY, None], "shop/deployment/web, which rollout names, does not exist any more"),
    "nobody can look": (
        [f"no: {NEW}"],
        "it is not known whether shop/deployment/web was rolled out: the cluster does not show",
    ),
}


@pytest.mark.parametrize("row", FAILURES)
def test_a_rollout_that_fails_is_not_finished(row: str) -> None:
    statuses, msg = FAILURES[row]
    ((verdict, changed, said),) = deliver(Modules(statuses=statuses), secret("deployment/web"))
    assert (verdict, changed) == ("unfinished", True)
    assert said.startswith(msg)
    assert NEW not in said


def test_each_workload_is_rolled_out_once_after_all_values_are_there() -> None:
    modules = Modules()
    items = [secret("deployment/a", "deployment/b"), secret("deployment/b", key="other")]
    assert deliver(modules, *items) == [("delivered", True, "")] * 2
    assert [call for call in modules.calls if call.startswith("k8s ")] == [
        "k8s Secret turso",
        "k8s Secret turso",
        "k8s Deployment a",
        "k8s Deployment b",
    ]


def test_a_failure_is_told_of_each_value_that_the_workload_reads_and_of_no_other() -> None:
    modules = Modules(statuses=[GAVE_UP, DONE])
    items = [secret("deployment/a"), secret("deployment/b"), secret("deployment/a", key="other"), secret(key="third")]
    verdicts = [verdict for verdict, *_ in deliver(modules, *items)]
    assert verdicts == ["unfinished", "delivered", "unfinished", "delivered"]


# where the version is confirmed, what is there, and whether it is rolled out
CONFIRMED = [
    ((), NEW, True),
    (("web1",), NEW, True),
    (("localhost",), NEW, False),
    (("",), NEW, False),
    (("localhost",), "the-old-value", True),
]


@pytest.mark.parametrize(("hosts", "value", "is_rolled_out"), CONFIRMED)
def test_what_was_there_is_rolled_out_until_it_is_confirmed(
    hosts: tuple[str, ...], value: str, is_rolled_out: bool
) -> None:
    modules = Modules(value=value)
    assert deliver(modules, secret("deployment/a", is_confirmed_on=hosts)) == [("delivered", value != NEW, "")]
    assert ("k8s Deployment a" in modules.calls) is is_rolled_out
