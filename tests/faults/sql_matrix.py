# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix of SQL tokens: look up, list, mint, probe and invalidate, under every fault.

A SQL token can be neither listed nor taken back. So what counts is how many may be there that nobody has, that each of them
is told, and that no probe calls a token dead because of a fault.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import DataPlane
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name, SqlTokens
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import Wanted
from ansible_collections.community.turso.plugins.module_utils._sql_token.renew import renew
from tests.faults.matrix import (
    FAULTS,
    HARMLESS,
    KINDS,
    LIMITED,
    PASSING,
    QUOTA_SECONDS,
    QUOTAS,
    REFUSED,
    RETRIES,
    TIMEOUT_SECONDS,
    TIMES,
    TRIES,
    WHENS,
    small_answers,
)
from tests.simulator import Simulator

SHOP, GROUP = Name("acme", "database", "shop"), Name("acme", "group", "default")
NAMES = ("shop", "more")  # of the group's databases, each of which is a page of the list
MINTS = 3  # of one token, where answers are lost

LOOK_UP, OF_GROUP, LIST, MINT, ENDLESS, PROBE, INVALIDATE = CALLS = (
    "look up",
    "look up a group",
    "list",
    "mint",
    "mint for ever",
    "probe",
    "invalidate",
)
ON = {
    LOOK_UP: "database",
    OF_GROUP: "group",
    LIST: "databases",
    MINT: "mint",
    ENDLESS: "mint",
    PROBE: "pipeline",
    INVALIDATE: "invalidate",
}


@dataclass
class Cell:
    """One run, and what came of it: kind is that of the error, ok, or the result of a probe."""

    call: str
    fault: str
    when: str
    times: str
    kind: str = "ok"
    msg: str = ""
    told: str = ""  # the warnings, and the message of a failure
    secret: str | None = field(default=None, repr=False)
    minted: int = 0
    writes: int = 0
    struck: int = 0
    lives: bool = True  # a token that was there before
    secret_works: bool = False
    leaked: bool = False
    listed: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.call}-{self.fault}-{self.when}-{self.times}"


def cells() -> Iterator[Cell]:
    for call, fault, when, times in itertools.product(CALLS, FAULTS, WHENS, TIMES):
        if fault in ("stale list", "list goes on"):
            continue  # of API tokens
        if fault == "idle" and (when == "after" or call not in (MINT, ENDLESS)):
            continue  # it strikes what goes out on a connection that was used
        if fault == "429 for a day" and when == "after":
            continue  # whoever is told to stay away has done nothing
        if fault == "quota" and (when == "after" or times == "once"):
            continue  # it lets the first through, and is a limit to what is done
        yield Cell(call, fault, when, times)


@small_answers()
def play(cell: Cell) -> Cell:
    """Run one cell on a server of its own. The client waits for nothing but a real rate limit."""
    with Simulator() as simulator:
        shop, *_others = [simulator.add_database(name) for name in NAMES]
        simulator.behave(databases_in_pages=1)
        there = simulator.given_sql(database="shop", age_days=1)
        longest = QUOTA_SECONDS if cell.fault in QUOTAS else 0.0
        api = Api(
            simulator.url,
            simulator.credential,
            timeout_seconds=TIMEOUT_SECONDS if cell.fault in ("hang", "delay") else 30,
            retries=RETRIES,
            sleep=lambda seconds: time.sleep(min(seconds, longest)),
        )
        tokens = SqlTokens(api, lambda _secret: None)
        on = "*" if cell.fault == "quota" else ON[cell.call]
        skip = 1 if cell.call == LIST and cell.fault not in QUOTAS else 0  # the first page comes whole
        rule = simulator.faults.add(on, FAULTS[cell.fault](), when=cell.when, skip=skip, times=TIMES[cell.times])
        if cell.fault == "quota":
            tokens.group(GROUP)  # uses it up
        run: dict[str, Callable[[], None]] = {
            LOOK_UP: lambda: asked(cell, lambda: tokens.database(SHOP)),
            OF_GROUP: lambda: asked(cell, lambda: tokens.group(GROUP)),
            LIST: lambda: asked(cell, lambda: listed(cell, tokens)),
            MINT: lambda: renewed(cell, tokens, "90d"),
            ENDLESS: lambda: renewed(cell, tokens, "never"),
            PROBE: lambda: probed(cell, DataPlane(api), shop.hostname, there.secret),
            INVALIDATE: lambda: asked(cell, lambda: tokens.invalidate(SHOP)),
        }
        run[cell.call]()
        simulator.faults.clear()
        cell.struck = rule.struck
        cell.minted, cell.writes = len(simulator.minted) - 1, len(simulator.writes)
        cell.lives = simulator.lets_in(there.secret, "shop")
        cell.secret_works = cell.secret is not None and simulator.lets_in(cell.secret, "shop")
        cell.leaked = any(secret in cell.told for secret in simulator.canaries)
    return cell


def asked(cell: Cell, call: Callable[[], object]) -> None:
    try:
        call()
    except TursoError as exc:
        cell.kind, cell.told = exc.kind, f"{exc.msg} {exc.as_result()}"


def listed(cell: Cell, tokens: SqlTokens) -> None:
    found = tokens.databases("acme", group="default")
    assert found.is_whole
    cell.listed = tuple(found.of_name)


def renewed(cell: Cell, tokens: SqlTokens, expires_in: str) -> None:
    options = {"organization": "acme", "database": "shop", "expires_in": expires_in, "validate": False}
    (outcome,) = renew(tokens, [Wanted.from_params(options)], check_mode=False)
    cell.kind = outcome.error.kind if outcome.error else "ok"
    cell.secret = outcome.secret
    cell.told = f"{outcome.error.as_result() if outcome.error else ''} {outcome.warnings} {outcome!r}"


def probed(cell: Cell, plane: DataPlane, hostname: str, secret: str) -> None:
    found = plane.probe(hostname, secret)
    cell.kind, cell.told = found.result, f"{found!r}"


def expected(cell: Cell) -> tuple[str, int, int]:
    """Return the kind, the number of tokens minted and of writes that the contract asks for."""
    passes = cell.fault in HARMLESS or (cell.times == "once" and cell.fault in LIMITED | PASSING)
    if cell.call == PROBE:
        return "accepted" if passes else "unknown", 0, 0
    if cell.call in (MINT, ENDLESS):
        return _expected_of_mint(cell)
    is_written = cell.call == INVALIDATE
    # The answer to an invalidation is empty: that is what a success looks like, and there is nothing to cut off.
    is_whole = is_written and (cell.fault == "empty body" or (cell.fault == "cut off" and cell.when == "after"))
    passes = passes or is_whole
    tries = 1
    if cell.fault in LIMITED | PASSING and not is_whole:
        tries = 2 if cell.times == "once" else TRIES
    return "ok" if passes else KINDS[cell.fault], 0, (cell.writes if cell.fault in HARMLESS else tries) * is_written


def _expected_of_mint(cell: Cell) -> tuple[str, int, int]:
    has_effect = cell.when == "after"
    if cell.fault in HARMLESS:
        return "ok", 1, cell.writes  # as often as it took
    if cell.fault in REFUSED | {"redirect"}:
        return KINDS[cell.fault], int(has_effect), 1
    if cell.fault in LIMITED:
        # Whoever is told to wait has done nothing, as far as can be known.
        writes = 2 if cell.times == "once" else TRIES
        ended = cell.times == "once"
        return "ok" if ended else KINDS[cell.fault], writes * has_effect or int(ended), writes
    if cell.call == ENDLESS:  # what may be there never ends, so there must not be two
        return "outcome_unknown", int(has_effect), 1
    if cell.times == "once":
        return "ok", 1 + has_effect, 2
    return "outcome_unknown", MINTS * has_effect, MINTS


def problems(cell: Cell) -> list[str]:
    """Return what is not as it has to be."""
    seen = (cell.kind, cell.minted, cell.writes)
    wrong = [] if seen == expected(cell) else [f"{seen} instead of {expected(cell)}"]
    return wrong + broken_promises(cell)


def broken_promises(cell: Cell) -> list[str]:
    """Return what went wrong that never may, whatever the fault."""
    mints = cell.call in (MINT, ENDLESS)
    failed = cell.kind not in ("ok", "accepted")
    lost = cell.minted - (cell.kind == "ok")
    is_untold = "nobody has" not in cell.told
    may_know = cell.fault not in REFUSED | LIMITED | {"redirect"}  # these say that nothing was done
    killed = cell.call == INVALIDATE and (cell.when == "after" or (cell.kind == "ok" and cell.fault != "empty body"))
    never = {
        "the fault did not strike": cell.struck == 0,
        "a secret is shown": cell.leaked,
        "a token is said to be dead": cell.kind == "dead",
        "the secret is lost": mints and not failed and not cell.secret_works,
        "a part is taken for the whole list": cell.call == LIST and not failed and cell.listed != NAMES,
        "a failure has a secret": failed and cell.secret is not None,
        "a token is there that nobody is told of": mints and lost > 0 and is_untold and may_know,
        "there are two without an end": cell.call == ENDLESS and cell.minted > 1 and may_know,
        "what was there is dead, or is not": cell.lives is killed,
    }
    return [what for what, happened in never.items() if happened]
