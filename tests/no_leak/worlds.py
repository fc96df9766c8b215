# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The APIs that the cases talk to: one that works but for some names, and others that fail as a whole and tell too much."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.simulator import Simulator, faults
from tests.simulator.answers import Answer, Drop
from tests.simulator.exchange import Exchange

OPAQUE = "opaque/Credential+0123456789.~that~is~not~a~JSON~Web~Token"


@dataclass
class Echo(faults.Fault):
    """An answer whose error text quotes the bearer and the newest token: no API should, some do."""

    kind: ClassVar[str] = "echo"
    simulator: Simulator
    code: int
    bearer: str | None = None

    def strike(self, exchange: Exchange, rule: faults.Rule) -> Answer:  # noqa: ARG002
        told = f"Bearer {self.bearer or self.simulator.credential} asked, {self.simulator.canaries[-1]} was issued"
        return Answer.json(self.code, {"error": told})


@dataclass
class EchoRejected(Echo):
    """A rejection in the words of a database that quotes the token."""

    kind: ClassVar[str] = "echo_rejected"

    def strike(self, exchange: Exchange, rule: faults.Rule) -> Answer:  # noqa: ARG002
        return Answer.json(self.code, {"error": f"Unauthorized: `{self.simulator.canaries[-1]}`"})


@dataclass
class EchoRaw(faults.Fault):
    """Bytes that are no HTTP at all and quote the secrets; what a broken proxy sends, or a debugging one."""

    kind: ClassVar[str] = "echo_raw"
    simulator: Simulator

    def strike(self, exchange: Exchange, rule: faults.Rule) -> Drop:  # noqa: ARG002
        told = f"Authorization: Bearer {self.simulator.credential}\r\nX: {self.simulator.canaries[-1]}\r\n\r\n"
        exchange.connection.sendall(told.encode())
        return Drop()


@dataclass
class EchoPage(faults.Fault):
    """200 with a page that quotes the secrets, instead of JSON."""

    kind: ClassVar[str] = "echo_page"
    simulator: Simulator

    def strike(self, exchange: Exchange, rule: faults.Rule) -> Answer:  # noqa: ARG002
        page = f"<html>{self.simulator.credential} {self.simulator.canaries[-1]}</html>"
        return Answer.of(200, page.encode(), "text/html", {})


class Worlds:
    """The simulators by name; the variables that a playbook needs to talk to them; and every secret there is."""

    def __init__(self, simulators: dict[str, Simulator], dead_port: int) -> None:
        self._simulators = simulators
        self._dead_port = dead_port
        self.held: dict[str, str] = {}
        """SQL tokens that the user has, by name."""
        for name, database, age_days in (
            ("HELD", "shop", 1),
            ("DUE", "shop", 61),
            ("CLOSED", "closed", 1),
            ("ENDS", "ends", 1),
        ):
            token = simulators["plain"].given_sql(database=database, expiration="90d", age_days=age_days)
            self.held[name] = token.secret
        self._given = frozenset(self.secrets)

    def __getitem__(self, name: str) -> Simulator:
        return self._simulators[name]

    @property
    def urls(self) -> dict[str, str]:
        return {
            **{name: simulator.url for name, simulator in self._simulators.items()},
            "unreachable": f"http://127.0.0.1:{self._dead_port}",
        }

    @property
    def environment(self) -> dict[str, str]:
        """The user's own environment: the only place that holds the credentials when a run begins."""
        return {
            **{f"TOKEN_{name.upper()}": simulator.credential for name, simulator in self._simulators.items()},
            **{f"SQL_{name}": secret for name, secret in self.held.items()},
            "TOKEN_OPAQUE": OPAQUE,
            "TOKEN_UNREACHABLE": OPAQUE,
            "TURSO_API_TOKEN": self["plain"].credential,
            "TURSO_API_BASEURL": self["plain"].url,
        }

    @property
    def secrets(self) -> list[str]:
        return [OPAQUE, *(secret for simulator in self._simulators.values() for secret in simulator.canaries)]

    @property
    def issued(self) -> int:
        """How many tokens were created during the run."""
        return len(self._given.symmetric_difference(self.secrets))

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [write for simulator in self._simulators.values() for write in simulator.writes]


@contextlib.contextmanager
def worlds() -> Iterator[Worlds]:
    names = ("plain", "opaque", "refusing", "unproven", "stuck", "unknown", "garbled", "spare", "rejecting")
    with contextlib.ExitStack() as stack, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and never listening: every connection is refused
        by_name = {name: stack.enter_context(Simulator(descriptions=True)) for name in names}
        _arrange(by_name)
        yield Worlds(by_name, unused.getsockname()[1])


def _arrange(by_name: dict[str, Simulator]) -> None:
    plain = by_name["plain"]
    for name in ("stays", "goes-1", "goes-2", "goes-3"):
        plain.given(name, organization="acme", description="bearer in use: " + plain.credential)
    plain.given("drifted", age_days=3)
    plain.given("rotated", organization="acme", age_days=120)

    def on_create(name: str, fault: faults.Fault, **when: Any) -> None:
        plain.faults.add(f"POST /v1/auth/api-tokens/{name}", fault, **when)

    on_create("forbidden*", Echo(plain, 403), times=None)
    on_create("taken*", Echo(plain, 409), times=None)
    on_create("invalid*", Echo(plain, 400), times=None)
    on_create("limited*", Echo(plain, 429), times=None)
    on_create("later*", Echo(plain, 429), times=1)
    on_create("broken*", Echo(plain, 500), when="after", times=None)
    on_create("page*", EchoPage(plain), when="after", times=None)
    on_create("lost*", faults.Reset(), when="after")
    on_create("half*", faults.Truncate(), when="after")
    for name in (
        "shop",
        "other",
        "closed",
        "ends",
        "echo",
        "lost",
        "lost-again",
        "not-ended",
        "bug-inside",
        "bug-after",
        "bug-output",
    ):
        plain.add_database(name, keeps_out="*" if name == "closed" else "")
    plain.faults.add("POST */echo/auth/tokens", Echo(plain, 402), times=None)
    plain.faults.add("POST */not-ended/auth/rotate", Echo(plain, 500), when="after", times=None)
    plain.faults.add("POST */lost/auth/tokens", faults.Reset(), when="after")
    plain.faults.add("POST */lost-again/auth/tokens", faults.Reset(), when="after", times=None)
    by_name["rejecting"].add_database("shop")
    by_name["rejecting"].faults.add("pipeline", EchoRejected(by_name["rejecting"], 401), times=None)
    for name in ("rotated", "second"):
        by_name["spare"].given(name, organization="acme", age_days=100)
    by_name["opaque"].faults.add("*", Echo(by_name["opaque"], 401, OPAQUE), times=None)
    by_name["refusing"].faults.add("*", Echo(by_name["refusing"], 503), times=None)
    by_name["garbled"].faults.add("*", EchoRaw(by_name["garbled"]), times=None)
    by_name["unproven"].faults.add("validate", Echo(by_name["unproven"], 401), times=None)
    stuck = by_name["stuck"]
    stuck.given("rotated-stuck", organization="acme", age_days=100)
    stuck.faults.add("validate", Echo(stuck, 418), times=None)
    stuck.faults.add("DELETE /*", Echo(stuck, 500), times=None)
    unknown = by_name["unknown"]
    unknown.faults.add("create", faults.Reset(), when="after", times=None)
    unknown.faults.add("list", Echo(unknown, 500), skip=1, times=None)
