# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: one pace for all threads, learned from the rate limits that they meet. Knows no clock.

A limit tells when to go on, in whole seconds and rounded up, and never how many requests it lets through. So the pace
counts how many pass between two refusals, spreads them evenly, and tries whether less time between them does as well.
"""

from __future__ import annotations

import threading

MARGIN = 1.06  # requests arrive a little earlier or later than they were sent
CLOSE_ENOUGH = 0.35  # of the gap: a better one is looked for no further
LOOK_SECONDS = 2.0  # so often is asked whether the limit lets something through, where it does not tell when it will


class Pace:
    """When the next request may go out. Every time is in seconds of the caller's clock; threads may share it.

    :ivar passes: how many requests no rate limit refused.
    """

    def __init__(self) -> None:
        self.passes = 0
        self._lock = threading.Lock()
        self._resume_at = 0.0
        self._next_at = 0.0
        self._gap = 0.0  # seconds between two requests
        self._too_short = 0.0  # the longest gap that was refused
        self._holds: float | None = None  # the shortest gap that was not
        self._told_at: float | None = None  # when the last refusal came
        self._began: float | None = None  # when the first request went out since
        self._passed = 0  # how many passed since
        self._passed_before = 0  # and how many before the last refusal

    def turn(self, now: float, not_before: float) -> float:
        """Take a turn if it has come. Return when it has, or when to ask again; that is later than now."""
        with self._lock:
            at = max(not_before, self._resume_at, self._next_at)
            if at <= now:
                self._next_at = now + self._gap
                if self._began is None:
                    self._began = now
            return at

    def not_before(self, guess: float, passes_before: int, now: float) -> float:
        """Return what becomes of a guess of when the limit lets a request through: void once another one has passed.

        :param passes_before: how many had passed when the guess was made.
        """
        return now if self.passes > passes_before else min(guess, now + LOOK_SECONDS)

    def passed(self) -> None:
        """Count a request that no rate limit refused; a gap that holds for long enough is tried shorter."""
        with self._lock:
            self.passes += 1
            self._passed += 1
            if self._gap and self._passed > 2 * self._passed_before + 1:
                self._holds = min(self._gap, self._holds or self._gap)
                self._passed = 0
                self._began = None
                self._choose_gap(self._holds)

    def limited(self, sent_at: float, now: float, resume_at: float) -> None:
        """Have everybody wait until resume_at, because a request that was sent at sent_at was refused now."""
        with self._lock:
            is_known = self._told_at is not None and sent_at <= self._told_at
            self._resume_at = max(self._resume_at, resume_at)
            if is_known:
                return
            is_first, self._told_at = self._told_at is None, now
            if self._passed and self._began is not None and not is_first:  # a limit lets more pass before it is met
                self._learn((self._resume_at - self._began) / self._passed)
            self._passed_before, self._passed, self._began = self._passed, 0, None

    def _learn(self, seconds_each: float) -> None:
        """Take in that the gap was too short, and that one request in so many seconds is what the limit allows.

        A gap that held before may be right, and one request late: it grows by a part of the difference only.
        """
        self._too_short = max(self._too_short, self._gap)
        if self._holds is None:
            self._holds = max(seconds_each, self._gap * 1.25)
        elif self._gap >= self._holds:
            self._holds = self._gap + max((seconds_each - self._gap) / 4, self._gap / 20)
        self._choose_gap(self._holds)

    def _choose_gap(self, holds: float) -> None:
        middle = (self._too_short + holds) / 2
        self._gap = middle if holds - self._too_short > holds * CLOSE_ENOUGH else holds * MARGIN
