# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: a list of tokens as the API answers it, read so that one odd entry blocks no other."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ansible_collections.community.turso.plugins.module_utils._api.answers import Answer
from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._api.pages import goes_on
from ansible_collections.community.turso.plugins.module_utils._api.scopes import expand_scopes
from ansible_collections.community.turso.plugins.module_utils._time import from_unix, moment_of

FIRST_YEAR = 2000  # what lies before is a zero in disguise, not a time

Name = Optional[str]


@dataclasses.dataclass(frozen=True)
class Unclear:
    """An entry that nothing can be decided on, with what is known of it and what is wrong with it."""

    name: str | None
    id: str | None
    problem: str


@dataclasses.dataclass(frozen=True)
class Listing:
    """The active tokens of a list, the answer that it was read from, and when that was by the client's clock.

    :ivar unclear: the entries that are not understood; whatever is asked about one of them is refused.
    """

    tokens: tuple[Token, ...]
    answer: Answer
    read_at: float
    unclear: tuple[Unclear, ...] = ()

    @property
    def moment(self) -> datetime.datetime:
        """Return the API's own time when the list was made."""
        return self.answer.moment

    def named(self, name: str) -> Token | None:
        """Return the token of that name in a user's own list, none where it is not there.

        :raises UnexpectedResponse: where the list has the name twice, though names are unique for one user, and where
            its entry is not understood.
        """
        self._refuse_unclear(f"token {name!r}", self._unclear_names.get(name))
        found = self._by_name.get(name, ())
        if len(found) > 1:
            ids = ", ".join(str(token.id) for token in found)
            raise self.answer.objection(
                f"The API lists the token {name!r} {len(found)} times (ids {ids}), though names are unique for one user. "
                "Nothing was changed, because the name alone does not identify the token. Revoke the wrong one by its id, "
                "then run this again."
            )
        return found[0] if found else None

    def with_id(self, token_id: str) -> Token | None:
        """Return the token of that id, none where it is not there.

        :raises UnexpectedResponse: its entry is not understood.
        """
        self._refuse_unclear(f"token with the id {token_id!r}", self._unclear_ids.get(token_id))
        return self._by_id.get(token_id)

    def shows(self, token_id: str | None) -> bool:
        """Tell whether an entry has that id, understood or not."""
        return token_id in self._by_id or token_id in self._unclear_ids

    def _refuse_unclear(self, label: str, entry: Unclear | None) -> None:
        if entry is not None:
            raise self.answer.objection(
                f"The API lists the {label} with {entry.problem}, which this collection can't read. This token was not "
                "changed; the other tokens are not affected. Look at it with the Turso CLI: turso auth api-tokens list"
            )

    @functools.cached_property
    def _by_name(self) -> Mapping[str, Sequence[Token]]:
        found: dict[str, list[Token]] = {}
        for token in self.tokens:
            found.setdefault(token.name, []).append(token)
        return found

    @functools.cached_property
    def _by_id(self) -> Mapping[Name, Token]:
        return {token.id: token for token in reversed(self.tokens)}

    @functools.cached_property
    def _unclear_names(self) -> Mapping[Name, Unclear]:
        return {entry.name: entry for entry in self.unclear if entry.name is not None}

    @functools.cached_property
    def _unclear_ids(self) -> Mapping[Name, Unclear]:
        return {entry.id: entry for entry in self.unclear if entry.id is not None}


def read_listing(answer: Answer, what: str, organization: str | None, read_at: float) -> Listing:
    """Read the list that an answer carries, and let go of the answer's own form of it.

    :param what: what was attempted, for messages.
    :param organization: the one whose list it is, none for the caller's own.
    :raises UnexpectedResponse: there is no list, or not the whole of it.
    """
    entries = answer.data.get("tokens")
    if not isinstance(entries, list) or answer.data.get("error"):
        raise answer.unexpected(what, "a list of tokens")
    if goes_on(answer.data):
        raise answer.objection(
            f"Could not {what}: the API returned only a part of the list, and this version of the collection reads whole "
            "lists only. Nothing was changed. Install a newer version of community.turso."
        )
    tokens: list[Token] = []
    unclear: list[Unclear] = []
    entries.reverse()  # each entry is let go of when it is read, which a long list has to be
    while entries:
        entry = entries.pop()
        if isinstance(entry, dict) and _is_over(entry, answer.moment):
            continue
        read = _read(entry, organization)
        if isinstance(read, Token):
            tokens.append(read)
        else:
            unclear.append(read)
    return Listing(tuple(tokens), answer, read_at, tuple(unclear))


def text_or_none(value: Any) -> str | None:
    """Return a text that is not empty, none for anything else."""
    return value if isinstance(value, str) and value else None


def restriction_in(answered: Mapping[str, Any]) -> Restriction | None:
    """Return the restriction that the answer to a create tells, none where it tells none that is understood."""
    if not any(answered.get(field) for field in ("organization", "group", "scopes")) or _problem_with(answered):
        return None
    scopes = tuple(answered.get("scopes") or ())
    return _restriction(answered.get("organization") or None, answered.get("group") or None, scopes)


def _is_over(entry: Mapping[str, Any], now: datetime.datetime) -> bool:
    """Tell whether an entry says that its token is revoked, or that its time is over."""
    expires_at = _moment_in(entry.get("expires_at"))
    return (
        entry.get("revoked") in (True, "true")
        or _moment_in(entry.get("revoked_at")) is not None
        or (expires_at is not None and expires_at <= now)
    )


def _moment_in(value: Any) -> datetime.datetime | None:
    """Return the moment that a text or a number of seconds since 1970 tells, none where it tells none."""
    moment = moment_of(value) if isinstance(value, str) else from_unix(value)
    return moment if moment is not None and moment.year >= FIRST_YEAR else None


def _read(entry: Any, listed_by: str | None) -> Token | Unclear:
    """Read an entry of a list. What decisions rest on is taken strictly, what only informs is passed on if it fits.

    :param listed_by: the organization that was asked: it is the token's, whatever the entry calls it. Only such a list
        has owners.
    """
    if not isinstance(entry, dict):
        return Unclear(None, None, "an entry that is not an object")
    name, token_id = text_or_none(entry.get("name")), text_or_none(entry.get("id"))
    problem = _problem_with(entry, ("group",)) if listed_by else _problem_with(entry)
    if name is None or token_id is None or problem is not None:
        problem = problem or f"no {'id' if name else 'name'}"
        return Unclear(_written_as(entry.get("name")), _written_as(entry.get("id")), problem)
    owner = entry.get("owner") if listed_by else None
    return Token(
        name=name,
        id=token_id,
        restriction=_restriction(
            listed_by or entry.get("organization") or None, entry.get("group") or None, tuple(entry.get("scopes") or ())
        ),
        created_at=text_or_none(entry.get("created_at")),
        owner=owner if isinstance(owner, dict) else None,
        description=text_or_none(entry.get("description")),
        last_used_at=text_or_none(entry.get("last_used_at")),
    )


def _written_as(value: Any) -> str | None:
    """Return what somebody writes who means a name or an id that may be a number."""
    return str(value) if isinstance(value, int) else text_or_none(value)


def _problem_with(entry: Mapping[str, Any], texts: tuple[str, ...] = ("organization", "group")) -> str | None:
    for field in texts:
        if not isinstance(entry.get(field), (str, type(None))):
            return f"{field} that is not a text"
    scopes = entry.get("scopes")
    is_list = isinstance(scopes, list) and all(isinstance(scope, str) for scope in scopes)
    return None if scopes is None or is_list else "scopes that are not a list of texts"


@functools.lru_cache(maxsize=1024)
def _restriction(organization: str | None, group: str | None, scopes: tuple[str, ...]) -> Restriction:
    """Return a restriction; the same for all tokens that have the same, which are many in a long list."""
    return Restriction(organization, group, expand_scopes(scopes))
