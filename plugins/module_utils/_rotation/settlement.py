# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a commit may do for one managed token, decided after the last list and before the first revocation: pure. Private."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence

from ansible_collections.community.turso.plugins.module_utils._rotation import sentences
from ansible_collections.community.turso.plugins.module_utils._rotation.state import TokenState
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import Version, by_id
from ansible_collections.community.turso.plugins.module_utils._time import utc_text


@dataclasses.dataclass(frozen=True)
class Kept:
    """A version that a commit leaves active, and why; None for the one in use."""

    version: Version
    why: str | None = None


@dataclasses.dataclass(frozen=True)
class Settlement:
    """What is revoked, what is kept, and since when the previous versions are that; `refusal` means nothing is revoked."""

    item: Item
    revoke: tuple[Version, ...] = ()
    kept: tuple[Kept, ...] = ()
    previous_since: Mapping[str, datetime.datetime] = dataclasses.field(default_factory=dict)
    refusal: str | None = None


def settle(
    item: Item,
    versions: Sequence[Version],
    now: datetime.datetime,
    *,
    pending: datetime.timedelta,
    state: TokenState | None,
) -> Settlement:
    """Decide what may be revoked for one managed token.

    :param versions: the active ones, listed for this commit.
    :param pending: how long another run may need to deliver a version.
    :param state: what the state file says now; None without one.
    """
    refusal = _refusal(item, versions, state)
    if refusal is not None:
        return Settlement(item, kept=tuple(Kept(version) for version in versions), refusal=refusal)
    since = _previous_since(item, versions, now, state)
    grace = datetime.timedelta(hours=item.grace_hours)
    protected = {ref["id"]: ref for ref in item.elsewhere}
    revoke, kept = [], []
    for version in versions:
        if version.id in protected:
            kept.append(Kept(version, sentences.kept_for_another_run(version, pending)))
        elif version.id not in since:
            kept.append(Kept(version))
        elif now < since[version.id] + grace:
            kept.append(Kept(version, f"{version.name} stays until {utc_text(since[version.id] + grace)}"))
        else:
            revoke.append(version)
    return Settlement(item, tuple(revoke), tuple(kept), since)


def _refusal(item: Item, versions: Sequence[Version], state: TokenState | None) -> str | None:
    """Say why nothing may be revoked; None if it may."""
    active = by_id(versions)
    if item.version is None:
        if _in_use(item, state) & set(active):
            return None
        return "The version in use is not active any more. Nothing was revoked. Run the rotation again."
    own = active.get(item.version["id"])
    if own is None or own.name != item.version["name"]:
        return (
            f"Its new version {item.version['name']} (id {item.version['id']}) is not active any more. Nothing was revoked. "
            "Consumers that have the value of this run need another one: run the rotation again with "
            "turso_rotate_force=true."
        )
    planned = {ref["id"] for ref in (*item.versions, *item.elsewhere)}
    younger = [version for version in versions if version.order > own.order and version.id not in planned]
    if younger:
        return (
            f"{younger[-1].name} was issued after {own.name} by another run. Nothing was revoked; old and new values work. "
            "Run the rotation again after turso_rotate_pending_minutes: it leaves one version."
        )
    return None


def _in_use(item: Item, state: TokenState | None) -> set[str]:
    """Return the ids of what is current: by the plan, and by the state file as it is now."""
    ids = {item.current["id"]} if item.current else set()
    return ids | ({state.current.id} if state and state.current else set())


def _previous_since(
    item: Item, versions: Sequence[Version], now: datetime.datetime, state: TokenState | None
) -> dict[str, datetime.datetime]:
    """Return since when each version is previous: those that the state file names, and those that this commit replaces."""
    active = by_id(versions)
    known = state.previous_since(now) if state else {}
    since = {version_id: known[version_id] for version_id in known if version_id in active}
    if item.version is None:
        in_use = _in_use(item, state)
        return {version_id: moment for version_id, moment in since.items() if version_id not in in_use}
    for ref in item.previous:
        if ref["id"] in active and active[ref["id"]].name == ref["name"]:
            since.setdefault(ref["id"], now)
    current = item.current and item.current["id"]
    if current in since:
        since[current] = now  # it was in use until now, whatever the state file said of it
    since.pop(item.version["id"], None)
    return since
