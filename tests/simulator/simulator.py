# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator as tests use it: `with Simulator() as simulator: ...`."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import ssl
import threading
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .admin import administer
from .behaviour import Behaviour
from .clock import Clock
from .server import Server
from .sql import Database, SqlToken
from .state import LogEntry, State, Token

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from types import TracebackType

    from .exchange import Request
    from .faults import Faults

DEFAULT_USER = "alice"
DEFAULT_ORGANIZATION = "acme"
DEFAULT_ROLES = {"alice": "owner", "bob": "member"}
DEFAULT_ORGANIZATIONS: Mapping[str, Iterable[str]] = MappingProxyType({"acme": ("default", "production")})


class Simulator:
    """A Turso Platform API of one's own on a loopback port.

    Every user has a main token, named ``main``, which is listed like any other; ``credential`` is alice's.
    `now` stops the clock there; `tls` names a certificate's file and its key's; `state_file` (0600, with the secrets)
    survives the simulator. Any field of `Behaviour` may be given as an argument.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        path_prefix: str = "",
        now: datetime | None = None,
        tls: tuple[str, str] | None = None,
        state_file: str | os.PathLike[str] | None = None,
        organizations: Mapping[str, Iterable[str]] = DEFAULT_ORGANIZATIONS,
        **behaviour: Any,
    ) -> None:
        self.clock = Clock(now)
        self._state = State(self.clock, Behaviour(**behaviour))
        self._arrange(organizations, None if state_file is None else Path(state_file))
        context = None
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
        self._server = Server(
            ("127.0.0.1", port),
            self._state,
            path_prefix=path_prefix,
            tls=context,
            administer=functools.partial(administer, self),
        )
        self._thread = threading.Thread(target=self._server.serve, name="turso-simulator", daemon=True)
        self.port: int = self._server.server_address[1]
        self.origin = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.port}"
        self.url = self.origin + path_prefix
        self._state.sql.place(self.origin.replace("127.0.0.1", "{}"), is_shared=self._server.is_shared)

    def _arrange(self, organizations: Mapping[str, Iterable[str]], state_file: Path | None) -> None:
        if state_file is not None and state_file.exists():
            self._state.load(json.loads(state_file.read_text(encoding="utf-8")))
        else:
            for username in DEFAULT_ROLES:
                self.add_user(username)
            for slug, groups in organizations.items():
                self.add_organization(slug, groups)
        if state_file is not None:
            path = state_file
            self._state.changed = lambda: write_private(path, json.dumps(self._state.dump()))
            self._state.changed()

    def start(self) -> Simulator:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.stop(self._thread)

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # To arrange

    @property
    def credential(self) -> str:
        """The secret of alice's main token."""
        return self.main().secret

    def main(self, user: str = DEFAULT_USER) -> Token:
        """Return a user's main token, alive or not."""
        return next(token for token in self._state.issued() if (token.user, token.name) == (user, "main"))

    def add_user(self, username: str) -> Token:
        self._state.add_user(username)
        return self._state.issue("main", user=username)

    def add_organization(self, slug: str, groups: Iterable[str] = (), roles: Mapping[str, str] | None = None) -> None:
        """Add or replace an organization; `roles` maps users to owner, admin or member."""
        self._state.add_organization(slug, groups, DEFAULT_ROLES if roles is None else roles)

    def given(
        self,
        name: str,
        *,
        user: str = DEFAULT_USER,
        organization: str | None = None,
        group: str | None = None,
        scopes: Iterable[str] | None = None,
        description: str | None = None,
        age_days: float = 0,
        expires: int | None = None,
        carries_jti: bool = True,
    ) -> Token:
        """Have a token that is there already; `expires` in unix seconds. No request, no rights needed."""
        return self._state.issue(
            name,
            user=user,
            organization=organization,
            group=group,
            scopes=scopes,
            description=description,
            age_days=age_days,
            expires=expires,
            carries_jti=carries_jti,
        )

    def add_database(
        self, name: str, *, organization: str = DEFAULT_ORGANIZATION, group: str = "default", **state: Any
    ) -> Database:
        """Have a database, whose `url` is where its data plane is; `state`: `blocks_reads`, `blocks_writes`, `keeps_out`."""
        return self._state.sql.add_database(organization, group, name, **state)

    def database(self, name: str, organization: str = DEFAULT_ORGANIZATION) -> Database:
        """Return a database, to look at and to change its `keeps_out` and what it blocks."""
        return self._state.sql.database(organization, name)

    def remake_database(self, name: str, organization: str = DEFAULT_ORGANIZATION) -> Database:
        """Have a database destroyed and made anew: every token of the old one is another database's then."""
        return self._state.sql.remake_database(organization, name)

    def group_id(self, group: str, organization: str = DEFAULT_ORGANIZATION) -> str:
        return self._state.sql.group_id(organization, group, self._state.organizations[organization].groups)

    def given_sql(
        self,
        *,
        database: str | None = None,
        group: str | None = None,
        organization: str = DEFAULT_ORGANIZATION,
        authorization: str = "full-access",
        expiration: str = "never",
        permissions: list[dict[str, Any]] | None = None,
        age_days: float = 0,
    ) -> SqlToken:
        """Have a SQL token of a database or a group that is there already. No request, no rights needed.

        `permissions` are as the claim has them: [{"t": ["orders"], "a": ["data_read"]}].
        """
        target: dict[str, str]
        if database is not None:
            target = {"id": self.database(database, organization).id, "database": database}
        else:
            target = {"gid": self.group_id(group or "default", organization), "group": group or "default"}
        self.advance(days=-age_days)
        try:
            return self._state.sql.mint(organization, target, authorization, expiration, permissions)
        finally:
            self.advance(days=age_days)

    def invalidate(
        self, *, database: str | None = None, group: str | None = None, organization: str = DEFAULT_ORGANIZATION
    ) -> None:
        """Have the SQL tokens of a database or a group ended behind the client's back. No request."""
        self._state.sql.invalidate(organization, database=database, group=group)

    def logged(
        self, code: str, author: str, *, organization: str = "acme", age_days: float = 0, message: str = ""
    ) -> None:
        """Have an entry in the audit log of an organization. No request."""
        at = self.clock.now() - timedelta(days=age_days)
        self._state.record(LogEntry(organization, code, author, at, message))

    def withdraw(self, name: str, user: str = DEFAULT_USER) -> None:
        """Have a token revoked behind the client's back. No request."""
        self._state.withdraw(user, name)

    def behave(self, **switches: Any) -> None:
        """Change fields of `Behaviour` while the server runs."""
        self._state.behaviour = dataclasses.replace(self._state.behaviour, **switches)

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Move the server's clock."""
        self.clock.advance(days=days, hours=hours, minutes=minutes, seconds=seconds)

    @property
    def faults(self) -> Faults:
        return self._server.faults

    # To ask

    @property
    def behaviour(self) -> Behaviour:
        return self._state.behaviour

    @property
    def tokens(self) -> list[Token]:
        """The tokens that are alive, in the order in which they were issued."""
        return self._state.existing()

    @property
    def revoked(self) -> list[Token]:
        """The tokens that are not alive any more, in the order in which they were revoked."""
        gone = [(token.died, token) for token in self._state.issued() if token.died is not None]
        return [token for _died, token in sorted(gone, key=lambda pair: pair[0])]

    @property
    def canaries(self) -> list[str]:
        """Every secret that was ever issued: what no output may hold."""
        return [*(token.secret for token in self._state.issued()), *(token.secret for token in self.minted)]

    @property
    def minted(self) -> list[SqlToken]:
        """Every SQL token that was ever minted, in that order; the service itself keeps no such list."""
        return list(self._state.sql.minted)

    def lets_in(self, secret: str, database: str, organization: str = DEFAULT_ORGANIZATION) -> bool:
        """Tell whether the data plane of a database would let this SQL token in. No request."""
        return self._state.sql.lets_in(secret, self.database(database, organization))

    def alive(self, secret: str) -> bool:
        """Tell whether the API would let this secret in."""
        token = self._state.find_secret(secret)
        return token is not None and self._state.is_valid(token)

    @property
    def requests(self) -> list[Request]:
        return self._server.log.requests

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The (method, path as it was sent) of all requests to the API but GETs."""
        return [
            (request.method, request.path)
            for request in self.requests
            if request.method != "GET" and request.call != "pipeline"
        ]

    @property
    def connections(self) -> int:
        """How many connections carried at least one request."""
        return self._server.log.connections

    @property
    def max_concurrent(self) -> int:
        """The highest number of requests that were under way at once."""
        return self._server.log.max_concurrent

    def reset_log(self) -> None:
        self._server.log.clear()


def write_private(path: Path, text: str) -> None:
    """Replace a file as a whole; only its owner may read it."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
