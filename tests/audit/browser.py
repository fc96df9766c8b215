# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A headless Chromium, spoken to over a pipe: its DevTools protocol is JSON, each message ended by a zero byte."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
)
PATIENCE_SECONDS = 60

# Chromium reads its orders from descriptor 3 and answers on 4.
ON_3_AND_4 = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One tab at a time. C(events) are the protocol's, in their order."""

    def __init__(self, orders: int, answers: int) -> None:
        self._orders, self._answers = orders, answers
        self._buffer = b""
        self._count = 0
        self._session: str | None = None
        self._target: str | None = None
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._count += 1
        order = {"id": self._count, "method": method, "params": params}
        if self._session is not None:
            order["sessionId"] = self._session
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        while True:
            message = self._next()
            if message.get("id") == self._count:
                assert "error" not in message, f"{method}: {message.get('error')}"
                return dict(message["result"])
            self.events.append(message)

    def open(self, url: str) -> None:
        """Open an address in a new tab, which is like no tab was before, and wait until it is loaded."""
        left, self._session = self._target, None
        self._target = self.call("Target.createTarget", url="about:blank")["targetId"]
        if left is not None:
            self.call("Target.closeTarget", targetId=left)
        self._session = self.call("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not self.seen("Page.loadEventFired"):
            self.events.append(self._next())

    def seen(self, method: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event.get("method") == method]

    def evaluate(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key and let it go, as a keyboard does."""
        code = {"Tab": 9, "Enter": 13}[key]
        text = {"text": "\r"} if key == "Enter" else {}
        for kind, said in (("keyDown", text), ("keyUp", {})):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **said)

    def show_as(self, media: str, scheme: str) -> None:
        """Take the page for a screen or for paper, in a light or a dark scheme."""
        wished = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=wished)

    def complaints(self) -> list[str]:
        """Return what went to the console, uncaught errors and violations of the page's policy included."""
        return [
            *(str(event["args"]) for event in self.seen("Runtime.consoleAPICalled")),
            *(str(event["exceptionDetails"]) for event in self.seen("Runtime.exceptionThrown")),
            *(str(event["entry"]["text"]) for event in self.seen("Log.entryAdded")),
        ]

    def requests(self) -> list[str]:
        return [event["request"]["url"] for event in self.seen("Network.requestWillBeSent")]

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while b"\0" not in self._buffer:
                assert selector.select(deadline - time.monotonic()), "Chromium does not answer"
                part = os.read(self._answers, 1 << 20)
                assert part, "Chromium went away"
                self._buffer += part
        message, _zero, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(message))


@contextlib.contextmanager
def a_page(executable: str) -> Iterator[Page]:
    """Start a Chromium with an empty profile, and end it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, contextlib.ExitStack() as open_ends:
        ends = []
        for _direction in ("orders", "answers"):
            for end in os.pipe():
                ends.append(fcntl.fcntl(end, fcntl.F_DUPFD, 10))  # out of the way of 3 and 4
                os.close(end)
        theirs = [ends[0], ends[3]]
        process = subprocess.Popen(
            [sys.executable, "-c", ON_3_AND_4, *map(str, theirs), executable, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=theirs,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in theirs:
            os.close(end)
        open_ends.callback(os.close, ends[1])
        open_ends.callback(os.close, ends[2])
        try:
            page = Page(ends[1], ends[2])
            yield page
            page._session = None
            page.call("Browser.close")
            process.wait(PATIENCE_SECONDS)
        finally:
            process.kill()
            process.wait()
