# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody can try who has the installed collection and no clone: `ansible-playbook community.turso.try`."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.markdown import blocks_of
from tests.playbooks import Playbooks, Played, heavy, with_one_core
from tests.simulator import Simulator
from tests.tools import artifact
from tests.tools.checkout import ROOT
from tests.tools.stage import stage

A_TOKEN_VALUE = "eyJ"  # how every JSON Web Token begins


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("artifact")
    galaxy = Path(sys.prefix, "bin", "ansible-galaxy")
    return artifact.build(stage("stage-of-artifact"), output, program=str(galaxy))


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where a run may put what it needs for a while; a short path, because ansible-core has a socket in it."""
    with tempfile.TemporaryDirectory(prefix="try-") as folder:
        yield Path(folder)


@pytest.fixture
def installed(built: Path, playbooks: Playbooks, temporary: Path) -> Playbooks:
    """Playbooks in an empty directory with nothing but the installed artifact, in the environment of a user."""
    playbooks.env |= {
        "ANSIBLE_COLLECTIONS_PATH": str(playbooks.directory / "home" / "collections"),
        "TMPDIR": str(temporary),
        # ...whose own credential and server must have no part in it.
        "TURSO_API_TOKEN": "of the real service",
        "TURSO_API_BASEURL": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
    }
    done = playbooks.run("ansible-galaxy", "collection", "install", "--offline", str(built))
    assert done.ok, done.output
    return playbooks


def files_of(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def says(played: Played, text: str) -> bool:
    return text in " ".join(played.output.split())


def rotated(played: Played) -> bool:
    return all(
        says(played, text)
        for text in (
            "ci-deploy is 120 days old.",
            "revoked ci-deploy.",
            "The application has a value that the server accepts.",
            "The value that it had before is rejected.",
        )
    )


def test_it_rotates_a_token_and_leaves_nothing_behind(
    installed: Playbooks, simulator: Simulator, temporary: Path
) -> None:
    """The inventory of the user has a rotation, too, which is none of its business."""
    theirs = dict.fromkeys(("turso_rotate_vault_file", "turso_rotate_state_file"), "/theirs/file")
    installed.write("inventory.yml", {"all": {"vars": {**theirs, "turso_rotate_grace_hours": 24}}})
    home = installed.directory / "home"
    before = files_of(home)
    played = installed.play("community.turso.try", "-i", "inventory.yml", "-vvv")
    assert played.ok, played.output
    assert rotated(played), played.output
    assert says(played, "ansible-playbook community.turso.try -e turso_try_minutes=30")
    assert A_TOKEN_VALUE not in played.output
    assert "of the real service" not in played.output
    assert (files_of(home), files_of(temporary)) == (before, set())
    assert simulator.requests == []


@heavy
@with_one_core
def test_check_mode_issues_nothing(installed: Playbooks, temporary: Path) -> None:
    played = installed.play("community.turso.try", "--check")
    assert played.ok, played.output
    assert says(played, "due (aged)")
    assert says(played, "The value that it had before is accepted as well.")
    assert list(temporary.glob("turso-try-*")) == []


@heavy
@with_one_core
def test_the_server_stays_where_it_is_asked_to(installed: Playbooks) -> None:
    """What the playbook says to type next is typed next."""
    played = installed.play("community.turso.try", "-e", "turso_try_minutes=5")
    assert played.ok, played.output
    typed = re.findall(r'"(?:To stop the server earlier: )?((?:export|ansible|rm) [^"]+)"', played.output)
    url, credential, command, remove = typed
    listed = installed.shell(f"{url}\n{credential}\n{command}")
    assert listed.ok, listed.output
    assert '"name": "ci-deploy-' in listed.output
    # ...and what the guide goes on with, on the same server.
    page = {
        block.detail: block.text for block in blocks_of(ROOT / "docs" / "getting-started.md") if block.said == "file"
    }
    for name in ("rotation.yml", "use.yml"):
        installed.write(name, page[name].replace("/srv/ansible", str(installed.directory)))
    installed.env["ANSIBLE_VAULT_PASSWORD_FILE"] = str(installed.write("vault-password", "correct horse"))
    guided = installed.shell(
        f"{url}\n{credential}\nansible-playbook community.turso.rotate -e @rotation.yml\nansible-playbook use.yml"
    )
    assert guided.ok, guided.output
    assert says(guided, "revoked ci-deploy-"), guided.output
    gone = installed.shell(f"{url}\n{credential}\n{remove}\nsleep 2\nTURSO_API_RETRIES=0 {command}")
    assert not gone.ok
    assert says(gone, "cannot be reached"), gone.output


def test_every_variable_of_the_role_is_set() -> None:
    """One that is left out could come from the user's inventory, and lead to a file of theirs."""
    (play,) = yaml.safe_load((ROOT / "playbooks" / "try.yml").read_text())
    specs: dict[str, Any] = yaml.safe_load((ROOT / "roles/turso_rotate/meta/argument_specs.yml").read_text())
    played = {name: entry for name, entry in specs["argument_specs"].items() if name != "invalidate"}  # the emergency's
    options = {name for entry in played.values() for name in entry.get("options") or {}}
    assert {name for name in options if name not in play["vars"]} == set()
