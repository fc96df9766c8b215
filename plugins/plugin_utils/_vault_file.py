# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep token values in a file that ansible-vault encrypts: read them, put new ones in, and tell beforehand what would fail.

Private: for this collection only. Runs on the control node, with the vault secrets that this run of Ansible has loaded.
No message holds a value or a line of the file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleError

from ansible_collections.community.turso.plugins.module_utils import _files, _locks
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils import _yaml_text
from ansible_collections.community.turso.plugins.plugin_utils._vault_crypt import (
    encrypted,
    encryption,
    not_understood,
    opened,
    vault_of,
)

TOP = "turso_secrets"
NEW_FILE = "---\n"
INLINE = {"!vault", "!vault-encrypted"}
LOST = (
    "The vault file {path} was rewritten as a whole, because turso_secrets in it could not be changed in place. All values "
    "are kept; comments, blank lines and the names of anchors are not."
)


class NotSeenAgain(Refused):
    """The file was replaced and does not show what was written: the values may be in it, so nobody may withdraw them."""


@dataclasses.dataclass(frozen=True)
class Written:
    """What became of a file; the warnings are for the user and hold no value."""

    changed: bool
    warnings: list[str] = dataclasses.field(default_factory=list)


def read(loader: Any, path: str) -> dict[str, str] | None:
    """Return the values of turso_secrets in a file by name, none where there is no file; what is not a text is left out.

    :param loader: Ansible's DataLoader, which has the vault secrets.
    :raises Refused: the file cannot be opened, is not encrypted or is not understood.
    """
    path = _expanded(path)
    file = opened(loader, path)
    return None if file is None else _secrets_in(loader, path, file.text)


def check(
    loader: Any,
    path: str,
    vault_id: str | None,
    *,
    rehearse: bool = True,
    wait_seconds: float = 30.0,
    on_wait: Callable[[str], None] = _locks.say_nothing,
) -> None:
    """Find out whether merge() would work, without changing the file.

    :param vault_id: the vault id to encrypt with; none for the one that the file has, or for the only one there is.
    :param rehearse: take the lock, and write a temporary file beside it. Otherwise nothing is written.
    :raises Refused: says what is in the way and what to do about it.
    """
    path = _expanded(path)
    _files.check_replaceable(path, rehearse=rehearse)
    lock = _locks.locked(path, wait_seconds=wait_seconds, on_wait=on_wait)
    with lock if rehearse else contextlib.nullcontext():
        file = opened(loader, path)
        encryption(loader, path, file, vault_id)
        if file is not None:
            _secrets_in(loader, path, file.text)
            _with_entries(path, file.text, {"name": "value"})  # what could not be put in is told now


def merge(
    loader: Any,
    path: str,
    vault_id: str | None,
    secrets: Mapping[str, str],
    *,
    wait_seconds: float = 30.0,
    on_wait: Callable[[str], None] = _locks.say_nothing,
) -> Written:
    """Put values into turso_secrets of a file, and read them again from the disk, all under one lock.

    Everything else in the file stays as it is, and a file that holds the values already is not encrypted anew.

    :raises NotSeenAgain: the file was replaced, and cannot be read again or does not hold what was written.
    :raises Refused: the file is as it was.
    """
    path = _expanded(path)
    wanted = {_plain(name): _plain(secret) for name, secret in secrets.items()}
    with _locks.locked(path, wait_seconds=wait_seconds, on_wait=on_wait):
        merged = _merged(loader, path, vault_id, wanted)
        if merged.is_as_it_was:
            return Written(changed=False)
        _files.replaced(path, merged.content)
        _look_again(loader, path, wanted)
    return Written(changed=True, warnings=merged.warnings)


def encrypted_with(loader: Any, path: str, vault_id: str | None, secrets: Mapping[str, str]) -> tuple[bytes, list[str]]:
    """Return what merge() would write, and its warnings; nothing is written.

    :raises Refused: as merge() does.
    """
    merged = _merged(loader, _expanded(path), vault_id, secrets)
    return merged.content, merged.warnings


@dataclasses.dataclass(frozen=True, repr=False)
class _Merged:
    """The content of a vault file with values put in; it shows nothing of itself."""

    content: bytes
    is_as_it_was: bool = False
    warnings: list[str] = dataclasses.field(default_factory=list)


def _merged(loader: Any, path: str, vault_id: str | None, wanted: Mapping[str, str]) -> _Merged:
    file = opened(loader, path)
    there = {} if file is None else _secrets_in(loader, path, file.text)
    missing = {name: wanted[name] for name in wanted if there.get(name) != wanted[name]}
    if file is not None and not missing:
        return _Merged(file.raw, is_as_it_was=True)
    text, is_kept = _with_entries(path, NEW_FILE if file is None else file.text, missing)
    content = encrypted(loader, path, text, encryption(loader, path, file, vault_id))
    return _Merged(content, warnings=[] if is_kept else [LOST.format(path=path)])


def _look_again(loader: Any, path: str, wanted: Mapping[str, str]) -> None:
    try:
        there = read(loader, path) or {}
        problem = None if wanted.items() <= there.items() else "it does not hold what was written into it"
    except Refused as exc:
        problem = exc.msg.rstrip(".")
    if problem is not None:
        raise NotSeenAgain(
            f"The vault file {path} was written, but reading it again failed: {problem}. It may hold the new values, so no "
            "token was revoked; old and new values work. Find out what else changes the file, then run this again."
        )


def _expanded(path: str) -> str:
    return os.path.expanduser("".join(str(path)))


def _plain(text: object) -> str:
    """Return a plain str that is not empty: PyYAML refuses ansible-core's own kinds of text, and quotes them in its error.

    :raises Refused: for anything else, such as the null that a task without a new token returns.
    """
    if not isinstance(text, str) or not text:
        raise Refused(
            f"A name or value for {TOP} is not a text, or is empty. Nothing was written. Pass only tokens that were just "
            "created."
        )
    return "".join(str(text))


def _secrets_in(loader: Any, path: str, text: str) -> dict[str, str]:
    try:
        entries = _yaml_text.entries_of(text, TOP)
    except _yaml_text.WrongText as exc:
        raise not_understood(path, str(exc)) from None
    values = {name: value_of(loader, path, name, node) for name, node in entries.items()}
    return {name: value for name, value in values.items() if value is not None}


def value_of(loader: Any, path: str, name: str, node: Any) -> str | None:
    """Return the text that a node holds, or that it holds encrypted once more; none where it is null or no text."""
    if not isinstance(node.value, str) or node.tag == _yaml_text.NULL:
        return None
    if node.tag not in INLINE:
        return node.value
    try:
        plain: bytes = vault_of(loader, path).decrypt(node.value.strip())
    except AnsibleError as exc:
        raise not_understood(path, f"no vault secret of this run opens the !vault value of {name}") from exc
    return plain.decode("utf-8", "replace")


def _with_entries(path: str, text: str, entries: Mapping[str, str]) -> tuple[str, bool]:
    try:
        return _yaml_text.with_entries(text, TOP, entries)
    except _yaml_text.WrongText as exc:
        raise not_understood(path, str(exc)) from None
