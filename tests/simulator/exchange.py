# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One request, from its arrival to its answer: what is logged of it, and what faults may know and change."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from datetime import datetime

    from .answers import Answer

POLL_SECONDS = 0.02


@dataclass
class Request:
    """A request as it came, without its secret. `status` is None until it is answered, and for ever if it never is."""

    call: str
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]
    token_id: str | None
    at: datetime
    status: int | None = None

    @property
    def decoded_path(self) -> str:
        return unquote(self.path)


@dataclass
class Exchange:
    """A request under way. `answer` is the API's once the effect is done; `behind` is how old a list it gets.

    `is_first` tells whether its connection carried no request before.
    """

    request: Request
    connection: socket.socket
    is_first: bool = True
    answer: Answer | None = None
    behind: int = 0

    def wait(self, until: threading.Event | None = None, seconds: float | None = None) -> bool:
        """Block until the event or the time; return False when the connection ends before, from either side."""
        deadline = None if seconds is None else time.monotonic() + seconds
        event = until or threading.Event()
        while not self._has_ended():
            rest = POLL_SECONDS if deadline is None else min(POLL_SECONDS, deadline - time.monotonic())
            if rest <= 0 or event.wait(rest):
                return True
        return False

    def _has_ended(self) -> bool:
        """Tell whether the connection was closed: there is something to read, and it is the end."""
        has_news = select.select([self.connection], [], [], 0)[0]
        if not has_news:
            return False
        if isinstance(self.connection, ssl.SSLSocket):
            return True  # it cannot be peeked into, and a client that waits for an answer says nothing but goodbye
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except ConnectionError:
            return True
