# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who confirms what, by value or by word."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import (
    BY_VALUE,
    BY_WORD,
    Confirmation,
    Place,
    confirm,
    digest_of,
    merged,
    refuse_odd_names,
    to_confirm,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import THE_PLAY, Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction
from tests.unit.module_utils.rotation.test_transaction import use
from tests.unit.module_utils.rotation.world import MINE, NEW, OLD, VAULT_FILE, item, ref

ON_APPS = Recipient("play", ("app1", "app2"))
BY_FILE = Recipient("tasks", tasks="d.yml")


def issued(*recipients: Recipient, **known: Any) -> Item:
    return item(recipients=recipients, **known)


def whole(*items: Item, hosts: tuple[str, ...] = ("localhost",)) -> Transaction:
    return Transaction([use(*items, hosts=list(hosts))])


MEANT: list[tuple[str, Item, Place, list[int]]] = [
    ("the host that issued, where none is named", issued(THE_PLAY), Place("localhost"), [0]),
    ("a host that is named", issued(VAULT_FILE, ON_APPS), Place("app2"), [1]),
    ("each of two", issued(THE_PLAY, Recipient("play", ("localhost",))), Place("localhost"), [0, 1]),
    ("nobody for what the role delivers", issued(VAULT_FILE), Place("localhost"), []),
    ("nobody for a tasks file from the play", issued(BY_FILE), Place("localhost"), []),
    ("a tasks file for its own entry", issued(THE_PLAY, BY_FILE), Place("localhost", "ci", 1), [1]),
    ("no tasks file for another recipient", issued(THE_PLAY, BY_FILE), Place("localhost", "ci", 0), []),
    ("no tasks file for another entry", issued(THE_PLAY, BY_FILE), Place("localhost", "b", 1), []),
    ("nobody for what only sweeps", item(None), Place("localhost"), []),
    ("nobody for what failed", item(None, error="x"), Place("localhost"), []),
]  # fmt: skip


@pytest.mark.promise(1)
@pytest.mark.parametrize(("given", "place", "meant"), [row[1:] for row in MEANT], ids=[row[0] for row in MEANT])
def test_it_is_to_be_confirmed_by(given: Item, place: Place, meant: list[int]) -> None:
    found = to_confirm(whole(given, hosts=("localhost", "app1", "app2")), place)
    assert found == [(given, number) for number in meant]


@pytest.mark.promise(1)
def test_a_host_that_nobody_named_is_an_error() -> None:
    with pytest.raises(Refused, match="stranger confirms, but no entry names it"):
        to_confirm(whole(issued(THE_PLAY)), Place("stranger"))


def test_a_host_that_only_another_entry_names_has_nothing_to_confirm_today() -> None:
    assert to_confirm(whole(issued(THE_PLAY), hosts=("localhost", "app1")), Place("app1")) == []
    assert to_confirm(whole(issued(VAULT_FILE)), Place("stranger")) == []  # nobody has to confirm anything


def jwt(jti: Any) -> str:
    return f"h.{base64.urlsafe_b64encode(json.dumps({'jti': jti}).encode()).decode().rstrip('=')}.s"


SECRET = "the-new-value"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()
KNOWN = issued(THE_PLAY, sha256=DIGEST, versions=[ref(OLD), ref(NEW)])
ANOTHER = f"localhost has another value of ci than {MINE.name}"

READ_BACK: list[tuple[Any, str | None]] = [
    (SECRET, None),
    (f"{SECRET}\n", None),
    (f"{SECRET}\r\n", None),
    (f"sha256:{DIGEST}", None),
    (f"sha256:{DIGEST.upper()}\n", None),
    (f"{SECRET}\n\n", ANOTHER),
    (f" {SECRET}", ANOTHER),
    ("sha256:", ANOTHER),
    (DIGEST, ANOTHER),
    ("a\ud800", ANOTHER),
    (jwt(OLD.id), f"{ANOTHER}: that of {OLD.name}"),
    (f"{jwt(NEW.id)}\n", f"{ANOTHER}: that of {NEW.name}"),
    (jwt("unknown"), ANOTHER),
    (jwt(5), ANOTHER),
    ("", "localhost read back nothing for ci: the value is empty or not a text"),
    (" \n", "localhost read back nothing for ci: the value is empty or not a text"),
    (None, "localhost read back nothing for ci: the value is empty or not a text"),
    (["x"], "localhost read back nothing for ci: the value is empty or not a text"),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize(("value", "refusal"), READ_BACK, ids=[ascii(row[0])[:30] for row in READ_BACK])
def test_a_value_confirms_or_refuses(value: Any, refusal: str | None) -> None:
    (said,) = confirm([(KNOWN, 0)], Place("localhost"), {"ci": value})
    assert said == Confirmation(MINE.id or "", 0, "localhost", BY_VALUE, refusal)
    assert Confirmation.from_json(said.as_json()) == said


@pytest.mark.promise(8)
@given(st.text())
def test_what_is_read_back_is_in_no_refusal(value: str) -> None:
    (said,) = confirm([(KNOWN, 0)], Place("localhost"), {"ci": f"canary{value}"})
    assert said.refusal is not None
    assert "canary" not in said.refusal


def test_what_is_read_back_confirms_exactly_its_names() -> None:
    other = dataclasses.replace(KNOWN, name="b", version={"name": "b-1", "id": "id-b"})
    meant = [(KNOWN, 0), (other, 0)]
    assert [said.id for said in confirm(meant, Place("localhost"), {"ci": SECRET})] == [MINE.id]
    assert confirm(meant, Place("localhost"), {}) == []
    by_word = confirm(meant, Place("localhost"), None)
    assert [(said.id, said.by, said.refusal) for said in by_word] == [(MINE.id, BY_WORD, None), ("id-b", BY_WORD, None)]


def test_a_name_that_is_no_entry_is_an_error() -> None:
    refuse_odd_names({"ci": "x"}, whole())
    with pytest.raises(Refused, match="names cy, 5, which is no entry"):
        refuse_odd_names({"ci": "x", "cy": "x", 5: "x"}, whole())


def said(by: str, refusal: str | None = None, host: str = "h") -> Confirmation:
    return Confirmation("id", 0, host, by, refusal)


MERGED: list[tuple[str, list[Confirmation], list[Confirmation]]] = [
    ("a word", [said(BY_WORD)], [said(BY_WORD)]),
    ("a value after a word", [said(BY_WORD), said(BY_VALUE)], [said(BY_VALUE)]),
    ("a value before a word", [said(BY_VALUE), said(BY_WORD)], [said(BY_VALUE)]),
    ("a refusal, whatever is said by word", [said(BY_VALUE, "no"), said(BY_WORD)], [said(BY_VALUE, "no")]),
    ("a value after a refusal", [said(BY_VALUE, "no"), said(BY_VALUE)], [said(BY_VALUE)]),
    ("a refusal after a value", [said(BY_VALUE), said(BY_VALUE, "no")], [said(BY_VALUE, "no")]),
    (
        "a refusal, whatever another host says",
        [said(BY_VALUE, "no"), said(BY_VALUE, host="i")],
        [said(BY_VALUE, "no"), said(BY_VALUE, host="i")],
    ),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize(("spoken", "stands"), [row[1:] for row in MERGED], ids=[row[0] for row in MERGED])
def test_what_stands_is(spoken: list[Confirmation], stands: list[Confirmation]) -> None:
    found: list[Confirmation] = []
    for confirmation in spoken:
        found = merged(found, [confirmation])
    assert found == stands
    assert merged([], spoken) == stands


def test_a_digest_is_of_the_value_without_one_trailing_newline() -> None:
    assert digest_of(SECRET) == digest_of(f"{SECRET}\n") == DIGEST
    assert digest_of("") == digest_of("\n") == hashlib.sha256(b"").hexdigest()
