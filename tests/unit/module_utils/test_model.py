# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scopes, restrictions, dates and claims as plain values."""

from __future__ import annotations

import base64
import datetime
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token, moment_in_id
from ansible_collections.community.turso.plugins.module_utils._api.scopes import SCOPES
from ansible_collections.community.turso.plugins.module_utils._errors import Drift, OutcomeUnknown, kind_of_status
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

NOW = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.timezone.utc)
NINE = tuple(sorted(SCOPES))

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
    "organization": (Restriction("a"), Restriction(), ["organization is 'a', expected (none)"]),
    "group": (Restriction("a", "b"), Restriction("a", "c"), ["group is 'b', expected 'c'"]),
    "scopes": (
        Restriction("a", "b", ("c", "d")),
        Restriction("a", "b", ("c",)),
        ["scopes are [c, d], expected [c]"],
    ),
    "all": (
        Restriction(),
        Restriction("a", "b", ("c",)),
        [
            "organization is (none), expected 'a'",
            "group is (none), expected 'b'",
            "scopes are (none), expected [c]",
        ],
    ),
    "a preset that has grown": (
        Restriction("a", "b", ("new", "read")),
        Restriction.asked("a", "b", ["read-only"]),
        [],
    ),
    "a preset with a known scope too many": (
        Restriction("a", "b", ("db:create", "new", "read")),
        Restriction.asked("a", "b", ["read-only"]),
        ["scopes are [db:create, new, read], expected [read]"],
    ),
}


@pytest.mark.parametrize(("mine", "theirs", "told"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_differences_are_named(mine: Restriction, theirs: Restriction, told: list[str]) -> None:
    assert mine.differences(theirs) == told
    assert mine.matches(theirs) is (told == [])


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


def id_of(moment: datetime.datetime, version: int = 1) -> str:
    """Return an id as the API makes them, of a moment."""
    ticks = int((moment - datetime.datetime(1582, 10, 15, tzinfo=datetime.timezone.utc)).total_seconds() * 10**7)
    fields = (ticks & 0xFFFFFFFF, ticks >> 32 & 0xFFFF, ticks >> 48 & 0x0FFF, 0x8A, 0xBC, 0x0123456789AB)
    return base64.urlsafe_b64encode(uuid.UUID(fields=fields, version=version).bytes).decode().rstrip("=")


def test_the_vendors_own_sample_of_an_id_tells_its_time() -> None:
    moment = moment_in_id("clGFZ4STEe6fljpFzIum8A")
    assert moment is not None
    assert utc_text(moment) == "2023-11-16T15:18:50Z"


NO_TIMES = {
    "none": None,
    "empty": "",
    "short": "abc",
    "not base64url": "clGFZ4STEe6fljpFzIum8*",
    "not ASCII": "clGFZ4STEe6fljpFzIum8é",
    "version 4": id_of(NOW, version=4),
    "of no version": "A" * 22,
    "too long": id_of(NOW) + "A",
    "more than an id": id_of(NOW) + "*",
}


@pytest.mark.parametrize("token_id", NO_TIMES.values(), ids=NO_TIMES)
def test_an_id_of_another_kind_tells_no_time(token_id: str | None) -> None:
    assert moment_in_id(token_id) is None


ISSUED = {
    "by its id": ("2026-11-24", id_of(NOW), "2026-11-24T12:00:00Z"),
    "by its id, listed a day later": ("2026-11-25", id_of(NOW), "2026-11-24T12:00:00Z"),
    "by its id, listed a day earlier": ("2026-11-23", id_of(NOW), "2026-11-24T12:00:00Z"),
    "by its id, and not by a timestamp": ("2026-11-24T12:00:07Z", id_of(NOW), "2026-11-24T12:00:00Z"),
    "not by an id of another day": ("2026-11-26", id_of(NOW), None),
    "not by an id alone": (None, id_of(NOW), None),
    "by a timestamp, because the id is of another day": ("2026-11-27T09:15:00Z", id_of(NOW), "2026-11-27T09:15:00Z"),
    "by a timestamp, because the id tells nothing": ("2026-11-24T09:15:00Z", "1", "2026-11-24T09:15:00Z"),
    "not by a date": ("2026-11-24", "1", None),
    "not by a text that is no date": ("soon", id_of(NOW), None),
}


@pytest.mark.parametrize(("created_at", "token_id", "expected"), ISSUED.values(), ids=ISSUED)
def test_a_token_tells_when_it_was_issued(created_at: str | None, token_id: str, expected: str | None) -> None:
    issued_at = Token("ci", token_id, created_at=created_at).issued_at
    assert (issued_at and utc_text(issued_at)) == expected


@given(st.text(alphabet="ABab01-_", min_size=22, max_size=22))
def test_whatever_an_id_is_it_tells_a_moment_or_none(token_id: str) -> None:
    moment = moment_in_id(token_id)
    assert moment is None or moment.utcoffset() == datetime.timedelta(0)


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
    assert Token.from_result(token.as_result(NOW)) == token
    assert Token.from_result({"name": "ci", "id": 1, "scopes": ["read-only"]}) == Token(
        "ci", "1", Restriction(scopes=("read",))
    )
    least = Token("ci", None).as_result(NOW)
    assert least.keys() == token.as_result(NOW).keys()
    assert {key for key, value in least.items() if value is not None} == {"name", "restriction"}


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
