# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy: from a list of tokens to findings, without a clock or a server."""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.scopes import ORGANIZATION_SCOPES, SCOPES
from ansible_collections.community.turso.plugins.module_utils._audit.managed import Rotation, needed_of, of_one_user
from ansible_collections.community.turso.plugins.module_utils._audit.notes import lines_of
from ansible_collections.community.turso.plugins.module_utils._audit.policy import Policy
from ansible_collections.community.turso.plugins.module_utils._audit.report import audit as audit_by
from ansible_collections.community.turso.plugins.module_utils._audit.rules import POWERS, RULES
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest, Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.state import (
    Current,
    Pending,
    Previous,
    State,
    TokenState,
)

DAY = datetime.timedelta(days=1)
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


def audit(
    tokens: list[dict[str, Any]],
    now: datetime.datetime = NOW,
    organization: str | None = None,
    credential_id: str | None = None,
    **policy: Any,
) -> dict[str, Any]:
    return audit_by(tokens, now, Policy.of(policy), organization, credential_id)


def rules_of(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["rule"], finding["severity"]) for finding in report["findings"]]


def grown(one: dict[str, Any]) -> dict[str, Any]:
    """Return a token with a scope more that nobody knows, as the API may add one to a preset any day."""
    return {**one, "scopes": [*one["scopes"], "db:teleport"], "permissions": "custom"} if one["scopes"] else one


ONE: dict[str, Any] = {
    "restriction": "unrestricted",
    "organization": None,
    "group": None,
    "scopes": None,
    "permissions": None,
}
WIDE: dict[str, Any] = {"restriction": "organization", "group": None, "scopes": None, "permissions": None}
FULL: dict[str, Any] = {"permissions": "full-access", "scopes": list(SCOPES)}


@pytest.mark.parametrize(
    ("tokens", "policy", "found"),
    [
        pytest.param([], {}, [], id="no token is no finding"),
        pytest.param([token()], {}, [], id="a young read-only token of a group is fine"),
        pytest.param([token(**ONE)], {}, [("unrestricted", "high")], id="an unrestricted token"),
        pytest.param([token(**WIDE)], {}, [("organization_wide", "info")], id="a token for all of an organization"),
        pytest.param(
            [token(**{**WIDE, "scopes": ["read"]})], {}, [], id="a token of an organization that may only read"
        ),
        pytest.param([token(**FULL)], {}, [("full_access", "medium")], id="all nine scopes"),
        pytest.param(
            [token(scopes=[*SCOPES, "db:teleport"], permissions="custom")],
            {},
            [("full_access", "medium")],
            id="all nine scopes, and one that nobody knows yet",
        ),
        pytest.param(
            [token(scopes=SCOPES[1:], permissions="custom")], {}, [("mints_or_destroys", "low")], id="eight of the nine"
        ),
        *(
            pytest.param([token(scopes=[power])], {}, [("mints_or_destroys", "low")], id=f"a token that may {power}")
            for power in sorted(POWERS)
        ),
        pytest.param([token(scopes=["read", "db:teleport", "db:configure"])], {}, [], id="scopes that do no such harm"),
        pytest.param([token(created_at="2026-08-26")], {}, [], id="as old as allowed"),
        pytest.param([token(created_at="2026-08-25")], {}, [("aged", "medium")], id="a day older than allowed"),
        pytest.param(
            [token(created_at="2026-11-22")], {"max_age_days": "1"}, [("aged", "medium")], id="a limit as text"
        ),
        pytest.param([token(created_at="2026-08-25T23:59:59Z")], {}, [("aged", "medium")], id="a timestamp for a date"),
        pytest.param([token(created_at="2026-11-25")], {"max_age_days": 0}, [], id="tomorrow, by another clock"),
        pytest.param([token(created_at="2026-11-26")], {}, [("unknown_age", "low")], id="a date to come"),
        pytest.param([token(created_at=None)], {}, [("unknown_age", "low")], id="no date"),
        pytest.param([token(created_at="soon")], {}, [("unknown_age", "low")], id="a date that is none"),
        pytest.param(
            [token(age_days=400)], {}, [], id="the age is told by the date and now, not by whoever listed it when"
        ),
        pytest.param(
            [token("ci"), token("ci" + DAY_BEFORE)],
            {},
            [("unfinished_rotation", "medium")],
            id="a name and a version",
        ),
        pytest.param(
            [token("ci" + DAY_BEFORE), token("ci-20261122t091500z-7f3a")],
            {},
            [("unfinished_rotation", "medium")],
            id="two versions",
        ),
        pytest.param([token("ci" + DAY_BEFORE)], {}, [], id="one version"),
        pytest.param([token("ci"), token("ci-2")], {}, [], id="a name that only begins alike is another token"),
        pytest.param([token("ci"), token("ci" + TEN_MINUTES_AGO)], {}, [], id="a rotation that may be under way"),
        pytest.param(
            [token("ci"), token("ci" + TEN_MINUTES_AGO)],
            {"pending_minutes": 5},
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
            id="versions of two users are no rotation, but a shared name",
        ),
        pytest.param([token("ci", owner="alice"), token("db", owner="bob")], {}, [], id="two users, two names"),
        pytest.param(
            [token("ci", id="1", owner={}), token("ci" + DAY_BEFORE, id="2", owner={"username": None})],
            {},
            [("duplicate_name", "low")],
            id="owners that nobody knows are not one owner",
        ),
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
    assert rules_of(audit([grown(one) for one in tokens], NOW, **policy)) == found


@pytest.mark.parametrize(("fail_on", "failing"), [("info", 3), ("low", 2), ("medium", 1), ("high", 1), ("never", 0)])
def test_the_verdict_counts_a_severity_and_those_above(fail_on: str, failing: int) -> None:
    report = audit([token("a", **ONE), token("b", **WIDE), token("c", created_at=None)], NOW, fail_on=fail_on)
    verdict = report["verdict"]
    assert (verdict["fail_on"], verdict["failing"], verdict["passed"]) == (fail_on, failing, failing == 0)
    assert (f"Findings of severity {fail_on} or above: {failing}." in verdict["msg"]) is (failing > 0)


def test_fewer_tokens_than_expected_fail_the_audit() -> None:
    assert audit([token()], expected_tokens="1")["verdict"]["passed"]
    verdict = audit([], expected_tokens=2, fail_on="never")["verdict"]
    assert (verdict["passed"], verdict["missing_tokens"]) == (False, 2)
    assert "The list has 0 tokens, and at least 2 are expected." in verdict["msg"]


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
        pytest.param({"id": "7"}, True, id="by id"),
        pytest.param({"id": "8"}, False, id="another id"),
        pytest.param({"owner": "bob"}, True, id="by owner"),
        pytest.param({"owner": "bob@example.com"}, True, id="by an owner's address"),
        pytest.param({"owner": "mallory"}, False, id="another owner"),
        pytest.param({"name": "ci", "owner": "bob", "id": "7"}, True, id="by all three"),
        pytest.param({"name": "ci", "owner": "mallory"}, False, id="the name, and another owner"),
    ],
)
def test_accepts(entry: dict[str, Any], holds: bool) -> None:
    owner = {"username": "bob", "email": "bob@example.com"}
    report = audit([token(**ONE, id="7", owner=owner)], NOW, accepted=[{"reason": "known", **entry}])
    assert [finding["accepted"] for finding in report["findings"]] == ["known" if holds else None]
    assert report["verdict"]["passed"] is holds
    assert report["summary"]["accepted"] == int(holds)
    assert report["tokens"][0]["severity"] == (None if holds else "high")


TERRAFORM = [token("terraform", **ONE, owner="bob"), token("terraform-evil", **ONE, owner="mallory")]
NOTES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "an owner's": ({"name": "terraform*", "owner": "bob"}, []),
    "several owners'": (
        {"name": "terraform*"},
        [
            "turso_audit_accepted[0] (name 'terraform*') accepts findings of 2 owners: bob, mallory. Add owner or id.",
        ],
    ),
    "nobody's": (
        {"owner": "eve"},
        ["turso_audit_accepted[0] (owner 'eve') accepts no finding. Remove it, or correct it."],
    ),
    "one that ended": (
        {"name": "terraform", "until": "2026-11-23"},
        [
            (
                "turso_audit_accepted[0] (name 'terraform') ended on 2026-11-23, so it accepts nothing any more. "
                "Remove it, or set a later date."
            )
        ],
    ),
}


@pytest.mark.parametrize(("entry", "notes"), NOTES.values(), ids=NOTES)
def test_an_acceptance_that_is_not_as_it_was_meant_is_noted(entry: dict[str, Any], notes: list[str]) -> None:
    report = audit(TERRAFORM, accepted=[{"reason": "known", **entry}])
    assert report["notes"] == notes
    assert [line for line in lines_of(report) if line.startswith("note: ")] == [f"note: {note}" for note in notes]


def test_an_acceptance_of_a_managed_token_covers_its_versions() -> None:
    versions = [token("ci" + DAY_BEFORE), token("ci-20261122t091500z-7f3a")]
    report = audit(versions, NOW, accepted=[{"name": "ci", "reason": "slow hands"}])
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
        ({"pending_minutes": None}, "pending_minutes must be a number"),
        (
            {"severities": {"old": "low"}},
            "'old', which is not a rule. Nothing was sent. Use the rules unrestricted, aged",
        ),
        (
            {"severities": {"aged": "awful"}},
            "turso_audit_severities.aged is 'awful'. Nothing was sent. Use one of info, low, medium, high, off",
        ),
        (
            {"fail_on": "awful"},
            "turso_audit_fail_on is 'awful'. Nothing was sent. Use one of info, low, medium, high, never",
        ),
        ({"expected_tokens": "many"}, "expected_tokens must be a number"),
        ({"accepted": ["ci"]}, r"accepted\[0\] is not a dictionary"),
        ({"accepted": [{"reason": "so"}]}, r"accepted\[0\] has no reason, or selects nothing"),
        ({"accepted": [{"name": "ci"}]}, r"accepted\[0\] has no reason, or selects nothing"),
        (
            {"accepted": [{"name": "ci", "reason": "so", "rule": "old"}]},
            r"accepted\[0\].rule is 'old'. Nothing was sent. Use one of",
        ),
        (
            {"accepted": [{"name": "ci", "reason": "so", "untill": "x"}]},
            r"accepted\[0\] has untill. Nothing was sent. Use only the keys",
        ),
        ({"accepted": [{"name": "ci", "reason": "so", "until": ""}]}, r"accepted\[0\] has an empty until"),
        ({"accepted": [{"name": "ci", "reason": "so", "until": None}]}, r"accepted\[0\] has an empty until"),
        ({"accepted": [{"name": " ", "id": None, "reason": "so"}]}, r"accepted\[0\] has an empty id, name"),
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
        pytest.param([0, 7], 7, [1, 0, 0, 0, 0, 1], id="a limit without divisors has as many bins"),
        pytest.param([14, 15, 30, 89, 90, 91], 89, [2, 1, 0, 0, 0, 1, 2], id="89 days"),
        pytest.param([16, 17, 90, 91, 92], 91, [1, 1, 0, 0, 0, 2, 1], id="91 days"),
        pytest.param([0, 1, 2, 3], 2, [2, 1, 1], id="a limit of few days has as many bins as days"),
    ],
)
def test_the_chart_counts_ages(ages: list[int], limit: int, bins: list[int]) -> None:
    tokens = [token(f"t{index}", created_at=_day(age)) for index, age in enumerate(ages)]
    drawn = audit(tokens, NOW, max_age_days=limit)["ages"]
    assert [one["tokens"] for one in drawn["bins"]] == bins
    assert drawn["most"] == max(bins)
    assert drawn["bins"][drawn["bins_to_limit"] - 1]["to_days"] == limit


def test_a_run_shows_no_more_findings_than_a_screen_holds() -> None:
    lines = lines_of(audit([token(f"t{index}", **ONE) for index in range(42)]))
    assert lines[0] == "tokens: 42, findings: 42, accepted: 0"
    assert sum(line.startswith("high: ") for line in lines) == 40
    assert "... and 2 more in the report" in lines


VISIBLE: dict[str, tuple[dict[str, Any], list[dict[str, Any]], list[str]]] = {
    "one's own": (
        {"credential_id": "7"},
        [token("main", id="7")],
        ["read with the token 'main'.", "of one user only"],
    ),
    "an organization's": (
        {"organization": "acme", "credential_id": "7"},
        [token("admin", id="7", owner="alice"), token("ci", owner="bob")],
        ["read with the token 'admin' of alice.", "no unrestricted tokens"],
    ),
    "a member's": (
        {"organization": "acme"},
        [token("ci", owner="bob")],
        ["does not show the API credential", "no unrestricted tokens", "All listed tokens are of bob"],
    ),
    "an empty one": (
        {"organization": "acme", "credential_id": "7"},
        [],
        ["does not show the API credential", "no unrestricted tokens", "nothing was judged"],
    ),
}


@pytest.mark.parametrize(("known", "tokens", "parts"), VISIBLE.values(), ids=VISIBLE)
def test_the_report_says_whose_eyes_saw_the_list_and_what_they_cannot_see(
    known: dict[str, Any], tokens: list[dict[str, Any]], parts: list[str]
) -> None:
    report = audit(tokens, **known)
    sentences = report["visibility"]
    assert len(sentences) == len(parts)
    assert all(part in sentence for part, sentence in zip(parts, sentences))
    assert lines_of(report)[1 : len(parts) + 1] == sentences


def test_the_stable_part_is_the_same_on_every_day_and_changes_with_a_token() -> None:
    tokens = [
        token("ci", created_at="2026-08-26", owner="bob"),  # aged from tomorrow on
        token("ci" + TEN_MINUTES_AGO, owner="bob"),  # unfinished from tomorrow on
        token("wide", **WIDE, last_used_at="2026-11-24"),
        token("undated", created_at=None),
        token("hushed", created_at=None),
    ]
    policy: dict[str, Any] = {"accepted": [{"name": "wide", "reason": "known", "until": "2026-11-24"}]}
    today = audit(tokens, **policy)
    tomorrow = audit([{**one, "age_days": 1, "last_used_at": "x"} for one in tokens[::-1]], NOW + DAY, **policy)
    assert today["stable"] == tomorrow["stable"]
    assert today["findings"] != tomorrow["findings"]
    assert [one["aged_from"] for one in today["stable"]["tokens"]] == [
        "2026-11-25",
        "2027-02-23",
        None,
        None,
        "2027-02-23",
    ]
    assert [one["rules"] for one in today["stable"]["tokens"]][2:] == [
        ["unknown_age"],
        ["unknown_age"],
        ["organization_wide"],
    ]
    assert audit(tokens[1:])["stable"] != today["stable"]
    assert audit(tokens, severities={"unknown_age": "off"})["stable"]["tokens"][2]["rules"] == []


@given(
    scopes=st.just(SCOPES) | st.lists(st.sampled_from([*SCOPES, *ORGANIZATION_SCOPES]), min_size=1, unique=True),
    unknown=st.text(st.characters(categories=("L", "P")), min_size=1).filter(
        lambda scope: scope not in {*SCOPES, *ORGANIZATION_SCOPES}
    ),
)
def test_findings_survive_a_scope_that_nobody_knows(scopes: Sequence[str], unknown: str) -> None:
    """None is lost and none comes up, and what was accepted stays accepted."""

    def found(*more: str) -> tuple[list[Any], dict[str, Any]]:
        tokens = [token(scopes=[*scopes, *more]), token("wide", restriction="organization", scopes=[*scopes, *more])]
        report = audit(tokens, NOW, accepted=[{"name": "ci", "reason": "known"}])
        return [(one["rule"], one["msg"], one["accepted"]) for one in report["findings"]], report["verdict"]

    assert found(unknown) == found()


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


def test_every_rule_tells_what_to_do() -> None:
    assert all(rule.meaning.endswith(".") and rule.remedy.endswith(".") for rule in RULES.values())


def test_messages_say_what_reaches_how_far_and_which_versions_are_active() -> None:
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
    assert told["organization_wide"] == "'wide' has access to all of 'acme'."
    assert told["full_access"] == "'full' has full access to the group 'default'."
    assert told["unfinished_rotation"] == (
        "'ci' of bob has 2 active versions, the oldest first: 'ci-20261122t091500z-7f3a', 'ci-20261123t091500z-7f3a'."
    )
    (nobody,) = audit([token("ci"), token("ci" + DAY_BEFORE)], NOW)["findings"]
    assert nobody["msg"].startswith("'ci' has 2 active versions")


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


# Managed tokens

AGED = "-20260801t091500z-7f3a"
STATE = State(
    {
        "ci": TokenState(
            pending=Pending(
                "ci" + TEN_MINUTES_AGO,
                "3",
                "2026-11-24T09:05:00Z",
                destinations={"play on web1": "2026-11-24T09:06:00Z", "play on web2": None},
            ),
            current=Current("ci" + DAY_BEFORE, "2", "2026-11-23T09:20:00Z"),
            previous=(Previous("ci", "1", "2026-11-23T09:20:00Z"),),
        )
    }
)
VERSIONS = [
    token("ci", **WIDE, id="1", created_at="2026-01-01"),
    token("ci" + DAY_BEFORE, **WIDE, id="2", created_at="2026-11-23"),
    token("ci" + TEN_MINUTES_AGO, **WIDE, id="3"),
]


def managed(
    entries: Any,
    tokens: list[dict[str, Any]],
    state: State | None = None,
    organization: str | None = None,
    own: Any = None,
    **settings: Any,
) -> list[dict[str, Any]]:
    given = {"turso_rotate_tokens": entries, **{f"turso_rotate_{key}": value for key, value in settings.items()}}
    rotation = of_one_user(Rotation.of(needed_of(given), state), own)
    found: list[dict[str, Any]] = audit_by(tokens, NOW, Policy.of({}), organization, rotation=rotation)["managed"]
    return found


def test_a_managed_token_has_its_versions_and_who_has_confirmed() -> None:
    (one,) = managed([{"name": "ci", "organization": "acme", "grace_hours": 24}], VERSIONS, STATE)
    assert one == {
        "name": "ci",
        "due": None,
        "next_due": "2027-02-21T09:15:00Z",
        "refusal": None,
        "msg": f"ci: not due: ci{DAY_BEFORE} is current, 1 day old, due 2027-02-21.",
        "versions": [
            {
                "name": "ci",
                "id": "1",
                "issued_at": "2026-01-01T23:59:59Z",
                "label": "previous",
                "revoked_from": "2026-11-24T09:20:00Z",
            },
            {
                "name": "ci" + DAY_BEFORE,
                "id": "2",
                "issued_at": "2026-11-23T09:15:00Z",
                "label": "current",
                "revoked_from": None,
            },
            {
                "name": "ci" + TEN_MINUTES_AGO,
                "id": "3",
                "issued_at": "2026-11-24T09:05:00Z",
                "label": "pending",
                "revoked_from": None,
            },
        ],
        "confirmed_at": "2026-11-23T09:20:00Z",
        "confirmations": [
            {"to": "play on web1", "at": "2026-11-24T09:06:00Z"},
            {"to": "play on web2", "at": None},
        ],
    }


WIDE_CI = {"name": "ci", "organization": "acme"}
DUE_NOW: dict[str, tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any], str | None]] = {
    "nothing": (WIDE_CI, VERSIONS[1:2], {}, None),
    "its age": (WIDE_CI, [token("ci" + AGED, **WIDE, created_at="2026-08-01")], {}, "aged"),
    "an age of the file": (WIDE_CI, VERSIONS[1:2], {"max_age_days": 0}, "aged"),
    "its spread": (WIDE_CI, [token("ci", **WIDE, created_at="2026-09-03")], {"spread_days": 89}, "aged"),
    "another restriction": (
        {"name": "ci", "organization": "acme", "group": "g", "scopes": ["read"]},
        VERSIONS[1:2],
        {},
        "drift",
    ),
    "no version": (WIDE_CI, [], {}, "missing"),
}


@pytest.mark.parametrize(("entry", "tokens", "settings", "due"), DUE_NOW.values(), ids=DUE_NOW)
def test_a_managed_token_says_why_it_is_due(
    entry: dict[str, Any], tokens: list[dict[str, Any]], settings: dict[str, Any], due: str | None
) -> None:
    assert [one["due"] for one in managed([entry], tokens, **settings)] == [due]


def test_without_a_state_file_the_plan_says_what_a_version_is() -> None:
    (one,) = managed([WIDE_CI], VERSIONS[:2])
    assert [version["label"] for version in one["versions"]] == ["previous", "current"]
    (young,) = managed([WIDE_CI], VERSIONS[:1] + VERSIONS[2:])
    assert (one["due"], young["due"]) == ("unfinished", None)
    (elsewhere,) = managed([WIDE_CI], VERSIONS, State())
    assert [version["label"] for version in elsewhere["versions"]][2] in ("current", "pending elsewhere")


def test_what_a_recipient_needs_counts_and_who_it_is_does_not() -> None:
    deliver = ["vault", {"to": "vault_file", "takes_effect_hours": 48}, {"to": "a_destination_of_tomorrow", "x": 1}]
    (one,) = managed([{**WIDE_CI, "deliver": deliver}], VERSIONS, STATE)
    assert one["versions"][0]["revoked_from"] == "2026-11-25T09:20:00Z"
    (none,) = managed([{**WIDE_CI, "deliver": None}], VERSIONS, STATE)
    assert none["versions"][0]["revoked_from"] == "2026-11-23T09:20:00Z"


def test_of_an_organization_only_its_entries_and_only_ones_own_versions_are_told() -> None:
    tokens = [token("ci", **WIDE, id="1", owner="alice"), token("ci" + DAY_BEFORE, **WIDE, id="2", owner="bob")]
    entries = [WIDE_CI, {"name": "elsewhere", "organization": "other"}, {"name": "wild"}]
    (one,) = managed(entries, tokens, organization="acme", own=["1"])
    assert [version["id"] for version in one["versions"]] == ["1"]
    (all_of_them,) = managed([{**WIDE_CI, "credential": "bob"}], tokens, organization="acme", own=["1"])
    assert [version["id"] for version in all_of_them["versions"]] == ["1", "2"]


def test_an_entry_that_a_rotation_would_refuse_is_refused() -> None:
    with pytest.raises(Refused, match="group needs organization"):
        managed([{"name": "ci", "group": "g"}], [])


def test_a_token_that_cannot_be_rotated_says_why() -> None:
    twice = [token("ci", **WIDE, id="1"), token("ci", **WIDE, id="2")]
    (one,) = managed([WIDE_CI], twice)
    assert "more than once" in one["refusal"]
    assert managed(None, twice) == []
    assert managed([{"name": "shop", "kind": "sql", "database": "shop"}], twice) == []
    assert audit(twice)["managed"] is None
