# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""age, by a tasks file of one's own: what docs/destinations/age.md shows, against the real age."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.markdown import blocks_of
from tests.playbooks import Playbooks, heavy, with_one_core
from tests.simulator import Simulator
from tests.tools.checkout import ROOT

PAGE = {block.detail: block.text for block in blocks_of(ROOT / "docs/destinations/age.md")}


@pytest.fixture
def identity(tmp_path: Path) -> Path:
    if shutil.which("age-keygen") is None:
        pytest.skip("the command age is not here: apt-get install age")
    path = tmp_path / "identity"
    subprocess.run(["age-keygen", "-o", str(path)], check=True, capture_output=True)
    return path


def rotation(recipient: str, folder: Path) -> dict[str, Any]:
    """Return the rotation file of the page, for one's own key and folder."""
    file: dict[str, Any] = yaml.safe_load(PAGE["rotation.yml"])
    (entry,) = file["turso_rotate_tokens"]
    entry["deliver"][0]["takes_effect_hours"] = 0
    return {**file, "age_folder": str(folder), "age_recipients": [recipient]}


@with_one_core
def test_the_page_rotates_into_a_file_that_only_the_identity_opens(
    playbooks: Playbooks, simulator: Simulator, identity: Path, tmp_path: Path
) -> None:
    old = simulator.given("ci-deploy", organization="acme", age_days=120)
    key = subprocess.run(["age-keygen", "-y", str(identity)], check=True, capture_output=True, text=True)
    playbooks.write("deliver-age.yml", PAGE["deliver-age.yml"])
    playbooks.write("rotation.yml", rotation(key.stdout.strip(), tmp_path))
    played = playbooks.play("community.turso.rotate", "-e", "@rotation.yml", "-vvv", "--diff")
    assert played.ok, played.output
    assert not any(secret in played.output for secret in simulator.canaries)
    decrypt = ["age", "--decrypt", "--identity", str(identity), str(tmp_path / "ci-deploy.age")]
    assert simulator.alive(subprocess.run(decrypt, check=True, capture_output=True, text=True).stdout)
    assert not simulator.alive(old.secret)


@heavy
@with_one_core
def test_a_key_that_is_none_keeps_the_old_token(playbooks: Playbooks, simulator: Simulator, tmp_path: Path) -> None:
    if shutil.which("age") is None:
        pytest.skip("the command age is not here: apt-get install age")
    old = simulator.given("ci-deploy", organization="acme", age_days=120)
    playbooks.write("deliver-age.yml", PAGE["deliver-age.yml"])
    playbooks.write("rotation.yml", rotation("age1none", tmp_path))
    played = playbooks.play("community.turso.rotate", "-e", "@rotation.yml")
    assert not played.ok
    assert simulator.alive(old.secret)
    assert not any(secret in played.output for secret in simulator.canaries)
