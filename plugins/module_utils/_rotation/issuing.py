# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Issue the versions that are due, verify each, and withdraw what is not verified. Private."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.community.turso.plugins.module_utils._api.claims import jti_of
from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Issued, Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import Refused, TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import ISSUE, Plan
from ansible_collections.community.turso.plugins.module_utils._rotation.survey import Account
from ansible_collections.community.turso.plugins.module_utils._token.apply import side_by_side
from ansible_collections.community.turso.plugins.module_utils._token.create import create
from ansible_collections.community.turso.plugins.module_utils._token.outcome import failure_kept_in
from ansible_collections.community.turso.plugins.module_utils._token.refusals import tell_of_refusals
from ansible_collections.community.turso.plugins.module_utils._token.revoke import LIST_PAUSES_SECONDS, withdraw
from ansible_collections.community.turso.plugins.module_utils._token.verify import prove

BY_SECRET, BY_LIST = "validate", "list"


@dataclasses.dataclass
class Rotation:
    """What becomes of one planned token while it is issued and verified."""

    plan: Plan
    account: Account
    issued: Issued | None = None
    token: Token | None = None  # as listed afterwards
    verified_by: str | None = None
    error: TursoError | None = None
    is_withdrawn: bool = False

    @property
    def pending(self) -> Issued | None:
        """Return what was issued or resumed, and verified."""
        return self.issued if self.error is None else None

    @property
    def tokens(self) -> Tokens:
        return self.account.tokens


def issue(
    rotations: Sequence[Rotation],
    values: Mapping[str, Sequence[str]],
    *,
    validate: bool,
    concurrency: int,
    stop: Callable[[], str | None] = lambda: None,
) -> None:
    """Issue or resume every version that is due, and verify each. A failure is kept in its rotation and stops no other.

    :param values: those in the vault file and in destinations, by name.
    :param validate: whether each new value is tried on the API; a resumed one always is.
    :param stop: returns why no further version is to be issued, None where it is.
    """
    created = [rotation for rotation in rotations if rotation.plan.action == ISSUE]
    side_by_side(lambda rotation: _create(rotation, stop), created, concurrency)
    for tokens, theirs in _by_client(created):
        tell_of_refusals(tokens, theirs, are_ours=True)
    _resume_all(rotations, values)
    _verify([rotation for rotation in rotations if rotation.issued is not None], validate, concurrency)
    side_by_side(withdraw_unless_resumed, created, concurrency)


def _verify(issued: Sequence[Rotation], validate: bool, concurrency: int) -> None:
    for tokens, theirs in _by_client(issued):
        _verify_by_list(tokens, theirs)
    tried = [rotation for rotation in issued if rotation.error is None and (validate or _is_resumed(rotation))]
    side_by_side(_verify_by_secret, tried, concurrency)


def _by_client(rotations: Sequence[Rotation]) -> list[tuple[Tokens, list[Rotation]]]:
    clients = {id(rotation.tokens): rotation.tokens for rotation in rotations}
    return [(tokens, [rotation for rotation in rotations if rotation.tokens is tokens]) for tokens in clients.values()]


def _is_resumed(rotation: Rotation) -> bool:
    return rotation.plan.resumed is not None


def _create(rotation: Rotation, stop: Callable[[], str | None]) -> None:
    wanted = dataclasses.replace(rotation.plan.entry.want, name=rotation.plan.new_name)

    def another_name() -> str:
        return f"{(wanted.name or '')[:-4]}{os.urandom(2).hex()}"

    with failure_kept_in(rotation):
        reason = stop()
        if reason is not None:
            raise Refused(f"No new token was issued: {reason}. Run the rotation again.")
        rotation.issued = create(rotation.tokens, wanted, new_name=another_name)


def _resume_all(rotations: Sequence[Rotation], values: Mapping[str, Sequence[str]]) -> None:
    for rotation in rotations:
        version = rotation.plan.resumed
        if version is not None:
            token = Token(version.name, version.id, version.restriction)
            value = next(value for value in values[rotation.plan.name] if jti_of(value) == version.id)
            rotation.issued = Issued(token, value)


def _verify_by_list(tokens: Tokens, rotations: Sequence[Rotation]) -> None:
    """Find every version, by its id and with exactly what was asked for, in one list; a late list is asked again."""
    failure: TursoError | None = None
    for pause in LIST_PAUSES_SECONDS:
        tokens.api.pause(pause)
        try:
            listed = {token.id: token for token in tokens.list_own().tokens}
        except TursoError as exc:
            failure = exc
            break
        for rotation in rotations:
            rotation.token = listed.get(rotation.issued.token.id) if rotation.issued else None
        if all(rotation.token for rotation in rotations):
            break
    for rotation in rotations:
        if rotation.token is None and failure is not None:
            rotation.error = failure.become(type(failure), f"The new token could not be verified. {failure.msg}")
        else:
            rotation.error = _difference(rotation)
        rotation.verified_by = None if rotation.error else BY_LIST


def _difference(rotation: Rotation) -> TursoError | None:
    if rotation.issued is None or rotation.token is None:
        return Refused("The list of tokens does not show the new token, so it could not be verified.")
    differences = rotation.token.restriction.differences(rotation.plan.entry.want.restriction)
    if rotation.token.name != rotation.issued.token.name:
        differences.append(f"its name is {rotation.token.name!r}, not {rotation.issued.token.name!r}")
    if not differences:
        return None
    return Refused(f"The new token has different settings: {'; '.join(differences)}.")


def _verify_by_secret(rotation: Rotation) -> None:
    with failure_kept_in(rotation):
        if rotation.issued is not None and prove(rotation.tokens, rotation.issued) is None:
            rotation.verified_by = BY_SECRET


def withdraw_unless_resumed(rotation: Rotation) -> None:
    """Revoke a version that this run issued and nobody will get, and say so in the rotation's error."""
    if rotation.issued is None or rotation.error is None or _is_resumed(rotation):
        return
    token = rotation.issued.token
    problem = problem_in_revoking(rotation.tokens, token, was_listed=rotation.token is not None)
    rotation.verified_by, rotation.is_withdrawn = None, problem is None
    said = (
        f"{token.name} (id {token.id}) was withdrawn."
        if problem is None
        else f"{token.name} (id {token.id}) could not be withdrawn, so it may be active. {problem} Revoke it by its id."
    )
    rotation.error = rotation.error.become(type(rotation.error), f"{rotation.error.msg} {said}")


def problem_in_revoking(tokens: Tokens, token: Token, *, was_listed: bool = True) -> str | None:
    """Revoke a token of our own, and say what went wrong; None if nothing did.

    :param was_listed: whether some list has shown it; without that, a list that does not show it proves nothing.
    """
    attempt = _Attempt()
    with failure_kept_in(attempt):
        withdraw(tokens, token, was_listed=was_listed)
    return attempt.error.msg if attempt.error else None


def problem_in_withdrawing(tokens: Tokens, version_id: str) -> str | None:
    """Revoke a version of this run that is known by its id, and say what went wrong; None if it is not active any more."""
    attempt = _Attempt()
    with failure_kept_in(attempt):
        found = next((token for token in tokens.list_own().tokens if token.id == version_id), None)
        if found is not None:
            withdraw(tokens, found)
    return attempt.error.msg if attempt.error else None


@dataclasses.dataclass
class _Attempt:
    error: TursoError | None = None
