# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What destinations tell of the SQL tokens that they hold, because the API tells nothing: pure. Private."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.community.turso.plugins.module_utils._delivery import verdicts as delivery
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Verdict
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of, is_newer_sql
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import AnyEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import SqlEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item

_READ = (delivery.CONFIRMED, delivery.OTHER, delivery.UNREADABLE)


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
    return [
        entry.name
        for entry in entries
        if isinstance(entry, SqlEntry) and entry.readable and _is_asked(entry.name, stored or {}, state)
    ]


def _is_asked(name: str, stored: Mapping[str, str], state: State | None) -> bool:
    if state is None or not stored.get(name):
        return True
    known = state.of(name)
    if known.pending is not None or known.current is None:
        return True
    return digest_of(stored[name]) != known.current.id


def reading_of(
    entries: Iterable[AnyEntry],
    verdicts: Sequence[Verdict],
    values: Sequence[object],
    stored: Mapping[str, str] | None,
    *,
    has_state_file: bool,
) -> Reading:
    """Return what destinations told, once they were asked for the values that they hold.

    Without a state file a value that could not be read leaves nothing to decide by, where the vault file has none either: a
    destination that is down must not cost a token a day.

    :param values: what was read, for each verdict; empty where nothing was.
    """
    pairs = [(verdict, value) for verdict, value in zip(verdicts, values) if verdict.verdict in _READ]
    lacks = {verdict.name for verdict, value in pairs if verdict.verdict == delivery.OTHER and not value}
    if has_state_file:
        return Reading(tuple(sorted(lacks)))
    known = {verdict.name for verdict, value in pairs if value}
    asked = [entry for entry in _asked(entries, stored or {}) if entry.name not in known]
    return Reading(tuple(sorted(lacks)), _unread(asked, [verdict for verdict, _value in pairs]))


def _asked(entries: Iterable[AnyEntry], stored: Mapping[str, str]) -> list[SqlEntry]:
    """Return the entries of which only a destination can tell which token is in use."""
    sql = [entry for entry in entries if isinstance(entry, SqlEntry)]
    return [entry for entry in sql if entry.readable and not stored.get(entry.name)]


def _unread(entries: Iterable[SqlEntry], verdicts: Sequence[Verdict]) -> dict[str, str]:
    """Say of which tokens nobody knows which one is in use."""
    by_name: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_name.setdefault(verdict.name, []).append(verdict)
    reasons = {entry.name: _why_unread(by_name.get(entry.name, [])) for entry in entries}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _why_unread(verdicts: Sequence[Verdict]) -> str | None:
    """Say why nobody knows which token is in use; None where every destination said that it holds none."""
    failed = [verdict for verdict in verdicts if verdict.verdict == delivery.UNREADABLE]
    if verdicts and not failed:
        return None
    said = failed[0].msg.rstrip(".") if failed else "nothing was read"
    return (
        f"its destinations could not be asked which token is in use ({said}), and there is no turso_rotate_state_file to tell. Fix "
        "that, or set one"
    )


def judged(verdicts: Sequence[Verdict], values: Sequence[object], items: Iterable[Item]) -> list[Verdict]:
    """Return the verdicts of reading back, in which a newer SQL token of another run confirms."""
    sql = {item.name: item for item in items if item.version is not None and item.kind == "sql"}
    found = list(verdicts)
    for number, (verdict, value) in enumerate(zip(verdicts, values)):
        item = sql.get(verdict.name)
        if item is None or verdict.verdict != delivery.OTHER or not value:
            continue
        if is_newer_sql(item, str(value)):
            found[number] = dataclasses.replace(
                verdict, verdict=delivery.CONFIRMED, by=delivery.BY_VALUE, msg="it has a newer token of another run"
            )
    return found
