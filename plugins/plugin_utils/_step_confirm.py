# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: confirm`: record what this host confirms, by value or by word. Private."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import (
    Confirmation,
    Place,
    confirm,
    merged,
    refuse_odd_names,
    to_confirm,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction
from ansible_collections.community.turso.plugins.plugin_utils._play import CONFIRMATIONS, Play

READ_BACK = "turso_rotate_read_back"
DELIVERING = "__turso_rotate_delivering"
TAKEN = "taken"  # what a tasks file set is cleared by this; no fact can be unset
NOTHING: dict[str, Any] = {"changed": False, "confirmed": False, "refusal": "", "commits": False, "seals": False}


def confirm_here(
    play: Play, task_vars: Mapping[str, Any], templar: Any, *, only_by_value: bool = False
) -> dict[str, Any]:
    """Carry the step out.

    :param only_by_value: after a tasks file of the user's own, whose end confirms nothing.
    :param task_vars: unrendered; what is read back is rendered only for tokens that this run issued.
    :returns: `confirmations` for the fact of this host, `refusal` where it has another value, and whether the commit or
        the seal is to be notified.
    """
    text, issuing_host = play.transaction()
    transaction = Transaction.from_text(text)
    if not any(item.version for item in transaction.open_items):
        return NOTHING
    place = _place(play, task_vars, templar)
    meant = to_confirm(transaction, place)
    read_back = _read_back(task_vars, transaction, meant, templar)
    newer = [] if read_back is None and only_by_value else confirm(meant, place, read_back)
    if not newer:
        return NOTHING
    earlier = [Confirmation.from_json(item) for item in play.fact(CONFIRMATIONS) or ()]
    return {
        "changed": True,
        "confirmed": True,
        "confirmations": [item.as_json() for item in merged(earlier, newer)],
        "refusal": "; ".join(item.refusal for item in newer if item.refusal),
        "commits": play.host == issuing_host and _is_any_of_main(transaction, newer),
        "seals": play.host != issuing_host,
    }


def _place(play: Play, task_vars: Mapping[str, Any], templar: Any) -> Place:
    delivering = task_vars.get(DELIVERING)
    if not delivering:
        return Place(play.host)
    rendered = templar.template(delivering)
    return Place(play.host, str(rendered["name"]), int(rendered["recipient"]))


def _is_any_of_main(transaction: Transaction, newer: Sequence[Confirmation]) -> bool:
    confirmed = {item.id for item in newer}
    return any(
        item.version is not None and item.version["id"] in confirmed
        for use in transaction.uses
        if use.is_main
        for item in use.items
    )


def _read_back(
    task_vars: Mapping[str, Any], transaction: Transaction, meant: Sequence[tuple[Item, int]], templar: Any
) -> dict[str, Any] | None:
    """Return what was read back of the tokens that are meant; None where the confirmation is by word.

    :raises Refused: what was given names no entry, is no dictionary, or compares what was issued with itself.
    """
    given = task_vars.get(READ_BACK)
    if READ_BACK not in task_vars or given == TAKEN:
        return None
    _refuse_what_was_issued(given, task_vars)
    if isinstance(given, str):
        given = templar.template(given)
    if not isinstance(given, Mapping) or not given:
        raise Refused(
            f"{READ_BACK} must be a dictionary of names and what the consumers have now; it is "
            f"{'empty' if not given else 'a ' + type(given).__name__}. Nothing was confirmed."
        )
    refuse_odd_names(given, transaction)
    names = {item.name for item, _index in meant}
    return {str(name): templar.template(value) for name, value in given.items() if str(name) in names}


def _refuse_what_was_issued(given: Any, task_vars: Mapping[str, Any]) -> None:
    if "turso_rotate_secrets" in set(_names_in(given, task_vars, set())):
        raise Refused(
            f"{READ_BACK} is made of turso_rotate_secrets: what was issued would be compared with itself. Read the value from "
            "where the consumer has it, or leave it out to confirm by word. Nothing was confirmed."
        )


def _names_in(value: Any, task_vars: Mapping[str, Any], seen: set[str]) -> Iterator[str]:
    """Yield the names that templates mention, also those in the variables that they use."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _names_in(inner, task_vars, seen)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _names_in(inner, task_vars, seen)
    elif isinstance(value, str) and "{{" in value:
        for name in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", value):
            yield name
            if name in task_vars and name not in seen and name not in _BIG:
                seen.add(name)
                yield from _names_in(task_vars[name], task_vars, seen)


_BIG = frozenset({"hostvars", "groups", "vars", "ansible_facts", "environment", "turso_rotate_secrets"})
