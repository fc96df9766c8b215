# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger: which generation of each logical token was handed over last, as JSON for people and git. No secrets."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.model import moment_of
from ansible_collections.community.turso.plugins.module_utils._errors import Refused

_REMEDY = "It was left as it is. Correct turso_rotate_ledger, or move the file away if its knowledge is not needed."


def read(path: str) -> dict[str, Any]:
    """Return what the ledger says, by logical name; an empty one where the file does not exist yet.

    :raises Refused: for a link, a file that cannot be read or later replaced, and one that is not a ledger.
    """
    if not os.access(os.path.dirname(os.path.abspath(path)), os.W_OK | os.X_OK):
        raise Refused(f"The folder of the ledger {path} does not exist or cannot be written to. {_REMEDY}")
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise Refused(f"The ledger {path} is not a regular file. {_REMEDY}")
        with open(path, encoding="utf-8") as file:
            content: dict[str, Any] = json.load(file)
            json.dumps(content, ensure_ascii=False).encode("utf-8")  # what cannot be written back is refused now
    except FileNotFoundError:
        return {}
    except OSError as exc:
        raise Refused(f"The ledger {path} cannot be read: {exc.strerror}. {_REMEDY}") from exc
    except UnicodeEncodeError as exc:
        raise Refused(f"The ledger {path} holds text that is not Unicode. {_REMEDY}") from exc
    except (ValueError, RecursionError) as exc:
        raise Refused(f"The ledger {path} is not JSON. {_REMEDY}") from exc
    problem = _problem(content)
    if problem is not None:
        raise Refused(f"The file {path} is not a ledger of turso_rotate: {problem}. {_REMEDY}")
    return content


def _problem(content: Any) -> str | None:
    if not isinstance(content, dict):
        return "it is not an object"
    for logical, part in content.items():
        if not isinstance(part, dict) or set(part) != {"current", "superseded", "events"}:
            return f"{logical!r} does not hold current, superseded and events"
        current, superseded, events = part["current"], part["superseded"], part["events"]
        if current is not None and not _is_dated(current, "handed_over_at"):
            return f"current of {logical!r} is not a name, an id and a time"
        if not isinstance(superseded, list) or not all(_is_dated(item, "at") for item in superseded):
            return f"superseded of {logical!r} is not a list of names, ids and times"
        if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
            return f"events of {logical!r} is not a list of objects"
    return None


def _is_dated(item: Any, when: str) -> bool:
    return (
        isinstance(item, dict)
        and all(isinstance(item.get(key), str) for key in ("name", "id", when))
        and moment_of(item[when]) is not None
    )


def write(path: str, content: dict[str, Any]) -> None:
    """Replace the ledger: a temporary file beside it, written through to the disk, then renamed over it; mode 0600."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".turso-ledger-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=2, sort_keys=True, ensure_ascii=False)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as exc:
        raise Refused(f"The ledger {path} cannot be written: {exc.strerror}.") from exc


@contextlib.contextmanager
def locked(path: str) -> Iterator[None]:
    """Hold the lock of a ledger; another run on this machine waits until it is let go."""
    try:
        handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        raise Refused(f"The lock {path}.lock cannot be opened: {exc.strerror}. Nothing was revoked.") from exc
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
