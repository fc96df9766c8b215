# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done and what is not, read from the answers and from a fresh list. Pure and private."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._errors import NotFound, TursoError
from ansible_collections.community.turso.plugins.module_utils._token.revoke import UNKNOWN_STATUSES


@dataclasses.dataclass(frozen=True)
class Failure:
    """Something that was asked for and is not done.

    :ivar value: the number of the value that it is about, none for a token.
    :ivar error: what the API answered, none where no request failed.
    """

    msg: str
    token: Token | None = None
    value: int | None = None
    error: TursoError | None = None

    def as_result(self) -> dict[str, object]:
        name, token_id = (None, None) if self.token is None else (self.token.name, self.token.id)
        return {"name": name, "id": token_id, "value": self.value, "msg": self.msg}


@dataclasses.dataclass
class Round:
    """What became of the tokens that were confirmed.

    :ivar errors: by id; none for a token whose revocation was answered.
    :ivar witnessed: by id, the tokens in the lists that were read right before a revocation by name.
    """

    errors: dict[str, TursoError | None] = dataclasses.field(default_factory=dict)
    witnessed: dict[str, Token] = dataclasses.field(default_factory=dict)


def failures_in(done: Round, confirmed: Iterable[Token], remaining: frozenset[str] | TursoError) -> list[Failure]:
    """Return what a fresh list and the answers say is not done.

    :param remaining: every id that is listed afterwards, or why the list could not be had.
    """
    confirmed = tuple(confirmed)
    if isinstance(remaining, TursoError):
        msg = f"The tokens could not be listed again, so it is not proven that the revoked tokens are gone. {remaining.msg}"
        failures = [_failure(token, done, is_listed=None) for token in confirmed]
        return [*filter(None, failures), Failure(msg, error=remaining)]
    failures = [_failure(token, done, is_listed=str(token.id) in remaining) for token in confirmed]
    known = remaining.union(str(token.id) for token in confirmed)
    others = [token for token_id, token in done.witnessed.items() if token_id not in known]
    return [*filter(None, failures), *map(_lost, others)]


def _failure(token: Token, done: Round, *, is_listed: bool | None) -> Failure | None:
    """Return what is wrong with a token that was to be revoked, none where it is gone."""
    error, label = done.errors[str(token.id)], f"Token {token.name!r} (id {token.id})"
    if error is None and is_listed:
        msg = f"{label} is still listed after the API answered that it is revoked. It may be active. Run this again."
        return Failure(msg, token)
    if error is None:
        return None
    may_be_gone = error.ambiguous or isinstance(error, NotFound) or error.status in UNKNOWN_STATUSES
    if is_listed is False and may_be_gone:
        return None  # the list that confirmed it had shown it, so it was there and is gone
    return Failure(f"{label} was not revoked: {error.msg} It may still be active.", token, error=error)


def _lost(token: Token) -> Failure:
    """Return what to say of a token that nobody confirmed and that is gone since a revocation by name."""
    return Failure(
        f"Token {token.name!r} (id {token.id}) is gone from the list, although it was not selected. This run or another "
        "process revoked it in the meantime. Find out who uses it, and create it again.",
        token,
    )
