# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record in the state file which versions this run issued and nobody has confirmed, and forget what was withdrawn. Private."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.issuing import Rotation, withdraw_unless_resumed
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import Plan
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import Pending, Process
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from ansible_collections.community.turso.plugins.module_utils._time import utc_now, utc_text


def record_pending(path: str | None, rotations: Sequence[Rotation], controller: Process, at: str) -> None:
    """Write into the state file, before the delivery, which versions are pending; where that fails they are withdrawn.

    :param controller: the process that runs the playbook.
    :param at: the API's time, as the state file writes it.
    """
    pending = [(rotation, issued) for rotation in rotations for issued in [rotation.pending] if issued is not None]
    if path is None or not pending:
        return
    try:
        with state_file.locked(path):
            state = state_file.read(path)
            for rotation, issued in pending:
                state = with_pending(state, rotation.plan, issued.token, controller, at)
            state_file.write(path, state)
    except Refused as exc:
        for rotation, _issued in pending:
            rotation.error = exc
            withdraw_unless_resumed(rotation)


def with_pending(state: State, plan: Plan, token: Token, controller: Process, at: str) -> State:
    """Return the state in which a version is pending, and one that nobody confirmed is remembered as such."""
    former = state.of(plan.name).pending
    labels = [label for recipient in plan.entry.recipients for label in recipient.labels]
    if former is not None and former.id == token.id:  # resumed: when it was issued and who has it stays known
        known = {label: former.destinations.get(label) for label in labels}
        return state.pending_issued(plan.name, dataclasses.replace(former, process=controller, destinations=known), at)
    if former is not None and former.id in {version.id for version in plan.unconfirmed}:
        state = state.unconfirmed_found(plan.name, former.id, at)
    pending = Pending(token.name, token.id or "", at, controller, dict.fromkeys(labels))
    return state.pending_issued(plan.name, pending, at)


def forget_pending(state_path: str | None, withdrawn: Sequence[Item]) -> None:
    """Take withdrawn versions out of the state file. One that still names them does no harm: they are not listed."""
    if state_path is None or not withdrawn:
        return
    with contextlib.suppress(Refused), state_file.locked(state_path):
        state_file.write(state_path, _without_pending(state_file.read(state_path), withdrawn))


def _without_pending(state: State, items: Sequence[Item]) -> State:
    at = utc_text(utc_now())
    for item in items:
        pending = state.of(item.name).pending
        if pending is not None and item.version is not None and pending.id == item.version["id"]:
            state = state.withdrawn(item.name, at)
    return state
