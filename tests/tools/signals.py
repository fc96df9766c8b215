# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signals that this process ignores and its children don't."""

from __future__ import annotations

import signal
from types import FrameType

PASSED_ON = (signal.SIGINT, signal.SIGHUP)


def ignore_in_this_process_alone() -> None:
    """Let programs that are started answer to signals as usual, whoever started this one.

    A shell's background job ignores SIGINT, nohup ignores SIGHUP, and what is ignored is ignored by the children too:
    an ansible-playbook under test would not end when it is told to. A handler goes with the exec of a child, so one
    that does nothing keeps the signal from this process only.
    """
    for number in PASSED_ON:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _do_nothing)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Ignore a signal."""
