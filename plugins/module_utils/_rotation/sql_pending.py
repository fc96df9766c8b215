# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Record in the state file which SQL tokens were minted, which are pending, and which were confirmed. Private.

Nothing else remembers them: the API keeps no record of a SQL token.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.pending_versions import forget_pending
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import (
    SqlMemory,
    claims_from,
    is_newer,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_outcome import (
    of_sql_commit,
    unanswered_in_words,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import Current, Pending, Process
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from ansible_collections.community.turso.plugins.module_utils._time import moment_of, utc_now, utc_text

if TYPE_CHECKING:
    from ansible_collections.community.turso.plugins.module_utils._rotation.sql_issuing import SqlRotation

_SPARED = 8  # a run is remembered again after this part of the time in which the token is due


def record_minted(
    path: str | None, rotations: Sequence[SqlRotation], controller: Process, now: datetime.datetime
) -> None:
    """Write into the state file what was minted and is pending, before the delivery, and which tokens are as they should be.

    Where that fails nothing is delivered: what nobody remembers would be minted again by every run.

    :param controller: the process that runs the playbook.
    """
    if path is None or not rotations:
        return
    try:
        with state_file.locked(path):
            before = state_file.read(path)
            after = before
            for rotation in rotations:
                after = _with(after, rotation, controller, now)
            if after != before:
                state_file.write(path, after)
    except Refused as exc:
        for rotation in rotations:
            if rotation.is_pending:
                rotation.withhold(exc.msg.rstrip("."))
                rotation.error = rotation.error or exc


def _with(state: State, rotation: SqlRotation, controller: Process, now: datetime.datetime) -> State:
    plan, name = rotation.plan, rotation.plan.name
    memory = state.of(name).sql or SqlMemory()
    if rotation.is_pending and rotation.id is not None:
        state = state.pending_issued(name, _pending(state, rotation, controller, now), utc_text(now))
    if plan.is_due or plan.refusal is not None:
        return state.remembered(name, memory.tried(rotation.mints, now))
    spared = plan.renew_before / _SPARED
    return state if plan.is_elsewhere else state.remembered(name, memory.succeeded(now, unless_within=spared))


def _pending(state: State, rotation: SqlRotation, controller: Process, now: datetime.datetime) -> Pending:
    """Return the pending token; where it was pending before, when it was minted and who has it stays known."""
    former, name = state.of(rotation.plan.name).pending, rotation.plan.name
    labels = [label for recipient in rotation.plan.entry.recipients for label in recipient.labels]
    if former is not None and former.id == rotation.id:
        return dataclasses.replace(former.resumed_by(controller, labels), claims=rotation.claims)
    return Pending(name, rotation.id or "", utc_text(now), controller, dict.fromkeys(labels), claims=rotation.claims)


def forget_withheld(path: str | None, rotations: Sequence[SqlRotation], reason: str) -> None:
    """Give up what was minted, because nobody will get it; it ends by itself.

    :param reason: why, as a sentence without its end.
    """
    given_up = [(rotation.plan.name, rotation.id) for rotation in rotations if rotation.secret is not None]
    for rotation in rotations:
        rotation.withhold(reason)
    forget_pending(path, given_up)


def give_up(items: Sequence[Item], path: str | None) -> list[dict[str, Any]]:
    """Forget pending SQL tokens that nobody took, and return the reports of their managed tokens."""
    forget_pending(path, [(item.name, item.version_id) for item in items if item.action != "resume"])
    return [
        {**of_sql_commit(item, f"{item.error}. {_what_becomes_of_it(item)}"), "issued": None}
        for item in items
        if item.version
    ]


def _what_becomes_of_it(item: Item) -> str:
    return f"The new token cannot be revoked. Nobody has it, and it ends by itself {(item.claims or {}).get('expires_at')}."


def commit_sql(items: Sequence[Item], path: str | None) -> list[dict[str, Any]]:
    """Record which tokens everybody confirmed. There is nothing to revoke: those before end by themselves.

    :raises Refused: the state file cannot be written.
    """
    doubts: dict[str, str] = {}
    if path is not None and items:
        with state_file.locked(path):
            state = state_file.read(path)
            for item in items:
                state = _confirmed(state, item)
            state_file.write(path, state)
            doubts = {item.name: unanswered_in_words(state.of(item.name).sql) for item in items}
    return [of_sql_commit(item, doubt=doubts.get(item.name, "")) for item in items]


def _confirmed(state: State, item: Item) -> State:
    now = moment_of(item.at) or utc_now()
    claims = claims_from(item.claims or {}, "claims")
    known = state.of(item.name)
    memory = known.sql or SqlMemory()
    current = known.current
    if current is not None and current.claims is not None and is_newer(current.claims, claims):
        return state  # another run was later, and everybody has its token
    confirmed = Current(item.name, item.version_id or "", utc_text(now), claims=claims)
    return state.committed(item.name, confirmed, (), utc_text(now)).remembered(item.name, memory.succeeded(now))
