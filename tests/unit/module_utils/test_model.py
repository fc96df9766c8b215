# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scopes, restrictions, dates and claims as plain values."""

from __future__ import annotations

import base64
import datetime
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.model import (
    PRESETS,
    SCOPES,
    Restriction,
    Token,
    expand_scopes,
    jti_of,
    moment_of,
    utc_text,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Drift, OutcomeUnknown, kind_of_status

NOW = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.timezone.utc)
NINE = tuple(sorted(SCOPES))

EXPANSIONS = {
    "none": (None, None),
    "empty": ([], None),
    "one": (["read"], ("read",)),
    "sorted": (["read", "db:create"], ("db:create", "read")),
    "twice": (["read", "read"], ("read",)),
    "read-only": (["read-only"], ("read",)),
    "full-access": (["full-access"], NINE),
    "a preset and more": (["read-only", "db:create"], ("db:create", "read")),
    "all": (list(SCOPES), NINE),
    "unknown": (["new"], ("new",)),
}


@pytest.mark.parametrize(("given_scopes", "expected"), EXPANSIONS.values(), ids=EXPANSIONS)
def test_scopes_are_a_sorted_set(given_scopes: list[str] | None, expected: tuple[str, ...] | None) -> None:
    assert expand_scopes(given_scopes) == expected


@given(st.lists(st.sampled_from([*SCOPES, *PRESETS, "new"])))
def test_expanding_scopes_again_or_in_another_order_changes_nothing(scopes: list[str]) -> None:
    expanded = expand_scopes(scopes)
    assert expand_scopes(expanded) == expanded == expand_scopes(reversed(scopes))
    assert not set(expanded or ()) & set(PRESETS)


RESTRICTIONS = {
    "none at all": (Restriction(), "unrestricted", None),
    "an organization": (Restriction("acme"), "organization", None),
    "reading": (Restriction("acme", "g", ("read",)), "group", "read-only"),
    "everything": (Restriction("acme", "g", NINE), "group", "full-access"),
    "something": (Restriction("acme", "g", ("db:create", "read")), "group", "custom"),
    "a group without scopes": (Restriction("acme", "g"), "group", None),
    "a group without an organization": (Restriction(None, "g"), "group", None),
}


@pytest.mark.parametrize(("restriction", "level", "permissions"), RESTRICTIONS.values(), ids=RESTRICTIONS)
def test_restrictions_have_a_level_and_permissions(restriction: Restriction, level: str, permissions: str) -> None:
    assert (restriction.level, restriction.permissions) == (level, permissions)


DIFFERENCES = {
    "none": (Restriction("a", "b", ("c",)), Restriction("a", "b", ("c",)), []),
    "organization": (Restriction("a"), Restriction(), ["its organization is 'a', asked for is none"]),
    "group": (Restriction("a", "b"), Restriction("a", "c"), ["its group is 'b', asked for is 'c'"]),
    "scopes": (
        Restriction("a", "b", ("c", "d")),
        Restriction("a", "b", ("c",)),
        ["its scopes is [c, d], asked for is [c]"],
    ),
    "all": (
        Restriction(),
        Restriction("a", "b", ("c",)),
        [
            "its organization is none, asked for is 'a'",
            "its group is none, asked for is 'b'",
            "its scopes is none, asked for is [c]",
        ],
    ),
}


@pytest.mark.parametrize(("mine", "theirs", "told"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_differences_are_named(mine: Restriction, theirs: Restriction, told: list[str]) -> None:
    assert mine.differences(theirs) == told


MOMENTS = {
    "a date": ("2026-11-24", "2026-11-24T00:00:00+00:00"),
    "a timestamp": ("2026-11-24T09:15:00Z", "2026-11-24T09:15:00+00:00"),
    "a small z": ("2026-11-24T09:15:00z", "2026-11-24T09:15:00+00:00"),
    "no zone": ("2026-11-24T09:15:00", "2026-11-24T09:15:00+00:00"),
    "a space": ("2026-11-24 09:15:00", "2026-11-24T09:15:00+00:00"),
    "another zone, another day": ("2026-11-24T23:15:00-02:00", "2026-11-25T01:15:00+00:00"),
    "milliseconds": ("2026-11-24T09:15:00.123Z", "2026-11-24T09:15:00.123000+00:00"),
    "one digit": ("2026-11-24T09:15:00.1Z", "2026-11-24T09:15:00.100000+00:00"),
    "nanoseconds": ("2026-11-24T09:15:00.123456789Z", "2026-11-24T09:15:00.123456+00:00"),
    "nanoseconds and a zone": ("2026-11-24T09:15:00.123456789+01:00", "2026-11-24T08:15:00.123456+00:00"),
    "white space around": (" 2026-11-24\n", "2026-11-24T00:00:00+00:00"),
    "none": (None, None),
    "empty": ("", None),
    "blank": (" ", None),
    "no date": ("yesterday", None),
    "no such day": ("2026-02-30", None),
    "before all time": ("0001-01-01T00:00:00+01:00", None),
    "a dot too much": ("2026.", None),
    "only a z": ("Z", None),
}


@pytest.mark.parametrize(("text", "expected"), MOMENTS.values(), ids=MOMENTS)
def test_moments_are_read(text: str | None, expected: str | None) -> None:
    moment = moment_of(text)
    assert (moment and moment.isoformat()) == expected


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{5,8}(\.[0-9]*)?[Z+-]?.{0,6}"))
def test_whatever_is_called_a_moment_is_one_in_utc_or_none(text: str) -> None:
    moment = moment_of(text)
    assert moment is None or moment.utcoffset() == datetime.timedelta(0)


@given(st.dates(datetime.date(1000, 1, 2), datetime.date(9999, 12, 30)), st.times(), st.integers(-23, 23))
def test_a_moment_that_is_written_is_read_again(day: datetime.date, time: datetime.time, hours: int) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    moment = datetime.datetime.combine(day, time.replace(microsecond=0), tzinfo=zone)
    assert moment_of(utc_text(moment)) == moment


TOLD = {
    "no date": (None, None),
    "today": ("2026-11-24", 0),
    "yesterday": ("2026-11-23T23:59:59Z", 1),
    "long ago": ("2026-07-27", 120),
    "the future": ("2026-11-25", 0),
    "no date at all": ("soon", None),
}


@pytest.mark.parametrize(("created_at", "age"), TOLD.values(), ids=TOLD)
def test_a_token_has_an_age_in_days(created_at: str | None, age: int | None) -> None:
    assert Token("ci", "1", created_at=created_at).as_result(NOW)["age_days"] == age


def test_a_token_is_told_with_every_key() -> None:
    owner = {"username": "alice"}
    token = Token("ci", "1", Restriction("acme", "g", ("read",)), "2026-11-23", owner, "d", "2026-11-24")
    assert token.as_result(NOW) == {
        "name": "ci",
        "id": "1",
        "organization": "acme",
        "group": "g",
        "scopes": ["read"],
        "created_at": "2026-11-23",
        "age_days": 1,
        "restriction": "group",
        "permissions": "read-only",
        "owner": owner,
        "description": "d",
        "last_used_at": "2026-11-24",
    }
    least = Token("ci", None).as_result(NOW)
    assert least.keys() == token.as_result(NOW).keys()
    assert {key for key, value in least.items() if value is not None} == {"name", "restriction"}


def jwt(payload: bytes) -> str:
    return f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.c2ln"


CLAIMS = {
    "an id": (jwt(b'{"jti": "abc"}'), "abc"),
    "padding of one": (jwt(b'{"jti": "abcd"}'), "abcd"),
    "padding of two": (jwt(b'{"jti": "abcde"}'), "abcde"),
    "letters of the URL alphabet": (jwt('{"jti": "þÿ?>~"}'.encode()), "þÿ?>~"),
    "no id": (jwt(b'{"sub": "alice"}'), None),
    "an empty id": (jwt(b'{"jti": ""}'), None),
    "an id of another type": (jwt(b'{"jti": 5}'), None),
    "a list": (jwt(b'["jti"]'), None),
    "no JSON": (jwt(b"jti"), None),
    "no UTF-8": (jwt(b'{"jti": "\xff"}'), None),
    "too deep": (jwt(b"[" * 100_000), None),
    "no base64": ("a.b.c", None),
    "not even ASCII": ("a.é.c", None),
    "two parts": ("e30.e30", None),
    "four parts": (jwt(b'{"jti": "abc"}') + ".e30", None),
    "opaque": ("opaque", None),
}


@pytest.mark.parametrize(("secret", "expected"), CLAIMS.values(), ids=CLAIMS)
def test_the_id_that_a_token_claims(secret: str, expected: str | None) -> None:
    assert jti_of(secret) == expected


@given(
    st.text()
    | st.binary().map(jwt)
    | st.recursive(st.none() | st.text(), st.lists).map(lambda x: jwt(json.dumps(x).encode()))
)
def test_whatever_is_called_a_token_claims_an_id_or_none(secret: str) -> None:
    assert jti_of(secret) != ""


KINDS = {
    100: "unexpected_response",
    301: "unexpected_response",
    399: "unexpected_response",
    400: "invalid_request",
    401: "unauthorized",
    402: "api_error",
    403: "forbidden",
    404: "not_found",
    405: "invalid_request",
    408: "api_error",
    409: "conflict",
    422: "invalid_request",
    429: "rate_limited",
    499: "invalid_request",
    500: "api_error",
    503: "api_error",
    599: "api_error",
}


@pytest.mark.parametrize(("status", "kind"), KINDS.items())
def test_every_status_is_of_a_kind(status: int, kind: str) -> None:
    assert kind_of_status(status).kind == kind


def test_an_error_becomes_another_kind_with_what_is_known() -> None:
    known: dict[str, Any] = {"status": 409, "method": "POST", "path": "/x", "api_message": "no", "attempts": 3}
    error = Drift("a", **known, ambiguous=True).become(OutcomeUnknown, "b")
    assert isinstance(error, OutcomeUnknown)
    assert error.as_result() == {"msg": "b", "error": {"kind": "outcome_unknown", **known}}
    assert str(error) == "b"
    assert not error.ambiguous
    least = {"kind": "drift", **dict.fromkeys(known), "attempts": 0}
    assert Drift("a").as_result() == {"msg": "a", "error": least}
    assert not Drift("a").ambiguous


def test_times_do_not_depend_on_where_the_controller_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        moment = moment_of("2026-11-24T23:30:00Z")
        assert moment is not None
        assert moment.isoformat() == "2026-11-24T23:30:00+00:00"
        assert utc_text(moment) == "2026-11-24T23:30:00Z"
    finally:
        monkeypatch.undo()
        time.tzset()
