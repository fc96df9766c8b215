# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the places in a YAML text where entries of a dictionary stand or would stand, and write entries for them.

Private: for this collection only. Pure. The nodes are PyYAML's, with the marks that composing gives them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Union

import yaml
from yaml.nodes import MappingNode

# A key that YAML reads as this text and not as a number, a truth value or nothing.
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
TAG_AND_ANCHOR = re.compile(r"\A(?:![^\s]*\s+)?(&[^\s,\[\]{}]+\s+)?")
# Of a block scalar: the comment of its first line, its lines, and the empty lines behind it.
BLOCK = re.compile(r"\A[^\n]*?(\s+#[^\r\n]*)?\r?\n.*?(\s*)\Z", re.DOTALL)

Change = tuple[int, int, str]  # from where to where in the text, and what stands there instead
Entries = Mapping[str, Union[str, Mapping[str, str]]]


def replacement(text: str, value: Any, secret: str) -> Change:
    """Return the change that puts a text in the place of another; an anchor and the comment of a block scalar stay."""
    start, end = value.start_mark.index, value.end_mark.index
    old = text[start:end]
    anchor = TAG_AND_ANCHOR.findall(old)[0]
    blank = " " if start == end else ""  # a key without a value ends at its colon
    new = f"{blank}{anchor}{quoted(secret)}"
    if value.style in {"|", ">"}:
        comment, empty_lines = BLOCK.findall(old)[0]
        new = f"{new}{comment}{empty_lines}"
    return start, end, new


def filling(text: str, key: Any, value: Any, entries: Entries) -> list[Change]:
    """Return the changes that put entries below a key that has none, in the place of a null or of empty braces."""
    start, end = value.start_mark.index, value.end_mark.index
    blanks = len(text[:start]) - len(text[:start].rstrip(" \t"))
    return [(start - blanks, end, ""), _as_lines(text, end, entries, key.start_mark.column + 2)]


def insertion(text: str, mapping: Any, entries: Entries) -> Change:
    """Return the change that puts entries behind those of a dictionary, or behind everything where it stands nowhere yet."""
    column = min((key.start_mark.column for key, _value in mapping.value), default=0)
    return _as_lines(text, end_of(mapping) if mapping.value else len(text), entries, column)


def end_of(value: Any) -> int:
    """Return where a value ends; PyYAML counts comments that follow a block to the block."""
    if isinstance(value, MappingNode) and value.value and not value.flow_style:
        return end_of(value.value[-1][1])
    return int(value.end_mark.index)


def _as_lines(text: str, after: int, entries: Entries, column: int) -> Change:
    """Return the change that puts entries into lines of their own behind the line in which a value ends."""
    line_break = "\r\n" if "\r\n" in text else "\n"
    lines = "".join(f"{line}{line_break}" for line in _block(entries, column))
    if text[:after].endswith("\n") or not text[:after]:
        return after, after, lines
    place = text.find("\n", after) + 1
    return (place, place, lines) if place else (len(text), len(text), f"{line_break}{lines}")


def _block(entries: Entries, column: int) -> Iterator[str]:
    for name, part in entries.items():
        start = f"{' ' * column}{name if is_plain(name) else quoted(name)}:"
        if isinstance(part, str):
            yield f"{start} {quoted(part)}"
        else:
            yield start
            yield from _block(part, column + 2)


def is_plain(name: str) -> bool:
    """Tell whether YAML reads a name without quotes as that text."""
    return PLAIN.fullmatch(name) is not None and yaml.safe_load(name) == name


def quoted(text: str) -> str:
    """Return a text in double quotes, in ASCII: PyYAML would not escape each line break of Unicode."""
    return yaml.safe_dump(text, default_style='"', width=sys.maxsize).strip()
