# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole runs of the role in one process, for tests that need hundreds of them: the steps, the module, the vault file and the state
file are the real ones, and the API is the simulator. Only the YAML between the steps and the destinations are stood in for.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret

from ansible_collections.community.turso.plugins.module_utils._connection import connection_spec
from ansible_collections.community.turso.plugins.module_utils._delivery import verdicts
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Item, Verdict
from ansible_collections.community.turso.plugins.modules import turso_rotation
from ansible_collections.community.turso.plugins.plugin_utils._play import TRANSACTION, VALUES, VERDICTS, Means
from ansible_collections.community.turso.plugins.plugin_utils._step_commit import commit
from ansible_collections.community.turso.plugins.plugin_utils._step_destinations import look, record
from ansible_collections.community.turso.plugins.plugin_utils._step_issue import issue
from ansible_collections.community.turso.plugins.plugin_utils._vault_file import read as read_vault_file
from tests.on_control_node.plays import FakePlay
from tests.simulator import Simulator

DEFAULTS = {name: spec.get("default") for name, spec in {**connection_spec(), **turso_rotation.SPEC}.items()}


class Places:
    """Destinations: what each holds, which of them are down, and which give no value out."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}  # by address
        self.down: set[str] = set()  # what they are given is refused
        self.dark: set[str] = set()  # which cannot even be asked what they hold
        self.blind = ("github_secret",)
        self.on_delivery: Callable[[str], None] = lambda _address: None

    def ask(self, entry_point: str, raw: Mapping[str, Any]) -> tuple[Verdict, str | None]:
        item = Item.from_json(raw)
        verb = next(verb for verb in ("read_back", "deliver", "check") if entry_point.endswith(f"_{verb}"))
        asked: dict[str, Callable[[Item], tuple[str, str | None]]] = {
            "check": lambda _item: (verdicts.PROVEN, None),
            "deliver": self._deliver,
            "read_back": self._read_back,
        }
        what, by = asked[verb](item)
        is_read = item.to not in self.blind and item.address not in self.dark
        value = self.held.get(item.address) if item.wants_value and is_read else None
        said = Verdict(item.name, item.to, item.address, "localhost", what, by, msg=what)
        return said, value

    def _deliver(self, item: Item) -> tuple[str, str | None]:
        if item.address in self.down | self.dark:
            return verdicts.NOT_TAKEN, None
        is_new = self.held.get(item.address) != item.secret
        self.held[item.address] = item.secret or ""
        if is_new:
            self.on_delivery(item.address)
        return verdicts.DELIVERED, None

    def _read_back(self, item: Item) -> tuple[str, str | None]:
        if item.address in self.dark:
            return verdicts.UNREADABLE, None
        if item.to in self.blind:
            return verdicts.CONFIRMED, verdicts.BY_RECEIPT
        held = self.held.get(item.address)
        is_it = held is not None and hashlib.sha256(held.encode()).hexdigest() == item.sha256
        return (verdicts.CONFIRMED, verdicts.BY_VALUE) if is_it else (verdicts.OTHER, None)


@dataclasses.dataclass
class Run:
    """What came of one run: whether it was green, and what it reported of each token, by name."""

    ok: bool
    report: dict[str, dict[str, Any]]


class HerePlay(FakePlay):
    def path(self, written: str) -> str:
        return written


class Runs:
    """Runs of one rotation file on one control node.

    `at` is called at every place where another run may come between, or where this one may end: before a destination is asked,
    around the module, and before the commit.
    """

    def __init__(
        self, simulator: Simulator, folder: Path, *tokens: dict[str, Any], vault: bool = True, **args: Any
    ) -> None:
        self.simulator, self.places = simulator, Places()
        self.at: Callable[[str], None] = lambda _what: None
        self.tokens, self.args = list(tokens), args
        self.state_file, self.vault_file = folder / "state.json", folder / "vault.yml"
        if vault:
            self.args["vault_file"] = str(self.vault_file)
        self.count = 0

    def run(self, **args: Any) -> Run:
        self.count += 1
        play: Any = HerePlay(id=f"p{self.count}", facts={"localhost": {}})
        facts = play.facts["localhost"]
        means = Means(play, _loader(), self._module)
        given = {
            "step": "issue",
            "tokens": self.tokens,
            "api_token": self.simulator.credential,
            "api_url": self.simulator.url,
            **self.args,
            **args,
        }
        result = issue(means, given, check_mode=False)
        while result.get("is_asking"):
            self._ask(facts, result)
            again = {**given, "fetched": True, "checked": result["checked"]}
            result = issue(means, again, check_mode=False)
        if result.get("failed"):
            return Run(ok=False, report={})
        self._keep(facts, result)
        if result["asks"]:
            self._ask(facts, result)
            self._keep(facts, record(means))
        looks = look(play)
        if looks["asks"]:
            self._ask(facts, looks)
            self._keep(facts, record(means))
        if not result["commits_now"]:
            return _run_of(result["report"], ())
        self.at("commit")
        done = commit(means, "role")
        return _run_of(done["report"], done["failed_names"])

    def _ask(self, facts: dict[str, Any], asked: Mapping[str, Any]) -> None:
        for entry_point in asked["asks"]:
            for raw in asked["asked"][entry_point]:
                self.at(entry_point)
                said, value = self.places.ask(entry_point, raw)
                facts[VERDICTS] = [*facts.get(VERDICTS, ()), said.as_json()]
                facts[VALUES] = [*facts.get(VALUES, ()), value]

    @staticmethod
    def _keep(facts: dict[str, Any], result: Mapping[str, Any]) -> None:
        facts.update({VERDICTS: [], VALUES: [], TRANSACTION: result["transaction"]})
        facts.update({"turso_rotate_secrets": result["secrets"], "turso_rotate_report": result["report"]})

    def _module(self, args: Mapping[str, Any], _environment: Mapping[str, str] | None = None) -> dict[str, Any]:
        self.at("module")
        result, _take_back = turso_rotation.run({**DEFAULTS, **args}, lambda _secret: None, False, lambda: None)
        self.at("module")
        return result

    def stored(self) -> dict[str, str]:
        """Return what the vault file holds."""
        return read_vault_file(_loader(), str(self.vault_file)) or {}


def _loader() -> DataLoader:
    """Return a loader of its own: every run reads its files anew."""
    loader = DataLoader()
    loader.set_vault_secrets([("default", VaultSecret(b"correct horse"))])
    return loader


def _run_of(report: list[dict[str, Any]], failed: Any) -> Run:
    found = {entry["name"]: entry for entry in report}
    return Run(ok=not failed and not any(entry["action"] == "failed" for entry in report), report=found)
