# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the values of an entry as YAML and templates give them. Private to this collection."""

from __future__ import annotations

import datetime
import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused, kind_of

_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")
_MOST = 10**6


def refuse_unknown_keys(given: Mapping[str, Any], known: Sequence[str], whose: str) -> None:
    """Refuse keys that nobody reads: a misspelt one would silently change what is issued or who confirms.

    :raises Refused: naming the unknown keys and the known ones.
    """
    unknown = [str(key) for key in given if key not in known]
    if unknown:
        raise Refused(f"there is no {', '.join(unknown)}; {whose} has {', '.join(known)}")


def refuse_of_other_kind(given: Mapping[str, Any], others: Sequence[str], kind: str) -> None:
    """Refuse keys that an entry of the other kind has.

    :raises Refused: naming them.
    """
    found = [key for key in others if key in given]
    if found:
        raise Refused(f"{', '.join(found)} {'is' if len(found) == 1 else 'are'} for {kind} only")


def refuse_nulls(given: Mapping[str, Any]) -> None:
    """Refuse a key that is written and comes to null, which a blank variable does.

    :raises Refused: naming the key.
    """
    for key, value in given.items():
        if value is None:
            raise Refused(f"{key} is null. Set a value, or leave it out: an empty variable must not change a token")


def text(key: str, value: Any) -> str:
    """Return a text, also where YAML made a number of it.

    :raises Refused: for anything else, and for an empty text.
    """
    if isinstance(value, (bool, dict, list, tuple)) or value is None:
        raise Refused(f"{key} must be a text, not {kind_of(value)}")
    read = str(value)
    if not read.strip():
        raise Refused(f"{key} is empty. Set a value, or leave it out")
    return read


def texts(key: str, value: Any) -> list[str]:
    """Return a list of texts.

    :raises Refused: for anything else.
    """
    if not isinstance(value, (list, tuple)):
        raise Refused(f"{key} must be a list of texts, not {kind_of(value)}")
    return [text(f"{key}[{index}]", item) for index, item in enumerate(value)]


def number(key: str, value: Any) -> float:
    """Return a number from 0 to a million; templates make texts of numbers.

    :raises Refused: for anything else.
    """
    try:
        read = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        read = math.nan
    if not 0 <= read < _MOST:
        raise Refused(f"{key} must be a number, 0 or more, not {shown(value) if math.isnan(read) else value}")
    return read


def whole_number(key: str, value: Any) -> int:
    """Return a whole number from 0 to a million.

    :raises Refused: for anything else.
    """
    read = number(key, value)
    if read != int(read):
        raise Refused(f"{key} must be a whole number, not {value}")
    return int(read)


def hours(key: str, value: Any) -> datetime.timedelta:
    """Return hours, which may have a fraction, as a duration."""
    return datetime.timedelta(hours=number(key, value))


def switch(key: str, value: Any) -> bool:
    """Return a boolean; templates make texts of these, too.

    :raises Refused: for what is neither true nor false.
    """
    read = str(value).lower()
    if read not in _TRUE + _FALSE:
        raise Refused(f"{key} must be true or false, not {shown(value)}")
    return read in _TRUE


def shown(value: Any) -> str:
    """Return what a message may show of a value: numbers and booleans; of all else only what kind it is.

    A text that stands in the wrong place can be a secret.
    """
    return str(value) if isinstance(value, (bool, int, float)) else kind_of(value)


def fraction_of(name: str) -> float:
    """Return a fixed number from 0 to 1 for a name, so that a thousand tokens of one day are not due on one day."""
    return int(hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8], 16) / 2**32
