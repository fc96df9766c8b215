# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What destinations tell of the SQL tokens that they hold, because the API tells nothing: pure. Private."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.community.turso.plugins.module_utils._delivery import verdicts as delivery
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Verdict, by_name
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of, is_newer_sql
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import AnyEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import SqlEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State, TokenState
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import is_version
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item


@dataclasses.dataclass(frozen=True)
class Reading:
    """What came of asking destinations which SQL tokens they hold.

    :ivar lacks: the names of which some destination holds no value.
    :ivar unread: why it cannot be known which token is in use, by name.
    """

    lacks: tuple[str, ...] = ()
    unread: Mapping[str, str] = dataclasses.field(default_factory=dict)


def to_ask_for_values(entries: Iterable[AnyEntry], stored: Mapping[str, str] | None, state: State | None) -> list[str]:
    """Return the names of the SQL tokens whose destinations have to be asked before anything can be planned.

    :param stored: the values in the vault file by name; None without one.
    """
    return [entry.name for entry in _readable(entries) if _is_asked(entry.name, stored or {}, state)]


def _readable(entries: Iterable[AnyEntry]) -> list[SqlEntry]:
    """Return the SQL tokens that some destination can be asked for."""
    return [entry for entry in entries if isinstance(entry, SqlEntry) and entry.readable]


def _is_asked(name: str, stored: Mapping[str, str], state: State | None) -> bool:
    """Tell whether nobody knows the token in use unless a destination says it: the vault file has another one, or none."""
    known = TokenState() if state is None else state.of(name)
    return known.pending is not None or not is_version(known.current, digest_of(stored.get(name, "")))


def reading_of(
    entries: Iterable[AnyEntry],
    verdicts: Sequence[Verdict],
    stored: Mapping[str, str] | None,
    *,
    has_state_file: bool,
) -> Reading:
    """Return what destinations told, once they were asked for the values that they hold.

    Without a state file a value that could not be read leaves nothing to decide by, where the vault file has none either: a
    destination that is down must not cost a token a day.
    """
    read = [verdict for verdict in verdicts if verdict.was_looked_at]
    lacks = {verdict.name for verdict in read if verdict.shows_nothing}
    return Reading(tuple(sorted(lacks)), {} if has_state_file else _unread(entries, read, stored or {}))


def _unread(entries: Iterable[AnyEntry], verdicts: Sequence[Verdict], stored: Mapping[str, str]) -> dict[str, str]:
    """Say of which tokens nobody knows which one is in use, where only a destination could tell."""
    said = by_name(verdicts)
    reasons = {
        entry.name: _why_unread(said.get(entry.name, ())) for entry in _readable(entries) if not stored.get(entry.name)
    }
    return {name: reason for name, reason in reasons.items() if reason}


def _why_unread(verdicts: Sequence[Verdict]) -> str:
    """Say why nobody knows which token is in use; nothing where a value was read, or where every destination holds none."""
    failed = [verdict for verdict in verdicts if verdict.verdict == delivery.UNREADABLE]
    if any(verdict.value for verdict in verdicts) or (verdicts and not failed):
        return ""
    said = failed[0].msg.rstrip(".") if failed else "nothing was read"
    return (
        f"its destinations do not show which token is in use ({said}), and no turso_rotate_state_file records it. Fix the "
        "destinations, or set turso_rotate_state_file"
    )


def judged(verdicts: Iterable[Verdict], items: Iterable[Item]) -> list[Verdict]:
    """Return the verdicts of reading back, in which a newer SQL token of another run confirms."""
    known = {item.name: item for item in items}
    return [_judged(verdict, known.get(verdict.name)) for verdict in verdicts]


def _judged(verdict: Verdict, item: Item | None) -> Verdict:
    if item is None or verdict.verdict != delivery.OTHER or not is_newer_sql(item, verdict.value or ""):
        return verdict
    msg = "it holds a newer token of another run"
    return dataclasses.replace(verdict, verdict=delivery.CONFIRMED, by=delivery.BY_VALUE, msg=msg)
