# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done and what is not, read from the answers and from a fresh list. Pure and private."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._errors import NotFound, TursoError


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
    """Return what a fresh list and the answers say is not done: pure."""
    confirmed = tuple(confirmed)
    failures = [failure for token in confirmed for failure in _failure_of(token, done, remaining)]
    if isinstance(remaining, TursoError):
        msg = f"The tokens could not be listed again, so nothing proves that those revoked are gone. {remaining.msg}"
        return [*failures, Failure(msg, error=remaining)]
    ours = {str(token.id) for token in confirmed}
    return failures + [
        Failure(
            f"Token {token.name!r} (id {token_id}) is gone from the list, and nobody confirmed it. This run or somebody else "
            "revoked it meanwhile. Find out who uses it, and create it again.",
            token,
        )
        for token_id, token in done.witnessed.items()
        if token_id not in remaining and token_id not in ours
    ]


def _failure_of(token: Token, done: Round, remaining: frozenset[str] | TursoError) -> list[Failure]:
    token_id = str(token.id)
    error, label = done.errors[token_id], f"Token {token.name!r} (id {token_id})"
    is_listed = None if isinstance(remaining, TursoError) else token_id in remaining
    if error is None:
        still = f"{label} is still listed after the API answered that it is revoked. It may be active. Run this again."
        return [Failure(still, token)] if is_listed else []
    if is_listed is False and (error.ambiguous or isinstance(error, NotFound)):
        return []  # the list that confirmed it had shown it, so it was there and is gone
    return [Failure(f"{label} was not revoked: {error.msg} It may still be active.", token, error=error)]
