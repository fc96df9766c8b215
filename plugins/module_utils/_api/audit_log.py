# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The audit log of an organization, newest first; larger plans have one. Private to this collection.

Source: GET /v1/organizations/{slug}/audit-logs.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.answers import Answer
from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._time import moment_of

PAGE_SIZE = 100
MOST_PAGES = 20
TRIES = 2


@dataclasses.dataclass(frozen=True)
class LogEntry:
    """Something that somebody did. What the API did not tell is an empty text."""

    code: str
    author: str
    created_at: str
    at: datetime.datetime | None
    message: str
    origin: str

    @classmethod
    def of(cls, entry: dict[str, Any]) -> LogEntry:
        texts = {key: str(entry.get(key) or "") for key in ("code", "author", "created_at", "message", "origin")}
        return cls(at=moment_of(texts["created_at"]), **texts)

    def as_result(self) -> dict[str, str]:
        known = dataclasses.asdict(self)
        del known["at"]
        return known


@dataclasses.dataclass(frozen=True)
class AuditLog:
    """What was read of a log. It is cut where the pages that are read at the most did not reach back far enough."""

    entries: tuple[LogEntry, ...]
    is_cut: bool


def read_audit_log(api: Api, organization: str, since: datetime.datetime) -> AuditLog:
    """Read a log back to a moment.

    :raises TursoError: it cannot be had. Forbidden and NotFound: the plan or the right is missing.
    """
    entries: list[LogEntry] = []
    for number in range(1, MOST_PAGES + 1):
        answer = _page(api, organization, number)
        page = _entries_in(answer)
        entries += page
        if _is_last(answer, page, number) or _reaches(page, since):
            return AuditLog(tuple(entries), is_cut=False)
    return AuditLog(tuple(entries), is_cut=True)


def _page(api: Api, organization: str, number: int) -> Answer:
    segments = ("v1", "organizations", organization, "audit-logs")
    query = {"page_size": str(PAGE_SIZE), "page": str(number)}
    return api.request("GET", *segments, what="read the audit log", query=query, tries=TRIES)


def _entries_in(answer: Answer) -> list[LogEntry]:
    found = answer.data.get("audit_logs")
    if not isinstance(found, list):
        raise answer.unexpected("read the audit log", "its entries")
    return [LogEntry.of(entry) for entry in found if isinstance(entry, dict)]


def _is_last(answer: Answer, page: list[LogEntry], number: int) -> bool:
    """Tell whether no page follows. Where the API does not say how many there are, an empty one is the last."""
    pagination = answer.data.get("pagination")
    pages = pagination.get("total_pages") if isinstance(pagination, dict) else None
    return not page or (isinstance(pages, int) and number >= pages)


def _reaches(page: list[LogEntry], since: datetime.datetime) -> bool:
    """Tell whether the last entry of a page is older than a moment; what has no time says nothing."""
    oldest = page[-1].at
    return oldest is not None and oldest < since
