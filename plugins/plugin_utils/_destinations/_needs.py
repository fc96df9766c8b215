# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a destination needs besides this collection, and the command that installs it. Private to this collection."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused

_LACKING = re.compile(r"Failed to import the required Python library \(([^)]*)\) on \S+?'s Python (\S+?)\.(?:\s|$)")


def require_collection(name: str, floor: str, what: str) -> None:
    """See that a collection is there, and new enough.

    :param what: that it is needed for, for people.
    :raises Refused: with the command that installs it.
    """
    command = f'ansible-galaxy collection install "{name}:>={floor}"'
    version = _version_of(name)
    if version is None:
        raise Refused(f"{what} needs the collection {name}, which is not installed: {command}")
    if _numbers(version) < _numbers(floor):
        raise Refused(
            f"{what} needs the collection {name} {floor} or newer; {version} is installed: {command} --upgrade"
        )


def lacking_library(msg: str) -> str | None:
    """Return what a module says that cannot import a library, with the command that installs it; None for other messages."""
    found = _LACKING.search(msg)
    if found is None:
        return None
    library, python = found.groups()
    return f"the Python library {library} is not installed for {python}: {python} -m pip install {library}"


def _version_of(collection: str) -> str | None:
    """Return the version of an installed collection, a high one where it does not say; None where it is not installed."""
    try:
        found = importlib.util.find_spec(f"ansible_collections.{collection}")
    except ModuleNotFoundError:
        return None
    if found is None:
        return None
    for path in found.submodule_search_locations or ():
        manifest = Path(path, "MANIFEST.json")
        if manifest.is_file():
            info: Mapping[str, Any] = json.loads(manifest.read_text(encoding="utf-8"))["collection_info"]
            return str(info["version"])
    return _A_CHECKOUT


_A_CHECKOUT = "999"  # has no manifest: who works from a checkout knows how old it is


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version.partition("-")[0])))
