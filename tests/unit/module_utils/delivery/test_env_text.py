# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One variable in a file of environment variables: what is found, what is refused, and what stays."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._delivery.env_text import place_of, with_value
from ansible_collections.community.turso.plugins.module_utils._errors import Refused

NEW = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJhIn0.c2ln-_"

KEPT = [
    ("alone", "TOKEN=old", "TOKEN={}"),
    ("among others", "A=1\nTOKEN=old\nB=2\n", "A=1\nTOKEN={}\nB=2\n"),
    ("empty", "TOKEN=\n", "TOKEN={}\n"),
    ("empty with a comment", "TOKEN= # none yet\n", "TOKEN={} # none yet\n"),
    ("blanks only", "TOKEN=  \n", "TOKEN={}  \n"),
    ("export", "  export  TOKEN=old\n", "  export  TOKEN={}\n"),
    ("double quotes", 'TOKEN="old"\n', 'TOKEN="{}"\n'),
    ("empty quotes", 'TOKEN=""\n', 'TOKEN="{}"\n'),
    ("single quotes", "TOKEN='old $x'\n", "TOKEN='{}'\n"),
    ("escapes in quotes", 'TOKEN="a\\"b" # c\n', 'TOKEN="{}" # c\n'),
    ("a comment behind", "TOKEN=old # rotated\n", "TOKEN={} # rotated\n"),
    ("a comment behind quotes", "TOKEN='o#ld'  # it's\n", "TOKEN='{}'  # it's\n"),
    ("blanks around the sign", "TOKEN = old\t\n", "TOKEN = {}\t\n"),
    ("CRLF", "A=1\r\nTOKEN=old\r\nB=2", "A=1\r\nTOKEN={}\r\nB=2"),
    ("CRLF and quotes", 'TOKEN="old"\r\n', 'TOKEN="{}"\r\n'),
    ("a byte order mark", "\ufeffTOKEN=old\n", "\ufeffTOKEN={}\n"),
    ("the name in another", "MY_TOKEN=1\nTOKEN=old\nTOKEN_2=2\n", "MY_TOKEN=1\nTOKEN={}\nTOKEN_2=2\n"),
    ("the name in comments", "#TOKEN=1\n ; TOKEN=2\nTOKEN=old\n", "#TOKEN=1\n ; TOKEN=2\nTOKEN={}\n"),
    ("other case", "token=1\nTOKEN=old\n", "token=1\nTOKEN={}\n"),
    ("bytes that are no text", "A=\udcff\nTOKEN=old\n", "A=\udcff\nTOKEN={}\n"),
    ("a value of lines before it", 'KEY="a\nb\n"\nTOKEN=old\n', 'KEY="a\nb\n"\nTOKEN={}\n'),
    ("a quote that never closes", "KEY='tis\nTOKEN=old\n", "KEY='tis\nTOKEN={}\n"),
    ("lines that are none", "[section]\n\nsource x\nTOKEN=old", "[section]\n\nsource x\nTOKEN={}"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), [row[1:] for row in KEPT], ids=[row[0] for row in KEPT])
def test_nothing_but_the_value_changes(before: str, after: str) -> None:
    written = with_value(before, place_of(before, "TOKEN", ".env"), NEW, "TOKEN in .env")
    assert written == after.format(NEW)
    assert place_of(written, "TOKEN", ".env").value == NEW


REFUSED = [
    ("missing", "A=1\n", "has no TOKEN. The role adds no line"),
    ("missing from nothing", "", "has no TOKEN."),
    ("only a comment", "A=1\n# TOKEN=old\n", "has no TOKEN except in the comment in line 2."),
    ("without a value", "TOKEN\n", "has no TOKEN."),
    ("twice", "TOKEN=a\nB=1\nexport TOKEN=b\n", "more than once, in the lines 1 and 3. Nothing was written. Remove all but one."),
    ("in another's quotes", 'KEY="a\nTOKEN=old\n"\n', "may belong to the quoted value that begins in line 1"),
    ("two words", "TOKEN=a b\n", "read in different ways"),
    ("over two lines", 'TOKEN="a\nb"\n', "read in different ways"),
    ("quotes that stay open", "TOKEN='a\n", "read in different ways"),
    ("quotes inside", 'TOKEN=a"b"\n', "read in different ways"),
    ("more behind quotes", 'TOKEN="a"b\n', "read in different ways"),
    ("a line that goes on", "TOKEN=a\\\nb\n", "read in different ways"),
    ("a sign that may begin a comment", "TOKEN=a#b\n", "read in different ways"),
    ("a reference", "TOKEN=$OTHER\n", "refers to another value"),
    ("a reference in quotes", 'TOKEN="${OTHER}"\n', "refers to another value"),
    ("a command", "TOKEN=`cat`\n", "refers to another value"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_not_clear_is_refused(text: str, says: str) -> None:
    with pytest.raises(Refused) as refused:
        place_of(text, "TOKEN", "/srv/.env")
    assert says in refused.value.msg
    assert "/srv/.env" in refused.value.msg
    assert "old" not in refused.value.msg


@pytest.mark.parametrize(
    ("before", "value", "says"),
    [
        ("TOKEN=old", "two words", "Put the present value into quotes"),
        ("TOKEN=old", "", "Put the present value into quotes"),
        ('TOKEN="old"', 'a"b', "into a file of its own"),
        ("TOKEN='old'", "a'b", "into a file of its own"),
        ('TOKEN="old"', "a$b", "into a file of its own"),
        ('TOKEN="old"', "a\nb", "into a file of its own"),
    ],
)
def test_a_value_that_would_be_read_as_another_is_not_written(before: str, value: str, says: str) -> None:
    with pytest.raises(Refused, match=says):
        with_value(before, place_of(before, "TOKEN", ".env"), value, "TOKEN in .env")


def test_blanks_fit_into_quotes() -> None:
    assert with_value("TOKEN='old'", place_of("TOKEN='old'", "TOKEN", ".env"), "two words", "") == "TOKEN='two words'"


def test_a_place_shows_no_value() -> None:
    assert "old" not in repr(place_of("TOKEN=old", "TOKEN", ".env"))


@pytest.mark.parametrize("before", [row[1] for row in KEPT if "blanks around" not in row[0]])
def test_a_shell_finds_what_was_written(before: str) -> None:
    if (
        "\r" in before
        or "\ufeff" in before
        or "\udcff" in before
        or "[section]" in before
        or "'tis" in before
        or ";" in before
    ):
        pytest.skip("no file that a shell takes")
    text = with_value(before, place_of(before, "TOKEN", ".env"), NEW, "")
    script = f'{text}\nprintf %s "$TOKEN"'
    done = subprocess.run(
        ["sh", "-c", script], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True
    )
    assert done.stdout == NEW


LINES = st.lists(
    st.sampled_from(["A=1", "B='x y'", 'C="d" # e', "# TOKEN=no", "", "export F=g", "not a line", "H = i", "TOKENS=1"])
)


@given(LINES, LINES, st.sampled_from(["", '"', "'"]), st.sampled_from(["\n", "\r\n"]))
def test_the_rest_of_any_file_stays(above: list[str], below: list[str], quote: str, end: str) -> None:
    text = end.join([*above, f"TOKEN={quote}old{quote}", *below])
    expected = end.join([*above, f"TOKEN={quote}{NEW}{quote}", *below])
    place = place_of(text, "TOKEN", ".env")
    assert with_value(text, place, NEW, "") == expected
    assert place.line == len(above) + 1
    assert shlex.split(f"{quote}{NEW}{quote}") == [NEW]
