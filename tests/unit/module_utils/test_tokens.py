# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the calls make of the API's answers, those that nobody promised among them."""

from __future__ import annotations

import contextlib
import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.answers import Answer
from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Issued, Tokens, Validation
from ansible_collections.community.turso.plugins.module_utils._errors import ApiError, TursoError, UnexpectedResponse
from ansible_collections.community.turso.plugins.module_utils._time import moment_of
from tests.bench.pressure import long_list
from tests.simulator import Simulator, faults

ACME = Restriction("acme")
READER = Restriction("acme", "production", ("read",))
CI = {"name": "ci", "id": "1"}

# An answer's tokens, and what is read from them.
LISTS = {
    "none": ([], []),
    "the least": ([CI], [Token("ci", "1")]),
    "all there is": (
        [
            {
                **CI,
                "organization": "acme",
                "group": "production",
                "scopes": ["read", "db:create", "read"],
                "created_at": "2026-11-24",
                "owner": {"username": "alice", "email": None},
                "description": "d",
                "last_used_at": "2026-11-25",
                "unheard_of": {"a": []},
            }
        ],
        [
            Token(
                "ci",
                "1",
                Restriction("acme", "production", ("db:create", "read")),
                "2026-11-24",
                None,
                "d",
                "2026-11-25",
            )
        ],
    ),
    "nulls": (
        [{**CI, **dict.fromkeys(("organization", "group", "scopes", "created_at", "owner"))}],
        [Token("ci", "1")],
    ),
    "empty for none": ([{**CI, "organization": "", "group": "", "scopes": [], "created_at": ""}], [Token("ci", "1")]),
    "what only informs, of the wrong type": (
        [{**CI, "created_at": 5, "owner": 5, "description": [], "last_used_at": {}}],
        [Token("ci", "1")],
    ),
    "a scope that is new": ([{**CI, "scopes": ["z", "a"]}], [Token("ci", "1", Restriction(scopes=("a", "z")))]),
    "a preset": ([{**CI, "scopes": ["read-only"]}], [Token("ci", "1", Restriction(scopes=("read",)))]),
    "names twice": ([CI, {**CI, "id": "2"}], [Token("ci", "1"), Token("ci", "2")]),
}


@pytest.mark.parametrize(("entries", "expected"), LISTS.values(), ids=LISTS)
def test_lists(simulator: Simulator, tokens: Tokens, entries: list[Any], expected: list[Token]) -> None:
    simulator.faults.add("list", faults.garbage({"tokens": entries}))
    assert list(tokens.list_own().tokens) == expected


@pytest.mark.parametrize(
    ("owner", "told"),
    [({"username": "alice", "email": None}, {"username": "alice", "email": None}), ("alice", None), (None, None)],
)
def test_only_the_list_of_an_organization_tells_owners(
    simulator: Simulator, tokens: Tokens, owner: Any, told: Any
) -> None:
    for call in ("list", "org_list"):
        simulator.faults.add(call, faults.garbage({"tokens": [{**CI, "owner": owner}]}))
    assert [token.owner for token in tokens.list_own().tokens] == [None]
    assert [token.owner for token in tokens.list_organization("acme").tokens] == [told]


BROKEN_LISTS = {
    "no tokens": {},
    "null": {"tokens": None},
    "a text": {"tokens": "none"},
    "an object": {"tokens": {"ci": {}}},
    "an error instead": {"error": "maintenance"},
    "an error besides": {"tokens": [], "error": "maintenance"},
    "one page of two": {"tokens": [CI], "pagination": {"page": 1, "total_pages": 2}},
    "pages beside the tokens": {"tokens": [CI], "total_pages": 2},
    "a page with a next one": {"tokens": [CI], "pagination": {"next": "abc"}},
    "a page with the number of the next one": {"tokens": [CI], "pagination": {"next_page": 2}},
    "a next one beside the tokens": {"tokens": [CI], "next": "https://api.turso.tech/v1/auth/api-tokens?page=2"},
    "a cursor": {"tokens": [CI], "next_cursor": 5},
    "more": {"tokens": [CI], "has_more": True},
    "more, in other words": {"tokens": [CI], "hasMore": True},
    "more, elsewhere": {"tokens": [CI], "page_info": {"hasNextPage": True}},
    "a token of the next page": {"tokens": [CI], "nextPageToken": "abc"},
    "a link": {"tokens": [CI], "links": {"self": "/1", "next": "/2"}},
    "cut off": {"tokens": [CI], "truncated": True},
    "pages, in other words": {"tokens": [CI], "meta": {"totalPages": 2}},
}


@pytest.mark.parametrize("body", BROKEN_LISTS.values(), ids=BROKEN_LISTS)
@pytest.mark.parametrize("call", ["list", "org_list"])
def test_lists_that_nothing_can_be_decided_on(simulator: Simulator, tokens: Tokens, body: Any, call: str) -> None:
    simulator.faults.add(call, faults.garbage(body))
    with pytest.raises(UnexpectedResponse) as caught:
        tokens.list_own() if call == "list" else tokens.list_organization("acme")
    assert caught.value.msg.startswith("Could not list the tokens")
    assert ("without a list of tokens" in caught.value.msg) is not (
        "returned only a part of the list" in caught.value.msg
    )
    assert (caught.value.status, caught.value.attempts) == (200, 1)


WHOLE_LISTS = {
    "no next page": {"pagination": {"next": None}},
    "an empty next page": {"pagination": {"next": ""}},
    "the only page": {"pagination": {"page": 1, "total_pages": 1}},
    "no more": {"has_more": False},
    "no more, in other words": {"hasMore": False, "links": {"self": "/1", "next": None}, "isTruncated": False},
    "a pagination that is nothing": {"pagination": None},
    "pages that are no number": {"pagination": {"total_pages": "many"}},
}


@pytest.mark.parametrize("beside", WHOLE_LISTS.values(), ids=WHOLE_LISTS)
def test_lists_that_do_not_go_on(simulator: Simulator, tokens: Tokens, beside: dict[str, Any]) -> None:
    simulator.faults.add("list", faults.garbage({"tokens": [CI], **beside}))
    assert tokens.list_own().tokens == (Token("ci", "1"),)


# An entry that is not understood; the name and the id that are known of it, and what is said of it.
ODD = {"name": "odd", "id": "5"}
UNCLEAR = {
    "null": (None, None, None, "not an object"),
    "a text": ("odd", None, None, "not an object"),
    "no name": ({"id": "5"}, None, "5", "no name"),
    "no id": ({"name": "odd"}, "odd", None, "no id"),
    "an empty name": ({**ODD, "name": ""}, None, "5", "no name"),
    "an empty id": ({**ODD, "id": ""}, "odd", None, "no id"),
    "a numeric name": ({**ODD, "name": 7}, "7", "5", "no name"),
    "a name of another type": ({**ODD, "name": ["odd"]}, None, "5", "no name"),
    "a numeric id": ({**ODD, "id": 5}, "odd", "5", "no id"),
    "an id of another type": ({**ODD, "id": {"odd": 5}}, "odd", None, "no id"),
    "a group of another type": ({**ODD, "group": ["a"]}, "odd", "5", "group that is not a text"),
    "scopes in a text": ({**ODD, "scopes": "read"}, "odd", "5", "scopes that are not a list of texts"),
    "scopes in an object": ({**ODD, "scopes": {"read": True}}, "odd", "5", "scopes that are not a list of texts"),
    "scopes of another type": ({**ODD, "scopes": ["read", 5]}, "odd", "5", "scopes that are not a list of texts"),
}


@pytest.mark.parametrize(("entry", "name", "token_id", "problem"), UNCLEAR.values(), ids=UNCLEAR)
@pytest.mark.parametrize("call", ["list", "org_list"])
def test_an_entry_that_is_not_understood_blocks_decisions_about_itself_only(
    simulator: Simulator, tokens: Tokens, entry: Any, name: str | None, token_id: str | None, problem: str, call: str
) -> None:
    simulator.faults.add(call, faults.garbage({"tokens": [CI, entry]}))
    listing = tokens.list_own() if call == "list" else tokens.list_organization("acme")
    assert [token.name for token in listing.tokens] == ["ci"]
    (unclear,) = listing.unclear
    assert (unclear.name, unclear.id) == (name, token_id)
    assert problem in unclear.problem
    assert listing.named("ci") is listing.with_id("1") is listing.tokens[0]
    assert listing.named("other") is None
    for known, ask, label in ((name, listing.named, "token"), (token_id, listing.with_id, "token with the id")):
        if known is not None:
            with pytest.raises(
                UnexpectedResponse, match=r"which this collection can't read\. This token was not changed"
            ) as caught:
                ask(known)
            assert f"The API lists the {label} {known!r} with " in caught.value.msg
    assert listing.shows("1")
    assert listing.shows("5") is (token_id == "5")
    assert not listing.shows("6")


def test_an_organization_of_another_type_is_not_understood_in_ones_own_list(
    simulator: Simulator, tokens: Tokens
) -> None:
    simulator.faults.add("list", faults.garbage({"tokens": [{**ODD, "organization": 5}]}))
    (unclear,) = tokens.list_own().unclear
    assert (unclear.name, unclear.id, unclear.problem) == ("odd", "5", "organization that is not a text")


DEAD = {
    "revoked": {"revoked": True},
    "revoked, as a number": {"revoked": 1},
    "revoked, as a text": {"revoked": "true"},
    "revoked at a time": {"revoked_at": "2026-01-01T00:00:00Z"},
    "revoked at a number of seconds": {"revoked_at": 1_760_000_000},
    "revoked in the first year that is a time": {"revoked_at": "2000-01-01T00:00:00Z"},
    "expired": {"expires_at": "2026-11-24T12:00:00Z"},
    "expired by a number of seconds": {"expires_at": 1_760_000_000},
}
ALIVE = {
    "not revoked": {"revoked": False, "revoked_at": None, "expires_at": None},
    "the year before": {"revoked_at": "1999-12-31T23:59:59Z"},
    "zero times": {"revoked_at": "0001-01-01T00:00:00Z", "expires_at": 0},
    "never": {"expires_at": -1},
    "later": {"expires_at": "2026-11-24T12:00:01Z"},
    "no times": {"revoked_at": "", "expires_at": [], "revoked": "no"},
}


@pytest.mark.parametrize(
    ("fields", "active"),
    [*((fields, False) for fields in DEAD.values()), *((fields, True) for fields in ALIVE.values())],
    ids=[*DEAD, *ALIVE],
)
def test_an_entry_that_says_that_its_token_is_over_is_no_active_token(fields: dict[str, Any], active: bool) -> None:
    with Simulator(now=moment_of("2026-11-24T12:00:00Z")) as simulator:
        simulator.faults.add("list", faults.garbage({"tokens": [{**CI, **fields}, {"name": "cd", "id": "2"}]}))
        listing = Tokens(Api(simulator.url, simulator.credential)).list_own()
    assert [token.name for token in listing.tokens] == (["ci", "cd"] if active else ["cd"])
    assert listing.unclear == ()


def test_whatever_an_organizations_list_calls_it_the_organization_is_the_one_that_was_asked(
    simulator: Simulator, tokens: Tokens
) -> None:
    entries = [CI, *({**CI, "organization": name} for name in ("ACME", "6d1f8e4c", 5, None))]
    simulator.faults.add("org_list", faults.garbage({"tokens": entries}))
    listed = tokens.list_organization("acme").tokens
    assert [token.restriction.organization for token in listed] == ["acme"] * 5


@pytest.mark.parametrize("by_id", [False, True])
def test_a_revocation_that_is_answered_without_content_is_done(
    simulator: Simulator, tokens: Tokens, by_id: bool
) -> None:
    simulator.faults.add("*", faults.Status(204, b""), when="after")
    ci = simulator.given("ci", organization="acme")
    tokens.revoke_by_id("acme", ci.id) if by_id else tokens.revoke_by_name("ci")
    assert not simulator.alive(ci.secret)


def test_ten_thousand_tokens(simulator: Simulator, tokens: Tokens) -> None:
    entries = [
        {**CI, "name": f"ci-{number}", "id": str(number), "created_at": "2026-11-24"} for number in range(10_000)
    ]
    simulator.faults.add("list", faults.garbage({"tokens": entries}))
    assert [token.name for token in tokens.list_own().tokens] == [entry["name"] for entry in entries]


def test_fifty_thousand_tokens_with_all_scopes_are_read_soon_and_in_little_memory() -> None:
    found, seconds, mib = long_list()
    assert found == 50_000
    assert seconds < 5 * 2  # on a machine that has other things to do
    assert mib < 200


def test_a_token_is_found_by_its_whole_name_or_id(simulator: Simulator, tokens: Tokens) -> None:
    entries = [("ci-2", "ci"), ("ci", "2"), ("c", "3"), ("CI", "4")]
    simulator.faults.add("list", faults.garbage({"tokens": [{"name": name, "id": id_} for name, id_ in entries]}))
    listing = tokens.list_own()
    assert listing.named("ci") is listing.tokens[1]
    assert listing.named("i") is None
    assert listing.with_id("3") is listing.tokens[2]
    assert listing.with_id("5") is None


def test_a_name_that_is_listed_twice_is_not_guessed(simulator: Simulator, tokens: Tokens) -> None:
    simulator.faults.add("list", faults.Status(503))
    simulator.faults.add("list", faults.garbage({"tokens": [CI, {**CI, "id": "2"}, {"name": "other", "id": "3"}]}))
    listing = tokens.list_own()
    with pytest.raises(UnexpectedResponse, match=r"'ci' 2 times \(ids 1, 2\)") as caught:
        listing.named("ci")
    error = caught.value.as_error()
    assert (error["status"], error["method"], error["path"]) == (200, "GET", "/v1/auth/api-tokens")
    assert error["attempts"] == 2
    assert listing.named("other") is listing.tokens[2]


def test_a_list_tells_the_apis_time(tokens: Tokens) -> None:
    with Simulator(now=moment_of("2020-02-29T01:02:03Z")) as past:
        listing = Tokens(Api(past.url, past.credential)).list_own()
    assert listing.moment.isoformat() == "2020-02-29T01:02:03+00:00"


V1 = {"name": "ci", "id": "1", "token": "value-of-ci"}
CREATED = {
    "v1": V1,
    "v2": {"token": {"name": "ci", "id": "1", "value": "value-of-ci"}},
    "nested": {"token": {"name": "ci", "id": "1", "token": "value-of-ci"}},
    "id beside the nested value": {"name": "ci", "id": "1", "token": {"value": "value-of-ci"}},
    "no name": {"id": "1", "token": "value-of-ci"},
    "a name of another type": {**V1, "name": 5},
    "something new": {**V1, "region": "x"},
}


@pytest.mark.parametrize("body", CREATED.values(), ids=CREATED)
def test_answers_to_a_create(simulator: Simulator, tokens: Tokens, body: dict[str, Any]) -> None:
    heard: list[str] = []
    simulator.faults.add("create", faults.garbage(body))
    issued = Tokens(tokens.api, heard.append).create("ci", ACME, None, None)
    assert issued == Issued(Token("ci", "1", ACME), "value-of-ci")
    assert heard == ["value-of-ci"]
    assert "value-of-ci" not in repr(issued)


def test_a_create_takes_what_the_answer_tells_on_top(simulator: Simulator, tokens: Tokens) -> None:
    simulator.faults.add("create", faults.garbage({**V1, "name": "CI", "created_at": "2026-11-24", "description": "d"}))
    assert tokens.create("ci", ACME, None, None).token == Token("CI", "1", ACME, "2026-11-24", None, "d")
    for nested in (
        {"token": {"name": "Ci", "id": "1", "value": "value-of-ci"}},
        {"name": "Ci", "id": "1", "token": {"value": "value-of-ci"}},
    ):
        simulator.faults.add("create", faults.garbage(nested))
        assert tokens.create("ci", ACME, None, None).token.name == "Ci"


TOLD_RESTRICTIONS = {
    "all of it": ({"organization": "acme", "group": "g", "scopes": ["read"]}, Restriction("acme", "g", ("read",))),
    "another one": ({"organization": "other"}, Restriction("other")),
    "a group": ({"group": "g"}, Restriction(None, "g")),
    "scopes": ({"scopes": ["read"]}, Restriction(scopes=("read",))),
    "nothing": ({"organization": None}, ACME),
    "nothing that is understood": ({"organization": 5}, ACME),
}


@pytest.mark.parametrize(("answered", "told"), TOLD_RESTRICTIONS.values(), ids=TOLD_RESTRICTIONS)
def test_a_create_tells_the_restriction_that_was_answered(
    simulator: Simulator, tokens: Tokens, answered: dict[str, Any], told: Restriction
) -> None:
    simulator.faults.add("create", faults.garbage({**V1, **answered}))
    assert tokens.create("ci", ACME, None, None).token.restriction == told


BROKEN_CREATES = {
    "nothing": {},
    "an error": {"error": "no"},
    "no value": {"name": "ci", "id": "1"},
    "no id": {"name": "ci", "token": "value-of-ci"},
    "an empty value": {**V1, "token": ""},
    "an empty id": {**V1, "id": ""},
    "a value of another type": {**V1, "token": 5},
    "an id of another type": {**V1, "id": 5},
    "a value that cannot be a bearer": {**V1, "token": "value of\nci"},
    "a value beyond ASCII": {**V1, "token": "välue"},
    "a list": {**V1, "token": ["value-of-ci"]},
    "an object without a value": {"token": {"name": "ci", "id": "1"}},
    "an object too many": {"token": {"name": "ci", "id": "1", "token": {"value": "value-of-ci"}}},
}


@pytest.mark.parametrize("body", BROKEN_CREATES.values(), ids=BROKEN_CREATES)
def test_answers_to_a_create_that_leave_it_open(simulator: Simulator, tokens: Tokens, body: dict[str, Any]) -> None:
    heard: list[str] = []
    simulator.faults.add("create", faults.garbage(body))
    with pytest.raises(UnexpectedResponse) as caught:
        Tokens(tokens.api, heard.append).create("ci", ACME, None, None)
    assert caught.value.ambiguous
    assert "Could not create the token 'ci'" in caught.value.msg
    assert "value-of-ci" not in caught.value.msg
    came = body.get("token")
    assert heard == ([came] if isinstance(came, str) and came else [])  # hidden, though it is of no use


def test_a_name_that_comes_back_is_not_taken_for_a_secret(simulator: Simulator, tokens: Tokens) -> None:
    heard: list[str] = []
    simulator.faults.add("create", faults.garbage({"token": "ci"}))
    with pytest.raises(UnexpectedResponse):
        Tokens(tokens.api, heard.append).create("ci", ACME, None, None)
    assert heard == []


@pytest.mark.parametrize(
    ("restriction", "scopes", "description", "body"),
    [
        (Restriction(), None, None, None),
        (Restriction(), [], None, None),
        (ACME, None, None, {"organization": "acme"}),
        (Restriction(), None, "d", {"description": "d"}),
        (READER, ["read-only"], None, {"organization": "acme", "group": "production", "scopes": ["read-only"]}),
    ],
)
def test_a_create_asks_for_what_is_wanted(
    simulator: Simulator,
    tokens: Tokens,
    restriction: Restriction,
    scopes: list[str] | None,
    description: str | None,
    body: Any,
) -> None:
    issued = tokens.create("ci", restriction, scopes, description)
    assert issued.token.restriction == restriction
    assert simulator.requests[-1].body == body
    assert simulator.alive(issued.secret)


BROKEN_REVOCATIONS = {
    "an error": {"error": "no"},
    "both": {"token": "ci", "error": "no"},
    "nothing": {},
    "null": {"token": None},
}


@pytest.mark.parametrize("body", BROKEN_REVOCATIONS.values(), ids=BROKEN_REVOCATIONS)
@pytest.mark.parametrize("by_id", [False, True])
def test_an_answer_to_a_revoke_that_leaves_it_open(
    simulator: Simulator, tokens: Tokens, body: dict[str, Any], by_id: bool
) -> None:
    simulator.faults.add("*", faults.garbage(body))
    with pytest.raises(UnexpectedResponse, match=r"Could not revoke the token .*the token that was revoked") as caught:
        tokens.revoke_by_id("acme", "1") if by_id else tokens.revoke_by_name("ci")
    assert caught.value.ambiguous
    assert ("'1' in the organization 'acme'" in caught.value.msg) is by_id


def test_revocations_name_what_is_meant(simulator: Simulator, tokens: Tokens) -> None:
    simulator.given("ci")
    other = simulator.given("a/b", organization="acme")
    tokens.revoke_by_name("ci")
    tokens.revoke_by_id("acme", other.id)
    assert [token.name for token in simulator.revoked] == ["ci", "a/b"]


# A call; what it says that it attempted, by which method, and how often.
CALLS: dict[str, tuple[Callable[[Tokens], object], str, str, int]] = {
    "list": (lambda tokens: tokens.list_own(), "list the tokens", "GET", 5),
    "list once": (lambda tokens: tokens.list_own(tries=1), "list the tokens", "GET", 1),
    "list an organization's": (
        lambda tokens: tokens.list_organization("acme"),
        "list the tokens of the organization 'acme'",
        "GET",
        5,
    ),
    "create": (lambda tokens: tokens.create("ci", ACME, None, None), "create the token 'ci'", "POST", 1),
    "revoke by name": (lambda tokens: tokens.revoke_by_name("ci"), "revoke the token 'ci'", "DELETE", 1),
    "revoke by id": (
        lambda tokens: tokens.revoke_by_id("acme", "1"),
        "revoke the token with the id '1' in the organization 'acme'",
        "DELETE",
        5,
    ),
    "validate": (lambda tokens: tokens.validate(), "validate the credential", "GET", 5),
}


@pytest.mark.parametrize(("call", "what", "method", "tries"), CALLS.values(), ids=CALLS)
def test_a_call_that_fails_says_what_it_attempted_and_how_often(
    simulator: Simulator, tokens: Tokens, call: Callable[[Tokens], object], what: str, method: str, tries: int
) -> None:
    simulator.faults.add("*", faults.Status(502), times=None)
    with pytest.raises(ApiError) as caught:
        call(tokens)
    assert caught.value.msg.startswith(f"Could not {what}: the API answered 502")
    assert (caught.value.method, caught.value.attempts) == (method, tries)


VALIDATIONS = {
    "never": ({"exp": -1}, None, True),
    "some time": ({"exp": 1_800_000_000}, "2027-01-15T08:00:00+00:00", False),
    "a part of a second": ({"exp": 1_800_000_000.5}, "2027-01-15T08:00:00.500000+00:00", False),
    "not told": ({}, None, False),
    "null": ({"exp": None}, None, False),
    "an error of none": ({"exp": -1, "error": None}, None, True),
}


@pytest.mark.parametrize(("body", "expires_at", "never"), VALIDATIONS.values(), ids=VALIDATIONS)
def test_validations(simulator: Simulator, tokens: Tokens, body: Any, expires_at: str | None, never: bool) -> None:
    simulator.faults.add("validate", faults.garbage(body))
    moment = datetime.datetime.fromisoformat(expires_at) if expires_at else None
    assert tokens.validate() == Validation(valid=True, expires_at=moment, never_expires=never)


@pytest.mark.parametrize(
    "body",
    [{"exp": "never"}, {"exp": True}, {"exp": []}, {"exp": 10**15}, {"exp": 1e300}, {"exp": 10**30}, {"error": "no"}],
)
def test_validations_that_leave_it_open(simulator: Simulator, tokens: Tokens, body: Any) -> None:
    simulator.faults.add("validate", faults.garbage(body))
    with pytest.raises(UnexpectedResponse, match=r"Could not validate the credential: .* without a time of expiry"):
        tokens.validate()


REFUSED = [
    (lambda tokens: tokens.create("ci", ACME, None, None), 403, "admin or owner"),
    (lambda tokens: tokens.create("ci", ACME, None, None), 409, "Use another name"),
    (lambda tokens: tokens.list_organization("acme"), 403, "admin or owner"),
    (lambda tokens: tokens.revoke_by_id("acme", "1"), 403, "admin or owner"),
    (lambda tokens: tokens.list_own(), 403, "a user who has the permission"),
    (lambda tokens: tokens.revoke_by_name("ci"), 403, "a user who has the permission"),
    (lambda tokens: tokens.revoke_by_name("ci"), 409, "List what exists"),
]


@pytest.mark.parametrize(("call", "status", "advice"), REFUSED)
def test_a_refusal_says_what_to_do_about_that_call(
    simulator: Simulator, tokens: Tokens, call: Callable[[Tokens], Any], status: int, advice: str
) -> None:
    simulator.faults.add("*", faults.Status(status), times=None)
    with pytest.raises(TursoError, match=advice):
        call(tokens)


@pytest.mark.parametrize(("status", "valid", "forbidden"), [(401, False, False), (403, True, True)])
def test_validations_that_are_refused(
    simulator: Simulator, tokens: Tokens, status: int, valid: bool, forbidden: bool
) -> None:
    simulator.faults.add("validate", faults.Status(status))
    validation = tokens.validate()
    assert (validation.valid, validation.expires_at, validation.forbidden) == (valid, None, forbidden)
    assert validation.refusal is not None
    assert validation.refusal.status == status


def test_a_new_token_is_validated_with_its_own_secret(simulator: Simulator, tokens: Tokens) -> None:
    new = simulator.given("ci")
    assert tokens.validate(new.secret).valid
    assert simulator.requests[-1].token_id == new.id
    simulator.faults.add("validate", faults.garbage([]))
    with pytest.raises(UnexpectedResponse, match="Could not validate the new token"):
        tokens.validate(new.secret)


def test_a_client_knows_its_own_id_where_its_token_tells(simulator: Simulator, tokens: Tokens) -> None:
    assert tokens.own_id == simulator.main().id
    assert Tokens(Api(simulator.url, "opaque")).own_id is None


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ANY_ENTRY = st.fixed_dictionaries(
    {},
    optional={
        key: ANY_JSON | st.text(min_size=1, max_size=4)
        for key in ("name", "id", "organization", "group", "scopes", "created_at", "owner", "description")
    },
)


@given(ANY_JSON | st.lists(ANY_JSON | ANY_ENTRY, max_size=4))
def test_whatever_is_listed_becomes_tokens_or_one_error(entries: Any) -> None:
    moment = moment_of("2026-11-24")
    assert moment is not None
    answer = Answer({"tokens": entries}, moment, "GET", "/", 200, 1)
    with contextlib.suppress(UnexpectedResponse):
        for token in Tokens(Api("http://127.0.0.1", "opaque"))._listing(answer, "list the tokens").tokens:
            assert token.name
            assert token.id
            json.dumps(token.as_result(moment))
