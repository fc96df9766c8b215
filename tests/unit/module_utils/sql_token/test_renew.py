# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many SQL tokens side by side: one look-up, one trial, one connection pool, and a failure that stops no other."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens
from ansible_collections.community.turso.plugins.module_utils._sql_token import renew as room
from ansible_collections.community.turso.plugins.module_utils._sql_token.mint import mint
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import Wanted
from ansible_collections.community.turso.plugins.module_utils._sql_token.renew import renew, withhold
from tests.simulator import Simulator, faults

COUNT = 60


def wanted(simulator: Simulator, count: int, **options: Any) -> list[Wanted]:
    for number in range(count):
        simulator.add_database(f"d{number}")
    names = [f"d{number}" for number in range(count)]
    return [Wanted.from_params({"organization": "acme", "database": name, **options}) for name in names]


@pytest.fixture
def wide(simulator: Simulator, waits: list[float]) -> SqlTokens:
    return SqlTokens(Api(simulator.url, simulator.credential, connections=4), lambda _secret: None)


def test_many_are_renewed_by_one_client(simulator: Simulator, wide: SqlTokens) -> None:
    asked = wanted(simulator, COUNT, permissions=[{"tables": ["*"], "actions": ["data_read"]}])
    done: list[int] = []
    outcomes = renew(wide, asked, check_mode=False, concurrency=4, on_done=lambda: done.append(1))
    assert [outcome.want for outcome in outcomes] == asked
    assert all(
        outcome.changed and outcome.secret and simulator.lets_in(outcome.secret, outcome.want.name.name)
        for outcome in outcomes
    )
    calls = [request.call for request in simulator.requests]
    assert {call: calls.count(call) for call in set(calls)} == {
        "databases": 1,
        "mint": COUNT + 1,
        "pipeline": 2 * COUNT,  # whether anything answers, and each new token
    }
    assert simulator.max_concurrent > 1
    assert len(done) == COUNT


def test_a_failure_stops_no_other(simulator: Simulator, wide: SqlTokens) -> None:
    asked = wanted(simulator, 3)
    missing = Wanted.from_params({"organization": "acme", "database": "nowhere"})
    simulator.faults.add("POST */d1/auth/tokens", faults.Status(403), times=None)
    outcomes = renew(wide, [missing, *asked], check_mode=False, concurrency=2)
    kinds = [outcome.error.kind if outcome.error else None for outcome in outcomes]
    assert kinds == ["not_found", None, "forbidden", None]
    assert [bool(outcome.secret) for outcome in outcomes] == [False, True, False, True]


def test_a_trial_of_permissions_that_fails_for_another_reason_stops_no_other(
    simulator: Simulator, wide: SqlTokens
) -> None:
    asked = wanted(simulator, 3, permissions=[{"tables": ["*"], "actions": ["data_read"]}])
    simulator.faults.add("POST */d0/auth/tokens", faults.Status(403), times=None)
    outcomes = renew(wide, asked, check_mode=False)
    assert [outcome.error.kind if outcome.error else None for outcome in outcomes] == ["forbidden", None, None]
    expirations = [request.query["expiration"] for request in simulator.requests if request.call == "mint"]
    assert expirations == ["1m", "1m", "90d", "90d"]


def test_the_same_failure_is_told_of_each(simulator: Simulator, wide: SqlTokens) -> None:
    simulator.faults.add("database", faults.Status(500), times=None)
    token = simulator.add_database("d") and simulator.given_sql(database="d", expiration="90d", age_days=80).secret
    both = [
        Wanted.from_params({"organization": "acme", "database": "d", "current": current}) for current in ("", token)
    ]
    first, second = renew(wide, both, check_mode=False)
    assert first.error is not second.error
    assert "The current token ends" not in first.as_result()["msg"]
    assert "The current token ends" in second.as_result()["msg"]


def test_a_run_that_is_told_to_stop_mints_no_more(simulator: Simulator, wide: SqlTokens) -> None:
    asked = wanted(simulator, 3)
    reasons = iter([None, "the module was told to stop", "the module was told to stop"])
    outcomes = renew(wide, asked, check_mode=False, stop=lambda: next(reasons))
    assert [bool(outcome.secret) for outcome in outcomes] == [True, False, False]
    assert (
        "was not minted: the module was told to stop. The current token was not changed."
        in outcomes[2].as_result()["msg"]
    )
    assert len(simulator.minted) == 1


def test_what_nobody_gets_is_told_with_its_end(simulator: Simulator, wide: SqlTokens) -> None:
    ending, endless, kept = renew(
        wide,
        [
            *wanted(simulator, 1),
            Wanted.from_params({"organization": "acme", "group": "default", "expires_in": "never"}),
            Wanted.from_params(
                {
                    "organization": "acme",
                    "database": "d0",
                    "current": simulator.given_sql(database="d0", expiration="90d").secret,
                }
            ),
        ],
        check_mode=False,
    )
    withhold([ending, endless, kept], "nobody reads the module's output any more")
    assert (ending.secret, endless.secret, kept.error) == (None, None, None)
    assert (ending.changed, endless.changed) == (True, True)
    told = ending.as_result()["msg"]
    assert "nobody reads the module's output any more. The token cannot be revoked" in told
    assert "It ends by itself 20" in told
    assert "To end it, invalidate every SQL token of the group 'default'" in endless.as_result()["msg"]


def test_a_bug_that_one_meets_costs_no_other_its_secret(
    simulator: Simulator, wide: SqlTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = wanted(simulator, 2)

    def buggy(tokens: Any, want: Wanted, *rest: Any) -> Any:
        if want.name.name == "d0":
            raise RuntimeError("a bug")
        return mint(tokens, want, *rest)

    monkeypatch.setattr(room, "mint", buggy)
    first, second = renew(wide, asked, check_mode=False)
    assert "Internal error with the SQL token of the database 'd0': RuntimeError" in first.as_result()["msg"]
    assert second.secret


def test_many_that_are_kept_cost_one_list_and_a_question_each(simulator: Simulator, wide: SqlTokens) -> None:
    asked = wanted(simulator, 25)
    held = [
        Wanted.from_params(
            {
                "organization": "acme",
                "database": want.name.name,
                "current": simulator.given_sql(database=want.name.name, expiration="90d").secret,
            }
        )
        for want in asked
    ]
    outcomes = renew(wide, held, check_mode=False, concurrency=4)
    assert not any(outcome.changed for outcome in outcomes)
    assert simulator.writes == []
    assert len(simulator.requests) == 1 + 25
