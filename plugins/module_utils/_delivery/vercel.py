# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Projects of Vercel: where they are, what becomes of deployments, and what Vercel's answers mean. Pure. Private to this collection."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

Options = Mapping[str, Any]
API_URL = "https://api.vercel.com"
IN_USE, FAILED, BUILDING, STAGED = "in use", "failed", "building", "staged"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_BUILDING = ("QUEUED", "INITIALIZING", "BUILDING", "ANALYZING", "DEPLOYING")


def problem_of(options: Options) -> str | None:
    """Say why a destination can't have these options."""
    if not options["target"]:
        return "target is empty, so the value would reach nobody"
    if options.get("redeploy") and options["target"] != ["production"]:
        return "redeploy deploys production, so target must be [production]"
    if _NAME.fullmatch(str(options["variable"])):
        return None
    return f"{options['variable']!r} is not a name for a variable. Use letters, digits and _, and a letter first"


def project_of(options: Options) -> str:
    return f"projects/{urllib.parse.quote(str(options['project']), safe='')}"


def team_of(options: Options) -> str:
    """Return the query that names the team, empty for a personal account."""
    team = str(options.get("team") or "")
    name = "teamId" if team.startswith("team_") else "slug"
    return f"?{urllib.parse.urlencode({name: team})}" if team else ""


def words_of(options: Options) -> str:
    return f"project {options['project']}{' of team ' + str(options['team']) if options.get('team') else ''}"


def what_a_refusal_means(status: int, problem: str | None, options: Options, whose: str) -> str:
    """Return what it means that Vercel did not do what it was asked to, and what to do."""
    words, said = words_of(options), problem or "its answer is not what its API promises"
    meanings = {
        400: "Vercel refused the value",
        401: f"Vercel does not accept the credential of {whose}. Replace it",
        403: f"Vercel does not accept the credential of {whose}, or it may not change {words}. Replace it, or create one for "
        "that team whose user has the role Developer or Owner",
        404: f"Vercel shows no {words} to the credential of {whose}. Correct project and team, or create a credential for "
        "that team",
    }
    return f"{meanings.get(status, 'Vercel does not answer as it should. Run this again later')} ({said})"


def state_of(deployment: Mapping[str, Any]) -> str:
    """Tell whether a deployment is in use, fails, is being built, or is ready and waits for somebody to promote it."""
    if deployment.get("aliasError"):
        return FAILED
    ready = {"STAGED": STAGED, "ROLLING": STAGED}.get(str(deployment.get("readySubstate")), IN_USE)
    states = {**dict.fromkeys(_BUILDING, BUILDING), "READY": ready}
    return states.get(str(deployment.get("readyState")), FAILED)
