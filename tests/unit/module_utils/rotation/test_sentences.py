# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences that users read: what happened, what it means, and the next step."""

from __future__ import annotations

import dataclasses
import datetime
import json
import shlex
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._rotation import sentences
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import (
    Defaults,
    only_api,
    read_entries,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import plan_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.report import of_plan
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import Process
from tests.unit.module_utils.rotation.world import (
    FRESH,
    NEW,
    NOW,
    OLD,
    ago,
    bare,
    planned,
    state,
    token,
    versions_of,
    view,
)

LEFT = state(
    OLD,
    pending=NEW,
    process=Process("ctl", 5),
    destinations={"play on app1": None, "vault file": "2026-11-23T09:15:00Z", "tasks d.yml": None},
)
WHO = f"{NEW.name} was issued at 2026-11-23T09:15:00Z on ctl; play on app1, tasks d.yml had not confirmed it."

PLANNED: list[tuple[list[Token], dict[str, Any], str]] = [
    ([], {}, "ci: due (missing): no version is current."),
    ([OLD], {}, f"ci: due (aged): {OLD.name} is current, 120 days old."),
    ([bare(days=100)], {}, "ci: due (aged): ci is current, 99 days old."),
    ([Token("ci", "x")], {"given": {"organization": "acme"}}, "ci: due (aged): ci is current, age unknown."),
    (
        [NEW],
        {"given": {"scopes": ["read"]}},
        f"ci: due (drift): {NEW.name} is current, 2 days old; its scopes are (none), expected [read].",
    ),
    ([NEW], {}, f"ci: not due: {NEW.name} is current, 2 days old, due 2027-02-20."),
    (
        [OLD, NEW],
        {"knows": state(NEW, (OLD, ago(days=1)))},
        f"ci: not due: {NEW.name} is current, 2 days old; {OLD.name} is revoked, because its grace period is over.",
    ),
    (
        [OLD, NEW],
        {"knows": LEFT, "stored": NEW},
        f"ci: due (aged): {OLD.name} is current, 120 days old; {NEW.name} is delivered again. {WHO}",
    ),
    ([OLD, NEW], {"knows": LEFT}, f"ci: due (aged): {OLD.name} is current, 120 days old. {WHO}"),
    (
        [NEW],
        {"knows": state(found=NEW), "force": True},
        f"ci: due (forced): {NEW.name} is current, 2 days old.",
    ),
]


@pytest.mark.parametrize(("active", "known", "says"), PLANNED, ids=[row[2] for row in PLANNED])
def test_check_mode_says(active: list[Token], known: dict[str, Any], says: str) -> None:
    seen = view(*active, **known)
    (plan,) = plan_entries([seen], "abcd")
    assert sentences.planned(plan, seen) == of_plan(plan, seen)["msg"] == says


def test_a_new_token_that_nothing_restricts_is_told() -> None:
    (unrestricted,) = only_api(read_entries([{"name": "ci"}], Defaults()))
    seen = dataclasses.replace(view(NEW), entry=unrestricted)
    (plan,) = plan_entries([seen], "abcd")
    assert sentences.planned(plan, seen) == (
        f"ci: due (drift): {NEW.name} is current, 2 days old; its organization is 'acme', expected (none). The new token can do "
        "everything that its user can do, because the entry has no organization."
    )


def test_a_name_with_dots_stays_as_it_is() -> None:
    seen = view()
    (plan,) = plan_entries([dataclasses.replace(seen, entry=dataclasses.replace(seen.entry, name="a..b"))], "abcd")
    assert sentences.planned(plan, seen) == "a..b: due (missing): no version is current."


def test_a_refusal_is_the_sentence() -> None:
    seen = view(NEW, given={"current": "gone"})
    (plan,) = plan_entries([seen], "abcd")
    report = of_plan(plan, seen)
    assert (report["msg"], report["action"], report["kept"]) == (plan.refusal, "failed", [NEW.name])


def test_one_line_about_all() -> None:
    swept = planned(OLD, NEW, knows=state(NEW, (OLD, ago(days=1))))
    refused = planned(NEW, given={"current": "gone"})
    assert sentences.summary([planned(), planned(OLD), swept, planned(NEW)]) == "2 to rotate, 1 to revoke, 1 unchanged"
    assert sentences.summary([refused]) == "0 to rotate, 0 to revoke, 0 unchanged, 1 refused"


@pytest.mark.promise(1)
def test_the_command_that_revokes_the_rest_names_neither_current_nor_what_another_run_delivers() -> None:
    said = sentences.how_to_revoke(view(OLD, NEW, FRESH, knows=state(OLD)))
    assert said.startswith(f"To revoke all but {OLD.name}: ansible-playbook community.turso.revoke -e ")
    words = shlex.split(said.partition(": ")[2])
    assert json.loads(words[-1]) == {"turso_revoke_names": [NEW.name]}
    assert "To revoke all but" in sentences.how_to_revoke(view(OLD, NEW, given={"current": OLD.id}))


@pytest.mark.promise(1)
def test_where_nothing_records_which_one_is_in_use_the_command_is_not_for_everybody() -> None:
    said = sentences.how_to_revoke(view(OLD, NEW))
    assert said.startswith(f"No record shows which one is in use. Find it out. Only if it is {NEW.name}, the newest, ")
    assert json.loads(shlex.split(said)[-1]) == {"turso_revoke_names": [OLD.name]}
    for seen in (view(OLD, NEW, knows=state(token("0009", days=1))), view(NEW)):
        assert sentences.how_to_revoke(seen).startswith("Find out which one is in use, and revoke the others")


def test_a_name_with_a_quotation_mark_can_be_typed() -> None:
    seen = view(OLD, NEW, given={"current": NEW.id})
    odd = tuple(dataclasses.replace(version, name=f"it's {version.id}") for version in seen.versions)
    words = shlex.split(sentences.how_to_revoke(dataclasses.replace(seen, versions=odd)).partition(": ")[2])
    assert json.loads(words[-1]) == {"turso_revoke_names": ["it's id-0001"]}


def test_who_was_missing() -> None:
    assert sentences.who_was_missing(view(OLD)) == sentences.who_was_missing(view(OLD, knows=state(OLD)), " ") == ""
    said = sentences.who_was_missing(view(OLD, knows=state(OLD, pending=NEW)))
    assert said == f"{NEW.name} was issued at 2026-11-23T09:15:00Z on an unknown host; it was not committed."


def test_no_version_in_words() -> None:
    assert view().versions_in_words == "No version is active."


def test_what_is_kept_for_another_run_says_until_when() -> None:
    (version,) = versions_of(FRESH)
    minutes = datetime.timedelta(minutes=15)
    said = sentences.kept_for_another_run(version, minutes)
    assert said == f"{version.name} is kept until 2026-11-24T09:27:00Z, because another run may be delivering it"
    undated = dataclasses.replace(version, issued_at=None)
    assert sentences.kept_for_another_run(undated, minutes).startswith(f"{version.name} is kept, because")
    assert NOW + minutes > ago(minutes=3) + minutes


KEPT: list[tuple[str, list[Token], list[str]]] = [
    ("beside the current one", [NEW, FRESH], [FRESH.name]),
    ("the only one", [FRESH], []),
    ("none", [NEW], []),
]


@pytest.mark.parametrize(("active", "kept"), [row[1:] for row in KEPT], ids=[row[0] for row in KEPT])
def test_a_run_that_is_not_due_says_what_it_keeps_for_another(active: list[Token], kept: list[str]) -> None:
    (plan,) = plan_entries([view(*active)], "0000")
    assert plan.action == "none"
    notes = sentences.kept_though_not_due(plan)
    assert len(notes) == len(kept)
    for note, name in zip(notes, kept):
        assert note.startswith(f"ci: {name} is kept until 20")


def test_a_token_that_is_due_says_so_at_its_commit() -> None:
    (plan,) = plan_entries([view(OLD, FRESH, given={"max_age_days": 0})], "0000")
    assert sentences.kept_though_not_due(plan) == []


def reported(name: str, action: str, **known: Any) -> dict[str, Any]:
    return {"name": name, "action": action, "reason": "aged", "kept": [], "msg": f"{name}: {action}.", **known}


def test_a_plan_of_many_tokens_shows_what_is_due_and_counts_the_rest() -> None:
    due = reported("ci", "rotated")
    few = [due, *(reported(f"t{number}", "unchanged") for number in range(20))]
    assert sentences.plan_in_words(few, {}) == [entry["msg"] for entry in few]
    many = [*few, reported("t20", "unchanged")]
    later = {f"t{number}": f"2027-01-{number + 1:02}T00:00:00Z" for number in reversed(range(21))}
    assert sentences.plan_in_words(many, later) == [
        "ci: rotated.",
        "21 tokens are not due; the next are t0 on 2027-01-01, t1 on 2027-01-02, t2 on 2027-01-03.",
    ]
    assert sentences.plan_in_words(many, {})[1] == "21 tokens are not due."


def test_a_plan_reads_as_a_diff() -> None:
    report = [
        reported("swept", "swept"),
        reported("ci", "rotated", kept=["ci-1", "ci-2"]),
        reported("same", "unchanged"),
        reported("bad", "failed"),
    ]
    assert sentences.plan_as_diff(report).splitlines() == [
        "# To rotate: 1",
        "+ ci: a new version (aged)",
        "- ci: ci-1, once everybody has confirmed the new one",
        "- ci: ci-2, once everybody has confirmed the new one",
        "# To revoke: 1",
        "- swept: swept.",
        "# Refused: 1",
        "! bad: failed.",
    ]
    assert sentences.plan_as_diff(report[2:3]) == ""


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["a"], "a: 402."),
        (["a", "b"], "2 tokens failed: a, b. The lines above say what became of each, and what to do."),
    ],
)
def test_a_run_fails_with_what_is_said_of_one_token_or_with_the_names_of_several(names: list[str], said: str) -> None:
    assert sentences.of_failures([{"name": name, "msg": f"{name}: 402."} for name in names]) == said
