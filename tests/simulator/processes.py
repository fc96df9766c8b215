# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""End a client as a power cut would."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def check_killable(pid: int) -> None:
    """Raise ValueError for a process whose group is our own: killing it would take us with it."""
    if _group(pid) == os.getpgrp():
        raise ValueError(f"process {pid} shares our process group: start it with start_new_session=True")


def kill_tree(pid: int) -> None:
    """SIGKILL a process, its group and all its descendants.

    The group alone does not do: newer releases of ansible-core give every worker a session of its own, which would live
    on. All are stopped first, until no new ones turn up, so that nobody forks or goes on while the others die.
    """
    stopped: set[int] = set()
    while True:
        found = descendants(pid) - stopped
        if not found:
            break
        for each in found:
            _signal(each, signal.SIGSTOP)
        stopped |= found
    group = _group(pid)
    if group is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    for each in stopped:
        _signal(each, signal.SIGKILL)


def descendants(root: int) -> set[int]:
    """Return a process and its descendants, as far as /proc tells."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(after_name[1]), []).append(int(stat.parent.name))
    found: set[int] = set()
    pending = [root]
    while pending:
        each = pending.pop()
        found.add(each)
        pending.extend(children.get(each, ()))
    return found


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
