# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of the role in an emergency for SQL tokens: what is ended, what is remembered of it, and what is proven."""

from __future__ import annotations

import datetime
import json
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Clock, Name, SqlTokens, Target
from ansible_collections.community.turso.plugins.module_utils._errors import Refused, Unreachable
from ansible_collections.community.turso.plugins.module_utils._lifetime import Lifetime
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_invalidation import invalidate_each
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import Place
from ansible_collections.community.turso.plugins.modules import turso_rotation
from tests.conftest import RunModule
from tests.simulator import Simulator, faults
from tests.unit.modules.test_turso_rotation_sql import PLAY

Step = Callable[..., dict[str, Any]]
ASKED = "invalidation_asked_at"
ROTATE = "/v1/organizations/acme/databases/shop/auth/rotate"
APP = {"name": "app", "kind": "sql", "organization": "acme", "database": "shop"}
GROUP_APP = {"name": "group-app", "kind": "sql", "organization": "acme", "group": "production"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


@pytest.fixture(autouse=True)
def _shop(simulator: Simulator) -> None:
    simulator.add_database("shop", group="production")


@pytest.fixture
def order(simulator: Simulator) -> dict[str, Any]:
    shop = simulator.database("shop")
    names = {"organization": "acme", "level": "database", "name": "shop", "group": "production", "databases": []}
    return {**names, "id": shop.id}


@pytest.fixture
def step(run_module: RunModule, path: Path, order: dict[str, Any]) -> Step:
    def run(name: str = "invalidate", *entries: dict[str, Any], **options: Any) -> dict[str, Any]:
        tokens = list(entries or (APP,))
        given = {
            "step": name,
            "tokens": tokens,
            "recipients": {entry["name"]: [PLAY] for entry in tokens},
            "state_file": str(path),
            "invalidations": [order],
            "confirmed": name == "invalidate",
            **options,
        }
        return run_module(turso_rotation, given)

    return run


def invalidated(path: Path, key: str = "invalidated_at") -> dict[str, str | None]:
    tokens = json.loads(path.read_text())["tokens"] if path.exists() else {}
    return {name: token["sql"][key] for name, token in tokens.items()}


def messages(result: dict[str, Any]) -> str:
    return " ".join(outcome["msg"] for outcome in result["outcomes"])


def failed(result: dict[str, Any]) -> list[bool]:
    return [outcome["has_failed"] for outcome in result["outcomes"]]


def test_a_dry_run_says_what_would_end_and_who_gets_a_new_token(simulator: Simulator, path: Path, step: Step) -> None:
    result = step("invalidate", APP, GROUP_APP, confirmed=False)
    assert (result["changed"], simulator.writes, path.exists()) == (False, [], False)
    assert [outcome["msg"] for outcome in result["outcomes"]] == [
        "Every SQL token of the database 'shop' would end, also those in use.",
        "app: gets a new token, delivered and confirmed.",
        "group-app: gets a new token unless the database accepts the old one.",
    ]


def test_what_is_ended_is_remembered_at_once(simulator: Simulator, path: Path, step: Step) -> None:
    result = step()
    assert (result["changed"], failed(result)) == (True, [False])
    assert simulator.writes == [("POST", ROTATE)]
    moment = invalidated(path)["app"]
    assert messages(result) == f"Every SQL token of the database 'shop' that was minted up to {moment} is invalidated."


def test_a_token_of_the_other_level_may_have_ended(path: Path, step: Step) -> None:
    step("invalidate", APP, GROUP_APP)
    assert (invalidated(path)["app"] is None, invalidated(path)["group-app"] is None) == (False, True)
    assert invalidated(path, "maybe_invalidated_at")["group-app"] is not None


@pytest.mark.parametrize(("fault", "is_failure"), [(None, False), (faults.Status(503), True)], ids=["tried", "503"])
def test_what_may_have_ended_is_left_only_where_its_database_accepts_it(
    simulator: Simulator, path: Path, step: Step, fault: Any, is_failure: bool
) -> None:
    held = {"group-app": [simulator.given_sql(group="production", expiration="90d", age_days=3).secret]}
    step("invalidate", APP, GROUP_APP)
    if fault is not None:
        simulator.faults.add("POST /v2/pipeline", fault, times=None)
    report = step("issue", GROUP_APP, checked=["group-app"], held=held)["report"][0]
    assert (report["action"] == "failed", len(simulator.minted)) == (is_failure, 1)  # that one was given
    if is_failure:
        assert report["msg"].startswith("group-app: all its tokens")
        assert report["probed"] == "unknown"
        simulator.advance(seconds=2)
        untried = step("issue", GROUP_APP, checked=["group-app"], held=held, validate=False)
        assert untried["report"][0]["action"] == "issued"


def test_a_run_that_is_stopped_right_before_the_answer_has_remembered_it(
    simulator: Simulator, path: Path, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next ordinary run renews, whether the call was carried out or not."""

    class Killed(BaseException):
        pass

    def stopped(*_given: Any, **_options: Any) -> None:
        raise Killed

    monkeypatch.setattr(SqlTokens, "invalidate", stopped)
    with pytest.raises(Killed):
        step()
    assert invalidated(path, ASKED)["app"] is not None
    simulator.advance(seconds=2)
    issued = step("issue", checked=["app"])
    assert [(entry["action"], entry["reason"]) for entry in issued["report"]] == [("issued", "missing")]
    assert issued["report"][0]["msg"].endswith("the old one counts as dead.")
    items = Transaction.carrying([Item.from_json(raw) for raw in issued["items"]]).as_text()
    committed = step("commit", items=items)
    later = step("issue", checked=["app"])
    for result in (committed, later):
        assert result["report"][0]["action"] == "failed"
        assert "Run community.turso.revoke again." in result["report"][0]["msg"]
    monkeypatch.undo()
    step()
    assert invalidated(path, ASKED) == {"app": None}


def test_what_the_api_refuses_is_forgotten(simulator: Simulator, path: Path, step: Step) -> None:
    simulator.faults.add(f"POST {ROTATE}", faults.Status(403))
    result = step()
    assert failed(result) == [True]
    assert "No SQL token of it was invalidated." in messages(result)
    assert "db:rotate-creds" in messages(result)
    assert (invalidated(path), invalidated(path, ASKED)) == ({"app": None}, {"app": None})


@pytest.mark.parametrize(
    "fault", [faults.Status(429), faults.Status(503, headers={"Retry-After": "1"})], ids=["429", "503"]
)
def test_what_a_limit_refuses_is_not_sent_again(simulator: Simulator, path: Path, step: Step, fault: Any) -> None:
    simulator.faults.add(f"POST {ROTATE}", fault)
    assert "No SQL token of it was invalidated." in messages(step())
    assert (simulator.writes, invalidated(path, ASKED)) == ([("POST", ROTATE)], {"app": None})


def test_nothing_is_ended_once_nobody_waits_for_the_result(
    simulator: Simulator, path: Path, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lifetime, "over", lambda _self: "it was told to stop")
    result = step()
    assert (
        messages(result)
        == "The SQL tokens of the database 'shop' were not invalidated: it was told to stop. Run this again."
    )
    assert (failed(result), simulator.writes, path.exists()) == ([True], [], False)


@pytest.mark.parametrize("is_refused", [True, False], ids=["refused", "done"])
def test_a_state_file_that_fails_afterwards_loses_no_outcome(
    simulator: Simulator, step: Step, monkeypatch: pytest.MonkeyPatch, is_refused: bool
) -> None:
    write = state_file.write
    written: list[Any] = []

    def full(path: str, state: Any) -> None:
        if written:
            raise Refused("The disk is full.")
        written.append(state)
        write(path, state)

    monkeypatch.setattr(state_file, "write", full)
    if is_refused:
        simulator.faults.add(f"POST {ROTATE}", faults.Status(403))
    result = step()
    assert failed(result) == [True]
    assert "The disk is full." in messages(result)
    assert ("No SQL token of it was invalidated." in messages(result)) is is_refused


def test_after_a_lost_answer_the_time_is_that_of_the_loss(tmp_path: Path) -> None:
    """It may have been carried out at the very end, when another run had minted already."""
    began = datetime.datetime(2026, 11, 24, 9, 15, tzinfo=datetime.timezone.utc)
    name = Name("acme", "database", "shop")

    class Slow:
        seconds = iter((100.0, 100.0, 129.5))
        api: Any = types.SimpleNamespace(now=lambda: next(Slow.seconds))

        def invalidate(self, _name: Name, *, is_repeated: bool) -> None:
            raise Unreachable("No answer.", ambiguous=not is_repeated)

    place = Place(Target(name, "id"), "production")
    found = {place: (place.target, Clock(began, is_told=True))}
    slow: Any = Slow()
    invalidate_each(found, slow, str(tmp_path / "state"), {"app": name}, lambda: None)
    assert invalidated(tmp_path / "state", ASKED) == {"app": "2026-11-24T09:15:30Z"}


def test_a_lost_answer_counts_as_done(simulator: Simulator, path: Path, step: Step) -> None:
    simulator.faults.add(f"POST {ROTATE}", faults.Reset(), when="after", times=None)
    result = step()
    assert failed(result) == [True]
    assert "renewed as if they were" in messages(result)
    assert invalidated(path, ASKED)["app"] is not None
    assert simulator.writes == [("POST", ROTATE)]  # a second one could end what another run has minted meanwhile


def test_nothing_is_ended_where_new_tokens_could_not_be_tried(simulator: Simulator, path: Path, step: Step) -> None:
    simulator.faults.add("POST /v2/pipeline", faults.Reset(), times=None)
    result = step()
    assert result["failed"]
    assert (simulator.writes, path.exists()) == ([], False)
    assert not step(validate=False).get("failed")


def test_a_database_that_was_made_anew_meanwhile_is_not_touched(simulator: Simulator, step: Step) -> None:
    simulator.remake_database("shop")
    result = step()
    assert "it was recreated" in result["msg"]
    assert simulator.writes == []


def test_nothing_is_ended_of_a_database_that_is_gone(
    simulator: Simulator, path: Path, step: Step, order: dict[str, Any]
) -> None:
    result = step(invalidations=[{**order, "name": "gone"}])
    assert result["msg"].endswith("No SQL token was invalidated.")
    assert (simulator.writes, path.exists()) == ([], False)


def test_nothing_is_ended_that_could_not_be_remembered(
    simulator: Simulator, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: str, _state: Any) -> None:
        raise Refused("The disk is full.")

    monkeypatch.setattr(state_file, "write", full)
    result = step()
    assert messages(result) == "The disk is full. No SQL token of it was invalidated."
    assert (failed(result), simulator.writes) == ([True], [])


def test_without_managed_tokens_nothing_is_remembered(simulator: Simulator, path: Path, step: Step) -> None:
    assert failed(step(tokens=[], recipients={}, state_file=None)) == [False]
    assert (simulator.writes, path.exists()) == ([("POST", ROTATE)], False)


def test_a_mint_that_fails_afterwards_says_first_what_is_dead(simulator: Simulator, path: Path, step: Step) -> None:
    old = simulator.given_sql(database="shop", expiration="90d", age_days=3)
    step()
    simulator.faults.add("POST /v1/organizations/acme/databases/shop/auth/tokens", faults.Status(403), times=None)
    result = step("issue", checked=["app"], held={"app": [old.secret]})
    moment = invalidated(path)["app"]
    said = result["report"][0]["msg"]
    assert said.startswith(
        f"app: all its tokens that were minted up to {moment} count as dead since an invalidation, so"
    )
    assert "db:mint-token" in said
    assert old.secret.rpartition(".")[2] not in json.dumps(result)


@pytest.mark.parametrize(
    ("behaviour", "says", "is_failure"),
    [
        ("dead", "Value 2 is proven dead: the database rejects it now.", False),
        ("active", "WARNING: value 2 is still active", True),
        ("untried", "WARNING: value 2 is not proven dead and may still work", True),
    ],
)
def test_each_leaked_value_of_what_was_ended_is_tried(
    simulator: Simulator, step: Step, waits: list[float], behaviour: str, says: str, is_failure: bool
) -> None:
    simulator.add_database("other", group="production")
    values = [simulator.given_sql(database=name, age_days=1).secret for name in ("other", "shop")]
    if behaviour == "dead":
        simulator.invalidate(database="shop")
    if behaviour == "untried":
        simulator.faults.add("POST /v2/pipeline", faults.Status(503), times=None)
    result = step("prove", leaked=values)
    assert failed(result) == [is_failure]
    assert messages(result).startswith(says)
    assert not any(value.rpartition(".")[2] in json.dumps(result) for value in values)


def test_a_leaked_value_of_a_database_that_is_gone_is_not_called_dead(
    simulator: Simulator, step: Step, order: dict[str, Any]
) -> None:
    value = simulator.given_sql(database="shop", age_days=1).secret
    result = step("prove", invalidations=[{**order, "name": "gone"}], leaked=[value])
    assert failed(result) == [True]
    assert messages(result).startswith("WARNING: value 1 is not proven dead and may still work")


def test_what_is_no_invalidation_is_refused(simulator: Simulator, step: Step) -> None:
    for order in ({}, {"organization": "acme", "level": "database", "name": "x", "id": "i"}):
        assert "No SQL token was invalidated." in step(invalidations=[order])["msg"]
    assert simulator.requests == []
