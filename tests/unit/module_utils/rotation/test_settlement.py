# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a commit may revoke, decided after the last list."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._rotation.settlement import Settlement, settle
from ansible_collections.community.turso.plugins.module_utils._rotation.state import TokenState
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from tests.unit.module_utils.rotation.world import (
    FRESH,
    MINE,
    NEW,
    NOW,
    OLD,
    ago,
    bare,
    item,
    ref,
    state,
    token,
    versions_of,
)

PENDING = datetime.timedelta(minutes=15)


def settled(given: Item, *active: Token, knows: TokenState | None = None) -> Settlement:
    return settle(given, versions_of(*active), NOW, pending=PENDING, state=knows)


def ids(versions: Any) -> list[str]:
    return [version.id for version in versions]


OTHER = token("0007", minutes=3)
REVOKED: list[tuple[str, Item, list[Token], list[str]]] = [
    ("all that the plan saw", item(MINE, OLD, NEW), [OLD, NEW, MINE], ["id-0001", "id-0002"]),
    ("nothing where nothing was replaced", item(MINE), [MINE], []),
    ("one made by hand", item(MINE, bare(days=200)), [bare(days=200), MINE], ["id-bare"]),
    ("nothing that the plan did not see", item(MINE, OLD), [OLD, NEW, MINE], ["id-0001"]),
    ("nothing that is not active any more", item(MINE, OLD, NEW), [NEW, MINE], ["id-0002"]),
    ("nothing that has another id now", item(MINE, OLD), [dataclasses.replace(OLD, id="another"), MINE], []),
    ("nothing that has another name now", item(MINE, OLD), [dataclasses.replace(NEW, id=OLD.id), MINE], []),
    ("nothing that was pending elsewhere", item(MINE, OLD, elsewhere=(OTHER,)), [OLD, OTHER, MINE], ["id-0001"]),
    (
        "nothing that was pending elsewhere, whatever its age",
        item(MINE, OLD, elsewhere=(NEW,)),
        [OLD, NEW, MINE],
        ["id-0001"],
    ),
    ("never its own new version", item(MINE, OLD, MINE), [OLD, MINE], ["id-0001"]),
    ("nothing where there is a grace period", item(MINE, OLD, grace_hours=24), [OLD, MINE], []),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize(("given", "active", "revoked"), [row[1:] for row in REVOKED], ids=[row[0] for row in REVOKED])
def test_it_revokes(given: Item, active: list[Token], revoked: list[str]) -> None:
    settlement = settled(given, *active)
    assert settlement.refusal is None
    assert ids(settlement.revoke) == revoked
    assert sorted(ids(kept.version for kept in settlement.kept) + revoked) == sorted(found.id or "" for found in active)


YOUNGER = token("0008", minutes=1)
REFUSED: list[tuple[str, Item, list[Token], TokenState | None, str]] = [
    ("its new version is not active", item(MINE, OLD), [OLD], None, "(id id-abcd) is not active any more"),
    ("what it delivered does not work", item(MINE, OLD), [OLD], None, "run the rotation again with turso_rotate_force"),
    (
        "its new version has another id",
        item(MINE, OLD),
        [OLD, dataclasses.replace(MINE, id="another")],
        None,
        "is not active any more",
    ),
    (
        "its new version has another name",
        item(MINE, OLD),
        [OLD, dataclasses.replace(YOUNGER, id=MINE.id)],
        None,
        "is not active any more",
    ),
    (
        "another run issued a younger one",
        item(MINE, OLD),
        [OLD, MINE, YOUNGER],
        None,
        f"{YOUNGER.name} was issued after {MINE.name} by another run",
    ),
    (
        "the one in use is not active, in a sweep",
        item(None, current=NEW),
        [OLD],
        state(NEW, (OLD, ago(days=1))),
        "The version in use is not active any more",
    ),
    ("nobody knows the one in use, in a sweep", item(None), [OLD], None, "The version in use is not active any more"),
]


@pytest.mark.promise(5)
@pytest.mark.parametrize(
    ("given", "active", "knows", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_nothing_is_revoked_where(given: Item, active: list[Token], knows: TokenState | None, says: str) -> None:
    settlement = settled(given, *active, knows=knows)
    assert (settlement.revoke, settlement.previous_since) == ((), {})
    assert settlement.refusal is not None
    assert says in settlement.refusal
    assert "Nothing was revoked" in settlement.refusal
    assert sorted(ids(kept.version for kept in settlement.kept)) == sorted(found.id or "" for found in active)


def test_a_younger_one_that_the_plan_saw_is_no_reason() -> None:
    resumed = item(NEW, OLD, elsewhere=(FRESH,))
    assert ids(settled(resumed, OLD, NEW, FRESH).revoke) == [OLD.id]


@pytest.mark.promise(5)
def test_of_two_runs_in_one_second_one_revokes_and_one_does_not() -> None:
    mine, theirs = token("aaaa", minutes=2), token("bbbb", minutes=2)
    assert settled(item(mine, OLD), OLD, mine, theirs).refusal is not None
    assert ids(settled(item(theirs, OLD), OLD, mine, theirs).revoke) == [OLD.id]


KEPT: list[tuple[str, Item, list[Token], TokenState | None, list[str | None]]] = [
    (
        "for a grace period",
        item(MINE, OLD, grace_hours=1.5),
        [OLD, MINE],
        None,
        [f"{OLD.name} stays until 2026-11-24T10:45:00Z", None],
    ),
    (
        "for another run",
        item(MINE, OLD, elsewhere=(OTHER,)),
        [OTHER, MINE],
        None,
        [f"{OTHER.name} is kept until 2026-11-24T09:27:00Z, because another run may be delivering it", None],
    ),
    ("because nobody knows it", item(MINE), [NEW, MINE], None, [None, None]),
]


@pytest.mark.parametrize(("given", "active", "knows", "whys"), [row[1:] for row in KEPT], ids=[row[0] for row in KEPT])
def test_it_keeps(given: Item, active: list[Token], knows: TokenState | None, whys: list[str | None]) -> None:
    assert [kept.why for kept in settled(given, *active, knows=knows).kept] == whys


def test_grace_counts_from_the_first_time_that_a_version_was_previous() -> None:
    knows = state(NEW, (OLD, ago(hours=23)))
    settlement = settled(item(MINE, OLD, NEW, current=NEW, grace_hours=24), OLD, NEW, MINE, knows=knows)
    assert settlement.previous_since == {OLD.id: ago(hours=23), NEW.id: NOW}
    assert settlement.revoke == ()


def test_the_grace_of_the_one_in_use_begins_when_it_is_replaced() -> None:
    knows = state(NEW, (OLD, ago(days=3)))
    settlement = settled(item(MINE, OLD, NEW, current=OLD, grace_hours=24), OLD, NEW, MINE, knows=knows)
    assert settlement.previous_since == {OLD.id: NOW, NEW.id: NOW}


def test_the_new_version_is_not_previous_whatever_an_old_state_file_says() -> None:
    settlement = settled(item(MINE, OLD), OLD, MINE, knows=state(OLD, (MINE, ago(hours=1))))
    assert (ids(settlement.revoke), set(settlement.previous_since)) == ([OLD.id], {OLD.id})


@pytest.mark.promise(1)
def test_a_sweep_revokes_what_is_previous_and_neither_the_one_given_nor_the_state_files_current() -> None:
    older = token("0000", days=130)
    knows = state(NEW, (OLD, ago(hours=3)), (older, ago(hours=3)), (NEW, ago(hours=3)))
    assert ids(settled(item(None, current=NEW), older, OLD, NEW, knows=knows).revoke) == [older.id, OLD.id]
    settlement = settled(item(None, current=OLD), older, OLD, NEW, knows=knows)
    assert ids(settlement.revoke) == [older.id]
    assert set(settlement.previous_since) == {older.id}


def test_a_sweep_goes_by_the_grace_period() -> None:
    knows = state(NEW, (OLD, ago(hours=3)), (token("0000", days=130), ago(hours=1)))
    settlement = settled(item(None, current=NEW, grace_hours=2), token("0000", days=130), OLD, NEW, knows=knows)
    assert ids(settlement.revoke) == [OLD.id]


WORLD = [OLD, NEW, OTHER, FRESH, MINE, YOUNGER]
SOME = st.lists(st.sampled_from(WORLD), unique=True)


@pytest.mark.promise(1)
@given(
    st.sampled_from([*WORLD, None]),
    SOME,
    SOME,
    SOME,
    st.none()
    | st.builds(
        lambda current, gone: state(current, *((one, ago(days=1)) for one in gone)), st.sampled_from(WORLD), SOME
    ),
    st.sampled_from([*WORLD, None]),
    st.sampled_from([0, 2, 48]),
)
def test_its_own_what_nobody_saw_and_what_is_pending_elsewhere_is_never_revoked(
    own: Token | None,
    active: list[Token],
    seen: list[Token],
    elsewhere: list[Token],
    knows: TokenState | None,
    current: Token | None,
    grace: float,
) -> None:
    given = dataclasses.replace(item(own, *seen, elsewhere=tuple(elsewhere), current=current, grace_hours=grace))
    settlement = settled(given, *active, knows=knows)
    gone = set(ids(settlement.revoke))
    previous = {known.id for known in knows.previous} if knows else set()
    assert gone <= {found.id for found in active}
    assert gone <= {found.id for found in seen} | previous
    assert not gone & {found.id for found in elsewhere}
    assert own is None or own.id not in gone
    assert not gone or own is None or own.id in {found.id for found in active}
    if own is None and current is not None:
        assert current.id not in gone
    if own is None and knows is not None and knows.current is not None:
        assert knows.current.id not in gone
    assert not gone or {ref(found)["id"] for found in active} > gone
