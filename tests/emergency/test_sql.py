# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emergency for a leaked SQL token, played: found by its value, ended with all others, renewed, proven, and finished later."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks import Playbooks, Played, heavy, kill, with_one_core
from tests.simulator import Simulator, faults
from tests.simulator.sql import SqlToken

ROTATION: dict[str, Any] = {
    "name": "shop-app",
    "kind": "sql",
    "organization": "acme",
    "database": "shop",
}
OTHER = {**ROTATION, "name": "play-app", "database": "other"}  # nobody could confirm it here, and nobody asks
OF_GROUP = {"name": "reports", "kind": "sql", "organization": "acme", "group": "production"}
WITH_ENTRIES = ("-e", "@rotation.yml")


class World:
    """A leaked token that an application has, and the rotation file that says where."""

    def __init__(self, playbooks: Playbooks, simulator: Simulator) -> None:
        self.playbooks, self.simulator = playbooks, simulator
        self.file, self.state = playbooks.directory / "token", playbooks.directory / "state.json"
        for name, group in (("first", "staging"), ("shop", "production"), ("other", "production")):
            simulator.add_database(name, group=group)
        self.leaked: SqlToken = simulator.given_sql(database="shop", expiration="90d", age_days=10)
        self.env = {"TURSO_REVOKE_SECRET": self.leaked.secret}
        self.file.write_text(self.leaked.secret)
        self.file.chmod(0o600)
        entry = self.delivered(ROTATION, self.file)
        self.write("rotation.yml", entry, OTHER)
        self.write("ordinary.yml", entry)

    @staticmethod
    def delivered(entry: dict[str, Any], file: Path) -> dict[str, Any]:
        return {**entry, "deliver": [{"to": "file", "path": str(file), "takes_effect_hours": 0}]}

    def write(self, name: str, *entries: dict[str, Any]) -> None:
        known = {"turso_rotate_state_file": str(self.state), "turso_rotate_tokens": list(entries)}
        self.playbooks.write(name, known)

    def leak_of_the_group(self) -> tuple[SqlToken, Path]:
        """Give a token of the group to an application that has an entry, and return it and the application's file."""
        leaked, file = (
            self.simulator.given_sql(group="production", expiration="90d", age_days=10),
            self.file.with_name("reports"),
        )
        file.write_text(leaked.secret)
        file.chmod(0o600)
        self.write("rotation.yml", self.delivered(ROTATION, self.file), OTHER, self.delivered(OF_GROUP, file))
        return leaked, file

    def play(self, playbook: str, *arguments: str, **options: Any) -> Played:
        played = self.playbooks.play(playbook, *arguments, "-vvvv", "--diff", env=self.env, **options)
        for canary in self.simulator.canaries:
            assert canary not in played.output
            assert canary.rpartition(".")[2] not in played.output  # a signature is what makes it work
        return played

    def revoke(self, *arguments: str) -> Played:
        return self.play("community.turso.revoke", "-e", "turso_revoke_organization=acme", *arguments)

    def works(self) -> bool:
        return self.simulator.lets_in(self.file.read_text().strip(), "shop")

    @property
    def invalidated_at(self) -> str | None:
        return self._remembered("invalidated_at")

    @property
    def asked_at(self) -> str | None:
        return self._remembered("invalidation_asked_at")

    def _remembered(self, key: str) -> str | None:
        tokens = json.loads(self.state.read_text())["tokens"] if self.state.exists() else {}
        memory: dict[str, str | None] = tokens.get("shop-app", {}).get("sql", {})
        return memory.get(key)


@pytest.fixture
def world(playbooks: Playbooks, simulator: Simulator) -> World:
    return World(playbooks, simulator)


def confirmation(dry: Played) -> tuple[str, str]:
    found = re.search(r"turso_revoke_confirm=(\d-[0-9a-f]{6})", dry.output)
    assert found is not None, dry.output
    return "-e", f"turso_revoke_confirm={found[1]}"


def test_a_leaked_value_ends_all_and_whoever_is_cut_off_has_a_new_one(world: World, simulator: Simulator) -> None:
    refused = world.revoke(*WITH_ENTRIES, "-e", "turso_revoke_confirm=1")
    assert not refused.ok
    assert "every SQL token of the database 'shop' would end, also those in use" in refused.output
    assert "of the database 'shop'. It is active: the database accepts it." in refused.output
    assert "shop-app: gets a new token, delivered and confirmed." in refused.output
    assert (simulator.writes, world.invalidated_at) == ([], None)
    code = confirmation(refused)
    dry = world.revoke(*WITH_ENTRIES)
    assert dry.ok, dry.output
    assert "shop-app: gets a new token, delivered and confirmed." in dry.output
    assert (confirmation(dry), dry.recap["changed"]) == (code, 0)
    assert (simulator.writes, world.invalidated_at) == ([], None)

    done = world.revoke(*WITH_ENTRIES, *code)
    assert done.ok, done.output
    assert "Value 1 is proven dead" in done.output
    assert [path.rpartition("/")[2] for _method, path in simulator.writes] == ["rotate", "tokens"]
    assert not simulator.lets_in(world.leaked.secret, "shop")
    assert world.works()
    assert world.invalidated_at is not None

    from_the_history = world.revoke(*WITH_ENTRIES, *code)
    assert not from_the_history.ok
    assert "may have changed. Check the list before you confirm it." in from_the_history.output
    assert len(simulator.writes) == 2
    assert world.works()


def test_what_the_rotation_file_says_neither_hides_who_is_cut_off_nor_confirms(
    world: World, simulator: Simulator, playbooks: Playbooks
) -> None:
    code = confirmation(world.revoke(*WITH_ENTRIES))
    deliver = [{"to": "file", "path": "{{ app_dir }}/token"}]
    playbooks.write("rotation.yml", {"turso_rotate_tokens": [{**ROTATION, "deliver": deliver}]})
    refused = world.revoke(*WITH_ENTRIES, *code)
    assert not refused.ok
    assert "app_dir" in refused.output
    playbooks.write("rotation.yml", {"turso_rotate_tokens": [], "turso_rotate_confirmed": True})
    assert world.revoke(*WITH_ENTRIES).ok
    assert simulator.writes == []


@heavy
@with_one_core
def test_a_run_that_is_killed_half_way_is_renewed_by_the_next_ordinary_one_which_says_what_is_not_known(
    world: World, simulator: Simulator, playbooks: Playbooks
) -> None:
    """Killed at the worst moment: everything is dead, and no answer says so."""
    code = confirmation(world.revoke(*WITH_ENTRIES))
    rule = simulator.faults.add("POST /v1/organizations/acme/databases/shop/auth/rotate", faults.Pause(), when="after")
    arguments = ("-e", "turso_revoke_organization=acme", *WITH_ENTRIES, *code)
    emergency = playbooks.start("community.turso.revoke", *arguments, env=world.env)
    assert rule.wait(120)
    kill(emergency)
    emergency.communicate()
    assert not world.works()
    assert world.asked_at is not None
    finished = playbooks.play("community.turso.rotate", "-e", "@ordinary.yml")
    assert world.works(), finished.output
    assert not finished.ok
    assert "Run community.turso.revoke again." in finished.output


@heavy
@with_one_core
def test_a_leaked_token_of_a_group_ends_with_its_group_and_what_a_database_of_it_accepts_is_left(
    world: World, simulator: Simulator
) -> None:
    """The databases stand on pages of their own, so what is concerned is on a later one."""
    leaked, file = world.leak_of_the_group()
    world.env = {"TURSO_REVOKE_SECRET": leaked.secret}
    simulator.behave(databases_in_pages=1)
    dry = world.revoke("-e", "@rotation.yml")
    assert not dry.ok
    assert "play-app" in dry.output  # a database of the group, and nobody here could confirm its token
    world.write("rotation.yml", world.delivered(ROTATION, world.file), world.delivered(OF_GROUP, file))

    dry = world.revoke(*WITH_ENTRIES)
    assert dry.ok, dry.output
    assert "of the group 'production'. It is active: the database accepts it." in dry.output
    assert "reports: gets a new token, delivered and confirmed." in dry.output
    assert "shop-app: gets a new token unless the database accepts the old one." in dry.output

    done = world.revoke(*WITH_ENTRIES, *confirmation(dry))
    assert done.ok, done.output
    assert "Value 1 is proven dead" in done.output
    of_group = "/v1/organizations/acme/groups/production/auth"
    assert simulator.writes == [("POST", f"{of_group}/rotate"), ("POST", f"{of_group}/tokens")]
    assert simulator.lets_in(file.read_text().strip(), "shop")
    assert not simulator.lets_in(leaked.secret, "shop")
    assert world.file.read_text() == world.leaked.secret
    assert world.works()


@heavy
@with_one_core
def test_a_database_and_its_group_end_in_one_run(world: World, simulator: Simulator) -> None:
    leaked, file = world.leak_of_the_group()
    world.write("rotation.yml", world.delivered(ROTATION, world.file), world.delivered(OF_GROUP, file))
    world.env = {"TURSO_REVOKE_SECRET": f"{world.leaked.secret},{leaked.secret}"}
    dry = world.revoke(*WITH_ENTRIES)
    assert dry.ok, dry.output
    done = world.revoke(*WITH_ENTRIES, *confirmation(dry))
    assert done.ok, done.output
    assert "Value 1 is proven dead" in done.output
    assert "Value 2 is proven dead" in done.output
    verbs = [path.rpartition("/")[2] for _method, path in simulator.writes]
    assert verbs == ["rotate", "rotate", "tokens", "tokens"]
    assert not simulator.lets_in(world.leaked.secret, "shop")
    assert not simulator.lets_in(leaked.secret, "shop")
    assert world.works()
    assert simulator.lets_in(file.read_text().strip(), "shop")


@heavy
def test_nothing_is_ended_while_somebody_could_not_get_a_new_token(world: World, simulator: Simulator) -> None:
    code = confirmation(world.revoke(*WITH_ENTRIES))
    world.file.unlink()
    world.file.mkdir()
    refused = world.revoke(*WITH_ENTRIES, *code)
    assert not refused.ok
    assert "These could not get a new token: shop-app" in refused.output
    assert "No SQL token was invalidated." in refused.output
    assert (simulator.writes, world.invalidated_at) == ([], None)


@heavy
def test_without_a_rotation_file_it_says_that_nobody_gets_a_new_one(world: World, simulator: Simulator) -> None:
    dry = world.revoke()
    assert "give its applications new tokens by hand" in dry.output
    done = world.revoke(*confirmation(dry))
    assert done.ok, done.output
    assert "Value 1 is proven dead" in done.output
    assert [path.rpartition("/")[2] for _method, path in simulator.writes] == ["rotate"]
