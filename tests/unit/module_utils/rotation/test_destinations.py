# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the destinations of a rotation are asked, and what their verdicts mean for its tokens."""

from __future__ import annotations

import copy
import dataclasses
import types
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery import verdicts as delivery
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Verdict, verdicts_from
from ansible_collections.community.turso.plugins.module_utils._rotation import destinations, results
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import Defaults, read_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.evidence import (
    Facts,
    evidence,
    reasons_against,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import THE_PLAY, Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Look
from tests.unit.module_utils.rotation.world import OLD, VAULT_FILE, item, planned

OPTIONS = {"path": "/f"}
HERE = Recipient("file", options=OPTIONS, address="/f")
ON_APPS = Recipient("file", ("app1", "app2"), options=OPTIONS, address="/g")
THE_SAME_ON_APP1 = Recipient("file", ("app1",), options=OPTIONS, address="/f")
GITHUB = Recipient("github_secret", options={"name": "X"}, address="acme/app X")


def says(recipient: Recipient, verdict: str, host: str = "localhost", msg: str = "", **more: Any) -> Verdict:
    return Verdict("ci", recipient.to, recipient.address or "", host, verdict, msg=msg, **more)


def look(verdict: str, recipient: int = 0, host: str = "localhost", msg: str = "", **more: Any) -> Look:
    return Look(recipient, host, verdict, msg=msg, **more)


def asked(recipient: Recipient, **more: Any) -> delivery.Item:
    item = delivery.Item("ci", recipient.to, recipient.address or "", dict(recipient.options))
    return dataclasses.replace(item, hosts=recipient.hosts or (), **more)


def entries(**by_name: tuple[Recipient, ...]) -> Any:
    known = {name: [recipient.as_json() for recipient in recipients] for name, recipients in by_name.items()}
    return read_entries([{"name": name, "organization": "acme"} for name in by_name], Defaults(recipients=known))


def test_only_the_destinations_of_what_is_due_are_asked() -> None:
    given = entries(ci=(HERE, THE_PLAY, GITHUB, ON_APPS), other=(dataclasses.replace(HERE, address="/o"),))
    assert [entry.has_destinations for entry in (*given, *entries(ci=(THE_PLAY,)))] == [True, True, False]
    found = destinations.to_check(given, ["ci"])
    assert found == {"file": [asked(HERE), asked(ON_APPS)], "github_secret": [asked(GITHUB)]}
    held = destinations.to_fetch(given, ["ci"])
    assert held == {"file": [asked(HERE, wants_value=True), asked(ON_APPS, wants_value=True)]}


def test_what_has_a_new_value_is_delivered_and_where_a_former_run_had_it_confirmed() -> None:
    one = item(recipients=(HERE, ON_APPS, VAULT_FILE), sha256="s")
    one.confirmed_before = ["file /f", "file /g on app2", "play"]
    found = destinations.to_deliver([one, item(None, name="b", recipients=(HERE,))], {"ci": "v"})
    assert found == {
        "file": [
            asked(HERE, secret="v", sha256="s", is_confirmed_on=("localhost",)),
            asked(ON_APPS, secret="v", sha256="s", is_confirmed_on=("app2",)),
        ]
    }


def test_only_what_took_the_value_is_looked_at() -> None:
    one = item(recipients=(HERE, ON_APPS, GITHUB, HERE), sha256="s")
    one.looks = [
        look(delivery.NOT_TAKEN),
        look(delivery.DELIVERED, 1, "app1"),
        look(delivery.UNFINISHED, 1, "app2"),
        look(delivery.DELIVERED, 2, stamp="t"),
        look(delivery.LOST, 3),
    ]
    assert destinations.to_read_back([one, item(None, recipients=(HERE,))]) == {
        "file": [dataclasses.replace(asked(ON_APPS, sha256="s"), hosts=("app1",))],
        "github_secret": [asked(GITHUB, sha256="s", stamp="t")],
    }


LOOKED: list[tuple[str, tuple[Recipient, ...], list[Verdict], list[Look]]] = [
    ("by the host of the play", (HERE,), [says(HERE, "delivered")], [look("delivered", host="box")]),
    ("by each host", (ON_APPS,), [says(ON_APPS, "lost", "app2")], [look("lost", host="app2")]),
    ("another destination", (HERE,), [says(GITHUB, "delivered")], []),
    (
        "the same path here and on a host",
        (HERE, THE_SAME_ON_APP1),
        [says(HERE, "not taken"), says(HERE, "confirmed", "app1", by="read back")],
        [look("not taken", host="box"), look("confirmed", 1, "app1", by="read back")],
    ),
    ("later ones count", (HERE,), [says(HERE, "delivered"), says(HERE, "other")], [look("other", host="box")]),
    (
        "the stamp of the delivery stays",
        (GITHUB,),
        [says(GITHUB, "delivered", stamp="t"), says(GITHUB, "confirmed", by="receipt")],
        [look("confirmed", host="box", stamp="t", by="receipt")],
    ),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize(("recipients", "said", "looks"), [row[1:] for row in LOOKED], ids=[row[0] for row in LOOKED])
def test_it_is_recorded(recipients: tuple[Recipient, ...], said: list[Verdict], looks: list[Look]) -> None:
    one = item(recipients=recipients)
    destinations.look_at(one, said, "box")
    assert one.looks == looks


NOBODY = look(delivery.NOT_TAKEN)
TAKEN: list[tuple[str, Item, list[Look], bool]] = [
    ("the only one refused", item(recipients=(HERE,)), [NOBODY], True),
    ("both hosts refused", item(recipients=(ON_APPS,)), [look("not taken", host="app1"), look("not taken", host="app2")], True),
    ("one host was not asked", item(recipients=(ON_APPS,)), [look("not taken", host="app1")], False),
    ("one may have it", item(recipients=(HERE, GITHUB)), [NOBODY, look("lost", 1)], False),
    ("the play may have it", item(recipients=(HERE, THE_PLAY)), [NOBODY], False),
    ("the vault file has it", item(recipients=(HERE, VAULT_FILE)), [NOBODY], False),
    ("it is delivered again", item(recipients=(HERE,), action="resume"), [NOBODY], False),
    ("nobody was asked", item(recipients=(HERE,)), [], False),
]  # fmt: skip


@pytest.mark.promise(1)
@pytest.mark.parametrize(("one", "looks", "nobody"), [row[1:] for row in TAKEN], ids=[row[0] for row in TAKEN])
def test_nobody_took_it(one: Item, looks: list[Look], nobody: bool) -> None:
    one = dataclasses.replace(one, looks=looks)
    assert destinations.nobody_took(one) is nobody


def test_it_says_why_nobody_took_it() -> None:
    one = dataclasses.replace(item(recipients=(HERE,)), looks=[look("not taken", msg="It is full.")])
    assert destinations.why_nobody_took(one) == "no destination took the new value (file /f: It is full)"


AGAINST: list[tuple[str, tuple[Recipient, ...], list[Look], list[str]]] = [
    ("it holds the value", (HERE,), [look("confirmed", by="read back")], []),
    ("the service took it", (GITHUB,), [look("confirmed", by="receipt")], []),
    ("nobody looked", (HERE,), [], ["file /f was not read back after the delivery"]),
    ("it was delivered only", (HERE,), [look("delivered")], ["file /f: delivered"]),
    ("it holds another value", (HERE,), [look("other", msg="It is older.")], ["file /f: It is older"]),
    ("one has it", (ON_APPS,), [look("confirmed", 0, "app1", by="read back")], ["file /g on app2 was not read back after the delivery"]),
]  # fmt: skip


@pytest.mark.promise(1)
@pytest.mark.parametrize(("recipients", "looks", "says"), [row[1:] for row in AGAINST], ids=[row[0] for row in AGAINST])
def test_what_speaks_against_revoking(recipients: tuple[Recipient, ...], looks: list[Look], says: list[str]) -> None:
    facts = Facts(dataclasses.replace(item(recipients=recipients), looks=looks), "localhost")
    assert reasons_against(facts) == says
    shown = [{"to": recipients[seen.recipient].to, "host": seen.host, "by": seen.by} for seen in looks if seen.by]
    assert evidence(facts) == shown


def test_a_check_refuses_or_tells_or_did_not_run() -> None:
    said = [
        says(HERE, "refused", msg="No folder."),
        says(ON_APPS, "refused", "app1", "Down."),
        says(GITHUB, "not known"),
        says(ON_APPS, "proven", "app2"),
    ]
    assert destinations.refusals(said) == {"ci": "file /f: No folder; file /g on app1: Down"}
    (sentence,) = destinations.not_known(said)
    assert sentence == "ci: only the delivery itself shows whether github_secret acme/app X accepts the value."
    assert destinations.refused_later(said, ["ci"]) == []
    assert destinations.refused_later(said[:1], []) == [
        "ci: file /f: No folder. Fix this before the token is due; until then no new version would be issued."
    ]
    all_asked = destinations.to_check(entries(ci=(HERE, ON_APPS, GITHUB)), ["ci"])
    assert destinations.not_asked(all_asked, said) == {}
    (silent,) = destinations.not_asked(all_asked, said[1:3]).values()
    assert silent == "file /f: its check did not run; file /g: its check did not run"


def test_trouble_is_told_and_a_verdict_is_read_from_a_fact() -> None:
    one = item(recipients=(HERE, GITHUB))
    destinations.look_at(one, verdicts_from([says(HERE, "lost", msg="No answer.").as_json()], None), "localhost")
    destinations.look_at(one, [says(GITHUB, "delivered")], "localhost")
    assert destinations.trouble(one) == ["ci: file /f: No answer."]


@pytest.mark.promise(1)
def test_who_is_asked_again_and_says_nothing_confirms_nothing() -> None:
    one = item(recipients=(HERE, GITHUB, ON_APPS))
    one.looks = [look("confirmed", by="read back"), look("confirmed", 1, by="receipt"), look("not taken", 2, "app1")]
    destinations.doubt(one, ["file"])
    silent = look("unreadable", msg="it could not be read back")
    assert one.looks == [silent, look("confirmed", 1, by="receipt"), look("not taken", 2, "app1")]


DUE, LATER = (types.SimpleNamespace(name=name, is_due=name == "ci", entry=None) for name in ("ci", "later"))


@pytest.mark.parametrize(("has_destinations", "asked"), [(True, ["ci"]), (False, [])])
def test_destinations_are_asked_only_where_something_with_one_is_due(has_destinations: bool, asked: list[str]) -> None:
    """The other token has destinations, and is not due."""
    plan, other = copy.copy(DUE), copy.copy(LATER)
    plan.entry = types.SimpleNamespace(has_destinations=has_destinations)
    plan.action = other.action = "none"
    plan.refusal = other.refusal = None
    plan.next_due = other.next_due = lambda: None
    other.entry = types.SimpleNamespace(has_destinations=True)
    part = results.Part()
    half: Any = types.SimpleNamespace(
        plans=[plan, other], planned=lambda: part, issue=lambda *_: (part, lambda _why: None)
    )
    found, _take_back = results.issue_due([half], ["ci", "later"], None)
    assert found["to_check"] == asked


@pytest.mark.parametrize(("checked", "action"), [(None, "issue"), (["ci"], "issue"), ([], "none")])
def test_what_was_not_due_when_destinations_were_asked_waits(checked: list[str] | None, action: str) -> None:
    plan = planned(OLD).unless_new(checked)
    assert (plan.action, plan.is_due, plan.resumed) == (action, action != "none", None)


def test_only_a_pending_version_has_destinations_to_look_at() -> None:
    assert [item(recipients=(found,)).has_destinations for found in (HERE, THE_PLAY)] == [True, False]
    assert item(None, recipients=(HERE,)).has_destinations is False
