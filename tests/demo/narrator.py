# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells what a rotation does while it does it, from the requests that the server sees and the file that it delivers."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from tests.demo.screen import Screen
from tests.simulator import Simulator
from tests.simulator.exchange import Request

PAUSE_SECONDS = 0.03
WORDS_WIDTH = 40

# The step of a request, and in words what it does; of a list by the last thing before it.
ACTS = {
    "create": ("issue", "the new token, under a name of its own"),
    "validate": ("verify", "the API accepts the new value"),
}
LOOKS = {
    "list": ("check", "the file can be replaced; still due"),
    "create": ("verify", "it is listed, as it was asked for"),
    "validate": ("commit", "read back, confirmed, and still listed"),
}


class Narrator(threading.Thread):
    """Shows a line for each thing that happened; `with` starts and stops it."""

    def __init__(self, screen: Screen, simulator: Simulator, token_file: Path) -> None:
        super().__init__(name="narrator", daemon=True)
        self._screen, self._simulator, self._token_file = screen, simulator, token_file
        self._old_value = token_file.read_text()
        self._told: list[Request] = []
        self._delivered = False
        self._began = time.monotonic()
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(PAUSE_SECONDS):
            self._look()

    def __enter__(self) -> Narrator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.join()
        self._look()

    def _look(self) -> None:
        for request in self._new_requests():
            calls = [told.call for told in self._told]
            if "validate" in calls:
                self._look_at_the_file()
            step, words = self._step(request, calls)
            if request.status != 200:
                words = f"the server answered {request.status}"
            self._told.append(request)
            # The id or the name at the end of a path matters here, and the way to it does not.
            self._tell(
                step, words, f"{request.method} {re.sub('^.*(?=/[^/]*api-tokens|/validate)', '…', request.path)}"
            )
        self._look_at_the_file()

    def _new_requests(self) -> Sequence[Request]:
        """Return what ansible-playbook asked since the last look, up to what has no answer yet."""
        ours = [
            request
            for request in self._simulator.requests
            if request.headers.get("User-Agent", "").startswith("community.turso/")
        ]
        new = ours[len(self._told) :]
        unanswered = next((place for place, request in enumerate(new) if request.status is None), len(new))
        return new[:unanswered]

    def _step(self, request: Request, earlier: Sequence[str]) -> tuple[str, str]:
        if request.method == "DELETE":
            return "revoke", "the old token, by its id"
        if request.call in ACTS:
            return ACTS[request.call]
        # A list: what it is for, the steps before it say.
        looks = [LOOKS[call] for call in ("validate", "create", "list") if call in earlier]
        return looks[0] if looks else ("plan", "which tokens are there, and how old?")

    def _look_at_the_file(self) -> None:
        if not self._delivered and self._token_file.read_text() != self._old_value:
            self._delivered = True
            self._tell("deliver", "the file holds the new value")

    def _tell(self, step: str, words: str, request: str = "") -> None:
        since = f"{time.monotonic() - self._began:4.1f} s"
        paint = self._screen.paint
        line = f"  {paint(since, 'dim')}  {paint(step.ljust(7), 'cyan')}  {words.ljust(WORDS_WIDTH)}  {paint(request, 'dim')}"
        self._screen.show(line.rstrip())
