# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many of many are done, told through a file: a module cannot print before it ends. Private."""

from __future__ import annotations

import os
import re
import threading

FILE = "turso_progress"

_CONTENT = re.compile(r"([0-9]{1,9}) ([0-9]{1,9})\n")


class Progress:
    """Counts what is done, from any thread, and keeps two numbers and nothing else in a file for whoever looks.

    :param directory: where to keep the file; none where nobody looks.
    """

    def __init__(self, total: int, directory: str | None) -> None:
        self._total = total
        self._done = 0
        self._path = None if directory is None else os.path.join(directory, FILE)
        self._lock = threading.Lock()

    def step(self) -> None:
        """Count one more."""
        with self._lock:
            self._done += 1
            if self._path is None:
                return
            try:
                with open(self._path, "w", encoding="ascii") as file:
                    file.write(f"{self._done} {self._total}\n")
            except OSError:
                self._path = None  # a directory that cannot be written to is no reason to stop


def read(directory: str) -> tuple[int, int] | None:
    """Return how many of how many are done, none where that is not told (yet)."""
    try:
        with open(os.path.join(directory, FILE), encoding="ascii", errors="replace") as file:
            told = _CONTENT.fullmatch(file.read(32))
    except OSError:
        return None
    return None if told is None else (int(told[1]), int(told[2]))
