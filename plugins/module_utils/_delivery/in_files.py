# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check, write and read back values in files. Private to this collection.

Runs where the files are. All values for one file are written at once.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import Any, Callable

from ansible_collections.community.turso.plugins.module_utils import _files
from ansible_collections.community.turso.plugins.module_utils._delivery import verdicts
from ansible_collections.community.turso.plugins.module_utils._delivery.file_values import Wanted, as_bytes, content_of
from ansible_collections.community.turso.plugins.module_utils._delivery.other_value import whose
from ansible_collections.community.turso.plugins.module_utils._errors import Refused

_ATTEMPTS = 3


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of one value; the words are those of verdicts. `value` is what was read, only where it was asked for."""

    verdict: str
    msg: str = ""
    changed: bool = False
    value: str | None = dataclasses.field(default=None, repr=False)

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


class _Changed(Exception):
    """Somebody else wrote the file after it was read."""


def check(wanted: Sequence[Wanted], *, rehearse: bool) -> list[Outcome]:
    """Find out whether deliver() would work.

    :param rehearse: write a temporary file beside each, as _files.check_replaceable() does.
    """
    rehearsed: dict[str, str | None] = {}
    return [_checked(each, rehearsed, rehearse) for each in wanted]


def deliver(wanted: Sequence[Wanted], label: Callable[[str], None]) -> list[Outcome]:
    """Write values into files. What is there already is not written again.

    :param label: is given the path of each file that is new, to label it as the security policy says.
    """
    outcomes: dict[Wanted, Outcome] = {}
    for path, group in _by_file(wanted).items():
        outcomes.update(_delivered(path, group, label))
    return [outcomes[each] for each in wanted]


def read_back(wanted: Sequence[Wanted]) -> list[Outcome]:
    """Compare what the files hold with what was delivered, as SHA-256."""
    return [_read(each) for each in wanted]


def _checked(each: Wanted, rehearsed: dict[str, str | None], rehearse: bool) -> Outcome:
    try:
        raw = content_of(each.path)
        each.place_in(raw)
        refusal = _rehearsed(each, raw, rehearsed, rehearse)
    except Refused as exc:
        refusal = exc.msg
    if refusal is not None:
        return Outcome(verdicts.REFUSED, refusal)
    return Outcome(verdicts.PROVEN, f"{each.path} does not exist yet and will be created." if raw is None else "")


def _rehearsed(each: Wanted, raw: bytes | None, rehearsed: dict[str, str | None], rehearse: bool) -> str | None:
    """Return why a file cannot be replaced; looked at once for all values that go into it."""
    target = _files.target_of(each.path)
    if target not in rehearsed:
        try:
            owner = each.owner_of_new() if raw is None else None
            _files.check_replaceable(each.path, rehearse=rehearse, new_owner=owner)
            rehearsed[target] = None
        except Refused as exc:
            rehearsed[target] = exc.msg
    return rehearsed[target]


def _by_file(wanted: Iterable[Wanted]) -> dict[str, list[Wanted]]:
    """Return what is wanted by the file behind all links, under the path that was written first."""
    paths: dict[str, str] = {}
    groups: dict[str, list[Wanted]] = {}
    for each in wanted:
        path = paths.setdefault(os.path.realpath(each.path), each.path)
        groups.setdefault(path, []).append(each)
    return groups


def _delivered(path: str, group: Sequence[Wanted], label: Callable[[str], None]) -> dict[Wanted, Outcome]:
    try:
        return _written(path, group, label)
    except Refused as exc:
        return {each: Outcome(verdicts.NOT_TAKEN, exc.msg) for each in group}


def _written(path: str, group: Sequence[Wanted], label: Callable[[str], None]) -> dict[Wanted, Outcome]:
    for _attempt in range(_ATTEMPTS):
        raw = content_of(path)
        new, outcomes = _applied(raw, group)
        if new is None or new == raw:
            return outcomes
        try:
            _replace(path, raw, new, group[0])
        except _Changed:
            continue
        if raw is None:
            label(path)
        return outcomes
    raise Refused(
        f"Something else kept changing {path}, so the new value was not written. Stop that, or run this again."
    )


def _applied(raw: bytes | None, group: Sequence[Wanted]) -> tuple[bytes | None, dict[Wanted, Outcome]]:
    """Return the new content of a file, the old one where nothing changes, and what came of each value."""
    outcomes: dict[Wanted, Outcome] = {}
    for each in group:
        raw, outcomes[each] = _with_one(raw, each)
    return raw, outcomes


def _with_one(raw: bytes | None, each: Wanted) -> tuple[bytes | None, Outcome]:
    try:
        if raw is not None and each.place_in(raw).value == each.secret:
            return raw, Outcome(verdicts.DELIVERED)
        return each.replaced_in(raw), Outcome(verdicts.DELIVERED, changed=True)
    except Refused as exc:
        return raw, Outcome(verdicts.NOT_TAKEN, exc.msg)


def _replace(path: str, old: bytes | None, new: bytes, each: Wanted) -> None:
    def look_once_more() -> None:
        if content_of(path) != old:
            raise _Changed

    owner = each.owner_of_new() if old is None else None
    _files.replaced(path, new, new_mode=int(each.mode or "0600", 8), new_owner=owner, last_look=look_once_more)


def _read(each: Wanted) -> Outcome:
    try:
        raw = content_of(each.path)
        value = None if raw is None else each.place_in(raw).value
    except Refused as exc:
        return Outcome(verdicts.UNREADABLE, exc.msg)
    if value is None:
        return Outcome(verdicts.OTHER, f"{each.path} does not exist.")
    shown = value if each.wants_value else None
    if hashlib.sha256(as_bytes(value)).hexdigest() == each.sha256:
        return Outcome(verdicts.CONFIRMED, value=shown)
    return Outcome(verdicts.OTHER, f"{each.words} holds another value{whose(value, each.secret)}.", value=shown)
