# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: create a token, so that none is left behind untold when an answer is lost.

A create is the one call that cannot simply be repeated: its name is taken afterwards and its secret is shown once. When
its answer is lost, the list tells what happened, and a token that can only be ours is revoked before the next try.

    post -> issued
         -> refused                                              (nothing was created: that is told)
         -> lost -> list -> not there -> post once more          (once; then: never there, or still under way)
                         -> there, ours -> revoke -> post again  (once; then: lost again)
                         -> there, not ours                      (left alone and told)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from ansible_collections.community.turso.plugins.module_utils._api.answers import Answer
from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Issued, Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import (
    Conflict,
    LeftBehind,
    OutcomeUnknown,
    TursoError,
    Unreachable,
)
from ansible_collections.community.turso.plugins.module_utils._token.decide import Wanted
from ansible_collections.community.turso.plugins.module_utils._token.ours import looks_ours
from ansible_collections.community.turso.plugins.module_utils._token.revoke import LIST_PAUSES_SECONDS, withdraw

FRESH_SECONDS = 10.0  # how long a list is worth as a witness that a name was free
TAKEN_STATUSES = frozenset({400, 409, 422})  # what the API may answer to a name that is taken


def create(
    tokens: Tokens, wanted: Wanted, new_name: Callable[[], str] | None = None, listed_at: float | None = None
) -> Issued:
    """Create a token that the list did not show.

    :param new_name: where the name carries a nonce of ours: makes another one. A token of such a name is ours whatever
        the list says of it, and the next try goes under a new name.
    :param listed_at: when the list was read, by the client's clock; none for this moment. A user's name that a list did
        not show too long ago may have become somebody else's since.
    :raises OutcomeUnknown: the answer was lost and what became of the token cannot be told or mended.
    :raises TursoError: it was refused; tell_of_refusals looks whether that is the whole truth.
    """
    course = _Course(tokens, wanted, new_name, tokens.api.now() if listed_at is None else listed_at)
    while True:
        try:
            return course.post()
        except TursoError as exc:
            lost = exc
        course.count(lost)
        if course.is_refused(lost):
            raise course.refusal(lost)
        found, answer = course.look(lost)
        if found is None:
            course.post_once_more(lost)
        else:
            course.revoke_and_post_again(found, answer, lost)


@dataclasses.dataclass
class _Course:
    """The creates of one token so far.

    :ivar sent_at: when the last try went out, by the client's clock.
    :ivar lost_at: when the first request went out that may have made what is found.
    :ivar under_way: how many requests without an answer may still be carried out.
    :ivar may_be_ours: a token that is in the way may be what an earlier request made.
    :ivar posted_once_more: since the list did not show the token.
    :ivar posted_again: since a token of ours was revoked.
    """

    tokens: Tokens
    wanted: Wanted
    new_name: Callable[[], str] | None
    listed_at: float
    sent_at: float = 0.0
    lost_at: float | None = None
    attempts: int = 0
    under_way: int = 0
    may_be_ours: bool = False
    posted_once_more: bool = False
    posted_again: bool = False

    def post(self) -> Issued:
        wanted = self.wanted
        self.sent_at = self.listed_at
        return self.tokens.create(
            wanted.name or "",
            wanted.restriction,
            list(wanted.scopes or ()),
            wanted.description,
            fresh=self.attempts > 0,  # what lost the first answer may be the connection
            on_send=self._note_sent,
        )

    def _note_sent(self, moment: float) -> None:
        self.sent_at = moment

    def count(self, lost: TursoError) -> None:
        """Add the tries that failed to those before."""
        self.attempts = lost.attempts = self.attempts + lost.attempts
        if self.may_be_ours or self.posted_again:
            lost.take_back()
        self.lost_at = self.lost_at or self.sent_at

    def is_refused(self, lost: TursoError) -> bool:
        """Tell whether the API said no, and not because of what an earlier request made."""
        return not lost.ambiguous and not (self.may_be_ours and lost.status in TAKEN_STATUSES)

    def refusal(self, lost: TursoError) -> TursoError:
        return _still_under_way(self.wanted, lost) if self.under_way else lost

    def look(self, lost: TursoError) -> tuple[Token | None, Answer]:
        """Return the token of that name and the answer with the list: the first that shows it, else the last.

        :raises LeftBehind: there is no list.
        """
        # A request without an answer may be carried out later than the list that is asked for now.
        self.under_way += isinstance(lost, Unreachable) or lost.status in (408, 504)
        for pause in self._pauses():
            self.tokens.api.pause(pause)
            try:
                listing = self.tokens.list_own()
                found = listing.named(self.wanted.name or "")
            except TursoError as exc:
                raise _unknown(self.wanted, lost, exc) from lost
            if found is not None:
                break
        return found, listing.answer

    def _pauses(self) -> Sequence[float]:
        """A late list costs a second try where there is one left, else it would be the last word."""
        return LIST_PAUSES_SECONDS if self.posted_once_more else LIST_PAUSES_SECONDS[:1]

    def post_once_more(self, lost: TursoError) -> None:
        """Go on from a list that does not show the token.

        :raises TursoError: that was so before.
        """
        if self.posted_once_more:
            raise _still_under_way(self.wanted, lost) if self.under_way else _never_there(self.wanted, lost)
        self.posted_once_more = self.may_be_ours = True
        self.listed_at = self.tokens.api.now()

    def revoke_and_post_again(self, found: Token, answer: Answer, lost: TursoError) -> None:
        """Go on from a list that shows the token.

        :raises LeftBehind: it need not be ours, or cannot be revoked.
        :raises OutcomeUnknown: that was so before; this one is revoked as well.
        """
        was_free = self.sent_at - self.listed_at <= FRESH_SECONDS
        seconds_ago = self.tokens.api.now() - (self.lost_at or self.sent_at)
        if self.new_name is None and not (was_free and looks_ours(found, self.wanted.restriction, answer, seconds_ago)):
            raise _not_ours(self.wanted, found, lost)
        revoke_lost(self.tokens, found, lost)
        if self.posted_again:
            raise _lost_again(self.wanted, lost)
        self.posted_again = True
        self.listed_at, self.under_way = self.tokens.api.now(), max(0, self.under_way - 1)
        self.may_be_ours = self.under_way > 0
        self.lost_at = self.lost_at if self.may_be_ours else None
        if self.new_name is not None and not self.under_way:  # else the old name keeps out what may still come
            self.wanted = dataclasses.replace(self.wanted, name=self.new_name())


def revoke_lost(tokens: Tokens, found: Token, lost: TursoError) -> None:
    """Revoke a token that we created and whose value did not reach us.

    :raises LeftBehind: that failed.
    """
    try:
        withdraw(tokens, found)
    except TursoError as exc:
        raise lost.become(
            LeftBehind,
            f"{lost.msg} The token {found.name!r} was created, but its value is lost, and the token could not be revoked. "
            f"{exc.msg} Revoke the token with the id {found.id}.",
        ) from exc


def _unknown(wanted: Wanted, lost: TursoError, no_list: TursoError) -> TursoError:
    return lost.become(
        LeftBehind,
        f"{lost.msg} The {wanted.label} may exist, because the list of tokens could not be read either. {no_list.msg} List "
        f"your tokens when the API answers again. If the {wanted.label} is there, revoke it: it is new, and its value is "
        "lost.",
    )


def _still_under_way(wanted: Wanted, lost: TursoError) -> TursoError:
    return lost.become(
        OutcomeUnknown,
        f"{lost.msg} The list does not show the {wanted.label}, but the API may still create it. List your tokens again in "
        "5 minutes. If it is there, revoke it: its value is lost.",
    )


def _never_there(wanted: Wanted, lost: TursoError) -> TursoError:
    """Return what to tell when the list shows, twice, that no token was created."""
    if isinstance(lost, Conflict):
        return lost.become(
            OutcomeUnknown,
            f"{lost.msg} The list does not show the {wanted.label}, although the API says that its name is taken. List your "
            "tokens again in 5 minutes. If it is there and nobody else created it, revoke it: its value is lost.",
        )
    return lost.become(type(lost), f"{lost.msg} The list shows that no token was created. Run this again.")


def _lost_again(wanted: Wanted, lost: TursoError) -> TursoError:
    return lost.become(
        OutcomeUnknown,
        f"{lost.msg} The API created the {wanted.label} more than once, and each answer with its value was lost. Each of "
        "these tokens was revoked again, so none is left. Run this again when the network is stable.",
    )


def _not_ours(wanted: Wanted, found: Token, lost: TursoError) -> TursoError:
    return lost.become(
        LeftBehind,
        f"{lost.msg} The {wanted.label} exists now (id {found.id}). Another process may have created it, so it was not "
        "changed. If nobody else created it, revoke it: its value is lost.",
    )
