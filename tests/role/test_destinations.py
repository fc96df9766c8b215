# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Destinations in the rotation, really played: asked before the issue, delivered to, looked at, and only then the old token goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.destinations import github, serving
from tests.no_leak.canaries import Canaries
from tests.playbooks import Playbooks, Played, heavy, with_one_core
from tests.role.plays import (
    COMMIT,
    SHOW,
    UNREACHABLE,
    Play,
    Task,
    confirm,
    created,
    delivered,
    entry,
    play,
    report_in,
    revoked,
    rotate,
    versions,
)
from tests.simulator import Simulator

HERE = "{{ playbook_dir }}"
CI = f"{HERE}/delivered-ci"


def spoil(name: str) -> Task:
    """Return what somebody else does between the delivery and the commit."""
    return {"put_file": {"content": "somebody else's", "dest": f"{HERE}/delivered-{name}"}}


APP, SECRET = "repos/acme/app/actions", "TURSO_API_TOKEN"
FORBIDDEN = serving.Answer(403, {"message": "Resource not accessible by personal access token", "status": "403"})
EVERYTHING = ("-vvv", "--diff")
SLOW_SECONDS = 600  # a play with many tasks, on a machine that has others to do


class GitHub(github.GitHub):
    """Has somebody else write a secret when a play asks for that."""

    def answer(self, asked: serving.Asked) -> serving.Answer:
        if asked.path == "/somebody-writes":
            self.have_secret(APP, SECRET, "somebody else's")
            return serving.Answer(204)
        return super().answer(asked)

    def judge(self, asked: serving.Asked, answer: serving.Answer) -> str | None:
        return None if asked.path == "/somebody-writes" else super().judge(asked, answer)


@pytest.fixture
def hub(playbooks: Playbooks) -> Iterator[GitHub]:
    """A stand-in for GitHub with one repository, which the environment of every play names."""
    hub, credential = GitHub(), github.token()
    hub.have_repository("acme/app")
    hub.credentials = {credential: github.Credential()}
    with serving.serving(hub) as url:
        playbooks.env |= {"GITHUB_API_URL": url, "GH_TOKEN": credential}
        yield hub
    assert hub.problems == []


def into_github(name: str = SECRET) -> dict[str, Any]:
    return {"to": "github_secret", "repository": "acme/app", "name": name, "takes_effect_hours": 0}


def state_of(playbooks: Playbooks, name: str) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((playbooks.directory / "state.json").read_text())["tokens"][name]
    return state


def shown(playbooks: Playbooks, simulator: Simulator, *plays: Play) -> Played:
    """Play with everything shown that can be shown, and a report for a build server; none of that tells a secret."""
    reports = playbooks.directory / "reports"
    env = {"ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit", "JUNIT_OUTPUT_DIR": str(reports)}
    played = playbooks.play(list(plays), *EVERYTHING, env=env, timeout=SLOW_SECONDS)
    canaries = Canaries([*simulator.canaries, playbooks.env["GH_TOKEN"]])
    assert list(canaries.find(played.output)) == []
    assert list(canaries.find_in_files(reports, but=[])) == []
    assert any(Path(reports).iterdir())
    return played


def into(path: str = CI, **options: Any) -> dict[str, Any]:
    return {"to": "file", "path": path, "takes_effect_hours": 0, **options}


def rotation(*deliver: dict[str, Any], **settings: Any) -> Play:
    return play(rotate(tokens=[entry("ci", *deliver or (into(),))], **settings), SHOW)


@pytest.mark.promise(1)
def test_the_role_delivers_looks_and_commits_by_itself(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play([rotation()])
    assert played.ok, played.output
    assert not simulator.alive(old.secret)
    assert simulator.alive(delivered(playbooks, "ci") or "")
    assert len(versions(simulator, "ci")) == 1
    assert report_in(played.output)["ci"]["evidence"] == [{"to": "file", "host": "localhost", "by": "read back"}]
    assert not any(secret in played.output for secret in simulator.canaries)


@heavy
@pytest.mark.promise(6)
def test_a_run_after_it_changes_nothing(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    assert playbooks.play([rotation()]).ok
    again = playbooks.play([rotation()])
    assert (again.ok, again.recap["changed"]) == (True, 0), again.output


@heavy
@with_one_core
def test_a_tag_of_the_role_reaches_the_destinations(simulator: Simulator, playbooks: Playbooks) -> None:
    task = {**rotate(tokens=[entry("ci", into())], by="import_role"), "tags": "rotate"}
    played = playbooks.play([play(task)], "--tags", "rotate")
    assert played.ok, played.output
    assert simulator.alive(delivered(playbooks, "ci") or "")


@pytest.mark.promise(7)
def test_a_destination_that_would_refuse_is_found_out_before_the_issue(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    """The others go on."""
    old = simulator.given("ci", organization="acme", age_days=120)
    tokens = [entry("ci", into(), into(f"{HERE}/none/ci")), entry("cd", into(f"{HERE}/delivered-cd"))]
    played = playbooks.play([play(rotate(tokens=tokens))])
    assert not played.ok
    text = " ".join(played.output.split())
    assert "ci is due (aged), but file " in text
    assert "Nothing was issued." in text
    assert simulator.alive(old.secret)
    assert (len(versions(simulator, "ci")), len(versions(simulator, "cd"))) == (1, 1)
    assert simulator.alive(delivered(playbooks, "cd") or "")


@heavy
@with_one_core
def test_check_mode_asks_all_destinations_and_issues_nothing(
    simulator: Simulator, playbooks: Playbooks, hub: GitHub
) -> None:
    """What is due, and what is not."""
    simulator.given("ci", organization="acme", age_days=1)
    simulator.given("cd", organization="acme", age_days=120)
    playbooks.write(".env", "TOKEN=old\n")
    in_env = {"to": "env_file", "path": f"{HERE}/.env", "variable": "TOKEN", "takes_effect_hours": 0}
    tokens = [entry("ci", into(f"{HERE}/none/ci")), entry("cd", into(), in_env, into_github())]
    played = playbooks.play([play(rotate(tokens=tokens, state_file="state.json"), SHOW)], "--check")
    said = " ".join(played.output.split())
    assert f"file {playbooks.directory}/none/ci: " in said
    assert "cd: only the delivery itself shows whether github_secret acme/app TURSO_API_TOKEN accepts the value" in said
    assert simulator.writes == []
    assert {method for method, _path in hub.asked} == {"GET"}
    assert delivered(playbooks, "ci") is None
    assert (playbooks.directory / ".env").read_text() == "TOKEN=old\n"
    assert not (playbooks.directory / "state.json").exists()


@pytest.mark.promise(1)
def test_a_value_that_somebody_else_changed_before_the_commit_keeps_the_old_token(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    """With the entry points of one's own order, and with a recipient of the play, which confirms."""
    old = [simulator.given(name, organization="acme", age_days=120) for name in ("cd", "ci")]
    cd, ci = ([entry(name, into(f"{HERE}/delivered-{name}"), {"to": "play"})] for name in ("cd", "ci"))
    committed = {"block": [COMMIT], "rescue": [{"ansible.builtin.debug": {"msg": "The commit failed."}}]}
    played = playbooks.play(
        [
            play(rotate(tokens=cd, tasks_from="issue"), confirm(), spoil("cd"), committed),
            play(rotate(tokens=ci), spoil("ci"), confirm()),
        ]
    )
    assert not played.ok
    said = " ".join(played.output.split())
    assert "The commit failed." in said
    for name in ("cd", "ci"):
        assert f"{name} holds another value, which is not a token that can be identified. Nothing was revoked" in said
    assert revoked(simulator) == []
    assert all(simulator.alive(token.secret) for token in old)


@heavy
@pytest.mark.promise(1)
def test_destinations_and_the_play_confirm_together(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play([play(rotate(tokens=[entry("ci", into(), {"to": "play"})]), confirm())])
    assert played.ok, played.output
    assert not simulator.alive(old.secret)


@heavy
@pytest.mark.promise(1)
def test_a_destination_alone_does_not_confirm_for_the_play(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play([play(rotate(tokens=[entry("ci", into(), {"to": "play"})]))])
    assert not played.ok
    assert simulator.alive(old.secret)


@heavy
@pytest.mark.promise(1, 2, 7, 8)
def test_a_destination_that_fails_for_days_costs_two_versions_and_is_served_by_the_next_run(
    simulator: Simulator, playbooks: Playbooks, hub: GitHub
) -> None:
    """The value is had from the destination that took it."""
    old = simulator.given("ci", organization="acme", age_days=120)
    hub.have_secret(APP, SECRET, old.secret)
    hub.faults = [serving.Fault("PUT", SECRET, FORBIDDEN, is_done=False, times=3)]
    both = rotation(into(), into_github(), state_file="state.json")
    for _day in range(3):
        assert not shown(playbooks, simulator, both).ok
        assert (simulator.alive(old.secret), hub.value(APP, SECRET)) == (True, old.secret)
        assert len(versions(simulator, "ci")) == 2
        simulator.advance(days=1)
    played = shown(playbooks, simulator, both)
    assert played.ok, played.output
    report = report_in(played.output)["ci"]
    assert (report["reason"], [found["by"] for found in report["evidence"]]) == ("unfinished", ["read back", "receipt"])
    assert len(created(simulator)) == 1
    assert not simulator.alive(old.secret)
    assert simulator.alive(hub.value(APP, SECRET))
    assert delivered(playbooks, "ci") == hub.value(APP, SECRET)
    state = state_of(playbooks, "ci")
    assert (state["pending"], state["current"]["name"]) == (None, versions(simulator, "ci")[0])


@heavy
@pytest.mark.promise(1, 2, 7)
def test_what_nobody_took_is_withdrawn_and_a_lost_answer_counts_as_taken(
    simulator: Simulator, playbooks: Playbooks, hub: GitHub
) -> None:
    old = [simulator.given(name, organization="acme", age_days=120) for name in ("nobody", "lost")]
    hub.faults = [serving.Fault("PUT", "NOBODY", FORBIDDEN, is_done=False), serving.Fault("PUT", "LOST")]
    tokens = [entry("nobody", into_github("NOBODY")), entry("lost", into_github("LOST"))]
    played = shown(playbooks, simulator, play(rotate(tokens=tokens, state_file="state.json")))
    assert not played.ok
    assert all(simulator.alive(token.secret) for token in old)
    assert versions(simulator, "nobody") == ["nobody"]
    assert state_of(playbooks, "nobody")["pending"] is None
    assert "no destination took the new value" in " ".join(played.output.split())
    assert len(versions(simulator, "lost")) == 2
    assert state_of(playbooks, "lost")["pending"]["name"] in versions(simulator, "lost")
    assert simulator.alive(hub.value(APP, "LOST"))


@heavy
@pytest.mark.promise(1)
def test_a_receipt_that_is_not_ours_any_more_keeps_the_old_token(
    simulator: Simulator, playbooks: Playbooks, hub: GitHub
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    somebody: Task = {
        "ansible.builtin.uri": {"url": playbooks.env["GITHUB_API_URL"] + "/somebody-writes", "status_code": 204}
    }
    issue = rotate(tokens=[entry("ci", into_github())], state_file="state.json", tasks_from="issue")
    played = shown(playbooks, simulator, play(issue, somebody, COMMIT))
    assert not played.ok
    assert f"github_secret acme/app {SECRET}: " in " ".join(played.output.split())
    assert revoked(simulator) == []
    assert simulator.alive(old.secret)


@heavy
@pytest.mark.promise(1, 2, 7)
def test_a_host_that_is_down_keeps_the_old_token(simulator: Simulator, playbooks: Playbooks) -> None:
    """Found out by the check; and one that goes down between the check and the delivery, which the next run serves."""
    old = simulator.given("ci", organization="acme", age_days=120)
    up = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    goes_down = {
        **up,
        **UNREACHABLE,
        "ansible_connection": "{{ 'ssh' if (playbook_dir ~ '/delivered-ci') is exists else 'local' }}",
    }
    there = into(f"{playbooks.directory}/on-hosts", hosts=["web"])
    for web2, said, count in (
        ({**up, **UNREACHABLE}, "Nothing was issued.", 1),
        (goes_down, "It is not known whether the value arrived", 2),
        (goes_down, "Nothing was issued.", 2),
    ):
        playbooks.write("hosts.yml", {"web": {"hosts": {"web1": up, "web2": web2}}})
        played = playbooks.play(
            [rotation(into(), there, state_file="state.json")], "-i", "hosts.yml", timeout=SLOW_SECONDS
        )
        assert not played.ok, played.output
        assert said in " ".join(played.output.split())
        assert (simulator.alive(old.secret), len(versions(simulator, "ci"))) == (True, count)
    confirmed = state_of(playbooks, "ci")["pending"]["destinations"]
    assert [label.rpartition(" ")[2] for label, at in confirmed.items() if at is None] == ["web2"]
    playbooks.write("hosts.yml", {"web": {"hosts": {"web1": up, "web2": up}}})
    played = playbooks.play([rotation(into(), there, state_file="state.json")], "-i", "hosts.yml", timeout=SLOW_SECONDS)
    assert played.ok, played.output
    assert (len(created(simulator)), simulator.alive(old.secret)) == (1, False)


@heavy
@with_one_core
@pytest.mark.promise(1)
def test_a_task_that_fails_while_it_asks_is_no_answer(simulator: Simulator, playbooks: Playbooks, hub: GitHub) -> None:
    """In a play that excuses failures: what was said before is not taken for an answer."""
    old = [simulator.given(name, organization="acme", age_days=120) for name in ("cd", "ci")]
    tokens = [entry("cd", into(f"{HERE}/delivered-cd")), entry("ci", into_github())]
    broken = "{{ nowhere if (playbook_dir ~ '/delivered-cd') is exists else {} }}"
    rotating = rotate(tokens=tokens, state_file="state.json")
    plays = [play(rotating, ignore_errors=True, vars={"turso_deliver_credentials": broken})]
    played = playbooks.play(plays, timeout=SLOW_SECONDS)
    assert not played.ok, played.output
    assert "github_secret_deliver failed, so it is not known what these destinations hold" in " ".join(
        played.output.split()
    )
    assert all(simulator.alive(token.secret) for token in old)
    assert (len(versions(simulator, "ci")), len(versions(simulator, "cd"))) == (2, 2)


REFUSED: list[tuple[str, list[dict[str, Any]], str]] = [
    ("no such destination", [entry("ci", {"to": "fax"})], "there is no destination 'fax'"),
    ("no such option", [entry("ci", into(mod="0600"))], "to: file has no option mod"),
    ("an option is missing", [entry("ci", {"to": "file", "takes_effect_hours": 0})], "path"),
    ("when it takes effect", [entry("ci", {"to": "file", "path": "/x"})], "needs takes_effect_hours"),
    ("two tokens", [entry("ci", into()), entry("cd", into(f"{HERE}/./delivered-ci"))], "delivered-ci of cd, so one"),
    ("one twice", [entry("ci", into(), into("delivered-ci"))], "twice"),
    ("no such host", [entry("ci", into("/x", hosts=["nowhere"]))], "come to no host of the inventory"),
    ("a relative path there", [entry("ci", into("x", hosts=["localhost"]))], "path must be absolute"),
]


@with_one_core
def test_what_cannot_be_is_refused_before_any_request(simulator: Simulator, playbooks: Playbooks) -> None:
    plays = [
        play({"block": [rotate(tokens=tokens)], "rescue": [{"ansible.builtin.debug": {"msg": f"refused {title}"}}]})
        for title, tokens, _said in REFUSED
    ]
    played = playbooks.play(plays)
    text = " ".join(played.output.split())
    assert [said for _title, _tokens, said in REFUSED if said not in text] == []
    assert [title for title, _tokens, _said in REFUSED if f"refused {title}" not in text] == []
    assert simulator.requests == []
