# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP server: connections, keep-alive, TLS, the log, and the faults between a request and its answer."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from .answers import Answer, Drop
from .api import NO_CALL, Api, Call, bearer, route
from .exchange import Exchange, Request
from .faults import Faults, Outcome
from .hrana import DataPlane
from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .state import State

ADMIN_PREFIX = "/_simulator/"
PIPELINES = frozenset({"/v2/pipeline", "/v3/pipeline", "/v3/cursor"})


PIPELINE = Call("pipeline")


@dataclass
class Log:
    """What clients did: requests in the order of their arrival, connections that carried one, and how many at once."""

    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    max_concurrent: int = 0
    _current: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def clear(self) -> None:
        with self._lock:
            self.requests = []
            self.connections = 0
            self.max_concurrent = self._current

    def enter(self, request: Request, *, first_on_connection: bool) -> None:
        with self._lock:
            self.requests.append(request)
            self.connections += first_on_connection
            self._current += 1
            self.max_concurrent = max(self.max_concurrent, self._current)

    def leave(self) -> None:
        with self._lock:
            self._current -= 1


class Server(ThreadingHTTPServer):
    """One thread for each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    is_shared = False
    _is_stopped = False

    def __init__(
        self,
        address: tuple[str, int],
        state: State,
        *,
        path_prefix: str,
        tls: ssl.SSLContext | None,
        administer: Callable[[str, str, bytes], Answer],
    ) -> None:
        self.state = state
        self.api = Api(state)
        self.data_plane = DataPlane(state.sql)
        self.faults = Faults()
        self.log = Log()
        self.path_prefix = path_prefix
        self.tls = tls
        self.administer = administer
        self._open: set[socket.socket] = set()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Bind without the reverse look-up of the host's name that HTTPServer makes.

        Where the kernel can keep a socket to the loopback device, all of 127.0.0.0/8 is served, so that each database has an
        address of its own; elsewhere they share one, and a token says which database it means.
        """
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
        except (AttributeError, OSError):
            self.is_shared = True
        else:
            self.server_address = ("0.0.0.0", self.server_address[1])  # noqa: S104  (of the loopback device alone)
        TCPServer.server_bind(self)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over clients that left; a bug of the simulator shows its traceback."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)

    def serve(self) -> None:
        """Serve until it is stopped, without a look at the time: thousands of tests would wait for the next one."""
        while not self._is_stopped:
            self.handle_request()

    def stop(self, serving: threading.Thread) -> None:
        """Stop serving and end every connection, which ends what hangs and waits there.

        :param serving: the thread that serves.
        """
        self._is_stopped = True
        socket.create_connection(("127.0.0.1", self.server_address[1])).close()  # it waits for the next one
        serving.join()
        self.server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.data_plane.close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server
    connection: socket.socket
    _used = False

    def setup(self) -> None:
        super().setup()
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection.do_handshake()

    def serve(self) -> None:
        path, _mark, query = self.path.partition("?")
        length = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self.close_connection = True  # where its body ends, nobody knows
            self.send(Answer.json(411, {"error": "Content-Length is required"}))
            return
        body = self.rfile.read(int(length))
        if path.startswith(ADMIN_PREFIX):
            self.send(self.server.administer(self.command, self.path[len(ADMIN_PREFIX) :], body))
            return
        secret = bearer(self.headers.get("Authorization"))
        prefix = self.server.path_prefix
        call = route(self.command, path[len(prefix) :], query) if path.startswith(prefix) else NO_CALL
        if self.command == "POST" and path in PIPELINES:
            call = PIPELINE
        exchange = Exchange(self.logged(call, path, query, body, secret), self.connection, is_first=not self._used)
        self.server.log.enter(exchange.request, first_on_connection=exchange.is_first)
        self._used = True
        try:
            self.finish_exchange(exchange, self.outcome(exchange, call, secret, body))
        finally:
            self.server.log.leave()

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = serve  # noqa: N815  (http.server's names)

    def logged(self, call: Call, path: str, query: str, body: bytes, secret: str) -> Request:
        token = self.server.state.find_secret(secret)
        return Request(
            call=call.name,
            method=self.command,
            path=path,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            body=readable(body),
            headers={name: value for name, value in self.headers.items() if name.lower() != "authorization"},
            token_id=None if token is None else token.id,
            at=self.server.state.clock.now(),
        )

    def outcome(self, exchange: Exchange, call: Call, secret: str, body: bytes) -> Answer | Drop:
        """Have the effect, unless a fault answers first; return its answer, unless a fault has another one."""
        time.sleep(self.server.state.behaviour.latency)
        early = self.server.faults.strike("before", exchange)
        if early is not None:
            return early
        exchange.answer = (
            self.asked_of_database(exchange.request.path, secret, body)
            if call is PIPELINE
            else self.server.api.answer(call, secret, body, exchange.behind, exchange.request.query)
        )
        return self.server.faults.strike("after", exchange) or exchange.answer

    def asked_of_database(self, path: str, secret: str, body: bytes) -> Answer:
        """Answer as the data plane does: the address says which database is meant."""
        state = self.server.state
        with state.lock:
            database = state.sql.at(self.connection.getsockname()[0], secret)
            if database is None:
                return Answer.of(404, b"not found", "text/plain")
            agent = self.headers.get("User-Agent", "")
            if database.keeps_out and (database.keeps_out == "*" or agent.startswith(database.keeps_out)):
                return Answer.of(403, b"Forbidden", "text/plain")
            try:
                answered = self.server.data_plane.answer(database, secret, body, as_cursor=path.endswith("cursor"))
                return Answer.of(200, answered, "application/json")
            except Refusal as refusal:
                return Answer.json(refusal.status, {"error": refusal.message})

    def finish_exchange(self, exchange: Exchange, outcome: Answer | Drop) -> None:
        end: Outcome = outcome
        if isinstance(outcome, Answer):
            exchange.request.status = outcome.status
            self.send(outcome)
            end = self.server.faults.strike("answered", exchange)
        if isinstance(end, Drop):
            self.drop(end)

    def send(self, answer: Answer) -> None:
        """Write an answer in as few segments as it takes; end the connection where its length is not what it says."""
        head = [f"HTTP/1.1 {answer.status} {self.responses.get(answer.status, ('Simulated',))[0]}"]
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        if self.server.state.behaviour.sends_date:
            head.append("Date: " + http_date(self.server.state.clock.now()))
        head.append("Connection: close" if answer.length is None else f"Content-Length: {answer.length}")
        pending = ("\r\n".join(head) + "\r\n\r\n").encode("latin-1")
        sent = 0
        for chunk in answer.chunks:
            self.connection.sendall(pending + chunk)
            pending = b""
            sent += len(chunk)
        self.connection.sendall(pending)
        if sent != answer.length:
            self.close_connection = True

    def drop(self, outcome: Drop) -> None:
        self.close_connection = True
        if outcome.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())

    def log_message(self, *_message: Any) -> None:
        """Keep quiet: `Log` has it all."""


def readable(body: bytes) -> Any:
    """Return a request's body for the log: JSON, else text, else None where there is none."""
    try:
        return json.loads(body) if body else None
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def http_date(instant: datetime) -> str:
    return format_datetime(instant, usegmt=True)
