# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A text that somebody else wrote shows no value, in whatever form it holds it."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._delivery.struck import MOST, struck

SECRET = 'a"b/c+d=ü e\\f%g~h'
FORMS = {
    "as it is": SECRET,
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "in JSON": json.dumps({"value": SECRET}),
    "in JSON of Unicode": json.dumps({"value": SECRET}, ensure_ascii=False),
    "in a URL": urllib.parse.quote(SECRET, safe=""),
    "in a form": urllib.parse.quote_plus(SECRET),
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_a_value_is_struck_out(text: str) -> None:
    shown = struck(f"it said: {text}.", ["other secret", None, "", SECRET])
    assert "***" in shown
    assert shown.startswith("it said: ")
    for part in ("b/c", "c%2B", "%C3%BC", base64.b64encode(SECRET.encode()).decode()[4:12]):
        assert part not in shown


@given(st.text(max_size=20), st.text(max_size=20))
def test_base64_is_found_wherever_it_begins(before: str, after: str) -> None:
    secret = "eyJhbGciOiJFZERTQSJ9.payload"
    whole = base64.b64encode(f"{before}{secret}{after}".encode()).decode()
    assert "***" in struck(whole, [secret]) or len(whole) > MOST


def test_short_values_strike_out_nothing() -> None:
    assert struck("a word of text", ["word"]) == "a word of text"


def test_a_text_is_cut() -> None:
    assert struck("x" * 500, []) == "x" * MOST + " ..."
