# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of Cloudflare Workers. Private to this collection.

Cloudflare shows nobody a value. Each write makes a version of the Worker and deploys it: the receipt is that version, as long as it
is the one in use.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery import cloudflare
from ansible_collections.community.turso.plugins.module_utils._delivery.servers import named_in
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    BY_RECEIPT,
    CONFIRMED,
    DELIVERED,
    NOT_KNOWN,
    NOT_TAKEN,
    REFUSED,
    UNREADABLE,
    Item,
    Verdict,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Answer, Run, each, lost
from ansible_collections.community.turso.plugins.plugin_utils._destinations._service import Service


def check(items: Sequence[Item], run: Run) -> list[Verdict]:
    return each(items, run, REFUSED, lambda item: _checked(item, run))


def deliver(items: Sequence[Item], run: Run) -> list[Verdict]:
    """Write all secrets, and only then ask which version is in use: the next secret of a Worker makes another one."""
    written = each(items, run, NOT_TAKEN, lambda item: _written(item, run))
    return [_stamped(item, verdict, run) for item, verdict in zip(items, written)]


def read_back(items: Sequence[Item], run: Run) -> list[Verdict]:
    return each(items, run, UNREADABLE, lambda item: _read(item, run))


@dataclasses.dataclass(frozen=True)
class _Worker:
    service: Service
    item: Item

    @classmethod
    def of(cls, item: Item, run: Run) -> _Worker:
        api_url = named_in(
            run.settings(item, *cloudflare.BASE_VARIABLES), cloudflare.BASE_VARIABLES, cloudflare.API_URL
        )
        return cls(Service.of(item, run, api_url, "CLOUDFLARE_API_TOKEN"), item)

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        return self.service.ask(method, f"{cloudflare.worker_of(self.item.options)}/{path}", body)

    def meaning(self, answer: Answer) -> str:
        whose = self.service.whose
        return cloudflare.what_a_refusal_means(answer.status, answer.problem, answer.body, self.item.options, whose)

    def listed(self, path: str, key: str | None = None) -> list[Any]:
        """Return what a list of the Worker holds, the newest first.

        :raises Refused: Cloudflare does not tell.
        """
        answer = self.ask("GET", path)
        found = answer.body["result"] if answer.has("result") else None
        found = found.get(key) if key and isinstance(found, dict) else found
        if not isinstance(found, list):
            raise Refused(self.meaning(answer))
        return found

    def version_in_use(self) -> str | None:
        return cloudflare.version_in_use(self.listed("deployments", "deployments"))


def _checked(item: Item, run: Run) -> Verdict:
    worker = _Worker.of(item, run)
    in_use = worker.version_in_use()
    versions = worker.listed("versions", "items")
    if in_use is None or not versions or versions[0].get("id") != in_use:
        raise Refused(cloudflare.behind(item.options))
    problem = cloudflare.other_kind(worker.listed("secrets"), item.options["name"])
    if problem is not None:
        raise Refused(problem)
    return Verdict.of(item, run.host, NOT_KNOWN, "only the write itself shows whether Cloudflare accepts it")


def _written(item: Item, run: Run) -> Verdict:
    worker = _Worker.of(item, run)
    before = worker.version_in_use()
    answer = worker.ask("PUT", "secrets", {"name": item.options["name"], "text": item.secret, "type": "secret_text"})
    if answer.is_lost:
        return lost(item, run, "Cloudflare", answer)
    if not answer.is_ok:
        raise Refused(worker.meaning(answer))
    return Verdict.of(item, run.host, DELIVERED, changed=True, stamp=before)


def _stamped(item: Item, verdict: Verdict, run: Run) -> Verdict:
    """Return a verdict with the version that is in use now, where it is another one than before the write."""
    if verdict.verdict != DELIVERED:
        return verdict
    try:
        in_use = _Worker.of(item, run).version_in_use()
    except Refused as exc:
        return dataclasses.replace(
            verdict,
            stamp=None,
            msg=f"Cloudflare stored the value, but does not show which version is in use: {exc.msg}",
        )
    if in_use is None or in_use == verdict.stamp:
        return dataclasses.replace(
            verdict, stamp=None, msg="Cloudflare stored the value, but the Worker also runs versions without it"
        )
    return dataclasses.replace(verdict, stamp=in_use)


def _read(item: Item, run: Run) -> Verdict:
    in_use = _Worker.of(item, run).version_in_use()
    if item.stamp is None or in_use != item.stamp:
        raise Refused(
            f"Worker {item.options['script']} was deployed again after this run wrote its secret, or the time is not known, "
            "and Cloudflare never shows a value. Run the rotation again"
        )
    return Verdict.of(item, run.host, CONFIRMED, by=BY_RECEIPT, stamp=item.stamp)
