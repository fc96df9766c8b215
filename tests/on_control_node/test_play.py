# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a step asks of its play: hosts, facts, and where the task stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader

from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction, Use
from ansible_collections.community.turso.plugins.plugin_utils._play import TRANSACTION, Play, problem_with_tasks_file

GROUPS = {"all": ["localhost", "app1", "app2", "db1"], "app": ["app1", "app2"], "ungrouped": ["localhost", "db1"]}


@pytest.fixture(autouse=True)
def _limit() -> Iterator[None]:
    before = context.CLIARGS
    limit_to(None)
    yield
    context.CLIARGS = before


def limit_to(subset: str | None) -> None:
    context.CLIARGS = ImmutableDict(subset=subset)


def block(uuid: str, parent: Any = None) -> Any:
    return SimpleNamespace(_uuid=uuid, _parent=parent)


def play(task: Any = None, **variables: Any) -> Play:
    found = task or block("task", block("tasks"))
    found.play = SimpleNamespace(_uuid="p1", post_tasks=[block("post")])
    action: Any = SimpleNamespace(_task=found, _loader=DataLoader())
    known = {
        "inventory_hostname": "localhost",
        "ansible_play_hosts_all": ["localhost"],
        "ansible_play_hosts": ["localhost"],
        "groups": GROUPS,
        "hostvars": {},
        "playbook_dir": "/playbooks",
    }
    return Play(action, {**known, **variables})


def test_it_knows_itself() -> None:
    here = play(ansible_play_hosts_all=["localhost", "app1"], ansible_play_hosts=["app1"])
    assert (here.host, here.id, here.size, here.has_failed) == ("localhost", "p1", 2, True)
    assert play().has_failed is False


def test_it_knows_whether_the_task_stands_in_post_tasks() -> None:
    assert play(block("task", block("role", block("post")))).is_in_post_tasks is True
    assert play(block("task", block("role", block("tasks")))).is_in_post_tasks is False


FACTS = {"app1": {"x": 1}}


def test_facts_are_of_this_host_or_of_another_one() -> None:
    here = play(x=0, hostvars=FACTS)
    assert [here.fact("x"), here.fact("x", "localhost"), here.fact("x", "app1")] == [0, 0, 1]
    assert [here.fact("y"), here.fact("y", "app1"), here.fact("x", "app2")] == [None, None, None]


def of(host: str, *items: Item) -> str:
    """Return the text of a transaction whose entries name a host."""
    return Transaction([Use("p1", "db1", True, {}, ["ci"], [host], items=list(items))]).as_text()


ITEM = Item("ci", {}, "issue", {"name": "ci-1", "id": "1"})
OTHERS = of("web9")
WHERE: list[tuple[dict[str, Any], tuple[str | None, str]]] = [
    ({TRANSACTION: of("localhost")}, (of("localhost"), "localhost")),
    ({"inventory_hostname": "app1", "hostvars": {"localhost": {TRANSACTION: of("app1")}}}, (of("app1"), "localhost")),
    ({"inventory_hostname": "app1", "hostvars": {"db1": {TRANSACTION: of("app1")}}}, (of("app1"), "db1")),
    (
        {
            "inventory_hostname": "app1",
            "hostvars": {"localhost": {TRANSACTION: OTHERS}, "db1": {TRANSACTION: of("app1")}},
        },
        (of("app1"), "db1"),
    ),
    (
        {
            "inventory_hostname": "app1",
            "hostvars": {"localhost": {TRANSACTION: OTHERS}, "db1": {TRANSACTION: of("x", ITEM)}},
        },
        (of("x", ITEM), "db1"),
    ),
    ({"inventory_hostname": "app1"}, (None, "app1")),
    ({"inventory_hostname": "app1", "hostvars": {"db1": {TRANSACTION: ""}}}, (None, "app1")),
]


@pytest.mark.parametrize(("variables", "found"), WHERE)
def test_the_transaction_is_the_one_that_names_this_host(
    variables: dict[str, Any], found: tuple[str | None, str]
) -> None:
    transaction, host = play(**variables).transaction()
    assert (transaction.as_text() if transaction.uses else None, host) == found


PATTERNS: list[tuple[list[str], str | None, tuple[str, ...], tuple[str, ...]]] = [
    (["app1"], None, ("app1",), ()),
    (["app"], None, ("app1", "app2"), ()),
    (["app:!app2"], None, ("app1",), ()),
    (["app2", "app"], None, ("app2", "app1"), ()),
    (["none"], None, (), ()),
    (["all"], "app", ("localhost", "db1", "app1", "app2"), ("localhost", "db1")),
    (["app"], "app:!app2", ("app1", "app2"), ("app2",)),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("patterns", "limit", "hosts", "left_out"), PATTERNS)
def test_patterns_come_to_hosts(
    patterns: list[str], limit: str | None, hosts: tuple[str, ...], left_out: tuple[str, ...]
) -> None:
    limit_to(limit)
    here = play()
    for _again in range(2):
        found, missed = here.resolved(patterns)
        assert sorted(found) == sorted(hosts)
        assert sorted(missed) == sorted(left_out)


def test_a_path_counts_from_the_playbook_and_for_a_playbook_of_a_collection_from_where_the_command_was_given() -> None:
    assert play().path("d/x.yml") == "/playbooks/d/x.yml"
    assert play().path("/d/x.yml") == "/d/x.yml"
    assert play().path("~/x.yml") == os.path.expanduser("~/x.yml")
    inside = play(playbook_dir="/c/ansible_collections/community/turso/playbooks")
    assert inside.path("x.yml") == os.path.join(os.getcwd(), "x.yml")


TASKS: list[tuple[str, str | bytes, str | None]] = [
    ("a task", "- debug:\n", None),
    ("a task with tags of Ansible's", "- debug: {msg: !unsafe x, b: !vault [x]}\n", None),
    ("nothing", "---\n", "holds no task, so it would do nothing"),
    ("an empty list", "[]", "holds no task"),
    ("empty blocks", "- block: []\n- block:\n    - block: []\n      always: []\n", "holds no task"),
    ("a task in a block", "- block:\n    - debug:\n", None),
    ("a dictionary", "debug:\n", "holds no task"),
    ("no YAML", "- a: [\n", "is not YAML (line 2)"),
    ("no text", b"\xff\xfe\x00", "cannot be read (UnicodeDecodeError)"),
    ("no YAML of any line", "\x07", "is not YAML"),
]


@pytest.mark.promise(7)
@pytest.mark.parametrize(("content", "problem"), [row[1:] for row in TASKS], ids=[row[0] for row in TASKS])
def test_a_tasks_file_holds_a_task(tmp_path: Path, content: str | bytes, problem: str | None) -> None:
    path = tmp_path / "d.yml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = problem_with_tasks_file(str(path))
    assert (found is None) is (problem is None)
    assert (problem or "") in (found or "")


def test_a_tasks_file_is_a_file(tmp_path: Path) -> None:
    assert "does not exist" in (problem_with_tasks_file(str(tmp_path / "none.yml")) or "")
    assert "does not exist" in (problem_with_tasks_file(str(tmp_path)) or "")
