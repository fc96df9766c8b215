# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of a destination as they are written: which there are, and none that came to nothing. Pure and private.

A template of a variable that is not set is no option that was left out: an empty key would be added beside the one in use.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused


def refuse_as_written(to: str, given: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse options that a destination does not have, and blank ones.

    :raises Refused: with their names.
    """
    unknown = [str(name) for name in given if name not in known]
    if unknown:
        raise Refused(f"to: {to} has no option {', '.join(unknown)}; it has {', '.join(known)}")
    blank = [name for name, value in given.items() if any(map(_is_blank, _texts(value)))]
    if blank:
        raise Refused(f"to: {to}: {', '.join(blank)} is empty, which could name another place. Set it, or leave it out")


def _texts(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _is_blank(text: Any) -> bool:
    return isinstance(text, str) and not text.strip()
