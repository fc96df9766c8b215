# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: whether a request is tried again, and when. Pure: no clock, no network.

urllib3's Retry can tell a request that was never sent from one whose answer was lost. What it cannot: try a POST again
after 429 only, bound the total time, and have all threads wait when one of them is told to.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ansible_collections.community.turso.plugins.module_utils._api.answers import (
    Asked,
    could_not,
    refusal_in,
    retry_after_in,
)
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError, Unreachable

MAX_WAIT_SECONDS = 60.0
MAX_TOTAL_SECONDS = 300.0
BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 8.0
# Where a rate limit does not tell how long it lasts: limits are counted by the second, by ten of them, or by the minute.
GUESSES_SECONDS = (0.5, 1.0, 10.0, 60.0)
RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a try that did not succeed means."""

    error: TursoError
    may_pass: bool  # trying again may help
    may_be_done: bool  # the API may have done what was asked
    limited: bool = False  # by a rate limit, so nothing was done
    wait_seconds: float | None = None  # what the API says is to be waited


def verdict_on_loss(reason: str, asked: Asked, *, sent: bool, final: bool) -> Verdict:
    """Say what a try without a complete answer means."""
    remedy = "" if final else "Check api_url, your network and HTTPS_PROXY, then run this again."
    ambiguous = asked.is_ambiguous(may_be_done=sent)
    msg = could_not(asked.what, reason, remedy, may_be_done=ambiguous)
    error = Unreachable(msg, reason=reason, ambiguous=ambiguous, **asked.told())
    return Verdict(error, may_pass=not final, may_be_done=sent)


def verdict_on_refusal(status: int, headers: Mapping[str, str], content: bytes | bytearray, asked: Asked) -> Verdict:
    """Say what an answer outside 2xx means."""
    wait_seconds = retry_after_in(headers)
    limited = status == 429 or (status == 503 and wait_seconds is not None)
    may_be_done = not limited and _may_hide_success(status, asked.method)
    may_pass = status in RETRIED_STATUSES
    too_long = wait_seconds if may_pass and (wait_seconds or 0) > MAX_TOTAL_SECONDS else None
    return Verdict(
        refusal_in(status, content, asked, may_be_done=may_be_done, wait_seconds=too_long),
        may_pass=may_pass and too_long is None,
        may_be_done=may_be_done,
        limited=limited,
        wait_seconds=wait_seconds,
    )


def _may_hide_success(status: int, method: str) -> bool:
    """Tell whether a write may have been carried out although it was answered like this.

    A redirect may be the answer to a revocation that was done. After a POST only 303 is: it is made for that.
    """
    return status >= 500 or status in (303, 408) or (status < 400 and method != "POST")


@dataclasses.dataclass
class Tries:
    """The tries of one request: how many there were, what they may have done, and when the next one is.

    :ivar repeatable: doing it twice does no harm, so a lost answer is no reason to stop.
    :ivar deadline: no try begins later, in seconds of the caller's clock.
    :ivar begun_at: when the request began, by the same.
    :ivar number: every try, as errors tell it.
    :ivar fruitless: the tries that count: a rate limit that lets others pass counts none.
    :ivar is_guess: nobody said how long the rate limit lasts, so the next try is worth making as soon as another passes.
    """

    limit: int
    repeatable: bool
    deadline: float
    begun_at: float = 0.0
    number: int = 0
    fruitless: int = 0
    may_be_done: bool = False
    is_guess: bool = False

    def next_at(self, verdict: Verdict, now: float, jitter: float, others_passed: bool) -> float | None:
        """Return when the next try is, none where there is to be no other.

        :param jitter: from 0 to 1: where in the upper half of the backoff it is.
        :param others_passed: since this request's last try another one got through the same rate limit.
        """
        self.may_be_done |= verdict.may_be_done
        if verdict.limited and others_passed:
            self.fruitless = 0
            self.deadline = max(self.deadline, now + MAX_TOTAL_SECONDS)
        else:
            self.fruitless += 1
        self.is_guess = verdict.limited and verdict.wait_seconds is None
        tries = max(1, self.fruitless)
        wait = guessed_seconds(tries, jitter) if self.is_guess else wait_seconds(tries, verdict.wait_seconds, jitter)
        at = now + wait
        allowed = verdict.may_pass and (self.repeatable or not verdict.may_be_done)
        return at if allowed and self.fruitless < self.limit and at <= self.deadline else None


def wait_seconds(tries: int, asked_for: float | None, jitter: float) -> float:
    """Return how long to wait after so many tries: exponential with jitter, or longer if the API says so."""
    backoff = min(MAX_BACKOFF_SECONDS, BACKOFF_SECONDS * 2.0 ** min(tries - 1, 10)) * (0.5 + jitter / 2)
    return min(max(backoff, asked_for or 0.0), MAX_WAIT_SECONDS)


def guessed_seconds(tries: int, jitter: float) -> float:
    """Return how long to wait after so many tries at a rate limit that does not tell how long it lasts."""
    return GUESSES_SECONDS[min(tries, len(GUESSES_SECONDS)) - 1] * (0.9 + jitter / 10)
