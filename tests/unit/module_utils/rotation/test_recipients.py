# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who gets a token: how `deliver` is read."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import (
    THE_PLAY,
    Recipient,
    longest_takes_effect,
    read_recipients,
)

HOUR = datetime.timedelta(hours=1)
VAULT_FILE = {"to": "vault_file", "takes_effect_hours": 1}

READ: list[tuple[dict[str, Any], Recipient, str]] = [
    ({"to": "play"}, THE_PLAY, "play"),
    ({"to": "play", "takes_effect_hours": 1}, Recipient("play", takes_effect=HOUR), "play"),
    ({"to": "play", "hosts": ["app1", "app:!app2"]}, Recipient("play", ("app1", "app:!app2")), "play on app1, app:!app2"),
    (VAULT_FILE, Recipient("vault_file", takes_effect=HOUR), "vault file"),
    ({"to": "vault_file", "takes_effect_hours": "0.5"}, Recipient("vault_file", takes_effect=HOUR / 2), "vault file"),
    ({"tasks": "deliver.yml"}, Recipient("tasks", tasks="deliver.yml"), "tasks deliver.yml"),
    ({"tasks": "d.yml", "takes_effect_hours": 1}, Recipient("tasks", tasks="d.yml", takes_effect=HOUR), "tasks d.yml"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "recipient", "label"), READ, ids=[repr(row[0]) for row in READ])
def test_a_recipient_is(given: dict[str, Any], recipient: Recipient, label: str) -> None:
    (read,) = read_recipients([given], has_vault_file=True)
    assert (read, read.label) == (recipient, label)
    assert read.is_built_in is (read.to == "vault_file")
    again = Recipient.from_json(read.as_json())
    assert again == read


REFUSED: list[tuple[Any, str]] = [
    (None, "deliver names nobody"),
    ([], "deliver names nobody"),
    ({"to": "play"}, "deliver names nobody"),
    (["play"], "deliver[0]: a recipient is a dictionary such as {to: play}, not a text"),
    ([{"to": "play"}, {"to": None}], "deliver[1]: to is null"),
    ([{}], "deliver[0]: to must be a text"),
    ([{"to": "fax"}], "deliver[0]: there is no destination 'fax'; there are play, vault_file, and tasks:"),
    ([{"to": "play", "host": ["a"]}], "deliver[0]: there is no host; to: play has to, hosts,"),
    ([{"to": "play", "hosts": "app1"}], "deliver[0]: hosts must be a list of texts"),
    ([{"to": "play", "hosts": []}], "deliver[0]: hosts is empty, so nobody could confirm"),
    ([{"to": "play", "hosts": None}], "deliver[0]: hosts is null"),
    ([{"to": "play", "hosts": [None]}], "deliver[0]: hosts[0] must be a text"),
    ([{"to": "play", "tasks": "d.yml"}], "deliver[0]: there is no tasks;"),
    ([{"tasks": "d.yml", "hosts": ["a"]}], "deliver[0]: there is no hosts; a tasks file has"),
    ([{"tasks": ""}], "deliver[0]: tasks is empty"),
    ([{"to": "play", "takes_effect_hours": -1}], "deliver[0]: takes_effect_hours must be a number"),
    ([{"to": "vault_file"}], "deliver[0]: to: vault_file needs takes_effect_hours"),
    ([{**VAULT_FILE, "path": "x"}], "deliver[0]: there is no path;"),
    ([{"to": "play"}, {"to": "play"}], "deliver names the same recipient twice"),
    ([{"to": "play"}, {"to": "play", "takes_effect_hours": 1}], "deliver names the same recipient twice"),
    ([VAULT_FILE, {**VAULT_FILE, "takes_effect_hours": 2}], "deliver names the same recipient twice"),
    ([{"to": "play", "hosts": ["a", "b"]}, {"to": "play", "hosts": ["b", "a"]}], "deliver names the same recipient twice"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "says"), REFUSED, ids=[repr(row[0]) for row in REFUSED])
def test_nobody_could_carry_out(given: Any, says: str) -> None:
    with pytest.raises(Refused) as refused:
        read_recipients(given, has_vault_file=True)
    assert refused.value.msg.startswith(says)


SPECS = {
    "file": {
        "path": {"type": "str", "required": True},
        "hosts": {"type": "list"},
        "mode": {"default": "0600"},
        "restart": {},
        "takes_effect_hours": {"type": "float"},
    }
}


def test_a_destination_is_read_by_its_argument_spec() -> None:
    given = {"to": "file", "path": "/f", "hosts": ["app1"], "takes_effect_hours": "1"}
    (read,) = read_recipients([given], has_vault_file=False, specs=SPECS)
    assert (read.is_destination, read.is_built_in, read.takes_effect) == (True, True, HOUR)
    assert (read.label, read.labels) == ("file /f on app1", ("file /f on app1",))
    assert Recipient.from_json(read.as_json()) == read
    with pytest.raises(
        Refused,
        match=r"deliver\[0\]: to: file has no option mod; it has path, hosts, mode, restart, takes_effect_hours",
    ):
        read_recipients([{**given, "mod": 1}], has_vault_file=False, specs=SPECS)
    with pytest.raises(Refused, match="there are play, vault_file, file, and tasks:"):
        read_recipients([{"to": "fax"}], has_vault_file=False, specs=SPECS)


def test_the_vault_file_gets_it_only_where_there_is_one() -> None:
    with pytest.raises(Refused, match="needs turso_rotate_vault_file, which is not set"):
        read_recipients([VAULT_FILE], has_vault_file=False)


def test_the_slowest_recipient_counts() -> None:
    assert longest_takes_effect([]) == datetime.timedelta(0)
    assert longest_takes_effect([THE_PLAY, Recipient("play", takes_effect=HOUR)]) == HOUR


def test_the_state_file_has_a_label_for_each_host_that_has_to_confirm() -> None:
    on_apps = Recipient("play", ("app1", "app2"))
    assert on_apps.labels == ("play on app1", "play on app2")
    assert (THE_PLAY.labels, THE_PLAY.label_on("localhost")) == (("play",), "play")
    assert Recipient("tasks", tasks="d.yml").label_on("localhost") == "tasks d.yml"
