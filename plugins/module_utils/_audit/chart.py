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
LIMITS_SHOWN = 3  # the end of the chart, in times of the policy's limit


def histogram(judged: Sequence[Mapping[str, Any]], max_age_days: float) -> dict[str, Any]:
    """Return how many tokens are how old, by severity. The policy's limit lies between two bins.

    A bin holds the ages above its from_days, up to and including its to_days; the first one holds 0 too. What is
    many times older than the limit is in one last bin without an end, so that it does not flatten all others.
    """
    known = [(token["age_days"], token["severity"] or NONE) for token in judged if token["age_days"] is not None]
    limit = max(1, math.ceil(max_age_days))
    width = limit // next(parts for parts in (6, 5, 4, 3, 2, 1) if limit % parts == 0)
    oldest = max([limit, *(age for age, _severity in known)])
    count = math.ceil(min(oldest, limit * LIMITS_SHOWN) / width)
    bins: list[Counter[str]] = [Counter() for _index in range(count + (oldest > limit * LIMITS_SHOWN))]
    for age, severity in known:
        bins[min(max(0, math.ceil(age / width) - 1), len(bins) - 1)][severity] += 1
    return {
        "bins": [
            {
                "from_days": index * width,
                "to_days": (index + 1) * width if index < count else None,
                "tokens": sum(counted.values()),
                "by_severity": {severity: counted[severity] for severity in (*reversed(SEVERITIES), NONE)},
            }
            for index, counted in enumerate(bins)
        ],
        "most": max(sum(counted.values()) for counted in bins),
        "unknown": len(judged) - len(known),
    }
