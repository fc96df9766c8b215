# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: whether a list is the whole, or says that it goes on, in whatever words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# The vendor's lists write next; other APIs nextPage, next_page_token, hasMore, has_next_page, isTruncated.
_MORE = re.compile(r"next|has_?(more|next)|(is_?)?truncated", re.IGNORECASE)


def goes_on(data: Mapping[str, Any]) -> bool:
    """Tell whether a list says that it is not the whole."""
    places = [data, *(value for value in data.values() if isinstance(value, dict))]
    return any(_says_more(place) or _has_more_pages(place) for place in places)


def cursor_in(data: Mapping[str, Any]) -> str:
    """Return what the next page of a list is asked for by; an empty text where there is none, or the list does not say.

    The vendor's document has no pages. The official CLI asks for them so.
    """
    pagination = data.get("pagination")
    cursor = pagination.get("next") if isinstance(pagination, dict) else None
    return cursor if isinstance(cursor, str) else ""


def _says_more(place: Mapping[str, Any]) -> bool:
    return any(value and _MORE.match(str(key)) for key, value in place.items())


def _has_more_pages(place: Mapping[str, Any]) -> bool:
    pages = place.get("total_pages") or place.get("totalPages")
    return isinstance(pages, int) and pages > 1
