# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter rotation_plan: plain data in and out. What it decides is tested where it decides."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.community.turso.plugins.filter.rotation_plan import FilterModule
from tests.tools.checkout import ROOT

NOW = "2026-11-24T09:15:00Z"
OLD = {"name": "ci", "id": "1", "organization": "acme", "created_at": "2026-06-01"}
YOUNG = {"name": "ci-20261123t091500z-7f3a", "id": "2", "organization": "acme", "created_at": "2026-11-23"}
WANTED = {"name": "ci", "organization": "acme"}
KNOWN = {
    "format": 1,
    "tokens": {
        "ci": {
            "current": {"name": YOUNG["name"], "id": "2", "confirmed_at": "2026-11-23T09:15:00Z"},
            "previous": [{"name": "ci", "id": "1", "since": "2026-11-23T09:15:00Z"}],
        }
    },
}

rotation_plan = FilterModule().filters()["rotation_plan"]


def plan(versions: Any = (OLD,), wanted: Any = (WANTED,), now: str = NOW, **options: Any) -> list[dict[str, Any]]:
    given = [list(value) if isinstance(value, tuple) else value for value in (versions, wanted)]
    planned: list[dict[str, Any]] = rotation_plan(*given, now, **options)
    return planned


def one(*versions: dict[str, Any], **options: Any) -> dict[str, Any]:
    (planned,) = plan(versions, **options)
    return planned


def test_it_shows_what_is_due() -> None:
    assert one(OLD) == {
        "name": "ci",
        "action": "issue",
        "reason": "aged",
        "refusal": None,
        "current": {"name": "ci", "id": "1"},
        "new_name": "ci-20261124t091500z-0000",
        "resumed": None,
        "previous": [{"name": "ci", "id": "1"}],
        "pending_elsewhere": [],
        "swept": [],
        "next_due": None,
        "grace_hours": 0,
        "msg": "ci: due (aged): ci is current, 175 days old.",
    }


SHOWN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("what is not due", one(OLD, max_age_days=400), {"action": "none", "next_due": "2027-07-06T23:59:59Z"}),
    ("a nonce", one(OLD, nonce="abcd"), {"new_name": "ci-20261124t091500z-abcd"}),
    ("a sweep", one(OLD, YOUNG, state=KNOWN), {"action": "sweep", "swept": [{"name": "ci", "id": "1"}]}),
    ("a grace period", one(OLD, YOUNG, state=KNOWN, grace_hours=48), {"action": "none", "grace_hours": 48}),
    ("an empty state file", one(YOUNG, state={}), {"reason": "unfinished"}),
    ("no state file", one(YOUNG), {"reason": None}),
    ("a vault file that holds nothing", one(YOUNG, stored={}), {"reason": "lost"}),
    ("a vault file that holds the current one", one(YOUNG, stored={"ci": "2"}), {"reason": None}),
    ("a value that is resumed", one(OLD, YOUNG, stored={"ci": "2"}), {"action": "resume", "resumed": {"name": YOUNG["name"], "id": "2"}}),
    ("another run's version", one(OLD, YOUNG, pending_minutes=2000), {"pending_elsewhere": [{"name": YOUNG["name"], "id": "2"}]}),
    ("a refusal", one(OLD, max_versions=1), {"action": "none", "new_name": None}),
    ("nothing active", one(), {"reason": "missing", "current": None}),
]  # fmt: skip


@pytest.mark.parametrize(("planned", "shown"), [row[1:] for row in SHOWN], ids=[row[0] for row in SHOWN])
def test_it_shows(planned: dict[str, Any], shown: dict[str, Any]) -> None:
    assert {key: planned[key] for key in shown} == shown


def test_scopes_are_compared_as_a_set() -> None:
    pinned = {**YOUNG, "group": "g", "scopes": ["read"]}
    assert one(pinned, wanted=[{**WANTED, "group": "g", "scopes": "read-only"}])["reason"] is None
    assert one(pinned)["reason"] == "drift"


def test_the_same_input_gives_the_same_plan_and_stays_as_it_was() -> None:
    given = ([OLD, YOUNG], [WANTED], NOW)
    before = copy.deepcopy((given, KNOWN))
    assert rotation_plan(*given, state=KNOWN) == plan([YOUNG, OLD], state=KNOWN)
    assert (given, KNOWN) == before


def test_one_refused_token_stops_no_other() -> None:
    planned = plan([OLD], [{**WANTED, "current": "gone"}, {"name": "b"}])
    assert [found["refusal"] is None for found in planned] == [False, True]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"now": "soon"}, "now must be an ISO 8601 time, not 'soon'"),
    ({"versions": "ci"}, "versions must be a list of dictionaries with name and id"),
    ({"versions": [{"name": "ci"}]}, "versions must be a list of dictionaries with name and id"),
    ({"versions": [{**OLD, "created_at": 5}]}, "the input cannot be read"),
    ({"wanted": [{"organization": "acme"}]}, "wanted must be a list of dictionaries with name"),
    ({"wanted": [{**WANTED, "organisation": "x"}]}, "there is no organisation"),
    ({"wanted": [{**WANTED, "current": ["1"]}]}, "current must be a text"),
    ({"wanted": [{**WANTED, "grace_hours": 1}]}, "grace_hours needs turso_rotate_state_file"),
    ({"nonce": "xyz"}, "The nonce is not four hexadecimal digits"),
    ({"state": "state.json"}, "the input cannot be read"),
    ({"state": {"format": 1, "tokens": {"ci": {"previous": [{"id": "1"}]}}}}, "tokens.ci.previous[0].name is not a text"),
    ({"no_such_option": 1}, "the input cannot be read"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "says"), REFUSED, ids=[row[1] + repr(row[0])[:20] for row in REFUSED])
def test_what_it_cannot_take_is_an_error_that_says_so(given: dict[str, Any], says: str) -> None:
    with pytest.raises(AnsibleFilterError) as refused:
        plan(**given)
    assert str(refused.value).startswith("rotation_plan: ")
    assert says in str(refused.value)


def test_its_documentation_names_what_it_returns() -> None:
    described = yaml.safe_load((ROOT / "plugins/filter/rotation_plan.yml").read_text())
    assert set(described["RETURN"]["_value"]["contains"]) == set(one(OLD))
