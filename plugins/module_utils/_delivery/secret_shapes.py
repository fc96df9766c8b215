# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what looks like a secret in a rotation file, and say where it stands without showing it. Pure. Private to this collection.

A rotation file is committed and shown, so no option in it is a secret. The shapes are those that vendors gave their credentials so
that they can be found.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

# What a value begins with, and what it is. Each is followed by what only a real one has.
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a token of GitHub", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})")),
    ("a token of GitLab", re.compile(r"\bgl(?:pat|ptt|dt|cbt|rt|soat|oas|ft|imt|agent|ffct)-[A-Za-z0-9_.-]{20,}")),
    ("a token of HashiCorp Vault", re.compile(r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}")),
    ("a token of OpenBao or an older Vault", re.compile(r"(?<![\w.])[sb]\.[A-Za-z0-9]{24}(?![\w.])")),
    ("an access key of AWS", re.compile(r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b")),
    ("a token of npm", re.compile(r"\bnpm_[A-Za-z0-9]{36}")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAGE-SECRET-KEY-1[0-9A-Z]{58}")),
    (
        "a JSON Web Token, such as a token of Turso",
        re.compile(r"\b(?:ey[JA]|ewo)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ),
)
_LONGEST_PLACE = 60


@dataclasses.dataclass(frozen=True)
class Found:
    """Where something stands, as a path of names and numbers, and what it looks like."""

    where: str
    what: str


def secrets_in(value: Any, where: str) -> list[Found]:
    """Return what looks like a secret, anywhere in a structure of lists and dictionaries, also in its keys.

    :param where: what the structure is called, such as turso_rotate_tokens[0].
    """
    return list(_found(value, where))


def _found(value: Any, where: str) -> Iterator[Found]:
    if isinstance(value, Mapping):
        for number, (key, inner) in enumerate(value.items()):
            what = _looks_like(key)
            if what is not None:
                yield Found(f"the key number {number + 1} of {where}", what)
            yield from _found(inner, f"{where}.{_shown(key, number)}")
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            yield from _found(inner, f"{where}[{number}]")
    else:
        what = _looks_like(value)
        if what is not None:
            yield Found(where, what)


def _looks_like(value: Any) -> str | None:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if not isinstance(text, str):
        return None
    return next((what for what, shape in _SHAPES if shape.search(text)), None)


def _shown(key: Any, number: int) -> str:
    """Return a key as a place may name it; by its number where it might itself be what must not be shown."""
    text = str(key)
    return (
        text if text.isprintable() and len(text) <= _LONGEST_PLACE and _looks_like(key) is None else f"<{number + 1}>"
    )
