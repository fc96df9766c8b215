# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests of an emergency: ask about values, revoke exactly what was confirmed, look again. Private."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Iterable

from ansible_collections.community.turso.plugins.module_utils._api.data_plane import NOT_PROBED, DataPlane
from ansible_collections.community.turso.plugins.module_utils._api.listing import Listing
from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._api.urls import is_bearer
from ansible_collections.community.turso.plugins.module_utils._emergency.outcome import Round
from ansible_collections.community.turso.plugins.module_utils._emergency.proof import (
    ACCEPTED,
    FORBIDDEN,
    REJECTED,
    UNKNOWN,
    Leak,
    Value,
)
from ansible_collections.community.turso.plugins.module_utils._emergency.sql_leaks import SqlLeak
from ansible_collections.community.turso.plugins.module_utils._errors import (
    Forbidden,
    NotFound,
    Refused,
    TursoError,
)
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import Places, identity_in, places_of
from ansible_collections.community.turso.plugins.module_utils._sql_token.probe import probe
from ansible_collections.community.turso.plugins.module_utils._token.decide import checked_segment

BY_NAME = "If you know which one it is, use the module turso_sql_invalidation."
PAUSES_SECONDS = (0.0, 0.5, 1.0)  # a revocation may take a moment to be known everywhere
MAX_TRIES_BY_NAME = 3


def listed(tokens: Tokens, organization: str | None) -> Listing:
    """List the tokens of an organization, or the caller's own."""
    return tokens.list_own() if organization is None else tokens.list_organization(organization)


def unclear_in(listing: Listing) -> list[Token]:
    """Return what is known of the entries of a list that are not understood."""
    return [Token(entry.name or "", entry.id) for entry in listing.unclear]


def leaks_of(tokens: Tokens, values: Iterable[Value]) -> list[Leak]:
    """Ask the API about every value."""
    return [Leak(value.number, value.claims.id, *_asked(tokens, value.text)) for value in values]


def answer_afterwards(tokens: Tokens, value: str) -> str:
    """Ask the API about a value until it is not accepted any more, a few times."""
    answer = ACCEPTED
    for pause in PAUSES_SECONDS:
        tokens.api.pause(pause)
        answer, _reason = _asked(tokens, value)
        if answer != ACCEPTED:
            break
    return answer


def _asked(tokens: Tokens, value: str) -> tuple[str, str | None]:
    """Return the API's answer to a value, and why it could not be asked."""
    if not is_bearer(value):
        return UNKNOWN, "it has white space or other characters that no token has"
    try:
        validation = tokens.validate(value)
    except TursoError as exc:
        return UNKNOWN, f"the API answered {exc.status}" if exc.status else "the API did not answer"
    if validation.forbidden:
        return FORBIDDEN, None
    return {True: ACCEPTED, False: REJECTED}[validation.valid], None


def revoke_each(tokens: Tokens, organization: str | None, confirmed: Iterable[Token]) -> Round:
    """Revoke each token by what identifies it. One that fails stops no other.

    :param organization: the one whose list was confirmed; none for the caller's own.
    """
    done = Round()
    for token in confirmed:
        done.errors[str(token.id)] = _attempt(tokens, organization, token, done)
    return done


def _attempt(tokens: Tokens, organization: str | None, token: Token, done: Round) -> TursoError | None:
    try:
        _revoke(tokens, organization, token, done)
    except TursoError as exc:
        return exc
    return None


def _revoke(tokens: Tokens, organization: str | None, token: Token, done: Round) -> None:
    """Revoke by id where the token has an organization, else by name."""
    checked_segment("the id", token.id)
    of = organization or token.restriction.organization
    if of is not None:
        try:
            tokens.revoke_by_id(of, str(token.id))
            return
        except (Forbidden, NotFound):
            # One's own list may name an organization that one has left. The name still works then.
            if organization is not None:
                raise
    _revoke_by_name(tokens, token, done)


def _revoke_by_name(tokens: Tokens, token: Token, done: Round, tries: int = MAX_TRIES_BY_NAME) -> None:
    """Revoke a token of the caller by name, each time right after a list that shows this id under the name.

    :raises Refused: the name is another token's by now.
    :raises NotFound: the token is not listed any more.
    """
    checked_segment("the name", token.name)
    listing = tokens.list_own()
    done.witnessed.update({str(shown.id): shown for shown in listing.tokens})
    _check_same(token, listing)
    try:
        tokens.revoke_by_name(token.name)
    except TursoError as exc:
        if not exc.ambiguous or tries == 1:
            raise
        _revoke_by_name(tokens, token, done, tries - 1)


def _check_same(token: Token, listing: Listing) -> None:
    found = listing.named(token.name)
    if found is None:
        raise NotFound("The API does not list the token any more.")
    if found.id != token.id:
        raise Refused(f"The name belongs to another token now (id {found.id}), which was not changed.")


def remaining_ids(tokens: Tokens, organization: str | None, confirmed: frozenset[str]) -> frozenset[str] | TursoError:
    """List again, a few times while a revoked token is still shown, and return every id that is listed."""
    ids: frozenset[str] = frozenset()
    for pause in PAUSES_SECONDS:
        tokens.api.pause(pause)
        try:
            listing = listed(tokens, organization)
        except TursoError as exc:
            return exc
        ids = frozenset(str(token.id) for token in (*listing.tokens, *unclear_in(listing)))
        if not ids & confirmed:
            break
    return ids


def sql_leaks_of(tokens: SqlTokens, organization: str | None, values: Iterable[Value]) -> tuple[SqlLeak, ...]:
    """Find out what each leaked SQL token is for, and try it there.

    :param organization: none where nobody said which one; no list can be asked for then.
    """
    leaks = list(map(SqlLeak, values))
    if not leaks:
        return ()
    if organization is None:
        return _of_unknown(leaks, "Set organization, so that its database or group can be found.")
    try:
        places = places_of(tokens, organization, map(operator.attrgetter("claims"), leaks))
    except TursoError as exc:
        return _of_unknown(leaks, f"Its database or group could not be found. {exc.msg}")
    plane = DataPlane(tokens.api)
    return tuple(_found(leak, places, organization, plane) for leak in leaks)


def _of_unknown(leaks: Iterable[SqlLeak], why: str) -> tuple[SqlLeak, ...]:
    return tuple(dataclasses.replace(leak, reason=f"{why} {BY_NAME}") for leak in leaks)


def _found(leak: SqlLeak, places: Places, organization: str, plane: DataPlane) -> SqlLeak:
    place = places.of(leak.claims)
    if place is None:
        level, identity = identity_in(leak.claims)
        why = (
            f"The list of the organization {organization!r} does not show its {level} ({identity}). It may be deleted, it "
            "may belong to another organization, or the API token has no access to it."
        )
        return _of_unknown([leak], why)[0]
    before = dataclasses.replace(NOT_PROBED, detail="it has white space or other characters that no token has")
    if is_bearer(leak.value.text):
        before = probe(plane, place.target, leak.value.text)
    return dataclasses.replace(leak, place=place, before=before)
