# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fine-grained permissions are what they amount to, however they are written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.grants import ACTIONS, Grants

READ, ADD = "data_read", "data_add"
UNCLEAR = Grants(frozenset(), is_understood=False)

CLAIMED: dict[str, tuple[Any, Grants | None]] = {
    "nothing": (None, None),
    "an empty list": ([], None),
    "all tables": ([{"t": None, "a": [READ]}], Grants.of([(None, READ)])),
    "all tables, left out": ([{"a": [READ]}], Grants.of([(None, READ)])),
    "one table": ([{"t": ["x"], "a": [READ, ADD]}], Grants.of([("x", READ), ("x", ADD)])),
    "two entries": ([{"t": ["x"], "a": [READ]}, {"t": None, "a": [ADD]}], Grants.of([("x", READ), (None, ADD)])),
    "an object instead of a list": ({"t": ["x"], "a": [READ]}, Grants.of([("x", READ)])),
    "an action that nobody knows": ([{"t": ["x"], "a": ["fly"]}], Grants.of([("x", "fly")])),
    "a text": ("all", UNCLEAR),
    "true": (True, UNCLEAR),
    "an entry that is a text": (["all"], UNCLEAR),
    "no actions": ([{"t": ["x"]}], UNCLEAR),
    "empty actions": ([{"t": ["x"], "a": []}], UNCLEAR),
    "actions that are a text": ([{"t": ["x"], "a": READ}], UNCLEAR),
    "no tables at all": ([{"t": [], "a": [READ]}], UNCLEAR),
    "a table without a name": ([{"t": [""], "a": [READ]}], UNCLEAR),
    "a table that is a number": ([{"t": [7], "a": [READ]}], UNCLEAR),
    "a table that is named as all of them are": ([{"t": ["*"], "a": [READ]}], UNCLEAR),
}


@pytest.mark.parametrize(("claim", "expected"), CLAIMED.values(), ids=CLAIMED)
def test_a_claim_is_read(claim: Any, expected: Grants | None) -> None:
    assert Grants.claimed(claim) == expected


EQUAL = {
    "the same": ([("x", READ)], [("x", READ)], True),
    "another table": ([("x", READ)], [("y", READ)], False),
    "more than asked for": ([("x", READ), ("x", ADD)], [("x", READ)], False),
    "less than asked for": ([("x", READ)], [("x", READ), ("x", ADD)], False),
    "all tables instead of one": ([(None, READ)], [("x", READ)], False),
    "a table beside all of them": ([(None, READ), ("x", READ)], [(None, READ)], True),
    "a table beside all of them that has more": ([(None, READ), ("x", ADD)], [(None, READ)], False),
}


@pytest.mark.parametrize(("has", "asked", "expected"), EQUAL.values(), ids=EQUAL)
def test_two_are_compared(has: Any, asked: Any, expected: bool) -> None:
    assert Grants.of(has).equals(Grants.of(asked)) is expected


def test_what_is_not_understood_equals_nothing() -> None:
    assert not UNCLEAR.equals(UNCLEAR)
    assert not Grants.of([("x", READ)]).equals(UNCLEAR)
    assert not Grants.of([("x", READ)]).equals(None)
    assert str(UNCLEAR) == "something that is not understood"


SHOWN = {
    "one table": (
        [("x", ADD), ("x", READ)],
        [{"tables": ["x"], "actions": [READ, ADD]}],
        [{"t": ["x"], "a": [READ, ADD]}],
        "x: data_read+data_add",
    ),
    "tables with the same actions together": (
        [("y", READ), ("x", READ), ("z", ADD)],
        [{"tables": ["x", "y"], "actions": [READ]}, {"tables": ["z"], "actions": [ADD]}],
        [{"t": ["x", "y"], "a": [READ]}, {"t": ["z"], "a": [ADD]}],
        "x+y: data_read, z: data_add",
    ),
    "all tables apart and first": (
        [("A", ADD), (None, READ)],
        [{"tables": ["*"], "actions": [READ]}, {"tables": ["A"], "actions": [ADD]}],
        [{"t": None, "a": [READ]}, {"t": ["A"], "a": [ADD]}],
        "*: data_read, A: data_add",
    ),
    "an action that nobody knows, last": (
        [("x", "fly"), ("x", READ)],
        [{"tables": ["x"], "actions": [READ, "fly"]}],
        [{"t": ["x"], "a": [READ, "fly"]}],
        "x: data_read+fly",
    ),
    "an action that is called as all tables are": (
        [("x", "*")],
        [{"tables": ["x"], "actions": ["*"]}],
        [{"t": ["x"], "a": ["*"]}],
        "x: *",
    ),
}


@pytest.mark.parametrize(("pairs", "result", "body", "text"), SHOWN.values(), ids=SHOWN)
def test_they_are_shown_in_a_fixed_order(pairs: Any, result: Any, body: Any, text: str) -> None:
    for grants in (Grants.of(pairs), Grants.of(reversed(pairs))):
        assert grants.as_result() == result
        assert grants.as_body() == body
        assert str(grants) == text


def test_what_only_reads_says_so() -> None:
    assert Grants.of([("x", READ), (None, READ)]).only_reads
    assert not Grants.of([("x", READ), ("y", ADD)]).only_reads


PAIRS = st.lists(st.tuples(st.sampled_from([None, "x", "y", "z"]), st.sampled_from(ACTIONS)), min_size=1)


@given(PAIRS)
def test_what_is_asked_of_the_api_comes_back_as_the_same(pairs: Any) -> None:
    grants = Grants.of(pairs)
    assert grants.equals(Grants.claimed(grants.as_body()))
