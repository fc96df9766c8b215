# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of the processes of this machine: on Linux what /proc says, elsewhere nothing.

Private: for this collection only.
"""

from __future__ import annotations

import os

from ansible_collections.community.turso.plugins.module_utils._rotation.state import Process

PROC = "/proc"


def process_of(pid: int, *, proc: str = PROC) -> Process:
    """Return what identifies a process of this machine, such as the one that runs the playbook."""
    return Process(
        host=os.uname().nodename,
        pid=pid,
        started=started_at(pid, proc=proc),
        boot_id=_text_of(f"{proc}/sys/kernel/random/boot_id"),
        pid_namespace=_target_of(f"{proc}/self/ns/pid"),
    )


def started_at(pid: int, *, proc: str = PROC) -> int | None:
    """Return when a process was started, in clock ticks since the machine's start; none where it does not run (any more)."""
    text = _text_of(f"{proc}/{pid}/stat")
    if text is None:
        return None
    # After the command's name, which may hold blanks and brackets: state, 18 numbers, start time (man 5 proc).
    fields = text.rpartition(")")[2].split()
    ended = fields[0] in {"Z", "X"}
    return None if ended else int(fields[19])


def _text_of(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip() or None
    except OSError:  # a process may end while its file is read
        return None


def _target_of(link: str) -> str | None:
    try:
        return os.readlink(link)
    except OSError:
        return None
