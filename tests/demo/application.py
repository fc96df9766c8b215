# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody who holds a token: reads it from a file and calls the API with it, again and again."""

from __future__ import annotations

import collections
import http.client
import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PAUSE_SECONDS = 0.05


def ask(url: str, path: str, secret: str) -> tuple[int, Any]:
    """Send one GET with a secret and return the status and the JSON of the answer. No proxy, no retry."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {secret}", "User-Agent": "application"})
        answer = connection.getresponse()
        return answer.status, json.load(answer)
    finally:
        connection.close()


def status_of(url: str, secret: str) -> int:
    """Return what the API answers to a secret: 200, or 401 where it is revoked."""
    return ask(url, "/v1/auth/validate", secret)[0]


class Application(threading.Thread):
    """Counts the answers that it gets; `with` starts and stops it."""

    def __init__(self, url: str, token_file: Path) -> None:
        super().__init__(name="application", daemon=True)
        self._url, self._token_file = url, token_file
        self._stopping = threading.Event()
        self.answers: collections.Counter[int] = collections.Counter()

    def run(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            self.answers[status_of(self._url, self._token_file.read_text())] += 1

    def __enter__(self) -> Application:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join()
