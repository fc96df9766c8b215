# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task writes and what Ansible would make of it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.module_utils._written import refuse_misread

ITEM = {"name": {"type": "str"}, "scopes": {"type": "list", "elements": "str"}, "labels": {"type": "dict"}}
SPEC: dict[str, Any] = {
    **ITEM,
    "secret": {"no_log": True},
    "file": {"type": "path"},
    "count": {"type": "int", "aliases": ["number"]},
    "ratio": {"type": "float"},
    "flag": {"type": "bool"},
    "anything": {"type": "list"},
    "items": {"type": "list", "elements": "dict", "options": ITEM},
    "item": {"type": "dict", "options": ITEM},
}

TAKEN: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a text": {"name": "ci"},
    "a whole number as a text": {"name": 2026, "scopes": [1], "file": 7},
    "values of other types": {"count": 1, "ratio": 0.5, "flag": True, "labels": {"a": None, "b": True}},
    "a list of anything": {"anything": [True, {"a": 1}]},
    "an item": {"items": [{"name": "ci", "scopes": ["read"], "labels": {"a": None}}, {"name": 2026}]},
    "a text where a list or a dictionary is meant, which Ansible splits": {
        "scopes": "read, db:create",
        "labels": "a=b",
    },
    "an option that there is not": {"nmae": None, "items": [{"nmae": None}]},
}


@pytest.mark.parametrize("written", TAKEN.values(), ids=TAKEN)
def test_what_is_written_is_taken_as_it_is(written: dict[str, Any]) -> None:
    before = copy.deepcopy(written)
    refuse_misread(written, SPEC)
    assert written == before


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a null": ({"name": None}, "name is null"),
    "a null of another type": ({"count": None}, "count is null"),
    "a null for an alias": ({"number": None}, "number is null"),
    "a null in a list": ({"scopes": ["read", None]}, "scopes[1] is null"),
    "a null for an item": ({"items": [{"name": "a"}, None]}, "items[1] is null"),
    "a null in an item": ({"items": [{"name": "a"}, {"name": None}]}, "items[1].name is null"),
    "a null in a list in an item": ({"items": [{"scopes": [None]}]}, "items[0].scopes[0] is null"),
    "true": ({"name": True}, "name is yes or no, not a text. Nothing was sent. Put it in quotes."),
    "a fraction": ({"file": 1.10}, "file is a number with a fraction, not a text"),
    "a list": ({"secret": ["hush"]}, "secret is a list, not a text"),
    "a dictionary": ({"name": {"hush": 1}}, "name is a dictionary, not a text"),
    "something else": ({"name": b"hush"}, "name is something else, not a text"),
    "false in a list": ({"scopes": [False]}, "scopes[0] is yes or no"),
    "a text for an item, which may hold a null": (
        {"items": ['{"name": null}']},
        "items[0] is a text, not a dictionary",
    ),
    "a text for items": ({"items": "name=ci"}, "items is a text, not a list. Nothing was sent. Write it as YAML."),
    "a text for a dictionary of options": ({"item": "name=hush"}, "item is a text, not a dictionary"),
    "true in an item": ({"items": [{"name": True}]}, "items[0].name is yes or no"),
}


@pytest.mark.parametrize(("written", "says"), REFUSED.values(), ids=REFUSED)
def test_what_would_be_read_as_something_else_is_refused(written: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        refuse_misread(written, SPEC)
    assert caught.value.msg.startswith(says)
    assert "hush" not in caught.value.msg
