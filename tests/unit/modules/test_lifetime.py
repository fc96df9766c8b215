# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules do where nobody will get the values of what they created."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._lifetime import Lifetime
from ansible_collections.community.turso.plugins.modules import turso_sql_token, turso_token, turso_tokens
from tests.conftest import RunModule
from tests.simulator import Simulator, faults

ASKED = {
    turso_token: {"name": "ci"},
    turso_tokens: {"tokens": [{"name": "ci"}, {"name": "cd"}, {"name": "gone", "state": "absent"}], "concurrency": 1},
}
both_modules = pytest.mark.parametrize("module", ASKED, ids=lambda module: module.__name__.rpartition(".")[2])
STOPPED = "the module was told to stop (SIGTERM)"


@pytest.fixture
def _told_to_stop_while_it_creates(simulator: Simulator) -> Iterator[None]:
    with _told_to_stop(simulator, "create"):
        yield


@contextlib.contextmanager
def _told_to_stop(simulator: Simulator, call: str) -> Iterator[None]:
    """Have this process told to stop while it waits for the answer to a call."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    pause = simulator.faults.add(call, faults.Pause())

    def tell() -> None:
        assert pause.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        pause.resume()

    thread = threading.Thread(target=tell)
    thread.start()
    yield
    thread.join()
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("_told_to_stop_while_it_creates")
@both_modules
def test_what_was_created_is_withdrawn_and_the_rest_not_tried(
    simulator: Simulator, run_module: RunModule, module: Any
) -> None:
    result = run_module(module, ASKED[module])
    assert result["failed"] is True
    assert result["changed"] is False
    assert f"The module could not return the new token 'ci': {STOPPED}." in result["msg"]
    assert "was revoked again" in result["msg"]
    assert [token.name for token in simulator.tokens if token.user == "alice"] == ["main"]
    assert simulator.writes == [("POST", "/v1/auth/api-tokens/ci"), ("DELETE", "/v1/auth/api-tokens/ci")]
    assert result["error"]["kind"] == "refused"
    if module is turso_tokens:
        first, second, third = result["results"]
        assert (first["secret"], first["token"], first["failed"]) == (None, None, True)
        assert second["msg"] == f"The token 'cd' was not processed: {STOPPED}. It was not changed. Run this again."
        assert (third["failed"], third["msg"]) == (False, "unchanged")


@pytest.mark.usefixtures("_told_to_stop_while_it_creates")
@both_modules
def test_what_cannot_be_withdrawn_is_named(simulator: Simulator, run_module: RunModule, module: Any) -> None:
    simulator.faults.add("revoke", faults.Status(403))
    result = run_module(module, ASKED[module])
    (left,) = [token for token in simulator.tokens if token.name == "ci"]
    assert f"Revoke the token with the id {left.id}." in result["msg"]
    assert (result["failed"], result["changed"]) == (True, True)
    token = result["token"] if module is turso_token else result["results"][0]["token"]
    assert token["id"] == left.id


@both_modules
def test_a_result_that_cannot_be_written_leaves_nothing(
    simulator: Simulator, run_module: RunModule, module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lifetime, "_is_flushed", lambda _: False)
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    run_module(module, ASKED[module])
    assert [token.name for token in simulator.tokens if token.user == "alice"] == ["main"]


SHOP = {"organization": "acme", "database": "shop"}


@pytest.fixture
def _told_to_stop_while_it_mints(simulator: Simulator) -> Iterator[None]:
    simulator.add_database("shop")
    with _told_to_stop(simulator, "mint"):
        yield


@pytest.mark.usefixtures("_told_to_stop_while_it_mints")
@pytest.mark.parametrize(("expires_in", "ending"), [("90d", "ends by itself 20"), ("never", "never ends by itself")])
def test_a_sql_token_that_nobody_gets_cannot_be_taken_back_and_that_is_said(
    simulator: Simulator, run_module: RunModule, expires_in: str, ending: str
) -> None:
    result = run_module(turso_sql_token, {**SHOP, "expires_in": expires_in})
    assert (result["failed"], result["changed"], result["secret"], result["error"]["kind"]) == (
        True,
        True,
        None,
        "refused",
    )
    assert f"{STOPPED}. The token cannot be revoked. It {ending}" in result["msg"]
    assert len(simulator.minted) == 1


@pytest.mark.usefixtures("_told_to_stop_before_it_mints")
def test_a_sql_token_is_not_minted_where_nobody_would_get_it(simulator: Simulator, run_module: RunModule) -> None:
    result = run_module(turso_sql_token, SHOP)
    assert (result["failed"], result["changed"], result["error"]["kind"]) == (True, False, "refused")
    assert f"was not minted: {STOPPED}. The current token was not changed." in result["msg"]
    assert simulator.minted == []


@pytest.fixture
def _told_to_stop_before_it_mints(simulator: Simulator) -> Iterator[None]:
    simulator.add_database("shop")
    with _told_to_stop(simulator, "database"):
        yield


def test_a_sql_token_whose_result_cannot_be_written_ends_the_module_with_a_failure(
    simulator: Simulator, run_module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.add_database("shop")
    monkeypatch.setattr(Lifetime, "_is_flushed", lambda _: False)
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    run_module(turso_sql_token, SHOP)
    assert len(simulator.minted) == 1
