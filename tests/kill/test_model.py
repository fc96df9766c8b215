# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A model of everything around the plan and the settlement: the API, consumers, the clock, crashes, failed deliveries,
several controllers, hand-made tokens, and ledgers restored from backups. Its invariants are the promises of the role.

One token, `ci`, is rotated by up to three runs at once. A run goes through the stages of the role one call at a time, and
may crash between any two of them; hypothesis shuffles the calls of all runs.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import (
    generation_name,
    living,
    parse_generation,
    plan,
    settle,
    strike,
)

WINDOW = datetime.timedelta(minutes=15)
MAX_AGE = datetime.timedelta(days=90)
MAX_GENERATIONS = 5
FOREIGN = ("ci-deploy", "ci-20261124t091500z-7f3", "CI", "ci-deploy-20260101t000000z-0001")

steps_taken = 0


@dataclasses.dataclass(eq=False)
class Run:
    """A run of the role, from the plan to the commit."""

    pending: dict[str, Any]
    planned_at: int  # in events, which order what the clock cannot
    ledger: bool
    overlapped: bool
    open: bool = True
    issued: str | None = None  # the id of its successor
    delivered: bool = False
    committed_at: int | None = None
    to_revoke: list[str] = dataclasses.field(default_factory=list)
    successful: bool = False


class Rotation(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
        self.events = itertools.count()
        self.ids = itertools.count(1)
        self.tokens: dict[str, dict[str, Any]] = {}  # what is alive, by id
        self.ledger: dict[str, Any] = {}
        self.backups: list[dict[str, Any]] = []
        self.everyone: list[Run] = []
        self.held: tuple[str, Run | None] | None = None  # what the consumers hold, and who delivered it
        for name in FOREIGN:
            self.create(name)

    @initialize(keeps_ledger=st.booleans(), grace_hours=st.sampled_from([0, 0, 24]), by_hand=st.booleans())
    def begin(self, keeps_ledger: bool, grace_hours: int, by_hand: bool) -> None:
        self.keeps_ledger = keeps_ledger
        self.grace = datetime.timedelta(hours=grace_hours if keeps_ledger else 0)
        if by_hand:
            self.held = (self.create("ci"), None)

    # The API

    def create(self, name: str) -> str:
        token_id = str(next(self.ids))
        created = str(self.now.date())
        self.tokens[token_id] = {"name": name, "id": token_id, "organization": "acme", "created_at": created}
        return token_id

    def listed(self) -> list[dict[str, Any]]:
        return list(self.tokens.values())

    def generations(self) -> list[str]:
        return [generation.id for generation in living(self.listed(), ["ci"], self.now)["ci"]]

    def planned(self, *, force: bool = False, current: str | None = None) -> dict[str, Any]:
        (one,) = plan(
            self.listed(),
            [{"name": "ci", "organization": "acme", "current": current}],
            self.now,
            nonce=f"{next(self.events) % 65536:04x}",
            ledger=copy.deepcopy(self.ledger) if self.keeps_ledger else None,
            max_age_days=MAX_AGE.days,
            grace_hours=self.grace.total_seconds() / 3600,
            in_flight_minutes=WINDOW.total_seconds() / 60,
            max_generations=MAX_GENERATIONS,
            force=force,
        )
        return one

    # A run, stage by stage

    @property
    def under_way(self) -> list[Run]:
        return [run for run in self.everyone if run.open]

    @precondition(lambda self: len(self.under_way) < 3)
    @rule(force=st.booleans(), tells=st.sampled_from([False, False, True]))
    def plan_and_issue(self, force: bool, tells: bool) -> None:
        others = self.under_way
        alive = self.generations()
        current = self.held[0] if tells and self.held and self.held[0] in alive else None
        try:
            pending = self.planned(force=force, current=current)
        except Refused as exc:
            assert "generations are alive" in exc.msg  # noqa: PT017
            assert len(alive) >= MAX_GENERATIONS
            return
        run = Run(pending, next(self.events), self.keeps_ledger, bool(others))
        for other in others:
            other.overlapped = True
        self.everyone.append(run)
        if pending["action"] == "none":
            run.open = False
        elif pending["action"] == "issue":
            run.issued = self.create(pending["successor"]["name"])
            assert len(self.generations()) <= MAX_GENERATIONS + len(others), "promise 7"

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 2), calls=st.integers(1, 4))
    def one_goes_on(self, which: int, calls: int) -> None:
        run = self.under_way[which % len(self.under_way)]
        for _call in range(calls):
            if run.open:
                self.go_on(run)

    def go_on(self, run: Run) -> None:
        """Do the next thing of a run."""
        if run.to_revoke:
            self.revoke_one(run)
        elif run.issued and not run.delivered:
            run.delivered = True
            self.held = (run.issued, run)
        else:
            self.commit(run)

    def commit(self, run: Run) -> None:
        """List, check, write the ledger; what may be revoked is revoked call by call after that."""
        before = copy.deepcopy(self.ledger)
        name = {"name": self.tokens[run.issued]["name"]} if run.issued in self.tokens else run.pending["successor"]
        issued = {"name": name["name"], "id": run.issued} if run.issued else None
        alive = living(self.listed(), ["ci"], self.now)["ci"]
        settlement = settle(
            {**run.pending, "issued": issued}, alive, self.now, WINDOW, self.ledger if run.ledger else None
        )
        if settlement.refusal is not None:
            assert settlement.revoke == []
            assert self.ledger == before
            run.open = False
            return
        self.backups.append(before)
        run.committed_at = next(self.events)
        run.to_revoke = [ref["id"] for ref in settlement.revoke]
        if not run.to_revoke:
            self.end(run)

    def revoke_one(self, run: Run) -> None:
        token_id = run.to_revoke.pop()
        self.check_right_to_revoke(run, token_id)
        self.tokens.pop(token_id, None)
        if not run.to_revoke:
            self.end(run)

    def end(self, run: Run) -> None:
        run.open = False
        run.successful = True
        if run.ledger:
            gone = [
                ref["id"] for ref in run.pending["superseded"] + run.pending["sweep"] if ref["id"] not in self.tokens
            ]
            strike(self.ledger, "ci", gone, self.now)

    def check_right_to_revoke(self, run: Run, token_id: str) -> None:
        token = self.tokens.get(token_id)
        if token is None:
            return
        assert token["name"] not in FOREIGN, "a foreign token is revoked"
        newer = run.issued or (self.ledger["ci"]["current"] or {}).get("id")
        # Between the list of its commit and this call, a later run may have replaced what this one handed over.
        later = [other.issued for other in self.everyone if other.delivered and other.planned_at > run.planned_at]
        assert {newer, *later} & set(self.tokens), "promise 1: revoked without a newer one that is alive"
        assert newer != token_id
        assert run.issued is None or run.delivered, "promise 1: revoked before the delivery"
        issuer = next((other for other in self.everyone if other.issued == token_id), None)
        if issuer is not None and issuer.successful and issuer.committed_at is not None:
            assert issuer.committed_at < run.planned_at, "promise 5: revoked what was handed over after the plan"
        if self.grace and run.issued is not None:
            since = {item["id"]: item["at"] for item in self.ledger["ci"]["superseded"]}
            assert token_id in since, "promise 3: revoked what was not superseded"

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 2))
    def one_crashes(self, which: int) -> None:
        self.under_way[which % len(self.under_way)].open = False

    # What else happens

    @rule(minutes=st.sampled_from([1, 5, 14, 16, 60]))
    def time_passes(self, minutes: int) -> None:
        self.now += datetime.timedelta(minutes=minutes)

    @rule(hours=st.sampled_from([23, 25, 24 * 40, 24 * 91]))
    def much_time_passes(self, hours: int) -> None:
        self.now += datetime.timedelta(hours=hours)

    @rule()
    def somebody_makes_one_by_hand(self) -> None:
        if not any(token["name"] == "ci" for token in self.tokens.values()):
            self.create("ci")

    @rule(nonce=st.integers(0, 0xFFFF))
    def somebody_makes_a_generation_by_hand(self, nonce: int) -> None:
        name = generation_name("ci", self.now - datetime.timedelta(days=200), f"{nonce:04x}")
        if len(self.generations()) < MAX_GENERATIONS - 1 and all(token["name"] != name for token in self.listed()):
            self.create(name)

    @precondition(lambda self: self.backups and not self.under_way)
    @rule(data=st.data())
    def a_ledger_is_restored_from_a_backup(self, data: st.DataObject) -> None:
        self.ledger = copy.deepcopy(data.draw(st.sampled_from(self.backups)))

    @precondition(lambda self: self.keeps_ledger and not self.under_way)
    @rule()
    def a_ledger_is_lost(self) -> None:
        self.ledger = {}

    # The promises

    @invariant()
    def what_the_consumers_hold_works(self) -> None:
        """Promises 1, 2 and 5. What an overlapped run that did not succeed delivered is excused, and only that."""
        if self.held is None:
            return
        token_id, run = self.held
        excused = run is not None and run.overlapped and not run.successful
        assert token_id in self.tokens or excused

    @invariant()
    def what_a_successful_run_delivered_works_until_a_later_one_replaces_it(self) -> None:
        for run in self.everyone:
            if run.successful and run.issued and run.issued not in self.tokens:
                assert any(
                    other.planned_at > (run.committed_at or 0) and other.committed_at is not None
                    for other in self.everyone
                ), "promise 5"

    @invariant()
    def foreign_tokens_are_alive(self) -> None:
        assert {token["name"] for token in self.tokens.values()} >= set(FOREIGN)

    @invariant()
    def count(self) -> None:
        global steps_taken  # noqa: PLW0603
        steps_taken += 1

    def teardown(self) -> None:
        """Promises 2 and 6: outside the window, the next run that succeeds leaves one, and the one after it does nothing."""
        if not hasattr(self, "keeps_ledger"):
            return
        for run in self.everyone:
            run.open = False
        self.now += WINDOW + datetime.timedelta(days=1)  # a name whose stamp lies counts from the end of its day
        # The role refuses and says what is alive; somebody revokes what is not in use.
        if len(self.generations()) >= MAX_GENERATIONS:
            for token_id in self.generations():
                if self.held is None or token_id != self.held[0]:
                    self.tokens.pop(token_id)
        for _round in range(2):
            self.plan_and_issue(force=False, tells=False)
            run = self.everyone[-1]
            while run.open:
                self.go_on(run)
            if run.pending["action"] != "none":
                assert run.successful
                self.now += self.grace
        assert len(self.generations()) == 1
        assert self.planned()["action"] == "none", "promise 6"
        assert self.held is None or self.held[0] in self.tokens
        (only,) = self.generations()
        assert parse_generation(self.tokens[only]["name"]) or self.tokens[only]["name"] == "ci"


def test_the_promises_hold_whatever_happens(request: pytest.FixtureRequest, tell: Callable[[str], None]) -> None:
    global steps_taken  # noqa: PLW0603
    full = request.config.getoption("--full")
    steps_taken = 0
    run_state_machine_as_test(
        Rotation,
        settings=settings(
            max_examples=2_000 if full else 400,
            stateful_step_count=60 if full else 40,
            deadline=None,
            derandomize=not full,
            report_multiple_bugs=False,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    tell(f"model: {steps_taken} steps, promises broken: 0")
    assert steps_taken >= (10_000 if full else 2_000)
