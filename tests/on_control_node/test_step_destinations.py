# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: look` and `step: record`: what destinations are asked before the commit, and what becomes of what they say."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Verdict
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Look, Transaction
from ansible_collections.community.turso.plugins.plugin_utils._play import VALUES, VERDICTS, Means
from ansible_collections.community.turso.plugins.plugin_utils._step_destinations import fetched, look, record
from tests.on_control_node.plays import Facts, FakeModule, FakePlay, after
from tests.unit.module_utils.rotation.test_transaction import use
from tests.unit.module_utils.rotation.world import MINE, item

HERE = Recipient("file", options={"path": "/f"}, address="/f")


def says(verdict: str, **more: Any) -> dict[str, Any]:
    return Verdict("ci", "file", "/f", "localhost", verdict, **more).as_json()


def issued(*looks: Look) -> Item:
    found = item(recipients=(HERE,))
    found.looks = list(looks)
    return found


def recorded(facts: Facts, module: FakeModule | None = None) -> tuple[dict[str, Any], FakeModule]:
    module = module or FakeModule()
    play: Any = FakePlay(facts=facts)
    return record(Means(play, None, module)), module


def test_what_took_the_value_is_looked_at_on_the_host_that_issued() -> None:
    facts = after(use(issued(Look(0, "localhost", "delivered"))))
    play: Any = FakePlay(facts=facts)
    found = look(play)
    assert found["asks"] == ["file_read_back"]
    (asked,) = found["asked"]["file_read_back"]
    assert (asked["address"], asked["secret"]) == ("/f", None)
    other: Any = FakePlay(host="app1", facts=facts)
    assert look(other)["asks"] == []


def test_what_a_destination_says_is_kept() -> None:
    report = [{"name": "ci", "msg": "ci: issued"}]
    secrets = {"ci": "a-value"}
    said: dict[str, Any] = {
        VERDICTS: [says("delivered")],
        "turso_rotate_report": report,
        "turso_rotate_secrets": secrets,
    }
    result, module = recorded(after(use(issued()), **said))
    (left,) = Transaction.from_text(result["transaction"]).open_items
    assert left.looks == [Look(0, "localhost", "delivered")]
    assert (result["changed"], result["lines"], module.given) == (False, [], [])
    assert (result["report"], result["secrets"], result["is_secret"]) == (report, secrets, True)


ANSWERS: list[tuple[str, list[str], str | None]] = [
    ("asked what it holds, and silent", ["file_read_back"], None),
    ("another kind was asked", ["github_secret_read_back"], "read back"),
    ("it was delivered to", ["file_deliver"], "read back"),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize(("asked", "by"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_a_destination_that_says_nothing_any_more_confirms_nothing(asked: list[str], by: str | None) -> None:
    confirmed = issued(Look(0, "localhost", "confirmed", "read back", stamp="t"), Look(1, "localhost", "not taken"))
    confirmed.recipients = (HERE, HERE)
    play: Any = FakePlay(facts=after(use(confirmed)))
    result = record(Means(play, None, FakeModule()), asked)
    (left,) = Transaction.from_text(result["transaction"]).open_items
    assert [look.by for look in left.looks] == [by, None]
    assert [(look.is_confirmed, look.stamp) for look in left.looks] == [(by is not None, "t"), (False, None)]


@pytest.mark.promise(1, 7)
@pytest.mark.parametrize("answers", [None, [{"failed": True, "msg": "no"}]], ids=["", "and the module fails"])
def test_what_nobody_took_is_withdrawn(answers: list[dict[str, Any]] | None) -> None:
    said: dict[str, Any] = {
        VERDICTS: [says("not taken", msg="It is full.")],
        "turso_rotate_report": [{"name": "ci"}, {"name": "b"}],
        "turso_rotate_secrets": {"ci": "v", "b": "w"},
    }
    facts = after(use(issued()), **said)
    result, module = recorded(facts, FakeModule(answers or []))
    (given,) = module.given
    (handed,) = Transaction.from_text(given["items"]).open_items
    assert (given["step"], given["api_token"]) == ("withdraw", "a-secret")
    assert (handed.version, handed.error) == (
        {"name": MINE.name, "id": MINE.id},
        "no destination took the new value (file /f: It is full)",
    )
    (left,) = Transaction.from_text(result["transaction"]).open_items
    assert (left.version, left.sha256) == (None, None)
    assert result["secrets"] == {"b": "w"}
    assert result["changed"] is True
    assert result["lines"] == ["ci: file /f: It is full."]
    assert [entry["name"] for entry in result["report"]] == ["ci", "b"]
    assert (f"Revoke it by its id {MINE.id}" in str(result["report"][0])) is (answers is not None)


@pytest.mark.promise(2)
def test_what_the_vault_file_has_is_not_withdrawn() -> None:
    said: dict[str, Any] = {VERDICTS: [says("not taken")]}
    facts = after(use(issued(), vault_file="/v.yml"), **said)
    result, module = recorded(facts)
    assert module.given == []
    (left,) = Transaction.from_text(result["transaction"]).open_items
    assert left.version is not None


def test_values_that_destinations_hold_are_fetched() -> None:
    facts = {"localhost": {VERDICTS: [says("proven"), says("other"), says("other")], VALUES: [None, "a", "b"]}}
    play: Any = FakePlay(facts=facts)
    assert fetched(play) == {"ci": ["a", "b"]}
