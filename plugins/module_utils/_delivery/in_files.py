# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check, write and read back values in files: of a file all, or one variable of it. Private to this collection.

Runs where the files are. All values for one file are written at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import grp
import hashlib
import os
import pwd
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, Optional

from ansible_collections.community.turso.plugins.module_utils import _files
from ansible_collections.community.turso.plugins.module_utils._delivery import verdicts
from ansible_collections.community.turso.plugins.module_utils._delivery.env_text import Place, place_of, with_value
from ansible_collections.community.turso.plugins.module_utils._delivery.other_value import whose
from ansible_collections.community.turso.plugins.module_utils._errors import Refused

LARGEST = 1024 * 1024
_ATTEMPTS = 3

Owner = Optional[tuple[int, int]]


@dataclasses.dataclass(frozen=True)
class Wanted:
    """One value in one file. Without a `variable` the file holds it and nothing else; then it may be new, with what follows."""

    path: str
    variable: str | None = None
    secret: str | None = dataclasses.field(default=None, repr=False)
    sha256: str | None = None
    owner: str | None = None
    group: str | None = None
    mode: str | None = None
    wants_value: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Wanted:
        return cls(**{field.name: data[field.name] for field in dataclasses.fields(cls) if field.name in data})

    @property
    def words(self) -> str:
        return f"{self.variable} in {self.path}" if self.variable else self.path


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
    rehearsed: dict[str, Outcome | None] = {}
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


def _checked(each: Wanted, rehearsed: dict[str, Outcome | None], rehearse: bool) -> Outcome:
    try:
        raw = _content(each.path)
        owner = _owner(each) if raw is None else None
        text = _text(each, raw)
        _place_in(text, each)
        target = _files.target_of(each.path)
        if target not in rehearsed:
            rehearsed[target] = _rehearsed(each.path, rehearse, owner)
    except Refused as exc:
        return Outcome(verdicts.REFUSED, exc.msg)
    refusal = rehearsed[target]
    if refusal is not None:
        return refusal
    return Outcome(verdicts.PROVEN, "" if raw is not None else f"{each.path} does not exist yet and will be made.")


def _rehearsed(path: str, rehearse: bool, owner: Owner) -> Outcome | None:
    try:
        _files.check_replaceable(path, rehearse=rehearse, new_owner=owner)
    except Refused as exc:
        return Outcome(verdicts.REFUSED, exc.msg)
    return None


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
        raw = _content(path)
        new, outcomes = _applied(raw, group)
        if new == raw:
            return outcomes
        try:
            _replace(path, raw, new, group[0])
        except _Changed:
            continue
        if raw is None:
            label(path)
        return outcomes
    raise Refused(
        f"Something else kept changing {path} while it was to be written. It was left to that. Stop it, or try again."
    )


def _applied(raw: bytes | None, group: Sequence[Wanted]) -> tuple[bytes | None, dict[Wanted, Outcome]]:
    """Return the new content of a file, the old one where nothing changes, and what came of each value."""
    outcomes: dict[Wanted, Outcome] = {}
    for each in group:
        try:
            text = _text(each, raw)
            place = _place_in(text, each)
            if raw is not None and place.value == each.secret:
                outcomes[each] = Outcome(verdicts.DELIVERED)
                continue
            raw = _bytes(_replaced(text, place, each))
            outcomes[each] = Outcome(verdicts.DELIVERED, changed=True)
        except Refused as exc:
            outcomes[each] = Outcome(verdicts.NOT_TAKEN, exc.msg)
    return raw, outcomes


def _replace(path: str, old: bytes | None, new: bytes | None, each: Wanted) -> None:
    def look_once_more() -> None:
        if _content(path) != old:
            raise _Changed

    mode = int(each.mode or "0600", 8)
    owner = _owner(each) if old is None else None
    _files.replaced(path, new or b"", new_mode=mode, new_owner=owner, last_look=look_once_more)


def _replaced(text: str, place: Place, each: Wanted) -> str:
    secret = each.secret or ""
    if each.variable:
        return with_value(text, place, secret, each.words)
    if not secret.isprintable():
        raise Refused(f"The new value is not one line of text, so {each.path} could not be told from a longer file.")
    return secret + text[place.end :]


def _read(each: Wanted) -> Outcome:
    try:
        raw = _content(each.path)
        place = None if raw is None else _place_in(_text(each, raw), each)
    except Refused as exc:
        return Outcome(verdicts.UNREADABLE, exc.msg)
    if place is None:
        return Outcome(verdicts.OTHER, f"{each.path} does not exist.")
    value = place.value if each.wants_value else None
    if hashlib.sha256(_bytes(place.value)).hexdigest() == each.sha256:
        return Outcome(verdicts.CONFIRMED, value=value)
    return Outcome(verdicts.OTHER, f"{each.words} was looked at. {whose(place.value, each.secret)}", value=value)


def _place_in(text: str, each: Wanted) -> Place:
    if each.variable:
        return place_of(text, each.variable, each.path)
    lines = text.split("\n")
    if len(lines) > 2 or lines[1:] not in ([], [""]):
        raise Refused(
            f"{each.path} has more than one line, and a delivery replaces all of it. Name another file, or deliver with to: env_file."
        )
    value = lines[0].rstrip("\r")
    return Place(1, 0, len(value), "", value)


def _text(each: Wanted, raw: bytes | None) -> str:
    if raw is None and each.variable:
        raise Refused(
            f"{each.path} does not exist. A file that nobody reads would look like a delivery, so none is made. Correct the path, "
            f"or make the file with a line {each.variable}= in it."
        )
    if raw is not None and b"\0" in raw:
        raise Refused(f"{each.path} is not a text file. It was left as it is. Choose the path of a text file.")
    return (raw or b"").decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _content(path: str) -> bytes | None:
    target = _files.target_of(path)
    if os.path.lexists(target) and not os.path.isfile(target):
        raise Refused(f"{path} is not a regular file. It was left as it is. Choose the path of a regular file.")
    try:
        with open(target, "rb") as file:
            raw = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise Refused(
            f"{path} cannot be read: {exc.strerror}. Deliver as a user who may, for example with become: true."
        ) from exc
    if len(raw) > LARGEST:
        raise Refused(
            f"{path} is larger than 1 MiB, which no file of this kind is. It was left as it is. Check the path."
        )
    return raw


def _owner(each: Wanted) -> Owner:
    """Return the owner and group of a new file as numbers, -1 where nothing is said; none where neither is said."""
    if not each.owner and not each.group:
        return None
    return _number(each.owner, "user", _user), _number(each.group, "group", _group)


def _number(name: str | None, what: str, find: Callable[[str], int]) -> int:
    if not name:
        return -1
    with contextlib.suppress(KeyError):
        return find(name)
    if name.isdecimal():
        return int(name)
    raise Refused(
        f"There is no {what} {name} on this host. Nothing was written. Correct the option, or create the {what}."
    )


def _user(name: str) -> int:
    return pwd.getpwnam(name).pw_uid


def _group(name: str) -> int:
    return grp.getgrnam(name).gr_gid
