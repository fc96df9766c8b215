# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Environment variables of Vercel projects. Private to this collection.

A write sends the value alone. A deployment keeps the values that it was built with, so production is deployed once more where that
is asked for, once for all variables of a project.
"""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    BY_RECEIPT,
    CONFIRMED,
    DELIVERED,
    NOT_KNOWN,
    NOT_TAKEN,
    OTHER,
    REFUSED,
    UNREADABLE,
    Item,
    Verdict,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils._destinations._found import holds, verdict_on
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Run, each, lost
from ansible_collections.community.turso.plugins.plugin_utils._destinations._vercel import Vercel
from ansible_collections.community.turso.plugins.plugin_utils._destinations._vercel_redeploy import deployed


def check(items: Sequence[Item], run: Run) -> list[Verdict]:
    return each(items, run, REFUSED, lambda item: _checked(item, run))


def deliver(items: Sequence[Item], run: Run) -> list[Verdict]:
    """Write all variables, and deploy each project once afterwards."""
    written = each(items, run, NOT_TAKEN, lambda item: _written(item, run))
    return deployed(items, written, run)


def read_back(items: Sequence[Item], run: Run) -> list[Verdict]:
    return each(items, run, UNREADABLE, lambda item: _read(item, run))


def _checked(item: Item, run: Run) -> Verdict:
    host = Vercel.of(item, run)
    host.variable()
    if item.options.get("redeploy"):
        host.production()
    return Verdict.of(item, run.host, NOT_KNOWN, "only the write itself shows whether Vercel accepts it")


def _written(item: Item, run: Run) -> Verdict:
    host = Vercel.of(item, run)
    found = host.value_of(host.variable())
    if holds(item, found.value):
        return Verdict.of(item, run.host, DELIVERED)
    answer = host.write(found, item.secret)
    if answer.is_lost:
        return lost(item, run, "Vercel", answer)
    if not answer.is_ok:
        raise Refused(host.meaning(answer))
    stamp = str(answer.body["updatedAt"]) if answer.has("updatedAt") else None
    return Verdict.of(item, run.host, DELIVERED, changed=True, stamp=stamp)


def _read(item: Item, run: Run) -> Verdict:
    host = Vercel.of(item, run)
    found = host.value_of(host.variable())
    if found.is_readable:
        return verdict_on(item, run.host, found.value)
    if item.stamp is None or item.wants_value:
        raise Refused(
            "the variable is sensitive, so Vercel never shows its value, and it is not known when this one was written"
        )
    if found.updated_at != item.stamp:
        return Verdict.of(
            item,
            run.host,
            OTHER,
            "something else wrote the variable after this run did, so it holds another value",
        )
    return Verdict.of(item, run.host, CONFIRMED, by=BY_RECEIPT, stamp=item.stamp)
