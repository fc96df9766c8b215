# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tokens are meant, what spares them, and what confirms them: plain values in and out."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._emergency.proof import Leak, Proof, Value
from ansible_collections.community.turso.plugins.module_utils._emergency.report import objections
from ansible_collections.community.turso.plugins.module_utils._emergency.request import Request
from ansible_collections.community.turso.plugins.module_utils._emergency.selection import Selection, owner_of, select
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest


def token(name: str, token_id: str, owner: str | None = None) -> Token:
    known = {"username": owner, "email": f"{owner}@example.com"} if owner else None
    return Token(name, token_id, Restriction("acme"), owner=known)


TOKENS = [
    token("ci", "1", "alice"),
    token("ci-20261101t091500z-7f3a", "2", "alice"),
    token("ci", "3", "bob"),
    token("ci-deploy", "4", "bob"),
    token("db[1]", "5", "carol"),
    token("a,b", "6", "carol"),
]
NOTHING: dict[str, Any] = {
    **dict.fromkeys(("organization", "names", "ids", "patterns", "owners", "exclude", "secrets", "confirm")),
    "managed_tokens": [],
}


def request_of(**asked: Any) -> Request:
    return Request.of({**NOTHING, "organization": "acme", **asked})


def selection_of(leaks: tuple[Leak, ...] = (), tokens: list[Token] = TOKENS, **asked: Any) -> Selection:
    if leaks:
        asked["secrets"] = ["value"] * len(leaks)
    return select(request_of(**asked), tokens, leaks)


MEANT: dict[str, tuple[dict[str, Any], str]] = {
    "a name: everybody's, and its versions": ({"names": ["ci"]}, "123"),
    "one version by its own name": ({"names": ["ci-20261101t091500z-7f3a"]}, "2"),
    "several names, no patterns in them": ({"names": ["ci-deploy", "db[1]"]}, "45"),
    "a name with a comma": ({"names": ["a,b"]}, "6"),
    "case matters": ({"names": ["CI"]}, ""),
    "an id": ({"ids": ["3"]}, "3"),
    "an id is no name": ({"names": ["3"]}, ""),
    "a pattern": ({"patterns": ["ci*"]}, "1234"),
    "a pattern is for the whole name and knows no versions": ({"patterns": ["ci"]}, "13"),
    "several patterns": ({"patterns": ["a*", "db*"]}, "56"),
    "an owner alone: all of theirs": ({"owners": ["bob"]}, "34"),
    "several owners": ({"owners": ["bob", "carol"]}, "3456"),
    "an owner by address, in any case": ({"owners": ["BOB@Example.com"]}, "34"),
    "a user name in another case is another user": ({"owners": ["BOB"]}, ""),
    "an owner narrows a name down": ({"names": ["ci"], "owners": ["bob"]}, "3"),
    "a name or an id": ({"names": ["ci-deploy"], "ids": ["5"]}, "45"),
    "a value: its token": ({"leaks": (Leak(1, "5", "accepted"), Leak(2, None, "accepted"))}, "5"),
    "a value: whosever it is": (
        {"leaks": (Leak(1, "5", "rejected"),), "owners": ["bob"], "names": ["ci"]},
        "35",
    ),
    "excluded by name, not its versions": ({"patterns": ["*"], "exclude": {"names": ["ci"]}}, "2456"),
    "excluded by id and pattern": ({"patterns": ["*"], "exclude": {"ids": ["3"], "patterns": ["d*"]}}, "1246"),
    "excluded by owner": ({"patterns": ["*"], "exclude": {"owners": ["bob", "carol@example.com"]}}, "12"),
    "a name excludes no id, and no pattern": ({"patterns": ["*"], "exclude": {"names": ["3", "d*"]}}, "123456"),
    "excluded though a value claims it": (
        {"leaks": (Leak(1, "5", "accepted"),), "ids": ["6"], "exclude": {"ids": ["5"]}},
        "6",
    ),
}


@pytest.mark.parametrize(("asked", "meant"), MEANT.values(), ids=MEANT)
def test_means(asked: dict[str, Any], meant: str) -> None:
    selection = selection_of(**asked)
    assert sorted(str(choice.token.id) for choice in selection.selected) == list(meant)
    assert selection.ids == frozenset(meant)
    assert not selection.is_confirmed_by("")


@pytest.mark.parametrize(
    ("asked", "unclear"),
    [
        ({"names": ["odd"]}, ("'odd' (id 9)",)),
        ({"ids": ["9"]}, ("'odd' (id 9)",)),
        ({"leaks": (Leak(1, "9", "accepted"),)}, ("'odd' (id 9)",)),
        ({"names": ["ci"]}, ()),
        ({"patterns": ["*"], "exclude": {"ids": ["9"], "patterns": ["?"]}}, ()),
    ],
)
def test_an_entry_that_is_meant_and_not_understood_is_named_and_not_selected(
    asked: dict[str, Any], unclear: tuple[str, ...]
) -> None:
    leaks = asked.pop("leaks", ())
    request = request_of(**asked, secrets=["value"] if leaks else None)
    selection = select(request, TOKENS, leaks, [Token("odd", "9"), Token("-", None)])
    assert selection.unclear == unclear
    assert "9" not in selection.ids
    assert [failure.msg.split(",")[0] for failure in objections(request, selection, None)[: len(unclear)]] == [
        f"Token {label} is selected" for label in unclear
    ]


def test_what_spares_a_token_is_listed_only_where_it_was_meant() -> None:
    selection = selection_of(names=["ci"], exclude={"owners": ["bob"]})
    assert [(choice.token.id, choice.by) for choice in selection.spared] == [("3", ("owner 'bob'",))]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "No tokens are selected"),
    ({"exclude": {"names": ["ci"]}}, "No tokens are selected"),
    ({"names": []}, "^names is empty"),
    ({"names": ["ci", " "]}, "^names is empty"),
    ({"ids": [""]}, "^ids is empty"),
    ({"patterns": []}, "^patterns is empty"),
    ({"names": ["ci"], "owners": [""]}, "^owners is empty"),
    ({"names": ["ci"], "exclude": {"patterns": [""]}}, "^exclude.patterns is empty"),
    ({"names": ["ci"], "secrets": [""]}, "^secrets is empty"),
    ({"names": ["ci"], "organization": ""}, "^organization is empty"),
    ({"names": ["ci"], "organization": None, "owners": ["bob"]}, "owners need organization"),
    ({"names": ["ci"], "organization": None, "exclude": {"owners": ["bob"]}}, "owners need organization"),
]


@pytest.mark.parametrize(("asked", "message"), REFUSED)
def test_refuses(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        request_of(**asked)


CONFIRMED = [("CODE", True), ("3", True), ("", False), ("2", False), ("3-000000", False), ("True", False)]


@pytest.mark.parametrize(("confirm", "is_confirmed"), CONFIRMED)
def test_confirms(confirm: str, is_confirmed: bool) -> None:
    selection = selection_of(names=["ci"])
    assert selection.is_confirmed_by(confirm.replace("CODE", str(selection.code))) is is_confirmed


NUMBERS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "all selected by what was written": ({"names": ["ci-deploy"]}, []),
    "all selected by values that the API accepts": ({"leaks": (Leak(1, "4", "accepted"),)}, []),
    "a value that it rejects, and the name beside it": (
        {"names": ["ci-deploy"], "leaks": (Leak(1, "4", "rejected"),)},
        [],
    ),
    "two values, one of which it accepts": ({"leaks": (Leak(1, "4", "rejected"), Leak(2, "4", "accepted"))}, []),
    "a value that it rejects": (
        {"leaks": (Leak(1, "4", "rejected"),)},
        ["token 'ci-deploy' is selected only by value 1, which the API does not accept"],
    ),
    "a value that it answers 403": (
        {"leaks": (Leak(1, "4", "forbidden"), Leak(2, "4", "rejected"))},
        ["token 'ci-deploy' is selected only by value 1 and value 2, which the API does not accept"],
    ),
    "a value that could not be tried": (
        {"names": ["ci-deploy"], "leaks": (Leak(1, "4", "unknown", "no answer"),)},
        ["value 1 could not be tried"],
    ),
    "a name that matches nothing": ({"names": ["ci-deploy", "x"]}, ["nothing matches name 'x'"]),
    "a pattern, an owner that match nothing": (
        {"ids": ["4"], "patterns": ["y*"], "owners": ["bob", "dave"]},
        ["nothing matches pattern 'y*', owner 'dave'"],
    ),
    "an exclusion that spares nothing": (
        {"names": ["ci-deploy"], "exclude": {"ids": ["9"]}},
        ["nothing matches exclude id '9'"],
    ),
}


@pytest.mark.parametrize(("asked", "doubts"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_confirms_only_where_nothing_is_in_doubt(asked: dict[str, Any], doubts: list[str]) -> None:
    selection = selection_of(**asked)
    assert selection.doubts == doubts
    assert selection.is_confirmed_by("1") is (not doubts)
    assert selection.is_confirmed_by(str(selection.code))


def test_a_token_that_the_list_has_twice_is_one_token() -> None:
    assert str(selection_of(names=["ci-deploy"], tokens=[*TOKENS, *TOKENS]).code).startswith("1-")


def test_nothing_is_never_confirmed() -> None:
    selection = selection_of(ids=["9"])
    assert selection.code is None
    assert not any(selection.is_confirmed_by(confirm) for confirm in ("", "0", "None"))


def test_a_code_holds_for_exactly_these_ids_in_any_order() -> None:
    code = selection_of(owners=["bob"]).code
    assert str(code).startswith("2-")
    assert selection_of(owners=["bob"], tokens=TOKENS[::-1]).code == code
    assert selection_of(ids=["3", "4"]).code == code
    assert len({selection_of(ids=[token_id]).code for token_id in "1234"}) == 4


OWNERS: list[tuple[dict[str, Any] | None, str | None]] = [
    (None, None),
    ({}, None),
    ({"username": "bob", "email": "b@example.com"}, "bob"),
    ({"username": "", "email": "b@example.com"}, "b@example.com"),
]


@pytest.mark.parametrize(("owner", "name"), OWNERS)
def test_an_owner_is_called_by_name_or_address(owner: dict[str, Any] | None, name: str | None) -> None:
    assert owner_of(Token("ci", "1", owner=owner)) == name


PROOFS = [
    ("accepted", "rejected", True, "proven dead: the API accepted it before and rejects it now"),
    ("accepted", "accepted", False, "still active"),
    ("accepted", "forbidden", False, "before the revocation the API's answer was accepted, after it forbidden"),
    ("accepted", "unknown", False, "may still work"),
    ("rejected", "rejected", False, "may be incomplete"),
    ("rejected", "accepted", False, "still active"),
    ("forbidden", "rejected", False, "not proven dead"),
    ("unknown", "rejected", False, "not proven dead"),
    ("accepted", None, False, "is active: the API accepts it"),
    ("rejected", None, False, "already rejects value 7 (401)"),
    ("forbidden", None, False, "does not say whether it is active"),
    ("unknown", None, False, "could not be tried: no answer"),
]


@pytest.mark.parametrize(("before", "after", "proven", "message"), PROOFS)
def test_only_one_pair_of_answers_proves_anything(before: str, after: str | None, proven: bool, message: str) -> None:
    proof = Proof(Leak(7, None, before, "no answer"), after)
    assert proof.proven is proven
    assert message.lower() in proof.msg.lower()


JWT = "e30.eyJqdGkiOiJhYmMifQ.c2ln"


@pytest.mark.parametrize("value", [JWT, f'"{JWT}"', f"'{JWT[:9]}\n {JWT[9:]}'", f"`{JWT}`\n"])
def test_claims_are_read_though_quotes_and_line_breaks_came_with_the_value(value: str) -> None:
    assert Value.of(1, value).claims.id == "abc"
