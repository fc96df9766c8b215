# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments in UTC, whatever tells them."""

from __future__ import annotations

import datetime
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._time import http_date, moment_of, utc_text

MOMENTS = {
    "a date": ("2026-11-24", "2026-11-24T00:00:00+00:00"),
    "a timestamp": ("2026-11-24T09:15:00Z", "2026-11-24T09:15:00+00:00"),
    "a small z": ("2026-11-24T09:15:00z", "2026-11-24T09:15:00+00:00"),
    "no zone": ("2026-11-24T09:15:00", "2026-11-24T09:15:00+00:00"),
    "a space": ("2026-11-24 09:15:00", "2026-11-24T09:15:00+00:00"),
    "another zone, another day": ("2026-11-24T23:15:00-02:00", "2026-11-25T01:15:00+00:00"),
    "milliseconds": ("2026-11-24T09:15:00.123Z", "2026-11-24T09:15:00.123000+00:00"),
    "one digit": ("2026-11-24T09:15:00.1Z", "2026-11-24T09:15:00.100000+00:00"),
    "nanoseconds": ("2026-11-24T09:15:00.123456789Z", "2026-11-24T09:15:00.123456+00:00"),
    "nanoseconds and a zone": ("2026-11-24T09:15:00.123456789+01:00", "2026-11-24T08:15:00.123456+00:00"),
    "white space around": (" 2026-11-24\n", "2026-11-24T00:00:00+00:00"),
    "none": (None, None),
    "empty": ("", None),
    "blank": (" ", None),
    "no date": ("yesterday", None),
    "no such day": ("2026-02-30", None),
    "before all time": ("0001-01-01T00:00:00+01:00", None),
    "a dot too much": ("2026.", None),
    "only a z": ("Z", None),
}


@pytest.mark.parametrize(("text", "expected"), MOMENTS.values(), ids=MOMENTS)
def test_moments_are_read(text: str | None, expected: str | None) -> None:
    moment = moment_of(text)
    assert (moment and moment.isoformat()) == expected


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{5,8}(\.[0-9]*)?[Z+-]?.{0,6}"))
def test_whatever_is_called_a_moment_is_one_in_utc_or_none(text: str) -> None:
    moment = moment_of(text)
    assert moment is None or moment.utcoffset() == datetime.timedelta(0)


@given(st.dates(datetime.date(1000, 1, 2), datetime.date(9999, 12, 30)), st.times(), st.integers(-23, 23))
def test_a_moment_that_is_written_is_read_again(day: datetime.date, time: datetime.time, hours: int) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    moment = datetime.datetime.combine(day, time.replace(microsecond=0), tzinfo=zone)
    assert moment_of(utc_text(moment)) == moment


@given(st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{1,9} .{0,6}"))
def test_a_date_header_is_a_moment_or_none(text: str) -> None:
    moment = http_date(text)
    assert moment is None or moment.utcoffset() == datetime.timedelta(0)


def test_times_do_not_depend_on_where_the_controller_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        moment = moment_of("2026-11-24T23:30:00Z")
        assert moment is not None
        assert moment.isoformat() == "2026-11-24T23:30:00+00:00"
        assert utc_text(moment) == "2026-11-24T23:30:00Z"
    finally:
        monkeypatch.undo()
        time.tzset()
