# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One pace for all threads: how long many requests take under a rate limit, played on a clock of its own."""

from __future__ import annotations

import dataclasses
import heapq
import math
import random
import statistics
from collections import deque
from collections.abc import Callable
from typing import Optional

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.answers import Asked
from ansible_collections.community.turso.plugins.module_utils._api.pace import Pace
from ansible_collections.community.turso.plugins.module_utils._api.retries import (
    MAX_TOTAL_SECONDS,
    Tries,
    verdict_on_refusal,
    wait_seconds,
)

LATENCY_SECONDS = 0.05
RETRIES = 4

Limiter = Callable[[float], Optional[float]]  # the time -> the seconds to wait, none where the request passes


def sliding(requests: int, seconds: float) -> Limiter:
    """Let so many requests through in any so many seconds."""
    passed: deque[float] = deque()

    def limiter(now: float) -> float | None:
        while passed and passed[0] <= now - seconds:
            passed.popleft()
        if len(passed) < requests:
            passed.append(now)
            return None
        return passed[0] + seconds - now

    return limiter


def bucket(per_second: float, burst: int) -> Limiter:
    """Let a burst through, then what flows in."""
    level, at = float(burst), 0.0

    def limiter(now: float) -> float | None:
        nonlocal level, at
        level, at = min(burst, level + (now - at) * per_second), now
        if level >= 1:
            level -= 1
            return None
        return (1 - level) / per_second

    return limiter


def window(requests: int, seconds: float) -> Limiter:
    """Let so many requests through in each so many seconds by the clock."""
    counts: dict[int, int] = {}

    def limiter(now: float) -> float | None:
        number = int(now // seconds)
        counts[number] = counts.get(number, 0) + 1
        return None if counts[number] <= requests else (number + 1) * seconds - now

    return limiter


def behind_a_list(limiter: Limiter, passes: int) -> Limiter:
    """Let some requests pass that the limit is not about."""
    free = [None] * passes
    return lambda now: free.pop() if free else limiter(now)


@dataclasses.dataclass
class Played:
    seconds: float
    failed: int
    refused: int


def play(
    limiter: Limiter, requests: int, threads: int = 8, *, tells: bool = True, seed: int = 1, late_seconds: float = 0.0
) -> Played:
    """Send requests from threads, which are events on one clock; the pace and the tries are the client's own.

    :param tells: whether a refusal has a Retry-After, in whole seconds as servers round it.
    :param late_seconds: one request in six arrives up to so much later than the others.
    """
    pace, chance = Pace(), random.Random(seed)
    asked = Asked("create the token", "POST", "/")
    left, failed, refused, now = requests, 0, 0, 0.0
    events: list[tuple[float, int, str, Tries, float, float, int]] = []

    def begin(at: float, thread: int) -> None:
        nonlocal left
        if left:
            left -= 1
            tries = Tries(limit=RETRIES + 1, repeatable=False, deadline=at + MAX_TOTAL_SECONDS)
            heapq.heappush(events, (at, thread, "turn", tries, at, at, pace.passes))

    for thread in range(threads):
        begin(0.0, thread)
    while events:
        now, thread, kind, tries, ready_at, sent_at, passes = heapq.heappop(events)
        if kind == "turn":
            at = pace.turn(now, pace.not_before(ready_at, passes, now) if tries.is_guess else ready_at)
            if at <= now:
                arrives = now + LATENCY_SECONDS / 2 * (0.5 + chance.random())
                if late_seconds and chance.random() < 1 / 6:
                    arrives += late_seconds * chance.random()
                heapq.heappush(events, (arrives, thread, "arrival", tries, ready_at, now, passes))
            else:
                heapq.heappush(events, (at, thread, "turn", tries, ready_at, now, passes))
            continue
        wait = limiter(now)
        now += LATENCY_SECONDS / 2
        if wait is None:
            pace.passed()
            begin(now, thread)
            continue
        refused += 1
        headers = {"Retry-After": str(math.ceil(wait))} if tells else {}
        verdict = verdict_on_refusal(429, headers, b"", asked)
        pace.limited(sent_at, now, now + wait_seconds(1, verdict.wait_seconds, chance.random()))
        at_or_none = tries.next_at(verdict, now, chance.random(), others_passed=pace.passes > passes)
        if at_or_none is None:
            failed += 1
            begin(now, thread)
        else:
            heapq.heappush(events, (now, thread, "turn", tries, at_or_none, now, pace.passes))
    return Played(now, failed, refused)


# The limit, how many requests, and the seconds that nobody can beat.
LIMITS: dict[str, tuple[Callable[[], Limiter], int, float]] = {
    "1 a second": (lambda: sliding(1, 1), 20, 19),
    "2 a second": (lambda: sliding(2, 1), 40, 19),
    "4 a second": (lambda: sliding(4, 1), 80, 19),
    "10 in 10 seconds": (lambda: sliding(10, 10), 60, 50),
    "a bucket of 1 a second": (lambda: bucket(1, 1), 20, 19),
    "a bucket of 2 a second": (lambda: bucket(2, 1), 40, 19.5),
    "a bucket of 2 a second with a burst": (lambda: bucket(2, 4), 40, 18),
    "2 a second, behind a list": (lambda: behind_a_list(sliding(2, 1), 1), 41, 19),
    "a window of 1 second": (lambda: window(2, 1), 40, 19),
    "60 in a minute": (lambda: sliding(60, 60), 150, 120),
    "a window of a minute": (lambda: window(60, 60), 150, 120),
    "1 in 10 seconds": (lambda: bucket(0.1, 1), 10, 90),
}
THREADS = 8
SLACK = 1.3


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("limiter", "requests", "ideal_seconds"), LIMITS.values(), ids=LIMITS)
def test_a_rate_limit_slows_down_as_little_as_it_can_and_fails_nothing(
    limiter: Callable[[], Limiter], requests: int, ideal_seconds: float, seed: int
) -> None:
    played = play(limiter(), requests, THREADS, seed=seed)
    assert played.failed == 0
    assert played.seconds <= SLACK * ideal_seconds


@pytest.mark.parametrize("name", ["1 a second", "2 a second", "4 a second", "10 in 10 seconds", "a window of 1 second"])
def test_requests_that_arrive_late_make_a_rate_limit_no_slower(name: str) -> None:
    limiter, requests, ideal_seconds = LIMITS[name]
    seconds = [play(limiter(), requests, THREADS, seed=seed, late_seconds=0.1).seconds for seed in range(25)]
    assert statistics.median(seconds) <= SLACK * ideal_seconds


@pytest.mark.parametrize("threads", [1, 8, 20, 100])
@pytest.mark.parametrize("tells", [True, False], ids=["Retry-After", "no Retry-After"])
@pytest.mark.parametrize(("limiter", "requests", "ideal_seconds"), LIMITS.values(), ids=LIMITS)
def test_a_rate_limit_fails_nothing_however_many_threads_meet_it(
    limiter: Callable[[], Limiter], requests: int, ideal_seconds: float, threads: int, tells: bool
) -> None:
    played = play(limiter(), requests, threads, tells=tells)
    assert played.failed == 0
    assert played.seconds <= 2 * ideal_seconds


@pytest.mark.parametrize("tells", [True, False], ids=["Retry-After", "no Retry-After"])
def test_a_limit_that_gets_stricter_on_the_way_is_learned_anew(tells: bool) -> None:
    """Others begin to use it, too."""
    first, then = sliding(4, 1), sliding(1, 1)
    played = play(lambda now: first(now) if now < 10 else then(now), 40 + 20, THREADS, tells=tells)
    assert played.failed == 0
    assert played.seconds <= 2 * 30


@pytest.mark.parametrize("tells", [True, False], ids=["Retry-After", "no Retry-After"])
def test_a_minute_that_somebody_else_used_up_is_waited_for(tells: bool) -> None:
    limiter = window(60, 60)
    for _ in range(60):
        limiter(0.0)
    played = play(limiter, 20, THREADS, tells=tells)
    assert played.failed == 0
    assert played.seconds <= 80


def test_a_limit_that_lets_nothing_through_fails_each_after_its_tries() -> None:
    played = play(lambda _: 1.0, 16, THREADS)
    assert (played.failed, played.refused) == (16, 16 * (RETRIES + 1))


def test_without_a_limit_nobody_waits() -> None:
    played = play(lambda _: None, 800)
    assert (played.failed, played.refused) == (0, 0)
    assert played.seconds == pytest.approx(100 * LATENCY_SECONDS, rel=0.3)


def test_a_limit_that_was_met_once_and_lets_everything_through_again_is_no_pace() -> None:
    refusals = [0.5]
    played = play(lambda _: refusals.pop() if refusals else None, 200, 1)
    assert played.seconds == pytest.approx(1 + 200 * LATENCY_SECONDS, rel=0.3)
