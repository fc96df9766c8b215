# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When an API that answers nobody is asked no further."""

from __future__ import annotations

import time

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.outage import (
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
from tests.simulator import Simulator, faults

LONG = SILENT_SECONDS + 1

# When the last answer came, when tries were lost, since when others wait; and whether a request is refused after that.
COURSES: dict[str, tuple[float, list[float], list[float], bool]] = {
    "nothing": (0, [], [], False),
    "losses of a moment, as when an API restarts": (0, [1] * 50, [], False),
    "few losses, though over a long time": (0, [LONG] * (LOSSES - 1), [], False),
    "many losses over a long time": (0, [LONG] * LOSSES, [], True),
    "losses from the first request on": (0, [1, LONG, LONG, LONG, LONG], [], True),
    "one loss, and others that wait as long": (0, [LONG], [0] * (LOSSES - 1), True),
    "one loss, and others that do not": (0, [LONG], [LONG] * LOSSES, False),
    "others that wait, and no loss": (0, [], [0] * LOSSES, False),
    "an answer not long before": (LONG, [LONG + 1] * LOSSES, [], False),
}


@pytest.mark.parametrize(("answered_at", "lost_at", "waiting_since", "refused"), COURSES.values(), ids=COURSES)
def test_an_api_that_answers_nobody_for_long_is_not_asked(
    answered_at: float, lost_at: list[float], waiting_since: list[float], refused: bool
) -> None:
    outage = Outage()
    outage.answered(outage.sent(0.0), answered_at)
    tries = [outage.sent(0.0) for _ in lost_at]
    for seconds in waiting_since:
        outage.sent(seconds)
    for number, seconds in zip(tries, lost_at):
        outage.lost(number, seconds)
    now = max([answered_at, *lost_at]) + 1
    refusal = outage.refusal("list the tokens", now)
    assert isinstance(refusal, Unreachable) is refused
    if refusal is not None:
        assert f"it was not tried, because the API has answered no request for {LONG:.0f} s" in refusal.msg
    assert outage.refusal("list the tokens", now + REST_SECONDS) is None


def test_an_answer_ends_an_outage() -> None:
    outage = Outage()
    slow = outage.sent(0.0)
    for number in [outage.sent(0.0) for _ in range(LOSSES)]:
        outage.lost(number, LONG)
    assert outage.refusal("list the tokens", LONG) is not None
    outage.answered(slow, LONG)
    assert outage.refusal("list the tokens", LONG) is None


def test_an_api_that_asks_to_stay_away_is_not_asked_until_then() -> None:
    outage = Outage()
    outage.closed(1000.0)
    outage.closed(500.0)
    assert isinstance(outage.refusal("list the tokens", 999.0), RateLimited)
    assert outage.refusal("list the tokens", 1000.0) is None


def test_a_black_hole_fails_a_thousand_tokens_soon(simulator: Simulator) -> None:
    """The list answers, then nothing does. Time runs twenty times as fast: 30 seconds of waiting are 1.5."""
    speed = 20
    simulator.faults.add("create", faults.Hang(), times=None)
    simulator.faults.add("list", faults.Hang(), skip=1, times=None)
    api = Api(
        simulator.url,
        simulator.credential,
        timeout_seconds=30 / speed,
        connections=8,
        clock=lambda: time.monotonic() * speed,
        sleep=lambda seconds: time.sleep(seconds / speed),
    )
    names = [f"ci-{number}" for number in range(1000)]
    started = api.now()
    outcomes, _ = apply(
        Tokens(api), [Wanted.from_params({"name": name}) for name in names], check_mode=False, concurrency=8
    )
    assert all(outcome.error is not None for outcome in outcomes)
    assert len([request for request in simulator.requests if request.method == "POST"]) <= 16
    not_tried = [outcome for outcome in outcomes if outcome.error and "was not tried" in outcome.error.msg]
    assert len(not_tried) >= 984
    assert all(isinstance(outcome.error, Unreachable) for outcome in not_tried if not outcome.changed)
    assert sum(isinstance(outcome.error, OutcomeUnknown) for outcome in outcomes) <= 16
    assert api.now() - started < 60 * 2  # of this clock, on a machine that has other things to do
