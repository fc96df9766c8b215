# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL tokens that are due, consumers that use a database with them, and runs of the role that end in the middle.

Nothing can revoke what a killed run minted. So a kill must cost one token at most, and no consumer may be left with the old one,
which ends by itself.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import re
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import claims_of
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import Current
from ansible_collections.community.turso.plugins.module_utils._time import utc_text
from tests.kill.servers import GITHUB_SECRET, ON_GITHUB, Server
from tests.kill.worlds import ENV, IN_ENV, STATE, STORED, VAULT, Scenario, World
from tests.playbooks import Playbooks
from tests.role.plays import Play, confirm, deliver, entry, play, rotate
from tests.simulator import Simulator
from tests.simulator.refusal import Refusal
from tests.simulator.sql import SqlToken

SHOP = {"database": "shop"}
IN_FILE = {"to": "file", "path": "delivered-shop", "takes_effect_hours": 0}
LASTS_DAYS, AGE_DAYS = 90, 61  # the last third has begun
MOST_OF_A_KILL = 1
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


@dataclasses.dataclass(frozen=True)
class SqlScenario(Scenario):
    """A database's or a group's token that is due. A state file, where there is one, tells of the run that minted it."""

    target: dict[str, str] = dataclasses.field(default_factory=lambda: SHOP)
    has_state_file: bool = False


def shop(*recipients: dict[str, Any], target: dict[str, str] = SHOP) -> dict[str, Any]:
    return entry("shop", *recipients, kind="sql", **target)


def into(*recipients: dict[str, Any], **settings: Any) -> list[Play]:
    return [play(rotate(tokens=[shop(*recipients)], **settings))]


TWO_FILES = SqlScenario(
    "a database's token into two files", into(IN_FILE, IN_ENV), {"shop": ("delivered-shop", ENV)}, can_be_read=True
)
VAULT_FILE = SqlScenario(
    "a database's token into a file, with a vault file",
    into(STORED, IN_FILE, vault_file=VAULT),
    {"shop": ("delivered-shop",)},
    has_vault_file=True,
    can_be_read=True,
)
BLIND_AND_FILE = SqlScenario(
    "a database's token to where nobody can read it, and a file",
    into(GITHUB_SECRET, IN_FILE, state_file=STATE),
    {"shop": (ON_GITHUB, "delivered-shop")},
    can_be_read=True,
    has_state_file=True,
    server="github",
)
BLIND = SqlScenario(
    "a database's token to where nobody can read it",
    into(GITHUB_SECRET, state_file=STATE),
    {"shop": (ON_GITHUB,)},
    has_state_file=True,
    server="github",
)
OF_GROUP = SqlScenario(
    "a group's token by the play, with vault file and state file",
    [
        play(
            rotate(tokens=[shop({"to": "play"}, target={"group": "default"})], vault_file=VAULT, state_file=STATE),
            deliver("shop"),
            confirm("shop"),
        )
    ],
    {"shop": ("delivered-shop",)},
    has_vault_file=True,
    target={"group": "default"},
    has_state_file=True,
)
SQL_SCENARIOS = [TWO_FILES, VAULT_FILE, BLIND_AND_FILE, BLIND, OF_GROUP]


def world_of(simulator: Simulator, playbooks: Playbooks, scenario: Scenario, server: Server | None) -> World:
    if isinstance(scenario, SqlScenario):
        return SqlWorld(simulator, playbooks, scenario, server)
    return World(simulator, playbooks, scenario, server)


class SqlWorld(World):
    """One scenario, from the day on which its SQL token is due."""

    scenario: SqlScenario

    def __init__(
        self, simulator: Simulator, playbooks: Playbooks, scenario: SqlScenario, server: Server | None
    ) -> None:
        super().__init__(simulator, playbooks, scenario, server)
        self._known = len(simulator.minted)
        if scenario.has_state_file:
            state_file.write(str(playbooks.directory / STATE), self._remembered(self.first["shop"]))

    def given(self, name: str) -> str:  # noqa: ARG002
        try:
            self.simulator.remake_database("shop")
        except Refusal:
            self.simulator.add_database("shop")
        database, group = self.scenario.target.get("database"), self.scenario.target.get("group")
        lasts = f"{LASTS_DAYS}d"
        return self.simulator.given_sql(database=database, group=group, expiration=lasts, age_days=AGE_DAYS).secret

    def is_accepted(self, value: str) -> bool:
        return self.simulator.lets_in(value, "shop")

    @property
    def minted(self) -> list[SqlToken]:
        """Return what runs minted in this world."""
        return self.simulator.minted[self._known :]

    def wrong_numbers(self) -> list[str]:
        count = len(self.minted)
        return [f"{count} tokens were minted"] if count > MOST_OF_A_KILL else []

    def broken_promises_of_the_next_runs(self) -> list[str]:
        """Run twice more: the first of these gives everybody one token that lasts, the second does nothing.

        Then the old token ends.
        """
        self.simulator.advance(minutes=16)
        at_hand, before = self.holds_the_newest_value, len(self.minted)
        self.run()
        broken = [f"the next run: {found}" for found in self.rejected()]
        if at_hand and len(self.minted) > before:
            broken.append("another token was minted, although the value of the newest one could be had")
        if len(self.minted) > MOST_OF_A_KILL + 1:
            broken.append(f"{len(self.minted)} tokens were minted by two runs")
        if {*self.held_values.values(), *self.stored().values()} != {self.minted[-1].secret}:
            broken.append("the next run leaves somebody without the newest token")
        self.simulator.reset_log()
        output = self.run()
        if re.search(r"changed=[1-9]", output) or self.simulator.writes:
            broken.append("the run after the next one changes something")
        self.simulator.advance(days=LASTS_DAYS - AGE_DAYS + 1)
        assert not self.is_accepted(self.first["shop"])
        return broken + [f"when the old token has ended: {found}" for found in self.rejected()]

    @property
    def holds_the_newest_value(self) -> bool:
        held = {value for where, value in self.held_values.items() if where != ON_GITHUB}
        return bool(self.minted) and self.minted[-1].secret in held | set(self.stored().values())

    def left(self) -> str:
        values = [self.first["shop"], *(token.secret for token in self.minted)]
        numbers = {value: f"{number}" for number, value in enumerate(values)}
        held = {where: numbers.get(value) for where, value in self.held_values.items()}
        stored = {name: numbers.get(value) for name, value in self.stored().items()}
        path = self.playbooks.directory / STATE
        text = MOMENT.sub("then", path.read_text() if path.exists() else "{}")
        for found, number in {**numbers, self.simulator.database("shop").id: "shop"}.items():
            text = text.replace(hashlib.sha256(found.encode()).hexdigest(), number).replace(found, number)
        state = json.loads(text, object_hook=_without_processes)
        return json.dumps([len(values), held, stored, state], sort_keys=True)

    def _remembered(self, value: str) -> State:
        """Return what the state file says since the last run, a day ago."""
        claims, now = claims_of(value), self.simulator.clock.now()
        minted_at = claims.issued_at or now
        current = Current("shop", hashlib.sha256(value.encode()).hexdigest(), utc_text(minted_at), claims=claims)
        memory = SqlMemory(runs=(utc_text(now - datetime.timedelta(days=1)),))
        return State().committed("shop", current, (), utc_text(minted_at)).remembered("shop", memory)


def _without_processes(part: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key not in {"pid", "started", "boot_id", "events"}}
