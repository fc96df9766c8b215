# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Items and verdicts: what they carry, and what they never show."""

from __future__ import annotations

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Item, Verdict

ITEM = Item("ci", "file", "/x", {"path": "/x"}, hosts=("web1",), secret="the value", is_confirmed_on=("web1",))


def test_an_item_survives_its_way_through_variables() -> None:
    assert Item.from_json({**ITEM.as_json(), "unknown": 1}) == ITEM
    assert Item.from_json({"name": "ci", "to": "file", "address": "/x", "options": {}, "hosts": None}).hosts == ()


def test_neither_shows_a_value() -> None:
    verdict = Verdict.of(ITEM, "web1", "confirmed", "as it should be", by="read back", value="the value")
    assert "the value" not in repr(ITEM) + repr(verdict) + str(verdict.as_json())
    assert verdict.as_json() == {
        "name": "ci",
        "to": "file",
        "address": "/x",
        "host": "web1",
        "verdict": "confirmed",
        "by": "read back",
        "msg": "as it should be",
        "changed": False,
        "stamp": None,
    }
