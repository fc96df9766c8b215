# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""End ansible-playbook before a task, as a power cut would; where none is named, count the tasks."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: kill_before_task
type: aggregate
short_description: End ansible-playbook before a task
description: Counts in the file that E(KILL_COUNT_FILE) names, and stops at the number or the name in E(KILL_BEFORE_TASK).
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kill_before_task"
    CALLBACK_NEEDS_ENABLED = False

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._next(task.name)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._next(task.name)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._next("")

    def _next(self, name: str) -> None:
        if os.environ.get("KILL_BEFORE_TASK", "nothing") in (str(self._count), name):
            os.killpg(os.getpgrp(), signal.SIGKILL)
        self._count += 1
        Path(os.environ["KILL_COUNT_FILE"]).write_text(str(self._count), encoding="utf-8")
