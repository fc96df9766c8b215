# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Confirmations, really played: by value and by word, on the control node and on targets, in tasks files of the user's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.playbooks import Playbooks, cases, heavy, with_one_core
from tests.role.plays import (
    COMMIT,
    FAIL,
    READ_BACK,
    SHOW,
    UNREACHABLE,
    Play,
    Task,
    confirm,
    created,
    deliver,
    delivered,
    entry,
    play,
    report_in,
    revoked,
    rotate,
    versions,
)
from tests.simulator import Simulator

# The Python is not looked for: what is found may be a version manager's shim that runs nothing.
HERE: dict[str, Any] = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
HOSTS = ["-i", "hosts.yml"]
ON_WEB = {"to": "play", "hosts": ["web"]}
FACT = "{{ hostvars.localhost.turso_rotate_secrets }}"
TAKE: Task = {  # the consumer's copy, on each target
    "put_file": {
        "content": "{{ hostvars.localhost.turso_rotate_secrets.ci }}",
        "dest": "{{ playbook_dir }}/{{ inventory_hostname }}",
    },
    "no_log": True,
}
TAKEN = {
    "turso_rotate_read_back": {"ci": "{{ lookup('ansible.builtin.file', playbook_dir ~ '/' ~ inventory_hostname) }}"}
}
BY_VALUE = {**confirm(), "vars": TAKEN}


def inventory(playbooks: Playbooks, **web2: Any) -> None:
    hosts = {"web1": HERE, "web2": {**HERE, **web2}}
    playbooks.write("hosts.yml", {"web": {"hosts": hosts}, "db": {"hosts": {"db1": HERE}}})


def three_plays(
    *confirming: Task, recipient: dict[str, Any] = ON_WEB, hosts: str = "web", **keywords: Any
) -> list[Play]:
    return [
        play(rotate(tokens=[entry("ci", recipient)], tasks_from="issue")),
        play(*confirming, hosts=hosts, **keywords),
        play(COMMIT, SHOW),
    ]


@pytest.mark.promise(1)
def test_the_last_play_revokes_what_every_host_confirmed(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    inventory(playbooks)
    played = playbooks.play(three_plays(TAKE, BY_VALUE), *HOSTS)
    assert played.ok, played.output
    assert not simulator.alive(old.secret)
    assert report_in(played.output)["ci"]["evidence"] == [
        {"to": "play", "host": "web1", "by": "read back"},
        {"to": "play", "host": "web2", "by": "read back"},
    ]


ONLY_WEB1 = {"when": "inventory_hostname == 'web1'"}
ON_WEB2 = {"when": "inventory_hostname == 'web2'"}
FAILS_LATER: Task = {"ansible.builtin.debug": {"msg": "delivered"}, "changed_when": True, "notify": "Restart"}
BROKEN: dict[str, Any] = {"handlers": [{"name": "Restart", **FAIL, **ON_WEB2}]}
OTHER: Task = {"put_file": {"content": "old", "dest": "{{ playbook_dir }}/{{ inventory_hostname }}"}}
MISSING: list[tuple[str, list[Play], dict[str, Any], str]] = [
    (
        "a host is unreachable",
        three_plays({"ansible.builtin.ping": {}}, confirm()),
        UNREACHABLE,
        "not confirmed by web2",
    ),
    ("a host confirmed nothing", three_plays(TAKE, {**confirm(), **ONLY_WEB1}), {}, "not confirmed by web2"),
    ("a host failed before", three_plays({**FAIL, **ON_WEB2}, confirm()), {}, "not confirmed by web2"),
    (
        "a host confirmed for all",
        three_plays({**confirm(by="import_role"), "run_once": True}),
        {},
        "not confirmed by web2",
    ),
    (
        "a restart failed after the confirmation",
        three_plays(TAKE, FAILS_LATER, BY_VALUE, **BROKEN),
        {},
        "its handlers did not run to their end",
    ),
    (
        "a host has another value",
        three_plays(TAKE, {**OTHER, **ON_WEB2}, {**BY_VALUE, "ignore_errors": True}),
        {},
        "web2 has another value of ci",
    ),
    (
        "a word follows another value",
        three_plays(OTHER, {"block": [BY_VALUE], "rescue": [confirm()]}),
        {},
        "has another value of ci",
    ),
    ("a play that was left out", three_plays(confirm(), hosts="nobody"), {}, "not confirmed by web1, web2"),
]


@pytest.mark.promise(1)
@with_one_core
@pytest.mark.parametrize(("plays", "web2", "says"), cases(MISSING, sample=("a host is unreachable",)))
def test_nothing_is_revoked_where(
    simulator: Simulator, playbooks: Playbooks, plays: list[Play], web2: dict[str, Any], says: str
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    inventory(playbooks, **web2)
    played = playbooks.play(plays, *HOSTS)
    assert not played.ok, played.output
    assert says in " ".join(played.output.split())
    assert simulator.alive(old.secret)
    assert revoked(simulator) == []


@heavy
@pytest.mark.promise(1)
def test_a_restart_that_fails_on_a_target_keeps_the_old_token(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    inventory(playbooks)
    played = playbooks.play(three_plays(TAKE, FAILS_LATER, BY_VALUE, **BROKEN), *HOSTS)
    assert not played.ok
    assert simulator.alive(old.secret)


@heavy
@with_one_core
def test_a_host_that_nobody_named_cannot_confirm(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    inventory(playbooks)
    played = playbooks.play(three_plays(confirm(), hosts="db"), *HOSTS)
    assert not played.ok
    assert "db1 confirms, but no entry names it" in " ".join(played.output.split())


@heavy
@with_one_core
def test_on_a_day_when_nothing_is_due_no_target_does_anything(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=1)
    inventory(playbooks)
    not_there = {"turso_rotate_read_back": {"ci": "{{ lookup('ansible.builtin.file', '/not/there') }}"}}
    played = playbooks.play(three_plays({**confirm(), "vars": not_there}), *HOSTS)
    assert played.ok, played.output
    assert "changed=0" in played.output
    assert "changed=1" not in played.output


VALUES: list[tuple[str, Any, str]] = [  # NAME stands for the token
    ("what the consumer has", READ_BACK, ""),
    (
        "its digest",
        "sha256:{{ lookup('ansible.builtin.file', playbook_dir ~ '/delivered-NAME') | hash('sha256') }}",
        "",
    ),
    ("with a newline at its end", READ_BACK + "\n", ""),
    ("another value", "other", "has another value of NAME"),
    ("the old value", "{{ lookup('ansible.builtin.file', playbook_dir ~ '/old-NAME') }}", "that of NAME"),
    ("an empty value", "", "read back nothing for NAME"),
    ("null", None, "read back nothing for NAME"),
    ("what was issued", "{{ turso_rotate_secrets.NAME }}", "compared with itself"),
    ("what was issued, by another variable", "{{ mine.NAME }}", "compared with itself"),
]


def told_by(*tries: Task) -> list[Task]:
    """Return tasks that go on after each try that fails, with what it said."""
    said: Task = {"ansible.builtin.debug": {"msg": "SAID{{ number }}={{ ansible_failed_result.msg }}"}}
    return [{"block": [task], "rescue": [{**said, "vars": {"number": number}}]} for number, task in enumerate(tries)]


def said_by(number: int, output: str) -> str:
    """Return what a try said, or nothing where it did not fail."""
    return " ".join(output.split()).partition(f'"SAID{number}=')[2].partition('"SAID')[0].partition("TASK [")[0]


@pytest.mark.promise(1)
@with_one_core
def test_read_back_is_compared_with_what_was_issued(simulator: Simulator, playbooks: Playbooks) -> None:
    """All in one play, a token for each row."""
    names = [f"t{number}" for number in range(len(VALUES))]
    old = {name: simulator.given(name, organization="acme", age_days=120) for name in names}
    tries = []
    for name, (_what, value, _says) in zip(names, VALUES, strict=True):
        playbooks.write(f"old-{name}", old[name].secret)
        given = value.replace("NAME", name) if value else value
        tries.append({**confirm(), "vars": {"turso_rotate_read_back": {name: given}}})
    playing = play(rotate(*names), deliver(*names), *told_by(*tries), vars={"mine": "{{ turso_rotate_secrets }}"})
    played = playbooks.play([playing])
    assert not played.ok
    for number, (name, (what, _value, says)) in enumerate(zip(names, VALUES, strict=True)):
        said = said_by(number, played.output)
        assert bool(said) is bool(says), what
        assert says.replace("NAME", name) in said, what
        assert simulator.alive(old[name].secret) is bool(says), what
    assert all(canary not in played.output for canary in simulator.canaries)


NAMES: list[tuple[str, Any, str]] = [
    ("that is no entry's", {"other": "x"}, "which is no entry"),
    ("in an empty dictionary", {}, "must be a dictionary"),
    ("in a list", ["ci"], "must be a dictionary"),
]


@heavy
@with_one_core
def test_names_are_those_of_entries(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    tries = [{**confirm(), "vars": {"turso_rotate_read_back": given}} for _what, given, _says in NAMES]
    played = playbooks.play([play(rotate("ci"), deliver("ci"), *told_by(*tries))])
    assert not played.ok
    for number, (what, _given, says) in enumerate(NAMES):
        assert says in said_by(number, played.output), what
    assert revoked(simulator) == []


@heavy
@with_one_core
def test_a_value_that_is_right_after_all_takes_the_refusal_back(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    wrong = {**confirm(), "vars": {"turso_rotate_read_back": {"ci": "other"}}}
    again = {"block": [wrong], "rescue": [confirm("ci")]}
    played = playbooks.play([play(rotate("ci"), deliver("ci"), again)])
    assert played.ok, played.output
    assert not simulator.alive(old.secret)


@heavy
def test_in_check_mode_nothing_is_read_back(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play([play(rotate("ci"), deliver("ci"), confirm("ci"))], "--check")
    assert played.ok, played.output
    assert simulator.writes == []
    assert "1 to rotate, 0 to revoke, 0 unchanged" in played.output


WRITE: Task = {
    "put_file": {
        "content": "{{ turso_rotate_item.secret }}",
        "dest": "{{ playbook_dir }}/delivered-{{ turso_rotate_item.name }}",
    },
    "no_log": True,
}


def set_as_read_back(name: str, value: str) -> Task:
    return {"ansible.builtin.set_fact": {"turso_rotate_read_back": {name: value}}, "no_log": True}


def confirm_as(given: Any) -> Task:
    return {**confirm(), "vars": {"turso_rotate_read_back": given}}


FILES: list[tuple[str, Callable[[str], list[Task]], bool]] = [
    ("sets what it read back", lambda name: [WRITE, set_as_read_back(name, "{{ turso_rotate_item.secret }}")], True),
    ("include confirm as the last task", lambda _name: [WRITE, confirm()], True),
    ("includes confirm by value", lambda name: [WRITE, confirm(name)], True),
    ("only reaches its end", lambda _name: [WRITE], False),
    ("fails", lambda _name: [WRITE, FAIL], False),
    ("fails after it confirmed", lambda _name: [WRITE, confirm(), FAIL], False),
    ("sets another value", lambda name: [set_as_read_back(name, "other")], False),
    ("misspells a variable", lambda _name: [{"ansible.builtin.debug": {"msg": "{{ turso_rotate_item.secert }}"}}], False),
]  # fmt: skip


@heavy
@pytest.mark.promise(1)
def test_a_tasks_file_confirms_only_by_what_it_says(simulator: Simulator, playbooks: Playbooks) -> None:
    """All in one run, a token for each row."""
    names = [f"t{number}" for number in range(len(FILES))]
    old = {name: simulator.given(name, organization="acme", age_days=120) for name in names}
    for name, (_what, tasks, _confirms) in zip(names, FILES, strict=True):
        playbooks.write(f"{name}.yml", tasks(name))
    tokens = [entry(name, {"tasks": f"{name}.yml"}) for name in names]
    played = playbooks.play([play(rotate(tokens=tokens))])
    assert not played.ok
    for name, (what, _tasks, confirms) in zip(names, FILES, strict=True):
        assert simulator.alive(old[name].secret) is not confirms, what
        assert not confirms or simulator.alive(delivered(playbooks, name) or ""), what


@heavy
@with_one_core
def test_a_tasks_file_that_fails_keeps_no_other_token_from_its_own(simulator: Simulator, playbooks: Playbooks) -> None:
    for name in ("a", "b"):
        simulator.given(name, organization="acme", age_days=120)
    playbooks.write("fails.yml", [FAIL])
    playbooks.write("works.yml", [WRITE, confirm()])
    tokens = [entry("a", {"tasks": "fails.yml"}), entry("b", {"tasks": "works.yml"})]
    played = playbooks.play([play(rotate(tokens=tokens))])
    assert not played.ok
    assert [len(versions(simulator, name)) for name in ("a", "b")] == [2, 1]


@heavy
@with_one_core
def test_what_one_tasks_file_read_back_is_not_taken_for_another_token(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    for name in ("a", "b"):
        simulator.given(name, organization="acme", age_days=120)
    both = {name: f"{{{{ turso_rotate_secrets.{name} }}}}" for name in ("a", "b")}
    playbooks.write("a.yml", [{"ansible.builtin.set_fact": {"turso_rotate_read_back": both}, "no_log": True}])
    playbooks.write("b.yml", [{"ansible.builtin.debug": {"msg": "nothing"}}])
    tokens = [entry("a", {"tasks": "a.yml"}), entry("b", {"tasks": "b.yml"})]
    played = playbooks.play([play(rotate(tokens=tokens))])
    assert not played.ok
    assert [len(versions(simulator, name)) for name in ("a", "b")] == [1, 2]


@heavy
@with_one_core
def test_a_token_for_a_tasks_file_and_the_play_needs_both(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("deliver.yml", [WRITE, confirm()])
    tokens = [entry("ci", {"tasks": "deliver.yml"}, {"to": "play"})]
    played = playbooks.play([play(rotate(tokens=tokens))])
    assert not played.ok
    assert "Not confirmed: ci (localhost)" in " ".join(played.output.split())
    assert simulator.alive(old.secret)
    played = playbooks.play([play(rotate(tokens=tokens, pending_minutes=0), confirm("ci"))])
    assert played.ok, played.output
    assert not simulator.alive(old.secret)


@heavy
@pytest.mark.promise(1)
def test_what_a_tasks_file_read_back_hides_nothing_that_the_play_says(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    for name in ("a", "b"):
        simulator.given(name, organization="acme", age_days=120)
    read = {"turso_rotate_read_back": {"a": READ_BACK.replace("NAME", "a")}}
    playbooks.write("a.yml", [WRITE, {"ansible.builtin.set_fact": read, "no_log": True}])
    playbooks.write("delivered-b", "something else")
    tokens = [entry("a", {"tasks": "a.yml"}), entry("b")]
    variables = {"turso_rotate_read_back": {"b": READ_BACK.replace("NAME", "b")}}
    played = playbooks.play([play(rotate(tokens=tokens), confirm(), vars=variables)])
    assert not played.ok
    assert "localhost has another value of b" in " ".join(played.output.split())
    assert len(versions(simulator, "b")) == 2


BY_ITSELF: list[tuple[str, Callable[[str], Any]]] = [
    ("its value", lambda name: {name: "{{ turso_rotate_item.secret }}"}),
    ("its digest", lambda name: {name: "sha256:{{ turso_rotate_item.sha256 }}"}),
    ("by its own name", lambda _name: "{{ {turso_rotate_item.name: turso_rotate_item['secret']} }}"),
]


@heavy
@pytest.mark.promise(1)
@with_one_core
def test_an_item_is_not_compared_with_itself(simulator: Simulator, playbooks: Playbooks) -> None:
    names = [f"t{number}" for number in range(len(BY_ITSELF))]
    old = {name: simulator.given(name, organization="acme", age_days=120) for name in names}
    tries = [confirm_as(given(name)) for name, (_what, given) in zip(names, BY_ITSELF, strict=True)]
    for name, tries_of_it in zip(names, told_by(*tries), strict=True):
        playbooks.write(f"{name}.yml", [tries_of_it])
    tokens = [entry(name, {"tasks": f"{name}.yml"}) for name in names]
    played = playbooks.play([play(rotate(tokens=tokens))])
    assert not played.ok
    for number, (name, (what, _given)) in enumerate(zip(names, BY_ITSELF, strict=True)):
        assert "compared with itself" in said_by(number, played.output), what
        assert simulator.alive(old[name].secret), what


@heavy
@pytest.mark.promise(8)
@with_one_core
def test_a_name_and_a_value_that_were_swapped_are_not_shown(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    swapped = "{{ {lookup('ansible.builtin.file', playbook_dir ~ '/delivered-ci'): 'ci'} }}"
    task = {**confirm(), "vars": {"turso_rotate_read_back": swapped}}
    played = playbooks.play([play(rotate("ci"), deliver("ci"), task)])
    assert not played.ok
    assert "names something that is not a name" in " ".join(played.output.split())
    assert not any(secret in played.output for secret in simulator.canaries)


PATTERNS: list[tuple[str, list[str], list[str]]] = [
    ("an exclusion", ["web", "!web2"], ["web1"]),
    ("an intersection", ["all", "&db"], ["db1"]),
]


@heavy
@with_one_core
@pytest.mark.parametrize(("patterns", "hosts"), cases(PATTERNS, sample=("an exclusion",)))
def test_hosts_takes(simulator: Simulator, playbooks: Playbooks, patterns: list[str], hosts: list[str]) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    inventory(playbooks)
    plays = three_plays(confirm(), recipient={"to": "play", "hosts": patterns}, hosts=hosts[0])
    played = playbooks.play(plays, *HOSTS)
    assert played.ok, played.output
    assert not simulator.alive(old.secret)


TYPO = {"to": "play", "hosts": ["web1", "wbe2"]}
BEFORE_ANY_REQUEST: list[tuple[str, Any, dict[str, Any], str]] = [
    ("an empty deliver", [entry("ci") | {"deliver": []}], {}, "deliver names nobody"),
    ("a null deliver", [entry("ci") | {"deliver": None}], {}, "deliver"),
    ("hosts that come to no host", [entry("ci", {"to": "play", "hosts": ["nobody"]})], {"tasks_from": "issue"}, "come to no host"),
    ("empty hosts", [entry("ci", {"to": "play", "hosts": []})], {"tasks_from": "issue"}, "hosts is empty"),
    ("null hosts", [entry("ci", {"to": "play", "hosts": None})], {"tasks_from": "issue"}, "hosts is null"),
    ("hosts of a later play in main", [entry("ci", ON_WEB)], {}, "need the entry points issue and commit"),
    ("no vault file", [entry("ci", {"to": "vault_file", "takes_effect_hours": 0})], {}, "needs turso_rotate_vault_file"),
    ("one host that there is not", [entry("ci", TYPO)], {"tasks_from": "issue"}, "hosts wbe2 come to no host"),
    ("a tasks file with a typing error", [entry("ci", {"tasks": "typo.yml"})], {}, "cannot be run"),
    ("a tasks file that is not there", [entry("ci", {"tasks": "none.yml"})], {}, "does not exist"),
    ("a tasks file of comments", [entry("ci", {"tasks": "empty.yml"})], {}, "holds no task"),
    ("a destination that there is not", [entry("ci", {"to": "moon"})], {}, "there is no destination 'moon'"),
    ("a misspelt key", [entry("ci", grace_hour=1)], {}, "grace_hour"),
    ("a null organization", [{"name": "ci", "organization": None}], {}, "organization is null"),
    ("a credential that there is not", [entry("ci", credential="other")], {}, "has no 'other'"),
    ("grace without a state file", [entry("ci", grace_hours=1)], {}, "needs turso_rotate_state_file"),
    ("a name twice", [entry("ci"), entry("ci")], {}, "used more than once"),
    ("a SQL token without a record", [entry("ci", kind="sql", database="shop")], {}, "keeps no record"),
    ("an option of SQL tokens", [entry("ci", expires_in="90d")], {}, "expires_in is for SQL tokens"),
]  # fmt: skip
# What is asked of Ansible, and a row of each kind of entry.
OF_THE_PLAY = (
    "hosts that come to no host",
    "hosts of a later play in main",
    "no vault file",
    "a tasks file with a typing error",
    "a destination that there is not",
    "a misspelt key",
    "a SQL token without a record",
)


@with_one_core
@pytest.mark.parametrize(
    "rows",
    cases(
        [
            ("of the play and of kinds", [row for row in BEFORE_ANY_REQUEST if row[0] in OF_THE_PLAY]),
            ("of an entry", [row for row in BEFORE_ANY_REQUEST if row[0] not in OF_THE_PLAY]),
        ],
        sample=("of the play and of kinds",),
    ),
)
def test_what_can_be_told_without_the_api_refuses_the_run(
    simulator: Simulator, playbooks: Playbooks, rows: list[tuple[str, Any, dict[str, Any], str]]
) -> None:
    """All in one play, each in a block that goes on."""
    inventory(playbooks)
    playbooks.write("empty.yml", "# nothing but this\n")
    playbooks.write("typo.yml", [{"ansible.builtin.copyy": {"content": "", "dest": "x"}}])
    tries = [rotate(tokens=tokens, **settings) for _what, tokens, settings, _says in rows]
    played = playbooks.play([play(*told_by(*tries))], *HOSTS)
    for number, (what, _tokens, _settings, says) in enumerate(rows):
        told = said_by(number, played.output)
        assert says in told, what
        assert "Nothing was issued." in told or "argument" in told, what
    assert simulator.requests == []


@heavy
@with_one_core
def test_issue_refuses_hosts_that_a_limit_leaves_out(simulator: Simulator, playbooks: Playbooks) -> None:
    inventory(playbooks)
    played = playbooks.play(three_plays(confirm()), *HOSTS, "--limit", "localhost,web1")
    assert not played.ok
    assert "--limit leaves web2 out of this run" in " ".join(played.output.split())
    assert created(simulator) == []


SEVERAL: list[tuple[str, dict[str, Any]]] = [
    ("has two hosts", {"hosts": "web"}),
    ("takes its hosts one by one", {"hosts": "web", "serial": 1}),
    ("runs the role once for all", {"hosts": "web", "run_once": True}),
]


@heavy
@with_one_core
def test_nothing_is_asked_of_the_api_where_a_play_has_several_hosts(simulator: Simulator, playbooks: Playbooks) -> None:
    inventory(playbooks)
    plays = []
    for number, (_what, keywords) in enumerate(SEVERAL):
        said: Task = {"ansible.builtin.debug": {"msg": f"SAID{number}={{{{ ansible_failed_result.msg }}}}"}}
        plays.append(play({"block": [rotate("ci")], "rescue": [said]}, **keywords))
    played = playbooks.play(plays, *HOSTS)
    for number, (what, _keywords) in enumerate(SEVERAL):
        assert "this play has 2 hosts" in said_by(number, played.output), what
    assert simulator.requests == []
