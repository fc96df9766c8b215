# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The notice and the metrics, really played: on every outcome, failed runs too."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.destinations.serving import Answer, Asked, Fault, serving
from tests.playbooks import Playbooks, cases, heavy, with_one_core
from tests.role.plays import ROLE, Play, Task, confirm, created, deliver, entry, play, rotate
from tests.simulator import Simulator, faults

pytestmark = with_one_core
METRICS = "turso.prom"
NOTICE: list[Task] = [
    {
        "ansible.builtin.uri": {
            "url": "{{ lookup('env', 'WEBHOOK') }}",
            "method": "POST",
            "body_format": "json",
            "body": {"outcome": "{{ turso_rotate_outcome }}", "report": "{{ turso_rotate_report }}"},
        }
    }
]
TELL: Task = {"ansible.builtin.include_role": {"name": ROLE, "tasks_from": "tell"}}
TOLD = {"turso_rotate_notify": "notice.yml", "turso_rotate_metrics_file": METRICS}


def telling(*tasks: Task, **variables: Any) -> Play:
    return play({"block": list(tasks), "always": [TELL]}, vars={**TOLD, **variables})


FAILING: Task = {"ansible.builtin.fail": {"msg": "the delivery failed"}}
ORDERED = [rotate("ci", tasks_from="issue"), deliver("ci"), confirm("ci")]
COMMIT: Task = {"ansible.builtin.include_role": {"name": ROLE, "tasks_from": "commit"}}


@dataclasses.dataclass
class Webhook:
    """What takes notices, and keeps them."""

    notices: list[Any] = dataclasses.field(default_factory=list)
    asked: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    faults: list[Fault] = dataclasses.field(default_factory=list)
    problems: list[str] = dataclasses.field(default_factory=list)

    def answer(self, asked: Asked) -> Answer:
        self.notices.append(asked.body)
        return Answer(200, {})

    def judge(self, asked: Asked, answer: Answer) -> str | None:  # noqa: ARG002 - there is nothing to judge by
        return None


@pytest.fixture
def webhook(playbooks: Playbooks) -> Iterator[Webhook]:
    found = Webhook()
    with serving(found) as address:
        playbooks.env["WEBHOOK"] = f"{address}/turso"
        yield found


RUNS: list[tuple[str, float, Play, str]] = [
    ("rotated", 120, telling(*ORDERED, COMMIT), "rotated"),
    ("nothing is due", 1, telling(*ORDERED, COMMIT), "unchanged"),
    ("the delivery fails", 120, telling(ORDERED[0], FAILING, COMMIT), "failed"),
    ("nobody confirms", 120, telling(ORDERED[0], COMMIT), "failed"),
    ("an entry is wrong", 120, telling(rotate(tokens=[{"name": "ci", "group": "g"}])), "refused"),
    (
        "no metrics can be written",
        120,
        telling(rotate("ci"), turso_rotate_metrics_file="{{ playbook_dir }}"),
        "refused",
    ),
]


@pytest.mark.parametrize(("age_days", "playing", "outcome"), cases(RUNS, sample=("the delivery fails",)))
def test_a_notice_says_how_it_ended(
    simulator: Simulator, playbooks: Playbooks, webhook: Webhook, age_days: float, playing: Play, outcome: str
) -> None:
    simulator.given("ci", organization="acme", age_days=age_days)
    playbooks.write("notice.yml", NOTICE)
    played = playbooks.play([playing])
    assert played.ok is (outcome in ("rotated", "unchanged")), played.output
    assert [notice["outcome"] for notice in webhook.notices] == [outcome]
    assert not any(secret in str(webhook.notices) for secret in simulator.canaries)


@heavy
def test_a_commit_that_the_api_refuses_is_told_and_a_webhook_that_is_down_undoes_nothing(
    simulator: Simulator, playbooks: Playbooks, webhook: Webhook
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("notice.yml", NOTICE)
    rotation = telling(*ORDERED, COMMIT, turso_rotate_pending_minutes=0)
    for call in ("revoke", "org_revoke"):
        simulator.faults.add(call, faults.Status(403), times=None)
    assert not playbooks.play([rotation]).ok
    (notice,) = webhook.notices
    assert (notice["outcome"], simulator.alive(old.secret)) == ("failed", True)
    simulator.faults.clear()
    webhook.faults.append(Fault("POST", "/turso", Answer(503)))
    assert not playbooks.play([rotation]).ok
    assert not simulator.alive(old.secret)


def test_a_token_that_nears_its_end_is_told_though_nothing_is_issued(
    simulator: Simulator, playbooks: Playbooks, webhook: Webhook
) -> None:
    """The database lets everybody in but this machine, so nobody knows whether the token in use works."""
    simulator.given("ci", organization="acme")
    shop = simulator.add_database("shop")
    playbooks.write("notice.yml", NOTICE)
    file = {"to": "file", "path": "{{ playbook_dir }}/shop", "takes_effect_hours": 0}
    tokens = [entry("ci"), entry("shop", file, kind="sql", database="shop")]
    rotation = telling(rotate(tokens=tokens))
    first = playbooks.play([rotation])
    assert first.ok, first.output
    shop.keeps_out = "community.turso"
    simulator.advance(days=75)
    played = playbooks.play([rotation])
    assert not played.ok
    assert [notice["outcome"] for notice in webhook.notices] == ["rotated", "failed"]
    reports = {report["name"]: report for report in webhook.notices[-1]["report"]}
    assert {name: report["action"] for name, report in reports.items()} == {"ci": "unchanged", "shop": "failed"}
    assert "ends" in reports["shop"]["msg"]
    assert len(created(simulator)) == 1  # by the first run


def samples(playbooks: Playbooks) -> dict[str, float]:
    """Return the value of each metric of the token `ci`."""
    families = text_string_to_metric_families((playbooks.directory / METRICS).read_text())
    return {
        sample.name: sample.value for family in families for sample in family.samples if sample.labels["name"] == "ci"
    }


def test_the_metrics_tell_of_success_and_of_failure(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    rotation = telling(*ORDERED, COMMIT, turso_rotate_notify="")
    assert playbooks.play([rotation]).ok
    first = samples(playbooks)
    assert (first["turso_token_active_versions"], first["turso_token_age_seconds"] < 600) == (1, True)
    assert "turso_rotation_last_failure_timestamp_seconds" not in first
    simulator.faults.add("list", faults.Status(403), times=None)
    assert not playbooks.play([rotation]).ok
    second = samples(playbooks)
    success = "turso_rotation_last_success_timestamp_seconds"
    assert second[success] == first[success]
    assert second["turso_rotation_last_failure_timestamp_seconds"] >= first[success]
    assert (playbooks.directory / METRICS).stat().st_mode & 0o777 == 0o644


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("a file that cannot be replaced", {"turso_rotate_metrics_file": "none/turso.prom"}, "cannot be replaced"),
    ("no file", {"turso_rotate_notify": "none.yml"}, "turso_rotate_notify: the tasks file"),
    ("a file without a task", {"turso_rotate_notify": "empty.yml"}, "holds no task"),
]


@heavy
def test_what_could_not_be_told_is_refused_before_the_first_request(simulator: Simulator, playbooks: Playbooks) -> None:
    playbooks.write("empty.yml", [])
    plays = [
        play({"block": [rotate("ci")], "rescue": [{"ansible.builtin.debug": {"msg": f"refused {title}"}}]}, vars=given)
        for title, given, _said in REFUSED
    ]
    text = " ".join(playbooks.play(plays).output.split())
    assert [said for _title, _given, said in REFUSED if said not in text] == []
    assert [title for title, _given, _said in REFUSED if f"refused {title}" not in text] == []
    assert simulator.requests == []
