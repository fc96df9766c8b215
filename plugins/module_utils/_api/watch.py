# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: end what takes longer than it may, with one thread for however many wait at once.

A threading.Timer for each request would start a thread for each, which takes a fifth of the request's own time.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable, Iterator

LINGERING_SECONDS = 1.0


@dataclasses.dataclass
class _Wait:
    until: float
    give_up: Callable[[], None]
    is_over: bool = False


class Watch:
    """Calls what was given for a wait that is not over after so many seconds; the same for all, so the oldest ends first.

    Its thread runs only while there is a wait, and up to a second longer: it need not be started for each of many requests.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waits: collections.deque[_Wait] = collections.deque()
        self._lock = threading.Lock()
        self._is_running = False

    @contextlib.contextmanager
    def over(self, give_up: Callable[[], None]) -> Iterator[None]:
        """Watch over what is done meanwhile; `give_up` is called at most once, in another thread, and never afterwards."""
        with self._lock:
            wait = _Wait(time.monotonic() + self._seconds, give_up)
            self._waits.append(wait)
            if not self._is_running:
                self._is_running = True
                threading.Thread(target=self._run, daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                wait.is_over = True
                self._forget()

    def _run(self) -> None:
        while True:
            seconds = self._next()
            if seconds is None:
                return
            time.sleep(seconds)

    def _next(self) -> float | None:
        """End what is late; return the seconds until the next can be, none where nothing is waited for."""
        with self._lock:
            self._forget()
            while self._waits and self._waits[0].until <= time.monotonic():
                self._waits[0].is_over = True
                self._waits[0].give_up()
                self._forget()
            self._is_running = bool(self._waits)
            return min(LINGERING_SECONDS, self._waits[0].until - time.monotonic()) if self._waits else None

    def _forget(self) -> None:
        """Let go of the oldest that are over."""
        while self._waits and self._waits[0].is_over:
            self._waits.popleft()
