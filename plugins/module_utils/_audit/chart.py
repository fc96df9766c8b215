# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many tokens are how old, as the page draws it. Pure and private."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._audit.rules import SEVERITIES

NONE = "none"  # what a token without findings counts as
BINS_TO_LIMIT = 6
LIMITS_SHOWN = 3  # the end of the chart, in times of the policy's limit


def histogram(judged: Sequence[Mapping[str, Any]], max_age_days: float) -> dict[str, Any]:
    """Return how many tokens are how old, by severity. The policy's limit lies between two bins.

    A bin holds the ages above its from_days, up to and including its to_days; the first one holds 0 too. Bins differ by a
    day where the limit has no better parts. What is many times older than the limit is in one last bin without an end, so
    that it does not flatten all others.
    """
    known = [(token["age_days"], token["severity"] or NONE) for token in judged if token["age_days"] is not None]
    ends = _ends(max((age for age, _severity in known), default=0), max(1, math.ceil(max_age_days)))
    bins: list[Counter[str]] = [Counter() for _end in ends]
    for age, severity in known:
        bins[next(index for index, end in enumerate(ends) if end is None or age <= end)][severity] += 1
    return {
        "bins": [
            {
                "from_days": start or 0,
                "to_days": end,
                "tokens": sum(counted.values()),
                "by_severity": {severity: counted[severity] for severity in (*reversed(SEVERITIES), NONE)},
            }
            for start, end, counted in zip([0, *ends], ends, bins)
        ],
        "bins_to_limit": _parts(max(1, math.ceil(max_age_days))),
        "most": max(sum(counted.values()) for counted in bins),
        "unknown": len(judged) - len(known),
    }


def _parts(limit: int) -> int:
    return min(BINS_TO_LIMIT, limit)


def _ends(oldest: int, limit: int) -> list[int | None]:
    """Return the last day of each bin: up to the limit, and on until the oldest token or the end of the chart."""
    parts = _parts(limit)
    ends: list[int | None] = [
        math.ceil(limit * index / parts)
        for index in range(1, parts * LIMITS_SHOWN + 1)
        if index <= parts or math.ceil(limit * (index - 1) / parts) < oldest
    ]
    return [*ends, None] if oldest > limit * LIMITS_SHOWN else ends
