# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: JSON over HTTPS with a bearer token. Knows nothing of Turso's nouns.

What is tried again and when is decided in retries, what an exception means in losses, what an answer says in answers.
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.answers import Answer, Asked, answer_in
from ansible_collections.community.turso.plugins.module_utils._api.losses import Lost
from ansible_collections.community.turso.plugins.module_utils._api.outage import Outage
from ansible_collections.community.turso.plugins.module_utils._api.pace import Pace
from ansible_collections.community.turso.plugins.module_utils._api.retries import (
    MAX_TOTAL_SECONDS,
    Tries,
    Verdict,
    verdict_on_loss,
    verdict_on_refusal,
    wait_seconds,
)
from ansible_collections.community.turso.plugins.module_utils._api.settings import check_settings
from ansible_collections.community.turso.plugins.module_utils._api.urls import checked_url, is_bearer, path_of
from ansible_collections.community.turso.plugins.module_utils._api.watch import Watch
from ansible_collections.community.turso.plugins.module_utils._api.wire import Outgoing, Wire
from ansible_collections.community.turso.plugins.module_utils._errors import BadOption

VERSION = "0.1.0"


class Api:
    """One API behind one connection pool; may be used from as many threads as connections.

    :param url: https, or http where the host is a loopback address; a path prefix is kept.
    :param token: the bearer of every request that does not bring its own.
    :param timeout_seconds: for connecting and for each wait for data.
    :param retries: tries after the first.
    :param verify: whether to verify certificates, or the path of the authorities to trust.
    :param outage: what counts the requests without an answer, where several APIs are out of reach together.
    :param watch: what ends answers that take too long to begin, where several clients share its thread.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout_seconds: float = 30.0,
        retries: int = 4,
        verify: bool | str = True,
        connections: int = 1,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        outage: Outage | None = None,
        watch: Watch | None = None,
    ) -> None:
        base, loopback = checked_url(url)
        if not is_bearer(token):
            raise BadOption(
                "api_token is empty, or has white space or characters that no HTTP header can carry.",
                "Check where it is read from; a line break at its end is the usual cause.",
            )
        check_settings(timeout_seconds, retries, connections, verify)
        self.token = token
        self.tries = retries + 1
        self._timeout_seconds = timeout_seconds
        self._settings: dict[str, Any] = {
            "timeout_seconds": timeout_seconds,
            "retries": retries,
            "verify": verify,
            "sleep": sleep,
            "clock": clock,
            "jitter": jitter,
        }
        self._sleep, self._clock, self._jitter = sleep, clock, jitter
        self._pace, self._outage = Pace(), outage or Outage()
        self._watch = watch or Watch(max(MAX_TOTAL_SECONDS, timeout_seconds))
        self._wire = Wire(
            base,
            loopback=loopback,
            user_agent=f"community.turso/{VERSION}",
            watch=self._watch,
            verify=verify,
            connections=connections,
            clock=clock,
        )

    def request(
        self,
        method: str,
        *segments: str,
        what: str,
        query: Mapping[str, str] | None = None,
        body: dict[str, Any] | None = None,
        bearer: str | None = None,
        tries: int | None = None,
        repeatable: bool | None = None,
        fresh: bool = False,
        may_be_empty: bool = False,
        advice: Mapping[int, str] | None = None,
        on_send: Callable[[float], None] = lambda _moment: None,
    ) -> Answer:
        """Send a request and return its 2xx answer.

        What is repeatable is tried again after lost answers and passing failures; the rest only where the request
        cannot have been carried out: no connection, 429, and 503 with Retry-After.

        :param segments: the path, unescaped, one argument a segment.
        :param what: what is attempted, for messages: "list the tokens".
        :param tries: how often at most, where that is less than usual.
        :param repeatable: doing it twice does no harm; by itself, everything but a POST.
        :param fresh: use no connection that was used before.
        :param may_be_empty: a 2xx answer without a body is what the API promises.
        :param advice: by status: what to do about a refusal, where that is not what is to be done about every call.
        :param on_send: is given the time of every try, by the client's clock.
        :raises TursoError: the kind says which; ambiguous tells whether a write may have been carried out.
        """
        outgoing = Outgoing(method, path_of(self._wire.prefix, segments), body, bearer or self.token, query)
        asked = Asked(
            what,
            method,
            outgoing.path,
            attempts=0,
            secrets=tuple(filter(None, (bearer, self.token))),
            advice=advice or {},
            empty=b"{}" if may_be_empty else b"",
        )
        ready_at = self._clock()
        self._refuse_if_hopeless(asked)
        again = Tries(
            limit=tries or self.tries,
            repeatable=method != "POST" if repeatable is None else repeatable,
            deadline=ready_at + MAX_TOTAL_SECONDS,
            begun_at=ready_at,
        )
        while True:
            again.number += 1
            asked = dataclasses.replace(asked, attempts=again.number, may_be_done=again.may_be_done)
            passes = self._pace.passes
            sent_at = self._take_turn(ready_at, passes if again.is_guess else None)
            on_send(sent_at)
            outcome = self._try(outgoing, asked, sent_at, again, fresh=fresh)
            if isinstance(outcome, Answer):
                return outcome
            others_passed = self._pace.passes > passes
            ready_at = self._ready_at(outcome, again, others_passed)

    def elsewhere(self, url: str, token: str, outage: Outage) -> Api:
        """Return a client of another API with the same settings and another bearer; this one's never goes there."""
        return Api(url, token, outage=outage, watch=self._watch, **self._settings)

    def now(self) -> float:
        """Return the seconds of the clock that tries are counted on."""
        return self._clock()

    def pause(self, seconds: float) -> None:
        """Wait, on the clock that retries wait on."""
        self._sleep(seconds)

    def _refuse_if_hopeless(self, asked: Asked) -> None:
        refusal = self._outage.refusal(asked.method, asked.what, self._clock())
        if refusal is not None:
            refusal.method, refusal.path = asked.method, asked.path
            raise refusal

    def _take_turn(self, ready_at: float, passes_before: int | None) -> float:
        """Wait for a moment, and longer where another thread is told meanwhile that all have to; return when it was.

        :param passes_before: where the moment is a guess, how many requests had passed when it was made.
        """
        now = self._clock()
        while True:
            not_before = ready_at if passes_before is None else self._pace.not_before(ready_at, passes_before, now)
            at = self._pace.turn(now, not_before)
            if at <= now:
                return now
            self._sleep(at - now)
            now = max(at, self._clock())

    def _try(self, outgoing: Outgoing, asked: Asked, sent_at: float, again: Tries, *, fresh: bool) -> Answer | Verdict:
        """Do one try, and return its answer or what the lack of one means; tell the other threads what they need to know."""
        patience = self._outage.patience(again.begun_at, sent_at, self._timeout_seconds)
        number = self._outage.sent(sent_at)
        try:
            response, content = self._wire.send(outgoing, again.deadline, patience, fresh=fresh)
        except Lost as lost:
            self._outage.lost(number, self._clock())
            return verdict_on_loss(str(lost), asked, sent=lost.sent, final=lost.final)
        self._outage.answered(number, self._clock())
        status, headers = response.status_code, response.headers
        if 200 <= status < 300:
            self._pass(outgoing.method)
            return answer_in(status, headers, content, asked)
        verdict = verdict_on_refusal(status, headers, content, asked)
        if not verdict.limited:
            self._pass(outgoing.method)
        elif verdict.may_pass:
            now = self._clock()
            self._outage.limited(outgoing.method, now)
            self._pace.limited(sent_at, now, now + wait_seconds(1, verdict.wait_seconds, self._jitter()))
        else:
            self._outage.closed(self._clock() + (verdict.wait_seconds or 0.0))
        return verdict

    def _pass(self, method: str) -> None:
        """Take in that no rate limit refused a request."""
        self._pace.passed()
        self._outage.passed(method)

    def _ready_at(self, verdict: Verdict, again: Tries, others_passed: bool) -> float:
        """Return when the next try is.

        :raises TursoError: there is to be no other.
        """
        now = self._clock()
        ready_at = again.next_at(verdict, now, self._jitter(), others_passed)
        if ready_at is None or self._outage.ends(again.number, again.begun_at, now, ready_at, self._timeout_seconds):
            raise verdict.error
        return ready_at
