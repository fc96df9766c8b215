# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a refused create means: a name that is taken, in whatever words and status, or a token after all."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import (
    ApiError,
    Conflict,
    Forbidden,
    InvalidRequest,
    OutcomeUnknown,
    RateLimited,
    TursoError,
    Unauthorized,
    UnexpectedResponse,
    Unreachable,
)
from ansible_collections.community.turso.plugins.module_utils._token.apply import apply
from ansible_collections.community.turso.plugins.module_utils._token.create import create
from ansible_collections.community.turso.plugins.module_utils._token.decide import Wanted
from ansible_collections.community.turso.plugins.module_utils._token.outcome import Outcome
from ansible_collections.community.turso.plugins.module_utils._token.refusals import refused_name, tell_of_refusals
from tests.simulator import Simulator, faults

PATH = "/v1/auth/api-tokens/a%2Fb"

# An error, and the name whose creation was refused by it.
REFUSED: dict[str, tuple[TursoError | None, str | None]] = {
    "none": (None, None),
    "400": (InvalidRequest("", status=400, method="POST", path=PATH), "a/b"),
    "409": (Conflict("", status=409, method="POST", path=PATH), "a/b"),
    "a redirect": (UnexpectedResponse("", status=302, method="POST", path=PATH), "a/b"),
    "429": (RateLimited("", status=429, method="POST", path=PATH), "a/b"),
    "503": (ApiError("", status=503, method="POST", path=PATH), "a/b"),
    "500, which was looked into before": (ApiError("", status=500, method="POST", path=PATH), None),
    "an odd 200, which was looked into before": (UnexpectedResponse("", status=200, method="POST", path=PATH), None),
    "nothing sent": (Unreachable("", method="POST", path=PATH), None),
    "unknown": (OutcomeUnknown("", status=400, method="POST", path=PATH), None),
    "another call": (Unauthorized("", status=401, method="GET", path=PATH), None),
    "no path": (InvalidRequest("", status=400, method="POST"), ""),
}


@pytest.mark.parametrize(("error", "name"), REFUSED.values(), ids=REFUSED)
def test_an_error_tells_which_creation_was_refused(error: TursoError | None, name: str | None) -> None:
    assert refused_name(error) == name


WORDS = ["token with name ci already exists", "database with same name already exists", "no"]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_taken_name_is_a_conflict_whatever_is_answered(
    simulator: Simulator, tokens: Tokens, status: int, words: str
) -> None:
    """Somebody takes the name after the list was read."""
    simulator.behave(taken_status=status, taken_text=words)
    simulator.faults.add("list", faults.Stale())
    theirs = simulator.given("ci")
    (outcome,), _ = apply(tokens, [Wanted.from_params({"name": "ci"})], check_mode=False)
    assert isinstance(outcome.error, Conflict)
    assert outcome.error.status == status
    assert words in outcome.error.msg
    assert f"a token 'ci' (id {theirs.id}) that this run did not create. It was not changed." in outcome.error.msg
    assert simulator.alive(theirs.secret)
    assert not outcome.changed


@pytest.mark.parametrize(("status", "kind"), [(400, InvalidRequest), (409, Conflict), (422, InvalidRequest)])
def test_a_name_that_is_refused_and_not_listed_is_refused_in_the_servers_words(
    simulator: Simulator, tokens: Tokens, status: int, kind: type[TursoError]
) -> None:
    simulator.faults.add("create", faults.Status(status, {"error": "name must be lower case"}))
    (outcome,), _ = apply(tokens, [Wanted.from_params({"name": "ci"})], check_mode=False)
    assert type(outcome.error) is kind
    assert "name must be lower case" in outcome.error.msg
    assert "this run did not create" not in outcome.error.msg


def test_many_refusals_are_judged_by_one_list(simulator: Simulator, tokens: Tokens) -> None:
    simulator.faults.add("create", faults.Status(400), times=None)
    apply(tokens, [Wanted.from_params({"name": f"ci-{number}"}) for number in range(20)], check_mode=False)
    assert [request.method for request in simulator.requests] == ["GET", *["POST"] * 20, "GET"]


@pytest.mark.parametrize(
    ("status", "words", "is_theirs"),
    [(409, "no", True), (400, "Already exists.", True), (422, "it ALREADY EXISTS", True), (400, "no", False)],
)
def test_a_version_whose_name_is_taken_is_somebody_elses(
    simulator: Simulator, tokens: Tokens, status: int, words: str, is_theirs: bool
) -> None:
    """A name with a nonce of ours that is there after another refusal is ours."""
    simulator.faults.add("create", faults.Status(status, {"error": words}), when="after")
    outcome = Outcome(Wanted.from_params({"name": "ci"}))
    with pytest.raises(TursoError) as caught:
        create(tokens, outcome.wanted, new_name=lambda: "another")
    outcome.error = caught.value
    tell_of_refusals(tokens, [outcome], are_ours=True)
    assert ("ci" in [token.name for token in simulator.tokens]) is is_theirs
    assert isinstance(outcome.error, Conflict if is_theirs else InvalidRequest)


def test_a_name_that_is_taken_in_other_words_after_a_lost_answer_is_ours(simulator: Simulator, tokens: Tokens) -> None:
    """The list is late, so the second try meets what the first one made."""
    simulator.behave(taken_status=400)
    simulator.faults.add("create", faults.Reset(), when="after")
    simulator.faults.add("list", faults.Stale())
    issued = create(tokens, Wanted.from_params({"name": "ci"}))
    assert simulator.alive(issued.secret)
    assert [token.name for token in simulator.tokens if token.name == "ci"] == ["ci"]


def test_a_list_that_cannot_be_had_leaves_the_refusal_as_it_is(simulator: Simulator, tokens: Tokens) -> None:
    simulator.faults.add("create", faults.Status(403))
    simulator.faults.add("list", faults.Status(500), skip=1, times=None)
    (outcome,), _ = apply(tokens, [Wanted.from_params({"name": "ci"})], check_mode=False)
    assert isinstance(outcome.error, Forbidden)


def test_two_runs_under_a_rate_limit_never_both_believe_that_they_created_a_token(simulator: Simulator) -> None:
    """Really side by side: two clients, eight names, four requests a second."""
    names = [f"ci-{number}" for number in range(8)]
    simulator.faults.add("*", faults.Quota(requests=4, seconds=1), times=None)
    start = threading.Barrier(2)
    results: list[list[Outcome]] = []

    def run() -> None:
        tokens = Tokens(Api(simulator.url, simulator.credential, connections=8))
        wanted: list[Any] = [Wanted.from_params({"name": name}) for name in names]
        start.wait()
        results.append(apply(tokens, wanted, check_mode=False, concurrency=8)[0])

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    created = [{outcome.name for outcome in outcomes if outcome.secret} for outcomes in results]
    assert created[0] & created[1] == set()
    assert created[0] | created[1] == set(names)
    for outcome in (outcome for outcomes in results for outcome in outcomes):
        assert outcome.error is None or isinstance(outcome.error, Conflict), outcome.error
        assert outcome.secret is None or simulator.alive(outcome.secret)
    assert all(method == "POST" for method, _ in simulator.writes)
