# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Destinations that are files: what becomes of what the module and the service manager of a host say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Item, Verdict
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils._destination_specs import item_of
from ansible_collections.community.turso.plugins.plugin_utils._destinations import _env_file, _file, _in_files
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Run

SECRET = "eyJhbGciOiJFZERTQSJ9.canary.canary"


class Host:
    """A host that answers what it is told to, and remembers what it was asked."""

    def __init__(self, outcomes: Any, *services: Any, uid: int = 0, check_mode: bool = False) -> None:
        self.outcomes, self.services, self.uid = outcomes, list(services), uid
        self.given: list[tuple[Mapping[str, Any], bool]] = []
        self.asked: list[tuple[str, str, bool]] = []
        self.run = Run(
            "web1", self._run_module, service=self._service, secrets=(SECRET,), check_mode=check_mode, loader=None
        )

    def _run_module(self, name: str, args: Mapping[str, Any], _environment: Any, check_mode: bool) -> dict[str, Any]:
        assert name == "community.turso.turso_delivery"
        self.given.append((args, check_mode))
        if isinstance(self.outcomes, Exception):
            raise self.outcomes
        if isinstance(self.outcomes, dict):
            return self.outcomes
        found = [
            {"verdict": word.rstrip("!"), "msg": "", "changed": "!" in word, "value": None} for word in self.outcomes
        ]
        return {"outcomes": found, "uid": self.uid}

    def _service(self, args: Mapping[str, Any], only_look: bool) -> dict[str, Any]:
        self.asked.append((args["name"], args["state"], only_look))
        answer = self.services.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)


def item(name: str = "ci", restart: str | None = None, confirmed: tuple[str, ...] = (), hosts: Any = ("web1",)) -> Item:
    options = {"path": "/srv/.env", "variable": name, "restart": restart}
    return Item(name, "env_file", f"/srv/.env {name}", options, hosts=hosts, secret=SECRET, is_confirmed_on=confirmed)


def words(verdicts: list[Verdict]) -> list[str]:
    return [each.verdict for each in verdicts]


def test_all_files_of_a_host_are_one_execution() -> None:
    host = Host(["delivered!", "delivered"])
    assert words(_file.deliver([item("a"), item("b")], host.run)) == ["delivered", "delivered"]
    ((args, _check_mode),) = host.given
    assert [file["variable"] for file in args["files"]] == ["a", "b"]
    assert [file["secret"] for file in args["files"]] == [SECRET, SECRET]


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_check_sends_no_value_and_is_one_in_check_mode(check_mode: bool) -> None:
    host = Host(["proven"], check_mode=check_mode)
    assert words(_env_file.check([item()], host.run)) == ["proven"]
    ((args, in_check_mode),) = host.given
    assert (args["files"][0]["secret"], in_check_mode) == (None, check_mode)


RESTARTS: list[tuple[str, list[str], list[Item], list[str], int]] = [
    ("one service is restarted once", ["delivered!", "delivered!"], [item("a", "app"), item("b", "app")], ["app"], 2),
    ("what did not change is restarted too", ["delivered"], [item(restart="app")], ["app"], 1),
    ("not where it is confirmed", ["delivered"], [item(restart="app", confirmed=("web1",))], [], 1),
    ("but where it changed", ["delivered!"], [item(restart="app", confirmed=("web1",))], ["app"], 1),
    ("confirmed elsewhere", ["delivered"], [item(restart="app", confirmed=("web2",))], ["app"], 1),
    ("of one that was not taken nothing", ["not taken"], [item(restart="app")], [], 0),
    ("two services", ["delivered!", "delivered!"], [item("a", "app"), item("b", "db")], ["app", "db"], 2),
    ("without a service", ["delivered!"], [item()], [], 1),
    ("on the control node", ["delivered"], [item(restart="app", confirmed=("",), hosts=())], [], 1),
]


@pytest.mark.parametrize(
    ("outcomes", "items", "services", "delivered"), [row[1:] for row in RESTARTS], ids=[r[0] for r in RESTARTS]
)
def test_what_reads_a_file_is_restarted(
    outcomes: list[str], items: list[Item], services: list[str], delivered: int
) -> None:
    host = Host(outcomes, *[{}] * 2 * len(services))
    verdicts = _env_file.deliver(items, host.run)
    assert words(verdicts).count("delivered") == delivered
    expected = [(name, state, look) for name in services for state, look in (("restarted", False), ("started", True))]
    assert host.asked == expected


DOWN = {"failed": True, "msg": f"no start of {SECRET}.\n"}
FAILING: list[tuple[str, list[Any], str | None]] = [
    ("it fails", [DOWN], "could not be restarted: no start of ***."),
    ("the host goes away", [AnsibleConnectionFailure("gone")], "could not be restarted: gone."),
    ("it is down right after", [{}, {"changed": True}], "it does not run after the restart."),
    ("nobody can say", [{}, DOWN], "could not be restarted: no start of ***."),
    ("it starts again and again", [{}, {"status": {"SubState": "auto-restart"}}], "it does not run"),
    (
        "a job that failed",
        [{}, {"changed": True, "status": {"Type": "oneshot", "Result": "exit-code"}}],
        "does not run",
    ),
    ("a job that is done", [{}, {"changed": True, "status": {"Type": "oneshot", "Result": "success"}}], None),
    ("it runs", [{}, {"changed": False, "status": {"Type": "simple", "SubState": "running"}}], None),
]


@pytest.mark.parametrize(("answers", "says"), [row[1:] for row in FAILING], ids=[row[0] for row in FAILING])
def test_a_restart_that_failed_is_no_delivery(answers: list[Any], says: str | None) -> None:
    (verdict,) = _env_file.deliver([item(restart="app")], Host(["delivered!"], *answers).run)
    assert verdict.verdict == ("delivered" if says is None else "unfinished")
    assert (says or "") in verdict.msg
    assert SECRET not in verdict.msg


CHECKS: list[tuple[str, list[str], list[Any], int, str, str]] = [
    ("a service", ["proven"], [{}], 0, "proven", ""),
    ("no such service", ["proven"], [DOWN], 0, "refused", "the service app cannot be restarted"),
    ("somebody who may perhaps not", ["proven"], [{}], 1000, "not known", "whether this user may restart app"),
    ("a file that is refused", ["refused"], [], 0, "refused", ""),
]


@pytest.mark.parametrize(
    ("outcomes", "answers", "uid", "verdict", "says"), [r[1:] for r in CHECKS], ids=[r[0] for r in CHECKS]
)
def test_a_check_looks_at_the_service(
    outcomes: list[str], answers: list[Any], uid: int, verdict: str, says: str
) -> None:
    host = Host(outcomes, *answers, uid=uid)
    (found,) = _env_file.check([item(restart="app")], host.run)
    assert (found.verdict, says in found.msg) == (verdict, True)
    assert host.asked == [("app", "restarted", True)] * len(answers)


FAILURES: list[Any] = [
    AnsibleConnectionFailure(f"lost while {SECRET}"),
    AnsibleError("no become"),
    {"failed": True, "msg": "MODULE FAILURE", "module_stderr": "sh: python3: not found\n", "module_stdout": ""},
]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize(("verb", "verdict"), [("check", "refused"), ("deliver", "lost"), ("read_back", "unreadable")])
def test_a_host_that_does_not_answer_is_a_verdict_on_each_item(failure: Any, verb: str, verdict: str) -> None:
    verdicts = getattr(_in_files, verb)([item("a", "app"), item("b")], Host(failure).run)
    assert words(verdicts) == [verdict, verdict]
    for found in verdicts:
        assert found.msg.startswith("web1: ")
        assert SECRET not in found.msg
    assert any(word in verdicts[0].msg for word in ("lost while ***", "no become", "python3: not found"))


def test_reading_back_says_by_what() -> None:
    verdicts = _env_file.read_back([item("a"), item("b")], Host(["confirmed", "other"]).run)
    assert [(each.verdict, each.by) for each in verdicts] == [("confirmed", "read back"), ("other", None)]


def short(**more: Any) -> dict[str, Any]:
    return {"name": "ci", "secret": SECRET, "options": {"path": "x", "takes_effect_hours": 0, **more}}


def read(raw: Mapping[str, Any], *hosts: str) -> Item:
    return item_of("file", raw, lambda _patterns: hosts, lambda path: f"/playbooks/{path}")


def test_a_short_item_is_completed() -> None:
    found = read(short())
    assert (found.address, found.hosts, found.options["mode"]) == ("/playbooks/x", (), "0600")
    assert found.sha256 is not None
    assert read({**short(), "secret": None}).sha256 is None


def test_a_whole_item_is_taken_as_it_is() -> None:
    assert read(item().as_json()) == item()


def test_hosts_are_resolved_and_have_to_come_to_some() -> None:
    raw = short(path="/x", hosts=["web"])
    assert read(raw, "web1", "web2").hosts == ("web1", "web2")
    with pytest.raises(Refused, match=r"hosts \(web\) come to no host of the inventory"):
        read(raw)
