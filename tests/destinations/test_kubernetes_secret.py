# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The destination kubernetes_secret, with the real module and client library, against a stand-in for the API server."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.destinations.plays import Step, item, verdicts_of, words
from tests.playbooks import Playbooks, heavy
from tests.sinks.standins import Cluster, failure, reached, serving

OLD, NEW, NEWER = "the-old-value", "the-new-value/+=", "the-newer-value"
SECRETS = "/api/v1/namespaces/default/secrets/"
CONTROLLED = {"ownerReferences": [{"kind": "ExternalSecret", "name": "turso", "controller": True}]}


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


def secret(name: str, value: str | None = NEW, *, of: str = "turso", **options: Any) -> dict[str, Any]:
    wants_value = options.pop("wants_value", False)
    given = {"namespace": "default", "name": of, "key": "token", "takes_effect_hours": 0, **options}
    return item(name, value, wants_value=wants_value, **given)


def restarts(cluster: Cluster) -> list[str]:
    """Return what was rolled out, in order."""
    return [path.rpartition("/")[2] for path, patch in cluster.writes if "spec" in patch]


@heavy
def test_a_check_has_the_api_server_try_it(controller: Playbooks, cluster: Cluster) -> None:
    cluster.have_secret("turso", {"token": OLD})
    cluster.have_secret("immutable", {"token": OLD}, immutable=True)
    cluster.have_secret("controlled", {"token": OLD}, metadata=CONTROLLED)
    cluster.have_secret("forbidden", {"token": OLD})
    cluster.have_workload("Deployment", "shop")
    cluster.have_workload("Deployment", "locked")
    cluster.have_workload("StatefulSet", "manual", updateStrategy={"type": "OnDelete"})
    cluster.forbidden = {("PATCH", "secrets/forbidden"), ("PATCH", "deployments/locked")}
    items = [
        secret("ci", None, rollout=["deployment/shop"]),
        *(secret(name, None, of=name) for name in ("immutable", "controlled", "forbidden", "none")),
        *(secret(name, None, rollout=[name]) for name in ("deployment/locked", "statefulset/manual", "daemonset/none")),
    ]
    with serving(cluster) as address:
        steps = [
            Step("check", "check", items, reached(address)),
            Step("deliver", "deliver", [secret("ci")], reached(address)),
        ]
        told = verdicts_of(controller, "kubernetes_secret", steps, "--check", secrets=[OLD, Cluster.token])
    assert words(told["check"])[0] == ("ci", "proven")
    assert words(told["deliver"]) == [("ci", "not taken")]
    assert {verdict["verdict"] for verdict in told["check"][1:]} == {"refused"}
    said = {verdict["name"]: verdict["msg"] for verdict in told["check"]}
    assert "it is immutable" in said["immutable"]
    assert "ExternalSecret turso controls it" in said["controlled"]
    assert "User cannot patch it" in said["forbidden"]
    assert said["none"].endswith("kubectl --namespace default create secret generic none")
    assert "User cannot patch it" in said["deployment/locked"]
    assert "OnDelete" in said["statefulset/manual"]
    assert said["daemonset/none"].startswith("rollout names daemonset/none, and the namespace default does not have it")
    assert cluster.writes == []
    assert cluster.data_of("turso") == {"token": OLD}


def test_a_first_delivery_changes_one_key_alone(controller: Playbooks, cluster: Cluster) -> None:
    cluster.have_secret("turso", {"token": OLD, "other": "kept"})
    with serving(cluster) as address:
        steps = [Step(verb, verb, [secret("ci")], reached(address)) for verb in ("deliver", "read_back")]
        told = verdicts_of(controller, "kubernetes_secret", steps, secrets=[OLD, Cluster.token])
    assert words(told["deliver"]) == [("ci", "delivered")]
    assert words(told["read_back"]) == [("ci", "confirmed")]
    assert cluster.data_of("turso") == {"token": NEW, "other": "kept"}


@heavy
def test_it_is_delivered_rolled_out_and_read_back(controller: Playbooks, cluster: Cluster) -> None:
    labels = {"labels": {"team": "shop"}, "annotations": {"note": "kept"}}
    cluster.have_secret("turso", {"token": OLD, "other": "kept"}, type="Opaque", metadata=labels)
    for kind, name in (
        ("Deployment", "shop"),
        ("StatefulSet", "queue"),
        ("DaemonSet", "agent"),
        ("Deployment", "locked"),
    ):
        cluster.have_workload(kind, name)
    cluster.forbidden = {("PATCH", "deployments/locked"), ("PATCH", "secrets/forbidden")}
    cluster.have_secret("forbidden", {"token": OLD})
    cluster.have_secret("plain", {"token": OLD})
    everything = ["deployment/shop", "statefulset/queue", "daemonset/agent"]
    items = [
        secret("ci", rollout=everything),
        secret("second", NEWER, key="added", rollout=["deployment/shop"]),
        secret("locked", of="plain", rollout=["deployment/locked"]),
        secret("forbidden", of="forbidden", rollout=["deployment/shop"]),
        secret("none", of="none"),
    ]
    again = [{**items[0], "options": {**items[0]["options"], "rollout": ["deployment/shop"]}}]
    confirmed = [{**again[0], "is_confirmed_on": ["localhost"]}]
    wanted = [
        secret("ci", wants_value=True),
        secret("other", NEWER),
        secret("nokey", key="nokey"),
        secret("none", of="none"),
    ]
    with serving(cluster) as address:
        environment = reached(address)
        steps = [
            Step("deliver", "deliver", items, environment),
            Step("again", "deliver", again, environment),
            Step("confirmed", "deliver", confirmed, environment),
            Step("read_back", "read_back", wanted, environment),
        ]
        told = verdicts_of(controller, "kubernetes_secret", steps, secrets=[OLD, Cluster.token])
    assert [(v["name"], v["verdict"], v["changed"]) for v in told["deliver"]] == [
        ("ci", "delivered", True),
        ("second", "delivered", True),
        ("locked", "unfinished", True),
        ("forbidden", "not taken", False),
        ("none", "not taken", False),
    ]
    assert "default/deployment/locked could not be rolled out" in told["deliver"][2]["msg"]
    assert "User cannot patch it" in told["deliver"][3]["msg"]
    assert cluster.data_of("turso") == {"token": NEW, "other": "kept", "added": NEWER}
    there = cluster.objects[SECRETS + "turso"]
    # One key of the data, and nothing else: no annotation with the value, which `apply` would leave.
    assert (there["type"], there["metadata"]["labels"], there["metadata"]["annotations"]) == (
        "Opaque",
        {"team": "shop"},
        {"note": "kept"},
    )
    assert all("stringData" not in patch for _, patch in cluster.writes)
    # Each workload once, whatever number of values it reads; unchanged and not confirmed yet: once more; confirmed: not.
    assert [(v["verdict"], v["changed"]) for v in told["again"] + told["confirmed"]] == [("delivered", False)] * 2
    assert restarts(cluster) == ["shop", "queue", "agent", "shop"]
    assert cluster.objects["/apis/apps/v1/namespaces/default/deployments/shop"]["status"]["availableReplicas"] == 2
    assert [(v["name"], v["verdict"], v["by"]) for v in told["read_back"]] == [
        ("ci", "confirmed", "read back"),
        ("other", "other", None),
        ("nokey", "other", None),
        ("none", "unreadable", None),
    ]


@heavy
def test_what_happens_in_between_is_told(controller: Playbooks, cluster: Cluster) -> None:
    for name in ("conflict", "modified", "deleted", "lost", "immutable"):
        cluster.have_secret(name, {"token": OLD})
    conflicts = {"conflict": 1, "modified": 2}

    def meanwhile(method: str, path: str) -> Any:
        name = path.rpartition("/")[2]
        if method == "PATCH" and conflicts.get(name, 0):
            conflicts[name] -= 1
            return failure(409, "Conflict", "the object has been modified")
        if method == "PATCH" and name == "lost":
            return failure(
                500, "InternalError", f"etcd did not answer about {NEW} {base64.b64encode(NEW.encode()).decode()}"
            )
        if method == "PATCH" and name == "immutable":
            cluster.objects[path]["immutable"] = True
        if method == "GET" and name == "deleted" and conflicts.setdefault(name, -1) == -2:
            del cluster.objects[path]
        conflicts[name] = conflicts.get(name, 0) - (name == "deleted")
        return None

    cluster.before = meanwhile
    items = [secret(name, of=name) for name in ("conflict", "modified", "deleted", "lost", "immutable")]
    with serving(cluster) as address:
        steps = [Step("deliver", "deliver", items, reached(address))]
        told = verdicts_of(controller, "kubernetes_secret", steps, secrets=[OLD])
    assert words(told["deliver"]) == [
        ("conflict", "delivered"),
        ("modified", "not taken"),
        ("deleted", "not taken"),
        ("lost", "lost"),
        ("immutable", "not taken"),
    ]
    said = {verdict["name"]: verdict["msg"] for verdict in told["deliver"]}
    assert "the object has been modified" in said["modified"]
    assert "was deleted in the meantime" in said["deleted"]
    assert "etcd did not answer about *** ***" in said["lost"]
    assert "field is immutable" in said["immutable"]
    assert cluster.data_of("conflict") == {"token": NEW}


def kubeconfig(address: str, token: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "c", "cluster": {"server": address}},
            {"name": "elsewhere", "cluster": {"server": "http://127.0.0.1:1"}},
        ],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "u"}} for name in ("c", "elsewhere")],
        "current-context": "elsewhere",
    }


@heavy
def test_the_credential_comes_from_the_environment_a_kubeconfig_or_by_name(
    controller: Playbooks, cluster: Cluster, tmp_path: Path
) -> None:
    cluster.have_secret("turso", {"token": OLD})
    with serving(cluster) as address:
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(kubeconfig(address, Cluster.token)))
        here = {"K8S_AUTH_HOST": address}
        credentials = {"text": Cluster.token, "wrong": "not-the-token"}
        given = {"turso_deliver_credentials": credentials}
        steps = [
            Step("kubeconfig", "deliver", [secret("ci", context="c")], {"KUBECONFIG": str(path)}),
            Step("current", "check", [secret("ci")], {"KUBECONFIG": str(path)}),
            Step(
                "named", "read_back", [secret("ci", credential="text"), secret("ci", credential="wrong")], here, given
            ),
            Step("unknown", "deliver", [secret("ci", credential="unknown")], here, given),
            Step("wrong", "deliver", [secret("ci", NEWER)], reached(address, "not-the-token")),
            Step("down", "deliver", [secret("ci", NEWER)], reached("http://127.0.0.1:1")),
            Step("plain", "deliver", [secret("ci", NEWER)], reached("http://kubernetes.example.com")),
        ]
        told = verdicts_of(controller, "kubernetes_secret", steps, secrets=[Cluster.token, "not-the-token"])
    assert words(told["kubeconfig"]) == [("ci", "delivered")]
    assert words(told["current"]) == [("ci", "refused")]
    assert [verdict["verdict"] for verdict in told["named"]] == ["confirmed", "unreadable"]
    said = {label: verdicts[0]["msg"] for label, verdicts in told.items()}
    assert {told[label][0]["verdict"] for label in ("unknown", "wrong", "down", "plain")} == {"not taken"}
    assert said["unknown"] == "turso_deliver_credentials has no 'unknown'. Add it there, or correct credential"
    assert "Unauthorized" in said["wrong"]
    assert "Connection refused" in said["down"]
    assert (
        said["plain"]
        == "K8S_AUTH_HOST is http://kubernetes.example.com, which is not https, so nothing was sent. Use an https address"
    )


@heavy
def test_a_missing_collection_or_library_is_named_with_its_command(controller: Playbooks, newest: Playbooks) -> None:
    steps = [
        Step(verb, verb, [secret("ci")], reached("http://127.0.0.1:1")) for verb in ("check", "deliver", "read_back")
    ]
    told = verdicts_of(newest, "kubernetes_secret", steps)
    assert [told[verb][0]["verdict"] for verb in told] == ["refused", "not taken", "unreadable"]
    for verdicts in told.values():
        assert 'ansible-galaxy collection install "kubernetes.core:>=2.3.0"' in verdicts[0]["msg"]

    python = str(newest.venv / "bin" / "python")
    bare = {"play": {"vars": {"ansible_python_interpreter": python}}}
    told = verdicts_of(controller, "kubernetes_secret", steps[:2], **bare)
    assert [told[verb][0]["verdict"] for verb in told] == ["refused", "not taken"]
    assert all(f"{python} -m pip install kubernetes" in verdicts[0]["msg"] for verdicts in told.values())
