# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics of a rotation, read by Prometheus' own parser, and how a run ended."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ansible_collections.community.turso.plugins.module_utils._rotation import metrics
from ansible_collections.community.turso.plugins.module_utils._rotation.metrics import Figures
from ansible_collections.community.turso.plugins.module_utils._rotation.report import outcome

NOW = datetime.datetime(2026, 11, 24, 9, 15, tzinfo=datetime.timezone.utc)
AT = NOW.timestamp()
DAY = 86400.0
NEW = "ci-20261124t091500z-7f3a"


def report(action: str, issued: str | None = None, kept: Any = ("ci",)) -> dict[str, Any]:
    return {"name": "ci", "kind": "api", "action": action, "issued": issued, "kept": list(kept)}


def test_what_is_known_of_a_token() -> None:
    token = Figures("ci", AT - DAY, 90 * DAY, AT + 5 * DAY, versions=2)
    assert token.gauges(AT) == {
        metrics.AGE: DAY,
        metrics.DUE: AT + 89 * DAY,
        metrics.EXPIRES: AT + 5 * DAY,
        metrics.VERSIONS: 2,
    }
    assert Figures("ci").gauges(AT) == {metrics.VERSIONS: 0}


AFTER: list[tuple[str, dict[str, Any], float | None, int]] = [
    ("rotated", report("rotated", NEW, [NEW]), AT, 1),
    ("issued, and not committed", report("issued", NEW, ["ci", NEW]), AT - DAY, 2),
    ("failed", report("failed", NEW, ["ci", NEW]), AT - DAY, 2),
    ("unchanged", report("unchanged"), AT - DAY, 1),
    ("swept", report("swept"), AT - DAY, 1),
]


@pytest.mark.parametrize(("done", "issued_at", "versions"), [row[1:] for row in AFTER], ids=[row[0] for row in AFTER])
def test_what_a_run_changes(done: dict[str, Any], issued_at: float, versions: int) -> None:
    after = Figures("ci", AT - DAY, 90 * DAY, versions=1).after(done)
    assert (after.issued_at, after.versions) == (issued_at, versions)


def test_a_sql_token_is_told_from_the_one_before_by_when_it_was_minted_and_ends() -> None:
    done = {"name": "app", "kind": "sql", "issued_at": "2026-11-24T09:15:00Z", "expires_at": "2026-11-29T09:15:00Z"}
    before = Figures("app", AT - DAY, 60 * DAY, AT + DAY, versions=1)
    assert before.after({**done, "action": "failed"}) == before
    assert before.after({**done, "action": "rotated"}) == Figures("app", AT, 60 * DAY, AT + 5 * DAY, versions=2)
    assert before.after({**done, "action": "rotated", "expires_at": None}).expires_at is None


def test_a_run_records_its_success_or_its_failure_and_keeps_the_other() -> None:
    tokens = [Figures("ci", AT, DAY), Figures("cd", AT, DAY)]
    first = metrics.updated(metrics.from_text(""), tokens, ["cd"], NOW)
    assert (first[metrics.SUCCESS], first[metrics.FAILURE]) == ({"ci": AT}, {"cd": AT})
    later = metrics.updated(first, tokens, ["ci"], NOW + datetime.timedelta(days=1))
    assert later[metrics.SUCCESS] == {"ci": AT, "cd": AT + DAY}
    assert later[metrics.FAILURE] == {"ci": AT + DAY, "cd": AT}
    gone = metrics.updated(later, tokens[:1], [], NOW)
    assert all(set(values) <= {"ci"} for values in gone.values())


def test_a_run_that_came_to_no_plan_failed_for_every_token() -> None:
    known = metrics.updated(metrics.from_text(""), [Figures("ci", AT, DAY, versions=1)], [], NOW)
    after = metrics.all_failed(known, NOW + datetime.timedelta(days=1))
    assert (after[metrics.FAILURE], after[metrics.SUCCESS]) == ({"ci": AT + DAY}, {"ci": AT})
    assert after[metrics.DUE] == known[metrics.DUE]


@given(st.lists(st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1), unique=True))
def test_prometheus_reads_it_and_so_do_we(names: list[str]) -> None:
    names = [*names, 'quo"te', "back\\slash", "line\nbreak"]
    tokens = [Figures(name, AT, DAY, AT, 1) for name in dict.fromkeys(names)]
    gauges = metrics.updated(metrics.from_text(""), tokens, names[:1], NOW)
    text = metrics.as_text(gauges)
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert {family.type for family in families.values()} == {"gauge"}
    read = {
        name: {sample.labels["name"]: sample.value for sample in family.samples} for name, family in families.items()
    }
    assert read == gauges
    assert metrics.from_text(text) == gauges


def test_what_is_no_metric_of_ours_is_passed_over() -> None:
    text = 'node_load1 1\nother{name="x"} 1\n' + metrics.AGE + '{name="ci"} 5\n'
    found = metrics.from_text(text)
    assert found[metrics.AGE] == {"ci": 5}
    assert sum(map(len, found.values())) == 1


ENDS: list[tuple[str, list[str] | None, dict[str, Any], str]] = [
    ("nothing was due", ["unchanged"], {}, "unchanged"),
    ("something was rotated", ["unchanged", "swept", "rotated"], {}, "rotated"),
    ("something was swept", ["unchanged", "swept"], {}, "swept"),
    ("one failed", ["rotated", "failed"], {}, "failed"),
    ("one was not committed", ["issued"], {"unsettled": {"ci"}}, "failed"),
    ("something else failed", ["rotated"], {"has_failed": True}, "failed"),
    ("it was refused", None, {"error": {"kind": "refused"}}, "refused"),
    ("the input was wrong", None, {"error": {"kind": "invalid_request"}}, "refused"),
    ("the API was out of reach", None, {"error": {"kind": "unreachable"}}, "failed"),
    ("nobody knows why", None, {}, "failed"),
]


@pytest.mark.parametrize(("actions", "known", "ended"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS])
def test_how_a_run_ended(actions: list[str] | None, known: dict[str, Any], ended: str) -> None:
    done = None if actions is None else [{"action": action} for action in actions]
    given = {"unsettled": (), "has_failed": False, **known}
    assert outcome(done, given.pop("unsettled"), **given) == ended
