# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When an API that answers nobody, or lets nothing through its rate limit, is asked no further."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.outage import (
    LIMITED_SECONDS,
    LOSSES,
    REST_SECONDS,
    SILENT_SECONDS,
    Outage,
)
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import (
    OutcomeUnknown,
    RateLimited,
    Unreachable,
)
from ansible_collections.community.turso.plugins.module_utils._token.apply import apply
from ansible_collections.community.turso.plugins.module_utils._token.decide import Wanted
from ansible_collections.community.turso.plugins.module_utils._token.outcome import Outcome
from tests.simulator import Simulator, faults

LONG = SILENT_SECONDS + 1
START = 1000.0  # of a clock that began before this run

# When the last answer came, when tries were lost, since when others wait; and whether a request is refused after that.
COURSES: dict[str, tuple[float, list[float], list[float], bool]] = {
    "nothing": (0, [], [], False),
    "losses of a moment, as when an API restarts": (0, [1] * 50, [], False),
    "few losses, though over a long time": (0, [LONG] * (LOSSES - 1), [], False),
    "many losses over a long time": (0, [LONG] * LOSSES, [], True),
    "many losses over just as long": (0, [SILENT_SECONDS] * LOSSES, [], True),
    "losses from the first request on": (0, [1, LONG, LONG, LONG, LONG], [], True),
    "one loss, and others that wait as long": (0, [LONG], [0] * (LOSSES - 1), True),
    "one loss, and others that wait just as long": (0, [LONG], [LONG - SILENT_SECONDS] * (LOSSES - 1), True),
    "one loss, and others that do not": (0, [LONG], [LONG] * LOSSES, False),
    "others that wait, and no loss": (0, [], [0] * LOSSES, False),
    "an answer not long before": (LONG, [LONG + 1] * LOSSES, [], False),
}


@pytest.mark.parametrize(("answered_at", "lost_at", "waiting_since", "refused"), COURSES.values(), ids=COURSES)
def test_an_api_that_answers_nobody_for_long_is_not_asked(
    answered_at: float, lost_at: list[float], waiting_since: list[float], refused: bool
) -> None:
    outage = Outage()
    outage.answered(outage.sent(START), START + answered_at)
    tries = [outage.sent(START) for _ in lost_at]
    for seconds in waiting_since:
        outage.sent(START + seconds)
    for number, seconds in zip(tries, lost_at):
        outage.lost(number, START + seconds)
    now = START + max([answered_at, *lost_at]) + 1
    refusal = outage.refusal("GET", "list the tokens", now)
    assert isinstance(refusal, Unreachable) is refused
    if refusal is not None:
        silence = f"{max(lost_at) - answered_at:.0f} s"
        assert refusal.reason == f"it was not tried, because no request was answered for {silence}"
        assert f"it was not tried, because the API has answered no request for {silence}" in refusal.msg
    assert outage.refusal("GET", "list the tokens", now - 1 + REST_SECONDS) is None


@pytest.mark.parametrize(
    ("losses", "seconds", "refused"), [(LOSSES, 1.0, False), (LOSSES - 1, LONG, False), (LOSSES, LONG, True)]
)
def test_where_nothing_was_ever_answered_silence_begins_with_the_first_request(
    losses: int, seconds: float, refused: bool
) -> None:
    outage = Outage()
    tries = [outage.sent(START + number / 10) for number in range(losses)]
    for number in tries:
        outage.lost(number, START + seconds)
    refusal = outage.refusal("GET", "list the tokens", START + seconds)
    assert (refusal is not None) is refused
    assert refusal is None or refusal.msg == (
        f"Could not list the tokens: it was not tried, because the API has answered no request for {LONG:.0f} s. Nothing was "
        "changed by it. Check api_url, your network and HTTPS_PROXY, then run this again."
    )


# How many tries were lost, how many others wait as long; how many of them are of the request that asks; is it to go on?
TRIES = {
    "the only one, however often it tries": (LOSSES + 3, 0, LOSSES + 3, True),
    "others were lost, few": (LOSSES - 1, 0, 1, True),
    "others were lost": (LOSSES + 1, 0, 2, False),
    "others were lost, and it was tried once": (LOSSES, 0, 1, True),
    "others were lost, and it itself": (LOSSES + 1, 0, 3, True),
    "others wait as long": (2, LOSSES - 1, 2, False),
    "others wait as long, and it was tried once": (1, LOSSES - 1, 1, True),
}


@pytest.mark.parametrize(("lost", "waiting", "own", "goes_on"), TRIES.values(), ids=TRIES)
def test_a_request_is_tried_no_more_where_others_get_no_answer_either(
    lost: int, waiting: int, own: int, goes_on: bool
) -> None:
    outage = Outage()
    tries = [outage.sent(START) for _ in range(lost + waiting)]
    for number in tries[:lost]:
        outage.lost(number, START + LONG)
    times = (START, START + LONG, START + LONG)
    assert outage.ends(own, *times, 30.0) is not goes_on
    outage.answered(outage.sent(START), START + LONG)
    assert not outage.ends(own, *times, 30.0)


# The time-out, how long ago the request began, how long its next try may wait, and whether there is one.
GIVEN_UP: dict[str, tuple[float, float, float, bool]] = {
    "the usual time-out, once": (30.0, 30.5, 24.5, True),
    "the usual time-out, twice": (30.0, 56.0, 1.0, False),
    "a short time-out, five times": (5.0, 30.0, 5.0, True),
    "the shortest time-out": (1.0, 54.5, 1.0, False),
    "a long time-out, once": (100.0, 101.0, 79.0, True),
    "a long time-out, twice": (100.0, 181.0, 1.0, False),
}


@pytest.mark.parametrize(("timeout", "seconds", "patience", "goes_on"), GIVEN_UP.values(), ids=GIVEN_UP)
@pytest.mark.parametrize("answered_before", [False, True])
def test_a_request_during_which_nobody_gets_an_answer_is_given_up_within_a_minute(
    timeout: float, seconds: float, patience: float, goes_on: bool, answered_before: bool
) -> None:
    outage = Outage()
    if answered_before:
        outage.answered(outage.sent(START - 1), START - 1)
    assert outage.patience(START, START, timeout) == timeout
    outage.lost(outage.sent(START), START + seconds)
    now = START + seconds
    assert outage.patience(START, now, timeout) == pytest.approx(patience)
    assert outage.ends(1, START, now, now, timeout) is not goes_on
    assert outage.patience(now, now, timeout) == timeout  # of the next request
    outage.answered(outage.sent(now), now)
    outage.lost(outage.sent(now), now + seconds)
    assert outage.patience(START, now + seconds, timeout) == timeout


def test_a_try_waits_no_longer_than_the_outage_has_patience(simulator: Simulator) -> None:
    simulator.faults.add("*", faults.Hang(), times=None)
    outage = Outage()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outage, "patience", lambda _begun_at, _now, _timeout: 0.1)
        with pytest.raises(Unreachable, match=r"did not answer within 0\.1 s") as caught:
            Api(simulator.url, simulator.credential, retries=0, outage=outage).request("GET", "v1", what="look")
    assert caught.value.attempts == 1


def test_a_host_that_never_answered_takes_no_patience_from_others(simulator: Simulator) -> None:
    simulator.faults.add("list", faults.Hang(), times=2)
    moment = [START]

    def wait(seconds: float) -> None:
        moment[0] += seconds

    api = Api(simulator.url, simulator.credential, timeout_seconds=0.5, retries=1, clock=lambda: moment[0], sleep=wait)
    with pytest.raises(Unreachable):
        api.request("GET", "v1", "auth", "api-tokens", what="look")
    wait(60.0)
    assert api.request("GET", "v1", "auth", "api-tokens", what="look").attempts == 1


def test_an_answer_ends_an_outage() -> None:
    outage = Outage()
    slow = outage.sent(0.0)
    for number in [outage.sent(0.0) for _ in range(LOSSES)]:
        outage.lost(number, LONG)
    assert outage.refusal("GET", "list the tokens", LONG) is not None
    outage.answered(slow, LONG)
    assert outage.refusal("GET", "list the tokens", LONG) is None


def test_an_api_that_asks_to_stay_away_is_not_asked_until_then() -> None:
    outage = Outage()
    outage.closed(1000.0)
    outage.closed(500.0)
    refusal = outage.refusal("GET", "list the tokens", 990.0)
    assert isinstance(refusal, RateLimited)
    assert refusal.msg == (
        "Could not list the tokens: it was not tried, because the API asks to wait another 10 s. Nothing was changed by it. "
        "Run this again after that."
    )
    assert refusal.reason == "it was not tried, because a rate limit asks to wait another 10 s"
    assert outage.refusal("GET", "list the tokens", 1000.0) is None


# When requests were refused by the rate limit, when one passed; and whether another one is refused a second later.
LIMITS: dict[str, tuple[list[float], float | None, bool]] = {
    "none": ([], None, False),
    "a refusal": ([0], None, False),
    "many in a moment": ([0] * 50, None, False),
    "for nearly a minute": ([0, LIMITED_SECONDS - 1], None, False),
    "for a minute": ([0, LIMITED_SECONDS], None, True),
    "for a minute, in which one passed": ([0, 30, LIMITED_SECONDS], 1, False),
}


@pytest.mark.parametrize(("refused_at", "passed_at", "refused"), LIMITS.values(), ids=LIMITS)
def test_a_rate_limit_that_lets_nothing_through_for_long_is_not_asked(
    refused_at: list[float], passed_at: float | None, refused: bool
) -> None:
    outage = Outage()
    events = sorted([*((at, "refused") for at in refused_at), *([] if passed_at is None else [(passed_at, "passed")])])
    for at, event in events:
        outage.passed("POST") if event == "passed" else outage.limited("POST", START + at)
    now = START + max([0, *refused_at]) + 1
    refusal = outage.refusal("POST", "create it", now)
    assert isinstance(refusal, RateLimited) is refused
    if refusal is not None:
        assert refusal.msg == (
            "Could not create it: it was not tried, because the API's rate limit has refused every POST request for 60 s. "
            "Nothing was changed by it. Run this again later."
        )
        assert refusal.reason == "it was not tried, because a rate limit has refused every request for 60 s"
    assert outage.refusal("DELETE", "revoke it", now) is None
    assert outage.refusal("POST", "create it", now - 1 + REST_SECONDS) is None


def create_many(simulator: Simulator, count: int, speed: float) -> tuple[list[Outcome], float]:
    return bring_about(simulator, [{"name": f"ci-{number}"} for number in range(count)], speed)


def bring_about(simulator: Simulator, items: list[dict[str, Any]], speed: float) -> tuple[list[Outcome], float]:
    """Do it while time runs so many times as fast; return what came of it, and after how many of its seconds."""
    api = Api(
        simulator.url,
        simulator.credential,
        timeout_seconds=30 / speed,
        connections=8,
        clock=lambda: time.monotonic() * speed,
        sleep=lambda seconds: time.sleep(seconds / speed),
    )
    wanted = [Wanted.from_params(item) for item in items]
    started = api.now()
    outcomes, _ = apply(Tokens(api), wanted, check_mode=False, concurrency=8)
    return outcomes, api.now() - started


def test_a_black_hole_fails_a_thousand_tokens_soon(simulator: Simulator) -> None:
    """The list answers, then nothing does. Time runs ten times as fast: 30 seconds of waiting are 3."""
    simulator.faults.add("create", faults.Hang(), times=None)
    simulator.faults.add("list", faults.Hang(), skip=1, times=None)
    outcomes, seconds = create_many(simulator, 1000, speed=10)
    assert all(outcome.error is not None for outcome in outcomes)
    assert len([request for request in simulator.requests if request.method == "POST"]) <= 16
    not_tried = [outcome for outcome in outcomes if outcome.error and "was not tried" in outcome.error.msg]
    assert len(not_tried) >= 984
    assert all(isinstance(outcome.error, Unreachable) for outcome in not_tried if not outcome.changed)
    assert sum(isinstance(outcome.error, OutcomeUnknown) for outcome in outcomes) <= 16
    assert seconds < 60 * 2  # of this clock, on a machine that has other things to do


def test_a_black_hole_ends_requests_that_would_be_tried_again(simulator: Simulator) -> None:
    """A revocation by id is: five times 30 seconds, where it is the only request."""
    ids = [simulator.given(f"ci-{number}", organization="acme").id for number in range(100)]
    simulator.faults.add("org_revoke", faults.Hang(), times=None)
    simulator.faults.add("org_list", faults.Hang(), skip=1, times=None)
    by_id = [{"id": token_id, "organization": "acme", "state": "absent"} for token_id in ids]
    outcomes, seconds = bring_about(simulator, by_id, speed=10)
    assert all(outcome.error is not None and not outcome.changed for outcome in outcomes)
    assert len(simulator.writes) <= 16
    assert seconds < 60 * 2  # as above


@pytest.mark.parametrize("tells", [True, False], ids=["Retry-After", "no Retry-After"])
def test_a_rate_limit_that_lets_nothing_through_fails_a_thousand_tokens_soon(simulator: Simulator, tells: bool) -> None:
    limit = faults.rate_limited(16 if tells else None)
    simulator.faults.add("create", limit, times=None)
    outcomes = create_many(simulator, 1000, speed=20)[0]
    assert {type(outcome.error) for outcome in outcomes} == {RateLimited}
    # What is under way has all its tries; a machine that has other things to do may rest and look again.
    assert 8 * 5 <= len(simulator.writes) <= 2 * 8 * 5
    assert len([outcome for outcome in outcomes if outcome.error and "was not tried" in outcome.error.msg]) >= 984


def test_a_limit_by_the_minute_that_tells_nothing_fails_nothing(simulator: Simulator) -> None:
    """Ten a minute, all of them used up before."""
    speed = 60
    quota = faults.Quota(requests=10, seconds=60 / speed, tells=False)
    quota._passed.extend([time.monotonic()] * 10)
    simulator.faults.add("create", quota, times=None)
    outcomes, seconds = create_many(simulator, 25, speed)
    assert [outcome.error for outcome in outcomes] == [None] * 25
    assert seconds >= 180 - 1
