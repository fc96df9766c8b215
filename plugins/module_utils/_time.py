# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments in UTC: the texts and numbers that tell them, and the one place that reads this machine's clock for the date.

Private to this collection. What waits takes `sleep` and a monotonic `clock` as parameters.
"""

from __future__ import annotations

import datetime
import email.utils
from typing import Any


def utc_now() -> datetime.datetime:
    """Return this machine's time: for what the API told no time of."""
    return datetime.datetime.now(datetime.timezone.utc)


def moment_of(text: str | None) -> datetime.datetime | None:
    """Return the UTC moment that an ISO 8601 date or timestamp tells (a date tells its first second), else none."""
    if not text:
        return None
    try:
        return _in_utc(datetime.datetime.fromisoformat(_for_old_pythons(text.strip())))
    except (ValueError, OverflowError):
        return None


def utc_text(moment: datetime.datetime) -> str:
    """Return a moment in ISO 8601, UTC, to the second."""
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def maybe_utc_text(moment: datetime.datetime | None) -> str | None:
    """Return a moment as utc_text does, none where there is none."""
    return None if moment is None else utc_text(moment)


def days_old(days: int) -> str:
    """Return an age as messages put it."""
    return f"{days} day{'' if days == 1 else 's'} old"


def from_unix(seconds: Any) -> datetime.datetime | None:
    """Return the moment that is so many seconds after 1970, none where it is none."""
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return None
    try:
        return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None


def http_date(text: str | None) -> datetime.datetime | None:
    """Return the UTC moment that an HTTP date tells, none where it tells none."""
    try:
        return _in_utc(email.utils.parsedate_to_datetime(text or ""))
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def _in_utc(moment: datetime.datetime) -> datetime.datetime:
    """Return a moment in UTC; one that names no zone is meant so."""
    return (
        moment.replace(tzinfo=datetime.timezone.utc)
        if moment.tzinfo is None
        else moment.astimezone(datetime.timezone.utc)
    )


def _for_old_pythons(text: str) -> str:
    """Rewrite what fromisoformat cannot read before Python 3.11: a Z, and fractions that are not 3 or 6 digits."""
    if text[-1:] in "Zz":
        text = text[:-1] + "+00:00"
    head, dot, tail = text.partition(".")
    if not dot:
        return text
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[:digits][:6]:0<6}{tail[digits:]}"
