# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: revoke a token, and be sure of it where the answer is lost or says little."""

from __future__ import annotations

from ansible_collections.community.turso.plugins.module_utils._api.listing import Listing
from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._api.retries import RETRIED_STATUSES
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import (
    Forbidden,
    NotFound,
    OutcomeUnknown,
    TursoError,
    Unreachable,
)

LIST_PAUSES_SECONDS = (0.0, 0.5, 1.0)  # a revocation, and a new token, may take a moment to be known everywhere
UNKNOWN_STATUSES = frozenset({400, 404, 410, 422})  # what an API may answer to a name or an id that it does not know


def revoke(tokens: Tokens, token: Token, organization: str | None = None, *, was_listed: bool = True) -> None:
    """Revoke a token: by its id where an organization is given, else by its name.

    A token that is gone from the list is revoked, whatever the answers said. A lost answer to a revocation by name is
    followed by a list, and by another try only while the same id is listed: the name may be another token's by then.

    :param was_listed: some list has shown the token; without that, a list that does not show it proves nothing.
    :raises OutcomeUnknown: whether it was revoked cannot be told.
    """
    attempts = 0
    for number in range(1, tokens.api.tries + 1):
        try:
            return _delete(tokens, token, organization, again=number > 1)
        except TursoError as exc:
            lost = exc
        attempts += lost.attempts
        lost.attempts = attempts
        if number > 1:
            lost.take_back()
        if not lost.ambiguous and lost.status not in UNKNOWN_STATUSES:
            raise lost
        if not _is_listed(tokens, token, organization, lost):
            if was_listed:
                return None
            raise _unconfirmed(token, lost) from lost
        if organization is not None or not _may_pass(lost):
            break  # by its id it was tried again already
    raise lost.become(
        type(lost), f"{lost.msg} The token {token.name!r} (id {token.id}) is still listed, so it is active."
    )


def withdraw(tokens: Tokens, token: Token, *, was_listed: bool = True) -> None:
    """Revoke a token of our own by its id. Where the API cannot do that (no organization, not allowed), by its name."""
    organization = token.restriction.organization
    if organization is not None:
        try:
            return revoke(tokens, token, organization, was_listed=was_listed)
        except (Forbidden, NotFound, OutcomeUnknown) as exc:
            if isinstance(exc, OutcomeUnknown) and not isinstance(exc.__cause__, (Forbidden, NotFound)):
                raise
    return revoke(tokens, token, was_listed=was_listed)


def _may_pass(lost: TursoError) -> bool:
    return lost.ambiguous and (isinstance(lost, Unreachable) or lost.status in RETRIED_STATUSES)


def _delete(tokens: Tokens, token: Token, organization: str | None, *, again: bool) -> None:
    """Send one revocation. A second one by name goes by id where the token has an organization: names change hands."""
    if organization is not None:
        return tokens.revoke_by_id(organization, token.id or "")
    if again and token.restriction.organization is not None:
        try:
            return tokens.revoke_by_id(token.restriction.organization, token.id or "")
        except (Forbidden, NotFound):  # only some may revoke by id
            pass
    return tokens.revoke_by_name(token.name)


def _is_listed(tokens: Tokens, token: Token, organization: str | None, lost: TursoError) -> bool:
    """Tell whether the list goes on showing the token."""
    for pause in LIST_PAUSES_SECONDS:
        tokens.api.pause(pause)
        try:
            listing: Listing
            listing = tokens.list_own() if organization is None else tokens.list_organization(organization)
        except TursoError as exc:
            raise lost.become(
                OutcomeUnknown,
                f"{lost.msg} The token {token.name!r} (id {token.id}) may still be active, because the list of tokens could "
                f"not be read either. {exc.msg} Run this again until it succeeds.",
            ) from exc
        if not listing.shows(token.id):
            return False
    return True


def _unconfirmed(token: Token, lost: TursoError) -> TursoError:
    return lost.become(
        OutcomeUnknown,
        f"{lost.msg} The new token {token.name!r} (id {token.id}) may still be active, because no list has shown it yet. "
        "List your tokens again in 5 minutes. If this id is listed, revoke it.",
    )
