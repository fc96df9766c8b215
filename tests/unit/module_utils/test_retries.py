# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a request is tried again: what a verdict, the tries before and the clock come to."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.answers import Asked
from ansible_collections.community.turso.plugins.module_utils._api.retries import (
    MAX_TOTAL_SECONDS,
    Tries,
    Verdict,
    verdict_on_loss,
    verdict_on_refusal,
    wait_seconds,
)

ASKED = Asked("do it", "POST", "/")
LIMITED = verdict_on_refusal(429, {"Retry-After": "2"}, b"", ASKED)
SILENT = verdict_on_refusal(429, {}, b"", ASKED)
FAILED = verdict_on_refusal(500, {}, b"", ASKED)
REFUSED = verdict_on_refusal(400, {}, b"", ASKED)
FOR_LONG = verdict_on_refusal(429, {"Retry-After": "301"}, b"", ASKED)
UNSENT = verdict_on_loss("no connection", ASKED, sent=False, final=False)
LOST = verdict_on_loss("no answer", ASKED, sent=True, final=False)
UNSENDABLE = verdict_on_loss("no such setting", ASKED, sent=False, final=True)

# The verdict, what is known of the tries, whether others passed, and when the next try is: seconds from now, or never.
CASES: dict[str, tuple[Verdict, dict[str, Any], bool, float | None]] = {
    "a rate limit": (LIMITED, {}, False, 2),
    "a rate limit at the last try": (LIMITED, {"fruitless": 4}, False, None),
    "the same, while others pass": (LIMITED, {"fruitless": 4}, True, 2),
    "a rate limit without a second try": (LIMITED, {"limit": 1}, False, None),
    "the same, while others pass it": (LIMITED, {"limit": 1}, True, 2),
    "a rate limit that does not tell for how long": (SILENT, {}, False, 0.5),
    "the same, at the second try": (SILENT, {"fruitless": 1}, False, 1),
    "the same, at the third try": (SILENT, {"fruitless": 2}, False, 10),
    "the same, at the fourth try": (SILENT, {"fruitless": 3}, False, 60),
    "the same, after many tries": (SILENT, {"fruitless": 8, "limit": 10}, False, 60),
    "the same, after many tries that others passed": (SILENT, {"fruitless": 3}, True, 0.5),
    "a rate limit at the deadline": (LIMITED, {"deadline": 101}, False, None),
    "at the deadline, while others pass": (LIMITED, {"deadline": 101}, True, 2),
    "a rate limit for longer than is waited": (FOR_LONG, {}, True, None),
    "a failure of a POST": (FAILED, {}, False, None),
    "a failure of what is repeatable": (FAILED, {"repeatable": True}, False, 0.5),
    "a failure while others pass, which is no race": (FAILED, {"repeatable": True, "fruitless": 4}, True, None),
    "a refusal": (REFUSED, {"repeatable": True}, False, None),
    "nothing sent": (UNSENT, {}, False, 0.5),
    "nothing sent for the fourth time": (UNSENT, {"fruitless": 3}, False, 4),
    "a lost POST": (LOST, {}, False, None),
    "a lost answer to what is repeatable": (LOST, {"repeatable": True}, False, 0.5),
    "what can never be sent": (UNSENDABLE, {"repeatable": True}, False, None),
}


@pytest.mark.parametrize(("verdict", "known", "others_passed", "seconds"), CASES.values(), ids=CASES)
def test_when_the_next_try_is(
    verdict: Verdict, known: dict[str, Any], others_passed: bool, seconds: float | None
) -> None:
    tries = Tries(**{"limit": 5, "repeatable": False, "deadline": 1000.0, **known})
    next_at = tries.next_at(verdict, now=100.0, jitter=1.0, others_passed=others_passed)
    assert next_at == (None if seconds is None else 100.0 + seconds)


@pytest.mark.parametrize(("verdict", "is_guess"), [(LIMITED, False), (SILENT, True), (FAILED, False)])
def test_only_what_nobody_told_is_a_guess(verdict: Verdict, is_guess: bool) -> None:
    tries = Tries(limit=5, repeatable=True, deadline=1000.0)
    tries.next_at(SILENT, 0.0, 1.0, others_passed=False)
    tries.next_at(verdict, 0.0, 1.0, others_passed=False)
    assert tries.is_guess is is_guess


# The method, what came of its last try, whether an earlier one may have been carried out, and whether this may have been.
EFFECTS: dict[str, tuple[str, str, bool, bool]] = {
    "a refusal": ("POST", "400", False, False),
    "a refusal after a lost answer": ("POST", "400", True, True),
    "a rate limit": ("POST", "429", False, False),
    "a rate limit after a lost answer": ("DELETE", "429", True, True),
    "a rate limit for longer than is waited": ("POST", "429 for long", False, False),
    "a failure": ("POST", "500", False, True),
    "a failure for long": ("POST", "503 for long", False, False),
    "a failure of what only reads": ("GET", "500", True, False),
    "a redirect of a creation": ("POST", "302", False, False),
    "a redirect to what was created": ("POST", "303", False, True),
    "a redirect of a revocation": ("DELETE", "302", False, True),
    "a lost answer": ("POST", "lost", False, True),
    "a lost answer to what only reads": ("GET", "lost", False, False),
    "nothing sent": ("POST", "unsent", False, False),
    "nothing sent after a lost answer": ("DELETE", "unsent", True, True),
}


@pytest.mark.parametrize(("method", "came", "may_be_done", "is_ambiguous"), EFFECTS.values(), ids=EFFECTS)
def test_a_failure_says_that_nothing_was_changed_where_that_is_so(
    method: str, came: str, may_be_done: bool, is_ambiguous: bool
) -> None:
    asked = Asked("do it", method, "/", may_be_done=may_be_done)
    if came in ("lost", "unsent"):
        verdict = verdict_on_loss("no answer", asked, sent=came == "lost", final=False)
    else:
        headers = {"Retry-After": "301"} if "for long" in came else {}
        verdict = verdict_on_refusal(int(came[:3]), headers, b"", asked)
    assert verdict.error.ambiguous is is_ambiguous
    assert ("Nothing was changed by it." in verdict.error.msg) is not is_ambiguous


MESSAGES = {
    LOST: "no answer. Check api_url, your network and HTTPS_PROXY, then run this again.",
    UNSENDABLE: "no such setting. Nothing was changed by it.",
    FAILED: "the API answered 500. The problem is on the API's side. Run this again later.",
    REFUSED: "the API answered 400. Nothing was changed by it. Correct the value that the API names.",
    FOR_LONG: "the API answered 429. Nothing was changed by it. The rate limit was still active after the last try. Run this again "
    "later, or raise api_retries. The API asks to wait 301 s, longer than this collection waits.",
}


@pytest.mark.parametrize(("verdict", "says"), MESSAGES.items(), ids=["lost", "unsendable", "500", "400", "429"])
def test_a_failure_says_what_happened_what_it_means_and_what_to_do(verdict: Verdict, says: str) -> None:
    assert verdict.error.msg == f"Could not do it: {says}"


def test_five_minutes_are_waited_for() -> None:
    assert verdict_on_refusal(429, {"Retry-After": "300"}, b"", ASKED).may_pass
    assert not FOR_LONG.may_pass


def test_what_may_be_done_is_remembered() -> None:
    tries = Tries(limit=5, repeatable=True, deadline=1000.0)
    for verdict, may_be_done in ((LIMITED, False), (LOST, True), (LIMITED, True)):
        tries.next_at(verdict, 0.0, 1.0, others_passed=False)
        assert tries.may_be_done is may_be_done


def test_progress_of_others_moves_the_deadline() -> None:
    tries = Tries(limit=5, repeatable=False, deadline=100.0)
    tries.next_at(LIMITED, 90.0, 1.0, others_passed=True)
    assert tries.deadline == 90.0 + MAX_TOTAL_SECONDS
    tries.next_at(LIMITED, 95.0, 1.0, others_passed=False)
    assert tries.deadline == 90.0 + MAX_TOTAL_SECONDS


@pytest.mark.parametrize(
    ("tries", "asked_for", "jitter", "seconds"),
    [(1, None, 0.0, 0.25), (1, None, 1.0, 0.5), (5, None, 1.0, 8.0), (10**6, None, 1.0, 8.0), (1, 9.0, 1.0, 9.0)],
)
def test_waits(tries: int, asked_for: float | None, jitter: float, seconds: float) -> None:
    assert wait_seconds(tries, asked_for, jitter) == seconds
