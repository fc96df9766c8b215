# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kill a rotation anywhere: SIGKILL at every request, every file and between every two tasks, then the promises, then on.

After a kill every value that consumers hold works, be it in a file, in a process or in the vault file; the next run leaves one
version of each token; the run after that has nothing to do. By default a sample is killed, with --full every point.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from tests.kill.database_worlds import BLIND_AND_FILE, SQL_SCENARIOS, TWO_FILES, VAULT_FILE, world_of
from tests.kill.servers import Server
from tests.kill.worlds import (
    BY_VALUE,
    BY_WORD,
    CREDENTIAL,
    SCENARIOS,
    STATE_FILE,
    STORE_AND_PLAY,
    TARGETS,
    TO_FILES_WITH_STATE,
    TO_GITHUB,
    TOLD,
    WITH_COLLECTIONS,
    Point,
    Scenario,
)
from tests.playbooks import Playbooks, cases, heavy, with_one_core
from tests.simulator import Simulator

LOG = logging.getLogger(__name__)
pytestmark = pytest.mark.promise(2, 6)

SAMPLE = [
    (BY_VALUE, Point(1, "after"), "a new token that nobody received"),
    (BY_WORD, Point("Restart"), "delivered, and not in use yet"),
    (STATE_FILE, Point(1, "answered"), "a new token that the state file does not name"),
    (STORE_AND_PLAY, Point(0, "written"), "in the state file, and not stored yet"),
    (STORE_AND_PLAY, Point("Show what is due and what was issued"), "stored, and not delivered"),
    (TARGETS, Point("Revoke the previous versions of confirmed tokens"), "confirmed, and nothing revoked yet"),
    (TO_FILES_WITH_STATE, Point("Evaluate the answers of the destinations"), "in its files, and nobody has looked yet"),
    (
        TO_GITHUB,
        Point("Revoke the previous versions of confirmed tokens"),
        "where nobody can read it, and not committed",
    ),
    (TOLD, Point("Say how it ended"), "told, and the notice not sent"),
    (TOLD, Point(2, "unwritten"), "committed, and the metrics not written"),
    (CREDENTIAL, Point(6, "after"), "the credential revoked by its new version"),
    (VAULT_FILE, Point("mint", "after"), "a SQL token that nobody received"),
    (BLIND_AND_FILE, Point(0, "written"), "a SQL token in the state file, and not delivered yet"),
    (
        TWO_FILES,
        Point("Evaluate the answers of the destinations"),
        "a SQL token in its files, and nobody has looked yet",
    ),
]


@with_one_core
@pytest.mark.parametrize(
    ("scenario", "point"),
    cases(
        ((name, *killed) for *killed, name in SAMPLE),
        sample=(
            "delivered, and not in use yet",
            "in its files, and nobody has looked yet",
            "told, and the notice not sent",
            "a SQL token in its files, and nobody has looked yet",
        ),
    ),
)
def test_a_kill_breaks_no_promise(
    simulator: Simulator, playbooks: Playbooks, server: Server | None, scenario: Scenario, point: Point
) -> None:
    world = world_of(simulator, playbooks, scenario, server)
    world.run_until(point)
    assert world.broken_promises() == []
    assert world.broken_promises_of_the_next_runs() == []


@heavy
@pytest.mark.parametrize("scenario", [*SCENARIOS, *SQL_SCENARIOS], ids=str)
def test_no_kill_breaks_a_promise(
    simulator: Simulator,
    playbooks: Playbooks,
    server: Server | None,
    tell: Callable[[str], None],
    scenario: Scenario,
) -> None:
    assert broken_by_kills(simulator, playbooks, server, tell, scenario) == {}


@heavy
@pytest.mark.parametrize("scenario", WITH_COLLECTIONS, ids=str)
def test_no_kill_of_a_controller_with_collections_breaks_a_promise(
    simulator: Simulator,
    controller: Playbooks,
    server: Server | None,
    tell: Callable[[str], None],
    scenario: Scenario,
) -> None:
    assert broken_by_kills(simulator, controller, server, tell, scenario) == {}


def broken_by_kills(
    simulator: Simulator,
    playbooks: Playbooks,
    server: Server | None,
    tell: Callable[[str], None],
    scenario: Scenario,
) -> dict[str, list[str]]:
    """Kill at every point, and return what that breaks. What two kills leave alike is followed once. It takes hours."""
    points = world_of(simulator, playbooks, scenario, server).points()
    broken: dict[str, list[str]] = {}
    followed: set[str] = set()
    for point in points:
        world = world_of(simulator, playbooks, scenario, server)
        world.run_until(point)
        found = world.broken_promises()
        left = world.left()
        if left not in followed:
            followed.add(left)
            found += world.broken_promises_of_the_next_runs()
        if found:
            broken[str(point)] = found
        LOG.info("%s %s", point, found)
    figures = (
        f"{playbooks.venv.resolve().name}, {scenario}: {len(points)} points killed, {len(followed)} different states left, "
        f"promises broken: {len(broken)}"
    )
    LOG.warning(figures)
    tell(figures)
    return broken
