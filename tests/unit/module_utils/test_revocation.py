# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which tokens are meant, and what confirms them: plain data in and out."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._emergency.selection import select
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest


def token(name: str, id_: str, owner: str | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "id": id_,
        "owner": {"username": owner} if owner else None,
        "organization": "acme",
        "age_days": 3,
    }


TOKENS = [
    token("ci", "1", "alice"),
    token("ci-20261101t091500z-7f3a", "2", "alice"),
    token("ci", "3", "bob"),
    token("ci-deploy", "4", "bob"),
    token("db[1]", "5", "carol"),
    token("a,b", "6", "carol"),
]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        pytest.param({"name": "ci"}, "123", id="a name: everybody's, and its generations"),
        pytest.param({"name": "ci-20261101t091500z-7f3a"}, "2", id="one generation by its own name"),
        pytest.param({"name": ["ci-deploy", "db[1]"]}, "45", id="several names, no patterns in them"),
        pytest.param({"name": "a,b"}, "6", id="a name is never split"),
        pytest.param({"name": "CI"}, "", id="case matters"),
        pytest.param({"id": "3"}, "3", id="an id"),
        pytest.param({"id": 3}, "3", id="an id that YAML took for a number"),
        pytest.param({"pattern": "ci*"}, "1234", id="a pattern"),
        pytest.param({"pattern": "ci"}, "13", id="a pattern is for the whole name and knows no generations"),
        pytest.param({"pattern": ["a*", "db*"]}, "56", id="several patterns"),
        pytest.param({"owner": "bob"}, "34", id="an owner alone: all of theirs"),
        pytest.param({"owner": ["bob", "carol"]}, "3456", id="several owners"),
        pytest.param({"name": "ci", "owner": "bob"}, "3", id="an owner narrows a name down"),
        pytest.param({"name": "ci-deploy", "id": "5"}, "45", id="a name or an id"),
        pytest.param({"secret_ids": ["5", None]}, "5", id="a leaked secret: its token"),
        pytest.param({"secret_ids": ["5"], "owner": "bob", "name": "ci"}, "35", id="whosever the leaked secret is"),
        pytest.param({"pattern": "*", "exceptions": "ci"}, "456", id="an exception by name, with its generations"),
        pytest.param({"pattern": "*", "exceptions": ["3", "d*"]}, "1246", id="exceptions by id and pattern"),
    ],
)
def test_means(asked: dict[str, Any], meant: str) -> None:
    selection = select(TOKENS, organization="acme", **asked)
    assert sorted(one["id"] for one in selection["selected"]) == list(meant)
    assert sorted(item["id"] for item in selection["items"]) == list(meant)
    assert len(selection["lines"]) == len(meant)
    assert not selection["confirmed"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "Nothing says which tokens to revoke"),
        ({"secret_ids": [None]}, "Nothing says which tokens to revoke"),
        ({"exceptions": "ci"}, "Nothing says which tokens to revoke"),
        ({"name": ""}, "name is empty"),
        ({"name": ["ci", " "]}, "name is empty"),
        ({"pattern": []}, "pattern is empty"),
        ({"name": "ci", "owner": ""}, "owner is empty"),
        ({"name": "ci", "organization": None, "owner": "bob"}, "owner needs organization"),
    ],
)
def test_refuses(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        select(TOKENS, **{"organization": "acme", **asked})


@pytest.mark.parametrize(
    ("confirm", "confirmed", "refused"),
    [
        pytest.param(None, False, False, id="nothing: a dry run"),
        pytest.param("", False, False, id="empty: a dry run"),
        pytest.param("CODE", True, False, id="the code"),
        pytest.param("3", True, False, id="the number"),
        pytest.param(3, True, False, id="the number as a number"),
        pytest.param("2", False, True, id="another number"),
        pytest.param("3-000000", False, True, id="another code"),
        pytest.param(True, False, True, id="yes to whatever it is"),
        pytest.param("yes", False, True, id="a word"),
    ],
)
def test_confirms(confirm: Any, confirmed: bool, refused: bool) -> None:
    code = select(TOKENS, organization="acme", name="ci")["code"]
    selection = select(TOKENS, organization="acme", name="ci", confirm=code if confirm == "CODE" else confirm)
    assert selection["confirmed"] is confirmed
    assert (selection["refusal"] is not None) is refused
    assert not refused or f"turso_revoke_confirm={code}" in selection["refusal"]


def test_one_true_is_not_one_token() -> None:
    assert not select(TOKENS, organization="acme", id="1", confirm=True)["confirmed"]


def test_nothing_is_never_confirmed() -> None:
    selection = select(TOKENS, organization="acme", id="9", confirm="0")
    assert (selection["confirmed"], selection["unmatched"]) == (False, ["id '9'"])


def test_a_code_holds_for_exactly_these_tokens_in_any_order() -> None:
    code = select(TOKENS, organization="acme", owner="bob")["code"]
    assert code.startswith("2-")
    assert select(TOKENS[::-1], organization="acme", owner="bob")["code"] == code
    assert select(TOKENS, organization="acme", owner="alice")["code"] != code


def test_ones_own_tokens_are_revoked_by_name() -> None:
    assert select(TOKENS[:1], id="1")["items"] == [{"name": "ci", "state": "absent"}]


def test_what_means_nothing_is_told() -> None:
    selection = select(TOKENS, organization="acme", name=["ci", "x"], pattern="y*", owner="dave", secret_ids=["5", "9"])
    assert selection["unmatched"] == ["name 'ci'", "name 'x'", "pattern 'y*'", "owner 'dave'", "secret with the id '9'"]


@pytest.mark.parametrize(
    ("asked", "only"),
    [({}, True), ({"name": "x"}, False), ({"id": "9"}, False), ({"pattern": "y*"}, False), ({"owner": "dave"}, False)],
)
def test_it_is_told_whether_secrets_alone_say_which(asked: dict[str, str], only: bool) -> None:
    assert select(TOKENS, organization="acme", secret_ids=["9"], **asked)["by_secret_only"] is only


LINES: list[tuple[dict[str, Any], str]] = [
    ({}, "'ci': id 7, of unknown age, unrestricted"),
    ({"owner": {"username": "bob"}, "age_days": 3, "organization": "acme"}, "'ci': id 7, of bob, 3 days old, acme"),
    (
        {"age_days": 0, "organization": "acme", "group": "web", "permissions": "read-only"},
        "'ci': id 7, 0 days old, acme/web, read-only",
    ),
]


@pytest.mark.parametrize(("known", "line"), LINES)
def test_a_line_says_whose_it_is_how_old_and_how_far_it_reaches(known: dict[str, Any], line: str) -> None:
    assert select([{"name": "ci", "id": "7", **known}], organization="acme", id="7")["lines"] == [line]


def test_a_code_tells_tokens_of_one_name_apart() -> None:
    codes = {select(TOKENS, organization="acme", id=one)["code"] for one in ("1", "3")}
    assert len(codes) == 2


def test_a_refusal_repeats_what_was_confirmed_and_counts() -> None:
    told = select(TOKENS, organization="acme", name="ci", confirm="7-abcdef")["refusal"]
    assert told.startswith("The confirmation '7-abcdef' does not fit the 3 tokens that match now.")


def test_an_exception_that_spares_nothing_is_told() -> None:
    selection = select(TOKENS, organization="acme", pattern="*", exceptions=["ci", "nobody"])
    assert selection["unmatched"] == ["exception 'nobody'"]


@pytest.mark.parametrize("option", ["id", "pattern", "exceptions"])
def test_what_is_empty_is_named(option: str) -> None:
    named = "except" if option == "exceptions" else option
    with pytest.raises(InvalidRequest, match=f"^{named} is empty"):
        select(TOKENS, organization="acme", **{option: ""})
