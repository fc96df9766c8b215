# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an HTTP answer says, at its boundaries."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.answers import (
    Answer,
    Asked,
    answer_in,
    api_message_in,
    clean,
    retry_after_in,
)
from ansible_collections.community.turso.plugins.module_utils._errors import UnexpectedResponse
from ansible_collections.community.turso.plugins.module_utils._time import utc_now

ASKED = Asked("do it", "GET", "/")
NOW = "Mon, 30 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(("headers", "is_dated"), [({"Date": NOW}, True), ({"Date": "yesterday"}, False), ({}, False)])
def test_an_answer_knows_whether_it_tells_the_time(headers: dict[str, str], is_dated: bool) -> None:
    assert answer_in(200, headers, b"{}", ASKED).is_dated is is_dated


@pytest.mark.parametrize(("method", "is_ambiguous"), [("GET", False), ("POST", True)])
def test_a_2xx_answer_that_cannot_be_read_hides_what_a_write_did(method: str, is_ambiguous: bool) -> None:
    with pytest.raises(UnexpectedResponse, match="answered 200 with something that is not a JSON object") as caught:
        answer_in(200, {}, b"<html>", Asked("do it", method, "/"))
    without_a_list = Answer({}, utc_now(), method, "/", 200, 1).unexpected("do it", "a list")
    for error in (caught.value, without_a_list):
        assert error.msg.endswith(
            "Check that api_url is the Turso Platform API and that no proxy or login page answers for it."
        )
        assert error.ambiguous is is_ambiguous
        assert ("Nothing was changed by it." in error.msg) is not is_ambiguous


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 300, "a" * 300),
        ("a" * 301, "a" * 297 + "..."),
        ("it is s3cret", "it is ***"),
        ("eyJhbGciOi.eyJp.c2ln is no token", "*** is no token"),
        ("a\x07b", "a?b"),
    ],
)
def test_a_quotation_is_short_and_holds_no_secret(text: str, expected: str) -> None:
    assert clean(text, ("s3cret",)) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"error": {"message": "text", "code": "c"}}, "text"),
        ({"error": {"code": "c"}}, "c"),
        ({"error": " "}, None),
        (["error"], None),
    ],
)
def test_the_text_of_an_error(data: Any, expected: str | None) -> None:
    assert api_message_in(data) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 30 Nov 2026 12:00:07 GMT", 7.0),
        ("Mon, 30 Nov 2026 11:59:00 GMT", 0.0),
        ("3", 3.0),
        ("soon", None),
        ("", None),
    ],
)
def test_when_to_try_again(text: str, expected: float | None) -> None:
    assert retry_after_in({"Retry-After": text, "Date": NOW}) == expected
