# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold a lock beside a file, so that two runs on one machine, or on one shared file system, don't undo each other's writes.

Private: for this collection only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from typing import Callable

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._files import target_of

POLL_SECONDS = 0.1


def say_nothing(_message: str) -> None:
    """Take a message for which nobody asked."""


@contextlib.contextmanager
def locked(
    path: str,
    *,
    wait_seconds: float = 30.0,
    on_wait: Callable[[str], None] = say_nothing,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold the lock of a file while the block runs. The lock is the file <path>.lock beside the link's target; it stays.

    Not reentrant: a block that takes the same lock again waits for itself until wait_seconds are over.

    :param on_wait: called once, with a sentence for people, before waiting for somebody else's lock.
    :raises Refused: the lock is held for longer than wait_seconds, cannot be opened, or the file system has no locks.
    """
    lock = f"{target_of(path)}.lock"
    deadline = clock() + wait_seconds
    handle, holder = _attempt(lock)
    if handle is None:
        on_wait(f"Waiting up to {wait_seconds:g} seconds for the lock {lock}, held by {holder}.")
    while handle is None:
        if clock() >= deadline:
            raise Refused(
                f"The lock {lock} was held for {wait_seconds:g} seconds by {holder}. {path} was not changed. Wait for that "
                "run to end, or end it, then run this again."
            )
        sleep(POLL_SECONDS)
        handle, holder = _attempt(lock)
    try:
        _sign(handle)
        yield
    finally:
        _release(handle)


def _attempt(lock: str) -> tuple[int | None, str]:
    """Return a handle that holds the lock, or none and who holds it."""
    handle = _opened(lock)
    try:
        if _locks_at_once(handle, lock):
            return handle, ""
        holder = _holder_of(handle)
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None, holder


def _opened(lock: str) -> int:
    """Open the lock file, or make one that everybody can open who could replace the file that it protects."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        # Not with O_CREAT: Linux refuses that for other people's files in sticky folders (fs.protected_regular).
        with contextlib.suppress(FileNotFoundError):
            return os.open(lock, flags)
        with contextlib.suppress(FileExistsError):
            handle = os.open(lock, flags | os.O_CREAT | os.O_EXCL, 0o600)
            _open_to_writers_of_folder(handle, os.path.dirname(lock))
            return handle
        return os.open(lock, flags)
    except OSError as exc:
        raise Refused(
            f"The lock {lock} cannot be opened: {exc.strerror}. The file that it protects was not changed. Run this as a "
            "user who may write to that folder. If the lock belongs to another user, remove it while no run is active."
        ) from exc


def _open_to_writers_of_folder(handle: int, folder: str) -> None:
    """Give a new lock the owner, the group and the write permissions of its folder, as far as this user may.

    Whoever may write to the folder may replace the file. After a run as root the folder's owner must still be able to lock it.
    """
    there = os.stat(folder)
    for owner in (there.st_uid, -1):
        with contextlib.suppress(PermissionError):
            os.fchown(handle, owner, there.st_gid)
            break
    writers = there.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    os.fchmod(handle, 0o600 | writers | writers << 1)


def _locks_at_once(handle: int, lock: str) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Somebody may have removed the file meanwhile; another run then locks a new one.
        return os.path.samestat(os.fstat(handle), os.stat(lock))
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError as exc:
        raise Refused(
            f"The lock {lock} cannot be taken: {exc.strerror}. Without a lock two runs could lose each other's tokens. The "
            "file that it protects was not changed. Put it on a file system that supports locks (flock), or mount that "
            "with locks."
        ) from exc


def _holder_of(handle: int) -> str:
    """Return who holds a lock, as its file says."""
    text = os.pread(handle, 200, 0).decode("utf-8", "replace").strip()
    return text if text.isprintable() and text else "another process"


def _sign(handle: int) -> None:
    """Write into the lock file who holds it, for those who wait."""
    with contextlib.suppress(OSError):  # a full disk loses this hint, and nothing else
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {os.uname().nodename}\n".encode(), 0)


def _release(handle: int) -> None:
    """Let a lock go, also where a child process has inherited the handle."""
    try:
        with contextlib.suppress(OSError):
            os.ftruncate(handle, 0)
        fcntl.flock(handle, fcntl.LOCK_UN)
    finally:
        os.close(handle)
