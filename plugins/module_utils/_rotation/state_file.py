# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state file itself: read as people and git left it, replaced under its lock.

Private: for this collection only.
"""

from __future__ import annotations

import json
import os
import stat
from typing import Any

from ansible_collections.community.turso.plugins.module_utils import _files, _locks
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.json_shapes import WrongShape
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State

locked = _locks.locked

_REMEDY = "It was not changed. Correct turso_rotate_state_file, or restore the file from a backup or from git."


def read(path: str) -> State:
    """Return what a state file says; nothing is known where it does not exist yet.

    :raises Refused: for a file that cannot be read, and for one that is not a state file.
    """
    target = _files.target_of(path)
    try:
        if not stat.S_ISREG(os.stat(target).st_mode):
            raise Refused(f"The state file {path} is not a regular file. {_REMEDY}")
        with open(target, "rb") as file:
            raw = file.read()
    except FileNotFoundError:
        return State()
    except OSError as exc:
        raise Refused(f"The state file {path} cannot be read: {exc.strerror}. {_REMEDY}") from exc
    try:
        return State.from_json(_parsed(raw))
    except WrongShape as exc:
        raise Refused(f"The file {path} is not a state file of turso_rotate: {exc}. {_REMEDY}") from exc


def write(path: str, state: State) -> None:
    """Replace a state file, in an order that makes small differences in git.

    :raises Refused: it cannot be replaced, and is unchanged.
    """
    text = json.dumps(state.as_json(), indent=2, sort_keys=True)
    _files.replaced(path, f"{text}\n".encode())


def _parsed(raw: bytes) -> Any:
    """Return JSON that names no key twice, which a merge of git can leave behind.

    :raises WrongShape: without a quotation, because the file may be anything.
    """
    try:
        return json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_object)
    except json.JSONDecodeError as exc:
        raise WrongShape(f"line {exc.lineno} is not JSON (left by a merge?)") from None
    except UnicodeDecodeError:
        raise WrongShape("it is not UTF-8") from None
    except RecursionError:
        raise WrongShape("it is nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise WrongShape("an object has a key twice (left by a merge?)")
    return content
