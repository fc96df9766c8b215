# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the entries of `turso_rotate_tokens` are read, and what refuses the whole run."""

from __future__ import annotations

import datetime
from collections import Counter
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import (
    KEYS,
    Defaults,
    Entry,
    only_api,
    read_entries,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import THE_PLAY
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import KEYS as SQL_KEYS
from tests.tools.checkout import ROOT

CI = {"name": "ci", "organization": "acme"}
WITH_STATE = {"has_state_file": True}


def days(count: float) -> datetime.timedelta:
    return datetime.timedelta(days=count)


def read(given: dict[str, Any], **defaults: Any) -> Entry:
    (entry,) = only_api(read_entries([given], Defaults(**defaults)))
    return entry


def test_an_entry_takes_what_it_does_not_say_from_the_variables_of_the_role() -> None:
    entry = read(CI)
    assert (entry.name, entry.label) == ("ci", "turso_rotate_tokens[0] (ci)")
    assert entry.want.restriction == Restriction("acme")
    assert (entry.current, entry.credential, entry.recipients) == (None, None, (THE_PLAY,))
    assert (entry.policy.max_age, entry.policy.grace, entry.policy.pending) == (days(90), days(0), days(15 / 24 / 60))
    assert (entry.policy.max_versions, entry.policy.force) == (5, False)
    assert read({**CI, "max_age_days": 7}, max_age_days=30).policy.max_age == days(7)
    assert read(CI, max_age_days="30").policy.max_age == days(30)
    assert read_entries((), Defaults()) == []


def test_numbers_of_yaml_are_texts_where_texts_belong() -> None:
    entry = read({"name": 2026, "organization": 7, "description": 1.5, "current": 42, "kind": "api"})
    assert (entry.name, entry.want.restriction.organization) == ("2026", "7")
    assert (entry.want.description, entry.current) == ("1.5", "42")


@pytest.mark.parametrize("scopes", [["read-only", "db:create"], "read-only,db:create", ("read-only", "db:create")])
def test_scopes_are_a_list_also_where_they_are_written_as_one_text(scopes: Any) -> None:
    entry = read({**CI, "group": "g", "scopes": scopes})
    assert entry.want.scopes == ("read-only", "db:create")
    assert entry.want.restriction.scopes == ("db:create", "read")


GRACE = [
    ("none", {}, {}, 0),
    ("that of the role", {}, {"grace_hours": 2, **WITH_STATE}, 2),
    ("its own", {"grace_hours": 0.5}, {"grace_hours": 2, **WITH_STATE}, 0.5),
    ("as long as its slowest recipient needs", {"deliver": [{"to": "play", "takes_effect_hours": 24}]}, WITH_STATE, 24),
    (
        "its own, where that is longer",
        {"deliver": [{"to": "play", "takes_effect_hours": 24}], "grace_hours": 48},
        WITH_STATE,
        48,
    ),
]


@pytest.mark.parametrize(
    ("given", "defaults", "hours"), [row[1:] for row in GRACE], ids=[row[0].replace(" ", "_") for row in GRACE]
)
def test_the_grace_period_is(given: dict[str, Any], defaults: dict[str, Any], hours: float) -> None:
    assert read({**CI, **given}, **defaults).policy.grace == datetime.timedelta(hours=hours)


REFUSED: list[tuple[str, Any, dict[str, Any], str]] = [
    ("no list", "ci", {}, "turso_rotate_tokens must be a list of dictionaries."),
    ("null", None, {}, "turso_rotate_tokens must be a list of dictionaries."),
    ("a list of texts", ["ci"], {}, "turso_rotate_tokens must be a list of dictionaries."),
    ("one name twice", [CI, {"name": "b"}, CI], {}, "turso_rotate_tokens[0] (ci): the name is used more than once."),
    ("one name twice, once as a number", [{"name": "5"}, {"name": 5}], {}, "[1] (5): the name is used more than once"),
    ("the name of a version", [{"name": "ci-20261124t091500z-7f3a"}], {}, "the name looks like the name of a version"),
    ("no name", [{"organization": "acme"}], {}, "turso_rotate_tokens[0] (without a name): "),
    ("a blank name", [{"name": " "}], {}, "turso_rotate_tokens[0] ( ): name is empty"),
    ("a name that is a list", [{"name": ["ci"]}], {}, "(without a name): name must be a text, not a list"),
    ("a name that would climb", [{"name": ".."}], {}, "turso_rotate_tokens[0] (..): "),
    ("a null name", [{"name": None}], {}, "(without a name): name is null"),
    ("a null organization", [{**CI, "organization": None}], {}, "(ci): organization is null"),
    ("a null scope", [{**CI, "group": "g", "scopes": [None]}], {}, "scopes[0] must be a text"),
    ("an empty organization", [{**CI, "organization": ""}], {}, "organization is empty"),
    ("an organization that is true", [{**CI, "organization": True}], {}, "organization must be a text, not yes or no"),
    ("scopes that are a number", [{**CI, "group": "g", "scopes": 5}], {}, "scopes must be a list of texts"),
    ("a group without an organization", [{"name": "ci", "group": "g"}], {}, "(ci): group needs organization"),
    ("a kind that there is not", [{**CI, "kind": "ssh"}], {}, "kind must be api or sql, not 'ssh'"),
    ("a key that there is not", [{**CI, "organisation": "a"}], {}, "(ci): there is no organisation; an entry has name,"),
    ("an option of the modules", [{**CI, "state": "absent"}], {}, "(ci): there is no state;"),
    ("nobody who gets it", [{**CI, "deliver": []}], {}, "(ci): deliver names nobody"),
    ("a null deliver", [{**CI, "deliver": None}], {}, "(ci): deliver names nobody"),
    ("a credential that nobody gave", [{**CI, "credential": "x"}], {"credentials": ("y",)}, "has no 'x'"),
    ("a null age", [{**CI, "max_age_days": None}], {}, "(ci): max_age_days is null"),
    ("a negative age", [{**CI, "max_age_days": -1}], {}, "max_age_days must be a number, 0 or more, not -1"),
    ("half a day", [{**CI, "max_age_days": 1.5}], {}, "max_age_days must be a whole number"),
    ("half a minute", [CI], {"pending_minutes": 0.5}, "turso_rotate_pending_minutes must be a whole number"),
    ("half a version", [CI], {"max_versions": 2.5}, "turso_rotate_max_versions must be a whole number"),
    ("room for no version", [CI], {"max_versions": 0}, "turso_rotate_max_versions must be at least 1"),
    ("a switch that is none", [CI], {"force": "maybe"}, "turso_rotate_force must be true or false"),
    ("half a day of spread", [CI], {"spread_days": 0.5}, "turso_rotate_spread_days must be a whole number"),
    ("a spread longer than the age", [CI], {"spread_days": 91}, "turso_rotate_spread_days must be less than max_age_days"),
    ("a spread as long as the age", [CI], {"spread_days": 90}, "turso_rotate_spread_days must be less than max_age_days"),
    ("a spread as long as an entry's age", [{**CI, "max_age_days": 7}], {"spread_days": 7}, "must be less than max_age_days"),
    ("grace longer than the age", [CI], {"grace_hours": 25, "max_age_days": 1, **WITH_STATE}, "longer than max_age_days"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "defaults", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_the_whole_run_is_refused_for(given: Any, defaults: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused) as refused:
        read_entries(given, Defaults(**defaults))
    assert says in refused.value.msg
    assert refused.value.msg.endswith(" Nothing was issued.")


@pytest.mark.promise(3)
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"grace_hours": 1}, "grace_hours"),
        (
            {"deliver": [{"to": "play", "takes_effect_hours": 24}]},
            r"play, whose consumers may use the old value for 24 hours \(takes_effect_hours\),",
        ),
        ({"grace_hours": 24, "deliver": [{"to": "play", "takes_effect_hours": 24}]}, "grace_hours"),
    ],
)
def test_a_grace_period_needs_a_state_file(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refused, match=f"{reason} needs turso_rotate_state_file"):
        read({**CI, **given})
    assert read({**CI, **given}, **WITH_STATE).policy.grace


def test_a_refusal_names_every_entry() -> None:
    with pytest.raises(Refused) as refused:
        read_entries([{"name": "a", "group": "g"}, CI, {"name": ".."}], Defaults())
    assert "turso_rotate_tokens[0] (a): " in refused.value.msg
    assert "(ci)" not in refused.value.msg
    assert "turso_rotate_tokens[2] (..): " in refused.value.msg


def test_the_role_commits_where_nobody_but_it_delivers() -> None:
    vault = {"to": "vault_file", "takes_effect_hours": 0}
    assert read({**CI, "deliver": [vault]}, has_vault_file=True).is_committed_by_the_role
    assert not read({**CI, "deliver": [vault, {"to": "play"}]}, has_vault_file=True).is_committed_by_the_role
    assert not read(CI).is_committed_by_the_role


@given(st.text(min_size=1).filter(str.strip), st.integers(0, 89))
def test_the_spread_makes_nobody_older_than_the_policy_and_moves_nobody_else(name: str, spread: int) -> None:
    if name in (".", ".."):
        return
    alone = read({"name": name}, spread_days=spread).policy.max_age
    _other, among = only_api(read_entries([{"name": f"{name}x"}, {"name": name}], Defaults(spread_days=spread)))
    assert alone == among.policy.max_age
    assert days(90 - spread) <= alone <= days(90)


def test_no_spread_lets_an_age_of_0_days_be() -> None:
    assert read({**CI, "max_age_days": 0}).policy.max_age == days(0)


@pytest.mark.parametrize("names", ["t{}", "team-{}-deploy", "{:04d}"])
@pytest.mark.parametrize("spread", [10, 30, 89])
def test_a_thousand_tokens_of_one_day_are_due_on_as_many_days_as_the_spread_has(names: str, spread: int) -> None:
    """Evenly: no day has more than a fixed fraction of each name makes likely, and none is left out."""
    ages = [read({"name": names.format(number)}, spread_days=spread).policy.max_age for number in range(1000)]
    on_days = Counter((days(90) - age).days for age in ages)
    fair = 1000 / spread
    assert set(on_days) == set(range(spread))
    assert max(on_days.values()) <= fair + 5 * fair**0.5


def test_the_role_and_the_plan_take_the_same_keys() -> None:
    specs = yaml.safe_load((ROOT / "roles/turso_rotate/meta/argument_specs.yml").read_text())["argument_specs"]
    assert {*KEYS, *SQL_KEYS} == {*specs["main"]["options"]["turso_rotate_tokens"]["options"]}
