# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token calls of the Turso Platform API, one method a call; see https://docs.turso.tech/api-reference/tokens.

Private: for this collection only.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api import advice
from ansible_collections.community.turso.plugins.module_utils._api.answers import Answer
from ansible_collections.community.turso.plugins.module_utils._api.claims import jti_of
from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.listing import (
    Listing,
    read_listing,
    restriction_in,
    text_or_none,
)
from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._api.urls import is_bearer
from ansible_collections.community.turso.plugins.module_utils._errors import Forbidden, TursoError, Unauthorized
from ansible_collections.community.turso.plugins.module_utils._time import from_unix

NEVER = -1  # an expiry

_TOKENS = ("v1", "auth", "api-tokens")


@dataclasses.dataclass(frozen=True)
class Issued:
    """A token that was just created, with the secret that is shown only now."""

    token: Token
    secret: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Validation:
    """What the API says of a credential.

    The time of expiry is none for never, and where the API did not tell. The refusal is the answer 401, or 403,
    which working restricted tokens have been seen to get: that does not mean that the credential is revoked.
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
        answer = self.api.request("GET", *_of(organization), what=what, advice=advice.OF_ORGANIZATION)
        return self._listing(answer, what, organization)

    def create(
        self,
        name: str,
        restriction: Restriction,
        scopes: list[str] | None,
        description: str | None,
        *,
        fresh: bool = False,
        on_send: Callable[[float], None] = lambda _moment: None,
    ) -> Issued:
        """Create a token. Source: POST /v1/auth/api-tokens/{name}; the answers of /v1 and of /v2 are understood.

        :param scopes: as the API is to be asked for them; the restriction has them expanded.
        :param fresh: use no connection that was used before.
        :param on_send: is given the time of every try, by the client's clock.
        """
        what = f"create the token {name!r}"
        asked = {
            "organization": restriction.organization,
            "group": restriction.group,
            "scopes": scopes or None,
            "description": description,
        }
        body = {key: value for key, value in asked.items() if value is not None}
        path = (*_TOKENS, name)
        answer = self.api.request(
            "POST", *path, what=what, body=body or None, fresh=fresh, on_send=on_send, advice=advice.ON_CREATE
        )
        return self._issued(answer, what, name, restriction)

    def revoke_by_name(self, name: str) -> None:
        """Revoke a token of the calling user. Source: DELETE /v1/auth/api-tokens/{name}.

        A lost answer is not followed by another try: the name may be another token's by then.
        """
        self._revoke((*_TOKENS, name), f"revoke the token {name!r}", repeatable=False)

    def revoke_by_id(self, organization: str, token_id: str) -> None:
        """Revoke anybody's token in an organization. Source: DELETE /v1/organizations/{slug}/api-tokens/{id}."""
        what = f"revoke the token with the id {token_id!r} in the organization {organization!r}"
        self._revoke((*_of(organization), token_id), what, repeatable=True, advice=advice.OF_ORGANIZATION)

    def validate(self, secret: str | None = None) -> Validation:
        """Ask the API about a credential: the one in use, or the secret that is given. Source: GET /v1/auth/validate."""
        what = "validate the credential" if secret is None else "validate the new token"
        try:
            answer = self.api.request("GET", "v1", "auth", "validate", what=what, bearer=secret)
        except Unauthorized as exc:
            return Validation(valid=False, refusal=exc)
        except Forbidden as exc:
            return Validation(valid=True, refusal=exc)
        expiry = answer.data.get("exp")
        never_expires = expiry == NEVER
        expires_at = None if never_expires else from_unix(expiry)
        is_understood = expiry is None or never_expires or expires_at is not None
        if not is_understood or answer.data.get("error"):
            raise answer.unexpected(what, "a time of expiry that can be read")
        return Validation(valid=True, expires_at=expires_at, never_expires=never_expires)

    def _issued(self, answer: Answer, what: str, name: str, restriction: Restriction) -> Issued:
        """Read the answer to a create; what it does not tell is as it was asked for."""
        inner = answer.data["token"] if isinstance(answer.data.get("token"), dict) else answer.data
        secret = text_or_none(inner.get("value") or inner.get("token"))
        token_id = text_or_none(inner.get("id") or answer.data.get("id"))
        if secret is not None and secret != name and self._on_secret is not None:
            self._on_secret(secret)
        if secret is None or not is_bearer(secret) or token_id is None:
            raise answer.unexpected(what, "the new token's id and value")
        answered_name = text_or_none(inner.get("name") or answer.data.get("name"))
        token = Token(
            name=answered_name or name,
            id=token_id,
            restriction=restriction_in(inner) or restriction,
            created_at=text_or_none(inner.get("created_at")),
            description=text_or_none(inner.get("description")),
        )
        return Issued(token, secret)

    def _revoke(self, segments: tuple[str, ...], what: str, **how: Any) -> None:
        answer = self.api.request("DELETE", *segments, what=what, **how)
        if answer.status == 204:
            return
        if answer.data.get("error") or text_or_none(answer.data.get("token")) is None:
            raise answer.unexpected(what, "the token that was revoked")

    def _listing(self, answer: Answer, what: str, organization: str | None = None) -> Listing:
        return read_listing(answer, what, organization, self.api.now())


def _of(organization: str) -> tuple[str, ...]:
    return ("v1", "organizations", organization, "api-tokens")
