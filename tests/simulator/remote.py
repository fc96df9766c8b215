# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of a simulator that runs in another process; its members mean what they mean in `Simulator`."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from .faults import Fault, to_plain


class RemoteRule:
    def __init__(self, simulator: RemoteSimulator, number: int) -> None:
        self._simulator = simulator
        self._path = f"faults/{number}"

    def wait(self, timeout: float = 10.0, struck: int = 1) -> bool:
        """Wait until the fault has struck that often; return whether it has."""
        return bool(self._simulator.call("GET", f"{self._path}?wait={timeout}&struck={struck}"))

    def resume(self) -> None:
        self._simulator.call("POST", self._path)

    def drop(self) -> None:
        self._simulator.call("POST", self._path, {"drop": True})


class RemoteFaults:
    def __init__(self, simulator: RemoteSimulator) -> None:
        self._simulator = simulator

    def add(self, on: str, fault: Fault, *, when: str = "before", skip: int = 0, times: int | None = 1) -> RemoteRule:
        rule = {"on": on, "fault": to_plain(fault), "when": when, "skip": skip, "times": times}
        return RemoteRule(self._simulator, self._simulator.call("POST", "faults", rule))

    def clear(self) -> None:
        self._simulator.call("DELETE", "faults")


class RemoteSimulator:
    """`origin` is what the simulator printed, without a path prefix. Proxies of the environment are not used."""

    def __init__(self, origin: str) -> None:
        self._base = origin.rstrip("/") + "/_simulator/"
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.faults = RemoteFaults(self)

    def call(self, method: str, path: str, data: Any = None) -> Any:
        """Send one request to the admin interface; raise ValueError with its words where it refuses."""
        body = None if data is None else json.dumps(data).encode()
        try:
            with self._opener.open(
                urllib.request.Request(self._base + path, body, method=method), timeout=60
            ) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]) from None

    def given(self, name: str, **values: Any) -> dict[str, Any]:
        """Have a token that is there already; return it with `id` and `secret`."""
        token: dict[str, Any] = self.call("POST", "tokens", {"name": name, **values})
        return token

    def add_database(self, name: str, **values: Any) -> dict[str, Any]:
        """Have a database; return it with its `id` and the `url` of its data plane."""
        database: dict[str, Any] = self.call("POST", "databases", {"name": name, **values})
        return database

    def change_database(self, name: str, organization: str = "acme", **state: Any) -> None:
        self.call("POST", f"databases/{organization}/{name}", state)

    def given_sql(self, **values: Any) -> dict[str, Any]:
        """Have a SQL token that is there already; return it with its `secret` and `claims`."""
        token: dict[str, Any] = self.call("POST", "sql_tokens", values)
        return token

    @property
    def minted(self) -> list[dict[str, Any]]:
        """Every SQL token that was ever minted; no secrets."""
        return list(self.call("GET", "sql_tokens"))

    def lets_in(self, secret: str, database: str, organization: str = "acme") -> bool:
        return bool(
            self.call("POST", "lets_in", {"secret": secret, "database": database, "organization": organization})
        )

    def invalidate(self, **target: str) -> None:
        self.call("POST", "invalidate", target)

    def behave(self, **switches: Any) -> None:
        self.call("POST", "behaviour", switches)

    def advance(self, **step: float) -> None:
        self.call("POST", "clock", step)

    def freeze(self, instant: str) -> None:
        """Stop the clock at an ISO 8601 time with its zone."""
        self.call("POST", "clock", {"freeze": instant})

    def alive(self, secret: str) -> bool:
        return bool(self.call("POST", "alive", {"secret": secret}))

    @property
    def state(self) -> dict[str, Any]:
        """`now`, `tokens`, `revoked`, `connections`, `max_concurrent`; no secrets."""
        state: dict[str, Any] = self.call("GET", "state")
        return state

    @property
    def canaries(self) -> list[str]:
        return list(self.call("GET", "canaries"))

    @property
    def requests(self) -> list[dict[str, Any]]:
        return list(self.call("GET", "requests"))

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [
            (request["method"], request["path"])
            for request in self.requests
            if request["method"] != "GET" and request["call"] != "pipeline"
        ]

    def reset_log(self) -> None:
        self.call("DELETE", "requests")
