# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state file: what it remembers after each step of a rotation, and what it says of a file that it cannot understand."""

from __future__ import annotations

import copy
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import process, state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.json_shapes import WrongShape
from ansible_collections.community.turso.plugins.module_utils._rotation.state import (
    Current,
    FoundUnconfirmed,
    Pending,
    Previous,
    Process,
    State,
    TokenState,
    abandoned,
)

NOON, LATER, EVENING = "2026-11-24T12:00:00Z", "2026-11-24T12:05:00Z", "2026-11-24T18:00:00Z"
HERE = Process("build-1", 17, 4711, "boot", "pid:[1]")
NEW = Pending("ci-20261124t120000z-7f3a", "2", NOON, HERE, {"host_file on web-1": None})
OLD = Current("ci-20260824t120000z-1111", "1", "2026-08-24T12:00:00Z")


def issued() -> State:
    return State({"ci": TokenState(current=OLD)}).pending_issued("ci", NEW, NOON)


def whats(state: State) -> list[str]:
    return [str(event["what"]) for event in state.of("ci").events]


def test_nothing_is_known_of_a_token_that_no_run_has_issued() -> None:
    assert State().of("ci") == TokenState(pending=None, current=None, previous=(), events=())


def test_a_rotation_from_issue_to_revocation() -> None:
    state = issued()
    assert state.of("ci").pending == NEW
    assert state.of("ci").current == OLD

    state = state.confirmed_at("ci", "host_file on web-1", LATER)
    pending = state.of("ci").pending
    assert pending is not None
    assert pending.destinations == {"host_file on web-1": LATER}

    previous = [Previous(OLD.name, "1", LATER), Previous("ci", "0", LATER)]
    state = state.committed("ci", Current(NEW.name, "2", LATER), previous, LATER)
    assert state.of("ci").pending is None
    assert state.of("ci").current == Current(NEW.name, "2", LATER)
    assert state.of("ci").previous == (Previous(OLD.name, "1", LATER), Previous("ci", "0", LATER))

    state = state.dropped("ci", ["0", "1"], EVENING)
    assert state.of("ci").previous == ()
    assert state.of("ci").current == Current(NEW.name, "2", LATER)
    assert whats(state) == ["issued", "confirmed", "current", "revoked", "revoked"]
    assert state.of("ci").events[1] == {
        "at": LATER, "what": "confirmed", "name": NEW.name, "id": "2", "destination": "host_file on web-1",
    }  # fmt: skip
    assert state.of("ci").events[-1] == {"at": EVENING, "what": "revoked", "name": OLD.name, "id": "1"}


def test_transitions_change_another_state_and_other_tokens_stay() -> None:
    before = State({"other": TokenState(current=OLD)}, {"note": "ours"})
    after = before.pending_issued("ci", NEW, NOON)
    assert before == State({"other": TokenState(current=OLD)}, {"note": "ours"})
    assert after.of("other") == before.of("other")
    assert after.extra == {"note": "ours"}


def test_a_commit_that_only_revokes_leaves_current_and_pending() -> None:
    swept = Previous("ci", "0", NOON)
    state = issued().committed("ci", None, [swept], LATER)
    assert state.of("ci").previous == (swept,)
    assert (state.of("ci").current, state.of("ci").pending) == (OLD, NEW)


def test_what_another_run_has_pending_stays_pending() -> None:
    state = issued().committed("ci", Current("ci-20261124t170000z-9999", "9", LATER), [], LATER)
    assert state.of("ci").pending == NEW


def test_a_pending_version_of_a_former_run_is_not_previous_before_a_commit() -> None:
    another = Pending("ci-20261124t180000z-2222", "3", EVENING)
    state = issued().pending_issued("ci", another, EVENING)
    assert state.of("ci").pending == another
    assert state.of("ci").previous == ()


@pytest.mark.promise(5)
def test_what_a_slow_run_has_yet_to_deliver_is_not_previous_to_the_run_that_overtook_it() -> None:
    """Else a sweep would revoke it after the grace period, when consumers may hold it."""
    slow = Previous(NEW.name, NEW.id, LATER)
    quick = Current("ci-20261124t120500z-9999", "9", LATER)
    known = Previous(OLD.name, OLD.id, LATER)
    before = issued().committed("ci", quick, [known, slow], LATER)
    after = State().committed("ci", quick, [known, slow], LATER).pending_issued("ci", NEW, EVENING)
    for state in (before, after):
        assert (state.of("ci").pending, state.of("ci").previous) == (NEW, (known,))


def test_a_version_that_nobody_took_is_withdrawn() -> None:
    state = issued().withdrawn("ci", LATER)
    assert state.of("ci").pending is None
    assert state.of("ci").current == OLD
    assert state.of("ci").events[-1] == {"at": LATER, "what": "withdrawn", "name": NEW.name, "id": "2"}


def test_a_version_is_dropped_wherever_it_stands() -> None:
    state = issued().unconfirmed_found("ci", "2", NOON).dropped("ci", ["1", "2", "unknown"], LATER)
    assert state.of("ci").pending is None
    assert state.of("ci").current is None
    assert state.of("ci").found_unconfirmed is None
    assert state.of("ci").events[-1] == {"at": LATER, "what": "revoked", "id": "unknown"}


def test_the_second_time_that_the_same_version_is_found_unconfirmed_can_be_told() -> None:
    once = issued().unconfirmed_found("ci", "2", LATER)
    assert once.of("ci").found_unconfirmed == FoundUnconfirmed("2", LATER)
    assert once.unconfirmed_found("ci", "2", EVENING) == once
    other = once.unconfirmed_found("ci", "3", EVENING)
    assert other.of("ci").found_unconfirmed == FoundUnconfirmed("3", EVENING)
    assert other.dropped("ci", ["2"], EVENING).of("ci").found_unconfirmed == FoundUnconfirmed("3", EVENING)
    current = Current(NEW.name, "2", EVENING)
    assert once.committed("ci", current, [], EVENING).of("ci").found_unconfirmed is None


def test_only_the_last_twenty_events_are_kept() -> None:
    state = issued()
    for number in range(30):
        state = state.confirmed_at("ci", str(number), LATER)
    assert len(state.of("ci").events) == 20
    assert state.of("ci").events[-1]["destination"] == "29"


def test_a_step_without_a_pending_version_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="no version of ci is pending"):
        State().withdrawn("ci", NOON)


# What a file holds in which everything stands that may, and in each object a key that only a later release knows.
WHOLE: dict[str, Any] = {
    "format": 1,
    "note": "kept by hand",
    "tokens": {
        "ci": {
            "pending": {
                "name": NEW.name, "id": "2", "issued_at": NOON, "host": "build-1", "pid": 17, "started": 4711,
                "boot_id": "boot", "pid_namespace": "pid:[1]", "destinations": {"a": NOON, "b": None}, "later": 1,
            },
            "current": {"name": OLD.name, "id": "1", "confirmed_at": OLD.confirmed_at, "later": 2},
            "previous": [{"name": "ci", "id": "0", "since": NOON, "later": 3}],
            "events": [{"at": NOON, "what": "issued", "later": 4}],
            "found_unconfirmed": {"id": "2", "at": NOON, "later": 5},
            "later": 6,
        },
    },
}  # fmt: skip


def test_everything_is_kept_that_stands_in_the_file() -> None:
    assert State.from_json(WHOLE).as_json() == WHOLE
    assert State.from_json(WHOLE).of("ci").pending == Pending(
        NEW.name, "2", NOON, HERE, {"a": NOON, "b": None}, {"later": 1}
    )


def test_what_is_missing_or_null_is_not_known() -> None:
    sparse = {"format": 1, "tokens": {"ci": {"previous": None, "events": None, "pending": None}, "other": {}}}
    empty: dict[str, Any] = {"pending": None, "current": None, "previous": [], "events": []}
    assert State.from_json(sparse).as_json() == {"format": 1, "tokens": {"ci": empty, "other": empty}}
    pending = {"name": "n", "id": "1", "issued_at": NOON, "destinations": None}
    state = State.from_json({"format": 1, "tokens": {"ci": {"pending": pending}}})
    assert state.of("ci").pending == Pending("n", "1", NOON, Process(), {})


WRONG = [  # where something else stands, what, what is said
    ("", [], "its top level is not an object"),
    ("", {}, "format is not 1"),
    ("", {"password": "hunter2"}, "format is not 1"),
    ("format", 2, "format is not 1"),
    ("format", True, "format is not 1"),
    ("tokens", None, "tokens is not an object"),
    ("tokens.ci", [], "tokens.ci is not an object"),
    ("tokens.ci.pending", "hunter2", "tokens.ci.pending is not an object"),
    ("tokens.ci.pending.name", None, "tokens.ci.pending.name is not a text"),
    ("tokens.ci.pending.id", 2, "tokens.ci.pending.id is not a text"),
    ("tokens.ci.pending.issued_at", "hunter2", "tokens.ci.pending.issued_at is not a time in ISO 8601"),
    ("tokens.ci.pending.host", 5, "tokens.ci.pending.host is not a text"),
    ("tokens.ci.pending.pid", "17", "tokens.ci.pending.pid is not a whole number"),
    ("tokens.ci.pending.pid", True, "tokens.ci.pending.pid is not a whole number"),
    ("tokens.ci.pending.destinations", [], "tokens.ci.pending.destinations is not an object"),
    ("tokens.ci.pending.destinations.a", 1, "tokens.ci.pending.destinations.a is not a time in ISO 8601"),
    ("tokens.ci.current.id", "", "tokens.ci.current.id is not a text"),
    ("tokens.ci.current.confirmed_at", None, "tokens.ci.current.confirmed_at is not a time in ISO 8601"),
    ("tokens.ci.previous", {}, "tokens.ci.previous is not a list"),
    ("tokens.ci.previous", ["hunter2"], "tokens.ci.previous[0] is not an object"),
    ("tokens.ci.previous", [{"name": "ci", "id": "0"}], "tokens.ci.previous[0].since is not a time in ISO 8601"),
    ("tokens.ci.events", [1], "tokens.ci.events[0] is not an object"),
    ("tokens.ci.found_unconfirmed.at", "", "tokens.ci.found_unconfirmed.at is not a time in ISO 8601"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "what", "says"), WRONG, ids=[f"{row[0]} {row[1]}" for row in WRONG])
def test_a_key_is_named_that_is_not_what_it_must_be(where: str, what: Any, says: str) -> None:
    content = copy.deepcopy(WHOLE)
    *path, last = where.split(".")
    part = content
    for key in path:
        part = part[key]
    part[last] = what
    with pytest.raises(WrongShape) as wrong:
        State.from_json(content if where else what)
    assert str(wrong.value) == says


def test_the_file_is_for_people_and_git(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    assert state_file.read(str(path)) == State()
    with state_file.locked(str(path)):
        state_file.write(str(path), State.from_json(WHOLE))
    assert state_file.read(str(path)) == State.from_json(WHOLE)
    text = path.read_text()
    assert text.startswith('{\n  "format": 1,\n  "note": "kept by hand",\n  "tokens": {\n    "ci": {\n      "current"')
    assert text.endswith("}\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_file_is_read_and_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "state.json"
    link.symlink_to("there/state.json")
    with pytest.raises(Refused, match="does not exist"):
        state_file.read(str(link))
    (tmp_path / "there" / "state.json").write_bytes(b'\xef\xbb\xbf{"format": 1, "tokens": {}}')
    state_file.write(str(link), state_file.read(str(link)).pending_issued("ci", NEW, NOON))
    assert link.is_symlink()
    assert state_file.read(str(link)).of("ci").pending == NEW


FOREIGN = [  # what is in the file, what is said of it
    ("nothing", b"", "line 1 is not JSON (left by a merge?)"),
    ("marks of a merge", b'{\n<<<<<<< HEAD\n"format": 1}', "line 2 is not JSON (left by a merge?)"),
    ("a key twice", b'{"format": 1, "tokens": {"ci": {}, "ci": {}}}', "an object has a key twice (left by a merge?)"),
    ("bytes that are no text", b"\xff\xfe", "it is not UTF-8"),
    ("brackets without end", b"[" * 100_000, "it is nested too deeply"),
    ("somebody else's secrets", b'{"password": "hunter2"}', "format is not 1"),
    ("a wrong key", b'{"format": 1, "tokens": {"ci": {"current": "hunter2"}}}', "tokens.ci.current is not an object"),
]


@pytest.mark.parametrize(("content", "says"), [row[1:] for row in FOREIGN], ids=[row[0] for row in FOREIGN])
def test_a_file_is_refused_and_left_as_it_is_that_holds(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        state_file.read(str(path))
    assert f"The file {path} is not a state file of turso_rotate: {says}. It was not changed." in refused.value.msg
    assert "hunter2" not in refused.value.msg
    assert path.read_bytes() == content


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(Refused, match="is not a regular file"):
            state_file.read(str(path))
    (tmp_path / "file").touch()
    with pytest.raises(Refused, match="cannot be read: Not a directory"):
        state_file.read(str(tmp_path / "file" / "state.json"))


ABANDONED = [  # the process that issued, when the process of that number now was started, whether it was abandoned
    ("it runs", HERE, 4711, False),
    ("it is gone", HERE, None, True),
    ("its number was used again", HERE, 5000, True),
    ("another host", Process("build-2", 17, 4711, "boot", "pid:[1]"), None, False),
    ("another container", Process("build-1", 17, 4711, "boot", "pid:[2]"), None, False),
    ("another start of a machine of that name", Process("build-1", 17, 4711, "other", "pid:[1]"), None, False),
    ("nothing but host and process, which is gone", Process("build-1", 17), None, True),
    ("nothing but host and process, which runs", Process("build-1", 17), 4711, False),
    ("nothing but the host", Process("build-1"), None, False),
    ("nothing", Process(), None, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("by", "started_now", "expected"), [row[1:] for row in ABANDONED], ids=[row[0] for row in ABANDONED]
)
def test_a_version_is_abandoned_where(by: Process, started_now: int | None, expected: bool) -> None:
    pending = Pending("n", "1", NOON, by)
    assert abandoned(pending, here=HERE, started_now=started_now) is expected
    assert not abandoned(pending, here=Process("build-1", 18), started_now=started_now)  # a machine without /proc


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says it of its processes")
def test_a_process_of_this_machine_is_known_until_it_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        known = process.process_of(child.pid)
        assert known.host == os.uname().nodename
        assert known.boot_id
        assert known.pid_namespace
        assert known.started == process.started_at(child.pid)
        pending = Pending("n", "1", NOON, known)
        here = process.process_of(os.getpid())
        assert not abandoned(pending, here=here, started_now=process.started_at(child.pid))
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and its parent has not asked yet
        assert abandoned(pending, here=here, started_now=process.started_at(child.pid))
    assert process.started_at(child.pid) is None


def test_a_name_with_blanks_and_brackets_does_not_confuse(tmp_path: Path) -> None:
    (tmp_path / "17").mkdir()
    (tmp_path / "17" / "stat").write_text(f"17 (odd) name) S {' '.join(map(str, range(4, 60)))}\n")
    assert process.started_at(17, proc=str(tmp_path)) == 22


def test_nothing_is_known_elsewhere(tmp_path: Path) -> None:
    assert process.process_of(17, proc=str(tmp_path)) == Process(os.uname().nodename, 17)
