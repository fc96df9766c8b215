# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play without Ansible, for the steps of the rotation: hosts, their facts, and a module that records what it is given."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Verdict, verdicts_from
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Transaction, Use
from ansible_collections.community.turso.plugins.plugin_utils._play import TRANSACTION, VALUES, VERDICTS

Facts = dict[str, dict[str, Any]]


@dataclasses.dataclass
class FakePlay:
    """What the steps ask of a play. `facts` are by host; `patterns` say which hosts a pattern names."""

    host: str = "localhost"
    id: str = "p1"
    size: int = 1
    strategy: str = "linear"
    has_failed: bool = False
    is_in_post_tasks: bool = False
    facts: Facts = dataclasses.field(default_factory=dict)
    patterns: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    limited_away: tuple[str, ...] = ()
    folder: str = "/playbooks"

    def fact(self, name: str, host: str | None = None) -> Any:
        return self.facts.get(host or self.host, {}).get(name)

    @property
    def verdicts(self) -> list[Verdict]:
        return verdicts_from(self.fact(VERDICTS), self.fact(VALUES))

    def transaction(self) -> tuple[Transaction, str]:
        for host, known in self.facts.items():
            if known.get(TRANSACTION):
                return Transaction.from_text(known[TRANSACTION]), host
        return Transaction(), self.host

    def resolved(self, patterns: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        hosts = tuple(host for pattern in patterns for host in self.patterns.get(pattern, (pattern,)))
        return hosts, tuple(host for host in hosts if host in self.limited_away)

    @property
    def others(self) -> list[str]:
        return [host for host in self.facts if host != self.host]

    @property
    def environment(self) -> dict[str, str]:
        return {}

    def unmatched(self, patterns: Sequence[str]) -> list[str]:
        return [pattern for pattern in patterns if not self.patterns.get(pattern, (pattern,))]

    def path(self, written: str) -> str:
        return f"{self.folder}/{written}"


def after(*uses: Use, host: str = "localhost", **facts: Any) -> Facts:
    """Return the facts of a run that issued on a host; more facts of that host by name."""
    return {host: {TRANSACTION: Transaction(list(uses)).as_text(), **facts}}


@dataclasses.dataclass
class FakeModule:
    """Records what the module is given, and answers."""

    answers: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    given: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    environments: list[dict[str, str]] = dataclasses.field(default_factory=list)

    def __call__(self, args: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
        self.given.append(dict(args))
        self.environments.append(dict(environment or {}))
        if self.answers:
            return self.answers.pop(0)
        items = Transaction.from_text(args["items"]).open_items
        return {"changed": True, "report": [{**item.report, "action": "rotated", "revoked": ["ci"]} for item in items]}
