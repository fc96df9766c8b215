# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a SQL token is minted, and why: the whole decision as a table."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.claims import Claims
from ansible_collections.community.turso.plugins.module_utils._api.grants import Grants
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name, Target
from ansible_collections.community.turso.plugins.module_utils._sql_token.decide import (
    Have,
    deadline,
    decide,
    time_left,
)
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import Wanted

NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
SHOP = Name("acme", "database", "shop")
PRODUCTION = Name("acme", "group", "production")
READ = Grants.of([(None, "data_read")])

CURRENT = Claims(
    "sql", expires_at=NOW + 60 * DAY, issued_at=NOW - 30 * DAY, database_id="d-1", authorization="full-access"
)
WANT = Wanted(SHOP, claims=CURRENT, current="x")

# current (changes to CURRENT, or none), wanted (changes to WANT), probe, reason, what the detail says
CASES: dict[str, tuple[dict[str, Any] | None, dict[str, Any], str, str | None, str]] = {
    "a good token is kept": ({}, {}, "accepted", None, ""),
    "what was not tried is kept": ({}, {}, "no", None, ""),
    "unknown is no reason": ({}, {}, "unknown", None, ""),
    "there is none": (None, {}, "no", "missing", "no current token"),
    "there is none, and force": (None, {"force": True}, "no", "missing", ""),
    "force": ({}, {"force": True}, "accepted", "forced", ""),
    "force goes before all else": ({"expires_at": NOW}, {"force": True}, "dead", "forced", ""),
    "rejected": ({}, {}, "dead", "dead", "rejects"),
    "a second before its end": ({"expires_at": NOW + datetime.timedelta(seconds=1)}, {}, "accepted", "expiring", ""),
    "a second too early to renew": (
        {"expires_at": NOW + 30 * DAY + datetime.timedelta(seconds=1)},
        {},
        "accepted",
        None,
        "",
    ),
    "time to renew": (
        {"expires_at": NOW + 30 * DAY},
        {},
        "accepted",
        "expiring",
        "ends 2026-12-24T12:00:00Z, in 30 days",
    ),
    "time to renew and unknown": ({"expires_at": NOW + DAY}, {}, "unknown", "expiring", "in 24 hours"),
    "just ended": ({"expires_at": NOW}, {}, "unknown", "expired", "ended 2026-11-24T12:00:00Z"),
    "ended, and so rejected": ({"expires_at": NOW - DAY}, {}, "dead", "expired", ""),
    "rejected before its end": ({"expires_at": NOW + DAY}, {}, "dead", "dead", ""),
    "endless": ({"expires_at": None}, {}, "accepted", "endless", "never ends, expected an end after 90d"),
    "endless, as asked for": ({"expires_at": None}, {"expires_in": None, "renew_before": 0}, "accepted", None, ""),
    "ends, and never was asked for": (
        {},
        {"expires_in": None, "renew_before": 0},
        "accepted",
        "drift",
        "expected never",
    ),
    "of another database": (
        {"database_id": "d-0"},
        {},
        "dead",
        "foreign",
        "for the database d-0, and the database 'shop' is d-1",
    ),
    "of another database, and ended": ({"database_id": "d-0", "expires_at": NOW}, {}, "dead", "foreign", ""),
    "of a group": ({"database_id": None, "group_id": "g"}, {}, "accepted", "foreign", "for the group g"),
    "of nothing": ({"database_id": None}, {}, "dead", "foreign", "for the group (none)"),
    "may write": (
        {},
        {"authorization": "read-only"},
        "accepted",
        "drift",
        "authorization is full-access, expected read-only",
    ),
    "may do nobody knows what": ({"authorization": None}, {}, "accepted", "drift", "authorization is (none)"),
    "has permissions": (
        {"permissions": READ},
        {},
        "accepted",
        "drift",
        "permissions are [*: data_read], expected (none)",
    ),
    "lacks permissions": (
        {},
        {"permissions": READ},
        "accepted",
        "drift",
        "permissions are (none), expected [*: data_read]",
    ),
    "has those permissions": ({"permissions": READ}, {"permissions": READ}, "accepted", None, ""),
    "drifted and endless": ({"expires_at": None}, {"authorization": "read-only"}, "accepted", "drift", ""),
}


def case(current: dict[str, Any] | None, wanted: dict[str, Any]) -> tuple[Have, Wanted]:
    claims = None if current is None else dataclasses.replace(CURRENT, **current)
    return Have(Target(SHOP, "d-1"), claims), dataclasses.replace(WANT, **wanted)


@pytest.mark.parametrize(("current", "wanted", "probe", "reason", "told"), CASES.values(), ids=CASES)
def test_a_token_is_minted_for_a_reason(
    current: dict[str, Any] | None, wanted: dict[str, Any], probe: str, reason: str | None, told: str
) -> None:
    decision = decide(*case(current, wanted), probe, NOW)
    assert decision.reason == reason
    assert decision.mints is (reason is not None)
    assert told in decision.detail


def test_a_token_of_a_group_is_known_by_the_groups_id() -> None:
    want = dataclasses.replace(WANT, name=PRODUCTION)
    of_group = dataclasses.replace(CURRENT, database_id=None, group_id="g-1")
    assert decide(Have(Target(PRODUCTION, "g-1"), of_group), want, "accepted", NOW).reason is None
    foreign = decide(Have(Target(PRODUCTION, "g-2"), of_group), want, "accepted", NOW)
    assert (foreign.reason, "for the group g-1, and the group 'production' is g-2" in foreign.detail) == (
        "foreign",
        True,
    )
    assert decide(Have(Target(PRODUCTION, "g-1"), CURRENT), want, "accepted", NOW).reason == "foreign"


@given(st.integers(-10, 100), st.integers(0, 89), st.sampled_from(["accepted", "unknown", "no"]))
def test_only_time_makes_a_good_token_due_and_in_time(days_left: int, renew_before: int, probe: str) -> None:
    """A token that is tried every day is renewed while it still works, if there is a day in which to renew it."""
    have, want = case({"expires_at": NOW + days_left * DAY}, {"renew_before": renew_before * 86400})
    assert decide(have, want, probe, NOW).mints is (days_left <= max(0, renew_before))


LEFT = {
    0: "0 minutes",
    59: "0 minutes",
    60: "1 minute",
    7199: "119 minutes",
    7200: "2 hours",
    86400: "24 hours",
    2 * 86400: "2 days",
    28 * 86400 + 5: "28 days",
}


@pytest.mark.parametrize(("seconds", "text"), LEFT.items())
def test_time_is_told_in_a_unit_that_says_enough(seconds: int, text: str) -> None:
    assert time_left(seconds) == text


DEADLINES = {
    "ahead": (CURRENT, "The current token ends 2027-01-23T12:00:00Z, in 60 days."),
    "a second ahead": (
        dataclasses.replace(CURRENT, expires_at=NOW + datetime.timedelta(seconds=1)),
        "The current token ends 2026-11-24T12:00:01Z, in 0 minutes.",
    ),
    "over": (
        dataclasses.replace(CURRENT, expires_at=NOW),
        "The current token ended 2026-11-24T12:00:00Z: applications are locked out.",
    ),
    "none": (dataclasses.replace(CURRENT, expires_at=None), ""),
    "no token": (None, ""),
}


@pytest.mark.parametrize(("claims", "text"), DEADLINES.values(), ids=DEADLINES)
def test_a_deadline_is_a_sentence(claims: Claims | None, text: str) -> None:
    assert deadline(claims, NOW) == text
