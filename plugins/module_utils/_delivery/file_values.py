# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One value in one file: all of the file, or one variable of it. Private to this collection.

Reads files where they are; nothing here writes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import grp
import os
import pwd
from collections.abc import Mapping
from typing import Any, Callable, Optional

from ansible_collections.community.turso.plugins.module_utils import _files
from ansible_collections.community.turso.plugins.module_utils._delivery.env_text import Place, place_of, with_value
from ansible_collections.community.turso.plugins.module_utils._errors import Refused

LARGEST = 1024 * 1024

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

    def place_in(self, raw: bytes | None) -> Place:
        """Return where the value stands in the content of the file, none for one that does not exist.

        :raises Refused: it cannot stand there.
        """
        text = _text(raw)
        if not self.variable:
            return _whole(text, self.path)
        if raw is None:
            raise Refused(
                f"{self.path} does not exist. The role creates no such file, because nothing may read it. Correct the path, "
                f"or create the file with a line {self.variable}= in it."
            )
        return place_of(text, self.variable, self.path)

    def replaced_in(self, raw: bytes | None) -> bytes:
        """Return the content of the file with the value in it, and nothing else changed.

        :raises Refused: it cannot stand there.
        """
        place, text, secret = self.place_in(raw), _text(raw), self.secret or ""
        if self.variable:
            return as_bytes(with_value(text, place, secret, self.words))
        if not secret.isprintable():
            raise Refused(
                f"The new value is not one line of text, and {self.path} can hold only one. It was not changed."
            )
        return as_bytes(secret + text[place.end :])

    def owner_of_new(self) -> Owner:
        """Return the owner and group of a new file as numbers, -1 where nothing is said; none where neither is said.

        :raises Refused: there is nobody of that name.
        """
        if not self.owner and not self.group:
            return None
        return _number(self.owner, "user", _user), _number(self.group, "group", _group)


def content_of(path: str) -> bytes | None:
    """Return what a file holds, none where there is no file.

    :raises Refused: it cannot be read, or is not one that holds values.
    """
    target = _files.target_of(path)
    if os.path.lexists(target) and not os.path.isfile(target):
        raise Refused(f"{path} is not a regular file. It was not changed. Choose the path of a regular file.")
    try:
        with open(target, "rb") as file:
            raw = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise Refused(
            f"{path} cannot be read: {exc.strerror}. Deliver as a user who may, for example with become: true."
        ) from exc
    if len(raw) > LARGEST or b"\0" in raw:
        raise Refused(f"{path} is larger than 1 MiB, or is not text. It was not changed. Check the path.")
    return raw


def as_bytes(text: str) -> bytes:
    """Return a text as the bytes that it was read from."""
    return text.encode("utf-8", "surrogateescape")


def _text(raw: bytes | None) -> str:
    return (raw or b"").decode("utf-8", "surrogateescape")


def _whole(text: str, path: str) -> Place:
    """Return the place of a value that is all of a file but the end of its line."""
    value = text.removesuffix("\n").removesuffix("\r")
    if "\n" in value:
        raise Refused(
            f"{path} has more than one line, and a delivery would replace the whole file. Use another file, or deliver with "
            "to: env_file."
        )
    return Place(1, 0, len(value), "", value)


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
