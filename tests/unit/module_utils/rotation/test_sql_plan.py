# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a SQL token is due, what is delivered again instead of minted, and what is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_plan import ends_in_words
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_view import NOT_KNOWN
from ansible_collections.community.turso.plugins.module_utils._rotation.state import TokenState
from ansible_collections.community.turso.plugins.module_utils._time import utc_text
from tests.unit.module_utils.rotation.sql_world import day, mint, pending, planned, state, value, view

VAULT = {"has_vault_file": True}
ASKED = state(2, invalidation_asked_at=utc_text(day(-1)))
MAYBE = state(2, maybe_invalidated_at=utc_text(day(-1)))
FIVE = tuple(mint(age) for age in (1, 2, 3, 4, 5))

# What was found, what else is known, and then what is done, why, and which value is delivered again.
PLANS: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[str, str | None, str | None]]] = [
    ("nothing is known", (), {"knows": state()}, ("issue", "missing", None)),
    ("by the state file alone", (), {"knows": state(1)}, ("none", None, None)),
    ("by the state file alone, due", (), {"knows": state(61)}, ("issue", "expiring", None)),
    ("the end has passed", (), {"knows": state(91)}, ("issue", "expired", None)),
    ("the vault file alone", (value(1, stored=True),), VAULT, ("none", None, None)),
    ("the vault file alone, due", (value(61, stored=True),), VAULT, ("issue", "expiring", None)),
    ("a destination alone", (value(1),), {}, ("none", None, None)),
    ("not yet due", (value(59),), {"knows": state(59)}, ("none", None, None)),
    ("the database rejects it", (value(1, probed="dead"),), {"knows": state(1)}, ("issue", "dead", None)),
    ("it is not known whether it works", (value(1, probed="unknown"),), {"knows": state(1)}, ("none", None, None)),
    ("forced", (value(1),), {"knows": state(1), "force": True}, ("issue", "forced", None)),
    ("it never ends", (value(1, lasts=None),), {}, ("issue", "endless", None)),
    ("of another database", (value(1, database_id="id-old"),), {}, ("issue", "foreign", None)),
    ("of another authorization", (value(1, authorization="read-only"),), {}, ("issue", "drift", None)),
    (
        "pending and at hand",
        (value(1, stored=True),),
        {"knows": state(61, pending(1)), **VAULT},
        ("resume", "unfinished", "of-1"),
    ),
    ("pending, and it cannot be had", (value(61),), {"knows": state(61, pending(1))}, ("issue", "expiring", None)),
    (
        "pending, it cannot be had, and the one in use is good",
        (value(9),),
        {"knows": state(9, pending(1))},
        ("resume", "unfinished", "of-9"),
    ),
    ("pending, and it is over", (), {"knows": state(9, pending(91))}, ("none", None, None)),
    (
        "pending, and due itself",
        (value(61, stored=True),),
        {"knows": state(80, pending(61)), **VAULT},
        ("issue", "expiring", None),
    ),
    ("another run delivers it", (), {"knows": state(61, pending(1, minutes=5))}, ("none", None, None)),
    (
        "the run that delivered it has ended",
        (value(1),),
        {"knows": state(61, pending(1, minutes=5)), "is_abandoned": True},
        ("resume", "unfinished", "of-1"),
    ),
    (
        "another run delivers it, and this one is forced",
        (),
        {"knows": state(61, pending(1, minutes=5)), "force": True},
        ("issue", "forced", None),
    ),
    ("the vault file was emptied", (), {"knows": state(1), **VAULT}, ("issue", "lost", None)),
    (
        "the vault file was restored",
        (value(9, stored=True),),
        {"knows": state(1), **VAULT},
        ("issue", "lost", None),
    ),
    (
        "the vault file was restored, and a destination has it",
        (value(9, stored=True), value(1)),
        {"knows": state(1), **VAULT},
        ("resume", "lost", "of-1"),
    ),
    ("a destination was restored", (value(9),), {"knows": state(1)}, ("issue", "lost", None)),
    (
        "a newer one of another run",
        (value(1, stored=True),),
        {"knows": state(9), **VAULT},
        ("resume", "unfinished", "of-1"),
    ),
    ("adopted", (value(1, stored=True),), {"knows": state(), **VAULT}, ("resume", "unfinished", "of-1")),
    ("two destinations differ", (value(9), value(1)), {}, ("resume", "unfinished", "of-1")),
    ("two destinations differ, the other way round", (value(1), value(9)), {}, ("resume", "unfinished", "of-1")),
    (
        "another run is about to write the vault file",
        (),
        {"knows": state(9, pending(1, minutes=5)), **VAULT},
        ("none", None, None),
    ),
    ("a destination lacks it", (value(1),), {"lacks": True}, ("resume", "unfinished", "of-1")),
    (
        "the vault file is behind a destination",
        (value(9, stored=True), value(1)),
        VAULT,
        ("resume", "lost", "of-1"),
    ),
    (
        "invalidated before all was delivered",
        (value(2),),
        {"knows": state(2, invalidated_at=utc_text(day(-1)))},
        ("issue", "dead", None),
    ),
    (
        "invalidated before it was minted",
        (value(1),),
        {"knows": state(1, invalidated_at=utc_text(day(-2)))},
        ("none", None, None),
    ),
    ("asked to be ended, and accepted", (value(2, probed="accepted"),), {"knows": ASKED}, ("issue", "dead", None)),
    ("perhaps ended, and accepted", (value(2, probed="accepted"),), {"knows": MAYBE}, ("none", None, None)),
    ("perhaps ended, and nobody knows", (value(2, probed="unknown"),), {"knows": MAYBE}, ("issue", "dead", None)),
    ("perhaps ended, and not tried", (value(2),), {"knows": MAYBE}, ("issue", "dead", None)),
    (
        "perhaps ended before it was minted",
        (value(0.5, probed="unknown"),),
        {"knows": MAYBE},
        ("resume", "unfinished", "of-0.5"),
    ),
    (
        "invalidated while another run delivers what was minted before",
        (value(2),),
        {"knows": state(2, pending(1, minutes=5), invalidated_at=utc_text(day(0)))},
        ("issue", "dead", None),
    ),
    (
        "invalidated with as many tokens as may be",
        (value(2),),
        {"knows": state(2, mints=FIVE, invalidated_at=utc_text(day(0)))},
        ("issue", "dead", None),
    ),
    (
        "a month between two runs",
        (value(31),),
        {"knows": state(31, runs=(utc_text(day(-31)),))},
        ("issue", "expiring", None),
    ),
    ("a week between two runs", (value(31),), {"knows": state(31, runs=(utc_text(day(-7)),))}, ("none", None, None)),
    (
        "a pause of a hundred days costs one token and not one a run",
        (value(1),),
        {"knows": state(1, runs=(utc_text(day(-101)), utc_text(day(-1))))},
        ("none", None, None),
    ),
    ("the state file is an API token's", (value(1),), {"knows": TokenState()}, ("resume", "unfinished", "of-1")),
]


@pytest.mark.parametrize(("found", "known", "expected"), [row[1:] for row in PLANS], ids=[row[0] for row in PLANS])
def test_a_token_is_planned(
    found: tuple[Any, ...], known: dict[str, Any], expected: tuple[str, str | None, str | None]
) -> None:
    plan = planned(*found, **known)
    resumed = None if plan.resumed is None else plan.resumed.id
    assert (plan.action, plan.reason, resumed, plan.refusal) == (*expected, None)
    assert (plan.next_due() is None) is (plan.is_due or plan.current.claims.expires_at is None)


REFUSALS: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("as many tokens as may be", (), {"knows": state(61, mints=FIVE)}, "5 of its tokens have not ended yet"),
    (
        "due, and the database cannot be reached",
        (value(61, probed="unknown", detail="no route"),),
        {"knows": state(61)},
        "could not be either: no route",
    ),
    ("nothing can be known", (), {"knows": state(61), "failure": "There is no database."}, "There is no database"),
]


@pytest.mark.parametrize(("found", "known", "says"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_a_refusal_says_why_and_when_the_token_in_use_ends(
    found: tuple[Any, ...], known: dict[str, Any], says: str
) -> None:
    plan = planned(*found, **known)
    assert (plan.action, plan.is_due) == ("none", False)
    assert says in (plan.refusal or "")
    assert "Nothing was minted." in (plan.refusal or "")
    assert ends_in_words(plan, view(**known)) == "app ends 2026-12-23T09:15:00Z, in 29 days; 1 run failed."


def test_an_invalidation_without_an_answer_is_told_by_every_run_that_renews_nothing() -> None:
    asked_before = state(1, invalidation_asked_at=utc_text(day(-2)))
    assert "Run community.turso.revoke again. Nothing was minted." in (planned(knows=asked_before).refusal or "")


def test_mints_that_have_ended_do_not_count() -> None:
    ended = tuple(mint(age) for age in (91, 92, 93, 94, 95))
    assert planned(knows=state(61, mints=ended)).action == "issue"


def test_the_deadline_counts_the_runs_that_failed_before() -> None:
    seen = view(knows=state(61, attempts=2))
    plan = planned(knows=state(61))
    assert ends_in_words(plan, seen).endswith("3 runs failed.")
    assert ends_in_words(plan, seen, with_this_run=False).endswith("2 runs failed.")
    assert ends_in_words(plan, view(knows=state(61)), with_this_run=False).endswith("in 29 days.")
    assert ends_in_words(dataclasses.replace(plan, current=NOT_KNOWN), seen) == ""


def test_a_token_is_due_earlier_by_its_part_of_the_spread() -> None:
    def due(spread: int) -> Any:
        return planned(value(1), knows=state(1), spread_days=spread).next_due()

    assert due(0) - due(20) == view(spread_days=20).entry.policy.spread
    assert 0 < view(spread_days=20).entry.policy.spread.days < 20


def test_a_token_that_does_not_say_when_it_was_minted_counts_as_invalidated() -> None:
    memory = SqlMemory(invalidated_at=utc_text(day(-1)))
    assert memory.is_invalidated(dataclasses.replace(value(0).claims, issued_at=None))
    assert not memory.is_invalidated(None)


def test_what_was_invalidated_is_said_instead_of_an_end() -> None:
    knows = state(2, attempts=1, invalidated_at=utc_text(day(0)))
    plan = planned(knows=knows)
    dead = f"all its tokens that were minted up to {utc_text(day(0))} count as dead since an invalidation"
    assert plan.detail == dead
    assert ends_in_words(plan, view(knows=knows)) == f"app: {dead}, so applications may be locked out; 2 runs failed."
    unknown = planned(knows=knows, failure="There is no database.")
    assert ends_in_words(unknown, view(knows=knows)).startswith(f"app: {dead}")
