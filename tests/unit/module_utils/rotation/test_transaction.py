# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this run issued and has not committed: text in, text out."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import THE_PLAY, Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Look, Transaction, Use
from tests.unit.module_utils.rotation.world import MINE, OLD, VAULT_FILE, item

HOUR = datetime.timedelta(hours=1)


def use(*items: Item, **known: Any) -> Use:
    defaults = {"play": "p1", "host": "localhost", "is_main": True, "names": ["ci"], "hosts": ["localhost"]}
    options = {"api_token": "a-secret"}
    return Use(**{**defaults, "options": options, "running_secrets": {"ci": "a-secret"}, "items": list(items), **known})


def test_what_is_written_is_read_again() -> None:
    of_a_kind = Recipient("file", takes_effect=HOUR, options={"path": "/f"}, address="/f")
    recipients = (of_a_kind, THE_PLAY, VAULT_FILE, Recipient("play", ("a", "b")), Recipient("tasks", tasks="d.yml"))
    kept: dict[str, Any] = {"looks": [Look(0, "a", "confirmed", "read back", "", "t")], "confirmed_before": ["play"]}
    first = use(
        dataclasses.replace(item(MINE, OLD, recipients=recipients, current=OLD, grace_hours=1.5), **kept),
        vault_file="/v.yml",
    )
    whole = Transaction([first, use(item(None), play="p2", is_main=False)])
    text = whole.as_text()
    again = Transaction.from_text(text)
    assert again == whole
    assert again.as_text() == text
    assert not text.lstrip().startswith(("{", "["))  # a template would take it for a structure


@pytest.mark.parametrize("text", ["", None])
def test_nothing_is_an_empty_transaction(text: str | None) -> None:
    assert Transaction.from_text(text) == Transaction()


BROKEN = ["x", "[]", "transaction: ", "transaction: [", "transaction: [1]", "transaction: [{}]", "transaction: 5"]
BROKEN += [
    'transaction: [{"items": [{"recipients": []}]}]',
    'transaction: [{"items": [], "more": 1}]',
    "transaction: null",
]


@pytest.mark.promise(1)
@pytest.mark.parametrize("text", BROKEN)
def test_what_somebody_else_changed_revokes_nothing(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"changed outside of the role\. Nothing was revoked"):
        Transaction.from_text(text)


def test_it_knows_its_items_and_plays() -> None:
    one, other = use(item()), use(item(None, name="b"), play="p2")
    whole = Transaction([one, other])
    assert [found.name for found in whole.open_items] == ["ci", "b"]
    assert whole.of_play("p2") == [other]


WAITING: list[tuple[str, Use, bool]] = [
    ("the play has to confirm", use(item()), True),
    ("only the role delivers", use(item(recipients=(VAULT_FILE,)), item(None)), False),
    ("another play issued it", use(item(), play="p0"), False),
    ("the entry point commit sees to it", use(item(), is_main=False), False),
    ("nothing is left", use(), False),
]


@pytest.mark.parametrize(("left", "waits"), [row[1:] for row in WAITING], ids=[row[0] for row in WAITING])
def test_a_play_has_still_to_confirm_something_where(left: Use, waits: bool) -> None:
    assert Transaction([use(item(None), play="p1"), left]).is_waiting("p1") is waits


NEEDS: list[tuple[Item, bool]] = [
    (item(), True),
    (item(recipients=(VAULT_FILE,)), False),
    (item(recipients=(VAULT_FILE, THE_PLAY)), True),
    (item(None), False),
]


@pytest.mark.parametrize(("given", "needs"), NEEDS)
def test_the_play_is_needed_where_somebody_besides_the_role_has_to_confirm(given: Item, needs: bool) -> None:
    assert given.needs_the_play is needs


@pytest.mark.promise(8)
def test_with_the_last_token_every_secret_is_forgotten() -> None:
    left = use(item(), item(name="b"))
    left.forget(["b"])
    assert ([found.name for found in left.items], left.running_secrets) == (["ci"], {"ci": "a-secret"})
    assert Transaction([Use("p2", "localhost", False, {}, [], []), left]).is_secret
    left.forget(["ci"])
    assert (left.items, left.options, left.running_secrets) == ([], {}, {})
    assert not Transaction([left]).is_secret
    assert "a-secret" not in Transaction([left]).as_text()
    assert not Transaction([left]).is_secret


@pytest.mark.promise(8)
def test_no_secret_is_in_a_repr() -> None:
    assert "a-secret" not in repr(Transaction([use(item())]))
