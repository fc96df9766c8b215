# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The destination `ansible_vault`: a variable in a file that ansible-vault encrypts. Private to this collection.

It works with the vault secrets that this run has loaded. All variables of one file are written at once, and the file is encrypted
with what it was encrypted with.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils import _files
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    DELIVERED,
    NOT_TAKEN,
    PROVEN,
    REFUSED,
    UNREADABLE,
    Item,
    Verdict,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils import _vault_crypt, _vault_file, _yaml_text
from ansible_collections.community.turso.plugins.plugin_utils._destinations._found import verdict_on
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Run, each


def check(items: Sequence[Item], run: Run) -> list[Verdict]:
    """Find out whether each file opens, has the variable, and can be replaced."""
    return each(items, run, REFUSED, lambda item: _checked(item, run))


def deliver(items: Sequence[Item], run: Run) -> list[Verdict]:
    """Put values into their files; a file that has them all already is not encrypted anew."""
    by_file: dict[str, list[Item]] = {}
    for item in items:
        by_file.setdefault(os.path.realpath(item.options["path"]), []).append(item)
    verdicts = {item.address: verdict for path in by_file for item, verdict in _delivered(by_file[path], run)}
    return [verdicts[item.address] for item in items]


def read_back(items: Sequence[Item], run: Run) -> list[Verdict]:
    """Open each file again and compare."""
    return each(items, run, UNREADABLE, lambda item: verdict_on(item, run.host, _value(item, _opened(item, run), run)))


def _checked(item: Item, run: Run) -> Verdict:
    path = item.options["path"]
    file = _opened(item, run)
    _value(item, file, run)
    _with_values(path, file.text, {item.options["variable"]: "value"})
    _files.check_replaceable(path, rehearse=not run.check_mode)
    return Verdict.of(item, run.host, PROVEN)


def _delivered(items: Sequence[Item], run: Run) -> list[tuple[Item, Verdict]]:
    """Write the values of one file that are not there yet."""
    refused: dict[str, str] = {}
    missing = [item for item in items if _is_missing(item, run, refused)]
    try:
        if missing:
            _write(items[0].options["path"], _opened(missing[0], run), missing, run)
    except Refused as exc:
        refused.update({item.address: exc.msg for item in missing})
    return [(item, _verdict(item, refused.get(item.address), item in missing, run)) for item in items]


def _is_missing(item: Item, run: Run, refused: dict[str, str]) -> bool:
    try:
        file = _opened(item, run)
        is_missing = _value(item, file, run) != item.secret
        if is_missing:
            _with_values(item.options["path"], file.text, {item.options["variable"]: item.secret})
        return is_missing
    except Refused as exc:
        refused[item.address] = exc.msg
        return False


def _verdict(item: Item, refusal: str | None, changed: bool, run: Run) -> Verdict:
    if refusal is not None:
        return Verdict.of(item, run.host, NOT_TAKEN, refusal)
    return Verdict.of(item, run.host, DELIVERED, changed=changed)


def _write(path: str, file: _vault_crypt.Opened, items: Sequence[Item], run: Run) -> None:
    def look_once_more() -> None:
        again = _vault_crypt.opened(run.loader, path)
        if again is None or again.text != file.text:
            raise Refused(f"Something else changed {path} at the same time, so nothing was written. Run this again.")

    text = _with_values(path, file.text, {item.options["variable"]: str(item.secret) for item in items})
    content = _vault_crypt.encrypted(run.loader, path, text, file.encryption)
    _files.replaced(path, content, last_look=look_once_more)


def _opened(item: Item, run: Run) -> _vault_crypt.Opened:
    """Return the decrypted file of an item.

    :raises Refused: it is not there, does not open, or has another vault id than the one that is named.
    """
    path, wanted = item.options["path"], item.options.get("vault_id")
    file = _vault_crypt.opened(run.loader, path)
    if file is None:
        raise Refused(
            f"The vault file {path} does not exist. The role creates no such file, because nothing may read it. Correct the "
            f"path, or run ansible-vault create {path} and give it a line {item.options['variable']}: none"
        )
    label = file.encryption[0] or "default"
    if wanted and wanted != label:
        raise Refused(
            f"The vault file {path} is encrypted with the vault id {label}, and vault_id names {wanted}. It was not changed. "
            "Correct vault_id, or leave it out."
        )
    return file


def _value(item: Item, file: _vault_crypt.Opened, run: Run) -> str:
    """Return the value of the variable of an item; an empty text for a null.

    :raises Refused: the file does not have it, or it is no text.
    """
    path, variable = item.options["path"], item.options["variable"]
    try:
        entries = _yaml_text.entries_of(file.text)
    except _yaml_text.WrongText as exc:
        raise _vault_crypt.not_understood(path, str(exc)) from None
    if variable not in entries:
        raise Refused(
            f"The vault file {path} has no variable {variable}. The role adds none, because nothing may read it. Correct "
            f"the name, or give it a line {variable}: none with ansible-vault edit {path}."
        )
    node = entries[variable]
    if not isinstance(node.value, str):
        raise Refused(
            f"{variable} in {path} is a list or a dictionary. It was not changed. Use a variable that is a text."
        )
    return _vault_file.value_of(run.loader, path, variable, node) or ""


def _with_values(path: str, text: str, values: Mapping[str, Any]) -> str:
    """Return the text of a vault file with other values.

    :raises Refused: they could only be written by losing comments.
    """
    try:
        new, is_kept = _yaml_text.with_entries(text, None, values)
    except _yaml_text.WrongText as exc:
        raise _vault_crypt.not_understood(path, str(exc)) from None
    if not is_kept:
        raise Refused(
            f"{' and '.join(values)} in {path} cannot be changed in place, because of an anchor, an alias or a merge key "
            f"(<<). The file was not changed. Write a plain text there with ansible-vault edit {path}."
        )
    return new
