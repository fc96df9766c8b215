# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: look` and `step: record`: have the destinations looked at, and keep with each token what they said. Private."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    CHECK,
    READ_BACK,
    Verdict,
    by_name,
)
from ansible_collections.community.turso.plugins.module_utils._rotation import destinations
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_destinations import judged
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction, Use
from ansible_collections.community.turso.plugins.plugin_utils._issue_store import withdrawn
from ansible_collections.community.turso.plugins.plugin_utils._play import Means, Play


def asks(verb: str, asked: destinations.Asked) -> dict[str, Any]:
    """Return what the role includes: the entry points of turso_deliver, and the items for each."""
    entry_points = {f"{to}_{verb}": [item.as_json() for item in items] for to, items in asked.items()}
    return {"asks": list(entry_points), "asked": entry_points}


def asks_both(checked: destinations.Asked, read_back: destinations.Asked) -> dict[str, Any]:
    """Return the same for two questions at once: whether a new value would be taken, and which one is there."""
    first, then = asks(CHECK, checked), asks(READ_BACK, read_back)
    return {"asks": [*first["asks"], *then["asks"]], "asked": {**first["asked"], **then["asked"]}}


def fetched(play: Play, *, was_asked: bool = True) -> dict[str, list[str]]:
    """Return the values that destinations were found to hold, by name.

    :param was_asked: whether this use of the role asked them; else what is there is left of one that failed.
    """
    found: dict[str, list[str]] = {}
    for verdict in play.verdicts if was_asked else ():
        if verdict.value:
            found.setdefault(verdict.name, []).append(verdict.value)
    return found


def look(play: Play) -> dict[str, Any]:
    """Carry `step: look` out: say which destinations are to be looked at before the commit."""
    transaction, issuing_host = play.transaction()
    items = transaction.open_items if play.host == issuing_host else []
    return {"changed": False, **asks(READ_BACK, destinations.to_read_back(items))}


def record(means: Means, asked: Iterable[str] = ()) -> dict[str, Any]:
    """Carry `step: record` out: keep what the destinations said, and withdraw what nobody took.

    :param asked: the entry points of turso_deliver that the destinations were asked by.
    :returns: `transaction`, `secrets`, `report` and `lines` to show.
    """
    play = means.play
    transaction, issuing_host = play.transaction()
    verdicts = by_name(judged(play.verdicts, transaction.open_items))
    suffix = f"_{READ_BACK}"
    looked_at = [name[: -len(suffix)] for name in asked if name.endswith(suffix)]
    for item in transaction.open_items:
        destinations.doubt(item, looked_at)
        destinations.look_at(item, verdicts.get(item.name, ()), issuing_host)
    given_up = [_withdraw(means, use, verdicts) for use in transaction.uses]
    reports = {name: report for reports in given_up for name, report in reports.items()}
    return {
        "changed": bool(reports),
        "transaction": transaction.as_text(),
        "is_secret": transaction.is_secret,
        "secrets": {
            name: value for name, value in (play.fact("turso_rotate_secrets") or {}).items() if name not in reports
        },
        "report": _with(play.fact("turso_rotate_report") or (), reports),
        "lines": _lines(transaction, verdicts),
    }


def _withdraw(means: Means, use: Use, verdicts: Mapping[str, Sequence[Verdict]]) -> dict[str, dict[str, Any]]:
    """Revoke the versions that nobody took, and return the reports of their tokens.

    The vault file has the value where there is one: the next run delivers that one.
    """
    nobody_took = [
        item
        for item in use.items
        if item.version and item.name in verdicts and not use.vault_file and destinations.nobody_took(item)
    ]
    for item in nobody_took:
        item.error = destinations.why_nobody_took(item)
    if not nobody_took:
        return {}
    return withdrawn(means, use.options, nobody_took)


def _with(report: Sequence[dict[str, Any]], newer: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [newer.get(entry["name"], entry) for entry in report]


def _lines(transaction: Transaction, verdicts: Mapping[str, Sequence[Verdict]]) -> list[str]:
    """Return a line for each destination that did not take its value, or has another one."""
    items: list[Item] = transaction.open_items
    return [line for item in items if item.name in verdicts for line in destinations.trouble(item)]
