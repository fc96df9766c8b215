# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have every process of a run of ansible-playbook write what it took of a processor, and what for.

Python imports this into every process whose PYTHONPATH names this folder. Each writes a file into the folder BENCH_SHARES: seconds,
how many forks it is away from the playbook's own process, and the action of its task.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

_exit = os._exit
forks: list[int] = []  # the processes that this one is a fork of


def _write() -> None:
    worker: Any = sys.modules.get("ansible.executor.process.worker")
    task = getattr(getattr(worker, "current_worker", None), "_task", None)
    text = f"{time.process_time()} {len(forks)} {getattr(task, 'action', '')}"
    Path(os.environ["BENCH_SHARES"], str(os.getpid())).write_text(text)


def _write_and_exit(code: int) -> NoReturn:
    _write()
    _exit(code)


if "BENCH_SHARES" in os.environ:
    os._exit = _write_and_exit  # type: ignore[assignment]
    atexit.register(_write)
    os.register_at_fork(after_in_child=lambda: forks.append(os.getppid()))
