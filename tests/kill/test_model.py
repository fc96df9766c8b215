# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A model of everything around the plan, the evidence and the settlement; its invariants are the promises of the role.

The API with two nodes whose clocks differ by 16 minutes, consumers and destinations that are down, destinations into which somebody
writes another value, a vault file and a state file that are lost or restored from backups, hand-made tokens, and up to three runs
at once on two control nodes. A run goes through the stages of the role one call at a time and may end between any two of them; then
it sends its notice, and its process lives on until that has come through. Hypothesis shuffles the calls of all runs.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import itertools
import types
import uuid
from collections.abc import Callable, Iterator
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

from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Issued
from ansible_collections.community.turso.plugins.module_utils._delivery import verdicts as delivery
from ansible_collections.community.turso.plugins.module_utils._rotation import commit as committing
from ansible_collections.community.turso.plugins.module_utils._rotation import destinations
from ansible_collections.community.turso.plugins.module_utils._rotation import rotation as issuing
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import (
    BY_VALUE,
    BY_WORD,
    Confirmation,
    digest_of,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import Defaults, read_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.evidence import (
    BY_ENTRY_POINT,
    BY_HANDLER,
    BY_ROLE,
    Facts,
    Verdict,
    verdict,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.issuing import Rotation
from ansible_collections.community.turso.plugins.module_utils._rotation.pending_versions import with_pending
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import (
    ISSUE,
    NONE,
    Plan,
    plan_entries,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.settlement import settle
from ansible_collections.community.turso.plugins.module_utils._rotation.state import Process, State
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import (
    Version,
    active_versions,
    version_name,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.view import Stored, View
from ansible_collections.community.turso.plugins.module_utils._time import utc_text
from ansible_collections.community.turso.plugins.plugin_utils._destination_specs import destination_specs

UTC = datetime.timezone.utc
UUID_EPOCH = datetime.datetime(1582, 10, 15, tzinfo=UTC)
PENDING = datetime.timedelta(minutes=15)
SKEW = datetime.timedelta(minutes=16)
MAX_AGE_DAYS, SPREAD_DAYS, MAX_VERSIONS = 90, 14, 5
ACME = Restriction("acme")
UNMANAGED = ("ci-deploy", "ci-20261124t091500z-7f3", "CI", "ci-deploy-20260101t000000z-0001")
ISSUER = "localhost"
READER = "who reads the vault file"

PLAY = {"to": "play"}
TARGETS = {"to": "play", "hosts": ["web1", "web2"]}
OWN = {"tasks": "own.yml"}
STORE = {"to": "vault_file", "takes_effect_hours": 0}
FILE = {"to": "file", "path": "/srv/token", "takes_effect_hours": 0}
GITHUB = {"to": "github_secret", "repository": "acme/app", "name": "TOKEN", "takes_effect_hours": 0}
DELIVERIES = [
    [PLAY],
    [TARGETS],
    [OWN],
    [OWN, PLAY],
    [STORE],
    [STORE, TARGETS],
    [FILE],
    [GITHUB],
    [GITHUB],
    [FILE, GITHUB],
    [FILE, GITHUB],
    [FILE, PLAY],
    [GITHUB, STORE],
]

FAILS = st.sampled_from([*[False] * 15, True])  # whether something fails on the issuing host
MANY = 30  # calls are more than a run has
CALLS = st.sampled_from([1, 2, 3, 4, 6, 8, MANY, MANY])
TOOK = st.sampled_from([*["delivered"] * 5, "lost", "unfinished"])  # what a destination that has the value says
DOWN = st.sampled_from(["not taken", "not taken", "lost"])  # of one that has not
HOW = [*["value"] * 16, *["word"] * 4, "nothing", "word, and its restart fails"]

Consumer = tuple[int, str]  # the number of the recipient, and the host
steps_taken = 0


@dataclasses.dataclass(eq=False)
class Run:
    """A run of the role: what it knows, and what it has done."""

    process: Process
    # In events, which order what the clocks cannot: after the plan, or after the issue, a commit of another run notices this one.
    decided_at: int = 0
    plan: Plan | None = None
    view: View | None = None
    item: Item | None = None
    is_open: bool = True
    is_telling: bool = False  # its work is over, and its notice under way
    beside: list[Run] = dataclasses.field(default_factory=list)  # runs that were open at the same time
    is_successful: bool = False
    committed_at: int | None = None
    locks: bool = False
    version: str | None = None  # the id of the version that it issued or resumes
    confirmations: list[Confirmation] = dataclasses.field(default_factory=list)
    unsealed: list[Confirmation] = dataclasses.field(default_factory=list)
    confirmed: set[Consumer] = dataclasses.field(default_factory=set)
    stages: Iterator[None] | None = None


SOMEBODY = Run(Process())
SOMEBODY.beside.append(SOMEBODY)


class Model(RuleBasedStateMachine):
    """One managed token, `ci`."""

    def __init__(self) -> None:
        super().__init__()
        self.time = datetime.datetime(2026, 1, 1, tzinfo=UTC)
        self.events = itertools.count()
        self.tokens: dict[str, Token] = {}  # what is active, by id
        self.runs: list[Run] = []
        self.state = State()
        self.states: list[State] = []  # backups
        self.stored: str | None = None  # the id of the version whose value the vault file holds
        self.writer: Run | None = None  # of the vault file
        self.stores: list[str | None] = [None]  # backups
        self.held: dict[Consumer, tuple[str, Run | None]] = {}
        self.down: set[Consumer] = set()
        self.had_ten_days = False
        self.replaced: dict[str, datetime.datetime] = {}  # since when a version is previous
        for name in UNMANAGED:
            self.create(name, self.time)

    @initialize(
        deliver=st.sampled_from(DELIVERIES),
        has_state_file=st.booleans(),
        has_vault_file=st.booleans(),
        grace_hours=st.sampled_from([0, 0, 24]),
        is_by_hand=st.booleans(),
        clocks_differ=st.booleans(),
    )
    def begin(
        self,
        deliver: list[dict[str, Any]],
        has_state_file: bool,
        has_vault_file: bool,
        grace_hours: int,
        is_by_hand: bool,
        clocks_differ: bool,
    ) -> None:
        self.deliver, self.clocks_differ = deliver, clocks_differ
        self.has_state_file, self.has_vault_file = has_state_file, has_vault_file or STORE in deliver
        self.grace = datetime.timedelta(hours=grace_hours if has_state_file else 0)
        self.consumers = [
            (index, host)
            for index, recipient in enumerate(self.entry().recipients)
            if recipient.to != "vault_file"
            for host in recipient.hosts or (ISSUER,)
        ]
        if is_by_hand:
            made = self.create("ci", self.time)
            self.held = dict.fromkeys(self.consumers, (made, None))

    def entry(self, *, force: bool = False) -> Any:
        raw = {"name": "ci", "organization": "acme", "deliver": self.deliver}
        defaults = Defaults(
            max_age_days=MAX_AGE_DAYS,
            spread_days=SPREAD_DAYS,
            grace_hours=self.grace.total_seconds() / 3600,
            force=force,
            pending_minutes=PENDING.total_seconds() / 60,
            max_versions=MAX_VERSIONS,
            has_state_file=self.has_state_file,
            has_vault_file=self.has_vault_file,
            destinations=destination_specs(),
        )
        return read_entries([raw], defaults)[0]

    # The API

    def create(self, name: str, at: datetime.datetime) -> str:
        ticks = int((at - UUID_EPOCH).total_seconds() * 10**7)
        fields = (ticks & 0xFFFFFFFF, ticks >> 32 & 0xFFFF, ticks >> 48 & 0x0FFF, 0, next(self.events) & 0xFF, 1)
        token_id = base64.urlsafe_b64encode(uuid.UUID(fields=fields, version=1).bytes).decode().rstrip("=")
        assert token_id not in self.tokens
        self.tokens[token_id] = Token(name, token_id, ACME, str(at.date()))
        return token_id

    def versions(self, now: datetime.datetime) -> tuple[Version, ...]:
        return active_versions(self.tokens.values(), ["ci"], now)["ci"]

    def count(self) -> int:
        return len(self.versions(self.time))

    # A run, call by call: each yield is a place where others come between, or where it ends for ever

    def stages(self, run: Run, clocks: tuple[bool, bool, bool], force: bool, data: st.DataObject) -> Iterator[None]:
        planning, issuing_at, committing_at = (
            SKEW if is_ahead and self.clocks_differ else SKEW * 0 for is_ahead in clocks
        )
        stored = self.stored
        yield
        plan = self.planned(run, stored, planning, force=force)
        yield
        if plan.action == NONE:
            self.end(run, is_successful=plan.refusal is None)
            return
        if plan.action == ISSUE:
            run.version = self.create(plan.new_name or "", self.time + issuing_at)
            run.decided_at = next(self.events)
            assert self.count() <= MAX_VERSIONS + len(run.beside), "promise 7: too many versions"
            yield
        if plan.resumed:
            run.version = plan.resumed.id
        if run.version and run.version not in self.tokens:  # it could not be verified
            self.end(run, is_successful=False)
            return
        run.item = self.item_of(run, plan)
        if run.version:
            yield from self.deliveries(run, plan, self.time + planning, data)
        yield from self.committed(run, run.item, committing_at, has_failed=data.draw(FAILS))

    def planned(self, run: Run, stored: str | None, skew: datetime.timedelta, *, force: bool) -> Plan:
        now = self.time + skew
        known = self.state.of("ci") if self.has_state_file else None
        view = View(
            self.entry(force=force),
            self.versions(now),
            now,
            known,
            has_vault_file=self.has_vault_file,
            stored=None if stored is None else Stored(stored, is_rejected=stored not in self.tokens),
            is_abandoned=self.is_abandoned(run, known),
        )
        (plan,) = plan_entries([view], f"{next(self.events) & 0xFFFF:04x}")
        if issuing._may_be_held(plan, view):
            held = [self.held[consumer][0] for consumer in self.readable if consumer in self.held]
            view = dataclasses.replace(view, held=tuple(Stored(found) for found in held if found in self.tokens))
            (plan,) = plan_entries([view], f"{next(self.events) & 0xFFFF:04x}")
        run.plan, run.view, run.decided_at = plan, view, next(self.events)
        if plan.refusal:
            is_full = "versions are active" in plan.refusal and len(view.versions) >= MAX_VERSIONS
            assert is_full or "never confirmed" in plan.refusal, plan.refusal
        elif not plan.is_due and self.has_vault_file:
            known_ids = {view.current and view.current.id, *(version.id for version in view.elsewhere)}
            assert stored in known_ids or view.current in view.elsewhere, (
                "promise 9: the vault file holds another value"
            )
        return plan

    def is_abandoned(self, run: Run, known: Any) -> bool:
        """Tell whether the run that issued the pending version has ended, as far as the same machine can know."""
        if known is None or known.pending is None or known.pending.process.host != run.process.host:
            return False
        issuer = self.runs[known.pending.process.pid]
        return not (issuer.is_open or issuer.is_telling)

    def item_of(self, run: Run, plan: Plan) -> Item:
        issued = Issued(self.tokens[run.version], f"secret of {run.version}") if run.version else None
        account: Any = types.SimpleNamespace(own_id=None)
        assert run.view is not None
        item = issuing._item(Rotation(plan, account, issued), {}, issuing.Request([], {}), run.view)
        assert item is not None
        return item

    def deliveries(self, run: Run, plan: Plan, now: datetime.datetime, data: st.DataObject) -> Iterator[None]:
        version = run.version or ""
        if self.has_state_file:
            yield from self.lock(run)
            token = self.tokens.get(version) or Token(plan.new_name or "", version, ACME)
            self.states.append(self.state)
            self.state = with_pending(self.state, plan, token, run.process, utc_text(now))
            run.locks = False
            yield
        if self.has_vault_file and self.stored != version:  # issued, or resumed with the value that a destination holds
            yield from self.lock(run)
            self.stores.append(self.stored)
            self.stored, self.writer = version, run
            run.locks = False
            yield
        yield from self.delivered_to_destinations(run, data)
        for consumer in self.consumers:
            if consumer in self.down or self.is_destination(consumer):
                continue
            self.held[consumer] = (version, run)
            yield
            self.confirm(run, consumer, data.draw(st.sampled_from(HOW)))

    def delivered_to_destinations(self, run: Run, data: st.DataObject) -> Iterator[None]:
        """Deliver to each; withdraw what nobody took; then look at what they hold."""
        if run.item is None or not run.item.has_destinations:
            return
        for consumer in filter(self.is_destination, self.consumers):
            is_down = consumer in self.down
            if not is_down:
                self.held[consumer] = (run.version or "", run)
            yield
            self.says(run, consumer, data.draw(DOWN if is_down else TOOK))
        if destinations.nobody_took(run.item) and not self.has_vault_file:
            self.tokens.pop(run.version or "", None)
            pending = self.state.of("ci").pending
            if self.has_state_file and pending is not None and pending.id == run.version:
                self.state = self.state.withdrawn("ci", utc_text(self.time))
            self.end(run, is_successful=False)
            return
        yield
        self.look(run)

    def look(self, run: Run) -> None:
        """Have the destinations that took the value looked at: what they hold, or whether a receipt is still ours."""
        assert run.item is not None
        for asked in itertools.chain(*destinations.to_read_back([run.item]).values()):
            recipients = run.item.recipients
            consumer = next((index, ISSUER) for index, found in enumerate(recipients) if found.address == asked.address)
            run.confirmed.discard(consumer)
            if consumer in self.down:
                self.says(run, consumer, delivery.UNREADABLE)
            elif self.held[consumer][0] == run.version:
                self.says(run, consumer, delivery.CONFIRMED)
                run.confirmed.add(consumer)
            else:
                self.says(run, consumer, delivery.OTHER)

    def says(self, run: Run, consumer: Consumer, verdict: str) -> None:
        assert run.item is not None
        recipient = run.item.recipients[consumer[0]]
        said = {"value": delivery.DELIVERED}.get(verdict, verdict)
        by = delivery.BY_VALUE if said == delivery.CONFIRMED else None
        told = delivery.Verdict("ci", recipient.to, recipient.address or "", destinations.CONTROL_NODE, said, by)
        destinations.look_at(run.item, [told], ISSUER)

    def is_destination(self, consumer: Consumer) -> bool:
        return self.deliver[consumer[0]] in (FILE, GITHUB)

    @property
    def readable(self) -> list[Consumer]:
        return [found for found in self.consumers if self.deliver[found[0]] == FILE and found not in self.down]

    def confirm(self, run: Run, consumer: Consumer, how: str) -> None:
        index, host = consumer
        held, _by = self.held[consumer]
        if how == "value":
            refusal = None if held == run.version else f"{host} has another value"
            run.confirmations.append(Confirmation(run.version or "", index, host, BY_VALUE, refusal))
        if how.startswith("word"):
            found = run.confirmations if how == "word" else run.unsealed
            found.append(Confirmation(run.version or "", index, host, BY_WORD))
        if how == "word" or (how == "value" and held == run.version):
            run.confirmed.add(consumer)

    def committed(self, run: Run, item: Item, skew: datetime.timedelta, *, has_failed: bool) -> Iterator[None]:
        """Look for evidence; then list, settle, write the state file, revoke call by call, write the state file again."""
        if not run.is_open:  # nobody took it
            return
        if item.has_destinations and not item.needs_the_play:
            self.look(run)
        yield from self.lock(run)
        facts = Facts(
            item,
            ISSUER,
            has_failed=has_failed,
            confirmations=[found for found in run.confirmations if found.refusal is None],
            unsealed=run.unsealed + [found for found in run.confirmations if found.refusal is not None],
            has_vault_file=self.has_vault_file,
            stored_sha256=None if self.stored is None else digest_of(f"secret of {self.stored}"),
        )
        by = BY_ROLE if not item.needs_the_play else BY_ENTRY_POINT if len(self.consumers) > 1 else BY_HANDLER
        what, _reasons = verdict(facts, by)
        if what is not Verdict.REVOKE:
            self.end(run, is_successful=False)
            return
        is_stored = not self.has_vault_file or item.version is None or self.stored == run.version
        assert is_stored, "promise 1: the vault file does not hold the new value"
        assert not (has_failed and item.version), "promise 1: something failed after the issue"
        yield
        now = self.time + skew
        known = self.state.of("ci") if self.has_state_file else None
        settlement = settle(item, self.versions(now), now, pending=PENDING, state=known)
        if settlement.refusal is not None:
            assert settlement.revoke == ()
            self.end(run, is_successful=False)
            return
        account: Any = types.SimpleNamespace(now=now)
        if self.has_state_file:
            self.states.append(self.state)
            self.state = committing._confirmed(self.state, [committing.Commit(settlement, account)])
        run.committed_at = next(self.events)
        if item.version:
            for previous in settlement.previous_since:
                self.replaced.setdefault(previous, self.time)
        for version in settlement.revoke:
            yield
            self.check_right_to_revoke(run, version.id)
            self.tokens.pop(version.id, None)
        if self.has_state_file and settlement.revoke:
            yield
            self.state = self.state.dropped("ci", [version.id for version in settlement.revoke], utc_text(now))
        self.end(run, is_successful=True)

    def lock(self, run: Run) -> Iterator[None]:
        """Wait for the lock of the files, and hold it; without files there is none."""
        while (self.has_state_file or self.has_vault_file) and any(
            other.locks for other in self.under_way if other != run
        ):
            yield
        run.locks = True

    def end(self, run: Run, *, is_successful: bool) -> None:
        run.is_open, run.locks, run.is_successful = False, False, is_successful

    def check_right_to_revoke(self, run: Run, token_id: str) -> None:
        token = self.tokens.get(token_id)
        if token is None:
            return
        assert token.name not in UNMANAGED, "an unmanaged token is revoked"
        assert token_id != run.version, "promise 1: its own version is revoked"
        # Between the list of its commit and this call, a later run may have replaced what this one delivered.
        later = [other.version for other in self.runs if other.committed_at and other.decided_at > run.decided_at]
        current = self.state.of("ci").current
        newer = run.version or (current.id if current else None)
        assert {newer, *later} & set(self.tokens), "promise 1: revoked without a newer one that is active"
        if run.version:
            assert run.confirmed == set(self.consumers), "promise 1: revoked, and somebody has not confirmed"
        since = self.replaced.get(token_id)
        if self.grace:
            assert since is not None, "promise 3: revoked what was not previous"
            assert self.time - since >= self.grace - SKEW, "promise 3: revoked before the grace period was over"
        for other in self.runs:
            if other.version == token_id and self.counts_as_delivered(other):
                assert (other.committed_at or 0) < run.decided_at, "promise 5: revoked what was delivered meanwhile"

    def counts_as_delivered(self, run: Run) -> bool:
        """Where clocks differ, a run may resume the older one of two versions; its consumers then get the other one in the end."""
        is_resumed = run.plan is not None and run.plan.resumed is not None
        return run.is_successful and run.version is not None and not (is_resumed and self.clocks_differ)

    # What the runs do

    @property
    def under_way(self) -> list[Run]:
        return [run for run in self.runs if run.is_open]

    def start(self, host: str, clocks: tuple[bool, bool, bool], force: bool, data: st.DataObject) -> Run:
        run = Run(Process(host=host, pid=len(self.runs), started=1, boot_id=host))
        for other in self.under_way:
            other.beside.append(run)
            run.beside.append(other)
        self.runs.append(run)
        run.stages = self.stages(run, clocks, force, data)
        self.go_on(run)
        return run

    def go_on(self, run: Run) -> None:
        if run.is_open and run.stages is not None and next(run.stages, run) is run:
            assert not run.is_open
            run.is_telling = True

    @precondition(lambda self: len(self.under_way) < 3)
    @rule(
        data=st.data(),
        host=st.sampled_from(["east", "west"]),
        clocks=st.tuples(st.booleans(), st.booleans(), st.booleans()),
        force=st.sampled_from([False, False, True]),
        calls=CALLS,
    )
    def one_starts(
        self, data: st.DataObject, host: str, clocks: tuple[bool, bool, bool], force: bool, calls: int
    ) -> None:
        run = self.start(host, clocks, force, data)
        for _call in range(calls):
            self.go_on(run)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 2), calls=CALLS)
    def one_goes_on(self, which: int, calls: int) -> None:
        run = self.under_way[which % len(self.under_way)]
        for _call in range(calls):
            self.go_on(run)

    @precondition(lambda self: self.under_way)
    @rule(which=st.integers(0, 2), calls=CALLS, is_killed=st.sampled_from([False, True]))
    def one_goes_on_and_may_be_killed(self, which: int, calls: int, is_killed: bool) -> None:
        run = self.under_way[which % len(self.under_way)]
        for _call in range(calls):
            self.go_on(run)
        if is_killed and run.is_open:
            self.end(run, is_successful=False)

    @precondition(lambda self: not self.under_way)
    @rule(
        data=st.data(),
        clocks=st.tuples(*[st.tuples(st.booleans(), st.booleans(), st.booleans())] * 2),
        calls=st.integers(2, 9),
        minutes=st.sampled_from([1, 14, 16, 40]),
        force=st.booleans(),
    )
    def one_is_overtaken(
        self, data: st.DataObject, clocks: tuple[Any, Any], calls: int, minutes: int, force: bool
    ) -> None:
        """A slow run, and a second one from its beginning to its end meanwhile."""
        slow = self.start("west", clocks[0], True, data)
        for _call in range(calls):
            self.go_on(slow)
        self.time += datetime.timedelta(minutes=minutes)
        quick = self.start("east", clocks[1], force, data)
        for _call in range(MANY):
            self.go_on(quick)
        for _call in range(MANY):
            self.go_on(slow)

    @precondition(lambda self: any(run.is_telling for run in self.runs))
    @rule()
    def notices_come_through(self) -> None:
        for run in self.runs:
            run.is_telling = False

    # What else happens

    @rule(minutes=st.sampled_from([1, 5, 14, 16, 16, 60, 23 * 60, 25 * 60, 40 * 24 * 60, 91 * 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.time += datetime.timedelta(minutes=minutes)

    @precondition(lambda self: self.consumers)
    @rule(which=st.integers(0, 2))
    def a_consumer_goes_down_or_all_are_mended(self, which: int) -> None:
        self.down = set() if self.down else {self.consumers[which % len(self.consumers)]}

    @precondition(lambda self: any(self.is_destination(consumer) for consumer in self.held))
    @rule(which=st.integers(0, 2), is_alive=st.booleans())
    def somebody_writes_into_a_destination(self, which: int, is_alive: bool) -> None:
        """An older value, or one of another token. What such a destination holds is for whoever wrote it to answer for."""
        places = [consumer for consumer in self.held if self.is_destination(consumer)]
        values = list(self.tokens) if is_alive else ["somebody else's"]
        self.held[places[which % len(places)]] = (values[which % len(values)], SOMEBODY)

    @rule(nonce=st.one_of(st.none(), st.integers(0, 0xFFFF)))
    def somebody_makes_one_by_hand(self, nonce: int | None) -> None:
        long_ago = self.time - datetime.timedelta(days=200)
        name = "ci" if nonce is None else version_name("ci", long_ago, f"{nonce:04x}")
        if self.count() < MAX_VERSIONS - 1 and all(token.name != name for token in self.tokens.values()):
            self.create(name, self.time)

    @rule(data=st.data(), which=st.sampled_from(["state file", "vault file"]))
    def a_file_is_lost_or_restored(self, data: st.DataObject, which: str) -> None:
        """The state file while no run is under way, the vault file at any time."""
        if which == "state file" and self.has_state_file and not self.under_way:
            self.state = data.draw(st.sampled_from([State(), *self.states]))
        if which == "vault file" and self.has_vault_file:
            self.stored, self.writer = data.draw(st.sampled_from(self.stores)), None

    @precondition(lambda self: self.consumers and not self.under_way and not self.had_ten_days)
    @rule(data=st.data(), which=st.integers(0, 2), clocks=st.tuples(st.booleans(), st.booleans(), st.booleans()))
    def a_consumer_is_down_for_ten_days(self, data: st.DataObject, which: int, clocks: tuple[bool, bool, bool]) -> None:
        """Promise 7: that costs two versions, the one in use and the one that waits."""
        consumer = self.consumers[which % len(self.consumers)]
        if not self.has_vault_file and not set(self.readable) - {consumer}:
            return  # the value could not be had
        self.had_ten_days = True
        down, self.down = self.down, self.down | {consumer}
        before = set(self.tokens)
        for _day in range(10):
            self.time += datetime.timedelta(days=1)
            self.run_to_its_end(data, clocks)
        assert len(set(self.tokens) - before) <= 1, "promise 7: a version a day"
        self.down = down

    def run_to_its_end(self, data: st.DataObject, clocks: tuple[bool, bool, bool], *, force: bool = False) -> Run:
        run = self.start("east", clocks, force, data)
        while run.is_open:
            self.go_on(run)
        run.is_telling = False
        return run

    # The promises

    @invariant()
    def what_the_consumers_hold_works(self) -> None:
        """Promises 1, 2 and 5. What an overlapped run that did not succeed delivered is excused, and only that."""
        for token_id, run in self.held.values():
            excused = run is not None and run.beside and not run.is_successful
            assert token_id in self.tokens or excused

    @invariant()
    def what_the_vault_file_holds_works(self) -> None:
        """Promises 1, 2 and 5, unless somebody restored a file."""
        if self.writer is not None and not (self.writer.beside and not self.writer.is_successful):
            assert self.stored in self.tokens

    @invariant()
    def what_a_successful_run_delivered_works_until_a_later_one_replaces_it(self) -> None:
        for run in self.runs:
            if self.counts_as_delivered(run) and run.version not in self.tokens:
                assert any(
                    other.decided_at > (run.committed_at or 0) and other.committed_at is not None for other in self.runs
                ), "promise 5"

    @invariant()
    def unmanaged_tokens_are_active(self) -> None:
        assert {token.name for token in self.tokens.values()} >= set(UNMANAGED)

    @invariant()
    def count_steps(self) -> None:
        global steps_taken  # noqa: PLW0603
        steps_taken += 1

    def teardown(self) -> None:
        """Promises 2 and 6: the next run that succeeds leaves one version, and the one after it does nothing."""
        if not hasattr(self, "deliver"):
            return
        for run in self.under_way:
            self.end(run, is_successful=False)
        self.down = set()
        self.time += PENDING + SKEW + datetime.timedelta(days=1)
        self.revoke_what_nobody_uses()
        on_time = (False, False, False)
        careful: Any = types.SimpleNamespace(draw=lambda strategy: False if strategy is FAILS else "value")
        is_told = any(
            token_id not in self.tokens for token_id, _run in self.held.values()
        )  # by an overlapped run, which failed
        run = self.run_to_its_end(careful, on_time, force=is_told)
        if run.plan and run.plan.refusal:  # a version that two runs found unconfirmed: somebody decides
            run = self.run_to_its_end(careful, on_time, force=True)
        assert run.is_successful
        self.time += self.grace + SKEW
        assert self.run_to_its_end(careful, on_time).is_successful
        assert self.count() == 1, "promise 2"
        last = self.run_to_its_end(careful, on_time)
        assert last.plan is not None
        assert last.plan.action == NONE, "promise 6"
        assert all(token_id in self.tokens for token_id, _run in self.held.values())
        assert not self.has_vault_file or self.stored in self.tokens, "promise 9"

    def revoke_what_nobody_uses(self) -> None:
        """Where the role refuses to let versions pile up, it prints how; what the last run delivered stays."""
        last = [run.version for run in self.runs if run.is_successful and run.version][-1:]
        in_use = {token_id for token_id, _run in self.held.values()} | {self.stored, *last}
        if self.count() >= MAX_VERSIONS:
            for version in self.versions(self.time):
                if version.id not in in_use:
                    self.tokens.pop(version.id)


@pytest.mark.promise(1, 2, 3, 5, 6, 7, 9)
def test_the_promises_hold_whatever_happens(request: pytest.FixtureRequest, tell: Callable[[str], None]) -> None:
    global steps_taken  # noqa: PLW0603
    full = request.config.getoption("--full")
    steps_taken = 0
    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=2_000 if full else 150,
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
