# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: try a new secret, and withdraw what cannot be used or handed over."""

from __future__ import annotations

from ansible_collections.community.turso.plugins.module_utils._api.tokens import Issued, Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError, Unauthorized
from ansible_collections.community.turso.plugins.module_utils._token.revoke import withdraw

PROOF_PAUSES_SECONDS = (0.0, 0.5, 1.0)  # a new token may take a moment to be known everywhere


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
                f"The API answered 403 when the new token {issued.token.name!r} was validated. Restricted tokens that work "
                "get this answer, too, so the token was kept. Test it with an application that uses it."
            )
        if validation.refusal is None:
            return None
        refusals.append(validation.refusal)
    unproven = refusals[-1].become(Unauthorized, f"The API rejects the new token {issued.token.name!r} (401).")
    unproven.attempts = sum(refusal.attempts for refusal in refusals)
    raise unproven


def withdraw_new(tokens: Tokens, issued: Issued, reason: TursoError) -> tuple[TursoError, bool]:
    """Revoke a new token for a reason. Return what to tell, and whether the token may have been left behind."""
    name, token_id = issued.token.name, issued.token.id
    try:
        withdraw(tokens, issued.token, was_listed=False)
    except TursoError as exc:
        failure = reason.become(
            type(reason),
            f"{reason.msg} The new token {name!r} could not be revoked again either, so it may be active. {exc.msg} Revoke "
            f"the token with the id {token_id}.",
        )
        failure.__cause__ = exc
        return failure, True
    return reason.become(type(reason), f"{reason.msg} The new token {name!r} (id {token_id}) was revoked again."), False
