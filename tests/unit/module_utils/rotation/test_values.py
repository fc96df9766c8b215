# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How values are read that YAML and templates give."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import values

TEXTS = [("ci", "ci"), (2026, "2026"), (1.5, "1.5"), (" a ", " a ")]
NO_TEXTS = [
    (True, "key must be a text, not yes or no"),
    (None, "key must be a text, not null"),
    (["ci"], "key must be a text, not a list"),
    (("ci",), "key must be a text, not a list"),
    ({"ci": 1}, "key must be a text, not a dictionary"),
    ("", "key is empty"),
    (" \t", "key is empty"),
]


@pytest.mark.parametrize(("given", "read"), TEXTS, ids=repr)
def test_a_text_is(given: Any, read: str) -> None:
    assert values.text("key", given) == read


@pytest.mark.parametrize(("given", "says"), NO_TEXTS, ids=repr)
def test_no_text_is(given: Any, says: str) -> None:
    with pytest.raises(Refused) as refused:
        values.text("key", given)
    assert refused.value.msg.startswith(says)


def test_a_list_of_texts_is_read_item_by_item() -> None:
    assert values.texts("key", ["a", 5]) == values.texts("key", ("a", "5")) == ["a", "5"]
    with pytest.raises(Refused, match="key must be a list of texts, not a text"):
        values.texts("key", "a")
    with pytest.raises(Refused, match=r"key\[1\] must be a text, not a list"):
        values.texts("key", ["a", []])


NUMBERS = [(0, 0), (1.5, 1.5), ("2", 2), ("0.5", 0.5), (999_999, 999_999)]
NO_NUMBERS = [-1, True, "soon", None, [], 10**6, float("inf"), float("nan"), "-0.1"]


@pytest.mark.parametrize(("given", "read"), NUMBERS, ids=repr)
def test_a_number_is(given: Any, read: float) -> None:
    assert values.number("key", given) == read


@pytest.mark.parametrize("given", NO_NUMBERS, ids=repr)
def test_no_number_is(given: Any) -> None:
    with pytest.raises(Refused, match="key must be a number, 0 or more"):
        values.number("key", given)


def test_days_minutes_and_versions_are_whole_and_hours_may_have_a_fraction() -> None:
    assert values.whole_number("key", "2.0") == 2
    with pytest.raises(Refused, match=r"key must be a whole number, not 1\.5"):
        values.whole_number("key", 1.5)
    assert values.hours("key", "1.5") == datetime.timedelta(minutes=90)


SWITCHES = [(True, True), ("True", True), ("yes", True), ("on", True), ("1", True), (1, True)]
SWITCHES += [(False, False), ("false", False), ("no", False), ("off", False), (0, False)]


@pytest.mark.parametrize(("given", "read"), SWITCHES, ids=repr)
def test_a_switch_may_be_a_text(given: Any, read: bool) -> None:
    assert values.switch("key", given) is read


@pytest.mark.parametrize("given", ["", None, "maybe", 2, []], ids=repr)
def test_no_switch_is(given: Any) -> None:
    with pytest.raises(Refused, match="key must be true or false"):
        values.switch("key", given)


@pytest.mark.promise(8)
def test_a_text_in_the_wrong_place_is_not_shown() -> None:
    for read in (values.number, values.whole_number, values.switch):
        with pytest.raises(Refused) as refused:
            read("key", "a-secret")
        assert refused.value.msg.endswith("not a text")


class TextOfAnsible(str):
    """What a text is from ansible-core 2.19 on."""

    __slots__ = ()


def test_what_stands_in_the_wrong_place_is_named_as_users_know_it() -> None:
    for given, said in (
        (TextOfAnsible("soon"), "a text"),
        (TextOfAnsible("-1"), "-1"),
        ({}, "a dictionary"),
        (None, "null"),
    ):
        with pytest.raises(Refused) as refused:
            values.number("key", given)
        assert refused.value.msg.endswith(f"not {said}")


def test_keys_that_nobody_reads_and_nulls_are_refused() -> None:
    values.refuse_unknown_keys({"name": 1}, ("name", "id"), "an entry")
    odd: dict[Any, Any] = {"nmae": 1, 5: 1}
    with pytest.raises(Refused, match="there is no nmae, 5; an entry has name, id"):
        values.refuse_unknown_keys(odd, ("name", "id"), "an entry")
    values.refuse_nulls({"name": ""})
    with pytest.raises(Refused, match="group is null"):
        values.refuse_nulls({"name": "", "group": None})
