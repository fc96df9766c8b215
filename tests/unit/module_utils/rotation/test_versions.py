# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions: their names, their times, and which tokens are none."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.model import Token, moment_in_id
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import (
    active_versions,
    by_id,
    parse_version_name,
    version_name,
)
from ansible_collections.community.turso.plugins.module_utils._time import moment_of
from tests.unit.module_utils.rotation.world import NEW, NOW, OLD, ago, bare, token, versions_of

NAMES = [  # a name, and the managed token that it is a version of
    ("ci-20261124t091500z-7f3a", "ci"),
    ("ci-deploy-20261124t091500z-7f3a", "ci-deploy"),
    ("ü/b-20261124t091500z-0000", "ü/b"),
    ("a\nb-20261124t091500z-0000", "a\nb"),
    ("ci", None),
    ("ci-20261124t091500z-7F3A", None),
    ("ci-20261124T091500Z-7f3a", None),
    ("ci-20261124t091500z-7f3", None),
    ("ci-20261124t091500z-7f3ab", None),
    ("ci-20261124t091500z-7f3a\n", None),
    ("ci-20261324t091500z-7f3a", None),
    ("ci-20261124t091561z-7f3a", None),
    ("ci-20260230t091500z-7f3a", None),
    ("ci-00001124t091500z-7f3a", None),
    ("ci-\u0662\u0660\u0662\u06661124t091500z-7f3a", None),
    ("-20261124t091500z-7f3a", None),
    ("20261124t091500z-7f3a", None),
]


@pytest.mark.parametrize(("name", "managed"), NAMES, ids=[ascii(row[0]) for row in NAMES])
def test_only_an_exact_match_is_a_version(name: str, managed: str | None) -> None:
    parsed = parse_version_name(name)
    assert (parsed[0] if parsed else None) == managed


@given(
    st.text(min_size=1),
    st.datetimes(datetime.datetime(1000, 1, 1), timezones=st.just(datetime.timezone.utc)),  # noqa: DTZ001  # what it takes
    st.integers(0, 0xFFFF),
)
def test_a_version_is_known_by_its_name(managed: str, stamp: datetime.datetime, nonce: int) -> None:
    moment = stamp.replace(microsecond=0)
    assert parse_version_name(version_name(managed, moment, f"{nonce:04x}")) == (managed, moment)


def test_a_name_has_its_stamp_in_utc() -> None:
    east = NOW.astimezone(datetime.timezone(datetime.timedelta(hours=9)))
    assert version_name("ci", east, "7f3a") == "ci-20261124t091500z-7f3a"


def id_of(text: str) -> str:
    """Return an id like the service's: a UUID of version 1 in base64url."""
    since = moment_of(text) - datetime.datetime(1582, 10, 15, tzinfo=datetime.timezone.utc)  # type: ignore[operator]
    ticks = (since // datetime.timedelta(microseconds=1)) * 10
    fields = (ticks & 0xFFFFFFFF, (ticks >> 32) & 0xFFFF, (ticks >> 48) & 0x0FFF | 0x1000, 0x80, 0, 0)
    return base64.urlsafe_b64encode(uuid.UUID(fields=fields).bytes).decode().rstrip("=")


def test_a_published_id_tells_its_time() -> None:
    assert moment_in_id("clGFZ4STEe6fljpFzIum8A") == moment_of("2023-11-16T15:18:50.806819Z")
    assert moment_in_id(id_of("2026-11-01T08:00:00Z")) == moment_of("2026-11-01T08:00:00Z")


NO_TIMES = {
    "a UUID of another version": base64.urlsafe_b64encode(uuid.UUID(int=4 << 76 | 2 << 62).bytes).decode().rstrip("="),
    "another variant": base64.urlsafe_b64encode(uuid.UUID(int=1 << 76 | 7 << 61).bytes).decode().rstrip("="),
    "padded": id_of("2026-11-01T08:00:00Z") + "==",
    "too short": "clGFZ4STEe6f",
    "nothing": "",
    "no base64": "clGFZ4STEe6fljpFzIum8",
    "not ASCII": "ü" * 22,
}


@pytest.mark.parametrize("why", NO_TIMES)
def test_an_id_tells_no_time_where_it_is(why: str) -> None:
    assert moment_in_id(NO_TIMES[why]) is None


EXACT = id_of("2026-11-01T08:00:00Z")
ISSUED = [  # id, created_at, stamp, when it was issued
    ("the time in its id", EXACT, "2026-11-01", "20261101t090000z", "2026-11-01T08:00:00Z"),
    ("the time in its id, of one made by hand", EXACT, "2026-11-02", None, "2026-11-01T08:00:00Z"),
    ("the time in its id, where the API tells no date", EXACT, None, "20261101t090000z", "2026-11-01T08:00:00Z"),
    ("the time in its id, where nothing else is known", EXACT, None, None, "2026-11-01T08:00:00Z"),
    ("the stamp, where the id tells a day that is off", EXACT, "2026-11-05", "20261105t090000z", "2026-11-05T09:00:00Z"),
    ("the stamp, where the id is off and there is no date", EXACT, None, "20261105t090000z", "2026-11-05T09:00:00Z"),
    ("the end of the day, where both are off", EXACT, "2026-11-05", "20261001t090000z", "2026-11-05T23:59:59Z"),
    ("the stamp, on the day of creation", "x", "2026-11-01", "20261101t080000z", "2026-11-01T08:00:00Z"),
    ("the stamp, on the day before it", "x", "2026-11-02", "20261101t235959z", "2026-11-01T23:59:59Z"),
    ("the stamp, on the day after it", "x", "2026-10-31", "20261101t000001z", "2026-11-01T00:00:01Z"),
    ("the end of the day, where the stamp is off", "x", "2026-10-30", "20261101t080000z", "2026-10-30T23:59:59Z"),
    ("the end of the day, where there is a time", "x", "2026-10-30T01:02:03Z", "20260101t0", "2026-10-30T23:59:59Z"),
    ("never later than now", "x", "2026-11-24", "20261124t101500z", "2026-11-24T09:15:00Z"),
    ("never later than now, for a day that goes on", "x", "2026-11-24", None, "2026-11-24T09:15:00Z"),
    ("the stamp, where the API tells no date", "x", None, "20261101t080000z", "2026-11-01T08:00:00Z"),
    ("the end of the day, without a stamp", "x", "2026-11-01", None, "2026-11-01T23:59:59Z"),
    ("unknown, without any", "x", None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("token_id", "created", "stamp", "issued"), [row[1:] for row in ISSUED], ids=[row[0] for row in ISSUED]
)
def test_the_time_of_issue_is(token_id: str, created: str | None, stamp: str | None, issued: str | None) -> None:
    name = "ci" if stamp is None else f"ci-{(stamp + '00000z')[:16]}-7f3a"
    (found,) = versions_of(Token(name, token_id, created_at=created))
    assert found.issued_at == moment_of(issued)


def test_every_other_token_is_unmanaged() -> None:
    mine, strange = token(days=1), Token("cix", "1")
    other = dataclasses.replace(mine, name=mine.name.replace("ci-", "ci-deploy-"), id="2")
    found = active_versions([mine, other, strange], ["ci", "none"], NOW)
    assert [version.id for version in found["ci"]] == [mine.id]
    assert found["none"] == ()


def test_versions_go_from_the_oldest_to_the_newest_and_a_name_made_by_hand_is_the_oldest() -> None:
    young_hand, same = bare(days=0), dataclasses.replace(token("0009", days=2), created_at=None)
    listed = [NEW, same, young_hand, OLD]
    assert [version.id for version in versions_of(*listed)] == ["id-bare", "id-0001", "id-0002", "id-0009"]
    assert by_id(versions_of(OLD))["id-0001"].ref == {"name": OLD.name, "id": "id-0001"}


DAY = datetime.timedelta(days=1)
AGES = [  # a token, older than a day, younger than a day, in words
    (token(days=1), False, False, "1 day old"),
    (token(days=1, seconds=1), True, False, "1 day old"),
    (token(hours=23), False, True, "0 days old"),
    (bare(days=0), False, False, "0 days old"),
    (Token("ci", "x"), True, False, "age unknown"),
]


@pytest.mark.parametrize(
    ("listed", "older", "younger", "words"),
    AGES,
    ids=["a_day", "a_second_more", "an_hour_less", "made_by_hand", "unknown"],
)
def test_age(listed: Token, older: bool, younger: bool, words: str) -> None:
    (version,) = versions_of(listed)
    assert (version.is_older_than(DAY, NOW), version.is_younger_than(DAY, NOW)) == (older, younger)
    assert version.age_in_words(NOW) == words


def test_a_time_in_the_future_is_now() -> None:
    (version,) = versions_of(token(hours=-1))
    assert version.issued_at == NOW
    assert ago(hours=1) < NOW
