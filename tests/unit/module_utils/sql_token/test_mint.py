# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A SQL token cannot be taken back, so minting one is careful: permissions are tried first, and lost answers are told."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.claims import claims_of
from ansible_collections.community.turso.plugins.module_utils._api.grants import Grants
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name, SqlTokens, Target
from ansible_collections.community.turso.plugins.module_utils._errors import (
    Forbidden,
    OutcomeUnknown,
    Refused,
    UnexpectedResponse,
)
from ansible_collections.community.turso.plugins.module_utils._sql_token.mint import Minted, Trials, mint
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import Wanted
from tests.simulator import Simulator, faults
from tests.simulator.sql import Database, signed

SHOP = Name("acme", "database", "shop")
WANT = Wanted(SHOP)
NEVER = Wanted(SHOP, expiration="never", expires_in=None, renew_before=0)
READ = Wanted(SHOP, authorization="read-only", permissions=Grants.of([(None, "data_read")]))


@pytest.fixture
def now(simulator: Simulator) -> datetime.datetime:
    return simulator.clock.now()


@pytest.fixture
def target(shop: Database) -> Target:
    return Target(SHOP, shop.id, (shop.hostname,))


def test_a_token_is_minted_as_asked_for(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime
) -> None:
    minted = mint(sql, WANT, target, Trials(), now)
    (made,) = simulator.minted
    assert minted == Minted(made.secret, claims_of(made.secret))
    assert minted.claims.expires_at is not None
    assert minted.claims.issued_at is not None
    assert minted.claims.expires_at - minted.claims.issued_at == datetime.timedelta(days=90)
    assert made.secret not in repr(minted)


def test_permissions_are_tried_with_a_token_of_a_minute_and_once_in_a_run(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime
) -> None:
    trials = Trials()
    for _time in range(2):
        mint(sql, READ, target, trials, now)
    assert [request.query["expiration"] for request in simulator.requests] == ["1m", "90d", "90d"]
    bodies = [request.body for request in simulator.requests]
    assert bodies == [{"fine_grained_permissions": [{"t": None, "a": ["data_read"]}]}] * 3
    others = dataclasses.replace(READ, permissions=Grants.of([("x", "data_read")]))
    mint(sql, others, target, trials, now)
    assert [request.query["expiration"] for request in simulator.requests[3:]] == ["1m", "90d"]


def test_permissions_that_the_api_passes_over_cost_a_token_of_a_minute(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime
) -> None:
    simulator.behave(ignores_permissions=True)
    trials = Trials()
    for _time in range(2):
        with pytest.raises(UnexpectedResponse) as caught:
            mint(sql, READ, target, trials, now)
        assert "permissions are (none), expected [*: data_read]" in caught.value.msg
        assert "Only a token that ends in a minute was minted" in caught.value.msg
    assert [request.query["expiration"] for request in simulator.requests] == ["1m"]


def test_permissions_that_are_passed_over_later_are_seen_in_what_was_minted(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime
) -> None:
    trials = Trials()
    mint(sql, READ, target, trials, now)
    simulator.behave(ignores_permissions=True)
    with pytest.raises(UnexpectedResponse) as caught:
        mint(sql, READ, target, trials, now)
    assert "It is not returned. It ends by itself 20" in caught.value.msg


def test_a_trial_that_is_refused_is_told(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime
) -> None:
    simulator.faults.add("mint", faults.Status(403))
    with pytest.raises(Forbidden):
        mint(sql, READ, target, Trials(), now)
    assert simulator.minted == []


LOST: dict[str, tuple[faults.Fault, str]] = {
    "a reset": (faults.Reset(), "after"),
    "500": (faults.Status(500), "after"),
    "half an answer": (faults.Truncate(), "after"),
    "a page": (faults.garbage(), "after"),
    "no token": (faults.garbage({}), "after"),
}


@pytest.mark.parametrize(("fault", "when"), LOST.values(), ids=LOST)
def test_a_lost_answer_is_followed_by_another_mint(
    simulator: Simulator,
    sql: SqlTokens,
    target: Target,
    now: datetime.datetime,
    waits: list[float],
    fault: faults.Fault,
    when: str,
) -> None:
    simulator.faults.add("mint", fault, when=when)
    minted = mint(sql, WANT, target, Trials(), now)
    assert len(simulator.minted) == 2
    assert simulator.lets_in(minted.secret, "shop")
    (warning,) = minted.warnings
    assert warning.startswith("An answer was lost while the SQL token of the database 'shop' was minted")
    assert f"ends by itself {minted.claims.expires_at:%Y-%m-%dT%H:%M}" in warning
    assert waits == [1.0]


def test_answers_that_go_on_being_lost_are_told(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime, waits: list[float]
) -> None:
    simulator.faults.add("mint", faults.Reset(), when="after", times=None)
    with pytest.raises(OutcomeUnknown) as caught:
        mint(sql, WANT, target, Trials(), now)
    assert "3 answers were lost, so a token may exist whose value nobody has." in caught.value.msg
    assert "ends by itself 90d after it was minted" in caught.value.msg
    assert "The current token was not changed." in caught.value.msg
    assert (len(simulator.minted), caught.value.attempts) == (3, 3)
    assert waits == [1.0, 2.0]


# what is minted, the answers that are lost without an end of the connection, the connections that mints go over
CONNECTIONS: dict[str, tuple[Wanted, int, int]] = {
    "the one that was used before": (WANT, 0, 1),
    "a fresh one after a lost answer": (WANT, 1, 2),
    "a fresh one for what never ends": (NEVER, 0, 2),
}


@pytest.mark.parametrize(("want", "lost", "connections"), CONNECTIONS.values(), ids=CONNECTIONS)
def test_a_mint_goes_over(
    simulator: Simulator,
    sql: SqlTokens,
    target: Target,
    now: datetime.datetime,
    want: Wanted,
    lost: int,
    connections: int,
) -> None:
    sql.database(SHOP)
    simulator.faults.add("mint", faults.Status(500), when="after", times=lost)
    mint(sql, want, target, Trials(), now)
    assert simulator.connections == connections


def test_two_lost_answers_are_counted(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime
) -> None:
    simulator.faults.add("mint", faults.Reset(), when="after", times=2)
    assert mint(sql, WANT, target, Trials(), now).warnings[0].startswith("2 answers were lost")


def test_a_refusal_after_a_lost_answer_tells_of_both(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime
) -> None:
    simulator.faults.add("mint", faults.Reset(), when="after")
    simulator.faults.add("mint", faults.Status(403), skip=1)
    with pytest.raises(Forbidden) as caught:
        mint(sql, WANT, target, Trials(), now)
    assert "db:mint-token" in caught.value.msg
    assert "An answer was lost" in caught.value.msg
    assert "Nothing was changed" not in caught.value.msg


def test_a_token_that_never_ends_is_not_minted_again(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime
) -> None:
    simulator.faults.add("mint", faults.Reset(), when="after")
    with pytest.raises(OutcomeUnknown) as caught:
        mint(sql, NEVER, target, Trials(), now)
    assert "To end it, invalidate every SQL token of the database 'shop'" in caught.value.msg
    assert len(simulator.minted) == 1


def test_a_lost_trial_of_a_token_that_never_ends_is_only_a_minute(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime
) -> None:
    simulator.faults.add("mint", faults.Reset(), when="after")
    want = dataclasses.replace(READ, expiration="never", expires_in=None, renew_before=0)
    minted = mint(sql, want, target, Trials(), now)
    assert minted.claims.never_expires
    assert [request.query["expiration"] for request in simulator.requests] == ["1m", "1m", "never"]


@pytest.mark.usefixtures("shop")
def test_tokens_of_one_second_are_the_same_so_another_second_is_waited_for(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.clock.freeze(now.replace(microsecond=0))
    current = mint(sql, WANT, target, Trials(), now).secret
    want = dataclasses.replace(WANT, current=current)
    with pytest.raises(Refused, match="returned the current token each time"):
        mint(sql, want, target, Trials(), now)
    monkeypatch.setattr(sql.api, "_sleep", lambda seconds: simulator.advance(seconds=seconds))
    assert mint(sql, want, target, Trials(), now).secret != current


def claimed(simulator: Simulator, **changes: Any) -> dict[str, Any]:
    """Return a body with a token of other claims than those asked for; None leaves a claim out."""
    issued = int(simulator.clock.now().timestamp())
    claims = {"a": "rw", "exp": issued + 7776000, "iat": issued, "id": simulator.database("shop").id, "rid": "r"}
    return {"jwt": signed({key: value for key, value in {**claims, **changes}.items() if value is not None})}


OTHERS: dict[str, tuple[dict[str, Any], str]] = {
    "of another database": ({"id": "d-0"}, "a token for d-0, and the database 'shop' is"),
    "of a group": ({"id": None, "gid": "g"}, "a token for something else"),
    "an API token": ({"jti": "x", "exp": None}, "and the database 'shop' is"),
    "that may only read": ({"a": "ro"}, "authorization is read-only, expected full-access"),
    "that never ends": (
        {"exp": None},
        "it never ends, expected an end after 90d. It is not returned. It never ends by itself",
    ),
    "with permissions": (
        {"perm": [{"t": None, "a": ["data_read"]}]},
        "permissions are [*: data_read], expected (none)",
    ),
}


@pytest.mark.parametrize(("changes", "told"), OTHERS.values(), ids=OTHERS)
def test_what_is_not_what_was_asked_for_is_not_returned(
    simulator: Simulator,
    sql: SqlTokens,
    target: Target,
    now: datetime.datetime,
    changes: dict[str, Any],
    told: str,
) -> None:
    simulator.faults.add("mint", faults.garbage(claimed(simulator, **changes)), times=None)
    with pytest.raises(UnexpectedResponse) as caught:
        mint(sql, WANT, target, Trials(), now)
    assert told in caught.value.msg
    assert len(simulator.writes) == 1


def test_a_trial_that_brings_another_databases_token_is_told(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime
) -> None:
    simulator.faults.add("mint", faults.garbage(claimed(simulator, id="d-0")))
    with pytest.raises(UnexpectedResponse) as caught:
        mint(sql, READ, target, Trials(), now)
    assert "Could not mint the SQL token of the database 'shop'" in caught.value.msg
    assert "a token for d-0, and the database 'shop' is" in caught.value.msg
    assert len(simulator.writes) == 1


def test_a_value_that_is_no_token_is_not_returned(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime, seen: list[str]
) -> None:
    simulator.faults.add("mint", faults.garbage({"jwt": "opaque"}))
    with pytest.raises(UnexpectedResponse) as caught:
        mint(sql, WANT, target, Trials(), now)
    assert "opaque" not in caught.value.msg
    assert seen == ["opaque"]


TIMES: dict[str, tuple[dict[str, int | None], list[str]]] = {
    "a minute apart": ({"iat": -60, "exp": -60}, []),
    "more than a minute early": ({"iat": -70, "exp": -70}, ["70 s before the API's own time"]),
    "more than a minute late": ({"iat": 100, "exp": 100}, ["100 s after the API's own time"]),
    "cut": ({"exp": -86400}, ["lasts 7689600 s, expected 90d"]),
    "longer": ({"exp": 1}, ["lasts 7776001 s, expected 90d"]),
    "without a beginning": ({"iat": None}, ["lasts an unknown time"]),
}


@pytest.mark.parametrize(("shifts", "told"), TIMES.values(), ids=TIMES)
def test_odd_times_are_told_and_the_end_that_the_token_claims_counts(
    simulator: Simulator,
    sql: SqlTokens,
    target: Target,
    now: datetime.datetime,
    shifts: dict[str, int | None],
    told: list[str],
) -> None:
    simulator.clock.freeze(now.replace(microsecond=0))
    issued = int(now.timestamp())
    start = {"iat": issued, "exp": issued + 7776000}
    changes = {key: None if shift is None else start[key] + shift for key, shift in shifts.items()}
    simulator.faults.add("mint", faults.garbage(claimed(simulator, **changes)))
    minted = mint(sql, WANT, target, Trials(), now)
    assert len(minted.warnings) == len(told)
    assert all(text in warning for text, warning in zip(told, minted.warnings))
    if told:
        simulator.behave(sends_date=False)
        again = faults.garbage(claimed(simulator, **changes))
        simulator.faults.add("mint", again)
        assert mint(sql, WANT, target, Trials(), now.replace(microsecond=0)).warnings == minted.warnings


def test_an_end_where_none_was_asked_for_is_told(
    simulator: Simulator, sql: SqlTokens, target: Target, now: datetime.datetime
) -> None:
    simulator.behave(longest_expiration=86400)
    (warning,) = mint(sql, NEVER, target, Trials(), now).warnings
    assert "lasts 86400 s, expected never" in warning
