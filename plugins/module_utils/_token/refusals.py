# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: what a refused create means, told by the list: a name that is taken, or a token after all.

What stands between us and the API may refuse to let an answer through, and the API has more than one answer to a name
that is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from ansible_collections.community.turso.plugins.module_utils._api.listing import Listing
from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import (
    Conflict,
    LeftBehind,
    OutcomeUnknown,
    TursoError,
)
from ansible_collections.community.turso.plugins.module_utils._token.create import TAKEN_STATUSES, revoke_lost
from ansible_collections.community.turso.plugins.module_utils._token.outcome import MayFail


def tell_of_refusals(tokens: Tokens, results: Sequence[MayFail], *, are_ours: bool) -> None:
    """Look, in one list for all, what creates that were refused mean, and correct what is told of them.

    :param are_ours: the names carry a nonce of ours, so what is there is revoked again.
    """
    if any(refused_name(result.error) for result in results):
        try:
            listing = tokens.list_own(tries=1)
        except TursoError:
            return
        judge_refusals(tokens, listing, results, are_ours=are_ours)


def judge_refusals(tokens: Tokens, listing: Listing, results: Sequence[MayFail], *, are_ours: bool) -> None:
    """Correct what is told of refused creates by a list that was made afterwards."""
    by_name = {token.name: token for token in listing.tokens}
    for result in results:
        found = by_name.get(refused_name(result.error) or "")
        if found is not None and result.error is not None:
            result.error = _truth(tokens, found, result.error, are_ours=are_ours)


def refused_name(error: TursoError | None) -> str | None:
    """Return the name of the token whose creation the API refused, none where the error is about something else."""
    if error is None or error.method != "POST" or isinstance(error, OutcomeUnknown):
        return None
    status = error.status or 0
    return unquote((error.path or "").rpartition("/")[2]) if 300 <= status < 500 or status == 503 else None


def says_taken(error: TursoError) -> bool:
    """Tell whether the API's own words are that the name is taken. Which status says so changed before, untold."""
    words = (error.api_message or "").lower()
    return isinstance(error, Conflict) or (error.status in TAKEN_STATUSES and "already exist" in words)


def _truth(tokens: Tokens, found: Token, refusal: TursoError, *, are_ours: bool) -> TursoError:
    """Return what to tell of a token that is there although its creation was refused."""
    if says_taken(refusal) or (refusal.status in TAKEN_STATUSES and not are_ours):
        return refusal.become(
            Conflict,
            f"{refusal.msg} The list shows a token {found.name!r} (id {found.id}) that this run did not create. It was not "
            "changed. Use another name, or write the settings of that token into your task.",
        )
    refusal.take_back()
    if not are_ours:
        return refusal.become(
            type(refusal),
            f"{refusal.msg} A token {found.name!r} exists now all the same (id {found.id}). It was not changed. If nobody "
            "else created it, revoke it: its value is lost.",
        )
    try:
        revoke_lost(tokens, found, refusal)
    except LeftBehind as exc:
        return exc
    return refusal.become(
        type(refusal), f"{refusal.msg} The token {found.name!r} was created all the same, and was revoked again."
    )
