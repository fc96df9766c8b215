# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: confirm`: record what this host confirms, by value or by word. Private."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused, kind_of
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import (
    BY_VALUE,
    Confirmation,
    Place,
    confirm,
    merged,
    refuse_odd_names,
    to_confirm,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction
from ansible_collections.community.turso.plugins.plugin_utils._play import CONFIRMATIONS, Play
from ansible_collections.community.turso.plugins.plugin_utils._step_fresh import stale_names

READ_BACK = "turso_rotate_read_back"
DELIVERING = "__turso_rotate_delivering"
TAKEN = "taken"  # what a tasks file set is cleared by this; no fact can be unset
# What was issued; and what is too large to be looked through for it.
_ISSUED = frozenset(
    {"turso_rotate_secrets", "turso_rotate_item", "__turso_rotate_issued", "__turso_rotate_transaction"}
)
_BIG = _ISSUED | {"turso_rotate_item", "hostvars", "groups", "vars", "ansible_facts", "environment"}
NOTHING: dict[str, Any] = {
    "changed": False,
    "confirmed": False,
    "refusal": "",
    "commits": False,
    "seals": False,
    "looks": False,
}


def what_was_read_back(
    task_vars: Mapping[str, Any],
    include_vars: Mapping[str, Any],
    play_vars: Mapping[str, Any],
    *,
    after_tasks_file: bool = False,
) -> Any:
    """Return `turso_rotate_read_back` as it was given, unrendered; `TAKEN` where it was not.

    A fact beats the variables of an include and of the play, and no fact can be unset. So a fact that a tasks file set, and
    that was taken, must not hide what the play says; and after a tasks file only what that set counts.

    :param include_vars: of the task and of the includes around it.
    :param play_vars: of the play.
    """
    given = task_vars.get(READ_BACK, TAKEN)
    others = [variables[READ_BACK] for variables in (include_vars, play_vars) if READ_BACK in variables]
    if after_tasks_file:
        return TAKEN if given in others else given
    if READ_BACK in include_vars:
        return include_vars[READ_BACK]
    return play_vars.get(READ_BACK, TAKEN) if given == TAKEN else given


def confirm_here(
    play: Play, task_vars: Mapping[str, Any], given: Any, templar: Any, *, only_by_value: bool = False
) -> dict[str, Any]:
    """Carry the step out.

    :param task_vars: unrendered.
    :param given: that of `what_was_read_back`; it is rendered only for tokens that this run issued.
    :param only_by_value: after a tasks file of the user's own, whose end confirms nothing.
    :returns: `confirmations` for the fact of this host, `refusal` where it has another value, and whether the commit or
        the seal is to be notified.
    """
    transaction, issuing_host = play.transaction()
    if not any(item.version for item in transaction.open_items):
        return NOTHING
    place = _place(play, task_vars, templar)
    meant = to_confirm(transaction, place)
    read_back = _read_back(given, task_vars, transaction, meant, templar)
    newer = [] if read_back is None and only_by_value else confirm(meant, place, read_back)
    if read_back is None:
        newer = _unless_stale(newer, stale_names(transaction, task_vars, templar), meant)
    if not newer:
        return NOTHING
    return {
        "changed": True,
        "confirmed": True,
        "confirmations": _with_earlier(play, newer),
        "refusal": "; ".join(item.refusal for item in newer if item.refusal),
        "commits": play.host == issuing_host and _is_any_of_main(transaction, newer),
        "seals": play.host != issuing_host,
        "looks": play.host == issuing_host and place.name is None and _has_destinations(transaction, newer),
    }


def refuse_here(play: Play, task_vars: Mapping[str, Any], templar: Any) -> dict[str, Any]:
    """Take back what a tasks file confirmed before it failed: its last task is what counts."""
    transaction, _host = play.transaction()
    place = _place(play, task_vars, templar)
    failed = [
        Confirmation(item.version["id"], index, place.host, BY_VALUE, f"its tasks file failed on {place.host}")
        for item, index in to_confirm(transaction, place)
        if item.version
    ]
    known = {found.key for found in _earlier(play) if found.refusal}  # says more than that the file failed
    newer = [refused for refused in failed if refused.key not in known]
    return {**NOTHING, "confirmed": bool(newer), "confirmations": _with_earlier(play, newer)}


def _with_earlier(play: Play, newer: Sequence[Confirmation]) -> list[dict[str, Any]]:
    return [item.as_json() for item in merged(_earlier(play), newer)]


def _earlier(play: Play) -> list[Confirmation]:
    return [Confirmation.from_json(item) for item in play.fact(CONFIRMATIONS) or ()]


def _place(play: Play, task_vars: Mapping[str, Any], templar: Any) -> Place:
    delivering = task_vars.get(DELIVERING)
    if not delivering:
        return Place(play.host)
    rendered = templar.template(delivering)
    return Place(play.host, str(rendered["name"]), int(rendered["recipient"]))


def _has_destinations(transaction: Transaction, newer: Sequence[Confirmation]) -> bool:
    """Tell whether a destination has to be looked at once more, because the handler that commits cannot."""
    confirmed = {item.id for item in newer}
    return any(item.has_destinations and (item.version or {})["id"] in confirmed for item in transaction.open_items)


def _is_any_of_main(transaction: Transaction, newer: Sequence[Confirmation]) -> bool:
    confirmed = {item.id for item in newer}
    return any(item.version_id in confirmed for use in transaction.uses if use.is_main for item in use.items)


def _unless_stale(
    newer: Sequence[Confirmation], stale: Sequence[str], meant: Sequence[tuple[Item, int]]
) -> list[Confirmation]:
    """Take no word of a host whose `turso_secrets` still has the old value: what it delivered came from there, perhaps."""
    names = {item.version_id: item.name for item, _index in meant}
    return [
        dataclasses.replace(said, refusal=f"turso_secrets on {said.host} still has the old value of {names[said.id]}")
        if names[said.id] in stale
        else said
        for said in newer
    ]


def _read_back(
    given: Any,
    task_vars: Mapping[str, Any],
    transaction: Transaction,
    meant: Sequence[tuple[Item, int]],
    templar: Any,
) -> dict[str, Any] | None:
    """Return what was read back of the tokens that are meant; None where the confirmation is by word.

    :raises Refused: what was given names no entry, is no dictionary, or compares what was issued with itself.
    """
    if isinstance(given, str) and given == TAKEN:
        return None
    _refuse_what_was_issued(given, task_vars)
    if isinstance(given, str):
        given = templar.template(given)
    if not isinstance(given, Mapping) or not given:
        raise Refused(
            f"{READ_BACK} must be a dictionary: the name of each entry, and the value that its consumer has now. It is "
            f"{kind_of(given) if given else 'empty'}. Nothing was confirmed."
        )
    refuse_odd_names(given, transaction)
    names = {item.name for item, _index in meant}
    return {str(name): templar.template(value) for name, value in given.items() if str(name) in names}


def _refuse_what_was_issued(given: Any, task_vars: Mapping[str, Any]) -> None:
    issued = sorted(_ISSUED.intersection(_names_in(given, task_vars, set())))
    if issued:
        raise Refused(
            f"{READ_BACK} uses {issued[0]}, so what was issued would be compared with itself. Nothing was confirmed. Read "
            f"the value from where the consumer has it, or leave {READ_BACK} out to confirm by word."
        )


def _names_in(value: Any, task_vars: Mapping[str, Any], seen: set[str]) -> Iterator[str]:
    """Yield the names that templates mention, also those in the variables that they use."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for inner in value:
            yield from _names_in(inner, task_vars, seen)
    elif isinstance(value, str) and "{{" in value:
        yield from _SUBSCRIPT.findall(value)
        yield from _ITEM.findall(value)
        for name in _NAME.findall(_LITERAL.sub("", value)):
            yield name
            if name in task_vars and name not in seen | _BIG:
                seen.add(name)
                yield from _names_in(task_vars[name], task_vars, seen)


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_SUBSCRIPT = re.compile(r"(?:\[|vars['\"]\s*,)\s*['\"](\w+)['\"]")  # hostvars[…]['name'], lookup('vars', 'name')
_ITEM = re.compile(r"turso_rotate_item(?:\.|\[\s*['\"])(?:secret|sha256)")
