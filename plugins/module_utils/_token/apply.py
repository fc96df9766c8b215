# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: carry decisions out, for one token as for a thousand: list, decide, write side by side."""

from __future__ import annotations

import contextlib
import datetime
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Optional, TypeVar, Union

from ansible_collections.community.turso.plugins.module_utils._api.listing import Listing
from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Issued, Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import (
    InvalidRequest,
    LeftBehind,
    Refused,
    TursoError,
)
from ansible_collections.community.turso.plugins.module_utils._time import utc_now
from ansible_collections.community.turso.plugins.module_utils._token.create import create
from ansible_collections.community.turso.plugins.module_utils._token.decide import Decision, Wanted, decide
from ansible_collections.community.turso.plugins.module_utils._token.outcome import Outcome, failure_kept_in
from ansible_collections.community.turso.plugins.module_utils._token.refusals import judge_refusals, refused_name
from ansible_collections.community.turso.plugins.module_utils._token.revoke import revoke
from ansible_collections.community.turso.plugins.module_utils._token.verify import prove, withdraw_new

T = TypeVar("T")
Lists = Mapping[Optional[str], Union[Listing, TursoError]]  # by organization; none is the caller's own


def apply(
    tokens: Tokens,
    wanted: Sequence[Wanted],
    *,
    check_mode: bool,
    validate: bool = False,
    concurrency: int = 1,
    on_done: Callable[[], None] = lambda: None,
    stop: Callable[[], str | None] = lambda: None,
) -> tuple[list[Outcome], datetime.datetime]:
    """Bring every wanted token about and return the outcomes in the order asked, and the API's time.

    Each list that is needed is requested once, then the writes run side by side; where something was created or
    refused, one list more tells how it is now. A failure is stored in its outcome and stops no other.

    :param on_done: is called after each, from whatever thread it was done in.
    :param stop: returns why no further token is to be begun, none where it is; asked from whatever thread.
    """
    lists = {key: _listing(tokens, key) for key in dict.fromkeys(_list_needed(item) for item in wanted)}
    outcomes = [Outcome(item) for item in wanted]
    for outcome in outcomes:
        with failure_kept_in(outcome, f" with the {outcome.wanted.label}"):
            outcome.before = outcome.after = _look_up(lists[_list_needed(outcome.wanted)], outcome.wanted)
    _refuse_contradictions(outcomes)

    def bring_about(outcome: Outcome) -> None:
        with failure_kept_in(outcome, f" with the {outcome.wanted.label}"):
            _bring_about(tokens, lists, outcome, check_mode=check_mode, validate=validate, stop=stop)
        on_done()

    side_by_side(bring_about, outcomes, concurrency)
    if not check_mode:
        _look_again(tokens, outcomes)
    moments = [listing.moment for listing in lists.values() if isinstance(listing, Listing)]
    return outcomes, moments[0] if moments else utc_now()


def withhold(tokens: Tokens, outcomes: Sequence[Outcome], reason: str, concurrency: int) -> None:
    """Revoke again what was created, because nobody will get its value.

    :param reason: why, as a sentence without its end.
    """

    def take_back(outcome: Outcome) -> None:
        with failure_kept_in(outcome, f" with the {outcome.wanted.label}"):
            if outcome.secret is not None and outcome.after is not None:
                issued = Issued(outcome.after, outcome.secret)
                refusal = Refused(f"The module could not return the new {outcome.wanted.label}: {reason}.")
                outcome.secret = None
                outcome.error, outcome.changed = withdraw_new(tokens, issued, refusal)
                outcome.after = issued.token if outcome.changed else outcome.before

    side_by_side(take_back, outcomes, concurrency)


def side_by_side(work: Callable[[T], None], items: Iterable[T], concurrency: int) -> None:
    """Do the same work with every item, in as many threads as requests may be under way.

    The calling thread works, too. So everything is done even where no other thread can be started: what was done before
    must not be lost to that.

    :param work: must not raise.
    """
    left = deque(items)

    def take() -> None:
        while True:
            try:
                item = left.popleft()
            except IndexError:
                return
            work(item)

    helpers = min(concurrency, len(left)) - 1
    started: list[threading.Thread] = []
    with contextlib.suppress(RuntimeError):  # there are no more threads to be had
        for _helper in range(helpers):
            thread = threading.Thread(target=take)
            thread.start()
            started.append(thread)
    take()
    for thread in started:
        thread.join()


def _look_up(listing: Listing | TursoError, wanted: Wanted) -> Token | None:
    if isinstance(listing, TursoError):
        raise listing
    return listing.named(wanted.name or "") if wanted.id is None else listing.with_id(wanted.id)


def _refuse_contradictions(outcomes: Sequence[Outcome]) -> None:
    """Refuse a token that is to be present by its name and absent by its id, which only the lists tell."""
    meant: dict[str | None, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.before is not None:
            meant.setdefault(outcome.before.id, []).append(outcome)
    for those in meant.values():
        if len({outcome.wanted.state for outcome in those}) > 1:
            labels = " and the ".join(outcome.wanted.label for outcome in those)
            for outcome in those:
                outcome.error = InvalidRequest(
                    f"The {labels} are the same token, which cannot be both present and absent. It was not changed. Remove "
                    "one of these items."
                )


def _list_needed(wanted: Wanted) -> str | None:
    """Return the organization whose list tells about the token, none for the caller's own list."""
    return None if wanted.id is None else wanted.restriction.organization


def _listing(tokens: Tokens, organization: str | None) -> Listing | TursoError:
    try:
        return tokens.list_own() if organization is None else tokens.list_organization(organization)
    except TursoError as exc:
        return exc


def _bring_about(
    tokens: Tokens,
    lists: Lists,
    outcome: Outcome,
    *,
    check_mode: bool,
    validate: bool,
    stop: Callable[[], str | None],
) -> None:
    listing = lists[_list_needed(outcome.wanted)]
    if outcome.error is not None or not isinstance(listing, Listing):
        return
    decision = decide(outcome.before, outcome.wanted, tokens.own_id)
    if check_mode:
        _predict(outcome, decision)
        return
    reason = stop() if decision.step else None
    if reason is not None:
        raise Refused(f"The {outcome.wanted.label} was not processed: {reason}. It was not changed. Run this again.")
    if decision.step == "create":
        _create(tokens, outcome, validate, listing.read_at)
    elif decision.step == "revoke" and outcome.before is not None:
        revoke(tokens, outcome.before, organization=_list_needed(outcome.wanted))
        outcome.after, outcome.changed = None, True


def _predict(outcome: Outcome, decision: Decision) -> None:
    outcome.changed = decision.changed
    if decision.step == "create":
        outcome.after = outcome.wanted.as_token()
    elif decision.step == "revoke":
        outcome.after = None


def _create(tokens: Tokens, outcome: Outcome, validate: bool, listed_at: float) -> None:
    try:
        issued = create(tokens, outcome.wanted, listed_at=listed_at)
    except LeftBehind:
        outcome.changed = True
        raise
    if validate:
        try:
            outcome.warning = prove(tokens, issued)
        except TursoError as unproven:
            outcome.error, outcome.changed = withdraw_new(tokens, issued, unproven)
            return
    outcome.after, outcome.secret, outcome.changed = issued.token, issued.secret, True


def _look_again(tokens: Tokens, outcomes: Sequence[Outcome]) -> None:
    """List once more, so that what was created is told as it is, and what was refused as it came out."""
    created = [outcome for outcome in outcomes if outcome.secret is not None]
    if not created and not any(refused_name(outcome.error) for outcome in outcomes):
        return
    try:
        listing = tokens.list_own(tries=1)
    except TursoError:
        return
    judge_refusals(tokens, listing, outcomes, are_ours=False)
    by_id = {token.id: token for token in listing.tokens}
    for outcome in created:
        listed = by_id.get(outcome.after.id) if outcome.after else None
        if listed is not None:
            _tell_as_listed(outcome, listed)


def _tell_as_listed(outcome: Outcome, listed: Token) -> None:
    differences = listed.restriction.differences(outcome.wanted.restriction)
    outcome.after = listed
    if differences:
        warning = (
            f"The API created the {outcome.wanted.label} (id {listed.id}) with different settings: "
            f"{'; '.join(differences)}. Check what it may do before you use it, or revoke it."
        )
        outcome.warning = f"{outcome.warning} {warning}" if outcome.warning else warning
