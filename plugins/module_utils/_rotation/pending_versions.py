# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record in the state file which versions this run issued and nobody has confirmed, and forget what was withdrawn. Private."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.issuing import Rotation, withdraw_unless_resumed
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import Plan
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import Pending, Process, is_version
from ansible_collections.community.turso.plugins.module_utils._time import utc_now, utc_text


def record_pending(path: str | None, rotations: Sequence[Rotation], controller: Process, at: str) -> None:
    """Write into the state file, before the delivery, which versions are pending; where that fails they are withdrawn.

    :param controller: the process that runs the playbook.
    :param at: the API's time, as the state file writes it.
    """
    pending = [(rotation, rotation.pending.token) for rotation in rotations if rotation.pending is not None]
    if path is None or not pending:
        return
    try:
        with state_file.locked(path):
            state = state_file.read(path)
            for rotation, token in pending:
                state = with_pending(state, rotation.plan, token, controller, at)
            state_file.write(path, state)
    except Refused as exc:
        for rotation, _token in pending:
            rotation.error = exc
            withdraw_unless_resumed(rotation)


def with_pending(state: State, plan: Plan, token: Token, controller: Process, at: str) -> State:
    """Return the state in which a version is pending, and one that nobody confirmed is remembered as such."""
    former = state.of(plan.name).pending
    labels = [label for recipient in plan.entry.recipients for label in recipient.labels]
    if former is None or former.id != token.id:
        pending = Pending(token.name, token.id or "", at, controller, dict.fromkeys(labels))
        return _with_unconfirmed(state, plan, at).pending_issued(plan.name, pending, at)
    return state.pending_issued(plan.name, former.resumed_by(controller, labels), at)


def _with_unconfirmed(state: State, plan: Plan, at: str) -> State:
    former = state.of(plan.name).pending
    if former is None or former.id not in {version.id for version in plan.unconfirmed}:
        return state
    return state.unconfirmed_found(plan.name, former.id, at)


def forget_pending(path: str | None, given_up: Sequence[tuple[str, str | None]]) -> None:
    """Take versions that nobody got out of the state file. One that still names them does no harm.

    :param given_up: the name of the managed token, and the id of the version, of API tokens and of SQL tokens.
    """
    if path is None or not given_up:
        return
    with contextlib.suppress(Refused), state_file.locked(path):
        state, at = state_file.read(path), utc_text(utc_now())
        for name, version_id in given_up:
            if is_version(state.of(name).pending, version_id):
                state = state.withdrawn(name, at)
        state_file.write(path, state)
