# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""End ansible-playbook right before or right after the n-th file is replaced, as a power cut would.

Python imports this into every process whose PYTHONPATH names this folder: the playbook, its workers and the modules. The file
KILL_REPLACED counts, by its length; KILL_AT says where to stop, such as `unwritten 0` or `written 2`.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

_replace = os.replace


def replace(source: Any, target: Any, **keywords: Any) -> None:
    counted = Path(os.environ["KILL_REPLACED"])
    number = counted.stat().st_size if counted.exists() else 0
    _end_at(f"unwritten {number}")
    _replace(source, target, **keywords)
    with counted.open("a") as file:
        file.write(".")
    _end_at(f"written {number}")


def _end_at(point: str) -> None:
    if os.environ.get("KILL_AT") == point:
        os.kill(int(os.environ["KILL_ROOT"]), signal.SIGKILL)
        os.killpg(os.getpgrp(), signal.SIGKILL)


if "KILL_REPLACED" in os.environ:
    os.environ.setdefault("KILL_ROOT", str(os.getpid()))  # the first process of all is the playbook's
    os.replace = replace  # type: ignore[assignment]
