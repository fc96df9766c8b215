# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks: one run at a time, a bound and a word for those who wait, and a refusal where there are no locks."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._locks import locked
from tests.unit.module_utils.users import SOMEBODY, as_root, as_somebody


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "state.json")


@pytest.fixture
def held(path: str) -> Iterator[Path]:
    """The lock, while another handle holds it, as another process would."""
    lock = Path(f"{path}.lock")
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield lock


class Clock:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def _add_lines(path: str, rounds: int) -> None:
    for _ in range(rounds):
        with locked(path):
            content = Path(path).read_text()
            Path(path).write_text(f"{content}x")


def test_two_runs_at_once_lose_nothing_of_each_other(path: str) -> None:
    Path(path).touch()
    fork = multiprocessing.get_context("fork")
    runs = [fork.Process(target=_add_lines, args=(path, 10)) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert Path(path).read_text() == "x" * 20


def test_the_lock_says_who_holds_it_while_it_is_held(path: str) -> None:
    with locked(path):
        assert Path(f"{path}.lock").read_text() == f"process {os.getpid()} on {os.uname().nodename}\n"
    assert Path(f"{path}.lock").read_text() == ""
    with locked(path):
        pass


def test_the_lock_stands_beside_the_file_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").touch()
    (tmp_path / "link").symlink_to("there/file")
    with locked(str(tmp_path / "link")):
        assert (tmp_path / "there" / "file.lock").exists()
    assert not (tmp_path / "link.lock").exists()


HOLDERS = [
    ("process 17 on build-1\n", "process 17 on build-1"),
    ("", "another process"),
    ("\x1b[2J", "another process"),
]


@pytest.mark.parametrize(("written", "said"), HOLDERS)
def test_whoever_waits_is_told_once_for_whom_and_not_for_ever(path: str, held: Path, written: str, said: str) -> None:
    held.write_text(written)
    clock = Clock()
    told: list[str] = []
    with (
        pytest.raises(Refused) as refused,
        locked(path, wait_seconds=5, on_wait=told.append, clock=clock.now, sleep=clock.sleep),
    ):
        raise AssertionError
    assert told == [f"Waiting up to 5 seconds for the lock {held}, held by {said}."]
    assert f"was held for 5 seconds by {said}. {path} was not changed." in refused.value.msg
    assert 5 <= clock.seconds < 5.2


def test_a_lock_that_is_let_go_meanwhile_is_taken(path: str) -> None:
    with open(f"{path}.lock", "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with locked(path, sleep=lambda _seconds: fcntl.flock(file, fcntl.LOCK_UN)):
            pass


def test_a_lock_that_was_removed_while_it_was_taken_is_not_held(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a run that makes a new one would hold it as well."""
    flock = fcntl.flock
    first: list[Any] = []

    def removing(handle: int, operation: int) -> None:
        if not first:
            first.append(handle)
            os.unlink(f"{path}.lock")
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", removing)
    with (
        locked(path, sleep=lambda _seconds: None),
        open(f"{path}.lock", encoding="utf-8") as other,
        pytest.raises(BlockingIOError),
    ):
        flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_child_that_inherits_the_handle_does_not_keep_the_lock(path: str) -> None:
    with locked(path):
        copies = [os.dup(int(name)) for name in os.listdir("/proc/self/fd") if _leads_to(name, f"{path}.lock")]
    try:
        with locked(path, wait_seconds=0):
            pass
    finally:
        for copy in copies:
            os.close(copy)
    assert copies


def _leads_to(name: str, path: str) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{name}") == path
    except OSError:
        return False


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_refused(path: str, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refusing(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refusing)
    handles = len(os.listdir("/proc/self/fd"))
    with pytest.raises(Refused, match="Put it on a file system that supports locks"), locked(path):
        raise AssertionError
    assert len(os.listdir("/proc/self/fd")) == handles


def test_a_lock_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link.lock").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "folder.lock").mkdir()
    for name in ("link", "folder", "missing/file"):
        with (
            pytest.raises(Refused, match=r"cannot be opened: .*remove it while no run is active"),
            locked(str(tmp_path / name)),
        ):
            raise AssertionError
    assert not (tmp_path / "elsewhere").exists()


def test_a_lock_is_not_opened_through_a_link(path: str) -> None:
    target = Path(f"{path}.txt")
    target.write_text("kept")
    Path(f"{path}.lock").symlink_to(target)
    with pytest.raises(Refused, match="cannot be opened"), locked(path):
        raise AssertionError
    assert target.read_text() == "kept"


def test_a_lock_that_somebody_makes_at_the_same_time_is_shared(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def late(name: str, flags: int, *rest: Any) -> int:
        if flags & os.O_EXCL:
            Path(name).touch()
        return opened(name, flags, *rest)

    monkeypatch.setattr(os, "open", late)
    with locked(path):
        assert "process" in Path(f"{path}.lock").read_text()


FOLDERS = [(0o755, 0o600), (0o700, 0o600), (0o775, 0o660), (0o2770, 0o660), (0o1777, 0o666)]


@pytest.mark.parametrize(("folder", "lock"), FOLDERS)
def test_whoever_may_replace_the_file_may_lock_it(tmp_path: Path, folder: int, lock: int) -> None:
    tmp_path.chmod(folder)
    with locked(str(tmp_path / "file")):
        assert stat.S_IMODE((tmp_path / "file.lock").stat().st_mode) == lock


@as_root
def test_one_run_as_root_locks_the_owner_of_the_folder_not_out() -> None:
    with tempfile.TemporaryDirectory() as top:
        os.chown(top, SOMEBODY, SOMEBODY)
        with locked(f"{top}/file"):
            pass
        assert os.stat(f"{top}/file.lock").st_uid == SOMEBODY
        assert as_somebody(_lock, f"{top}/file") == ""


@as_root
def test_a_lock_of_somebody_elses_is_refused_with_the_remedy() -> None:
    with tempfile.TemporaryDirectory() as top:
        Path(top).chmod(0o755)
        with locked(f"{top}/file"):
            pass
        assert "file.lock cannot be opened: Permission denied." in as_somebody(_lock, f"{top}/file")


def _lock(path: str) -> None:
    with locked(path, wait_seconds=0):
        pass


def test_a_lock_that_cannot_be_given_away_is_the_users(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def denied(_handle: int, owner: int, _group: int) -> None:
        asked.append(owner)
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", denied)
    with locked(path):
        assert asked == [os.stat(os.path.dirname(path)).st_uid, -1]


def test_a_full_disk_loses_only_the_name_of_the_holder(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "ftruncate", full)
    with locked(path):
        assert Path(f"{path}.lock").read_text() == ""
