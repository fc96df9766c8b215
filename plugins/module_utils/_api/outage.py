# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: when to stop asking an API that answers nobody, or lets nothing through its rate limit.

Knows no clock and no network.
"""

from __future__ import annotations

import itertools
import math
import threading

from ansible_collections.community.turso.plugins.module_utils._errors import RateLimited, TursoError, Unreachable

LOSSES = 5  # in a row
SILENT_SECONDS = 20.0  # an API that restarts is back by then
REST_SECONDS = 30.0  # then one request may look whether it answers again
PATIENCE_SECONDS = 55.0  # a request during which nobody gets an answer is given up within a minute
LIMITED_SECONDS = 60.0  # limits are counted by the minute at most, as far as anybody publishes them


class Outage:
    """Counts the tries that got no answer, over all threads, and says when the next request is not worth sending.

    What a rate limit refuses is counted for each method: a limit to creates need not be one to revocations.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tries = itertools.count()
        self._waiting: dict[int, float] = {}  # since when
        self._silent_since: float | None = None  # since the last answer, or the first request where there was none
        self._answered_at = -math.inf
        self._lost_at = 0.0
        self._losses = 0
        self._closed_until = 0.0
        self._limited: dict[str, tuple[float, float]] = {}  # by method: the first and the last refusal since one passed

    def sent(self, now: float) -> int:
        """Take in that a try begins, and return its number."""
        with self._lock:
            if self._silent_since is None:
                self._silent_since = now
            number = next(self._tries)
            self._waiting[number] = now
            return number

    def answered(self, number: int, now: float) -> None:
        """Take in that the API answered a try, whatever it said."""
        with self._lock:
            del self._waiting[number]
            self._losses, self._silent_since, self._answered_at = 0, now, now

    def lost(self, number: int, now: float) -> None:
        """Take in that a try got no answer."""
        with self._lock:
            del self._waiting[number]
            self._losses, self._lost_at = self._losses + 1, now

    def closed(self, until: float) -> None:
        """Take in that the API asks everybody to stay away for longer than a request waits."""
        with self._lock:
            self._closed_until = max(self._closed_until, until)

    def passed(self, method: str) -> None:
        """Take in that a request of this method got through the rate limit."""
        with self._lock:
            self._limited.pop(method, None)

    def limited(self, method: str, now: float) -> None:
        """Take in that the rate limit refused a request of this method."""
        with self._lock:
            first, _last = self._limited.get(method, (now, now))
            self._limited[method] = (first, now)

    def refusal(self, method: str, what: str, now: float) -> TursoError | None:
        """Return the error of a request that is not to be sent, none where it is."""
        with self._lock:
            first, last = self._limited.get(method, (now, now))
            if last - first >= LIMITED_SECONDS and now - last < REST_SECONDS:
                return RateLimited(
                    f"Could not {what}: it was not tried, because the API's rate limit has refused every {method} request "
                    f"for {last - first:.0f} s. Nothing was changed by it. Run this again later.",
                    reason=f"it was not tried, because a rate limit has refused every request for {last - first:.0f} s",
                )
            if now < self._closed_until:
                seconds = self._closed_until - now
                return RateLimited(
                    f"Could not {what}: it was not tried, because the API asks to wait another {seconds:.0f} s. Nothing was "
                    "changed by it. Run this again after that.",
                    reason=f"it was not tried, because a rate limit asks to wait another {seconds:.0f} s",
                )
            if self._unanswered(now) >= LOSSES:
                silent_seconds = self._lost_at - (self._silent_since or 0.0)
                return Unreachable(
                    f"Could not {what}: it was not tried, because the API has answered no request for {silent_seconds:.0f} "
                    "s. Nothing was changed by it. Check api_url, your network and HTTPS_PROXY, then run this again.",
                    reason=f"it was not tried, because no request was answered for {silent_seconds:.0f} s",
                )
            return None

    def patience(self, begun_at: float, now: float, timeout_seconds: float) -> float:
        """Return for how long a try that begins now may wait, which is less than usual where nobody got an answer meanwhile.

        Every request is tried a second time nearly as long as the first, whatever the time-out.

        :param begun_at: when the request began. What others waited for is not counted: they may ask for another host.
        """
        return max(self._left(begun_at, now, timeout_seconds), min(1.0, timeout_seconds))

    def ends(self, tries: int, begun_at: float, now: float, next_at: float, timeout_seconds: float) -> bool:
        """Tell whether a request of so many tries is not worth another one: nobody gets an answer."""
        if self._left(begun_at, next_at, timeout_seconds) < min(1.0, timeout_seconds):
            return True
        with self._lock:
            return tries > 1 and self._unanswered(now) - tries >= LOSSES - 1

    def _left(self, begun_at: float, now: float, timeout_seconds: float) -> float:
        """Return how many seconds of waiting are left to a request, the time-out at most."""
        with self._lock:
            if self._answered_at >= begun_at:
                return timeout_seconds
        return min(timeout_seconds, round(max(PATIENCE_SECONDS, 1.8 * timeout_seconds) - (now - begun_at), 1))

    def _unanswered(self, now: float) -> int:
        """Return how many tries in a row got no answer; none where that is not for long."""
        since = self._lost_at - SILENT_SECONDS
        if not self._losses or now - self._lost_at >= REST_SECONDS or (self._silent_since or 0.0) > since:
            return 0
        # What waits for as long is as good as lost: its thread need not be the next to ask.
        return self._losses + sum(sent_at <= since for sent_at in self._waiting.values())
