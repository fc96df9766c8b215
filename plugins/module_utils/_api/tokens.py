# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token calls of the Turso Platform API, one method a call; see https://docs.turso.tech/api-reference/tokens."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.client import Answer, Api, is_bearer
from ansible_collections.community.turso.plugins.module_utils._api.model import (
    Restriction,
    Token,
    expand_scopes,
    jti_of,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Forbidden, TursoError, Unauthorized

NEVER = -1  # an expiry

_TOKENS = ("v1", "auth", "api-tokens")


@dataclasses.dataclass(frozen=True)
class Listing:
    """A list of tokens, the answer that it was read from, and when that was by the client's clock."""

    tokens: tuple[Token, ...]
    answer: Answer
    read_at: float

    @property
    def moment(self) -> datetime.datetime:
        """Return the API's own time when the list was made."""
        return self.answer.moment

    def named(self, name: str) -> Token | None:
        """Return the token of that name in a user's own list, none where it is not there.

        :raises UnexpectedResponse: where the list has the name twice, though names are unique for one user.
        """
        found = [token for token in self.tokens if token.name == name]
        if len(found) > 1:
            ids = ", ".join(str(token.id) for token in found)
            raise self.answer.objection(
                f"The API lists the token {name!r} {len(found)} times (ids {ids}), though names are unique for one user. "
                "Which one is meant was not guessed: revoke the wrong one by its id, then try again."
            )
        return found[0] if found else None

    def with_id(self, token_id: str) -> Token | None:
        """Return the token of that id, none where it is not there."""
        return next((token for token in self.tokens if token.id == token_id), None)


@dataclasses.dataclass(frozen=True)
class Issued:
    """A token that was just created, with the secret that is shown only now."""

    token: Token
    secret: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Validation:
    """What the API says of a credential.

    C(expires_at) is none for never, and where the API did not tell. C(refusal) is the answer 401, or 403,
    which working restricted tokens have been seen to get: that does not mean that the credential is dead.
    """

    valid: bool
    expires_at: datetime.datetime | None = None
    never_expires: bool = False
    refusal: TursoError | None = None

    @property
    def forbidden(self) -> bool:
        return isinstance(self.refusal, Forbidden)


class Tokens:
    """The tokens of the user that the credential belongs to, and of the organizations that user may manage.

    :param on_secret: is given every secret before anything else can happen to it.
    """

    def __init__(self, api: Api, on_secret: Callable[[str], None] | None = None) -> None:
        self.api = api
        self._on_secret = on_secret
        self.own_id = jti_of(api.token)

    def list_own(self, tries: int | None = None) -> Listing:
        """List every token of the calling user. Source: GET /v1/auth/api-tokens.

        :param tries: how often at most, where that is less than usual.
        """
        what = "list the tokens"
        return self._listing(self.api.request("GET", *_TOKENS, what=what, tries=tries), what)

    def list_organization(self, organization: str) -> Listing:
        """List the tokens of an organization, with owners. Source: GET /v1/organizations/{slug}/api-tokens."""
        what = f"list the tokens of the organization {organization!r}"
        return self._listing(self.api.request("GET", *_of(organization), what=what), what, organization)

    def create(self, name: str, restriction: Restriction, scopes: list[str] | None, description: str | None) -> Issued:
        """Create a token. Source: POST /v1/auth/api-tokens/{name}; the answers of /v1 and of /v2 are understood.

        :param scopes: as the API is to be asked for them; C(restriction) has them expanded.
        """
        what = f"create the token {name!r}"
        asked = {
            "organization": restriction.organization,
            "group": restriction.group,
            "scopes": scopes or None,
            "description": description,
        }
        body = {key: value for key, value in asked.items() if value is not None}
        answer = self.api.request("POST", *_TOKENS, name, what=what, body=body or None)
        inner = answer.data["token"] if isinstance(answer.data.get("token"), dict) else answer.data
        secret = _text_or_none(inner.get("value") or inner.get("token"))
        token_id = _text_or_none(inner.get("id") or answer.data.get("id"))
        if secret is not None and secret != name and self._on_secret is not None:
            self._on_secret(secret)
        if secret is None or not is_bearer(secret) or token_id is None:
            raise answer.unexpected(what, "the new token's id and value")
        told_name = _text_or_none(inner.get("name") or answer.data.get("name"))
        token = Token(
            name=told_name or name,
            id=token_id,
            restriction=restriction,
            created_at=_text_or_none(inner.get("created_at")),
            description=_text_or_none(inner.get("description")),
        )
        return Issued(token, secret)

    def revoke_by_name(self, name: str) -> None:
        """Revoke a token of the calling user. Source: DELETE /v1/auth/api-tokens/{name}."""
        self._revoke((*_TOKENS, name), f"revoke the token {name!r}")

    def revoke_by_id(self, organization: str, token_id: str) -> None:
        """Revoke anybody's token in an organization. Source: DELETE /v1/organizations/{slug}/api-tokens/{id}."""
        what = f"revoke the token with the id {token_id!r} in the organization {organization!r}"
        self._revoke((*_of(organization), token_id), what)

    def validate(self, secret: str | None = None) -> Validation:
        """Ask the API about a credential: the one in use, or C(secret). Source: GET /v1/auth/validate."""
        what = "validate the credential" if secret is None else "validate the new token"
        try:
            answer = self.api.request("GET", "v1", "auth", "validate", what=what, bearer=secret)
        except Unauthorized as exc:
            return Validation(valid=False, refusal=exc)
        except Forbidden as exc:
            return Validation(valid=True, refusal=exc)
        expiry = answer.data.get("exp")
        never_expires = expiry == NEVER
        expires_at = None if never_expires else _from_unix(expiry)
        is_understood = expiry is None or never_expires or expires_at is not None
        if not is_understood or answer.data.get("error"):
            raise answer.unexpected(what, "a time of expiry that a calendar has")
        return Validation(valid=True, expires_at=expires_at, never_expires=never_expires)

    def _revoke(self, segments: tuple[str, ...], what: str) -> None:
        answer = self.api.request("DELETE", *segments, what=what)
        if answer.data.get("error") or _text_or_none(answer.data.get("token")) is None:
            raise answer.unexpected(what, "the token that was revoked")

    def _listing(self, answer: Answer, what: str, organization: str | None = None) -> Listing:
        entries = answer.data.get("tokens")
        if not isinstance(entries, list) or answer.data.get("error"):
            raise answer.unexpected(what, "a list of tokens")
        tokens = tuple(_token(entry, answer, what, organization) for entry in entries)
        return Listing(tokens, answer, self.api.now())


def _of(organization: str) -> tuple[str, ...]:
    return ("v1", "organizations", organization, "api-tokens")


def _token(entry: Any, answer: Answer, what: str, listed_by: str | None) -> Token:
    """Read an entry of a list. What decisions rest on is taken strictly, what only informs is passed on if it fits.

    :param listed_by: the organization that was asked, which then need not stand in every entry. Only such a list has owners.
    """
    if not isinstance(entry, dict):
        raise answer.unexpected(what, "an object for every token")
    name, token_id = _text_or_none(entry.get("name")), _text_or_none(entry.get("id"))
    if name is None or token_id is None:
        raise answer.unexpected(what, "a name and an id for every token")
    organization, group, scopes = entry.get("organization"), entry.get("group"), entry.get("scopes")
    if not all(part is None or isinstance(part, str) for part in (organization, group)):
        raise answer.unexpected(what, f"text for the organization and the group of the token {name!r}")
    if scopes is not None and not (isinstance(scopes, list) and all(isinstance(scope, str) for scope in scopes)):
        raise answer.unexpected(what, f"a list of scopes for the token {name!r}")
    owner = entry.get("owner") if listed_by else None
    return Token(
        name=name,
        id=token_id,
        restriction=Restriction(organization or listed_by, group or None, expand_scopes(scopes)),
        created_at=_text_or_none(entry.get("created_at")),
        owner=owner if isinstance(owner, dict) else None,
        description=_text_or_none(entry.get("description")),
        last_used_at=_text_or_none(entry.get("last_used_at")),
    )


def _from_unix(seconds: Any) -> datetime.datetime | None:
    """Return the moment that is so many seconds after 1970, none where it is none."""
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        return None
    try:
        return datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
