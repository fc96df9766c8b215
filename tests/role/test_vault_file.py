# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vault file, with whatever vault secrets a run has: encrypted at every moment, and nothing else in it touched."""

from __future__ import annotations

import stat
from typing import Any

import pytest
import yaml

from tests.playbooks import Playbooks
from tests.role.plays import Play, generations, play, rotate
from tests.simulator import Simulator

VAULT = "vault.yml"
PASSWORD = ("--vault-password-file", "password")
SCRIPT = "#!/bin/sh\necho correct horse\n"


def rotation(*names: str, **settings: Any) -> list[Play]:
    return [play(rotate(*names, vault_file=VAULT, **settings))]


def text_of(playbooks: Playbooks) -> str:
    return (playbooks.directory / VAULT).read_text()


def opened(playbooks: Playbooks, *arguments: str) -> dict[str, Any]:
    viewed = playbooks.run("ansible-vault", "view", VAULT, *arguments)
    assert viewed.ok, viewed.output
    content: dict[str, Any] = yaml.safe_load(viewed.output)
    return content


@pytest.fixture
def password(playbooks: Playbooks) -> None:
    playbooks.write("password", "correct horse\n")
    playbooks.write("other", "battery staple\n")
    playbooks.write("password.sh", SCRIPT).chmod(0o700)


SECRETS = [  # the vault secrets of the run, the settings, the header of the file, how to open it
    ("a file", PASSWORD, {}, "$ANSIBLE_VAULT;1.1;AES256\n", PASSWORD),
    ("a script", ("--vault-password-file", "password.sh"), {}, "$ANSIBLE_VAULT;1.1;AES256\n", PASSWORD),
    ("an id", ("--vault-id", "prod@password"), {}, "$ANSIBLE_VAULT;1.2;AES256;prod\n", PASSWORD),
    (
        "several ids, one of them asked for",
        ("--vault-id", "dev@other", "--vault-id", "prod@password"),
        {"vault_id": "prod"},
        "$ANSIBLE_VAULT;1.2;AES256;prod\n",
        PASSWORD,
    ),
]


@pytest.mark.usefixtures("password")
@pytest.mark.parametrize(
    ("arguments", "settings", "header", "opens"), [row[1:] for row in SECRETS], ids=[row[0] for row in SECRETS]
)
def test_the_successor_is_kept_with(
    simulator: Simulator,
    playbooks: Playbooks,
    arguments: tuple[str, ...],
    settings: dict[str, Any],
    header: str,
    opens: tuple[str, ...],
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play(rotation("ci", **settings), *arguments)
    assert played.ok, played.output
    assert text_of(playbooks).startswith(header)
    assert stat.S_IMODE((playbooks.directory / VAULT).stat().st_mode) == 0o600
    assert simulator.alive(opened(playbooks, *opens)["turso_secrets"]["ci"])
    assert not simulator.alive(old.secret)


@pytest.mark.usefixtures("password")
def test_other_entries_stay_and_what_does_not_change_is_not_encrypted_anew(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    for name in ("a", "b"):
        simulator.given(name, organization="acme", age_days=120)
    content = {"database": {"password": "hunter2"}, "turso_secrets": {"z": "kept"}}
    playbooks.write(VAULT, content)
    assert playbooks.run("ansible-vault", "encrypt", VAULT, "--vault-id", "prod@password").ok
    ids = ("--vault-id", "dev@other", "--vault-id", "prod@password")
    assert playbooks.play(rotation("a", "b"), *ids).ok
    now = opened(playbooks, *PASSWORD)
    assert now["database"] == content["database"]
    assert sorted(now["turso_secrets"]) == ["a", "b", "z"]
    assert now["turso_secrets"]["z"] == "kept"
    assert text_of(playbooks).startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    before = text_of(playbooks)
    again = playbooks.play(rotation("a", "b"), *ids)
    assert again.recap["changed"] == 0
    assert text_of(playbooks) == before


@pytest.mark.usefixtures("password")
def test_a_file_stays_encrypted_with_the_secret_that_opens_it(simulator: Simulator, playbooks: Playbooks) -> None:
    """It has no label, and the secret that opens it is not the first of the run."""
    simulator.given("ci", organization="acme", age_days=120)
    playbooks.write(VAULT, {"turso_secrets": {}})
    assert playbooks.run("ansible-vault", "encrypt", VAULT, *PASSWORD).ok
    played = playbooks.play(rotation("ci"), "--vault-id", "dev@other", "--vault-id", "prod@password")
    assert played.ok, played.output
    assert simulator.alive(opened(playbooks, *PASSWORD)["turso_secrets"]["ci"])


REFUSED = [  # what is there, the vault secrets of the run, what is said
    ("a plain file", "turso_secrets: {}\n", PASSWORD, "exists and is not encrypted. It was left as it is"),
    ("a date that there is not", "turso_secrets: 2026-99-99\n", PASSWORD, "does not hold a dictionary"),
    ("a plain text that is no number", "turso_secrets: !!int hunter2\n", PASSWORD, "does not hold a dictionary"),
    ("a file that another secret opens", None, ("--vault-password-file", "other"), "No vault secret of this run opens"),
    ("an unknown vault id", None, (*PASSWORD, "-e", "turso_rotate_vault_id=prod"), "fits the vault id 'prod'"),
    ("no vault secret", None, (), "No vault secret is loaded"),
]


@pytest.mark.usefixtures("password")
@pytest.mark.parametrize(("there", "arguments", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_nothing_is_asked_of_the_api_with(
    simulator: Simulator, playbooks: Playbooks, there: str | None, arguments: tuple[str, ...], says: str
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    playbooks.write(VAULT, there or "turso_secrets: {}\n")
    if there is None or says == "does not hold a dictionary":
        playbooks.run("ansible-vault", "encrypt", VAULT, *PASSWORD)
    before = text_of(playbooks)
    played = playbooks.play(rotation("ci"), *arguments)
    assert not played.ok
    assert says in " ".join(played.output.split())
    assert "hunter2" not in played.output
    assert text_of(playbooks) == before
    assert simulator.requests == []


@pytest.mark.usefixtures("password")
def test_the_vault_file_is_written_before_the_hook_runs_and_nothing_plain_is_left(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    copy = {"src": "{{ playbook_dir }}/vault.yml", "dest": "{{ playbook_dir }}/seen.yml", "decrypt": False}
    playbooks.write("hook.yml", [{"ansible.builtin.copy": {**copy, "mode": "0600"}}])
    played = playbooks.play(rotation("ci", deliver="hook.yml"), *PASSWORD)
    assert played.ok, played.output
    assert (playbooks.directory / "seen.yml").read_text() == text_of(playbooks)
    assert len(generations(simulator, "ci")) == 1
    for path in playbooks.directory.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(secret.encode() in content for secret in simulator.canaries), path
