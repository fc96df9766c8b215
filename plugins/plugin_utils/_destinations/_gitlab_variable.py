# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CI/CD variables of GitLab. Private to this collection.

A write sends the value alone: what else there is to a variable stays. The module community.general.gitlab_project_variable is not
used: it deletes a variable and makes it anew.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery import expiry, gitlab
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    BY_RECEIPT,
    CONFIRMED,
    DELIVERED,
    NOT_KNOWN,
    NOT_TAKEN,
    PROVEN,
    REFUSED,
    UNREADABLE,
    Item,
    Verdict,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils._destinations._found import holds, verdict_on
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Answer, Run, each, lost
from ansible_collections.community.turso.plugins.plugin_utils._destinations._service import Service


def check(items: Sequence[Item], run: Run) -> list[Verdict]:
    return each(items, run, REFUSED, lambda item: _checked(item, run))


def deliver(items: Sequence[Item], run: Run) -> list[Verdict]:
    return each(items, run, NOT_TAKEN, lambda item: _delivered(item, run))


def read_back(items: Sequence[Item], run: Run) -> list[Verdict]:
    return each(items, run, UNREADABLE, lambda item: _read(item, run))


@dataclasses.dataclass(frozen=True)
class _GitLab:
    service: Service
    place: gitlab.Place

    @classmethod
    def of(cls, item: Item, run: Run) -> _GitLab:
        api_url = gitlab.api_url_of(run.settings(item, *gitlab.SERVER_VARIABLES))
        return cls(Service.of(item, run, api_url, "GITLAB_TOKEN"), gitlab.place_of(item.options))

    def meaning(self, answer: Answer) -> str:
        return gitlab.what_a_refusal_means(answer.status, answer.problem, self.place, self.service.whose)

    def variable(self) -> dict[str, Any]:
        """Return the variable; one without a value and with `is_new` where there is none yet.

        :raises Refused: GitLab does not tell, or shows one of another scope.
        """
        answer = self.service.ask("GET", self.place.variable)
        if gitlab.is_missing_variable(answer.status, answer.problem):
            return {"value": None, "hidden": False, "is_new": True}
        if not answer.has("key", "value"):
            raise Refused(self.meaning(answer))
        scope = answer.body.get("environment_scope", "*")
        if scope != self.place.scope:
            raise Refused(
                f"this GitLab returns the variable of the scope {scope} instead of {self.place.scope}, so nothing was "
                f"written. Use the scope {scope}, or another name"
            )
        return {"hidden": False, "is_new": False, **answer.body}

    def write(self, found: dict[str, Any], value: str | None) -> Answer:
        """Replace a value and nothing else; a new variable is masked."""
        if not found["is_new"]:
            return self.service.ask("PUT", self.place.variable, {"value": value})
        new = {"key": self.place.key, "value": value, "environment_scope": self.place.scope, "masked": True}
        return self.service.ask("POST", self.place.path, new)


def _checked(item: Item, run: Run) -> Verdict:
    lab = _GitLab.of(item, run)
    lab.variable()
    answer = lab.service.ask("GET", "personal_access_tokens/self")
    if not answer.has("scopes"):
        return Verdict.of(
            item, run.host, NOT_KNOWN, "GitLab does not show what the credential may do; only the write itself shows it"
        )
    problem = gitlab.scope_problem(answer.body, lab.service.whose)
    if problem is not None:
        raise Refused(problem)
    end = expiry.end_in(str(answer.body.get("expires_at") or ""))
    run.warn(
        expiry.warning_about(
            f"GitLab: the credential of {lab.service.whose}", end, datetime.datetime.now(datetime.timezone.utc)
        )
    )
    return Verdict.of(item, run.host, PROVEN)


def _delivered(item: Item, run: Run) -> Verdict:
    lab = _GitLab.of(item, run)
    found = lab.variable()
    if holds(item, found["value"]):
        return Verdict.of(item, run.host, DELIVERED)
    answer = lab.write(found, item.secret)
    if answer.is_lost:
        return lost(item, run, "GitLab", answer)
    if not answer.is_ok:
        raise Refused(lab.meaning(answer))
    # Of a hidden variable GitLab shows nothing else that moves on.
    stamp = answer.header("Date") or "taken"
    return Verdict.of(item, run.host, DELIVERED, changed=True, stamp=stamp if found["hidden"] else None)


def _read(item: Item, run: Run) -> Verdict:
    found = _GitLab.of(item, run).variable()
    if not found["hidden"]:
        return verdict_on(item, run.host, found["value"])
    if item.stamp is None or item.wants_value:
        raise Refused("the variable is hidden, so GitLab never shows its value")
    return Verdict.of(item, run.host, CONFIRMED, by=BY_RECEIPT, stamp=item.stamp)
