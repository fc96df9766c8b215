# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations as the API takes them: weeks, days, hours, minutes and seconds put together.

Private to this collection.
"""

from __future__ import annotations

import re

from ansible_collections.community.turso.plugins.module_utils._errors import BadOption

LONGEST_SECONDS = 36500 * 86400

_SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile("".join(rf"(?:([0-9]{{1,9}}){unit})?" for unit in _SECONDS))


def seconds_in(option: str, text: str) -> int:
    """Return the seconds of a duration such as 2w1d30m.

    :raises BadOption: where it is none.
    """
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise BadOption(
            f"{option} is {text!r}, which is no duration.",
            "Set one such as 90d or 2w1d30m (w, d, h, m and s, in this order).",
        )
    seconds = sum(int(number or 0) * unit for number, unit in zip(match.groups(), _SECONDS.values()))
    if not 0 < seconds <= LONGEST_SECONDS:
        raise BadOption(f"{option} is {text!r}.", f"Set more than nothing and at most {LONGEST_SECONDS // 86400} days.")
    return seconds
