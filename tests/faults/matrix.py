# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix: a call, a fault, when and how often it strikes; and what came of it, as the server knows it.

A cell is one run of the client against a server of its own. What is to come of it is said by `expected`, from the
contract's words alone; what may never come of any is said by `broken_promises`.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from ansible_collections.community.turso.plugins.module_utils._api import answers, wire
from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._token.apply import apply
from ansible_collections.community.turso.plugins.module_utils._token.create import create
from ansible_collections.community.turso.plugins.module_utils._token.decide import Wanted
from ansible_collections.community.turso.plugins.module_utils._token.outcome import Outcome
from ansible_collections.community.turso.plugins.module_utils._token.refusals import tell_of_refusals
from tests.simulator import Simulator, faults

TIMEOUT_SECONDS = 0.4  # where that is what the fault is about
QUOTA_SECONDS = 0.1
RETRIES = 2
TRIES = RETRIES + 1
NAME = "ci"
BOUND = 2**20  # of an answer, in bytes: gigabytes would come together by the real one

FAULTS: dict[str, Callable[[], faults.Fault]] = {
    "400": lambda: faults.Status(400),
    "401": lambda: faults.Status(401),
    "402": lambda: faults.Status(402),
    "403": lambda: faults.Status(403),
    "404": lambda: faults.Status(404),
    "408": lambda: faults.Status(408),
    "409": lambda: faults.Status(409),
    "410": lambda: faults.Status(410),
    "422": lambda: faults.Status(422),
    "429": faults.rate_limited,
    "429 Retry-After": lambda: faults.rate_limited(1),
    "429 for a day": lambda: faults.rate_limited(86400),
    "500": lambda: faults.Status(500),
    "502": lambda: faults.Status(502),
    "503": lambda: faults.Status(503),
    "503 Retry-After": lambda: faults.Status(503, headers={"Retry-After": "1"}),
    "504": lambda: faults.Status(504),
    "redirect": lambda: faults.redirect("/v1/elsewhere"),
    "HTML": faults.garbage,
    "empty body": lambda: faults.garbage(b""),
    "no UTF-8": lambda: faults.garbage(b"\xff\xfe"),
    "wrong types": lambda: faults.garbage({"tokens": None, "token": None, "exp": "x"}),
    "error in 200": lambda: faults.garbage({"error": "maintenance"}),
    "huge body": lambda: faults.Huge(BOUND * 2),
    "endless body": lambda: faults.Huge(BOUND * 2, announced=False),
    "cut off": faults.Truncate,
    "reset": faults.Reset,
    "closed": faults.Close,
    "idle": faults.Idle,
    "hang": faults.Hang,
    "delay": lambda: faults.Delay(TIMEOUT_SECONDS * 2),
    "stale list": faults.Stale,
    "list goes on": lambda: faults.garbage({"tokens": [], "pagination": {"next": "2"}}),
    "quota": lambda: faults.Quota(requests=1, seconds=QUOTA_SECONDS),
    "quota, untold": lambda: faults.Quota(requests=1, seconds=QUOTA_SECONDS, tells=False),
}
TIMES = {"once": 1, "for ever": None}
WHENS = ("before", "after")

REFUSED = {"400", "401", "402", "403", "404", "409", "410", "422", "429 for a day"}
MAY_MEAN_TAKEN = {"400", "422"}  # and 409, which always does
MAY_MEAN_UNKNOWN = {"400", "404", "410", "422"}
LIMITED = {"429", "429 Retry-After", "503 Retry-After"}
PASSING = {"408", "500", "502", "503", "504", "cut off", "reset", "closed", "hang", "delay"}
UNREADABLE = {
    "redirect",
    "HTML",
    "empty body",
    "no UTF-8",
    "wrong types",
    "error in 200",
    "huge body",
    "endless body",
    "list goes on",
}
QUOTAS = {"quota", "quota, untold"}
HARMLESS = {"stale list", "idle", *QUOTAS}
KINDS = {
    "400": "invalid_request",
    "401": "unauthorized",
    "402": "api_error",
    "403": "forbidden",
    "404": "not_found",
    "409": "conflict",
    **dict.fromkeys(("410", "422"), "invalid_request"),
    **dict.fromkeys(("429", "429 Retry-After", "429 for a day"), "rate_limited"),
    **dict.fromkeys(("408", "500", "502", "503", "503 Retry-After", "504"), "api_error"),
    **dict.fromkeys(("cut off", "reset", "closed", "hang", "delay"), "unreachable"),
    **dict.fromkeys(UNREADABLE, "unexpected_response"),
}


@dataclass(frozen=True)
class Call:
    """One of the API's calls, as the client comes to make it."""

    name: str
    on: str
    run: Callable[[Tokens], Outcome]


@dataclass
class Cell:
    """One run, and what came of it."""

    call: str
    fault: str
    when: str
    times: str
    kind: str = "ok"
    status: int | None = None
    msg: str = ""
    attempts: int = 0
    secret: str | None = field(default=None, repr=False)
    alive: list[str] = field(default_factory=list)  # tokens of the name in question
    ids: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    struck: int = 0
    secret_works: bool = False
    bystander_lives: bool = True
    leaked: bool = False

    @property
    def id(self) -> str:
        return f"{self.call}-{self.fault}-{self.when}-{self.times}"


def _applied(**params: Any) -> Callable[[Tokens], Outcome]:
    def run(tokens: Tokens) -> Outcome:
        return apply(tokens, [Wanted.from_params(params)], check_mode=False)[0][0]

    return run


def _generation(tokens: Tokens) -> Outcome:
    """Issue under a name with a nonce of ours, as the role does."""
    nonces = itertools.count(1)
    outcome = Outcome(Wanted.from_params({"name": NAME, "organization": "acme"}))
    try:
        issued = create(tokens, outcome.wanted, new_name=lambda: f"{NAME}-{next(nonces)}")
        outcome.after, outcome.secret, outcome.changed = issued.token, issued.secret, True
    except TursoError as exc:
        outcome.error = exc
    tell_of_refusals(tokens, [outcome], are_ours=True)
    return outcome


def _asked(call: Callable[[Tokens], object]) -> Callable[[Tokens], Outcome]:
    def run(tokens: Tokens) -> Outcome:
        outcome = Outcome(Wanted.from_params({"name": NAME}))
        try:
            call(tokens)
        except TursoError as exc:
            outcome.error = exc
        return outcome

    return run


def _validated(tokens: Tokens) -> None:
    validation = tokens.validate()
    if validation.refusal is not None:
        raise validation.refusal


def _revoked_by_id(tokens: Tokens) -> Outcome:
    token_id = next(token.id for token in tokens.list_own().tokens if token.name == NAME)
    return _applied(id=token_id, organization="acme", state="absent")(tokens)


CALLS = (
    Call("list", "list", _asked(Tokens.list_own)),
    Call("org list", "org_list", _asked(lambda tokens: tokens.list_organization("acme"))),
    Call("validate", "validate", _asked(_validated)),
    Call("create", "create", _applied(name=NAME, organization="acme")),
    Call("create generation", "create", _generation),
    Call("revoke by name", "revoke", _applied(name=NAME, state="absent")),
    Call("revoke by id", "org_revoke", _revoked_by_id),
)
AFTER_A_LIST = ("create", "revoke by name", "revoke by id")


def cells() -> Iterator[Cell]:
    for call, fault, when, times in itertools.product(CALLS, FAULTS, WHENS, TIMES):
        if fault in ("stale list", "list goes on") and (when == "after" or not call.name.endswith("list")):
            continue  # it strikes lists, and before they are made
        if fault == "idle" and (when == "after" or call.name not in AFTER_A_LIST):
            continue  # it strikes what goes out on a connection that was used
        if fault == "429 for a day" and when == "after":
            continue  # whoever is told to stay away has done nothing
        if fault in QUOTAS and (when == "after" or times == "once"):
            continue  # it lets the first through, and is a limit to what is done
        yield Cell(call.name, fault, when, times)


@contextlib.contextmanager
def small_answers() -> Iterator[None]:
    """Have the client read answers up to BOUND."""
    with mock.patch.object(wire, "MAX_BODY_BYTES", BOUND), mock.patch.object(answers, "MAX_BODY_BYTES", BOUND):
        yield


@small_answers()
def play(cell: Cell) -> Cell:
    """Run one cell on a server of its own. The client waits for nothing but a real rate limit."""
    call = next(one for one in CALLS if one.name == cell.call)
    with Simulator() as simulator:
        bystander = simulator.given(NAME + "-other", organization="acme")
        if call.name.startswith("revoke"):
            simulator.given(NAME, organization="acme", age_days=100)
        longest = QUOTA_SECONDS if cell.fault in QUOTAS else 0.0
        api = Api(
            simulator.url,
            simulator.credential,
            timeout_seconds=TIMEOUT_SECONDS if cell.fault in ("hang", "delay") else 30,
            retries=RETRIES,
            sleep=lambda seconds: time.sleep(min(seconds, longest)),
        )
        on = "*" if cell.fault in QUOTAS else call.on  # the list before a write uses it up
        rule = simulator.faults.add(on, FAULTS[cell.fault](), when=cell.when, times=TIMES[cell.times])
        outcome = call.run(Tokens(api))
        simulator.faults.clear()
        cell.struck = rule.struck
        if outcome.error is not None:
            cell.kind, cell.status, cell.msg = outcome.error.kind, outcome.error.status, outcome.error.msg
            cell.attempts = outcome.error.attempts
        cell.secret = outcome.secret
        mine = [token for token in simulator.tokens if token.name.split("-")[0] == NAME and token is not bystander]
        cell.alive, cell.ids = [token.name for token in mine], [token.id for token in mine]
        cell.writes = [method for method, _path in simulator.writes]
        cell.secret_works = cell.secret is not None and simulator.alive(cell.secret)
        cell.bystander_lives = simulator.alive(bystander.secret) and simulator.alive(simulator.credential)
        shown = cell.msg + repr(outcome) + repr(outcome.error and outcome.error.as_result())
        cell.leaked = any(secret in shown for secret in simulator.canaries)
    return cell


def expected(cell: Cell) -> tuple[str, int, list[str]]:
    """Return the kind, the number of tokens alive afterwards and the writes that the contract asks for."""
    if cell.call.startswith("create"):
        return _expected_of_create(cell)
    if cell.call.startswith("revoke"):
        return _expected_of_revoke(cell)
    passes = cell.fault in HARMLESS or (cell.times == "once" and cell.fault in LIMITED | PASSING)
    return "ok" if passes else KINDS[cell.fault], 0, []


def _expected_of_create(cell: Cell) -> tuple[str, int, list[str]]:
    is_generation = cell.call == "create generation"
    post, delete = "POST", "DELETE"
    has_effect = cell.when == "after"
    if cell.fault in HARMLESS:
        return "ok", 1, [post] * len(cell.writes)  # as often as it took
    if cell.fault in LIMITED and cell.times == "once":
        # Whoever is told to wait has done nothing, so the 409 is about somebody else's token.
        return "conflict" if has_effect else "ok", 1, [post, post]
    if cell.fault in REFUSED | LIMITED | {"redirect"}:
        # A first 409 is about somebody else's token, for all that can be known.
        cleaned = has_effect and is_generation and cell.fault != "409"
        tries = [post] * (TRIES if cell.fault in LIMITED else 1)
        # A refusal of a name that is listed then is one of a taken name.
        kind = "conflict" if cell.fault in MAY_MEAN_TAKEN and has_effect and not is_generation else KINDS[cell.fault]
        return kind, int(has_effect and not cleaned), tries + [delete] * cleaned
    if cell.times == "once":
        return "ok", 1, [post, delete, post] if has_effect else [post, post]
    may_still_come = KINDS[cell.fault] == "unreachable" or cell.fault in ("408", "504")
    kind = "outcome_unknown" if has_effect or may_still_come else KINDS[cell.fault]
    return kind, 0, [post, delete, post, delete] if has_effect else [post, post]


def _expected_of_revoke(cell: Cell) -> tuple[str, int, list[str]]:
    alive = int(cell.when == "before")
    if cell.fault in HARMLESS:
        return "ok", 0, ["DELETE"] * len(cell.writes)
    if cell.fault in REFUSED | UNREADABLE:
        found_out = not alive and cell.fault in UNREADABLE | MAY_MEAN_UNKNOWN
        return "ok" if found_out else KINDS[cell.fault], alive, ["DELETE"]
    asks_first = cell.call == "revoke by name" and cell.fault in PASSING  # before it does it again
    if asks_first:
        return "ok", 0, ["DELETE"] * (1 + alive)  # the second one by its id
    if cell.times == "once":
        return "ok", 0, ["DELETE"] * 2
    known = alive or cell.fault in LIMITED
    return KINDS[cell.fault] if known else "ok", alive, ["DELETE"] * TRIES


def broken_promises(cell: Cell) -> list[str]:
    """Return what went wrong that never may, whatever the fault."""
    failed, creates, revokes = cell.kind != "ok", cell.call.startswith("create"), cell.call.startswith("revoke")
    told = all(token_id in cell.msg for token_id in cell.ids) or cell.kind == "conflict"
    never = {
        "the fault did not strike": cell.struck == 0,
        "a secret is shown": cell.leaked,
        "somebody else's token is gone": not cell.bystander_lives,
        "a token is there twice": len(cell.alive) > 1,
        "the secret is lost": creates and not failed and not (cell.secret_works and len(cell.alive) == 1),
        "a failure has a secret": failed and cell.secret is not None,
        "a token is left behind that nobody is told of": creates and failed and not told,
        "a token that is alive is said to be revoked": revokes and not failed and cell.alive != [],
        "the tries are not counted": failed and not cell.attempts,
    }
    return [what for what, happened in never.items() if happened]
