# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Environment variables of Vercel: which one is meant, and what Vercel's answers mean. Pure. Private to this collection."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused

Options = Mapping[str, Any]
TARGETS = ("production", "preview", "development")
IN_USE, FAILED, BUILDING, STAGED = "in use", "failed", "building", "staged"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_BUILDING = ("QUEUED", "INITIALIZING", "BUILDING", "ANALYZING", "DEPLOYING")


def problem_of(options: Options) -> str | None:
    """Say why a destination can't have these options."""
    unknown = [target for target in options["target"] if target not in TARGETS]
    if unknown or not options["target"]:
        return f"target must be some of {', '.join(TARGETS)}"
    if options.get("redeploy") and options["target"] != ["production"]:
        return "redeploy deploys production, so target must be [production]"
    if not _NAME.fullmatch(str(options["variable"])):
        return f"{options['variable']!r} is no name of a variable: letters, digits and _, a letter first"
    return None


def project_of(options: Options) -> str:
    return f"projects/{urllib.parse.quote(str(options['project']), safe='')}"


def team_of(options: Options) -> str:
    """Return the query that names the team, empty for a personal account."""
    team = str(options.get("team") or "")
    name = "teamId" if team.startswith("team_") else "slug"
    return f"?{urllib.parse.urlencode({name: team})}" if team else ""


def words_of(options: Options) -> str:
    return f"project {options['project']}{' of team ' + str(options['team']) if options.get('team') else ''}"


def variable_in(listed: Iterable[Mapping[str, Any]], options: Options) -> Mapping[str, Any]:
    """Return the variable with this key for exactly these targets, for every branch.

    :raises Refused: there is none, there are several, or it is not the project's own; says which there are.
    """
    same = [one for one in listed if one["key"] == options["variable"]]
    meant = [one for one in same if _targets(one) == set(options["target"]) and not one.get("gitBranch")]
    if len(meant) != 1:
        raise Refused(_which(same, options))
    if meant[0].get("configurationId"):
        raise Refused(
            f"{options['variable']} belongs to an integration, which writes it. Use a variable of another name"
        )
    return meant[0]


def _targets(variable: Mapping[str, Any]) -> set[str]:
    target = variable.get("target") or []
    return {target} if isinstance(target, str) else set(target)


def _which(same: Iterable[Mapping[str, Any]], options: Options) -> str:
    name, targets = options["variable"], ", ".join(options["target"])
    found = "; ".join(", ".join(sorted(_targets(one)) or ["other environments"]) for one in same)
    if not found:
        return f"{words_of(options)} has no variable {name}. Make it once: vercel env add {name} {options['target'][0]} --sensitive"
    return f"{words_of(options)} has no variable {name} for exactly {targets} and every branch; it has it for {found}. Set target so"


def what_a_refusal_means(status: int, problem: str | None, options: Options, whose: str) -> str:
    """Return what it means that Vercel did not do what it was asked to, and what to do."""
    words, said = words_of(options), problem or "its answer is not what its API promises"
    meanings = {
        400: "Vercel refuses the value",
        401: f"Vercel does not accept the credential of {whose}. Replace it",
        403: f"Vercel does not accept the credential of {whose}, or it may not change {words}. Replace it, or make one for that team "
        "whose user has the role Developer or Owner",
        404: f"Vercel shows no {words} to the credential of {whose}. Correct project and team, or make a credential for that team",
    }
    return f"{meanings.get(status, 'Vercel cannot be asked now. Run again later')} ({said})"


def state_of(deployment: Mapping[str, Any]) -> str:
    """Tell whether a deployment is in use, fails, is being built, or is ready and waits for somebody to promote it."""
    state = deployment.get("readyState")
    if state in _BUILDING:
        return BUILDING
    if state != "READY" or deployment.get("aliasError"):
        return FAILED
    return STAGED if deployment.get("readySubstate") in ("STAGED", "ROLLING") else IN_USE
