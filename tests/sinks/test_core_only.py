# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples that need nothing but ansible-core, and age's command; those that rest on its vault code on every one at hand."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks import Playbooks, heavy, with_one_core
from tests.simulator import Simulator
from tests.sinks.rotation import (
    NAME,
    assert_nothing_revoked,
    assert_rotates,
    assert_secret,
    complaints,
    rotate,
    rotation,
)

PASSWORD = "opens the file"

# A remote host without a server: runs what ssh would send, in a home of its own, with a service manager that writes
# down what it is told. A host without a home is down.
SSH = """#!/bin/sh
for last; do host=$command; command=$last; done
test -d {hosts}/$host || {{ echo "ssh: connect to host $host port 22: No route to host" >&2; exit 255; }}
HOME={hosts}/$host PATH={hosts}/$host/bin:$PATH exec sh -c "$command"
"""
SERVICE_MANAGER = """#!/bin/sh
case "$*" in
*broken*restart* | *restart*broken*) echo "it does not come up" >&2; exit 1 ;;
*restart*) echo "{host} $*" >> {log} ;;
esac
"""


@pytest.fixture
def environment_file(tmp_path: Path) -> Path:
    path = tmp_path / "app" / ".env"
    path.parent.mkdir()
    path.write_text("# the application\nLOG_LEVEL=info\nexport CI_DEPLOY=old\nOTHER=kept\n")
    return path


@with_one_core
def test_env_file(playbooks: Playbooks, simulator: Simulator, environment_file: Path) -> None:
    variables = {"deliver_env_path": str(environment_file)}

    def read() -> str:
        before, value, after = re.split(r"^export CI_DEPLOY=(.*)\n", environment_file.read_text(), flags=re.MULTILINE)
        assert (before, after) == ("# the application\nLOG_LEVEL=info\n", "OTHER=kept\n")
        return value

    assert_rotates(playbooks, simulator, rotation("env_file.yml", variables), read)
    assert environment_file.stat().st_mode & 0o777 == 0o600


@heavy
def test_a_line_of_its_own(newest: Playbooks, simulator: Simulator, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    variables = {"deliver_env_path": str(path), "deliver_env_variable": "TOKEN"}
    playbook = rotation("env_file.yml", variables)
    assert_rotates(newest, simulator, playbook, lambda: path.read_text().removeprefix("TOKEN=").strip())


@heavy
def test_two_tokens_are_not_put_into_one_destination(newest: Playbooks, simulator: Simulator, tmp_path: Path) -> None:
    first, second = (simulator.given(name, organization="acme", age_days=120) for name in ("ci-deploy", "ci.deploy"))
    variables = {"deliver_env_path": str(tmp_path / ".env")}
    played = rotate(newest, simulator, rotation("env_file.yml", variables, first.name, second.name))
    assert not played.ok
    assert "was just given the token ci-deploy, which ci.deploy would replace" in " ".join(played.output.split())
    assert not simulator.alive(first.secret)
    assert simulator.alive((tmp_path / ".env").read_text().removeprefix("CI_DEPLOY=").strip())
    assert simulator.alive(second.secret)


@pytest.fixture
def vaults(tmp_path: Path) -> Path:
    (tmp_path / "password").write_text(PASSWORD + "\n")
    return tmp_path


def opened(playbooks: Playbooks, path: Path) -> dict[str, Any]:
    viewed = playbooks.run("ansible-vault", "view", str(path), "--vault-password-file", str(path.parent / "password"))
    assert viewed.ok, viewed.output
    content: dict[str, Any] = yaml.safe_load(viewed.output)
    return content


@heavy
def test_vault_file_of_the_role(playbooks: Playbooks, simulator: Simulator, vaults: Path) -> None:
    path = vaults / "secrets.yml"
    playbook = rotation(None, {"turso_rotate_vault_file": str(path)})
    password = ("--vault-password-file", str(vaults / "password"))
    assert_rotates(playbooks, simulator, playbook, lambda: opened(playbooks, path)["turso_secrets"][NAME], *password)


@heavy
def test_ansible_vault(playbooks: Playbooks, simulator: Simulator, vaults: Path) -> None:
    path = vaults / "vault.yml"
    variables = {
        "deliver_vault_path": str(path),
        "deliver_vault_password_file": str(vaults / "password"),
        "deliver_vault_variable": "vault_ci_token",
    }
    playbook = rotation("ansible_vault.yml", variables)
    assert_rotates(playbooks, simulator, playbook, lambda: opened(playbooks, path)["vault_ci_token"])
    assert_secret(simulator, path.read_text())


@heavy
def test_a_plain_file_is_not_made_a_vault(newest: Playbooks, simulator: Simulator, vaults: Path) -> None:
    path = vaults / "plain.yml"
    path.write_text("some: text\n")
    variables = {"deliver_vault_path": str(path), "deliver_vault_password_file": str(vaults / "password")}
    old = simulator.given(NAME, organization="acme", age_days=120)
    played = rotate(newest, simulator, rotation("ansible_vault.yml", variables))
    assert_nothing_revoked(played, simulator, old)
    assert "is not an ansible-vault file" in played.output
    assert path.read_text() == "some: text\n"


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """Two hosts that are up and one that is down; returns the directory of their homes and of the services' log."""
    hosts = tmp_path / "hosts"
    script(tmp_path / "ssh", SSH.format(hosts=hosts))
    for host in ("web1", "web2"):
        for command in ("systemctl", "rc-service", "rc-update"):
            script(hosts / host / "bin" / command, SERVICE_MANAGER.format(host=host, log=hosts / "log"))
    remote = {
        "ansible_connection": "ssh",
        "ansible_ssh_executable": str(tmp_path / "ssh"),
        "ansible_ssh_transfer_method": "piped",
        "ansible_python_interpreter": shutil.which("python3"),
    }
    inventory = {"web": {"hosts": {"web1": {}, "web2": {}, "web3": {}}, "vars": remote}}
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory))
    return hosts


def script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o700)


def remote(*hosts: str, service: str = "app") -> dict[str, object]:
    return {
        "deliver_remote_hosts": list(hosts),
        "deliver_remote_path": "~/turso.env",
        "deliver_remote_service": service,
        # What it finds on the machine of the test is not what the test is about.
        "deliver_remote_service_use": "service",
    }


@heavy
@with_one_core
def test_remote_file(playbooks: Playbooks, simulator: Simulator, web: Path) -> None:
    variables = remote("web1", "web2")
    inventory = ("-i", "inventory.yml")

    def read() -> str:
        (text,) = {(web / host / "turso.env").read_text() for host in ("web1", "web2")}
        return text.removeprefix("TURSO_API_TOKEN=").removesuffix("\n")

    assert_rotates(playbooks, simulator, rotation("remote_file.yml", variables), read, *inventory, compares=False)
    assert (web / "web2" / "turso.env").stat().st_mode & 0o777 == 0o600
    # With each delivery, whether or not the file changed: who ended a run between the two left the old value in use.
    assert [line.split()[0] for line in (web / "log").read_text().splitlines()] == ["web1", "web2", "web1", "web2"]


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        pytest.param(remote("web1", "web3"), "No route to host", marks=heavy, id="a host is down"),
        pytest.param(
            remote("web1", "web2", service="broken"), "it does not come up", id="the service does not come up"
        ),
    ],
)
def test_a_host_that_did_not_take_it_keeps_the_old_token_active(
    newest: Playbooks, simulator: Simulator, web: Path, variables: dict[str, object], why: str
) -> None:
    old = simulator.given(NAME, organization="acme", age_days=120)
    played = rotate(newest, simulator, rotation("remote_file.yml", variables), "-i", "inventory.yml")
    assert_nothing_revoked(played, simulator, old)
    assert why in played.output


@pytest.fixture
def age_identity(tmp_path: Path) -> Path:
    if shutil.which("age") is None:
        pytest.skip("the command age is not here: apt-get install age")
    path = tmp_path / "identity"
    subprocess.run(["age-keygen", "-o", str(path)], check=True, capture_output=True)
    return path


def public_key(identity: Path) -> str:
    return subprocess.run(
        ["age-keygen", "-y", str(identity)], check=True, capture_output=True, text=True
    ).stdout.strip()


@heavy
@with_one_core
def test_age_file(playbooks: Playbooks, simulator: Simulator, age_identity: Path, tmp_path: Path) -> None:
    path = tmp_path / "token.age"
    variables = {"deliver_age_path": str(path), "deliver_age_recipients": [public_key(age_identity)]}

    def read() -> str:
        command = ["age", "--decrypt", "--identity", str(age_identity), str(path)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert_rotates(playbooks, simulator, rotation("age_file.yml", variables), read, by="word", compares=False)


AGE = {"deliver_age_path": "/nowhere", "deliver_age_recipients": ["age1"], "deliver_age_binary": "/no/age"}

LACKING: list[tuple[str, dict[str, Any], str]] = [
    # example, what it is told, what it says
    ("env_file.yml", {}, "Set deliver_env_path"),
    ("remote_file.yml", {}, "Set deliver_remote_hosts"),
    ("ansible_vault.yml", {}, "Set deliver_vault_path"),
    ("age_file.yml", {}, "Set deliver_age_path"),
    ("age_file.yml", AGE, "needs the command age on the control node, and /no/age does not run there"),
    # no_log does not hide why a file could not be written, and the reason is told without the token
    ("env_file.yml", {"deliver_env_path": "/dev/null/{{ turso_rotate_item.secret }}"}, "/dev/null/(the token)"),
]


def test_an_example_says_what_it_lacks(newest: Playbooks) -> None:
    said = complaints(newest, *((example, given) for example, given, _ in LACKING))
    for (example, _, says), output in zip(LACKING, said, strict=True):
        assert says in output, example
