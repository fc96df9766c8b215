# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door for other processes: JSON under /_simulator/, a path that the API does not have. Its client: `remote.py`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from .answers import Answer
from .faults import Rule, from_plain, to_plain
from .refusal import Refusal
from .state import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .simulator import Simulator


def administer(simulator: Simulator, method: str, target: str, body: bytes) -> Answer:
    """Answer 200 with JSON, 400 for what makes no sense, 404 for what is not there."""
    path, _mark, query = target.partition("?")
    resource, _slash, item = path.partition("/")
    action = getattr(Visit, f"{method.lower()}_{resource}", None)
    if action is None:
        return Answer.json(404, {"error": f"no {method} {resource}"})
    try:
        data = {**dict(parse_qsl(query)), **(json.loads(body) if body else {})}
        return Answer.json(200, action(Visit(simulator, item, data)))
    except (IndexError, KeyError, TypeError, ValueError, Refusal) as error:
        return Answer.json(400, {"error": f"{type(error).__name__}: {error}"})


@dataclass
class Visit:
    """One request to the admin interface. A method answers `method resource[/item]`."""

    simulator: Simulator
    item: str
    data: dict[str, Any]

    def get_state(self) -> dict[str, Any]:
        simulator = self.simulator
        return {
            "now": simulator.clock.now().isoformat(),
            "tokens": [without_secret(plain(token)) for token in simulator.tokens],
            "revoked": [without_secret(plain(token)) for token in simulator.revoked],
            "connections": simulator.connections,
            "max_concurrent": simulator.max_concurrent,
        }

    def get_requests(self) -> list[dict[str, Any]]:
        return [{**asdict(request), "at": request.at.isoformat()} for request in self.simulator.requests]

    def delete_requests(self) -> None:
        self.simulator.reset_log()

    def get_canaries(self) -> list[str]:
        return self.simulator.canaries

    def post_alive(self) -> bool:
        return self.simulator.alive(self.data["secret"])

    def post_tokens(self) -> dict[str, Any]:
        return plain(self.simulator.given(**self.data))

    def get_databases(self) -> dict[str, Any]:
        """Answer with a database, named as ORGANIZATION/NAME."""
        organization, _slash, name = self.item.partition("/")
        return {**asdict(self.simulator.database(name, organization))}

    def post_databases(self) -> dict[str, Any]:
        """Add a database, or with ``/ORGANIZATION/NAME`` change what it blocks and whom it keeps out."""
        if not self.item:
            return asdict(self.simulator.add_database(**self.data))
        organization, _slash, name = self.item.partition("/")
        database = self.simulator.database(name, organization)
        for key, value in self.data.items():
            if key not in ("blocks_reads", "blocks_writes", "keeps_out"):
                raise ValueError(f"{key} of a database cannot be changed")
            setattr(database, key, value)
        return asdict(database)

    def post_sql_tokens(self) -> dict[str, Any]:
        return asdict(self.simulator.given_sql(**self.data))

    def get_sql_tokens(self) -> list[dict[str, Any]]:
        return [without_secret(asdict(token)) for token in self.simulator.minted]

    def post_lets_in(self) -> bool:
        return self.simulator.lets_in(**self.data)

    def post_invalidate(self) -> None:
        self.simulator.invalidate(**self.data)

    def post_clock(self) -> None:
        if "freeze" in self.data:
            self.simulator.clock.freeze(datetime.fromisoformat(self.data["freeze"]))
        else:
            self.simulator.advance(**self.data)

    def post_behaviour(self) -> None:
        self.simulator.behave(**self.data)

    def get_faults(self) -> bool | list[dict[str, Any]]:
        """List the rules, or with ``/N?wait=SECONDS&struck=TIMES`` wait for one to strike."""
        rules = self.simulator.faults.rules
        if self.item:
            return rules[int(self.item)].wait(float(self.data["wait"]), int(self.data["struck"]))
        return [described(rule) for rule in rules]

    def post_faults(self) -> int | None:
        """Add a rule and answer its number, or with ``/N`` resume or drop what it holds."""
        rules = self.simulator.faults.rules
        if self.item:
            held = rules[int(self.item)]
            (held.drop if self.data.get("drop") else held.resume)()
            return None
        values = dict(self.data)
        rule = self.simulator.faults.add(values.pop("on"), from_plain(values.pop("fault")), **values)
        return rules.index(rule)

    def delete_faults(self) -> None:
        self.simulator.faults.clear()


def described(rule: Rule) -> dict[str, Any]:
    return {
        "on": rule.on,
        "fault": to_plain(rule.fault),
        "when": rule.when,
        "skip": rule.skip,
        "times": rule.times,
        "struck": rule.struck,
    }


def without_secret(token: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in token.items() if key != "secret"}
