# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: one request over the wire: a connection pool, time-outs, a bearer token, a bounded answer.

Nothing is tried twice here, and nothing of an answer is understood but where it ends.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.answers import MAX_BODY_BYTES
from ansible_collections.community.turso.plugins.module_utils._api.losses import (
    loss_in_reading,
    loss_in_sending,
    unsendable,
)
from ansible_collections.community.turso.plugins.module_utils._api.urls import split_origin
from ansible_collections.community.turso.plugins.module_utils._api.watch import Watch

with contextlib.suppress(ImportError):  # losses keeps the reason
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter

    class _Bounded:
        """Ends a connection whose answer does not begin in time: each byte of a head resets a socket's own time-out."""

        sock: Any
        watch: Watch
        _is_late = False

        def getresponse(self, *args: Any, **kwargs: Any) -> Any:
            with self.watch.over(self._give_up):
                response = super().getresponse(*args, **kwargs)  # type: ignore[misc]
            if self._is_late:  # where a connection ends, http.client takes the head for whole
                response.close()
                raise TimeoutError
            return response

        def _give_up(self) -> None:
            self._is_late = True
            with contextlib.suppress(AttributeError, OSError):  # it ended by itself
                self.sock.shutdown(socket.SHUT_RDWR)

    class _Adapter(HTTPAdapter):
        """An adapter whose connections are bounded, also through a proxy."""

        def __init__(self, watch: Watch, **options: Any) -> None:
            self._watch = watch
            super().__init__(**options)

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self._bound(self.poolmanager)

        def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
            manager = super().proxy_manager_for(*args, **kwargs)
            self._bound(manager)
            return manager

        def _bound(self, manager: Any) -> None:
            plain, secure = urllib3.HTTPConnectionPool, urllib3.HTTPSConnectionPool
            manager.pool_classes_by_scheme = {
                scheme: type(pool.__name__, (pool,), {"ConnectionCls": self._bounded(pool.ConnectionCls)})
                for scheme, pool in (("http", plain), ("https", secure))
            }

        def _bounded(self, connection: type) -> type:
            return type(connection.__name__, (_Bounded, connection), {"watch": self._watch})


class _Bearer:
    """Sets the Authorization header. As an auth object, because requests lets ~/.netrc replace a plain header."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclasses.dataclass(frozen=True)
class Outgoing:
    """What goes over the wire, the same in every try."""

    method: str
    path: str
    body: dict[str, Any] | None
    bearer: str = dataclasses.field(repr=False)
    query: Mapping[str, str] | None = None


class Wire:
    """One API behind one connection pool; may be used from as many threads as connections.

    :param base: the URL of the API, checked.
    :param loopback: its host is a loopback address, so the proxies of the environment are not asked.
    :param watch: ends an answer that takes too long to begin, however slowly it comes.
    """

    def __init__(
        self,
        base: str,
        *,
        loopback: bool,
        user_agent: str,
        watch: Watch,
        verify: bool | str,
        connections: int,
        clock: Callable[[], float],
    ) -> None:
        self._base = base
        self._origin, self.prefix = split_origin(base)
        self._verify = verify
        self._clock = clock
        self._session = requests.Session()
        self._session.trust_env = not loopback
        self._session.headers.update({"Accept": "application/json", "User-Agent": user_agent})
        self._environment: dict[str, Any] | None = None
        self._watch = watch
        self._adapter = _Adapter(self._watch, pool_connections=1, pool_maxsize=connections, pool_block=True)

    def send(
        self, outgoing: Outgoing, deadline: float, timeout_seconds: float, *, fresh: bool
    ) -> tuple[requests.Response, bytearray]:
        """Do one try and return the answer with its body read.

        The adapter is asked directly: a session reads the whole body of a redirect and looks at where it leads, and
        keeps cookies.

        :param deadline: when the body has to be there, by the clock; it always has the time-out.
        :param timeout_seconds: for connecting and for each wait for data.
        :param fresh: use no connection that was used before.
        :raises Lost: no complete answer came.
        """
        adapter = _Adapter(self._watch) if fresh else self._adapter
        try:
            response = self._begin(adapter, outgoing, timeout_seconds)
            return self._read(response, max(deadline, self._clock() + timeout_seconds))
        finally:
            if fresh:
                adapter.close()

    def _begin(self, adapter: Any, outgoing: Outgoing, timeout_seconds: float) -> requests.Response:
        """Send a request and return the answer that begins."""
        try:
            prepared = self._prepared(outgoing)
            response: requests.Response = adapter.send(
                prepared, timeout=(timeout_seconds, timeout_seconds), **self._settings(prepared.url)
            )
            return response
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as exc:
            raise loss_in_sending(exc, self._base, timeout_seconds) from exc
        except (ValueError, OSError) as exc:  # a setting of the environment that cannot be parsed, encoded or found
            raise unsendable(exc, self._base) from exc

    def _prepared(self, outgoing: Outgoing) -> requests.PreparedRequest:
        """Return a request ready to be sent. A session would look for cookies, hooks and netrc first, for each."""
        prepared = requests.PreparedRequest()
        prepared.prepare(
            outgoing.method,
            self._origin + outgoing.path,
            headers=self._session.headers,
            params=outgoing.query,
            json=outgoing.body,
            auth=_Bearer(outgoing.bearer),
        )
        return prepared

    def _settings(self, url: str | None) -> dict[str, Any]:
        """Return what the environment says of proxies and certificates: asked once, because all URLs have the same host."""
        if self._environment is None:
            self._environment = dict(self._session.merge_environment_settings(url, {}, True, self._verify, None))
        return self._environment

    def _read(self, response: requests.Response, deadline: float) -> tuple[requests.Response, bytearray]:
        """Return an answer with its body."""
        try:
            with response:
                return response, self._body(response, deadline)
        except urllib3.exceptions.DecodeError:
            return response, bytearray()  # an answer came, though nobody can read it
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as exc:
            raise loss_in_reading(exc, self._base) from exc

    def _body(self, response: requests.Response, deadline: float) -> bytearray:
        """Read the whole body, up to a little more than is allowed, however slowly it comes."""
        content = bytearray()
        for piece in _pieces(response.raw):
            content += piece
            if len(content) > MAX_BODY_BYTES:
                return content
            if self._clock() > deadline:
                raise requests.exceptions.ReadTimeout
        promised = response.headers.get("Content-Length", "")
        length = int(promised) if re.fullmatch(r"[0-9]{1,18}", promised) else 0
        if len(content) < length and "Content-Encoding" not in response.headers:
            # Older urllib3 passes a body that was cut off as if it were whole.
            raise requests.exceptions.ChunkedEncodingError
        return content


def _pieces(raw: Any) -> Iterable[bytes]:
    """Return the pieces of a body as they arrive; older urllib3 hands over full pieces only, so they are small there."""
    if not hasattr(raw, "read1"):
        pieces: Iterable[bytes] = raw.stream(1024, decode_content=True)
        return pieces
    return iter(lambda: raw.read1(65536, decode_content=True), b"")
