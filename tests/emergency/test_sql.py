# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emergency for a leaked SQL token, played: found by its value, ended with all others, renewed, proven, and finished later."""

from __future__ import annotations

import json
import re
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


WITH_ENTRIES = ("-e", "@rotation.yml")


class World:
    """A leaked token that an application has, and the rotation file that says where."""

    def __init__(self, playbooks: Playbooks, simulator: Simulator) -> None:
        self.playbooks, self.simulator = playbooks, simulator
        self.file, self.state = playbooks.directory / "token", playbooks.directory / "state.json"
        simulator.add_database("shop", group="production")
        simulator.add_database("other", group="production")
        self.leaked: SqlToken = simulator.given_sql(database="shop", expiration="90d", age_days=10)
        self.env = {"TURSO_REVOKE_SECRET": self.leaked.secret}
        self.file.write_text(self.leaked.secret)
        self.file.chmod(0o600)
        entry = {**ROTATION, "deliver": [{"to": "file", "path": str(self.file), "takes_effect_hours": 0}]}
        for name, entries in (("rotation.yml", [entry, OTHER]), ("ordinary.yml", [entry])):
            playbooks.write(name, {"turso_rotate_state_file": str(self.state), "turso_rotate_tokens": entries})

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
    found = re.search(r"turso_revoke_confirm=(1-[0-9a-f]{6})", dry.output)
    assert found is not None, dry.output
    return "-e", f"turso_revoke_confirm={found[1]}"


def test_a_leaked_value_ends_all_and_whoever_is_cut_off_has_a_new_one(world: World, simulator: Simulator) -> None:
    dry = world.revoke(*WITH_ENTRIES)
    assert dry.ok, dry.output
    assert "of the database 'shop'. It is active: the database accepts it." in dry.output
    assert "shop-app: gets a new token, delivered and confirmed." in dry.output
    assert dry.recap["changed"] == 0
    assert (simulator.writes, world.invalidated_at) == ([], None)

    refused = world.revoke(*WITH_ENTRIES, "-e", "turso_revoke_confirm=1")
    assert not refused.ok
    assert "every SQL token of the database 'shop' would end, also those in use" in refused.output
    assert simulator.writes == []

    done = world.revoke(*WITH_ENTRIES, *confirmation(dry))
    assert done.ok, done.output
    assert "Value 1 is proven dead" in done.output
    assert [path.rpartition("/")[2] for _method, path in simulator.writes] == ["rotate", "tokens"]
    assert not simulator.lets_in(world.leaked.secret, "shop")
    assert world.works()
    assert world.invalidated_at is not None

    from_the_history = world.revoke(*WITH_ENTRIES, *confirmation(dry))
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
def test_nothing_is_ended_while_somebody_could_not_get_a_new_token(world: World, simulator: Simulator) -> None:
    code = confirmation(world.revoke(*WITH_ENTRIES))
    world.file.unlink()
    world.file.mkdir()
    refused = world.revoke(*WITH_ENTRIES, *code)
    assert not refused.ok
    assert "These could not get a new token: shop-app" in refused.output
    assert "Nothing was ended." in refused.output
    assert (simulator.writes, world.invalidated_at) == ([], None)


@heavy
def test_without_a_rotation_file_it_says_that_nobody_gets_a_new_one(world: World, simulator: Simulator) -> None:
    dry = world.revoke()
    assert "whoever uses it needs a new token by hand" in dry.output
    done = world.revoke(*confirmation(dry))
    assert done.ok, done.output
    assert "Value 1 is proven dead" in done.output
    assert [path.rpartition("/")[2] for _method, path in simulator.writes] == ["rotate"]
