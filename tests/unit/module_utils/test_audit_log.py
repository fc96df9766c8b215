# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An organization's audit log is read back to a moment: which pages, and when it is cut."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._api import audit_log
from ansible_collections.community.turso.plugins.module_utils._api.audit_log import read_audit_log
from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from tests.simulator import Simulator, faults

SINCE = datetime.datetime(2026, 11, 10, tzinfo=datetime.timezone.utc)
LATER, AT_ONCE, BEFORE, UNDATED = "2026-11-20T00:00:00Z", "2026-11-10T00:00:00Z", "2026-11-09T23:59:59Z", ""


def page(*dates: str, pages: Any = None) -> dict[str, Any]:
    """Return what the API answers for a page; the newest entry comes first."""
    logs = [{"code": "db-create", "author": "bob", "created_at": date} for date in dates]
    return {"audit_logs": logs, **({} if pages is None else {"pagination": {"total_pages": pages}})}


# the pages that the API has, how many of them are read, and whether what was read is cut
LOGS: dict[str, tuple[list[dict[str, Any]], int, bool]] = {
    "one page of one": ([page(LATER, pages=1)], 1, False),
    "the last of two pages": ([page(LATER, pages=2), page(LATER, pages=2)], 2, False),
    "an empty log": ([page(pages=0)], 1, False),
    "an empty page, where the API does not say how many there are": ([page(LATER), page()], 2, False),
    "a number of pages that is none": ([page(LATER, pages="2"), page(LATER, pages="2"), page()], 3, False),
    "pages that are told in another way": ([{**page(LATER), "pagination": 1}, page()], 2, False),
    "what is older ends it": ([page(LATER, BEFORE, pages=9)], 1, False),
    "the last entry of a page is the oldest": ([page(BEFORE, LATER, pages=2), page(BEFORE, pages=2)], 2, False),
    "what happened at that moment may have more before it": ([page(AT_ONCE, pages=9), page(BEFORE, pages=9)], 2, False),
    "an entry without a time ends nothing": ([page(UNDATED, pages=2), page(LATER, pages=2)], 2, False),
    "more than is read": ([page(LATER, pages=9)] * 3, 3, True),
}


@pytest.mark.parametrize(("pages", "read", "is_cut"), LOGS.values(), ids=LOGS)
def test_it_is_read_until_it_ends_or_reaches_back(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, pages: list[dict[str, Any]], read: int, is_cut: bool
) -> None:
    monkeypatch.setattr(audit_log, "MOST_PAGES", 3)
    for each in pages:
        simulator.faults.add("audit_log", faults.garbage(each))
    log = read_audit_log(Api(simulator.url, simulator.credential), "acme", SINCE)
    assert log.is_cut is is_cut
    assert len(log.entries) == sum(len(each["audit_logs"]) for each in pages[:read])
    asked = [(request.path, request.query) for request in simulator.requests]
    path = "/v1/organizations/acme/audit-logs"
    assert asked == [(path, {"page_size": "100", "page": str(number + 1)}) for number in range(read)]


# what the API answers each time, how often it is asked, and what is said
FAILURES: dict[str, tuple[faults.Fault, int, str]] = {
    "a failure of the server": (faults.Status(503), 2, "the API answered 503"),
    "what is no log": (faults.garbage({"audit_logs": "none"}), 1, " its entries"),
}


@pytest.mark.parametrize(("fault", "tries", "said"), FAILURES.values(), ids=FAILURES)
def test_a_log_that_cannot_be_read_is_soon_given_up(
    simulator: Simulator, waits: list[float], fault: faults.Fault, tries: int, said: str
) -> None:
    simulator.faults.add("audit_log", fault, times=None)
    with pytest.raises(TursoError) as caught:
        read_audit_log(Api(simulator.url, simulator.credential), "acme", SINCE)
    assert caught.value.msg.startswith("Could not read the audit log: ")
    assert said in caught.value.msg
    assert len(simulator.requests) == tries
