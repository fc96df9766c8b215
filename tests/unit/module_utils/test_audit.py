# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy: from a list of tokens to findings, without a clock or a server."""

from __future__ import annotations

import datetime
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._audit.findings import RULES, audit, plain_data
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest

NOW = datetime.datetime(2026, 11, 24, 9, 15, tzinfo=datetime.timezone.utc)
DAY_BEFORE = "-20261123t091500z-7f3a"
TEN_MINUTES_AGO = "-20261124t090500z-0b1c"


def token(name: str = "ci", **parts: Any) -> dict[str, Any]:
    """Return a token object: pinned to a group, read-only, of today, of nobody in particular."""
    made = {
        "name": name,
        "id": f"id of {name} of {parts.get('owner')}",
        "organization": "acme",
        "group": "default",
        "scopes": ["read"],
        "created_at": "2026-11-24",
        "age_days": 0,
        "restriction": "group",
        "permissions": "read-only",
        "owner": None,
        "description": None,
        "last_used_at": None,
        **parts,
    }
    return {**made, "owner": {"username": made["owner"]}} if isinstance(made["owner"], str) else made


def rules_of(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["rule"], finding["severity"]) for finding in report["findings"]]


ONE = {"restriction": "unrestricted", "organization": None, "group": None, "scopes": None, "permissions": None}
WIDE = {"restriction": "organization", "group": None, "scopes": None, "permissions": None}
FULL = {"permissions": "full-access"}


@pytest.mark.parametrize(
    ("tokens", "policy", "found"),
    [
        pytest.param([], {}, [], id="no token is no finding"),
        pytest.param([token()], {}, [], id="a young read-only token of a group is fine"),
        pytest.param([token(**ONE)], {}, [("unrestricted", "high")], id="an unrestricted token"),
        pytest.param([token(**WIDE)], {}, [("organization_wide", "info")], id="a token for all of an organization"),
        pytest.param([token(**FULL)], {}, [("full_access", "medium")], id="all nine scopes"),
        pytest.param([token(created_at="2026-08-26")], {}, [], id="as old as allowed"),
        pytest.param([token(created_at="2026-08-25")], {}, [("aged", "medium")], id="a day older than allowed"),
        pytest.param(
            [token(created_at="2026-11-22")], {"max_age_days": "1"}, [("aged", "medium")], id="a limit as text"
        ),
        pytest.param([token(created_at="2026-08-25T23:59:59Z")], {}, [("aged", "medium")], id="a timestamp for a date"),
        pytest.param([token(created_at="2027-01-01")], {"max_age_days": 0}, [], id="a date to come is age 0"),
        pytest.param([token(created_at=None)], {}, [("unknown_age", "low")], id="no date"),
        pytest.param([token(created_at="soon")], {}, [("unknown_age", "low")], id="a date that is none"),
        pytest.param(
            [token(age_days=400)], {}, [], id="the age is told by the date and now, not by whoever listed it when"
        ),
        pytest.param(
            [token("ci"), token("ci" + DAY_BEFORE)],
            {},
            [("unfinished_rotation", "medium")],
            id="a name and a generation",
        ),
        pytest.param(
            [token("ci" + DAY_BEFORE), token("ci-20261122t091500z-7f3a")],
            {},
            [("unfinished_rotation", "medium")],
            id="two generations",
        ),
        pytest.param([token("ci" + DAY_BEFORE)], {}, [], id="one generation"),
        pytest.param([token("ci"), token("ci-2")], {}, [], id="a name that only begins alike is another token"),
        pytest.param([token("ci"), token("ci" + TEN_MINUTES_AGO)], {}, [], id="a rotation that may be under way"),
        pytest.param(
            [token("ci"), token("ci" + TEN_MINUTES_AGO)],
            {"in_flight_minutes": 5},
            [("unfinished_rotation", "medium")],
            id="a rotation that takes too long",
        ),
        pytest.param([token("ci"), token("ci" + DAY_BEFORE)], {"grace_hours": 48}, [], id="a grace that is not over"),
        pytest.param(
            [token("ci"), token("ci" + DAY_BEFORE)],
            {"grace_hours": 23},
            [("unfinished_rotation", "medium")],
            id="a grace that is over",
        ),
        pytest.param(
            [token("ci", owner="alice"), token("ci" + DAY_BEFORE, owner="bob")],
            {},
            [("duplicate_name", "low")],
            id="generations of two users are no rotation, but a shared name",
        ),
        pytest.param([token("ci", owner="alice"), token("db", owner="bob")], {}, [], id="two users, two names"),
        pytest.param([token(**ONE)], {"severities": {"unrestricted": "low"}}, [("unrestricted", "low")], id="milder"),
        pytest.param([token(**ONE)], {"severities": {"unrestricted": "off"}}, [], id="switched off"),
        pytest.param(
            [token("b", **FULL), token("a", created_at=None), token("c", **ONE)],
            {},
            [("unrestricted", "high"), ("full_access", "medium"), ("unknown_age", "low")],
            id="the worst comes first",
        ),
    ],
)
def test_finds(tokens: list[dict[str, Any]], policy: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert rules_of(audit(tokens, NOW, **policy)) == found


@pytest.mark.parametrize(("fail_on", "failing"), [("info", 3), ("low", 2), ("medium", 1), ("high", 1), ("never", 0)])
def test_the_verdict_counts_a_severity_and_those_above(fail_on: str, failing: int) -> None:
    report = audit([token("a", **ONE), token("b", **WIDE), token("c", created_at=None)], NOW, fail_on=fail_on)
    assert report["verdict"] == {"fail_on": fail_on, "failing": failing, "passed": failing == 0}


@pytest.mark.parametrize(
    ("entry", "holds"),
    [
        pytest.param({"name": "ci"}, True, id="by name"),
        pytest.param({"name": "c*"}, True, id="by pattern"),
        pytest.param({"name": "c"}, False, id="a part of a name is no name"),
        pytest.param({"name": "ci", "rule": "unrestricted"}, True, id="its rule"),
        pytest.param({"name": "ci", "rule": "aged"}, False, id="another rule"),
        pytest.param({"name": "ci", "until": "2026-11-24"}, True, id="on the last day"),
        pytest.param({"name": "ci", "until": datetime.date(2026, 11, 24)}, True, id="a date as YAML reads it"),
        pytest.param({"name": "ci", "until": "2026-11-23"}, False, id="after the last day"),
    ],
)
def test_accepts(entry: dict[str, Any], holds: bool) -> None:
    report = audit([token(**ONE)], NOW, accepted=[{"reason": "known", **entry}])
    assert [finding["accepted"] for finding in report["findings"]] == ["known" if holds else None]
    assert report["verdict"]["passed"] is holds
    assert report["summary"]["accepted"] == int(holds)
    assert report["tokens"][0]["severity"] == (None if holds else "high")


def test_an_acceptance_of_a_logical_name_covers_its_generations() -> None:
    generations = [token("ci" + DAY_BEFORE), token("ci-20261122t091500z-7f3a")]
    report = audit(generations, NOW, accepted=[{"name": "ci", "reason": "slow hands"}])
    assert [finding["accepted"] for finding in report["findings"]] == ["slow hands"]


def test_an_acceptance_of_one_of_several_tokens_does_not_cover_them_all() -> None:
    report = audit([token("ci"), token("ci" + DAY_BEFORE)], NOW, accepted=[{"name": "*z-7f3a", "reason": "known"}])
    assert [finding["accepted"] for finding in report["findings"]] == [None]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"max_age_days": -1}, "max_age_days must be a number, 0 or more, not -1"),
        ({"max_age_days": "old"}, "max_age_days must be a number"),
        ({"max_age_days": True}, "max_age_days must be a number"),
        ({"grace_hours": "nan"}, "grace_hours must be a number"),
        ({"in_flight_minutes": None}, "in_flight_minutes must be a number"),
        ({"severities": {"old": "low"}}, "'old', which is no rule. The rules are unrestricted, aged"),
        ({"severities": {"aged": "awful"}}, "'awful' for aged; use one of info, low, medium, high, off"),
        ({"fail_on": "awful"}, "fail_on is 'awful'; use one of info, low, medium, high, never"),
        ({"accepted": ["ci"]}, r"accepted\[0\] needs a name"),
        ({"accepted": [{"name": "ci"}]}, r"accepted\[0\] needs a name .* and a reason"),
        ({"accepted": [{"name": "ci", "reason": "so", "rule": "old"}]}, r"accepted\[0\] names the rule 'old'"),
        ({"accepted": [{"name": "ci", "reason": "so", "until": "soon"}]}, r"accepted\[0\] has until 'soon'"),
    ],
)
def test_refuses_a_policy_that_cannot_be(policy: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        audit([], NOW, **policy)


def test_findings_name_the_token_and_its_owner() -> None:
    report = audit([token(created_at="2026-01-01", owner="bob")], NOW)
    assert report["findings"][0]["msg"] == "'ci' of bob is 327 days old, 90 are allowed."
    assert report["findings"][0]["tokens"] == [{"name": "ci", "id": "id of ci of bob", "owner": "bob"}]


def test_an_owner_without_a_username_is_told_by_address() -> None:
    report = audit([token(**ONE, owner={"email": "bob@example.com"})], NOW)
    assert report["findings"][0]["tokens"][0]["owner"] == "bob@example.com"


@pytest.mark.parametrize(
    ("ages", "limit", "bins"),
    [
        pytest.param([], 90, [0] * 6, id="nothing: up to the limit"),
        pytest.param([0, 1, 15, 16, 90], 90, [3, 1, 0, 0, 0, 1], id="bins end with their last day"),
        pytest.param([91], 90, [0] * 6 + [1], id="a day past the limit is past the line"),
        pytest.param([270, 271, 5000], 90, [0] * 17 + [1, 2], id="one open bin for what is far out"),
        pytest.param([0, 7], 7, [2], id="a limit without divisors is one bin"),
    ],
)
def test_the_chart_counts_ages(ages: list[int], limit: int, bins: list[int]) -> None:
    tokens = [token(f"t{index}", created_at=_day(age)) for index, age in enumerate(ages)]
    drawn = audit(tokens, NOW, max_age_days=limit)["ages"]
    assert [one["tokens"] for one in drawn["bins"]] == bins
    assert drawn["most"] == max(bins)


@given(
    ages=st.lists(st.integers(0, 4000) | st.none(), max_size=40),
    limit=st.integers(0, 1000),
    seed=st.integers(0, 10),
)
def test_no_token_is_lost_and_their_order_does_not_matter(ages: list[int | None], limit: int, seed: int) -> None:
    tokens = [token(f"t{index}", created_at=None if age is None else _day(age)) for index, age in enumerate(ages)]
    report = audit(tokens, NOW, max_age_days=limit)
    drawn = report["ages"]
    assert sum(one["tokens"] for one in drawn["bins"]) + drawn["unknown"] == len(tokens)
    assert {one["id"] for one in report["tokens"]} == {one["id"] for one in tokens}
    older = [one for one in tokens if one["created_at"] and (NOW.date() - _date(one)).days > limit]
    assert len(older) == sum(rule == "aged" for rule, _severity in rules_of(report))
    random.Random(seed).shuffle(tokens)
    assert audit(tokens, NOW, max_age_days=limit) == report


def _day(age: int) -> str:
    return (NOW - datetime.timedelta(days=age)).date().isoformat()


def _date(one: dict[str, Any]) -> datetime.date:
    return datetime.date.fromisoformat(one["created_at"])


def test_what_cannot_be_written_is_replaced() -> None:
    report = audit([token("\ud800", **ONE)], NOW)
    assert report["tokens"][0]["name"] == "?"
    str(report).encode()


def test_every_rule_tells_what_to_do() -> None:
    assert all(rule.meaning.endswith(".") and rule.remedy.endswith(".") for rule in RULES.values())


def test_messages_say_what_reaches_how_far_and_which_generations_are_alive() -> None:
    told = {
        finding["rule"]: finding["msg"]
        for finding in audit(
            [
                token("wide", **WIDE),
                token("full", **FULL),
                token("ci" + DAY_BEFORE, owner="bob"),
                token("ci-20261122t091500z-7f3a", owner="bob"),
            ],
            NOW,
        )["findings"]
    }
    assert told["organization_wide"] == "'wide' reaches all of 'acme'."
    assert told["full_access"] == "'full' has full access to the group 'default'."
    assert told["unfinished_rotation"] == (
        "'ci' of bob has 2 generations alive, the oldest first: 'ci-20261122t091500z-7f3a', 'ci-20261123t091500z-7f3a'."
    )
    (nobody,) = audit([token("ci"), token("ci" + DAY_BEFORE)], NOW)["findings"]
    assert nobody["msg"].startswith("'ci' has 2 generations alive")


def test_tokens_come_worst_first_then_oldest_first() -> None:
    tokens = [
        token("fine"),
        token("undated", created_at=None),
        token("older", created_at=_day(50)),
        token("oldest", created_at=_day(60)),
        token("open", **ONE),
        token("full", **FULL),
    ]
    report = audit(tokens, NOW, severities={"unknown_age": "off"})
    assert [one["name"] for one in report["tokens"]] == ["open", "full", "oldest", "older", "fine", "undated"]
    assert {rule["name"]: rule["findings"] for rule in report["rules"] if rule["findings"]} == {
        "unrestricted": 1,
        "full_access": 1,
    }


def test_a_policy_is_reported_as_it_is_applied() -> None:
    report = audit([], NOW, max_age_days="30.5", severities={"aged": False}, fail_on="low")
    assert report["policy"]["max_age_days"] == 30.5
    assert report["policy"]["severities"]["aged"] == "off"
    assert report["verdict"]["fail_on"] == "low"


def test_the_bins_of_the_chart_say_from_when_to_when() -> None:
    tokens = [token("young", created_at=_day(1)), token("far", created_at=_day(900))]
    bins = audit(tokens, NOW, max_age_days=90)["ages"]["bins"]
    assert [(one["from_days"], one["to_days"]) for one in bins[:2]] == [(0, 15), (15, 30)]
    assert (bins[-1]["from_days"], bins[-1]["to_days"]) == (bins[-2]["to_days"], None)
    assert (bins[0]["by_severity"]["none"], bins[-1]["by_severity"]["medium"]) == (1, 1)


def test_what_is_nested_is_replaced_too() -> None:
    assert plain_data({"\ud800": [("\ud800", 1)]}) == {"?": [["?", 1]]}
