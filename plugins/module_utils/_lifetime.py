# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: whether anybody still waits for the result of this module.

A secret is shown once. A module that goes on after its controller has ended creates tokens whose values nobody has.
When a task's timeout or a lost controller ends the process that reads the result, nobody tells the module: it has to
look. A signal tells it, and must not end it before it has taken back what it created.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any

STDOUT = 1
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_ENDED = select.POLLERR | select.POLLHUP | select.POLLNVAL


class Lifetime:
    """The time in which a result can be handed over; enter it before the first write.

    :param stdout: the file descriptor that the result goes to.
    """

    def __init__(self, stdout: int = STDOUT) -> None:
        self._stdout = stdout
        self._parent = os.getppid()
        self._signal: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Lifetime:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, and the shell for what runs in the background
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def over(self) -> str | None:
        """Return why nobody will get the result, as a sentence without its end; none where somebody will."""
        if self._signal is not None:
            return f"the module was told to stop ({self._signal.name})"
        if os.getppid() != self._parent:
            return "the process that started the module has ended"
        if sys.stdout is None or self._nobody_reads():
            return "nobody reads the module's output any more"
        return None

    @contextlib.contextmanager
    def handing_over(self, take_back: Callable[[str], None]) -> Iterator[None]:
        """Have the body end the module with its result, and see that it was written.

        :param take_back: undoes what only the result tells of; is given the reason.
        """
        try:
            yield
        except SystemExit:
            if self._is_flushed():
                raise
        except OSError:
            pass
        take_back("the result could not be written")
        # What is left in the buffer would fail once more when Python ends, with a message that helps nobody.
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), self._stdout)
        raise SystemExit(1)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signal = signal.Signals(number)

    def _nobody_reads(self) -> bool:
        poll = select.poll()
        poll.register(self._stdout, 0)
        return any(events & _ENDED for _stdout, events in poll.poll(0))

    def _is_flushed(self) -> bool:
        try:
            sys.stdout.flush()
        except OSError:
            return False
        return True
