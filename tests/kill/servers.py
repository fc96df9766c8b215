# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that hold a value for consumers. A run sees each through a proxy, so that it can be killed at every request."""

from __future__ import annotations

import itertools
from typing import Protocol

from tests.destinations.bao import Bao
from tests.destinations.github import Credential, GitHub
from tests.destinations.proxy import Answer, Proxy
from tests.simulator.processes import kill_tree
from tests.sinks.standins import Cluster, reached

ON_GITHUB = "on GitHub"
IN_VAULT = "in Vault"
IN_KUBERNETES, IN_PODS, IN_NEW_PODS = "in Kubernetes", "in its pods", "in the pods that it starts"
GITHUB_SECRET = {"to": "github_secret", "repository": "acme/app", "name": "TURSO_API_TOKEN"}
VAULT_KV = {"to": "vault_kv", "path": "turso/ci", "key": "token", "takes_effect_hours": 0}
KUBERNETES_SECRET = {
    "to": "kubernetes_secret",
    "namespace": "default",
    "name": "turso",
    "key": "token",
    "rollout": ["deployment/shop"],
}


class Server(Protocol):
    """`environment` has the address of the proxy and the credential of a run; `places` are where consumers hold a value."""

    proxy: Proxy
    environment: dict[str, str]
    places: tuple[str, ...]

    def hold(self, where: str, value: str) -> None: ...

    def held_at(self, where: str) -> str: ...


class OnGitHub:
    places = (ON_GITHUB,)

    def __init__(self, hub: GitHub, proxy: Proxy) -> None:
        self.hub, self.proxy = hub, proxy
        self.repository, self.name = GITHUB_SECRET["repository"], GITHUB_SECRET["name"]
        hub.have_repository(self.repository)
        hub.credentials = {"the credential for GitHub": Credential()}
        self.environment = {"GITHUB_API_URL": proxy.url, "GH_TOKEN": "the credential for GitHub"}

    def hold(self, where: str, value: str) -> None:  # noqa: ARG002
        self.hub.have_secret(f"repos/{self.repository}/actions", self.name, value)

    def held_at(self, where: str) -> str:  # noqa: ARG002
        return self.hub.value(f"repos/{self.repository}/actions", self.name)


class InVault:
    places = (IN_VAULT,)

    def __init__(self, bao: Bao, proxy: Proxy) -> None:
        self.bao, self.proxy = bao, proxy
        self.environment = {"VAULT_ADDR": proxy.url, "VAULT_TOKEN": bao.token}

    def hold(self, where: str, value: str) -> None:  # noqa: ARG002
        self.bao.write("turso/ci", token=value, other="kept")

    def held_at(self, where: str) -> str:  # noqa: ARG002
        data, _version = self.bao.read("turso/ci")
        assert data["other"] == "kept"
        value: str = data["token"]
        return value


class InKubernetes:
    """A Secret, the pods that were started with a value of it, and pods that a roll-out under way starts."""

    places = (IN_KUBERNETES, IN_PODS, IN_NEW_PODS)

    def __init__(self, cluster: Cluster, proxy: Proxy) -> None:
        self.cluster, self.proxy = cluster, proxy
        self.environment = reached(proxy.url)
        self.in_pods = ""
        cluster.when_rolled_out = self._end_old_pods

    def hold(self, where: str, value: str) -> None:
        if where == IN_KUBERNETES:
            self.cluster.have_secret("turso", {"token": value, "other": "kept"})
            self.cluster.have_workload("Deployment", "shop")
            self.in_pods = value

    def held_at(self, where: str) -> str:
        if where == IN_PODS or (where == IN_NEW_PODS and not self.cluster.is_rolling_out("Deployment", "shop")):
            return self.in_pods
        data = self.cluster.data_of("turso")
        assert data["other"] == "kept"
        return data["token"]

    def _end_old_pods(self) -> None:
        self.in_pods = self.cluster.data_of("turso")["token"]


def kill_at(proxy: Proxy, number: int, pid: int, *, is_served: bool) -> None:
    """Have the n-th request from now on end the process that sent it, before or after it is carried out."""
    numbers = itertools.count()

    def strike(_method: str, _path: str) -> Answer | None:
        if next(numbers) != number:
            return None
        kill_tree(pid)
        return 503, b""

    def pass_on(_method: str, _path: str) -> None:
        return None

    proxy.before, proxy.after = (pass_on, strike) if is_served else (strike, pass_on)
