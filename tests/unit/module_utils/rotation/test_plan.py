# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: what is current, due, resumed, pending elsewhere, previous and swept, as plain values."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import plan_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.state import TokenState
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import active_versions
from ansible_collections.community.turso.plugins.module_utils._rotation.view import Stored, View
from tests.unit.module_utils.rotation.world import (
    FRESH,
    NEW,
    NOW,
    OLD,
    ago,
    bare,
    entry,
    planned,
    ref,
    state,
    token,
    view,
)

NINE = token("0009", days=1)
READER = Restriction("acme", "g", ("read",))
PINNED = {"group": "g", "scopes": ["read-only"]}
OTHER_ID = dataclasses.replace(NEW, id="another")
HELD = state(NEW)
AT_200 = {"max_age_days": 200}

DUE: list[tuple[str, list[Token], dict[str, Any], str | None]] = [
    ("nothing is active", [], {}, "missing"),
    ("the one given is not active and nothing is", [], {"given": {"current": "gone"}}, "missing"),
    ("the only one is too old", [OLD], {}, "aged"),
    ("one made by hand is too old", [bare(days=91)], {}, "aged"),
    ("one made by hand is young", [bare(days=1)], {}, None),
    ("the only one is young", [NEW], {}, None),
    ("it is exactly as old as allowed", [token(days=90)], {}, None),
    ("it is a second older", [token(days=90, seconds=1)], {}, "aged"),
    ("it is older than the age less the spread", [token(days=81)], {"spread_days": 89}, "aged"),
    ("nobody knows how old it is", [Token("ci", "x", Restriction("acme"))], {}, "aged"),
    ("the organization differs", [NEW], {"given": {"organization": "other"}}, "drift"),
    ("the scopes differ", [NEW], {"given": PINNED}, "drift"),
    ("the scopes are the same set", [dataclasses.replace(NEW, restriction=READER)], {"given": PINNED}, None),
    ("it is forced", [NEW], {"force": True}, "forced"),
    ("age goes before drift", [OLD], {"given": PINNED, "force": True}, "aged"),
    ("drift goes before force", [NEW], {"given": PINNED, "force": True}, "drift"),
    ("there are two and no state file", [OLD, NEW], {}, "unfinished"),
    ("a new one lies beside one made by hand", [bare(days=1), NEW], {}, "unfinished"),
    ("the second is so young that another run may deliver it", [NEW, FRESH], {}, None),
    ("the only one is pending elsewhere", [FRESH], {"knows": state()}, None),
    ("the only one is pending elsewhere and named so", [FRESH], {"knows": state(pending=FRESH)}, None),
    ("the only one was left by a run that ended", [FRESH], {"knows": state(pending=FRESH), "abandoned": True}, "unfinished"),
    ("the state file's current is active", [NEW], {"knows": HELD}, None),
    ("the state file's current is too old, the newest is not", [OLD, NEW], {"knows": state(OLD)}, "aged"),
    ("the state file's current is not active", [NINE], {"knows": HELD}, "unfinished"),
    ("the state file's current is not active, another run's is", [FRESH], {"knows": HELD}, "unfinished"),
    ("the state file's current has another id", [OTHER_ID], {"knows": HELD}, "unfinished"),
    ("the state file's current has another name", [dataclasses.replace(NINE, id=NEW.id)], {"knows": HELD}, "unfinished"),
    ("one is neither current nor previous", [NEW, NINE], {"knows": HELD}, "unfinished"),
    ("one is pending and not confirmed", [NEW, NINE], {"knows": state(NEW, pending=NINE)}, "unfinished"),
    ("the other one is pending elsewhere", [NEW, FRESH], {"knows": HELD}, None),
    ("the other one is previous", [OLD, NEW], {"knows": state(NEW, (OLD, ago(hours=1))), "grace_hours": 2}, None),
    ("the state file's current is not the one given", [OLD, NEW], {"knows": HELD, "given": {"current": OLD.id}, **AT_200}, "unfinished"),
    ("the state file knows nothing of it: it was never confirmed", [NEW], {"knows": state()}, "unfinished"),
    ("the state file knows nothing of one made by hand", [bare(days=1)], {"knows": state()}, None),
    ("the state file knows nothing of the one given", [NEW], {"knows": state(), "given": {"current": NEW.id}}, None),
    ("the one in use is given by name", [OLD, NEW], {"knows": HELD, "given": {"current": OLD.name}}, "aged"),
    ("the one in use is given by id", [OLD, NEW], {"knows": HELD, "given": {"current": OLD.id}}, "aged"),
    ("the one given is not active and force is set", [NEW], {"given": {"current": "gone"}, "force": True}, "forced"),
    ("the vault file holds nothing", [NEW], {"vault": True}, "lost"),
    ("the vault file holds a rejected value", [NEW], {"stored": Stored("x", is_rejected=True)}, "lost"),
    ("the vault file holds the value of no version", [NEW], {"stored": Stored("x")}, "lost"),
    ("the vault file holds a value that tells no id", [NEW], {"stored": Stored(None)}, None),
    ("the vault file holds one older than current", [OLD, NEW], {"stored": OLD, "knows": state(NEW, (OLD, NOW)), "grace_hours": 2}, "lost"),
    ("the vault file holds the current one", [NEW], {"stored": NEW}, None),
    ("another run is about to write the vault file", [FRESH], {"vault": True}, None),
    ("current is not active, whatever the vault file holds", [NINE], {"stored": NINE, "knows": HELD}, "unfinished"),
]  # fmt: skip


@pytest.mark.parametrize(("active", "known", "reason"), [row[1:] for row in DUE], ids=[row[0] for row in DUE])
def test_what_is_due_where(active: list[Token], known: dict[str, Any], reason: str | None) -> None:
    plan = planned(*active, **known)
    assert plan.refusal is None
    assert plan.reason == reason
    assert plan.is_due is (reason is not None)
    assert plan.action in ("issue", "resume") if reason else plan.action == "none"
    assert {version.id for version in plan.versions} == {listed.id for listed in active}
    if plan.action == "issue":
        assert plan.new_name == "ci-20261124t091500z-abcd"


ELSEWHERE: list[tuple[str, list[Token], dict[str, Any], list[Token], list[Token]]] = [
    ("a young one that nobody knows", [OLD, FRESH], {}, [FRESH], [OLD]),
    ("a young one that the state file does not name", [OLD, FRESH], {"knows": state(OLD)}, [FRESH], [OLD]),
    ("a young one that is pending", [OLD, FRESH], {"knows": state(OLD, pending=FRESH)}, [FRESH], [OLD]),
    ("none that is pending and abandoned", [OLD, FRESH], {"knows": state(OLD, pending=FRESH), "abandoned": True}, [], [OLD, FRESH]),
    ("none that a former run found abandoned", [OLD, FRESH], {"knows": state(OLD, found=FRESH)}, [], [OLD, FRESH]),
    ("none that the state file has as current", [FRESH], {"knows": state(FRESH)}, [], [FRESH]),
    ("none that it has as previous", [OLD, FRESH], {"knows": state(OLD, (FRESH, ago(minutes=1)))}, [], [OLD, FRESH]),
    ("none as old as the pending minutes", [OLD, token(minutes=15)], {}, [], [OLD, token(minutes=15)]),
    ("none without pending minutes", [OLD, FRESH], {"pending_minutes": 0}, [], [OLD, FRESH]),
    ("none made by hand", [bare(days=0)], {}, [], [bare(days=0)]),
]  # fmt: skip


@pytest.mark.promise(5)
@pytest.mark.parametrize(
    ("active", "known", "elsewhere", "previous"), [row[1:] for row in ELSEWHERE], ids=[row[0] for row in ELSEWHERE]
)
def test_pending_elsewhere_is(
    active: list[Token], known: dict[str, Any], elsewhere: list[Token], previous: list[Token]
) -> None:
    plan = planned(*active, force=True, **known)
    assert [version.ref for version in plan.elsewhere] == [ref(listed) for listed in elsewhere]
    assert [version.ref for version in plan.previous] == [ref(listed) for listed in previous]


LEFT = state(OLD, pending=NEW)

RESUMED: list[tuple[str, list[Token], dict[str, Any], Token | None]] = [
    ("the newest one, whose value the vault file has", [OLD, NEW], {"stored": NEW, "knows": LEFT}, NEW),
    ("it also without a state file", [OLD, NEW], {"stored": NEW}, NEW),
    ("it also where one was found unconfirmed before", [OLD, NEW], {"stored": NEW, "knows": state(OLD, pending=NEW, found=NEW)}, NEW),
    ("it also where there are too many", [OLD, NEW], {"stored": NEW, "max_versions": 2}, NEW),
    ("none without its value", [OLD, NEW], {"knows": LEFT}, None),
    ("none whose value is not the newest one's", [OLD, NEW], {"stored": OLD, "knows": LEFT}, None),
    ("none whose value is rejected", [OLD, NEW], {"stored": Stored(NEW.id, is_rejected=True), "knows": LEFT}, None),
    ("none where it is forced", [OLD, NEW], {"stored": NEW, "force": True}, None),
    ("none where another one is given", [OLD, NEW], {"stored": NEW, "given": {"current": OLD.id}}, None),
    ("the one given", [OLD, NEW], {"stored": NEW, "given": {"current": NEW.id}}, NEW),
    ("none that is pending elsewhere", [OLD, FRESH], {"stored": FRESH, "knows": state(OLD)}, None),
    ("none made by hand", [bare(days=100)], {"stored": bare(days=100)}, None),
    ("none that is too old itself", [OLD], {"stored": OLD}, None),
    ("none that is not what is asked for", [NEW], {"stored": NEW, "given": PINNED}, None),
    ("none where nothing is active", [], {"stored": NEW}, None),
]  # fmt: skip


@pytest.mark.promise(7)
@pytest.mark.parametrize(("active", "known", "resumed"), [row[1:] for row in RESUMED], ids=[row[0] for row in RESUMED])
def test_resumed_is(active: list[Token], known: dict[str, Any], resumed: Token | None) -> None:
    plan = planned(*active, **known)
    assert plan.is_due
    assert plan.action == ("resume" if resumed else "issue")
    assert (plan.resumed and plan.resumed.ref) == (resumed and ref(resumed))
    assert (plan.new_name is None) is (resumed is not None)
    assert plan.resumed not in plan.previous


def test_a_delivery_that_fails_each_day_costs_two_versions_where_the_value_can_be_had() -> None:
    active, knows = [OLD], state(OLD)
    for day in range(1, 8):
        plan = planned(*active, knows=knows, stored=active[-1] if day > 1 else OLD, max_versions=2)
        if plan.action == "issue":
            active.append(token("00aa", days=1))
            knows = state(OLD, pending=active[-1])
        else:
            assert plan.resumed is not None
            assert plan.resumed.id == "id-00aa"
    assert len(active) == 2


SWEPT: list[tuple[str, datetime.datetime, float, bool]] = [
    ("its grace is over", ago(hours=3), 2, True),
    ("its grace is not over", ago(hours=1), 2, False),
    ("its grace ends now", ago(hours=2), 2, True),
    ("there is no grace", NOW, 0, True),
]


@pytest.mark.parametrize(("since", "grace", "is_swept"), [row[1:] for row in SWEPT], ids=[row[0] for row in SWEPT])
def test_a_run_that_is_not_due_sweeps_a_previous_version_where(
    since: datetime.datetime, grace: float, is_swept: bool
) -> None:
    plan = planned(OLD, NEW, knows=state(NEW, (OLD, since)), grace_hours=grace)
    assert [version.id for version in plan.swept] == ([OLD.id] if is_swept else [])
    assert plan.action == ("sweep" if is_swept else "none")
    assert (plan.reason, plan.previous) == (None, ())


def test_neither_current_nor_what_is_pending_elsewhere_is_swept() -> None:
    knows = state(NEW, (NEW, ago(days=1)), (OLD, ago(days=1)))
    plan = planned(OLD, NEW, FRESH, knows=knows)
    assert [version.id for version in plan.swept] == [OLD.id]
    given_current = planned(
        OLD, NINE, knows=state(NEW, (OLD, ago(days=1)), (NINE, NOW)), given={"current": OLD.id}, **AT_200
    )
    assert [version.id for version in given_current.swept] == [NINE.id]


FIVE = [token(f"000{n}", days=n) for n in range(5, 0, -1)]
FOUND_TWICE = state(OLD, pending=NINE, found=NEW, destinations={"play": None, "vault file": "2026-11-23T09:15:00Z"})

REFUSED: list[tuple[str, list[Token], dict[str, Any], list[str]]] = [
    (
        "the one given is not active",
        [NEW],
        {"given": {"current": "gone"}},
        [
            "its current version 'gone' is not active",
            f"Active: {NEW.name} (id id-0002, issued 2026-11-22T09:15:00Z, 2 days old).",
        ],
    ),
    ("one name is listed twice", [NEW, OTHER_ID], {"force": True}, ["more than once. Revoke the wrong one by its id"]),
    (
        "there are too many",
        FIVE,
        {"force": True, "knows": state(FIVE[0])},
        [
            "5 versions are active and turso_rotate_max_versions is 5",
            f"{FIVE[0].name} (id id-0005, issued 2026-11-19T09:15:00Z, 5 days old, current by the state file)",
            "community.turso.revoke",
        ],
    ),
    (
        "one was found unconfirmed twice",
        [OLD, NEW, NINE],
        {"knows": FOUND_TWICE},
        [
            f"{NEW.name} was issued by a former run and never confirmed; another run noticed that at 2026-11-23T03:15:00Z",
            f"{NINE.name} was issued at 2026-11-23T09:15:00Z on an unknown host; play had not confirmed it",
            "turso_rotate_force",
            "community.turso.revoke",
        ],
    ),
]


@pytest.mark.promise(7)
@pytest.mark.parametrize(("active", "known", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_one_token_is_refused_where(active: list[Token], known: dict[str, Any], says: list[str]) -> None:
    plan = planned(*active, **known)
    assert (plan.action, plan.new_name, plan.previous) == ("none", None, ())
    assert plan.refusal is not None
    assert plan.refusal.startswith("turso_rotate_tokens[0] (ci): ")
    assert plan.refusal.endswith(" Nothing was issued.")
    assert all(text in plan.refusal for text in says), plan.refusal


@pytest.mark.parametrize(
    "end", [{"force": True}, {"given": {"current": OLD.id}}, {"stored": NINE}], ids=["force", "current", "its value"]
)
def test_what_was_found_unconfirmed_twice_goes_on_with(end: dict[str, Any]) -> None:
    assert planned(OLD, NEW, NINE, knows=FOUND_TWICE, **end).is_due


def test_it_goes_on_where_what_was_found_unconfirmed_is_not_active_any_more() -> None:
    assert planned(OLD, NINE, knows=FOUND_TWICE).action == "issue"


def test_the_first_time_that_a_version_is_found_unconfirmed_it_is_replaced() -> None:
    plan = planned(OLD, NEW, knows=LEFT)
    assert (plan.action, [version.id for version in plan.unconfirmed]) == ("issue", [NEW.id])


def test_too_many_versions_refuse_nothing_that_is_not_due() -> None:
    knows = state(FIVE[4], *((listed, ago(hours=1)) for listed in FIVE[:4]))
    assert planned(*FIVE, knows=knows, grace_hours=48).action == "none"


def test_where_one_version_may_be_active_the_first_can_be_issued_and_what_is_young_stays() -> None:
    assert planned(max_versions=1).reason == "missing"
    assert planned(NEW, max_versions=1).action == "none"
    assert "1 versions are active" in (planned(OLD, max_versions=1).refusal or "")


def test_a_refused_token_stops_no_other() -> None:
    views = [view(NEW, given={"current": "gone"}), view()]
    assert [plan.refusal is None for plan in plan_entries(views, "abcd")] == [False, True]


@pytest.mark.parametrize("nonce", ["", "abc", "ABCD", "abcde", "ghij", "abc\n", "abcd\n"], ids=repr)
def test_a_nonce_is_four_hexadecimal_digits(nonce: str) -> None:
    with pytest.raises(InvalidRequest, match="nonce"):
        plan_entries([], nonce)


NEXT_DUE: list[tuple[str, list[Token], dict[str, Any], datetime.datetime | None]] = [
    ("by the age of current", [NEW], {}, NOW + datetime.timedelta(days=88)),
    ("unknown where it is due now", [OLD], {}, None),
    ("unknown where nothing is active", [], {}, None),
    ("unknown where it is refused", [NEW], {"given": {"current": "gone"}}, None),
]


@pytest.mark.parametrize(("active", "known", "due"), [row[1:] for row in NEXT_DUE], ids=[row[0] for row in NEXT_DUE])
def test_it_is_due_next(active: list[Token], known: dict[str, Any], due: datetime.datetime | None) -> None:
    assert planned(*active, **known).next_due() == due


NAMES = st.sampled_from(
    ["ci", "cix", "ci-deploy", "xci", "CI", "ci-", "ci-20261124t091500z", "ci-20261124t091500z-7F3A"]
)


def stamped(managed: str, minutes: int, nonce: str) -> Token:
    issued = token(nonce, minutes=minutes)
    return dataclasses.replace(issued, name=f"{managed}-{issued.name.partition('-')[2]}")


STAMPED = st.builds(
    stamped,
    st.sampled_from(["ci", "ci", "cix", "ci-deploy", "c"]),
    st.integers(0, 200_000),
    st.from_regex(r"[0-9a-f]{4}", fullmatch=True),
)
LISTED = st.lists(
    STAMPED | st.builds(Token, NAMES, st.uuids().map(str)), max_size=6, unique_by=lambda found: found.name
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[View, list[Token]]:
    """Draw a list of tokens, and a state file and a vault file that may know them, in any combination."""
    listed = [dataclasses.replace(found, id=f"id-{number}") for number, found in enumerate(draw(LISTED))]
    maybe: Any = st.sampled_from([None, *listed, NEW])
    previous = draw(
        st.lists(st.tuples(st.sampled_from([*listed, OLD]), st.sampled_from([NOW, ago(days=3)])), max_size=3)
    )
    knows: TokenState | None = draw(st.none() | st.builds(state, maybe, pending=maybe, found=maybe))
    if knows is not None:
        knows = dataclasses.replace(knows, previous=state(None, *previous).previous)
    stored = draw(maybe)
    active = active_versions(listed, ["ci"], NOW)["ci"]
    wanted = entry(
        draw(st.sampled_from([{}, {"current": "id-0"}])),
        force=draw(st.booleans()),
        grace_hours=draw(st.sampled_from([0, 2])),
    )
    held = None if stored is None else Stored(stored.id)
    return View(wanted, active, NOW, knows, draw(st.booleans()) or held is not None, held, draw(st.booleans())), listed


@pytest.mark.promise(1)
@given(worlds())
def test_what_a_plan_would_revoke(world: tuple[View, list[Token]]) -> None:
    """Whatever the world: nothing unmanaged, nothing pending elsewhere, nothing that is resumed; swept only what is previous."""
    seen, _listed = world
    (plan,) = plan_entries([seen], "abcd")
    would_go = {*plan.previous, *plan.swept}
    assert would_go <= set(seen.versions)
    assert not would_go & {*plan.elsewhere, plan.resumed}
    assert all(version.name == "ci" or version.stamp is not None for version in would_go)
    assert plan.current not in plan.swept
    previous = {known.id for known in seen.state.previous} if seen.state else set()
    assert {version.id for version in plan.swept} <= previous
    assert not plan.is_due or plan.refusal is None
    assert plan_entries([dataclasses.replace(seen)], "abcd") == [plan]


@given(spread=st.integers(0, 89), others=st.integers(0, 3), age=st.integers(0, 100))
def test_the_spread_brings_forward_and_never_puts_off_whoever_else_there_is(spread: int, others: int, age: int) -> None:
    """Nothing gets older than its policy, and a token more moves no other."""
    seen = view(token(days=age), spread_days=spread)
    (alone,) = plan_entries([seen], "0000")
    beside = [view(token(days=age), given={"name": f"other-{number}"}, spread_days=spread) for number in range(others)]
    assert plan_entries([*beside, seen], "0000")[-1] == alone
    if age > 90:
        assert alone.reason == "aged"
    if age <= 90 - spread:
        assert alone.reason is None
    due = alone.next_due()
    assert due is None or ago(days=age) + datetime.timedelta(days=90 - spread) <= due <= ago(days=age - 90)
