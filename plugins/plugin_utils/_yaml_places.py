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
from yaml.nodes import MappingNode, ScalarNode

# A key that YAML reads as this text and not as a number, a truth value or nothing.
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
ALIAS = re.compile(r"\s*:\s+(\*[^\s,\[\]{}]+)")
ANCHOR = re.compile(r"(?:![^\s]*\s+)?(&[^\s,\[\]{}]+\s+)")
HEADER_COMMENT = re.compile(r"[^\n]*?(\s+#[^\r\n]*)")

Change = tuple[int, int, str]  # from where to where in the text, and what stands there instead
Entries = Mapping[str, Union[str, Mapping[str, str]]]


def replacement(text: str, key: Any, value: Any, secret: str) -> Change:
    """Return the change that gives a key another value; an anchor and the comment of a block's first line stay."""
    alias = ALIAS.match(text, key.end_mark.index)
    if is_alias(key, value) and alias:
        return (*alias.span(1), _quoted(secret))
    start, end = value.start_mark.index, end_of(text, key, value)
    old = text[start:end]
    anchor = ANCHOR.match(old)
    new = (anchor[1] if anchor else "") + _quoted(secret)
    if isinstance(value, ScalarNode) and value.style in {"|", ">"}:
        comment = HEADER_COMMENT.match(old)
        new += (comment[1] if comment else "") + old[len(old.rstrip()) :]
    # A key without a value ends at its colon.
    return start, end, new if start < end else f" {new}"


def filling(text: str, key: Any, value: Any, entries: Entries, flow: bool) -> list[Change]:
    """Return the changes that put entries below a key that has none."""
    start, end = value.start_mark.index, value.end_mark.index
    if flow:
        return [(start, end, f" {{{_flow(entries)}}}" if start == end else f"{{{_flow(entries)}}}")]
    start -= len(text[:start]) - len(text[:start].rstrip(" \t"))
    return [(start, end, ""), _as_lines(text, end, entries, key.start_mark.column + 2)]


def insertion(text: str, mapping: Any, entries: Entries) -> Change:
    """Return the change that puts entries behind those of a dictionary."""
    if mapping.value and mapping.flow_style:
        end = end_of(text, *mapping.value[-1])
        return end, end, f", {_flow(entries)}"
    if mapping.value:
        column = min(key.start_mark.column for key, _value in mapping.value)
        return _as_lines(text, end_of(text, *mapping.value[-1]), entries, column)
    if mapping.flow_style:
        return mapping.start_mark.index, mapping.end_mark.index, f"{{{_flow(entries)}}}"
    return _as_lines(text, len(text), entries, 0)


def _as_lines(text: str, after: int, entries: Entries, column: int) -> Change:
    """Return the change that puts entries into lines of their own behind the line in which a value ends."""
    line_break = "\r\n" if "\r\n" in text else "\n"
    lines = "".join(f"{line}{line_break}" for line in _block(entries, column))
    if after == 0 or text[after - 1] == "\n":
        return after, after, lines
    place = text.find("\n", after) + 1
    return (place, place, lines) if place else (len(text), len(text), f"{line_break}{lines}")


def is_alias(key: Any, value: Any) -> bool:
    """Tell whether a value is an alias: it then stands where its anchor is, before the key."""
    return bool(value.start_mark.index < key.start_mark.index)


def end_of(text: str, key: Any, value: Any) -> int:
    """Return where a value ends; PyYAML counts comments that follow a block to the block."""
    if is_alias(key, value):
        alias = ALIAS.match(text, key.end_mark.index)
        return alias.end() if alias else key.end_mark.index
    if isinstance(value, MappingNode) and not value.flow_style and value.value:
        return end_of(text, *value.value[-1])
    return int(value.end_mark.index)


def _block(entries: Entries, column: int) -> Iterator[str]:
    for name, part in entries.items():
        start = f"{' ' * column}{name if is_plain(name) else _quoted(name)}:"
        if isinstance(part, str):
            yield f"{start} {_quoted(part)}"
        else:
            yield start
            yield from _block(part, column + 2)


def _flow(entries: Entries) -> str:
    """Return entries in a style that is JSON as well."""
    parts = {name: _quoted(part) if isinstance(part, str) else f"{{{_flow(part)}}}" for name, part in entries.items()}
    return ", ".join(f"{_quoted(name)}: {part}" for name, part in parts.items())


def is_plain(name: str) -> bool:
    return PLAIN.fullmatch(name) is not None and yaml.safe_load(name) == name


def _quoted(text: str) -> str:
    """Return a text in double quotes, in ASCII: PyYAML would not escape each line break of Unicode."""
    return yaml.safe_dump(text, default_style='"', width=sys.maxsize).strip()
