# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replace a file whole or not at all, as it was owned and permitted before. Private."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
import struct
import tempfile
from typing import Callable, Optional

from ansible_collections.community.turso.plugins.module_utils._errors import Refused

# linux/fs.h. Architectures that encode it differently answer ENOTTY, and then nothing is known of the flags.
FS_IOC_GETFLAGS = 0x80086601
FS_IMMUTABLE_FL = 0x10
FS_APPEND_FL = 0x20

Owner = Optional[tuple[int, int]]
SPARE_BYTES = 64 * 1024  # what the new content may be longer than the old one


def replaced(
    path: str,
    content: bytes,
    *,
    new_mode: int = 0o600,
    new_owner: Owner = None,
    last_look: Callable[[], None] = lambda: None,
) -> None:
    """Replace the content of a file in one step, or leave it as it is.

    A symbolic link stays, and its target is replaced. Owner, group, mode, access lists and labels of an existing file are
    kept. A new file gets new_mode and new_owner (-1: not said), or belongs to the owner of its folder where root makes it.

    :param last_look: called right before the replacement; what it raises leaves the file as it is.
    :raises Refused: where the file cannot be replaced; it is then unchanged.
    """
    target = target_of(path)
    try:
        temporary = _written_beside(target, content, new_mode, new_owner)
        try:
            last_look()
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as exc:
        raise _refused(path, exc.strerror or "unknown error", _remedy_for(exc)) from exc
    # The new content is in place already, and some file systems cannot do this to a folder.
    with contextlib.suppress(OSError):
        _sync_folder(os.path.dirname(target))


def check_replaceable(path: str, *, rehearse: bool = True, new_owner: Owner = None) -> None:
    """Find out whether replaced() would work, without changing the file.

    :param rehearse: write a temporary file of the same size, owner and mode beside it and remove it again. Otherwise only
        what can be told by looking is told.
    :raises Refused: says what is in the way and what to do about it.
    """
    target = target_of(path)
    folder = os.path.dirname(target)
    there = _stat_of(target)
    if not os.path.isdir(folder):
        raise _refused(path, f"its folder {folder} does not exist", "Create the folder.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _refused(
            path,
            f"its folder {folder} cannot be written to",
            "Make the folder writable for the user who runs this, or choose another path.",
        )
    _check_flags(path, folder)
    if there is not None:
        _check_existing(path, target, there)
    if rehearse:
        try:
            size = SPARE_BYTES + (there.st_size if there else 0)
            os.unlink(_written_beside(target, bytes(size), 0o600, new_owner))
        except OSError as exc:
            raise _refused(path, exc.strerror or "unknown error", _remedy_for(exc)) from exc


def target_of(path: str) -> str:
    """Return the absolute path of the file behind all symbolic links.

    :raises Refused: for a link that leads nowhere.
    """
    target = os.path.realpath(path)
    if os.path.islink(path) and not os.path.lexists(target):
        raise _refused(
            path, f"it is a symbolic link to {target}, which does not exist", "Create or remove the link's target."
        )
    if os.path.islink(target):
        raise _refused(path, "its symbolic links lead in a circle", "Correct the links.")
    return target


def mount_points(mountinfo: str) -> set[str]:
    """Return the mount points that a text in the format of /proc/self/mountinfo names."""
    rows = (line.split(" ") for line in mountinfo.splitlines())
    # Blanks, tabs, line breaks and backslashes stand there in octal.
    return {re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), row[4]) for row in rows if len(row) > 4}


def _check_existing(path: str, target: str, there: os.stat_result) -> None:
    if target in mount_points(_mountinfo()):
        raise _refused(
            path,
            "it is a mount point by itself (a bind mount of a single file)",
            "Mount the folder that holds it instead.",
        )
    _check_flags(path, target)
    folder = os.stat(os.path.dirname(target))
    if folder.st_mode & stat.S_ISVTX and os.geteuid() not in {0, there.st_uid, folder.st_uid}:
        raise _refused(
            path,
            "it belongs to another user and its folder is sticky",
            "Run this as the owner of the file, or choose another path.",
        )


def _check_flags(path: str, place: str) -> None:
    """Refuse a file or folder that chattr has made immutable or append-only."""
    if _flags_of(place) & (FS_IMMUTABLE_FL | FS_APPEND_FL):
        raise _refused(
            path, f"{place} is immutable or append-only", f"Run chattr -i -a {place}, or choose another path."
        )


def _flags_of(place: str) -> int:
    """Return the flags that lsattr shows; 0 where they cannot be known."""
    buffer = bytearray(struct.calcsize("l"))
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        fcntl.ioctl(handle, FS_IOC_GETFLAGS, buffer)
    except OSError:
        return 0
    finally:
        os.close(handle)
    # The kernel fills in 32 bits, whatever the size in the request says.
    return int(struct.unpack_from("I", buffer)[0])


def _written_beside(target: str, content: bytes, new_mode: int, new_owner: Owner) -> str:
    """Write content to a temporary file beside target that has its owner, group and mode; return its path."""
    there = _stat_of(target)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".turso-")
    try:
        with os.fdopen(handle, "wb") as file:
            if there is None:
                _give_to_folder(handle, os.path.dirname(target))
                if new_owner is not None:
                    os.fchown(handle, *new_owner)
                os.fchmod(handle, new_mode)
            else:
                if (there.st_uid, there.st_gid) != _owners_of(handle):
                    os.fchown(handle, there.st_uid, there.st_gid)
                shutil.copystat(target, temporary)
            file.write(content)
            file.flush()
            os.fsync(handle)
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def _owners_of(handle: int) -> tuple[int, int]:
    there = os.fstat(handle)
    return there.st_uid, there.st_gid


def _give_to_folder(handle: int, folder: str) -> None:
    """Give a new file that root makes to the folder's owner, who would otherwise be locked out of it."""
    if os.geteuid() == 0:
        there = os.stat(folder)
        with contextlib.suppress(PermissionError):
            os.fchown(handle, there.st_uid, there.st_gid)


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stat_of(target: str) -> os.stat_result | None:
    try:
        there = os.stat(target)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise _refused(target, exc.strerror or "unknown error", _remedy_for(exc)) from exc
    if not stat.S_ISREG(there.st_mode):
        raise _refused(target, "it is not a regular file", "Choose the path of a regular file.")
    return there


def _mountinfo() -> str:
    """Return what Linux says of the mounts; nothing elsewhere."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def _remedy_for(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "Run this as the owner of the file and of its folder, or give both to the user who runs this."
    return "Fix this, or choose another path."


def _refused(path: str, reason: str, remedy: str) -> Refused:
    return Refused(f"The file {path} cannot be replaced: {reason}. It was not changed. {remedy}")
