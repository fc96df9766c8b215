# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples that use the maintained collections: AWS Secrets Manager, SOPS, HashiCorp Vault and Kubernetes."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks import Playbooks, heavy
from tests.simulator import Simulator
from tests.sinks import programs
from tests.sinks.rotation import NAME, assert_nothing_revoked, assert_rotates, complaints, rotate, rotation
from tests.sinks.standins import Cluster, KeyValue, serving

AWS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "eu-central-1"}
START_SECONDS = 60

# What community.sops asks of the command, carried out by age; a file of it is no file of SOPS.
SOPS = """#!/bin/sh
case "$1" in
--version) echo "sops 3.9.0" ;;
encrypt) for last; do test "$previous" = --age && recipients=$last; previous=$last; done
    exec age --encrypt --armor --recipient "$recipients" ;;
decrypt) for last; do :; done; exec age --decrypt --identity "$SOPS_AGE_KEY_FILE" "$last" ;;
*) exit 1 ;;
esac
"""


@pytest.fixture
def moto(controller: Playbooks, tmp_path: Path) -> Iterator[str]:
    """The address of moto's server, which acts as AWS."""
    port = free_port()
    with (tmp_path / "moto.log").open("w") as log:
        server = subprocess.Popen(
            [str(controller.venv / "bin" / "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
            stdout=log,
            stderr=log,
            env={**controller.env, **AWS},
        )
    try:
        wait_until_listening(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until_listening(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the server did not come up")


@heavy
def test_aws_secrets_manager(controller: Playbooks, simulator: Simulator, moto: str) -> None:
    environment = {**AWS, "AWS_ENDPOINT_URL": moto}

    def read() -> str:
        code = f"import boto3; s = boto3.client('secretsmanager').get_secret_value(SecretId='turso/{NAME}')"
        command = [str(controller.venv / "bin" / "python"), "-c", f"{code}; print(s['SecretString'], end='')"]
        env = {**controller.env, **environment}
        return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout

    playbook = rotation("aws_secrets_manager.yml", {"deliver_aws_endpoint_url": moto})
    assert_rotates(controller, simulator, playbook, read, env=environment)


@pytest.fixture(params=["the real one", "a stand-in"])
def sops(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if shutil.which("age") is None:
        pytest.skip("the command age is not here: apt-get install age")
    if request.param == "the real one":
        if not programs.SOPS.is_file():
            pytest.skip("SOPS is not here: make peers")
        return programs.SOPS
    path = tmp_path / "sops"
    path.write_text(SOPS)
    path.chmod(0o700)
    return path


@heavy
def test_sops_file(controller: Playbooks, simulator: Simulator, sops: Path, tmp_path: Path) -> None:
    identity, path = tmp_path / "identity", tmp_path / "token.sops.yaml"
    subprocess.run(["age-keygen", "-o", str(identity)], check=True, capture_output=True)
    recipient = subprocess.run(["age-keygen", "-y", str(identity)], check=True, capture_output=True, text=True).stdout
    variables = {
        "deliver_sops_path": str(path),
        "deliver_sops_age": [recipient.strip()],
        "deliver_sops_age_keyfile": str(identity),
        "deliver_sops_binary": str(sops),
    }

    def read() -> str:
        command, env = [str(sops), "decrypt", str(path)], {**controller.env, "SOPS_AGE_KEY_FILE": str(identity)}
        done = subprocess.run(command, env=env, check=True, capture_output=True)
        return str(yaml.safe_load(done.stdout)["turso_api_token"])

    assert_rotates(controller, simulator, rotation("sops_file.yml", variables), read)


@heavy
def test_hashicorp_vault_kv(controller: Playbooks, simulator: Simulator) -> None:
    engine = KeyValue()
    with serving(engine) as address:
        environment = {"VAULT_ADDR": address, "VAULT_TOKEN": engine.token}
        playbook = rotation("hashicorp_vault_kv.yml", {})
        versions = f"turso/{NAME}"
        assert_rotates(controller, simulator, playbook, lambda: engine.versions[versions][-1]["token"], env=environment)
    assert len(engine.versions[versions]) == 1


@pytest.fixture
def openbao(controller: Playbooks, tmp_path: Path) -> Iterator[str]:
    """The address of a real OpenBao, which `root` may do everything in."""
    if not programs.OPENBAO.is_file():
        pytest.skip("OpenBao is not here: make peers")
    port = free_port()
    command = [str(programs.OPENBAO), "server", "-dev", f"-dev-listen-address=127.0.0.1:{port}", "-dev-no-store-token"]
    with (tmp_path / "openbao.log").open("w") as log:
        env = {**controller.env, "BAO_DEV_ROOT_TOKEN_ID": "root"}
        server = subprocess.Popen(command, stdout=log, stderr=log, env=env)
    try:
        wait_until_listening(port, server)
        yield f"http://127.0.0.1:{port}/v1/"
    finally:
        server.terminate()
        server.wait()


def asked(method: str, url: str, **body: Any) -> Any:
    """Ask OpenBao as root, and return its answer."""
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None, method=method)
    request.add_header("X-Vault-Token", "root")
    with urllib.request.urlopen(request, timeout=30) as answer:
        content = answer.read()
    return json.loads(content) if content else None


@heavy
def test_a_real_openbao_with_the_rights_that_the_example_names(
    controller: Playbooks, simulator: Simulator, openbao: str
) -> None:
    rights = 'path "secret/data/turso/*" { capabilities = ["read", "create", "update"] }'
    asked("PUT", f"{openbao}sys/policies/acl/deliver", policy=rights)
    token = asked("POST", f"{openbao}auth/token/create", policies=["deliver"])["auth"]["client_token"]
    environment = {"VAULT_ADDR": openbao.removesuffix("/v1/"), "VAULT_TOKEN": token}
    there = f"{openbao}secret/data/turso/{NAME}"

    def read() -> str:
        token: str = asked("GET", there)["data"]["data"]["token"]
        return token

    assert_rotates(controller, simulator, rotation("hashicorp_vault_kv.yml", {}), read, env=environment)
    assert asked("GET", there)["data"]["metadata"]["version"] == 1


@heavy
def test_kubernetes_secret(controller: Playbooks, simulator: Simulator) -> None:
    alive_when_rolled_out = []
    cluster = Cluster(lambda: alive_when_rolled_out.append(simulator.alive(before[0])))
    deployment = cluster.have_deployment("deployer")
    secret = f"/api/v1/namespaces/default/secrets/{NAME}"
    cluster.objects[secret] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": NAME, "namespace": "default", "resourceVersion": "1"},
        "data": {"token": "b2xk", "other": "a2VwdA=="},
    }
    before: list[str] = []

    def read() -> str:
        data = cluster.objects[secret]["data"]
        assert data["other"] == "a2VwdA=="
        return base64.b64decode(data["token"]).decode()

    with serving(cluster) as address:
        # What the cluster is reached with comes from the play, through the role, to the tasks file.
        defaults = {"group/kubernetes.core.k8s": {"host": address, "api_key": cluster.token}}
        playbook = rotation(
            "kubernetes_secret.yml",
            {"deliver_kubernetes_deployment": "deployer"},
            module_defaults={**defaults, "kubernetes.core.k8s": {"wait_sleep": 1}},
        )
        given = simulator.given

        def remembering(*arguments: Any, **options: Any) -> Any:
            token = given(*arguments, **options)
            before.append(token.secret)
            return token

        simulator.given = remembering  # type: ignore[method-assign]
        assert_rotates(controller, simulator, playbook, read)
    # The pods were replaced while the old token still lived, and the example waited for that.
    assert alive_when_rolled_out
    assert all(alive_when_rolled_out)
    annotations = cluster.objects[deployment]["spec"]["template"]["metadata"]["annotations"]
    assert annotations[f"turso-version/{NAME}"].startswith(f"{NAME}-")


LACKING = [
    # example, what it is told, the collection and what else it needs
    ("aws_secrets_manager.yml", {}, "community.aws", "the Python library boto3 and botocore"),
    ("hashicorp_vault_kv.yml", {}, "community.hashi_vault", "the Python library hvac"),
    ("kubernetes_secret.yml", {}, "kubernetes.core", "the Python library kubernetes"),
    (
        "sops_file.yml",
        {"deliver_sops_path": "/nowhere", "deliver_sops_binary": "/no/sops"},
        "community.sops",
        "the command /no/sops",
    ),
]


def test_an_example_names_the_collection_that_it_lacks(newest: Playbooks) -> None:
    said = complaints(newest, *((example, given) for example, given, *_ in LACKING))
    for (example, _, collection, _), output in zip(LACKING, said, strict=True):
        assert f"Install its collection: ansible-galaxy collection install {collection}" in output, example


@heavy
def test_an_example_names_the_library_or_command_that_it_lacks(controller: Playbooks, newest: Playbooks) -> None:
    bare = {"ansible_python_interpreter": str(newest.venv / "bin" / "python")}
    said = complaints(controller, *((example, given | bare) for example, given, *_ in LACKING))
    for (example, *_, lacking), output in zip(LACKING, said, strict=True):
        assert f"This example needs {lacking} on the control node" in output, example


def test_what_a_service_refuses_is_told_without_the_token(controller: Playbooks, simulator: Simulator) -> None:
    old = simulator.given(NAME, organization="acme", age_days=120)
    with serving(KeyValue()) as address:
        environment = {"VAULT_ADDR": address, "VAULT_TOKEN": "wrong"}
        played = rotate(controller, simulator, rotation("hashicorp_vault_kv.yml", {}), env=environment)
    assert_nothing_revoked(played, simulator, old)
    assert f"Permission denied reading turso/{NAME}" in played.output
