# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decisions carried out: what the matrix of faults does not show, because it takes more than one fault or more than one token."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Issued, Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import (
    ApiError,
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    TursoError,
    Unauthorized,
    UnexpectedResponse,
    Unreachable,
)
from ansible_collections.community.turso.plugins.module_utils._time import moment_of
from ansible_collections.community.turso.plugins.module_utils._token.apply import apply, side_by_side, withhold
from ansible_collections.community.turso.plugins.module_utils._token.create import FRESH_SECONDS, create
from ansible_collections.community.turso.plugins.module_utils._token.decide import Wanted
from ansible_collections.community.turso.plugins.module_utils._token.outcome import Outcome
from ansible_collections.community.turso.plugins.module_utils._token.refusals import tell_of_refusals
from ansible_collections.community.turso.plugins.module_utils._token.revoke import LIST_PAUSES_SECONDS, revoke, withdraw
from ansible_collections.community.turso.plugins.module_utils._token.verify import (
    PROOF_PAUSES_SECONDS,
    prove,
    withdraw_new,
)
from tests.simulator import Simulator, faults
from tests.simulator import Token as Listed

OWN = "/v1/auth/api-tokens"
ACMES = "/v1/organizations/acme/api-tokens"
MakeTokens = Callable[..., Tokens]


@pytest.fixture
def make_tokens(simulator: Simulator) -> MakeTokens:
    """A client that does something when it would wait."""

    def make(*, on_wait: Callable[[float], None] = lambda _: None, retries: int = 0, connections: int = 1) -> Tokens:
        options: dict[str, Any] = {"sleep": on_wait, "retries": retries, "connections": connections}
        return Tokens(Api(simulator.url, simulator.credential, timeout_seconds=2, **options))

    return make


def wanted(name: str = "ci", **options: Any) -> Wanted:
    return Wanted.from_params({"name": name, **options})


def named(simulator: Simulator, prefix: str = "ci") -> list[str]:
    return [token.name for token in simulator.tokens if token.name.startswith(prefix)]


def seen(token: Listed) -> Token:
    """A token as a list shows it."""
    return Token(token.name, token.id, Restriction(token.organization, token.group, token.scopes))


def nonces() -> Callable[[], str]:
    counted = itertools.count(1)
    return lambda: f"ci-{next(counted)}"


# A create whose answer is lost


@pytest.mark.parametrize(
    ("options", "age", "why"),
    [
        ({"organization": "acme"}, 0, "restricted otherwise"),
        ({}, 3, "older than our request"),
        ({"organization": "acme", "group": "default", "scopes": ["read"]}, 0, "restricted to a group"),
    ],
)
def test_a_token_that_need_not_be_ours_is_left_alone(
    simulator: Simulator, make_tokens: MakeTokens, options: dict[str, Any], age: int, why: str
) -> None:
    """Somebody creates the same name while our answer is lost."""
    theirs: list[Listed] = []

    def created_meanwhile(_: float) -> None:
        if not theirs:
            theirs.append(simulator.given("ci", age_days=age, **options))

    simulator.faults.add("create", faults.Reset())
    with pytest.raises(OutcomeUnknown) as caught:
        create(make_tokens(on_wait=created_meanwhile), wanted())
    assert simulator.alive(theirs[0].secret), why
    assert f"(id {theirs[0].id})" in caught.value.msg
    assert "it was not changed" in caught.value.msg
    assert "revoke it" in caught.value.msg
    assert simulator.writes == [("POST", f"{OWN}/ci")]


def test_a_first_conflict_is_about_somebody_elses_token(simulator: Simulator, make_tokens: MakeTokens) -> None:
    theirs = simulator.given("ci")
    for new_name in (None, nonces()):
        with pytest.raises(Conflict):
            create(make_tokens(), wanted(), new_name)
    assert simulator.alive(theirs.secret)
    assert [request.method for request in simulator.requests] == ["POST", "POST"]


@pytest.mark.parametrize("generation", [False, True])
def test_a_conflict_after_the_revocation_of_ours_is_about_somebody_elses(
    simulator: Simulator, make_tokens: MakeTokens, generation: bool
) -> None:
    """Between our revocation and our second try somebody takes the name."""
    simulator.faults.add("create", faults.Reset(), when="after")
    theirs: list[Listed] = []
    pause = simulator.faults.add("create", faults.Pause(), skip=1)

    def take_the_name() -> None:
        assert pause.wait()
        theirs.append(simulator.given("ci-1" if generation else "ci"))
        pause.resume()

    thread = threading.Thread(target=take_the_name)
    thread.start()
    with pytest.raises(Conflict) as caught:
        create(make_tokens(), wanted(), nonces() if generation else None)
    thread.join()
    assert simulator.alive(theirs[0].secret)
    assert len(named(simulator)) == 1
    assert caught.value.attempts == 2


def test_a_list_from_before_the_create_does_not_deceive(simulator: Simulator, make_tokens: MakeTokens) -> None:
    simulator.faults.add("create", faults.Reset(), when="after")
    simulator.faults.add("list", faults.Stale())
    issued = create(make_tokens(), wanted())
    assert simulator.alive(issued.secret)
    assert named(simulator) == ["ci"]
    assert [method for method, _ in simulator.writes] == ["POST", "POST", "DELETE", "POST"]


def test_what_our_first_request_made_is_ours_though_a_list_was_late_for_long(simulator: Simulator) -> None:
    passed = [0.0]

    def pass_time(seconds: float) -> None:
        passed[0] += seconds + 4
        simulator.advance(seconds=seconds + 4)

    simulator.faults.add("create", faults.Status(500), when="after")
    simulator.faults.add("list", faults.Stale())
    api = Api(simulator.url, simulator.credential, retries=0, clock=lambda: 1000 + passed[0], sleep=pass_time)
    issued = create(Tokens(api), wanted())
    assert simulator.alive(issued.secret)
    assert named(simulator) == ["ci"]
    assert [method for method, _ in simulator.writes] == ["POST", "POST", "DELETE", "POST"]


def test_a_list_that_never_shows_a_name_that_is_taken_is_not_believed(
    simulator: Simulator, make_tokens: MakeTokens
) -> None:
    simulator.faults.add("create", faults.Status(500), when="after")
    simulator.faults.add("list", faults.Stale(), times=None)
    waits: list[float] = []
    with pytest.raises(OutcomeUnknown, match="though the API says that its name is taken") as caught:
        create(make_tokens(on_wait=waits.append), wanted())
    assert "revoke it" in caught.value.msg
    assert caught.value.attempts == 2
    assert waits == [0.0, *LIST_PAUSES_SECONDS]


def test_a_late_list_is_asked_again_before_nothing_is_said_to_be_created(
    simulator: Simulator, make_tokens: MakeTokens
) -> None:
    simulator.faults.add("create", faults.Status(500))
    simulator.faults.add("create", faults.Status(500), when="after")
    simulator.faults.add("list", faults.Stale(), skip=1)
    issued = create(make_tokens(), wanted())
    assert simulator.alive(issued.secret)
    assert named(simulator) == ["ci"]


def test_nothing_created_twice_is_the_apis_failure(simulator: Simulator, make_tokens: MakeTokens) -> None:
    simulator.faults.add("create", faults.Status(500), times=None)
    with pytest.raises(ApiError, match="The list shows that no token was created") as caught:
        create(make_tokens(), wanted())
    assert (caught.value.status, caught.value.attempts, caught.value.ambiguous) == (500, 2, False)


@pytest.mark.parametrize("fault", [faults.Reset(), faults.Status(504), faults.Status(408)], ids=["reset", "504", "408"])
def test_what_may_still_come_is_told(simulator: Simulator, make_tokens: MakeTokens, fault: faults.Fault) -> None:
    simulator.faults.add("create", fault, times=None)
    with pytest.raises(OutcomeUnknown, match="the API may still create it") as caught:
        create(make_tokens(), wanted())
    assert "'ci'" in caught.value.msg


@pytest.mark.parametrize("second", [faults.Status(403), faults.Status(400)], ids=["403", "400"])
def test_what_may_still_come_is_told_when_the_second_try_is_refused(
    simulator: Simulator, make_tokens: MakeTokens, second: faults.Fault
) -> None:
    simulator.faults.add("create", faults.Reset())
    simulator.faults.add("create", second)
    with pytest.raises(OutcomeUnknown, match="the API may still create it") as caught:
        create(make_tokens(), wanted())
    assert "Nothing was changed" not in str(caught.value)


@pytest.mark.parametrize("generation", [False, True])
def test_a_request_that_is_carried_out_late_makes_no_second_token(
    simulator: Simulator, make_tokens: MakeTokens, generation: bool
) -> None:
    """The first try has its effect after the list was asked, just before the second."""
    simulator.faults.add("create", faults.Reset())
    late: list[Listed] = []
    pause = simulator.faults.add("create", faults.Pause())

    def land() -> None:
        assert pause.wait()
        late.append(simulator.given("ci"))
        pause.resume()

    thread = threading.Thread(target=land)
    thread.start()
    issued = create(make_tokens(), wanted(), nonces() if generation else None)
    thread.join()
    assert simulator.alive(issued.secret)
    assert not simulator.alive(late[0].secret)
    assert named(simulator) == [issued.token.name]


def test_while_a_request_may_still_come_its_name_is_kept(simulator: Simulator, make_tokens: MakeTokens) -> None:
    """Two answers are lost, one token is there: what the other request may still make must find the name taken."""
    simulator.faults.add("create", faults.Reset())
    simulator.faults.add("create", faults.Reset(), when="after")
    issued = create(make_tokens(), wanted(), nonces())
    assert issued.token.name == "ci"
    assert named(simulator) == ["ci"]


def test_what_is_carried_out_after_ours_was_revoked_is_ours_too(simulator: Simulator, make_tokens: MakeTokens) -> None:
    """Two answers are lost, one token is revoked, and the other request lands before the third."""
    simulator.faults.add("create", faults.Reset())
    simulator.faults.add("create", faults.Reset(), when="after")
    late: list[Listed] = []
    pause = simulator.faults.add("create", faults.Pause(), skip=1)

    def land() -> None:
        assert pause.wait()
        late.append(simulator.given("ci"))
        pause.resume()

    thread = threading.Thread(target=land)
    thread.start()
    with pytest.raises(OutcomeUnknown, match="so none is left"):
        create(make_tokens(), wanted())
    thread.join()
    assert not simulator.alive(late[0].secret)
    assert named(simulator) == []


def test_what_is_carried_out_while_the_third_waits_is_ours_too(simulator: Simulator) -> None:
    """As above, and a rate limit keeps the third waiting, after which it finds its name taken."""
    moment = [1000.0]
    late: list[Listed] = []

    def wait(seconds: float) -> None:
        if seconds >= 4 and not late:
            late.append(simulator.given("ci"))
        moment[0] += seconds
        simulator.clock.advance(seconds=seconds)

    simulator.faults.add("create", faults.Reset())
    simulator.faults.add("create", faults.Reset(), when="after")
    simulator.faults.add("create", faults.rate_limited(4), skip=1)
    tokens = Tokens(Api(simulator.url, simulator.credential, retries=1, clock=lambda: moment[0], sleep=wait))
    with pytest.raises(OutcomeUnknown, match="so none is left"):
        create(tokens, wanted())
    assert not simulator.alive(late[0].secret)
    assert named(simulator) == []


def test_an_answer_that_is_lost_twice_leaves_nothing(simulator: Simulator, make_tokens: MakeTokens) -> None:
    simulator.faults.add("create", faults.Reset(), when="after", times=None)
    with pytest.raises(OutcomeUnknown, match="so none is left") as caught:
        create(make_tokens(), wanted(), nonces())
    assert named(simulator) == []
    assert simulator.writes == [
        ("POST", f"{OWN}/ci"),
        ("DELETE", f"{OWN}/ci"),
        ("POST", f"{OWN}/ci-1"),
        ("DELETE", f"{OWN}/ci-1"),
    ]
    assert caught.value.attempts == 2
    assert "'ci-1'" in caught.value.msg


@pytest.mark.parametrize("list_fault", [faults.Status(403), faults.Reset(), faults.garbage()], ids=lambda one: one.kind)
def test_without_a_list_nothing_is_known(
    simulator: Simulator, make_tokens: MakeTokens, list_fault: faults.Fault
) -> None:
    simulator.faults.add("create", faults.Reset(), when="after")
    simulator.faults.add("list", list_fault)
    with pytest.raises(OutcomeUnknown, match="the list of tokens could not be read either") as caught:
        create(make_tokens(), wanted())
    assert "If the token 'ci' is there" in caught.value.msg
    assert "revoke it: it is new" in caught.value.msg
    assert named(simulator) == ["ci"]


def test_what_cannot_be_revoked_is_named(simulator: Simulator, make_tokens: MakeTokens) -> None:
    simulator.faults.add("create", faults.Reset(), when="after")
    simulator.faults.add("revoke", faults.Status(403))
    with pytest.raises(OutcomeUnknown, match="could not be revoked") as caught:
        create(make_tokens(), wanted())
    (left,) = [token for token in simulator.tokens if token.name == "ci"]
    assert f"Revoke the token with the id {left.id}" in caught.value.msg


def test_a_refusal_that_comes_after_the_effect_is_told(simulator: Simulator, make_tokens: MakeTokens) -> None:
    """All are looked for in one list."""
    simulator.faults.add("create", faults.Status(403), when="after")
    simulator.faults.add("create", faults.Status(403), skip=1, times=None)
    outcomes, _now = apply(make_tokens(), [wanted(), wanted("cd"), wanted("ce")], check_mode=False)
    errors = [outcome.error for outcome in outcomes if outcome.error]
    assert [error.kind for error in errors] == ["forbidden"] * 3
    (left,) = [token for token in simulator.tokens if token.name == "ci"]
    assert [f"exists now all the same (id {left.id})" in error.msg for error in errors] == [True, False, False]
    assert ["Nothing was changed by it" in error.msg for error in errors] == [False, True, True]
    assert [request.method for request in simulator.requests] == ["GET", "POST", "POST", "POST", "GET"]


@pytest.mark.parametrize("stuck", [False, True])
def test_a_generation_that_was_refused_after_the_effect_is_revoked(
    simulator: Simulator, make_tokens: MakeTokens, stuck: bool
) -> None:
    simulator.faults.add("create", faults.Status(400), when="after")
    if stuck:
        simulator.faults.add("revoke", faults.Status(403))
    outcome, tokens = Outcome(wanted()), make_tokens()
    with pytest.raises(InvalidRequest) as caught:
        create(tokens, outcome.wanted, nonces())
    outcome.error = caught.value
    tell_of_refusals(tokens, [outcome], are_ours=True)
    told = str(outcome.error)
    assert ("was revoked again" in told, "Revoke the token with the id" in told) == (not stuck, stuck)
    assert "Nothing was changed" not in told.partition("was created")[0]
    assert named(simulator) == (["ci"] if stuck else [])


def test_a_name_that_was_free_long_ago_is_not_taken_for_ours(simulator: Simulator, make_tokens: MakeTokens) -> None:
    """Among many, the list may be old when it is a token's turn: somebody else may have taken its name since."""
    tokens = make_tokens()
    theirs = simulator.given("ci")
    simulator.faults.add("create", faults.Reset())
    with pytest.raises(OutcomeUnknown, match="Another process may have created it") as caught:
        create(tokens, wanted(), listed_at=tokens.api.now() - FRESH_SECONDS - 1)
    assert theirs.id in caught.value.msg
    assert simulator.alive(theirs.secret)


@pytest.mark.parametrize("then", [faults.Status(500), faults.Status(503), faults.Reset()], ids=["500", "503", "reset"])
@pytest.mark.parametrize("lost_before", [False, True])
def test_what_was_made_while_a_rate_limit_kept_us_waiting_is_not_ours(
    simulator: Simulator, then: faults.Fault, lost_before: bool
) -> None:
    passed = [1000.0]
    theirs: list[Listed] = []

    def made_meanwhile(_seconds: float) -> None:
        if not theirs and "ci" not in named(simulator):
            theirs.append(simulator.given("ci"))
        passed[0] += FRESH_SECONDS - 4
        simulator.advance(seconds=FRESH_SECONDS - 4)

    if lost_before:
        simulator.faults.add("create", faults.Status(500), when="after")
    simulator.faults.add("create", faults.Status(429), skip=int(lost_before))
    simulator.faults.add("create", then, skip=int(lost_before))
    api = Api(simulator.url, simulator.credential, retries=1, clock=lambda: passed[0], sleep=made_meanwhile)
    with pytest.raises(OutcomeUnknown, match="Another process may have created it"):
        create(Tokens(api), wanted())
    assert simulator.alive(theirs[0].secret)
    assert [method for method, _ in simulator.writes].count("DELETE") == lost_before


def test_what_is_lost_is_ours_whatever_our_clock_says(simulator: Simulator, make_tokens: MakeTokens) -> None:
    """Answers without a date are dated by our clock, which may be ahead of the API's."""
    simulator.behave(sends_date=False)
    simulator.clock.advance(minutes=-1)
    simulator.faults.add("create", faults.Reset(), when="after")
    issued = create(make_tokens(), wanted())
    assert named(simulator) == ["ci"]
    assert simulator.alive(issued.secret)


def test_among_many_the_age_of_the_list_counts(simulator: Simulator) -> None:
    passed = [0.0]
    theirs: list[Any] = []
    api = Api(simulator.url, simulator.credential, retries=0, clock=lambda: passed[0], sleep=lambda _: None)

    def take_the_other_name() -> None:
        passed[0] += FRESH_SECONDS + 1
        if not theirs:
            theirs.append(simulator.given("b"))

    simulator.faults.add(f"POST {OWN}/b", faults.Reset())
    outcomes, _ = apply(Tokens(api), [wanted("a"), wanted("b")], check_mode=False, on_done=take_the_other_name)
    assert outcomes[0].secret is not None
    assert isinstance(outcomes[1].error, OutcomeUnknown)
    assert simulator.alive(theirs[0].secret)


def test_where_no_thread_can_be_started_everything_is_done_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []

    def start(thread: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        threading.Thread._start_for_real(thread)  # type: ignore[attr-defined]

    monkeypatch.setattr(threading.Thread, "_start_for_real", threading.Thread.start, raising=False)
    monkeypatch.setattr(threading.Thread, "start", start)
    done: list[int] = []
    side_by_side(done.append, range(100), 8)
    assert sorted(done) == list(range(100))
    assert len(started) == 1


def test_a_refusal_stays_what_it_is_where_the_list_cannot_tell(simulator: Simulator, make_tokens: MakeTokens) -> None:
    simulator.faults.add("create", faults.Status(403), times=None)
    simulator.faults.add("list", faults.Status(500))
    for _ in range(2):
        outcome, tokens = Outcome(wanted()), make_tokens()
        with pytest.raises(Forbidden) as caught:
            create(tokens, outcome.wanted)
        outcome.error = caught.value
        tell_of_refusals(tokens, [outcome], are_ours=False)
        assert outcome.error is caught.value
        assert "is there now" not in caught.value.msg


def test_a_create_that_was_never_sent_asks_for_no_list(make_tokens: MakeTokens) -> None:
    with Simulator() as gone:
        tokens = Tokens(Api(gone.url, gone.credential, retries=0))
    with pytest.raises(Unreachable) as caught:
        create(tokens, wanted())
    assert not caught.value.ambiguous


def test_a_gateway_that_ends_idle_connections_costs_no_token(simulator: Simulator, make_tokens: MakeTokens) -> None:
    """What was lost on a connection that was used before goes out again on a new one."""
    simulator.faults.add("*", faults.Idle(), times=None)
    many = [wanted(f"ci-{number}") for number in range(30)]
    outcomes, _ = apply(make_tokens(connections=4, retries=1), many, check_mode=False, concurrency=4)
    assert [outcome.error for outcome in outcomes] == [None] * 30
    assert all(simulator.alive(outcome.secret or "") for outcome in outcomes)
    assert len(named(simulator)) == 30


def test_what_is_not_begun_in_time_is_told_and_what_needs_nothing_is_not_asked_about(
    simulator: Simulator, make_tokens: MakeTokens
) -> None:
    simulator.given("there")
    reasons = iter([None, "the run was ended"])
    many = [wanted("there"), wanted("a"), wanted("b")]
    (there, a, b), _now = apply(make_tokens(), many, check_mode=False, stop=lambda: next(reasons))
    assert (there.error, a.error) == (None, None)
    assert simulator.alive(a.secret or "")
    assert b.error is not None
    assert b.error.msg == "The token 'b' was not processed: the run was ended. It was not changed. Run this again."
    assert simulator.writes == [("POST", f"{OWN}/a")]


@pytest.mark.parametrize("stuck", [False, True])
def test_what_cannot_be_handed_over_is_revoked_again(
    simulator: Simulator, make_tokens: MakeTokens, stuck: bool
) -> None:
    simulator.given("there")
    tokens = make_tokens()
    outcomes, _now = apply(tokens, [wanted("there"), wanted()], check_mode=False)
    if stuck:
        simulator.faults.add("revoke", faults.Status(403))
    withhold(tokens, outcomes, "the disk is full", 1)
    there, ci = outcomes
    assert (there.error, there.changed, there.after) == (None, False, there.before)
    assert ci.error is not None
    assert ci.error.msg.startswith(
        "The module could not return the new token 'ci': the disk is full. The new token 'ci' "
    )
    assert ("could not be revoked again" in ci.error.msg, ci.changed, ci.after is not None) == (stuck, stuck, stuck)
    assert ci.secret is None
    assert named(simulator) == (["ci"] if stuck else [])


# Revoking


@pytest.mark.parametrize("organization", [None, "acme"])
def test_a_revocation_by_name_whose_answer_is_lost_spares_who_took_the_name_since(
    simulator: Simulator, make_tokens: MakeTokens, organization: str | None
) -> None:
    ci = simulator.given("ci", organization=organization)
    simulator.faults.add("revoke", faults.Reset(), when="after")
    theirs: list[Listed] = []

    def create_meanwhile(_seconds: float) -> None:
        if not theirs:
            theirs.append(simulator.given("ci"))

    revoke(make_tokens(on_wait=create_meanwhile, retries=4), seen(ci))
    assert simulator.alive(theirs[0].secret)
    assert [method for method, _ in simulator.writes] == ["DELETE"]


@pytest.mark.parametrize("may_use_ids", [True, False])
def test_a_revocation_by_name_is_repeated_by_id_where_that_is_allowed(
    simulator: Simulator, make_tokens: MakeTokens, may_use_ids: bool
) -> None:
    ci = simulator.given("ci", organization="acme")
    simulator.faults.add("revoke", faults.Reset())
    if not may_use_ids:
        simulator.faults.add("org_revoke", faults.Status(403))
    revoke(make_tokens(retries=4), seen(ci))
    assert not simulator.alive(ci.secret)
    by_id, by_name = ("DELETE", f"{ACMES}/{ci.id}"), ("DELETE", f"{OWN}/ci")
    assert simulator.writes == [by_name, by_id, *([] if may_use_ids else [by_name])]


def test_a_revocation_by_name_is_repeated_as_often_as_any_request(
    simulator: Simulator, make_tokens: MakeTokens
) -> None:
    ci = simulator.given("ci")
    simulator.faults.add("revoke", faults.Status(502), times=None)
    with pytest.raises(ApiError, match="is still listed") as caught:
        revoke(make_tokens(retries=2), seen(ci))
    assert caught.value.attempts == 3
    assert [method for method, _ in simulator.writes] == ["DELETE"] * 3


def test_a_refusal_after_a_lost_revocation_does_not_say_that_nothing_was_changed(
    simulator: Simulator, make_tokens: MakeTokens
) -> None:
    ci = simulator.given("ci")
    for fault in (faults.Reset(), faults.Status(403)):
        simulator.faults.add("revoke", fault)
    with pytest.raises(Forbidden) as caught:
        revoke(make_tokens(retries=1), seen(ci))
    assert "Nothing was changed" not in caught.value.msg


@pytest.mark.parametrize("status", [400, 404, 410, 422])
@pytest.mark.parametrize("by_id", [False, True])
def test_whatever_an_unknown_token_is_answered_with_the_list_decides(
    simulator: Simulator, make_tokens: MakeTokens, status: int, by_id: bool
) -> None:
    simulator.behave(unknown_status=status)
    ci = simulator.given("ci", organization="acme")
    simulator.withdraw("ci")
    revoke(make_tokens(), seen(ci), "acme" if by_id else None)
    there = simulator.given("there", organization="acme")
    simulator.faults.add("*", faults.Status(status))
    with pytest.raises(TursoError, match="is still listed") as caught:
        revoke(make_tokens(), seen(there), "acme" if by_id else None)
    assert caught.value.status == status


@pytest.mark.parametrize("organization", [None, "acme"])
def test_a_new_token_that_no_list_has_shown_is_not_said_to_be_revoked_by_a_404(
    simulator: Simulator, make_tokens: MakeTokens, organization: str | None
) -> None:
    """It becomes visible some seconds after its creation; until then neither lists nor revocations know it."""
    ci = simulator.given("ci", organization=organization)
    for call in ("revoke", "org_revoke"):
        simulator.faults.add(call, faults.Status(404), times=None)
    for call in ("list", "org_list"):
        simulator.faults.add(call, faults.Stale(), times=None)
    error, left_behind = withdraw_new(make_tokens(), Issued(seen(ci), ci.secret), Unauthorized("No proof."))
    assert "may still be active, because no list has shown it yet" in error.msg
    assert f"(id {ci.id})" in error.msg
    assert "was revoked again" not in error.msg
    assert left_behind


def test_a_new_token_whose_revocation_is_answered_is_revoked(simulator: Simulator, make_tokens: MakeTokens) -> None:
    ci = simulator.given("ci")
    simulator.faults.add("list", faults.Stale(), times=None)
    _error, left_behind = withdraw_new(make_tokens(), Issued(seen(ci), ci.secret), Unauthorized("No proof."))
    assert not left_behind
    assert not simulator.alive(ci.secret)


def test_a_revocation_by_name_or_id_is_one_request(simulator: Simulator, make_tokens: MakeTokens) -> None:
    ci, cd = simulator.given("ci"), simulator.given("cd", organization="acme")
    revoke(make_tokens(), seen(ci))
    revoke(make_tokens(), seen(cd), "acme")
    assert [(one.method, one.path) for one in simulator.requests] == [
        ("DELETE", f"{OWN}/ci"),
        ("DELETE", f"{ACMES}/{cd.id}"),
    ]


@pytest.mark.parametrize("by_id", [False, True])
@pytest.mark.parametrize("stale", [0, 1, 2])
def test_a_token_that_is_gone_counts_as_revoked_when_the_list_agrees(
    simulator: Simulator, make_tokens: MakeTokens, by_id: bool, stale: int
) -> None:
    ci = simulator.given("ci", organization="acme")
    simulator.withdraw("ci")
    simulator.faults.add("org_list" if by_id else "list", faults.Stale(), times=stale)
    waits: list[float] = []
    revoke(make_tokens(on_wait=waits.append), seen(ci), "acme" if by_id else None)
    assert waits == list(LIST_PAUSES_SECONDS[: stale + 1])


def test_a_token_that_the_list_goes_on_showing_is_not_revoked(simulator: Simulator, make_tokens: MakeTokens) -> None:
    ci = simulator.given("ci")
    simulator.withdraw("ci")
    simulator.faults.add("list", faults.Stale(), times=None)
    with pytest.raises(NotFound, match=rf"The token 'ci' \(id {ci.id}\) is still listed"):
        revoke(make_tokens(), seen(ci))


def test_another_token_of_that_name_is_not_the_one_that_was_revoked(
    simulator: Simulator, make_tokens: MakeTokens
) -> None:
    ci = simulator.given("ci")
    simulator.faults.add("revoke", faults.Reset(), when="after")
    simulator.faults.add("list", faults.Pause())
    rule = simulator.faults.rules[-1]

    def recreate() -> None:
        assert rule.wait()
        simulator.given("ci")
        rule.resume()

    thread = threading.Thread(target=recreate)
    thread.start()
    revoke(make_tokens(), seen(ci))
    thread.join()
    assert not simulator.alive(ci.secret)
    assert named(simulator) == ["ci"]


def test_a_revocation_that_nothing_is_known_of(simulator: Simulator, make_tokens: MakeTokens) -> None:
    ci = simulator.given("ci")
    simulator.faults.add("revoke", faults.Reset())
    simulator.faults.add("list", faults.Status(403))
    with pytest.raises(OutcomeUnknown, match="may still be active") as caught:
        revoke(make_tokens(), seen(ci))
    assert f"'ci' (id {ci.id})" in caught.value.msg
    assert isinstance(caught.value.__cause__, Forbidden)


@pytest.mark.parametrize("status", [401, 402, 403, 409])
def test_a_refused_revocation_asks_for_no_list(simulator: Simulator, make_tokens: MakeTokens, status: int) -> None:
    ci = simulator.given("ci")
    simulator.faults.add("revoke", faults.Status(status))
    with pytest.raises(TursoError) as caught:
        revoke(make_tokens(), seen(ci))
    assert caught.value.status == status
    assert len(simulator.requests) == 1


# What the organization's calls answer, and what is asked in turn.
BY_ID, BY_NAME = ("DELETE", "org_revoke"), ("DELETE", "revoke")
WITHDRAWALS = {
    "by its id": ({}, ["org_revoke"]),
    "by its name where the id may not be used": ({"org_revoke": 403}, ["org_revoke", "revoke"]),
    "by its name where the id is not known but listed": (
        {"org_revoke": 404},
        ["org_revoke", "org_list", "org_list", "org_list", "revoke"],
    ),
    "by its name where the organization's list may not be seen": (
        {"org_revoke": 404, "org_list": 403},
        ["org_revoke", "org_list", "revoke"],
    ),
    "by its name where there is no such list": (
        {"org_revoke": 500, "org_list": 404},
        ["org_revoke", "org_list", "revoke"],
    ),
}


@pytest.mark.parametrize(("answers", "calls"), WITHDRAWALS.values(), ids=WITHDRAWALS)
def test_our_own_token_is_withdrawn(
    simulator: Simulator, make_tokens: MakeTokens, answers: dict[str, int], calls: list[str]
) -> None:
    ci = simulator.given("ci", organization="acme")
    for call, status in answers.items():
        simulator.faults.add(call, faults.Status(status), times=None)
    withdraw(make_tokens(), seen(ci))
    assert [request.call for request in simulator.requests] == calls
    assert not simulator.alive(ci.secret)


@pytest.mark.parametrize("organization", [None, "acme"])
def test_a_listed_token_that_is_gone_is_withdrawn(
    simulator: Simulator, make_tokens: MakeTokens, organization: str | None
) -> None:
    ci = simulator.given("ci", organization=organization)
    simulator.withdraw("ci")
    withdraw(make_tokens(), seen(ci))


def test_an_unrestricted_token_is_withdrawn_by_its_name(simulator: Simulator, make_tokens: MakeTokens) -> None:
    withdraw(make_tokens(), seen(simulator.given("ci")))
    assert simulator.writes == [("DELETE", f"{OWN}/ci")]


@pytest.mark.parametrize(("status", "kind"), [(401, Unauthorized), (500, OutcomeUnknown)])
def test_a_withdrawal_that_fails_for_another_reason_fails(
    simulator: Simulator, make_tokens: MakeTokens, status: int, kind: type[TursoError]
) -> None:
    ci = simulator.given("ci", organization="acme")
    simulator.faults.add("*", faults.Status(status), times=None)
    with pytest.raises(kind):
        withdraw(make_tokens(), seen(ci))
    assert "revoke" not in [request.call for request in simulator.requests]


# Proof


@pytest.fixture
def issued(simulator: Simulator) -> Issued:
    ci = simulator.given("ci", organization="acme")
    return Issued(seen(ci), ci.secret)


@pytest.mark.parametrize("unknown_at_first", [0, 1, 2])
def test_a_new_secret_may_take_a_moment_to_be_known(
    simulator: Simulator, make_tokens: MakeTokens, issued: Issued, unknown_at_first: int
) -> None:
    simulator.faults.add("validate", faults.Status(401), times=unknown_at_first)
    waits: list[float] = []
    assert prove(make_tokens(on_wait=waits.append), issued) is None
    assert simulator.requests[-1].token_id == issued.token.id  # by its own value, not by the credential's
    assert waits == list(PROOF_PAUSES_SECONDS[: unknown_at_first + 1])


def test_a_secret_that_stays_unknown_is_no_secret(
    simulator: Simulator, make_tokens: MakeTokens, issued: Issued
) -> None:
    simulator.faults.add("validate", faults.Status(401, {"error": "invalid token"}), times=None)
    with pytest.raises(Unauthorized, match="The API rejects the new token 'ci'") as caught:
        prove(make_tokens(), issued)
    assert caught.value.as_error() == {
        "kind": "unauthorized",
        "status": 401,
        "method": "GET",
        "path": "/v1/auth/validate",
        "api_message": "invalid token",
        "attempts": 3,
    }
    assert [request.call for request in simulator.requests] == ["validate"] * 3


def test_tries_of_a_proof_are_counted(simulator: Simulator, make_tokens: MakeTokens, issued: Issued) -> None:
    simulator.faults.add("validate", faults.Status(500))
    simulator.faults.add("validate", faults.Status(401), times=None)
    with pytest.raises(Unauthorized) as caught:
        prove(make_tokens(retries=1), issued)
    assert caught.value.attempts == 4


def test_a_forbidden_proof_is_a_warning(simulator: Simulator, make_tokens: MakeTokens, issued: Issued) -> None:
    simulator.faults.add("validate", faults.Status(403))
    warning = prove(make_tokens(), issued)
    assert warning is not None
    assert "403 when the new token 'ci' was validated" in warning
    assert simulator.alive(issued.secret)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (faults.Status(401), Unauthorized),
        (faults.Status(500), ApiError),
        (faults.Reset(), Unreachable),
        (faults.garbage(), UnexpectedResponse),
        (faults.Status(404), NotFound),
    ],
    ids=["401", "500", "reset", "HTML", "404"],
)
def test_what_does_not_prove_itself_is_revoked(
    simulator: Simulator, make_tokens: MakeTokens, issued: Issued, fault: faults.Fault, kind: type[TursoError]
) -> None:
    simulator.faults.add("validate", fault, times=None)
    tokens = make_tokens()
    with pytest.raises(kind) as caught:
        prove(tokens, issued)
    error, left_behind = withdraw_new(tokens, issued, caught.value)
    assert type(error) is kind
    assert error.msg.endswith(f" The new token 'ci' (id {issued.token.id}) was revoked again.")
    assert simulator.writes == [("DELETE", f"{ACMES}/{issued.token.id}")]
    assert not simulator.alive(issued.secret)
    assert not left_behind


def test_what_can_neither_be_proven_nor_revoked_is_named(
    simulator: Simulator, make_tokens: MakeTokens, issued: Issued
) -> None:
    for call in ("revoke", "org_revoke"):
        simulator.faults.add(call, faults.Status(403))
    error, left_behind = withdraw_new(make_tokens(), issued, Unauthorized("It did not prove itself."))
    assert "could not be revoked again either" in error.msg
    assert f"Revoke the token with the id {issued.token.id}" in error.msg
    assert simulator.alive(issued.secret)
    assert left_behind


# Many at once


@pytest.mark.parametrize("concurrency", [1, 4])
def test_each_list_is_asked_once_and_each_outcome_has_its_place(
    simulator: Simulator, make_tokens: MakeTokens, concurrency: int
) -> None:
    there = simulator.given("there")
    gone = [simulator.given(f"gone-{number}", organization="acme") for number in range(3)]
    many = [
        wanted("new-1"),
        *(wanted(None, id=one.id, organization="acme", state="absent") for one in gone),  # type: ignore[arg-type]
        wanted("there"),
        wanted("new-2", organization="acme"),
        wanted("not-there", state="absent"),
    ]
    outcomes, moment = apply(make_tokens(connections=concurrency), many, check_mode=False, concurrency=concurrency)
    assert [(outcome.name, outcome.changed) for outcome in outcomes] == [
        ("new-1", True),
        *((one.name, True) for one in gone),
        ("there", False),
        ("new-2", True),
        ("not-there", False),
    ]
    assert [outcome.wanted for outcome in outcomes] == many
    assert [request.call for request in simulator.requests if request.method == "GET"] == ["list", "org_list", "list"]
    assert simulator.max_concurrent <= concurrency
    assert all(simulator.alive(outcome.secret) for outcome in outcomes if outcome.secret is not None)
    assert outcomes[4].before == outcomes[4].after
    assert outcomes[4].after is not None
    assert outcomes[4].after.id == there.id
    assert moment == simulator.requests[0].at.replace(microsecond=0)


def test_a_failure_stops_no_other(simulator: Simulator, make_tokens: MakeTokens) -> None:
    simulator.given("drifted", organization="acme")
    simulator.faults.add("POST */refused", faults.Status(403), times=None)
    many = [wanted("drifted"), wanted("refused"), wanted("new")]
    outcomes, moment = apply(make_tokens(connections=2), many, check_mode=False, concurrency=2)
    results = [outcome.as_result(moment) for outcome in outcomes]
    assert [(result["failed"], result["changed"]) for result in results] == [
        (True, False),
        (True, False),
        (False, True),
    ]
    assert [result["error"] and result["error"]["kind"] for result in results] == ["drift", "forbidden", None]
    assert results[2]["msg"] == "created"
    assert results[2]["secret"] == outcomes[2].secret
    assert outcomes[0].after == outcomes[0].before


def test_a_list_that_fails_fails_those_that_need_it(simulator: Simulator, make_tokens: MakeTokens) -> None:
    ci = simulator.given("ci", organization="acme")
    simulator.faults.add("list", faults.Status(500))
    by_id = Wanted.from_params({"id": ci.id, "organization": "acme", "state": "absent"})
    outcomes, _ = apply(make_tokens(), [wanted("new"), by_id], check_mode=False)
    assert [outcome.error and outcome.error.kind for outcome in outcomes] == ["api_error", None]
    assert simulator.writes == [("DELETE", f"{ACMES}/{ci.id}")]


def test_without_any_list_the_time_is_the_clocks(simulator: Simulator, make_tokens: MakeTokens) -> None:
    simulator.faults.add("*", faults.Status(401), times=None)
    outcomes, moment = apply(make_tokens(), [wanted()], check_mode=False)
    assert isinstance(outcomes[0].error, Unauthorized)
    assert moment.tzinfo is not None


def test_a_bug_met_by_one_costs_no_other_its_secret(simulator: Simulator, make_tokens: MakeTokens) -> None:
    tokens = make_tokens(connections=2)

    def hide(secret: str) -> None:
        if next(token.name for token in simulator.tokens if token.secret == secret) == "first":
            raise ZeroDivisionError(secret)

    outcomes, _ = apply(
        Tokens(tokens.api, on_secret=hide), [wanted("first"), wanted("second")], check_mode=False, concurrency=2
    )
    error = outcomes[0].error
    assert error is not None
    assert (
        error.msg == "Internal error with the token 'first': ZeroDivisionError. List your tokens, and please report it."
    )
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert outcomes[1].secret is not None
    assert simulator.alive(outcomes[1].secret)


def test_check_mode_foretells_and_only_reads(simulator: Simulator, make_tokens: MakeTokens) -> None:
    simulator.given("old")
    simulator.given("kept")
    many = [wanted("new", organization="acme"), wanted("old", state="absent"), wanted("kept")]
    outcomes, moment = apply(make_tokens(), many, check_mode=True, validate=True, concurrency=4)
    results = [outcome.as_result(moment) for outcome in outcomes]
    assert [(result["msg"], result["changed"], result["secret"]) for result in results] == [
        ("created", True, None),
        ("revoked", True, None),
        ("unchanged", False, None),
    ]
    assert outcomes[0].after == Token("new", None, Restriction("acme"))
    assert outcomes[1].after is None
    assert [request.method for request in simulator.requests] == ["GET"]


@pytest.mark.parametrize(("status", "failed"), [(200, False), (403, False), (401, True)])
def test_what_is_created_is_proven_where_that_is_asked_for(
    simulator: Simulator, make_tokens: MakeTokens, status: int, failed: bool
) -> None:
    if status != 200:
        simulator.faults.add("validate", faults.Status(status), times=None)
    (outcome,), moment = apply(make_tokens(), [wanted()], check_mode=False, validate=True)
    assert (outcome.error is not None, outcome.changed, outcome.secret is None) == (failed, not failed, failed)
    assert bool(named(simulator)) is not failed
    assert ("403" in outcome.as_result(moment)["msg"]) is (status == 403)
    assert (outcome.warning is not None) is (status == 403)


def test_what_is_created_is_told_as_it_is_listed(simulator: Simulator, make_tokens: MakeTokens) -> None:
    """Not as it was asked for: the server may have made something else of it."""
    simulator.behave(full_access_also=["db:fly"], extra_fields={"organization": "ACME"}, created_at="timestamp")
    (outcome,), moment = apply(make_tokens(), [wanted(organization="acme")], check_mode=False)
    assert outcome.after is not None
    assert outcome.after.restriction == Restriction("ACME")
    assert outcome.after.created_at is not None
    assert outcome.secret is not None
    told = "with different settings: organization is 'ACME', expected 'acme'"
    assert outcome.as_result(moment)["msg"].startswith(
        f"The API created the token 'ci' (id {outcome.after.id}) {told}."
    )


def test_a_list_that_only_tells_how_it_came_out_is_asked_for_once(
    simulator: Simulator, make_tokens: MakeTokens
) -> None:
    simulator.faults.add("list", faults.Status(503), skip=1, times=None)
    (outcome,), _now = apply(make_tokens(retries=4), [wanted()], check_mode=False)
    assert simulator.alive(outcome.secret or "")
    assert [request.method for request in simulator.requests] == ["GET", "POST", "GET"]


def test_a_created_token_that_differs_and_was_not_proven_has_both_warnings(
    simulator: Simulator, make_tokens: MakeTokens
) -> None:
    simulator.behave(extra_fields={"organization": "ACME"})
    simulator.faults.add("validate", faults.Status(403))
    (outcome,), _ = apply(make_tokens(), [wanted(organization="acme")], check_mode=False, validate=True)
    assert outcome.warning is not None
    assert "answered 403" in outcome.warning
    assert "different settings" in outcome.warning


@pytest.mark.parametrize("fault", [faults.Stale(), faults.Status(500)], ids=["late", "500"])
def test_what_is_created_and_not_listed_is_told_as_it_was_answered(
    simulator: Simulator, make_tokens: MakeTokens, fault: faults.Fault
) -> None:
    simulator.faults.add("list", fault, skip=1)
    (outcome,), _ = apply(make_tokens(), [wanted(organization="acme")], check_mode=False)
    assert outcome.after == Token("ci", simulator.tokens[-1].id, Restriction("acme"))
    assert outcome.error is None
    assert outcome.warning is None


LEFT_BEHIND = {
    "the answer and the list are lost": (
        [("create", faults.Reset(), "after"), ("list", faults.Status(403), "before")],
        1,
    ),
    "it cannot be revoked": ([("create", faults.Reset(), "after"), ("revoke", faults.Status(403), "before")], 0),
}


@pytest.mark.parametrize(("struck", "skip"), LEFT_BEHIND.values(), ids=LEFT_BEHIND)
def test_a_token_that_is_left_behind_is_a_change(
    simulator: Simulator, make_tokens: MakeTokens, struck: list[tuple[str, faults.Fault, str]], skip: int
) -> None:
    for on, fault, when in struck:
        simulator.faults.add(on, fault, when=when, skip=skip if on == "list" else 0)
    (outcome,), _ = apply(make_tokens(), [wanted()], check_mode=False)
    assert isinstance(outcome.error, OutcomeUnknown)
    assert outcome.changed
    assert named(simulator) == ["ci"]


def test_an_outcome_shows_no_secret_but_as_the_secret() -> None:
    moment = moment_of("2026-11-24")
    assert moment is not None
    outcome = Outcome(wanted(), changed=True, after=Token("ci", "1"), secret="value-of-ci")
    assert "value-of-ci" not in repr(outcome)
    result = outcome.as_result(moment)
    assert result.pop("secret") == "value-of-ci"
    assert "value-of-ci" not in json.dumps([result, outcome.headed_diff(moment)])
    assert outcome.headed_diff(moment) == {
        "before_header": "ci",
        "after_header": "ci",
        "before": {},
        "after": Token("ci", "1").as_result(moment),
    }
    gone = Outcome(Wanted.from_params({"id": "1", "organization": "acme", "state": "absent"}))
    assert gone.name is None
    assert gone.headed_diff(moment) == {"before_header": "", "after_header": "", "before": {}, "after": {}}
    assert gone.token_result(moment) is None
