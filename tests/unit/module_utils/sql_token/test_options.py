# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of a SQL token are read once, and what cannot be meant is refused before the first request."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.grants import Grants
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.module_utils._sql_token.durations import seconds_in
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import Wanted
from tests.simulator.sql import signed
from tests.simulator.tokens import mint_jwt

SHOP = {"organization": "acme", "database": "shop"}
SQL = signed({"a": "ro", "id": "d", "rid": "r"})
API = mint_jwt("an-id", issued_at=1, subject="alice")
READ = {"tables": ["*"], "actions": ["data_read"]}
ADD = {"tables": ["orders", "items"], "actions": ["data_add"]}

DURATIONS = {
    "90d": 90 * 86400,
    "2w1d30m": 15 * 86400 + 1800,
    "1h": 3600,
    "1s": 1,
    "1w1d1h1m1s": 604800 + 86400 + 3600 + 61,
    "007d": 7 * 86400,
    "36500d": 36500 * 86400,
}


@pytest.mark.parametrize(("text", "seconds"), DURATIONS.items())
def test_a_duration_is_exact_to_the_second(text: str, seconds: int) -> None:
    assert seconds_in("expires_in", text) == seconds


@pytest.mark.parametrize(
    "text", ["", " ", "90", "d", "90 d", "1.5d", "-1d", "1d2w", "1d1d", "90D", "1y", "0d", "0s", "36501d", "٣d", "1d\n"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^expires_in is .*\. Nothing was sent\. Set "):
        seconds_in("expires_in", text)


TAKEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing but a database": (
        {},
        {"expiration": "90d", "expires_in": 7776000, "renew_before": 2592000, "current": None},
    ),
    "an end": ({"expires_in": "3h"}, {"expires_in": 10800, "renew_before": 3600}),
    "an end in several units": ({"expires_in": "2w1d30m"}, {"expiration": "2w1d30m", "expires_in": 1297800}),
    "never, when it is written down": (
        {"expires_in": "never"},
        {"expiration": "never", "expires_in": None, "renew_before": 0},
    ),
    "when to renew": ({"renew_before": "10d"}, {"renew_before": 864000}),
    "read-only": ({"authorization": "read-only"}, {"authorization": "read-only", "permissions": None}),
    "an empty current": ({"current": ""}, {"current": None, "claims": None}),
    "permissions that only read, which ask for read-only": (
        {"permissions": [READ]},
        {"authorization": "read-only", "permissions": Grants.of([(None, "data_read")])},
    ),
    "permissions that write": (
        {"permissions": [READ, ADD], "authorization": "full-access"},
        {
            "authorization": "full-access",
            "permissions": Grants.of([(None, "data_read"), ("orders", "data_add"), ("items", "data_add")]),
        },
    ),
    "permissions that only read beside read-only": (
        {"permissions": [READ], "authorization": "read-only"},
        {"authorization": "read-only"},
    ),
    "no proof": ({"validate": False, "force": True}, {"validate": False, "force": True}),
}


@pytest.mark.parametrize(("asked", "expected"), TAKEN.values(), ids=TAKEN)
def test_options_are_read(asked: dict[str, Any], expected: dict[str, Any]) -> None:
    want = Wanted.from_params({**SHOP, **asked})
    assert {key: getattr(want, key) for key in expected} == expected


def test_the_current_value_is_read_and_not_shown() -> None:
    want = Wanted.from_params({**SHOP, "current": SQL})
    assert want.current == SQL
    assert want.claims is not None
    assert want.claims.database_id == "d"
    assert SQL not in repr(want)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no organization": ({"organization": None}, "organization is missing"),
    "a blank organization": ({"organization": " "}, "organization is empty"),
    "neither database nor group": ({"database": None}, "database and group are both missing"),
    "both": ({"group": "default"}, "database and group were both given"),
    "a blank database": ({"database": ""}, "database is empty"),
    "a group that is no segment": (
        {"database": None, "group": ".."},
        "group is '..', which cannot be part of an address",
    ),
    "an empty end": ({"expires_in": ""}, "expires_in is '', which is no duration"),
    "an end too soon": ({"expires_in": "59m59s"}, "expires_in is '59m59s': too short"),
    "renewal before it is minted": (
        {"expires_in": "30d", "renew_before": "30d"},
        "renew_before (30d) is not less than expires_in (30d)",
    ),
    "renewal of what never ends": (
        {"expires_in": "never", "renew_before": "1d"},
        "renew_before is for tokens that end",
    ),
    "renewal at nothing": ({"renew_before": "0d"}, "renew_before is '0d'. Nothing was sent. Set more than nothing"),
    "an API token": ({"current": API}, "current is an API token."),
    "a login": (
        {"current": "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjEsImlzcyI6ImkiLCJzdWIiOiJzIn0.x"},
        "current is a login session",
    ),
    "any text": ({"current": "opaque"}, "current is not a SQL token"),
    "a blank current, which is not an empty one": ({"current": " "}, "current is empty."),
    "a current with a line break": ({"current": SQL + "\n"}, "current has white space"),
    "a current in quotes": ({"current": f'"{SQL}"'}, "current is in quotes."),
    "a current in single quotes": ({"current": f"'{SQL}'"}, "current is in quotes."),
    "a whole header": ({"current": f"Bearer {SQL}"}, "current begins with 'Bearer'."),
    "a current without its signature": (
        {"current": SQL.rpartition(".")[0] + "."},
        "current is not a SQL token: it is not a complete JSON",
    ),
    "a current and something behind it": (
        {"current": SQL + "="},
        "current is not a SQL token: it is not a complete JSON",
    ),
    "a current and something before it": (
        {"current": "=" + SQL},
        "current is not a SQL token: it is not a complete JSON",
    ),
    "no permissions at all": ({"permissions": []}, "permissions is empty"),
    "permissions without tables": (
        {"permissions": [{**READ, "tables": []}]},
        "permissions[0].tables names no table",
    ),
    "a blank table": ({"permissions": [READ, {**READ, "tables": ["x", " "]}]}, "permissions[1].tables names no table"),
    "all tables and one": (
        {"permissions": [{**READ, "tables": ["*", "x"]}]},
        'permissions[0].tables has "*" and names of tables',
    ),
    "permissions without actions": (
        {"permissions": [{**READ, "actions": []}]},
        "permissions[0].actions is empty. Nothing was sent. Set at least one of data_read",
    ),
    "an action that nobody knows": (
        {"permissions": [{**READ, "actions": ["fly"]}]},
        "permissions[0].actions has 'fly'. Nothing was sent.",
    ),
    "read-only that writes": (
        {"permissions": [READ, ADD], "authorization": "read-only"},
        "authorization=read-only contradicts the permissions, which allow data_add.",
    ),
}


@pytest.mark.parametrize(("asked", "told"), REFUSED.values(), ids=REFUSED)
def test_options_that_cannot_be_meant_are_refused(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Wanted.from_params({**SHOP, **asked}, where="entry 7: ")
    assert caught.value.msg.startswith("entry 7: ")
    assert told in caught.value.msg
    assert API not in caught.value.msg
    assert SQL not in caught.value.msg
