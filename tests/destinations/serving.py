# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Serve a stand-in on a loopback port, and lose what is to be lost."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request, as it came."""

    method: str
    path: str  # still quoted
    query: str
    headers: Message
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content) if self.content else None

    @property
    def bearer(self) -> str:
        return str(self.headers.get("Authorization", "")).removeprefix("Bearer ")


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    body: Any = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclasses.dataclass
class Fault:
    """What goes wrong once, or for as long as it is said.

    `answer` is given instead of the service's; none loses it: the connection ends. `is_done` says whether the service does all the
    same what it was asked to.
    """

    method: str
    path: str  # a pattern
    answer: Answer | None = None
    is_done: bool = True
    times: int = 1

    def hits(self, asked: Asked) -> bool:
        return self.times > 0 and self.method == asked.method and re.search(self.path, asked.path) is not None


class Service(Protocol):
    """A stand-in. `problems` are requests that the vendor's description forbids."""

    faults: list[Fault]
    problems: list[str]
    asked: list[tuple[str, str]]

    def answer(self, asked: Asked) -> Answer: ...

    def judge(self, asked: Asked, answer: Answer) -> str | None: ...


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: Service

    def handle_one_request(self) -> None:
        self.close_connection = True
        self.raw_requestline = self.rfile.readline()
        if not self.raw_requestline or not self.parse_request():
            return
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        answer = self._answer(Asked(self.command, path, query, self.headers, content))
        if answer is not None:
            self._send(answer)

    def _answer(self, asked: Asked) -> Answer | None:
        service = self.service
        service.asked.append((asked.method, asked.path))
        fault = next((fault for fault in service.faults if fault.hits(asked)), None)
        answer = None
        if fault is None or fault.is_done:
            answer = service.answer(asked)
            problem = service.judge(asked, answer)
            if problem is not None:
                service.problems.append(problem)
        if fault is not None:
            fault.times -= 1
            answer = fault.answer
        return answer

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.body is not None:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """Serve a stand-in; yields its address."""
    handler: Callable[..., Handler] = type("OneHandler", (Handler,), {"service": service})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
