# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the state file remembers of SQL tokens, and what other tokens of the same database confirm."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.grants import Grants
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Verdict
from ansible_collections.community.turso.plugins.module_utils._rotation import confirm
from ansible_collections.community.turso.plugins.module_utils._rotation.json_shapes import WrongShape
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_destinations import (
    judged,
    reading_of,
    to_ask_for_values,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import Current
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from ansible_collections.community.turso.plugins.module_utils._time import utc_text
from tests.simulator.sql import signed
from tests.unit.module_utils.rotation.sql_world import NOW, SHOP, claims, day, entry, mint, pending, state

SOME = Grants.of([("orders", "data_read"), (None, "data_add")])


def test_what_is_remembered_is_written_and_read_again() -> None:
    memory: dict[str, Any] = {
        "mints": (mint(1),),
        "runs": (utc_text(NOW),),
        "attempts": 2,
        "invalidated_at": utc_text(NOW),
    }
    memory.update(invalidation_asked_at=utc_text(NOW), maybe_invalidated_at=utc_text(NOW))
    known = State({"app": state(61, pending(1, permissions=SOME), **memory), "ci": state()})
    assert State.from_json(known.as_json()) == known
    assert "claims" in known.as_json()["tokens"]["app"]["pending"]


def test_keys_that_are_not_known_stay() -> None:
    data = State({"app": state(1, mints=(mint(1),))}).as_json()
    data["tokens"]["app"]["sql"].update(later=1, mints=[{**data["tokens"]["app"]["sql"]["mints"][0], "later": 2}])
    again = State.from_json(data).as_json()["tokens"]["app"]["sql"]
    assert (again["later"], again["mints"][0]["later"]) == (1, 2)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"runs": "x"}, "sql.runs is not a list"),
    ({"runs": ["x"]}, "sql.runs[0].run is not a time"),
    ({"mints": [{"id": "x"}]}, "sql.mints[0].issued_at"),
    ({"attempts": "x"}, "sql.attempts is not a whole number"),
    ({"invalidated_at": 3}, "sql.invalidated_at is not a time"),
]


@pytest.mark.parametrize(("part", "says"), WRONG)
def test_what_is_no_memory_is_told_by_its_place(part: dict[str, Any], says: str) -> None:
    with pytest.raises(WrongShape) as wrong:
        State.from_json({"format": 1, "tokens": {"app": {"sql": part}}})
    assert f"tokens.app.{says}" in str(wrong.value)


def test_claims_that_were_changed_by_hand_are_told() -> None:
    data = State({"app": state(1)}).as_json()
    data["tokens"]["app"]["current"]["claims"]["expires_at"] = "soon"
    with pytest.raises(WrongShape, match=r"current\.claims\.expires_at"):
        State.from_json(data)


def test_the_time_of_an_invalidation_never_goes_back() -> None:
    memory = SqlMemory().asked_to_end(utc_text(NOW)).perhaps_ended(utc_text(NOW)).asked_to_end(utc_text(day(-1)))
    assert memory == memory.perhaps_ended(utc_text(day(-1)))
    assert memory.dead_up_to() == utc_text(NOW)
    ended = memory.ended(utc_text(NOW)).ended(utc_text(day(-1)))
    assert (ended.invalidated_at, ended.invalidation_asked_at) == (utc_text(NOW), None)


def test_a_run_is_remembered_unless_another_one_was_just_before() -> None:
    week = datetime.timedelta(days=7)
    memory = SqlMemory().succeeded(day(-30))
    assert memory.succeeded(day(-29), unless_within=week) is memory
    assert len(memory.succeeded(day(-20), unless_within=week).runs) == 2
    assert memory.tried((mint(1),), NOW).succeeded(day(-29), unless_within=week).attempts == 0
    assert memory.longest_pause(NOW) == datetime.timedelta(days=30)
    assert SqlMemory().longest_pause(NOW) == datetime.timedelta(0)
    many = memory
    for number in range(30):
        many = many.succeeded(day(number))
    assert len(many.runs) == 20


def value(age: float, **more: Any) -> str:
    """Return a SQL token that was minted so many days ago."""
    issued = int(day(-age).timestamp())
    return signed({"a": "rw", "id": SHOP.id, "iat": issued, "exp": issued + 86400, "rid": "r", **more})


def item(age: float = 5, **more: Any) -> Item:
    known = {"version": {"name": "app", "id": "0" * 64}, "sha256": "0" * 64, "kind": "sql"}
    return Item("app", {}, "issue", **{**known, "claims": claims(age).as_result(), **more})


NEWER: list[tuple[str, Item, str, bool]] = [
    ("a newer one", item(), value(1), True),
    ("an older one", item(), value(9), False),
    ("of another database", item(), value(1, id="other"), False),
    ("of the group", item(), value(1, id=None, gid=SHOP.id), False),
    ("of less", item(), value(1, a="ro"), False),
    ("with other permissions", item(), value(1, perm=SOME.as_body()), False),
    ("with the same", item(claims=claims(5, permissions=SOME).as_result()), value(1, perm=SOME.as_body()), True),
    ("something else", item(), "a-password", False),
    ("no SQL token was minted", item(kind="api", claims=None), value(1), False),
]


@pytest.mark.parametrize(("ours", "other", "confirms"), [row[1:] for row in NEWER], ids=[row[0] for row in NEWER])
def test_a_newer_token_of_another_run_confirms(ours: Item, other: str, confirms: bool) -> None:
    assert confirm.is_newer_sql(ours, other) is confirms
    (said,) = confirm.confirm([(ours, 0)], confirm.Place("host"), {"app": other})
    assert (said.refusal is None) is confirms
    read = Verdict("app", "file", "/x", "localhost", "other", value=other)
    found = judged([read], [ours])
    assert (found[0].verdict == "confirmed") is confirms


def test_only_another_value_of_a_sql_token_is_judged() -> None:
    said = [("ci", "other", value(1)), ("app", "unreadable", value(1)), ("app", "other", None)]
    read = [Verdict(name, "file", "/x", "h", verdict, value=found) for name, verdict, found in said]
    assert judged(read, [item()]) == read


FILE = Recipient("file", address="/srv/app")


def asked(stored: str | None, known: State | None, *recipients: Recipient) -> list[str]:
    given = {"app": [recipient.as_json() for recipient in recipients or (FILE,)]}
    return to_ask_for_values([entry(recipients=given)], None if stored is None else {"app": stored}, known)


def test_destinations_are_asked_for_values_where_the_vault_file_does_not_tell() -> None:
    held = value(1)
    current = state(1)
    kept = Current("app", confirm.digest_of(held), utc_text(NOW), claims=claims(1))
    same = State({"app": dataclasses.replace(current, current=kept)})
    assert asked(held, same) == []
    assert asked(held, State({"app": current})) == ["app"]
    assert asked(held, State()) == ["app"]
    assert asked(held, None) == ["app"]
    assert asked(None, same) == ["app"]
    assert asked(held, State({"app": state(1, pending(1))})) == ["app"]
    assert asked(None, None, Recipient("play")) == []


READ: list[tuple[str, list[tuple[str, str | None]], dict[str, str] | None, bool, bool, bool]] = [
    ("a value", [("other", "v")], None, False, False, False),
    ("none there", [("other", None)], None, False, True, False),
    ("one of two lacks it", [("other", "v"), ("other", None)], None, False, True, False),
    ("nobody could look", [("unreadable", None)], None, False, False, True),
    ("nobody could look at one", [("other", None), ("unreadable", None)], None, False, True, True),
    ("nobody could look, and a state file tells", [("unreadable", None)], None, True, False, False),
    ("nobody could look, and the vault file tells", [("unreadable", None)], {"app": "v"}, False, False, False),
    ("nothing was read", [], None, False, False, True),
    ("what a check says is none", [("proven", None)], None, False, False, True),
]


@pytest.mark.parametrize(
    ("said", "stored", "has_state_file", "lacks", "is_unread"), [row[1:] for row in READ], ids=[row[0] for row in READ]
)
def test_a_destination_that_cannot_be_asked_costs_no_token(
    said: list[tuple[str, str | None]],
    stored: dict[str, str] | None,
    has_state_file: bool,
    lacks: bool,
    is_unread: bool,
) -> None:
    known = entry(recipients={"app": [FILE.as_json()]})
    verdicts = [Verdict("app", "file", "/srv/app", "h", verdict, value=found) for verdict, found in said]
    told = reading_of([known], verdicts, stored, has_state_file=has_state_file)
    assert (told.lacks, list(told.unread)) == (("app",) if lacks else (), ["app"] if is_unread else [])
