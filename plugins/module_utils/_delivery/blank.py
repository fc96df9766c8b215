# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of a destination that came to nothing, such as a template of a variable that is not set. Pure and private.

They are not options that were left out: an empty key would be added beside the one in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def blank_in(options: Mapping[str, Any]) -> list[str]:
    """Return the names of the options that are blank, or are a list with a blank text."""
    return [name for name, value in options.items() if any(map(_is_blank, _texts(value)))]


def _texts(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _is_blank(text: Any) -> bool:
    return isinstance(text, str) and not text.strip()
