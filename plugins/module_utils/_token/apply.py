# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry decisions out, for one token as for a thousand, so that no secret is lost and no token left behind untold.

A create is the one call that cannot simply be repeated: its name is taken afterwards and its secret is shown once. When
its answer is lost, the list tells what happened, and a token that can only be ours is revoked before the next try.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Issued, Listing, Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    TursoError,
    Unauthorized,
    Unreachable,
)
from ansible_collections.community.turso.plugins.module_utils._token.decide import (
    Decision,
    Wanted,
    decide,
    look_created_by_us,
)

PROOF_PAUSES_SECONDS = (0.0, 0.5, 1.0)  # a new token may take a moment to be known everywhere
LIST_PAUSES_SECONDS = (0.0, 0.5, 1.0)  # and so may a revocation
FRESH_SECONDS = 10.0  # how long a list is worth as a witness that a name was free

T = TypeVar("T")


@dataclasses.dataclass
class Outcome:
    """What became of one wanted token. In check mode C(changed) and C(after) are what would become of it."""

    wanted: Wanted
    changed: bool = False
    before: Token | None = None
    after: Token | None = None
    secret: str | None = dataclasses.field(default=None, repr=False)
    warning: str | None = None
    error: TursoError | None = None

    def token_result(self, now: datetime.datetime) -> dict[str, Any] | None:
        """Return the token object as it is afterwards, none where there is no token then."""
        return self.after.as_result(now) if self.after else None

    def diff(self, now: datetime.datetime) -> dict[str, Any]:
        """Return the token object before and after, empty where there is no token."""
        return {
            "before": self.before.as_result(now) if self.before else {},
            "after": self.after.as_result(now) if self.after else {},
        }

    def headed_diff(self, now: datetime.datetime) -> dict[str, Any]:
        """Return the diff of one token among many."""
        name = self.name or ""
        return {"before_header": name, "after_header": name, **self.diff(now)}

    def as_result(self, now: datetime.datetime) -> dict[str, Any]:
        """Return the result of one token among many."""
        return {
            "name": self.name,
            "changed": self.changed,
            "failed": self.error is not None,
            "msg": self.error.msg if self.error else self.warning or self._told(),
            "error": self.error.as_error() if self.error else None,
            "token": self.token_result(now),
            "secret": self.secret,
        }

    @property
    def name(self) -> str | None:
        return self.wanted.name or (self.before.name if self.before else None)

    def _told(self) -> str:
        if not self.changed:
            return "unchanged"
        return "created" if self.after else "revoked"


class MayFail(Protocol):
    """What came of one token: the error, if it failed."""

    error: TursoError | None


@contextlib.contextmanager
def failure_kept_in(one: MayFail, with_what: str = "") -> Iterator[None]:
    """Store what goes wrong with one token in it, whatever it is: a bug must not cost the secrets of all others."""
    try:
        yield
    except TursoError as exc:
        one.error = exc
    except Exception as exc:  # noqa: BLE001
        one.error = TursoError(f"Internal error{with_what}: {type(exc).__name__}. Please report it.")
        one.error.__cause__ = exc


def apply(
    tokens: Tokens,
    wanted: Sequence[Wanted],
    *,
    check_mode: bool,
    validate: bool = False,
    concurrency: int = 1,
    on_done: Callable[[], None] = lambda: None,
) -> tuple[list[Outcome], datetime.datetime]:
    """Bring every wanted token about and return the outcomes in the order asked, and the API's time.

    Each list that is needed is requested once, then the writes run side by side. A failure is stored in its outcome and
    stops no other.

    :param on_done: is called after each, from whatever thread it was done in.
    """
    lists = {key: _listing(tokens, key) for key in dict.fromkeys(_list_needed(one) for one in wanted)}
    outcomes = [Outcome(one) for one in wanted]
    for outcome in outcomes:
        with failure_kept_in(outcome, f" with the {outcome.wanted.label}"):
            outcome.before = outcome.after = _look_up(lists[_list_needed(outcome.wanted)], outcome.wanted)
    _refuse_contradictions(outcomes)

    def bring_about(outcome: Outcome) -> None:
        listing = lists[_list_needed(outcome.wanted)]
        with failure_kept_in(outcome, f" with the {outcome.wanted.label}"):
            if outcome.error is None and isinstance(listing, Listing):
                decision = decide(outcome.before, outcome.wanted, tokens.own_id)
                if check_mode:
                    _predict(outcome, decision)
                else:
                    _carry_out(tokens, outcome, decision, validate, listing.read_at)
        on_done()

    side_by_side(bring_about, outcomes, 1 if check_mode else concurrency)
    tell_of_refusals(tokens, outcomes, are_ours=False)
    moments = [listing.moment for listing in lists.values() if isinstance(listing, Listing)]
    return outcomes, moments[0] if moments else datetime.datetime.now(datetime.timezone.utc)


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
                    f"The {labels} are the same token, and it cannot be both present and absent. Nothing was done about it."
                )


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


def _list_needed(wanted: Wanted) -> str | None:
    """Return the organization whose list tells about the token, none for the caller's own list."""
    return None if wanted.id is None else wanted.restriction.organization


def _listing(tokens: Tokens, organization: str | None) -> Listing | TursoError:
    try:
        return tokens.list_own() if organization is None else tokens.list_organization(organization)
    except TursoError as exc:
        return exc


def _predict(outcome: Outcome, decision: Decision) -> None:
    outcome.changed = decision.changed
    if decision.step == "create":
        outcome.after = outcome.wanted.as_token()
    elif decision.step == "revoke":
        outcome.after = None


def _carry_out(tokens: Tokens, outcome: Outcome, decision: Decision, validate: bool, listed_at: float) -> None:
    if decision.step == "create":
        issued = create(tokens, outcome.wanted, listed_at=listed_at)
        if validate:
            outcome.warning = prove_or_withdraw(tokens, issued)
        outcome.after, outcome.secret = issued.token, issued.secret
    elif decision.step == "revoke" and outcome.before is not None:
        revoke(tokens, outcome.before, organization=_list_needed(outcome.wanted))
        outcome.after = None
    outcome.changed = decision.changed


def create(
    tokens: Tokens, wanted: Wanted, new_name: Callable[[], str] | None = None, listed_at: float | None = None
) -> Issued:
    """Create a token that the list did not show.

    :param new_name: where the name carries a nonce of ours: makes another one. A token of such a name is ours whatever
        the list says of it, and the next try goes under a new name.
    :param listed_at: when the list was read, by the client's clock; none for this moment. A user's name that a list did
        not show too long ago may have become somebody else's since.
    :raises OutcomeUnknown: the answer was lost and what became of the token cannot be told or mended.
    :raises TursoError: it was refused; L(tell_of_refusals) looks whether that is the whole truth.
    """
    if listed_at is None:
        listed_at = tokens.api.now()
    remedies = {"create once more", "revoke and create once more"}
    attempts = under_way = 0
    may_be_ours = False  # a token of that name that a 409 tells of
    while True:
        try:
            return tokens.create(wanted.name or "", wanted.restriction, list(wanted.scopes or ()), wanted.description)
        except TursoError as exc:
            lost = exc
        lost.attempts = attempts = attempts + lost.attempts
        if not lost.ambiguous and not (may_be_ours and isinstance(lost, Conflict)):
            raise _still_under_way(wanted, lost) if under_way else _refused(wanted, lost)
        under_way += _may_still_come(lost)
        remedy = "create once more"
        was_free = lost.sent_at is None or lost.sent_at - listed_at <= FRESH_SECONDS
        found, now = _look_for(tokens, wanted, lost, LIST_PAUSES_SECONDS if remedy not in remedies else (0.0,))
        listed_at = tokens.api.now()
        if found is None:
            if remedy not in remedies:
                raise _never_there(wanted, lost, under_way)
        else:
            if new_name is None and not (was_free and look_created_by_us(found, wanted.restriction, now)):
                raise _not_ours(wanted, found, lost)
            _revoke_lost(tokens, found, lost)
            remedy = "revoke and create once more"
            if remedy not in remedies:
                raise _lost_again(wanted, lost)
            under_way = max(0, under_way - 1)
            if new_name is not None and not under_way:  # else the old name keeps out what may still come
                wanted = dataclasses.replace(wanted, name=new_name())
        may_be_ours = under_way > 0 or found is None
        remedies.discard(remedy)


def _refused(wanted: Wanted, lost: TursoError) -> TursoError:
    if lost.status is not None and not isinstance(lost, Conflict):  # a first 409 is about somebody else's token
        lost.refused_name = wanted.name
    return lost


def tell_of_refusals(tokens: Tokens, those: Sequence[MayFail], *, are_ours: bool) -> None:
    """Look, in one list for all, whether creates that were refused were carried out all the same, and correct what is told.

    What stands between us and the API may refuse to let an answer through.

    :param are_ours: the names carry a nonce of ours, so what is there is revoked again.
    """
    refused = [(one, one.error) for one in those if one.error is not None and one.error.refused_name is not None]
    if not refused:
        return
    try:
        listed = tokens.list_own(tries=1).tokens
    except TursoError:
        return
    for one, error in refused:
        found = next((token for token in listed if token.name == error.refused_name), None)
        if found is not None:
            one.error = _not_refused(tokens, found, error, is_ours=are_ours)


def _not_refused(tokens: Tokens, found: Token, lost: TursoError, *, is_ours: bool) -> TursoError:
    """Return what to tell of a token that is there although its creation was refused."""
    if not is_ours:
        return lost.become(
            type(lost),
            f"{lost.msg} Yet a token {found.name!r} is there now (id {found.id}). It was left alone; if nobody else created it "
            "just now, revoke it: its value is lost.",
        )
    try:
        _revoke_lost(tokens, found, lost)
    except TursoError as exc:
        return exc
    return lost.become(type(lost), f"{lost.msg} Yet the token {found.name!r} was created; it was revoked again.")


def _may_still_come(lost: TursoError) -> bool:
    """Tell whether a request without an answer may be carried out later than the list that is asked for next."""
    return isinstance(lost, Unreachable) or lost.status in (408, 504)


def _look_for(
    tokens: Tokens, wanted: Wanted, lost: TursoError, pauses: Sequence[float]
) -> tuple[Token | None, datetime.datetime]:
    """Return the token of that name and the API's time, from the first list that shows it, else from the last."""
    found, moment = None, datetime.datetime.now(datetime.timezone.utc)
    for pause in pauses:
        tokens.api.pause(pause)
        try:
            listing = tokens.list_own()
            found, moment = listing.named(wanted.name or ""), listing.moment
        except TursoError as exc:
            raise lost.become(
                OutcomeUnknown,
                f"{lost.msg} Whether it was created is not known, because the list could not be had either ({exc.msg}) "
                f"Look for the {wanted.label} in the list of your tokens; it was not there just before, so revoke it if "
                "it is there now: its value is lost.",
            ) from lost
        if found is not None:
            break
    return found, moment


def _still_under_way(wanted: Wanted, lost: TursoError) -> TursoError:
    return lost.become(
        OutcomeUnknown,
        f"{lost.msg} The list does not show the {wanted.label}, but a request that is still under way could create it. "
        "Look again in some minutes and revoke it if it is there: its value is lost.",
    )


def _never_there(wanted: Wanted, lost: TursoError, under_way: int) -> TursoError:
    """Return what to tell when the list shows, twice, that no token was created."""
    if under_way:
        return _still_under_way(wanted, lost)
    if isinstance(lost, Conflict):
        return lost.become(
            OutcomeUnknown,
            f"{lost.msg} The list does not show the {wanted.label}, though the API says that its name is taken. "
            "Look again in some minutes; if it is there and nobody else created it, revoke it: its value is lost.",
        )
    return lost.become(type(lost), f"{lost.msg} The list shows that nothing was created.")


def _lost_again(wanted: Wanted, lost: TursoError) -> TursoError:
    return lost.become(
        OutcomeUnknown,
        f"{lost.msg} The {wanted.label} was created without its value reaching us, more than once; each was revoked again, "
        "so nothing is left of it. Try again when the network is steadier.",
    )


def _not_ours(wanted: Wanted, found: Token, lost: TursoError) -> TursoError:
    return lost.become(
        OutcomeUnknown,
        f"{lost.msg} A {wanted.label} is there now (id {found.id}), but it is not certain that this run created it, so it "
        "was left alone. If nobody else created it just now, revoke it: its value is lost.",
    )


def _revoke_lost(tokens: Tokens, found: Token, lost: TursoError) -> None:
    try:
        withdraw(tokens, found)
    except TursoError as exc:
        raise lost.become(
            OutcomeUnknown,
            f"{lost.msg} The token {found.name!r} was created, but its value is lost, and revoking it failed ({exc.msg}) "
            f"Revoke the token with the id {found.id}.",
        ) from exc


def revoke(tokens: Tokens, token: Token, organization: str | None = None) -> None:
    """Revoke a token that is listed: by its id where an organization is given, else by its name.

    A token that is gone from the list is revoked, whatever the answers said.

    :raises OutcomeUnknown: the answer was lost and the list could not be had.
    """
    try:
        if organization is None:
            tokens.revoke_by_name(token.name)
        else:
            tokens.revoke_by_id(organization, token.id or "")
        return
    except TursoError as exc:
        if not exc.ambiguous and not isinstance(exc, NotFound):
            raise
        lost = exc
    for pause in LIST_PAUSES_SECONDS:
        tokens.api.pause(pause)
        listing = _listing(tokens, organization)
        if isinstance(listing, TursoError):
            raise lost.become(
                OutcomeUnknown,
                f"{lost.msg} Whether it was revoked is not known, because the list could not be had either "
                f"({listing.msg}) Run this again; if the token {token.name!r} (id {token.id}) is still listed, it is alive.",
            ) from listing
        if all(listed.id != token.id for listed in listing.tokens):
            return
    raise lost.become(type(lost), f"{lost.msg} The token {token.name!r} (id {token.id}) is still listed.")


def withdraw(tokens: Tokens, token: Token) -> None:
    """Revoke a token of our own by its id. Where the API cannot do that (no organization, not allowed), by its name."""
    organization = token.restriction.organization
    if organization is not None:
        try:
            return revoke(tokens, token, organization)
        except (Forbidden, NotFound, OutcomeUnknown) as exc:
            if isinstance(exc, OutcomeUnknown) and not isinstance(exc.__cause__, (Forbidden, NotFound)):
                raise
    return revoke(tokens, token)


def prove_or_withdraw(tokens: Tokens, issued: Issued) -> str | None:
    """Try a new secret, and revoke its token if it does not prove itself. Return a warning where the proof is weak.

    :raises TursoError: the token did not prove itself; the message says whether it could be revoked again.
    """
    try:
        return prove(tokens, issued)
    except TursoError as unproven:
        name, token_id = issued.token.name, issued.token.id
        try:
            withdraw(tokens, issued.token)
        except TursoError as exc:
            raise unproven.become(
                type(unproven),
                f"{unproven.msg} The new token {name!r} could not be revoked again either ({exc.msg}) Revoke the token with "
                f"the id {token_id}: it may be alive.",
            ) from exc
        raise unproven.become(
            type(unproven), f"{unproven.msg} The new token {name!r} (id {token_id}) was revoked again."
        ) from unproven


def prove(tokens: Tokens, issued: Issued) -> str | None:
    """Try a new secret on the API and return a warning where its answer says little.

    :raises Unauthorized: the API answers 401, and goes on doing so.
    """
    refusals: list[TursoError] = []
    for pause in PROOF_PAUSES_SECONDS:
        tokens.api.pause(pause)
        validation = tokens.validate(issued.secret)
        if validation.forbidden:
            return (
                f"The API answered 403 when the new token {issued.token.name!r} was validated. Working restricted tokens get "
                "that answer too, so the token was kept; try it where it is to be used."
            )
        if validation.refusal is None:
            return None
        refusals.append(validation.refusal)
    unproven = refusals[-1].become(
        Unauthorized, f"The new token {issued.token.name!r} did not prove itself: the API answers 401 to it."
    )
    unproven.attempts = sum(refusal.attempts for refusal in refusals)
    raise unproven
