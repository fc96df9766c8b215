# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy before a real server, to see what is asked of it and to have things happen in between."""

from __future__ import annotations

import contextlib
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, bytes]
Headers = list[tuple[str, str]]
OF_A_CONNECTION = ("host", "connection", "content-length", "transfer-encoding")


class Proxy:
    """What a proxy does.

    A request is known by its method and path, one to AWS by its method and what it asks for. `before` is called before it goes
    on, and may answer instead; `after` is called when it was carried out. What is in `lose` is carried out and gets no answer.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.url = ""
        self.seen: list[tuple[str, str]] = []
        self.before: Callable[[str, str], Answer | None] = lambda _method, _path: None
        self.after: Callable[[str, str], object] = lambda _method, _path: None
        self.lose: set[tuple[str, str]] = set()

    def forward(self, method: str, path: str, headers: Message, body: bytes | None) -> tuple[Answer, Headers] | None:
        asked = (method, headers.get("X-Amz-Target") or path.partition("?")[0])
        self.seen.append(asked)
        instead = self.before(*asked)
        if instead is not None:
            return instead, [("Content-Type", "application/json")]
        request = urllib.request.Request(self.target + path, body, dict(passed_on(headers)), method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                found = (answer.status, answer.read()), passed_on(answer.headers)
        except urllib.error.HTTPError as exc:
            found = (exc.code, exc.read()), passed_on(exc.headers)
        self.after(*asked)
        return None if asked in self.lose else found


def passed_on(headers: Message) -> Headers:
    return [(name, value) for name, value in headers.items() if name.lower() not in OF_A_CONNECTION]


@contextlib.contextmanager
def proxied(target: str) -> Iterator[Proxy]:
    """Run a proxy on a loopback port before the server at an address."""
    proxy = Proxy(target)

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else None
            found = proxy.forward(self.command, self.path, self.headers, body)
            if found is None:
                self.close_connection = True
                return
            (status, content), headers = found
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_LIST = do  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
