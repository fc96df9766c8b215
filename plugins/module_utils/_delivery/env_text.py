# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find and replace the value of one variable in a file of environment variables. Pure. Private to this collection.

Shells, systemd, Docker and the dotenv libraries read such files, each a little differently. Where they would differ about the
value that is to be replaced, nothing is guessed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from ansible_collections.community.turso.plugins.module_utils._errors import Refused

_ASSIGNMENT = re.compile(
    r"(?P<before>\ufeff?[ \t]*(?:export[ \t]+)?(?P<name>[^\s=#;'\"]+)[ \t]*=(?:[ \t]+(?=[^\s#]))?)(?P<rest>.*)\Z"
)
_IN_QUOTES = re.compile(
    r"""(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)')[ \t]*(?:[ \t]#.*)?\Z"""
)  # fmt: skip
_PLAIN = re.compile(r"""(?P<plain>[^\s"'\\#]*)[ \t]*(?:[ \t]#.*)?\Z""")
_REFERENCE = re.compile(r"[$`]")
# What every reader takes as it stands, without quotes and within them.
_NEEDS_NO_QUOTES = re.compile(r"[A-Za-z0-9_.,:/@%+=~-]+")
_FITS_IN_QUOTES = re.compile(r"""[^"'\\$`\x00-\x1f\x7f]+""")


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a value stands in a text: from `start` to `end`, within a pair of the character `quote` or without any."""

    line: int
    start: int
    end: int
    quote: str
    value: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class _Line:
    number: int
    name: str
    start: int  # of the value, with its quotes
    rest: str = dataclasses.field(repr=False)
    within: int | None = None  # the line in which a value in quotes begins that this line may belong to


def place_of(text: str, variable: str, path: str) -> Place:
    """Return the only place where a text gives a variable its value.

    :param path: of the file, for messages.
    :raises Refused: it stands nowhere, more than once, or so that not every reader finds the same value. The message shows nothing
        of the file but its path and numbers of lines.
    """
    found = [line for line in _assignments(text) if line.name == variable]
    if not found:
        raise Refused(_missing(text, variable, path))
    if len(found) > 1:
        lines = " and ".join(str(line.number) for line in found)
        raise Refused(
            f"{path} has {variable} more than once, in the lines {lines}. Nothing was written. Remove all but one."
        )
    (line,) = found
    where = f"{variable} in line {line.number} of {path}"
    if line.within is not None:
        raise Refused(
            f"{where} may belong to the quoted value that begins in line {line.within}. Nothing was written. Close these "
            "quotes."
        )
    return _place(line, where)


def with_value(text: str, place: Place, value: str, what: str) -> str:
    """Return the text with another value at that place; quotes, comments and line breaks stay.

    :param what: the place in words, for messages.
    :raises Refused: not every reader would find that value there.
    """
    fits = _FITS_IN_QUOTES if place.quote else _NEEDS_NO_QUOTES
    if fits.fullmatch(value) is None:
        remedy = (
            "Deliver it with to: file, into a file of its own." if place.quote else "Put the present value into quotes."
        )
        raise Refused(
            f"The new value has characters that cannot be written into {what} as they are. Nothing was written. {remedy}"
        )
    return text[: place.start] + value + text[place.end :]


def _assignments(text: str) -> Iterator[_Line]:
    """Yield every line that gives a variable a value, with the values in quotes that go on over several lines in mind."""
    opened, until = 0, 0
    for number, start, line in _lines(text):
        match = _ASSIGNMENT.match(line)
        if match is None:
            continue
        value_start = start + match.end("before")
        is_within = start < until
        yield _Line(number, match["name"], value_start, match["rest"], opened if is_within else None)
        if not is_within:
            opened, until = number, _end_of_quotes(text, value_start, match["rest"])


def _lines(text: str) -> Iterator[tuple[int, int, str]]:
    start = 0
    for number, line in enumerate(text.split("\n"), 1):
        yield number, start, line[:-1] if line.endswith("\r") else line
        start += len(line) + 1


def _end_of_quotes(text: str, start: int, rest: str) -> int:
    """Return where quotes end that open at a value and do not close in its line; 0 where there are none."""
    quote = rest[:1]
    if quote not in ("'", '"') or quote in rest[1:]:
        return 0
    return text.find(quote, start + len(rest)) + 1


def _place(line: _Line, where: str) -> Place:
    match = (_IN_QUOTES if line.rest[:1] in ("'", '"') else _PLAIN).match(line.rest)
    if match is None:
        raise Refused(
            f"{where} has a value that programs read in different ways. Nothing was written. Make it one word, or one text in "
            "quotes, on one line."
        )
    group = str(match.lastgroup)
    value = match[group]
    if group != "single" and _REFERENCE.search(value):
        raise Refused(
            f"{where} refers to another value ($ or `). Nothing was written. Deliver to the place of that value."
        )
    quote = {"double": '"', "single": "'"}.get(group, "")
    return Place(line.number, line.start + match.start(group), line.start + match.end(group), quote, value)


def _missing(text: str, variable: str, path: str) -> str:
    comment = re.search(rf"(?m)^[ \t]*[#;].*(?<!\w){re.escape(variable)}[ \t]*=", text)
    but = "" if comment is None else f" except in the comment in line {text.count(chr(10), 0, comment.end()) + 1}"
    return (
        f"{path} has no {variable}{but}. The role adds no line, because nothing may read it. Correct the name, or add the "
        f"line {variable}= to the file."
    )
