# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have what was written to Vercel in use, each project by one deployment. Private to this collection."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    DELIVERED,
    UNFINISHED,
    Item,
    Verdict,
)
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Run
from ansible_collections.community.turso.plugins.plugin_utils._destinations._vercel import Vercel
from ansible_collections.community.turso.plugins.plugin_utils._destinations._vercel_deployment import redeploy


def deployed(items: Sequence[Item], written: Sequence[Verdict], run: Run) -> list[Verdict]:
    """Deploy each project once for all of its variables, and return the verdicts on these."""
    both = list(zip(items, written))
    to_deploy = {_project(item): item for item, verdict in both if _is_to_deploy(item, verdict)}
    problems = {project: redeploy(Vercel.of(item, run)) for project, item in to_deploy.items()}
    return [_after_deployment(item, verdict, problems) for item, verdict in both]


def _project(item: Item) -> tuple[str, str]:
    return str(item.options.get("team")), str(item.options["project"])


def _is_to_deploy(item: Item, verdict: Verdict) -> bool:
    """Tell whether production has to be deployed once more; what was confirmed and is unchanged is in use."""
    if not item.options.get("redeploy") or verdict.verdict != DELIVERED:
        return False
    return verdict.changed or not {"", "localhost"} & set(item.is_confirmed_on)


def _after_deployment(item: Item, verdict: Verdict, problems: Mapping[tuple[str, str], str | None]) -> Verdict:
    """Return the verdict on a variable once its project was deployed.

    :param problems: why what was written is not in use, by project.
    """
    problem = problems.get(_project(item))
    if problem is None or not _is_to_deploy(item, verdict):
        return verdict
    return dataclasses.replace(verdict, verdict=UNFINISHED, msg=problem)
