# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a credential came from, what it is, and what is said of it."""

from __future__ import annotations

import base64
import datetime
import json
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.credential import Credential
from ansible_collections.community.turso.plugins.module_utils._errors import (
    Forbidden,
    InvalidRequest,
    Refused,
    TursoError,
    Unauthorized,
)

SOURCE = "the option api_token"
VARIABLES = ("ONE", "TWO")
NOW = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.timezone.utc)
DAY = 24 * 3600


def jwt(header: dict[str, Any], payload: dict[str, Any]) -> str:
    parts = (json.dumps(header).encode(), json.dumps(payload).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def session(ends_in_seconds: float) -> str:
    return jwt({"alg": "RS256"}, {"exp": int(NOW.timestamp() + ends_in_seconds), "iss": "i", "sub": "s"})


API = jwt({"alg": "EdDSA"}, {"jti": "abc"})
GROUP = jwt({"alg": "EdDSA"}, {"jti": "abc", "group_uuid": "g"})
SQL = jwt({"alg": "EdDSA"}, {"id": "d", "a": "rw", "rid": "r"})


def read(value: str | None) -> Credential:
    return Credential.read(value, SOURCE, VARIABLES)


UNREADABLE = {
    "none": (None, "No API token was given"),
    "empty": ("", "is empty"),
    "blank": (" \n", "is empty"),
    "double quotes": (f'"{API}"', "is in quotes"),
    "single quotes": (f"'{API}'", "is in quotes"),
    "a quote at its beginning": (f'"{API}', "is in quotes"),
    "a quote at its end": (f"{API}'\n", "is in quotes"),
    "Bearer": (f"Bearer {API}", "begins with 'Bearer'"),
    "bearer and a line break": (f"bearer\n{API}", "begins with 'Bearer'"),
    "a line break": (f"{API}\n", "a line break at its end"),
    "two words": ("two words", "has white space"),
    "letters of no header": ("tökén", "no HTTP header can carry"),
}


@pytest.mark.parametrize(("value", "says"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_credential_is_refused_with_its_source(value: str | None, says: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(value)
    assert says in caught.value.msg
    assert ("ONE or TWO" if value is None else f"which came from {SOURCE},") in caught.value.msg
    assert API not in caught.value.msg


def test_a_credential_does_not_show_its_value() -> None:
    assert API not in repr(read(API))


def test_a_sql_token_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"came from the option api_token, is a SQL token.*Nothing was sent"):
        read(SQL).refuse_sql()
    for value in (API, GROUP, session(DAY), "opaque"):
        read(value).refuse_sql()


def test_a_credential_that_could_be_masked_in_a_secret_is_refused() -> None:
    with pytest.raises(Refused, match=r"fewer than 16 characters.*Nothing was created"):
        read("x" * 15).refuse_to_mask()
    read("x" * 16).refuse_to_mask()


SESSIONS = {
    "ends in a week": (session(7 * DAY), None),
    "ends in a little over two days": (session(2 * DAY + 1), None),
    "ends in two days": (session(2 * DAY), "ends at 2026-11-26T12:00:00Z"),
    "ends in a minute": (session(60), "ends at 2026-11-24T12:01:00Z"),
    "ends now": (session(0), None),
    "has ended, which the API is to say": (session(-1), None),
    "is no session": (API, None),
    "is no session and has an end": (jwt({"alg": "EdDSA"}, {"exp": int(NOW.timestamp()) + 60}), None),
}


@pytest.mark.parametrize(("value", "says"), SESSIONS.values(), ids=SESSIONS)
def test_a_session_that_ends_soon_is_warned_about(value: str, says: str | None) -> None:
    warnings = read(value).warnings(NOW)
    assert len(warnings) == (says is not None)
    assert all(says in warning and SOURCE in warning for warning in warnings if says)


EXPLANATIONS: dict[str, tuple[str, TursoError, list[str]]] = {
    "an API token": (API, Unauthorized(""), []),
    "an API token that is gone": (
        API,
        Unauthorized("", api_message="invalid api token"),
        ["revoked, or that never existed"],
    ),
    "a token with an end that is no session": (
        jwt({"alg": "EdDSA"}, {"jti": "abc", "exp": int(NOW.timestamp())}),
        Unauthorized(""),
        [],
    ),
    "a SQL token that does not look like one": (
        "opaque",
        Unauthorized("", api_message="Could not parse jwt id "),
        ["the API's answer to a SQL token"],
    ),
    "a session that is over": (
        session(-DAY),
        Unauthorized(""),
        ["login session of the Turso CLI that ended at 2026-11-23T12:00:00Z", "turso auth api-tokens mint"],
    ),
    "a session that ends now": (session(0), Unauthorized(""), ["that ended at 2026-11-24T12:00:00Z"]),
    "a session that is not over": (session(DAY), Unauthorized(""), ["that ends at 2026-11-25T12:00:00Z"]),
    "a group's token": (GROUP, Forbidden(""), ["restricted to a group and can't manage API tokens"]),
    "a group's token that is gone": (GROUP, Unauthorized(""), []),
}


@pytest.mark.parametrize(("value", "error", "says"), EXPLANATIONS.values(), ids=EXPLANATIONS)
def test_a_refusal_is_explained_by_what_the_credential_is(value: str, error: TursoError, says: list[str]) -> None:
    explanation = read(value).explanation(error, NOW)
    assert explanation.startswith("The API token came from the option api_token.")
    assert all(text in explanation for text in says)
    assert bool(says) is (explanation != "The API token came from the option api_token.")
    assert value not in explanation


def test_a_session_without_an_id_is_not_called_a_sql_token() -> None:
    explanation = read(session(-DAY)).explanation(Unauthorized("", api_message="could not parse jwt id"), NOW)
    assert "login session of the Turso CLI that ended" in explanation
    assert "SQL token" not in explanation


def test_a_groups_token_is_not_blamed_for_what_it_may_do() -> None:
    explanation = read(GROUP).explanation(Forbidden(""), NOW, is_about_tokens=False)
    assert "has no access outside that group" in explanation
    assert "cannot manage tokens" not in explanation
