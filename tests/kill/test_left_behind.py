# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a killed run leaves on disk: no value of a token and no credential, but where the user asked for it.

Ansible removes its temporary files at the end of a task. A killed run never gets there, so nothing secret may ever be in one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kill.worlds import CREDENTIAL, STORE_AND_PLAY, TARGETS, VAULT, Point, Scenario, World
from tests.no_leak.canaries import Canaries
from tests.playbooks import Playbooks, cases
from tests.simulator import Simulator

pytestmark = pytest.mark.promise(8)

TEMPORARY = ("home", "remote", "cache")
POINTS = [
    (STORE_AND_PLAY, Point(1, "after"), "at the issue"),
    (STORE_AND_PLAY, Point(1, "unwritten"), "while the vault file is replaced"),
    (STORE_AND_PLAY, Point("Show what is due and what was issued"), "between issue and delivery"),
    (STORE_AND_PLAY, Point(5, "before"), "at the commit"),
    (TARGETS, Point("Revoke the previous versions of confirmed tokens"), "delivered to targets"),
    (CREDENTIAL, Point(5, "before"), "at the commit of the credential itself"),
]


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short path: ansible-core opens a socket below its temporary folder, and a socket's path is limited."""
    with tempfile.TemporaryDirectory(prefix="turso-") as directory:
        for name in ("local", "tmp"):
            Path(directory, name).mkdir()
        yield Path(directory)


@pytest.mark.parametrize(
    ("scenario", "point"),
    cases(
        ((name, *killed) for *killed, name in POINTS),
        sample=("while the vault file is replaced", "delivered to targets"),
    ),
)
def test_no_value_is_left_of_a_run_that_was_killed(
    simulator: Simulator, playbooks: Playbooks, short: Path, scenario: Scenario, point: Point
) -> None:
    world = World(simulator, playbooks, scenario)
    top = playbooks.directory
    for name in TEMPORARY:
        (top / name).mkdir(exist_ok=True)
    output = world.run_until(
        point,
        ANSIBLE_LOCAL_TEMP=str(short / "local"),
        ANSIBLE_REMOTE_TMP=str(top / "remote"),
        TMPDIR=str(short / "tmp"),
        ANSIBLE_CACHE_PLUGIN="jsonfile",
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(top / "cache"),
        ANSIBLE_LOG_PATH=str(top / "ansible.log"),
        ANSIBLE_VERBOSITY="3",
    )
    canaries = Canaries([*simulator.canaries, simulator.credential])
    asked_for = [top / path for paths in scenario.held.values() for path in paths]
    assert list(canaries.find_in_files(top, but=asked_for)) == []
    assert list(canaries.find_in_files(short, but=[])) == []
    assert list(canaries.find(output)) == []
    assert any(list(folder.iterdir()) for folder in (short / "local", top / "remote")), (
        "nothing temporary was looked into"
    )
    assert not scenario.has_vault_file or is_encrypted(top / VAULT)


def is_encrypted(path: Path) -> bool:
    return path.read_text().startswith("$ANSIBLE_VAULT")
