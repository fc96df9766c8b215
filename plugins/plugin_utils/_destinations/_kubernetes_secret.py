# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deliver into a key of a Kubernetes Secret, with the modules of kubernetes.core. Private to this collection.

A merge patch of one key: never `apply`, which keeps the value in an annotation, never `stringData`.
"""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery import kubernetes
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    DELIVERED,
    LOST,
    NOT_TAKEN,
    PROVEN,
    REFUSED,
    UNFINISHED,
    UNREADABLE,
    Item,
    Verdict,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils._destinations._found import holds, verdict_on
from ansible_collections.community.turso.plugins.plugin_utils._destinations._needs import (
    lacking_library,
    require_collection,
)
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Run, each, failure_in, is_safe

COLLECTION, FLOOR = "kubernetes.core", "2.3.0"  # the first that tries on the server what a play in check mode would do
# What a named credential may hold; a text is the first. In the environment the modules read each themselves.
VARIABLES = (
    "K8S_AUTH_API_KEY",
    "K8S_AUTH_KUBECONFIG",
    "KUBECONFIG",
    "K8S_AUTH_HOST",
    "K8S_AUTH_CONTEXT",
    "K8S_AUTH_SSL_CA_CERT",
    "K8S_AUTH_VERIFY_SSL",
    "K8S_AUTH_CERT_FILE",
    "K8S_AUTH_KEY_FILE",
    "K8S_AUTH_USERNAME",
    "K8S_AUTH_PASSWORD",
)
ROLLOUT_SECONDS, POLL_SECONDS = 600, 3
_TRIED = "a value that a check tries"

Rollout = tuple[Any, ...]


def check(items: Sequence[Item], run: Run) -> list[Verdict]:
    return _with_cluster(items, run, REFUSED, Cluster.check)


def deliver(items: Sequence[Item], run: Run) -> list[Verdict]:
    written = _with_cluster(items, run, NOT_TAKEN, Cluster.write)
    return _roll_out(items, written, run)


def read_back(items: Sequence[Item], run: Run) -> list[Verdict]:
    return _with_cluster(items, run, UNREADABLE, Cluster.read_back)


def _with_cluster(
    items: Sequence[Item], run: Run, otherwise: str, carry_out: Callable[[Cluster, Item], Verdict]
) -> list[Verdict]:
    require_collection(COLLECTION, FLOOR, "to: kubernetes_secret")
    return each(items, run, otherwise, lambda item: carry_out(Cluster.of(item, run), item))


def _roll_out(items: Sequence[Item], written: Sequence[Verdict], run: Run) -> list[Verdict]:
    """Roll out what reads the values, each workload once and one after another, whatever number of values it reads."""
    problems: dict[Rollout, str | None] = {}
    for item, verdict in zip(items, written):
        for key in _rollouts_of(item, verdict, run):
            if key not in problems:
                problems[key] = Cluster.of(item, run).roll_out(item.options["namespace"], key[-1])
    return [_finished(item, verdict, run, problems) for item, verdict in zip(items, written)]


def _rollouts_of(item: Item, verdict: Verdict, run: Run) -> list[Rollout]:
    """Return what is to be rolled out for an item: not where its version is confirmed already, and was there."""
    is_confirmed = bool({"", "localhost", run.host} & set(item.is_confirmed_on))
    if verdict.verdict != DELIVERED or (is_confirmed and not verdict.changed):
        return []
    place = [item.options.get(name) for name in ("credential", "context", "namespace")]
    return [(*place, workload) for workload in _workloads(item)]


def _finished(item: Item, verdict: Verdict, run: Run, problems: Mapping[Rollout, str | None]) -> Verdict:
    failed = [problem for key in _rollouts_of(item, verdict, run) if (problem := problems[key]) is not None]
    return dataclasses.replace(verdict, verdict=UNFINISHED, msg="; ".join(failed)) if failed else verdict


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A cluster, as one credential sees it. `options` and `environment` go to each module."""

    run: Run
    options: Mapping[str, Any] = dataclasses.field(repr=False)
    environment: Mapping[str, str] = dataclasses.field(repr=False)

    @classmethod
    def of(cls, item: Item, run: Run) -> Cluster:
        """Return the cluster of an item.

        :raises Refused: its credential is not there, or would travel in clear.
        """
        named = run.credential(item, *VARIABLES) if item.options.get("credential") else {}
        host = {**run.settings(item, "K8S_AUTH_HOST"), **named}.get("K8S_AUTH_HOST")
        if host is not None and not is_safe(host):
            raise Refused(f"K8S_AUTH_HOST is {host}, which is not https, so nothing was sent. Use an https address")
        context = item.options.get("context")
        return cls(run, {"context": context} if context else {}, named)

    def check(self, item: Item) -> Verdict:
        """Have the API server try the write, and each roll-out, without carrying them out.

        :raises Refused: with what stands against it.
        """
        secret = self.secret(item)
        problem = kubernetes.problem_of_secret(secret)
        if problem is not None:
            raise Refused(f"the secret {_name(item)} would not keep the value: {problem}")
        tried = self._patch("Secret", item, kubernetes.patch_of(item.options["key"], _TRIED), check_mode=True)
        if tried.get("failed"):
            raise Refused(f"the API server would refuse the value for the secret {_name(item)}: {self._told(tried)}")
        for workload in _workloads(item):
            self._check_rollout(item, workload)
        return Verdict.of(item, self.run.host, PROVEN)

    def write(self, item: Item) -> Verdict:
        """Set the key, if it does not hold the value."""
        secret = self.secret(item)
        if holds(item, kubernetes.value_of(secret, item.options["key"])):
            return Verdict.of(item, self.run.host, DELIVERED)
        problem = kubernetes.problem_of_secret(secret)
        if problem is not None:
            raise Refused(f"the secret {_name(item)} would not keep the value: {problem}")
        patch = kubernetes.patch_of(item.options["key"], str(item.secret))
        result = self._patch("Secret", item, patch)
        if result.get("failed") and kubernetes.is_conflict(failure_in(result)):
            result = self._patch("Secret", item, patch)  # once more: the object changed meanwhile
        if result.get("failed"):
            return self._unwritten(item, result)
        if not result.get("result"):
            raise Refused(
                f"the secret {_name(item)} was deleted in the meantime, and the role creates none. Create it again"
            )
        return Verdict.of(item, self.run.host, DELIVERED, changed=True)

    def read_back(self, item: Item) -> Verdict:
        """Compare what stands under the key of an item now."""
        return verdict_on(item, self.run.host, kubernetes.value_of(self.secret(item), item.options["key"]))

    def secret(self, item: Item) -> kubernetes.Object:
        """Return the Secret of an item.

        :raises Refused: it is not there, or nobody could look.
        """
        namespace, name = item.options["namespace"], item.options["name"]
        found = self._find("Secret", namespace, name)
        if found is None:
            raise Refused(
                f"there is no secret {_name(item)}, and the role creates none. Create it: kubectl --namespace {namespace} "
                f"create secret generic {name}"
            )
        return found

    def roll_out(self, namespace: str, workload: str) -> str | None:
        """Restart a workload and wait until every pod is new; say what went wrong, None where nothing did."""
        kind, name = workload.split("/")
        patch = kubernetes.restart_of(datetime.datetime.now(tz=datetime.timezone.utc))
        patched = self._patch_named(kubernetes.WORKLOADS[kind], namespace, name, patch)
        if patched.get("failed"):
            return f"{namespace}/{workload} could not be rolled out: {self._told(patched)}"
        until = time.monotonic() + ROLLOUT_SECONDS
        while time.monotonic() < until:
            try:
                found = self._find(kubernetes.WORKLOADS[kind], namespace, name)
            except Refused as exc:
                return f"it is not known whether {namespace}/{workload} was rolled out: {exc.msg}"
            if found is None:
                return f"{namespace}/{workload}, which rollout names, does not exist any more"
            if kubernetes.is_rolled_out(found):
                return None
            if kubernetes.has_given_up(found):
                break
            time.sleep(POLL_SECONDS)
        return (
            f"the roll-out of {namespace}/{workload} did not finish, so some of its pods may still use the old value. Look "
            f"at it: kubectl --namespace {namespace} rollout status {workload}"
        )

    def _check_rollout(self, item: Item, workload: str) -> None:
        namespace = item.options["namespace"]
        kind, name = workload.split("/")
        found = self._find(kubernetes.WORKLOADS[kind], namespace, name)
        if found is None:
            raise Refused(f"rollout names {workload}, and the namespace {namespace} does not have it")
        problem = kubernetes.problem_of_workload(found)
        if problem is not None:
            raise Refused(f"{workload} in the namespace {namespace} cannot be rolled out: {problem}")
        patch = kubernetes.restart_of(datetime.datetime.now(tz=datetime.timezone.utc))
        tried = self._patch_named(kubernetes.WORKLOADS[kind], namespace, name, patch, check_mode=True)
        if tried.get("failed"):
            raise Refused(f"the API server would refuse to roll out {workload} in {namespace}: {self._told(tried)}")

    def _find(self, kind: str, namespace: str, name: str) -> kubernetes.Object | None:
        """Return an object, None where it is not there.

        :raises Refused: nobody could look.
        """
        found = self._ask("k8s_info", api_version=_version_of(kind), kind=kind, namespace=namespace, name=name)
        if found.get("failed") or not found.get("api_found", True):
            raise Refused(f"the cluster does not show {kind} {namespace}/{name}: {self._told(found)}")
        return next(iter(found["resources"]), None)

    def _patch(self, kind: str, item: Item, patch: Mapping[str, Any], *, check_mode: bool = False) -> dict[str, Any]:
        return self._patch_named(kind, item.options["namespace"], item.options["name"], patch, check_mode=check_mode)

    def _patch_named(
        self, kind: str, namespace: str, name: str, patch: Mapping[str, Any], *, check_mode: bool = False
    ) -> dict[str, Any]:
        """Merge a patch into an object that is there, and make none that is not."""
        return self._ask(
            "k8s",
            check_mode=check_mode,
            state="patched",
            merge_type=["merge"],
            api_version=_version_of(kind),
            kind=kind,
            namespace=namespace,
            name=name,
            definition=dict(patch),
        )

    def _unwritten(self, item: Item, result: Mapping[str, Any]) -> Verdict:
        said = self._told(result)
        if kubernetes.is_certainly_unwritten(failure_in(result)):
            return Verdict.of(item, self.run.host, NOT_TAKEN, f"the secret {_name(item)} was not written: {said}")
        return Verdict.of(
            item, self.run.host, LOST, f"it is not known whether the secret {_name(item)} was written: {said}"
        )

    def _ask(self, module: str, *, check_mode: bool = False, **args: Any) -> dict[str, Any]:
        name = f"{COLLECTION}.{module}"
        return self.run.module(name, {**self.options, **args}, self.environment, check_mode=check_mode)

    def _told(self, result: Mapping[str, Any]) -> str:
        secrets = [self.environment.get(name, "") for name in ("K8S_AUTH_API_KEY", "K8S_AUTH_PASSWORD")]
        said = kubernetes.said_in(failure_in(result))
        return lacking_library(said) or self.run.shown(said, secrets)


def _workloads(item: Item) -> Sequence[str]:
    """Return what reads the Secret of an item, as kind/name."""
    return item.options.get("rollout") or ()


def _version_of(kind: str) -> str:
    return "v1" if kind == "Secret" else "apps/v1"


def _name(item: Item) -> str:
    return f"{item.options['namespace']}/{item.options['name']}"
