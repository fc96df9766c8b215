# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Revoke what the confirmed versions replace: list, settle, write the state file, revoke. Private."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import Refused, TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation import report, state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.issuing import problem_in_revoking
from ansible_collections.community.turso.plugins.module_utils._rotation.settlement import Settlement, settle
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import Current, Previous
from ansible_collections.community.turso.plugins.module_utils._rotation.survey import Account, seen_accounts
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import Version
from ansible_collections.community.turso.plugins.module_utils._time import utc_text
from ansible_collections.community.turso.plugins.module_utils._token.apply import side_by_side


@dataclasses.dataclass
class Commit:
    """What a commit did for one managed token."""

    settlement: Settlement
    account: Account
    revoked: list[str] = dataclasses.field(default_factory=list)  # ids
    problems: list[str] = dataclasses.field(default_factory=list)

    @property
    def item(self) -> Item:
        return self.settlement.item

    def report(self) -> dict[str, Any]:
        if self.account.failure is not None:
            return report.of_refusal(self.item.report, [self.account.failure.msg.rstrip(".")])
        return report.of_commit(self.settlement, self.revoked, self.problems)


def commit(
    items: Sequence[Item],
    clients: Mapping[str | None, Tokens],
    new_clients: Mapping[str, Tokens],
    *,
    pending: datetime.timedelta,
    state_path: str | None,
    concurrency: int,
) -> list[Commit]:
    """Revoke the previous versions of tokens whose new versions everybody confirmed.

    The list is made under the lock of the state file, so that what a run beside this one revoked is not on it.

    :param clients: by the name of the credential.
    :param new_clients: by the name of the token, with the new values of those that are credentials of the run.
    """
    with state_file.locked(state_path) if state_path else contextlib.nullcontext():
        state = state_file.read(state_path) if state_path else None
        accounts = seen_accounts(items, clients)
        versions = {name: account.versions_of(items) for name, account in accounts.items()}
        commits = [
            _settled(item, accounts[item.credential], versions[item.credential][item.name], state, pending)
            for item in items
        ]
        if state_path and state is not None:
            state = _confirmed(state, commits)
            _write_before_revoking(state_path, state)
        _revoke(commits, new_clients, concurrency)
        if state_path and state is not None:
            _write_after_revoking(state_path, state, commits)
    return commits


def _settled(
    item: Item,
    account: Account,
    versions: Sequence[Version],
    state: State | None,
    pending: datetime.timedelta,
) -> Commit:
    if account.failure is not None:
        settlement = Settlement(item, refusal=f"{account.failure.msg} Nothing was revoked.")
    else:
        known = None if state is None else state.of(item.name)
        settlement = settle(item, versions, account.now, pending=pending, state=known)
    return Commit(settlement, account, problems=[settlement.refusal] if settlement.refusal else [])


def _confirmed(state: State, commits: Sequence[Commit]) -> State:
    """Record which versions are current now, and since when the others are previous."""
    for done in commits:
        item, since = done.item, done.settlement.previous_since
        if done.settlement.refusal is not None:
            continue
        versions = (*done.settlement.revoke, *(kept.version for kept in done.settlement.kept))
        at = utc_text(done.account.now)
        current = None if item.version is None else Current(item.version["name"], item.version["id"], at)
        previous = [
            Previous(version.name, version.id, utc_text(since[version.id]))
            for version in versions
            if version.id in since
        ]
        state = state.committed(item.name, current, previous, at)
    return state


def _write_before_revoking(path: str, state: State) -> None:
    try:
        state_file.write(path, state)
    except Refused as exc:
        raise exc.become(Refused, f"{exc.msg} Nothing was revoked.") from exc


def _write_after_revoking(path: str, state: State, commits: Sequence[Commit]) -> None:
    """Take what was revoked out of the state file. One that still names it does no harm, but something is wrong."""
    revoking = [done for done in commits if done.revoked]
    for done in revoking:
        state = state.dropped(done.item.name, done.revoked, utc_text(done.account.now))
    if not revoking:
        return
    try:
        state_file.write(path, state)
    except Refused as exc:
        for done in revoking:
            done.problems.append(
                f"The token was rotated and works, but the state file does not record what was revoked. {exc.msg}"
            )


def _revoke(commits: Sequence[Commit], new_clients: Mapping[str, Tokens], concurrency: int) -> None:
    """Revoke side by side, the running credential last."""
    jobs: list[tuple[Commit, str]] = []
    last: list[tuple[Commit, str]] = []
    for done in commits:
        for version in done.settlement.revoke:
            (last if _is_running(done, version.id) else jobs).append((done, version.id))
    side_by_side(lambda job: _revoke_one(job[0], job[0].account.tokens, job[1]), jobs, concurrency)
    for done, version_id in last:
        _revoke_running(done, version_id, new_clients.get(done.item.name))


def _is_running(done: Commit, version_id: str) -> bool:
    own_id = done.account.own_id
    return version_id == own_id if own_id is not None else done.item.is_running_credential


def _revoke_running(done: Commit, version_id: str, new_client: Tokens | None) -> None:
    """Revoke the running credential with its own new value, and only if a list made with that shows both."""
    issued = done.item.version
    if issued is None and done.account.own_id is None:  # whether it is the running one, only the API could tell
        _revoke_one(done, done.account.tokens, version_id)
        return
    problem = _why_it_cannot_take_over(new_client, [version_id, *([issued["id"]] if issued else [])])
    if new_client is None or problem is not None:
        done.problems.append(
            f"Its previous version is the credential of this run and was not revoked, because {problem}. Both versions are "
            "active. Put the new value into TURSO_API_TOKEN, then run the rotation again."
        )
        return
    _revoke_one(done, new_client, version_id)


def _why_it_cannot_take_over(new_client: Tokens | None, ids: Sequence[str]) -> str | None:
    """Say why the new value of the running credential cannot take over; None if it can."""
    if new_client is None:
        return "only a new version may revoke it, and this run issued none"
    try:
        seen = {token.id for token in new_client.list_own().tokens}
    except TursoError as exc:
        return f"its new version cannot list tokens ({exc.msg.rstrip('.')})"
    missing = [token_id for token_id in ids if token_id not in seen]
    return f"its new version does not see the token with the id {missing[0]}" if missing else None


def _revoke_one(done: Commit, tokens: Tokens, version_id: str) -> None:
    token = done.account.with_id(version_id)
    problem = problem_in_revoking(tokens, token)
    if problem is None:
        done.revoked.append(version_id)
    else:
        done.problems.append(problem)
