# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: confirm`: what a host records, and what it is refused."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import THE_PLAY, Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from ansible_collections.community.turso.plugins.plugin_utils._play import CONFIRMATIONS
from ansible_collections.community.turso.plugins.plugin_utils._step_confirm import (
    NOTHING,
    confirm_here,
    what_was_read_back,
)
from tests.on_control_node.plays import FakePlay, after
from tests.unit.module_utils.rotation.test_transaction import use
from tests.unit.module_utils.rotation.world import MINE, VAULT_FILE, item

SECRET = "the-new-value"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()
READ_BACK = "turso_rotate_read_back"
BY_FILE = Recipient("tasks", tasks="d.yml")
ON_APP = Recipient("play", ("app1",))


class Templar:
    """Renders what it knows, and remembers what it was asked."""

    def __init__(self, **known: Any) -> None:
        self.known = known
        self.asked: list[Any] = []

    def template(self, value: Any) -> Any:
        self.asked.append(value)
        return self.known.get(value.strip("{} "), value) if isinstance(value, str) else value


def issued(*recipients: Recipient, **known: Any) -> Item:
    return item(recipients=recipients or (THE_PLAY,), sha256=DIGEST, **known)


def confirmed(
    *items: Item,
    host: str = "localhost",
    task_vars: Any = None,
    templar: Any = None,
    only_by_value: bool = False,
    **known: Any,
) -> dict[str, Any]:
    earlier = known.pop("earlier", [])
    hosts = ["localhost", "app1"]
    facts = after(use(*items, names=["ci", "b"], hosts=hosts, **known), **{CONFIRMATIONS: earlier})
    facts.setdefault(host, {CONFIRMATIONS: earlier})
    play: Any = FakePlay(host=host, facts=facts)
    known = task_vars or {}
    given = what_was_read_back(known, {}, {}, after_tasks_file=only_by_value)
    return confirm_here(play, known, given, templar or Templar(), only_by_value=only_by_value)


def said(by: str = "word", recipient: int = 0, host: str = "localhost", refusal: str | None = None) -> dict[str, Any]:
    return {"id": MINE.id, "recipient": recipient, "host": host, "by": by, "refusal": refusal}


def test_by_word() -> None:
    result = confirmed(issued())
    assert (result["changed"], result["confirmations"], result["refusal"]) == (True, [said()], "")
    assert (result["commits"], result["seals"]) == (True, False)


def test_by_value() -> None:
    templar = Templar(consumer=SECRET)
    result = confirmed(issued(), task_vars={READ_BACK: {"ci": "{{ consumer }}"}}, templar=templar)
    assert (result["confirmations"], result["refusal"]) == ([said("read back")], "")


@pytest.mark.promise(1)
def test_another_value_is_recorded_and_refused() -> None:
    result = confirmed(issued(), task_vars={READ_BACK: {"ci": "the-old-value"}})
    assert result["changed"] is True
    assert result["refusal"] == f"localhost has another value of ci than {MINE.name}"
    again = confirmed(issued(), earlier=result["confirmations"])
    assert again["confirmations"] == result["confirmations"]  # a word does not heal it


def test_another_host_seals_and_does_not_commit() -> None:
    result = confirmed(issued(ON_APP), host="app1")
    assert (result["confirmations"], result["commits"], result["seals"]) == ([said(host="app1")], False, True)


def test_after_the_entry_point_issue_nothing_is_notified() -> None:
    result = confirmed(issued(), is_main=False)
    assert (result["changed"], result["commits"]) == (True, False)


NOTHING_TO_DO: dict[str, dict[str, Any]] = {
    "nothing was issued": {"items": []},
    "only a sweep is left": {"items": [item(None)]},
    "what was issued failed": {"items": [item(None, error="402")]},
    "nobody but the role delivers": {"items": [issued(VAULT_FILE)]},
    "a tasks file reached its end": {"items": [issued(BY_FILE)], "delivering": 0, "only_by_value": True},
    "what was read back is of an entry that was not issued": {"items": [issued()], "read_back": {"b": "{{ x }}"}},
}


@pytest.mark.promise(1)
@pytest.mark.parametrize("why", NOTHING_TO_DO)
def test_nothing_is_confirmed_where(why: str) -> None:
    known = NOTHING_TO_DO[why]
    task_vars = {READ_BACK: known["read_back"]} if "read_back" in known else {}
    if "delivering" in known:
        task_vars["__turso_rotate_delivering"] = {"name": "ci", "recipient": known["delivering"]}
    templar = Templar()
    result = confirmed(
        *known["items"], task_vars=task_vars, templar=templar, only_by_value=known.get("only_by_value", False)
    )
    assert result == NOTHING
    assert "{{ x }}" not in templar.asked  # the file that it reads may not exist


def test_a_tasks_file_confirms_its_own_entry_alone() -> None:
    task_vars = {"__turso_rotate_delivering": "{{ d }}", READ_BACK: {"ci": SECRET}}
    result = confirmed(
        issued(THE_PLAY, BY_FILE),
        task_vars=task_vars,
        templar=Templar(d={"name": "ci", "recipient": "1"}),
        only_by_value=True,
    )
    assert result["confirmations"] == [said("read back", recipient=1)]


def test_what_a_tasks_file_set_is_taken_once() -> None:
    assert confirmed(issued(), task_vars={READ_BACK: "taken"})["confirmations"] == [said()]


def test_what_is_read_back_may_be_one_template() -> None:
    templar = Templar(everything={"ci": SECRET})
    result = confirmed(issued(), task_vars={READ_BACK: "{{ everything }}"}, templar=templar)
    assert result["confirmations"] == [said("read back")]


REFUSED: list[tuple[str, Any, dict[str, Any], str]] = [
    ("null", None, {}, "It is empty"),
    ("empty", {}, {}, "It is empty"),
    ("an empty text", "", {}, "It is empty"),
    ("a list", ["ci"], {}, "It is a list"),
    ("a text", "ci", {}, "It is a text"),
    ("a name that is no entry's", {"cy": "x"}, {}, "names cy, which is no entry"),
    ("what was issued", {"ci": "{{ turso_rotate_secrets['ci'] }}"}, {}, "compared with itself"),
    ("what was issued, as a whole", "{{ turso_rotate_secrets }}", {}, "compared with itself"),
    (
        "what was issued, by a variable",
        {"ci": "{{ mine }}"},
        {"mine": "{{ again }}", "again": "{{ turso_rotate_secrets.ci }}"},
        "compared with itself",
    ),
    (
        "what was issued, in a list of a variable",
        {"ci": "{{ mine[0] }}"},
        {"mine": [{"a": "{{ turso_rotate_secrets.ci }}"}]},
        "compared with itself",
    ),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize(("given", "variables", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_it_confirms_nothing_with(given: Any, variables: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused, match="Nothing was confirmed") as refused:
        confirmed(issued(), task_vars={READ_BACK: given, **variables})
    assert says in refused.value.msg


def test_variables_that_refer_to_each_other_end() -> None:
    variables = {"a": "{{ b }}", "b": "{{ a }} {{ hostvars }}", "hostvars": "{{ turso_rotate_secrets }}"}
    assert confirmed(issued(), task_vars={READ_BACK: {"ci": "{{ a }}"}, **variables})["refusal"]


@pytest.mark.promise(1)
def test_a_host_that_nobody_named_is_refused() -> None:
    with pytest.raises(Refused, match="stranger confirms, but no entry names it"):
        confirmed(issued(), host="stranger")
