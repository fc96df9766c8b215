# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan and the settlement of a rotation, as plain values."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.model import moment_of, utc_text
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest, Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import (
    EVENTS_KEPT,
    Settlement,
    generation_name,
    living,
    parse_generation,
    plan,
    settle,
    strike,
)

NOW = datetime.datetime(2026, 11, 24, 9, 15, 0, tzinfo=datetime.timezone.utc)
DEFAULTS = {"max_age_days": 90, "grace_hours": 0, "in_flight_minutes": 15, "max_generations": 5, "force": False}

Token = dict[str, Any]


def ago(**elapsed: float) -> datetime.datetime:
    return NOW - datetime.timedelta(**elapsed)


def bare(**elapsed: float) -> Token:
    """A token `ci` that somebody made by hand."""
    return {"name": "ci", "id": "id-bare", "organization": "acme", "created_at": str(ago(**elapsed).date())}


def generation(nonce: str = "7f3a", token_id: str | None = None, **elapsed: float) -> Token:
    issued = ago(**elapsed)
    name = generation_name("ci", issued, nonce)
    return {
        "name": name,
        "id": token_id or f"id-{nonce}",
        "organization": "acme",
        "group": None,
        "scopes": None,
        "created_at": str(issued.date()),
    }


def ref(token: Token) -> dict[str, str]:
    return {"name": token["name"], "id": token["id"]}


def ledger(current: Token | None = None, *superseded: tuple[Token, datetime.datetime]) -> dict[str, Any]:
    return {
        "ci": {
            "current": None if current is None else {**ref(current), "handed_over_at": utc_text(ago(days=1))},
            "superseded": [{**ref(token), "at": utc_text(at)} for token, at in superseded],
            "events": [],
        }
    }


def planned(*tokens: Token, knows: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    entry = {"name": "ci", "organization": "acme"}
    entry.update({key: settings.pop(key) for key in ("current", "organization", "group", "scopes") if key in settings})
    (one,) = plan(list(tokens), [entry], NOW, nonce="abcd", ledger=knows, **{**DEFAULTS, **settings})
    return one


NAMES = [  # a name, and the logical name that it is a generation of
    ("ci-20261124t091500z-7f3a", "ci"),
    ("ci-deploy-20261124t091500z-7f3a", "ci-deploy"),
    ("ü/b-20261124t091500z-0000", "ü/b"),
    ("ci", None),
    ("ci-20261124t091500z-7F3A", None),
    ("ci-20261124T091500Z-7f3a", None),
    ("ci-20261124t091500z-7f3", None),
    ("ci-20261124t091500z-7f3ab", None),
    ("ci-20261124t091500z-7f3a\n", None),
    ("ci-20261324t091500z-7f3a", None),
    ("ci-20261124t091561z-7f3a", None),
    ("ci-20260230t091500z-7f3a", None),
    ("ci-\u0662\u0660\u0662\u06661124t091500z-7f3a", None),
    ("-20261124t091500z-7f3a", None),
]


@pytest.mark.parametrize(("name", "logical"), NAMES)
def test_only_an_exact_match_is_a_generation(name: str, logical: str | None) -> None:
    parsed = parse_generation(name)
    assert (parsed[0] if parsed else None) == logical


@given(st.text(min_size=1), st.datetimes(timezones=st.just(datetime.timezone.utc)), st.integers(0, 0xFFFF))
def test_a_generation_is_known_by_its_name(logical: str, stamp: datetime.datetime, nonce: int) -> None:
    moment = stamp.replace(microsecond=0, year=max(stamp.year, 1000))
    assert parse_generation(generation_name(logical, moment, f"{nonce:04x}")) == (logical, moment)


ISSUED = [  # created_at, stamp, when it was issued
    ("the stamp, on the day of creation", "2026-11-01", "20261101t080000z", "2026-11-01T08:00:00Z"),
    ("the stamp, on the day before it", "2026-11-02", "20261101t235959z", "2026-11-01T23:59:59Z"),
    ("the stamp, on the day after it", "2026-10-31", "20261101t000001z", "2026-11-01T00:00:01Z"),
    ("the end of the day, where the stamp is off by more", "2026-10-30", "20261101t080000z", "2026-10-30T23:59:59Z"),
    (
        "the end of the day, where there is a timestamp",
        "2026-10-30T01:02:03Z",
        "20260101t080000z",
        "2026-10-30T23:59:59Z",
    ),
    ("never later than now", "2026-11-24", "20261124t101500z", "2026-11-24T09:15:00Z"),
    ("never later than now, for a day that has not ended", "2026-11-24", "20200101t000000z", "2026-11-24T09:15:00Z"),
    ("the stamp, where the API tells no date", None, "20261101t080000z", "2026-11-01T08:00:00Z"),
    ("the end of the day, without a stamp", "2026-11-01", None, "2026-11-01T23:59:59Z"),
    ("unknown, without either", None, None, None),
]


@pytest.mark.parametrize(("created", "stamp", "issued"), [row[1:] for row in ISSUED], ids=[row[0] for row in ISSUED])
def test_the_time_of_issue_is(created: str | None, stamp: str | None, issued: str | None) -> None:
    token = {"name": f"ci-{stamp}-7f3a" if stamp else "ci", "id": "x", "created_at": created}
    (found,) = living([token], ["ci"], NOW)["ci"]
    assert found.issued == moment_of(issued)


def test_every_other_token_is_foreign() -> None:
    mine, other, strange = generation(days=1), {**generation("0001", days=1)}, {"name": "cix", "id": "1"}
    other["name"] = other["name"].replace("ci-", "ci-deploy-")
    assert [g.id for g in living([mine, other, strange], ["ci"], NOW)["ci"]] == [mine["id"]]


OLD, NEW, FRESH = generation("0001", days=120), generation("0002", days=2), generation("0003", minutes=3)
HELD = ledger(NEW)

DUE = [  # what is alive, what the ledger knows, the settings, and why it is due
    ("nothing is alive", [], None, {}, "missing"),
    ("the only one is too old", [OLD], None, {}, "aged"),
    ("one made by hand is too old", [bare(days=91)], None, {}, "aged"),
    ("one made by hand is young", [bare(days=1)], None, {}, None),
    ("the only one is young", [NEW], None, {}, None),
    ("it is exactly as old as allowed", [generation(days=90)], None, {}, None),
    ("it is a second older", [generation(days=90, seconds=1)], None, {}, "aged"),
    ("the API tells no date of one made by hand", [{**bare(), "created_at": None}], None, {}, "aged"),
    ("the organization differs", [NEW], None, {"organization": None}, "drift"),
    ("the scopes differ", [NEW], None, {"group": "default", "scopes": ["read"]}, "drift"),
    ("the scopes are the same set", [{**NEW, "group": "g", "scopes": ["read"]}], None, {"group": "g", "scopes": "read-only"}, None),
    ("it is forced", [NEW], None, {"force": True}, "forced"),
    ("age goes before drift", [OLD], None, {"organization": None, "force": True}, "aged"),
    ("drift goes before force", [NEW], None, {"organization": None, "force": True}, "drift"),
    ("there are two and no ledger", [OLD, NEW], None, {}, "unfinished"),
    ("a new one lies beside one made by hand", [bare(days=1), NEW], None, {}, "unfinished"),
    ("the ledger's current is alive", [NEW], HELD, {}, None),
    ("the ledger's current is too old, the newest is not", [OLD, NEW], ledger(OLD), {}, "aged"),
    ("the ledger's current is gone", [generation("0009", days=1)], HELD, {}, "unfinished"),
    ("the ledger's current has another id", [{**NEW, "id": "another"}], HELD, {}, "unfinished"),
    ("one is neither current nor superseded", [NEW, generation("0009", days=1)], HELD, {}, "unfinished"),
    ("the ledger's current is not the one given", [OLD, NEW], HELD, {"current": OLD["id"], "max_age_days": 200}, "unfinished"),
    ("the other one is superseded", [OLD, NEW], ledger(NEW, (OLD, ago(hours=1))), {"grace_hours": 2}, None),
    ("the ledger knows nothing of it: it was never handed over", [NEW], {}, {}, "unfinished"),
    ("the ledger knows nothing of one made by hand", [bare(days=1)], {}, {}, None),
    ("the one in use is given by name", [OLD, NEW], HELD, {"current": OLD["name"]}, "aged"),
    ("the one in use is given by id", [OLD, NEW], HELD, {"current": OLD["id"]}, "aged"),
    ("nothing is given", [NEW], None, {"current": ""}, None),
    ("the one given is gone and force is set", [NEW], None, {"current": "gone", "force": True}, "forced"),
    ("the one given is gone and nothing is alive", [], None, {"current": "gone"}, "missing"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("alive", "knows", "settings", "reason"), [row[1:] for row in DUE], ids=[row[0] for row in DUE]
)
def test_what_is_due_where(
    alive: list[Token], knows: dict[str, Any] | None, settings: dict[str, Any], reason: str | None
) -> None:
    one = planned(*alive, knows=knows, **settings)
    assert one["reason"] == reason
    assert one["action"] == ("issue" if reason else "none")
    assert (one["successor"] is None) is (reason is None)
    assert one["report"]["name"] == "ci"
    assert one["report"]["msg"].startswith("ci: ")
    assert one["report"]["kept"] == sorted(token["name"] for token in alive)


FLIGHT = [  # what is alive, what the ledger knows, the settings, what is in flight, what is superseded
    ("a young one that nobody knows", [OLD, FRESH], None, {}, [FRESH], [OLD]),
    ("a young one that the ledger does not name", [OLD, FRESH], ledger(OLD), {}, [FRESH], [OLD]),
    ("none that the ledger has as current", [FRESH], ledger(FRESH), {"force": True}, [], [FRESH]),
    (
        "none that the ledger has as superseded",
        [OLD, FRESH],
        ledger(OLD, (FRESH, ago(minutes=1))),
        {},
        [],
        [OLD, FRESH],
    ),
    ("none as old as the window", [OLD, generation(minutes=15)], None, {}, [], [OLD, generation(minutes=15)]),
    ("none without a window", [OLD, FRESH], None, {"in_flight_minutes": 0}, [], [OLD, FRESH]),
    ("none made by hand", [bare(days=0)], None, {"force": True}, [], [bare(days=0)]),
]


@pytest.mark.parametrize(
    ("alive", "knows", "settings", "flying", "superseded"), [row[1:] for row in FLIGHT], ids=[row[0] for row in FLIGHT]
)
def test_in_flight_is(
    alive: list[Token],
    knows: dict[str, Any] | None,
    settings: dict[str, Any],
    flying: list[Token],
    superseded: list[Token],
) -> None:
    one = planned(*alive, knows=knows, **settings)
    assert one["in_flight"] == [ref(token) for token in flying]
    assert one["superseded"] == [ref(token) for token in superseded]


SWEPT = [  # since when it is superseded, the grace, the settings, what is swept
    ("grace is over", ago(hours=3), 2, {}, [OLD]),
    ("grace is not over", ago(hours=1), 2, {}, []),
    ("grace ends now", ago(hours=2), 2, {}, [OLD]),
    ("there is no grace", ago(seconds=0), 0, {}, [OLD]),
]


@pytest.mark.parametrize(
    ("at", "grace", "settings", "swept"), [row[1:] for row in SWEPT], ids=[row[0] for row in SWEPT]
)
def test_a_run_that_is_not_due_sweeps(
    at: datetime.datetime, grace: float, settings: dict[str, Any], swept: list[Token]
) -> None:
    one = planned(OLD, NEW, knows=ledger(NEW, (OLD, at)), grace_hours=grace, **settings)
    assert one["sweep"] == [ref(token) for token in swept]
    assert one["action"] == ("sweep" if swept else "none")
    assert one["report"]["action"] == ("swept" if swept else "unchanged")


FIVE = [generation(f"000{n}", days=n) for n in range(1, 6)]
CI = {"name": "ci", "organization": "acme"}

REFUSED: list[tuple[str, list[dict[str, Any]], dict[str, Any], str]] = [
    ("one name twice", [CI, {"name": "b"}, CI], {}, "turso_rotate_tokens[0] (ci): the name is used more than once"),
    ("a generation's name", [{"name": OLD["name"]}], {}, "looks like a generation"),
    ("no name", [{"organization": "acme"}], {}, "turso_rotate_tokens[0] (without a name): "),
    ("a blank name", [{"name": " "}], {}, "turso_rotate_tokens[0] ( ): "),
    ("a name that would climb", [{"name": ".."}], {}, "turso_rotate_tokens[0] (..): "),
    ("a group without scopes", [{**CI, "group": "g"}], {}, "turso_rotate_tokens[0] (ci): group needs scopes"),
    ("empty scopes", [{**CI, "scopes": []}], {}, "(ci): scopes is empty"),
    ("grace without a ledger", [{**CI, "grace_hours": 1}], {}, "(ci): grace_hours needs turso_rotate_ledger"),
    (
        "grace longer than the age",
        [CI],
        {"grace_hours": 25, "max_age_days": 1, "ledger": {}},
        "longer than max_age_days",
    ),
    ("a negative age", [{**CI, "max_age_days": -1}], {}, "max_age_days must be a number, 0 or more, not -1"),
    ("an age that is no number", [{**CI, "max_age_days": "soon"}], {}, "max_age_days must be a number"),
    ("an age that is true", [{**CI, "max_age_days": True}], {}, "max_age_days must be a number"),
    ("an endless window", [CI], {"in_flight_minutes": float("inf")}, "in_flight_minutes must be a number"),
    ("room for no generation", [CI], {"max_generations": 0}, "max_generations must be at least 1"),
    (
        "a key that there is not",
        [{**CI, "organisation": "acme"}],
        {},
        "(ci): there is no organisation; an entry has name,",
    ),
    ("an option of the modules", [{**CI, "state": "absent"}], {}, "(ci): there is no state;"),
    ("a name that is a list", [{"name": ["ci"]}], {}, "name must be a text, not a list"),
    (
        "an organization that is true",
        [{"name": "ci", "organization": True}],
        {},
        "organization must be a text, not a bool",
    ),
    ("scopes that are a number", [{**CI, "group": "g", "scopes": 5}], {}, "scopes must be a list of texts"),
    ("a scope that is a number", [{**CI, "group": "g", "scopes": [5]}], {}, "scopes must be a list of texts"),
    ("a current that is gone", [{**CI, "current": "gone"}], {}, "its current generation 'gone' is not alive"),
    ("too many generations", [CI], {"force": True}, "5 generations are alive and turso_rotate_max_generations is 5"),
]


@pytest.mark.parametrize(("wanted", "settings", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_it_refuses(wanted: list[dict[str, Any]], settings: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match="refused before anything was written") as refused:
        plan(FIVE, wanted, NOW, nonce="abcd", **{**DEFAULTS, "ledger": None, **settings})
    assert says in refused.value.msg


def test_a_refusal_names_every_entry_and_what_is_known_of_its_generations() -> None:
    with pytest.raises(Refused) as refused:
        plan(FIVE, [{"name": "a", "group": "g"}, CI, {"name": ".."}], NOW, nonce="abcd", **DEFAULTS)
    assert "turso_rotate_tokens[0] (a)" in refused.value.msg
    assert "turso_rotate_tokens[2] (..)" in refused.value.msg
    with pytest.raises(Refused) as refused:
        plan(FIVE, [CI], NOW, nonce="abcd", **{**DEFAULTS, "force": True})
    for token in FIVE:
        assert f"{token['name']} (id {token['id']}, " in refused.value.msg


def test_five_generations_are_no_reason_to_refuse_what_is_not_due() -> None:
    one = planned(*FIVE, knows=ledger(FIVE[0], *((token, ago(hours=1)) for token in FIVE[1:])), grace_hours=48)
    assert one["action"] == "none"


def test_a_name_that_the_list_has_twice_is_refused() -> None:
    with pytest.raises(Refused, match="more than once; revoke the wrong one by its id"):
        planned(NEW, {**NEW, "id": "another"})


@pytest.mark.parametrize("nonce", ["", "abc", "ABCD", "abcde", "ghij", "abc\n"])
def test_a_nonce_is_four_hexadecimal_digits(nonce: str) -> None:
    with pytest.raises(InvalidRequest, match="nonce"):
        plan([], [CI], NOW, nonce=nonce, **DEFAULTS)


def test_the_same_input_gives_the_same_plan_and_stays_as_it_was() -> None:
    tokens, wanted, knows = [OLD, FRESH], [CI], ledger(OLD)
    before = repr((tokens, wanted, knows))
    assert plan(tokens, wanted, NOW, nonce="abcd", ledger=knows, **DEFAULTS) == plan(
        list(reversed(tokens)), wanted, NOW, nonce="abcd", ledger=knows, **DEFAULTS
    )
    assert repr((tokens, wanted, knows)) == before


# What a commit may revoke

MINE = generation("abcd", minutes=2)


def settled(
    pending: dict[str, Any], *alive: Token, knows: dict[str, Any] | None = None, window_minutes: float = 15
) -> Settlement:
    return settle(pending, living(alive, ["ci"], NOW)["ci"], NOW, datetime.timedelta(minutes=window_minutes), knows)


def handed_over(*seen: Token, knows: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """Return a plan that was made some minutes ago and whose successor was handed over since."""
    return {**planned(*seen, knows=knows, force=True, **settings), "issued": ref(MINE)}


def test_what_was_seen_when_planning_is_revoked_and_nothing_else() -> None:
    other = generation("0007", minutes=1)
    settlement = settled(handed_over(OLD, NEW), OLD, NEW, MINE, other)
    assert settlement.revoke == [ref(OLD), ref(NEW)]
    assert [kept["name"] for kept in settlement.kept] == [MINE["name"], other["name"]]


def test_a_sweep_revokes_nothing_where_the_one_in_use_is_gone() -> None:
    knows = ledger(NEW, (OLD, ago(hours=30)))
    pending = planned(OLD, NEW, knows=knows, grace_hours=24)
    assert pending["action"] == "sweep"
    settlement = settled(pending, OLD, knows=knows)
    assert settlement.revoke == []
    assert "The generation that is in use is gone" in (settlement.refusal or "")


def test_only_what_was_revoked_is_struck_from_the_ledger() -> None:
    knows = ledger(NEW, (OLD, ago(hours=30)), (FRESH, ago(hours=1)))
    strike(knows, "ci", [OLD["id"]], NOW)
    assert [item["id"] for item in knows["ci"]["superseded"]] == [FRESH["id"]]
    assert knows["ci"]["events"][-1]["id"] == OLD["id"]


def test_what_was_in_flight_when_planning_stays_whatever_its_age_is_now() -> None:
    pending = {**handed_over(OLD, FRESH), "in_flight": [ref(NEW)], "superseded": [ref(OLD), ref(NEW)]}
    settlement = settled(pending, OLD, NEW, MINE)
    assert settlement.revoke == [ref(OLD)]
    assert settlement.kept[0]["why"] == "because another run may be handing it over"


def test_one_that_was_recreated_under_the_same_name_stays() -> None:
    settlement = settled(handed_over(OLD), {**OLD, "id": "another"}, MINE)
    assert settlement.revoke == []


NO_RIGHT = [
    ("gone", [OLD], 15, "is gone"),
    ("there under another id", [OLD, {**MINE, "id": "another"}], 15, "is gone"),
    ("there under another name", [OLD, {**generation("eeee", minutes=2), "id": MINE["id"]}], 15, "is gone"),
    ("older than the window", [OLD, MINE], 1, "older than turso_rotate_in_flight_minutes"),
]


@pytest.mark.parametrize(("alive", "window", "says"), [row[1:] for row in NO_RIGHT], ids=[row[0] for row in NO_RIGHT])
def test_nothing_is_revoked_where_the_successor_is(alive: list[Token], window: float, says: str) -> None:
    knows = ledger(OLD)
    settlement = settled(handed_over(OLD), *alive, knows=knows, window_minutes=window)
    assert settlement.revoke == []
    assert says in (settlement.refusal or "")
    assert "Nothing was revoked" in (settlement.refusal or "")
    assert knows == ledger(OLD)


def test_without_a_window_a_successor_may_be_of_any_age() -> None:
    old_successor = {**handed_over(OLD), "issued": ref(NEW)}
    assert settled(old_successor, OLD, NEW, window_minutes=0).revoke == [ref(OLD)]


def test_the_ledger_learns_what_was_handed_over_and_superseded() -> None:
    knows = ledger(OLD)
    settlement = settled(handed_over(OLD, knows=knows, grace_hours=24), OLD, MINE, knows=knows)
    assert settlement.revoke == []
    assert settlement.kept[0]["why"] == "until 2026-11-25T09:15:00Z"
    assert knows["ci"]["current"] == {**ref(MINE), "handed_over_at": utc_text(NOW)}
    assert knows["ci"]["superseded"] == [{**ref(OLD), "at": utc_text(NOW)}]
    assert knows["ci"]["events"] == [{"at": utc_text(NOW), "event": "handed_over", **ref(MINE)}]


def test_grace_counts_from_the_first_time_that_a_generation_was_superseded() -> None:
    knows = ledger(NEW, (OLD, ago(hours=23)))
    settled(handed_over(OLD, NEW, knows=knows, grace_hours=24), OLD, NEW, MINE, knows=knows)
    assert {item["id"]: item["at"] for item in knows["ci"]["superseded"]} == {
        OLD["id"]: utc_text(ago(hours=23)),
        NEW["id"]: utc_text(NOW),
    }


def test_what_another_run_handed_over_since_the_plan_stays() -> None:
    theirs = generation("0007", minutes=1)
    pending = handed_over(OLD, knows=ledger(OLD))
    knows = ledger(theirs)
    assert settled(pending, OLD, theirs, MINE, knows=knows).revoke == [ref(OLD)]
    assert knows["ci"]["current"]["id"] == MINE["id"]
    assert planned(theirs, MINE, knows=knows)["reason"] == "unfinished"


def test_a_sweep_spares_the_one_that_is_given_as_in_use() -> None:
    older = generation("0000", days=130)
    knows = ledger(NEW, (OLD, ago(hours=3)), (older, ago(hours=3)))
    pending = planned(older, OLD, knows=knows, grace_hours=2, current=OLD["id"], max_age_days=200)
    assert pending["action"] == "sweep"
    assert settled(pending, older, OLD, NEW, knows=knows).revoke == [ref(older)]
    assert knows["ci"]["current"]["id"] == NEW["id"]


def test_the_grace_of_the_one_in_use_begins_when_it_is_replaced_whatever_the_ledger_said_of_it_before() -> None:
    knows = ledger(NEW, (OLD, ago(days=3)))
    pending = handed_over(OLD, NEW, knows=knows, grace_hours=24, current=OLD["id"])
    assert settled(pending, OLD, NEW, MINE, knows=knows).revoke == []
    assert {item["id"]: item["at"] for item in knows["ci"]["superseded"]} == dict.fromkeys(
        (OLD["id"], NEW["id"]), utc_text(NOW)
    )


def test_the_ledger_forgets_what_is_gone() -> None:
    knows = ledger(OLD, (NEW, ago(hours=1)))
    settled(handed_over(OLD, knows=ledger(OLD), grace_hours=24), OLD, MINE, knows=knows)
    assert [item["id"] for item in knows["ci"]["superseded"]] == [OLD["id"]]


def test_what_was_revoked_is_struck_from_the_ledger_and_remembered_for_a_while() -> None:
    knows = ledger(NEW, (OLD, NOW))
    knows["ci"]["events"] = [
        {"at": utc_text(NOW), "event": "revoked", "name": str(n), "id": str(n)} for n in range(EVENTS_KEPT)
    ]
    strike(knows, "ci", [OLD["id"]], NOW)
    assert knows["ci"]["superseded"] == []
    assert len(knows["ci"]["events"]) == EVENTS_KEPT
    assert knows["ci"]["events"][-1] == {"at": utc_text(NOW), "event": "revoked", **ref(OLD)}
    strike(knows, "ci", [], NOW)
    assert len(knows["ci"]["events"]) == EVENTS_KEPT


# How settings and messages are read


SWITCHES = [(True, True), ("True", True), ("yes", True), ("on", True), ("1", True), (1, True)]
SWITCHES += [(False, False), ("false", False), ("no", False), ("", False), (0, False)]


@pytest.mark.parametrize(("force", "is_on"), SWITCHES)
def test_a_switch_may_be_a_text(force: Any, is_on: bool) -> None:
    assert planned(generation(days=1), force=force)["reason"] == ("forced" if is_on else None)


def test_a_number_may_be_a_text_and_has_an_end() -> None:
    assert planned(generation(days=2), max_age_days="1")["reason"] == "aged"
    assert planned(generation(days=2), max_age_days=999_999)["reason"] is None
    with pytest.raises(Refused, match="max_age_days must be a number"):
        planned(generation(days=2), max_age_days=10**6)


def test_limits_may_be_reached() -> None:
    assert planned(generation(days=100), max_generations=2)["reason"] == "aged"
    assert planned(generation(days=1), knows={}, grace_hours=24, max_age_days=1)["grace_hours"] == 24


def test_a_successor_is_what_was_asked_for() -> None:
    plain = planned()["successor"]
    assert plain == {**plain, "organization": "acme", "group": None, "scopes": None, "description": None}
    for scopes in (["read-only", "db:create"], "read-only,db:create"):
        pinned = planned(group="g", scopes=scopes)["successor"]
        assert (pinned["group"], pinned["scopes"]) == ("g", ["read-only", "db:create"])


def test_a_name_has_its_stamp_in_utc() -> None:
    east = NOW.astimezone(datetime.timezone(datetime.timedelta(hours=9)))
    assert generation_name("ci", east, "7f3a") == "ci-20261124t091500z-7f3a"


def test_a_plan_says_what_is_in_use() -> None:
    aged, young, undated = generation(days=100), generation(days=1), {**bare(days=1), "created_at": None}
    assert planned()["report"]["msg"] == "ci: due (missing): no generation in use"
    assert planned(aged)["report"]["msg"] == f"ci: due (aged): {aged['name']} is in use, 100 days old"
    assert planned(young)["report"]["msg"] == f"ci: not due: {young['name']} is in use, 1 days old"
    assert planned(undated)["report"]["msg"] == "ci: due (aged): ci is in use"


def test_a_refusal_says_which_generations_are_alive() -> None:
    tokens = [{**bare(days=9), "created_at": None}, generation(days=3)]
    with pytest.raises(Refused) as refused:
        planned(*tokens, max_generations=2)
    assert refused.value.msg == (
        "The rotation was refused before anything was written. turso_rotate_tokens[0] (ci): 2 generations are alive and "
        "turso_rotate_max_generations is 2; revoke those that are not in use, or raise it. "
        f"Alive: ci (id id-bare, age unknown), {tokens[1]['name']} (id id-7f3a, 3 days old)."
    )
    with pytest.raises(Refused) as refused:
        planned(*tokens, current="gone")
    assert refused.value.msg.endswith(
        "(ci): its current generation 'gone' is not alive, while others are; correct current, or set turso_rotate_force to "
        f"replace them all. Alive: ci (id id-bare, age unknown), {tokens[1]['name']} (id id-7f3a, 3 days old)."
    )


def test_yaml_numbers_are_texts_where_texts_belong() -> None:
    entry = {"name": 2026, "organization": 7, "description": 1.5, "current": 42}
    tokens = [{**bare(days=1), "name": "2026", "id": "42", "organization": "7"}]
    (one,) = plan(tokens, [entry], NOW, nonce="abcd", ledger=None, **{**DEFAULTS, "force": True})
    assert (one["name"], one["reason"], one["current"]["id"]) == ("2026", "forced", "42")
    assert one["successor"]["organization"] == "7"
    assert one["successor"]["description"] == "1.5"


def test_where_one_generation_may_be_alive_the_first_can_be_issued_and_what_is_young_stays() -> None:
    assert planned(max_generations=1)["reason"] == "missing"
    assert planned(NEW, max_generations=1)["action"] == "none"
    with pytest.raises(Refused, match="1 generations are alive"):
        planned(OLD, max_generations=1)


def test_a_successor_is_not_superseded_whatever_an_old_ledger_says() -> None:
    old, new = generation("0001", days=100), generation("0002", minutes=1)
    knows = ledger(old, (new, ago(hours=1)))
    pending = {**planned(old, knows=knows), "issued": ref(new)}
    alive = living([old, new], ["ci"], NOW)["ci"]
    settlement = settle(pending, alive, NOW, datetime.timedelta(minutes=15), knows)
    assert settlement.revoke == [ref(old)]
    assert [item["id"] for item in knows["ci"]["superseded"]] == [old["id"]]
