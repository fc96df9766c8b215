# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deploy production of a Vercel project once more, and wait until it is in use. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ansible_collections.community.turso.plugins.module_utils._delivery import vercel
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils._destinations._vercel import Vercel

WAIT_SECONDS, LOOK_EVERY_SECONDS = 1800, 5
STAGED_LOOKS = 12  # as often a deployment may be seen ready and not in use


def redeploy(host: Vercel) -> str | None:
    """Deploy production once more; return why the new value is not in use, none where it is."""
    by_hand = f"{vercel.words_of(host.options)} has the new value, but production may still use the old one. Redeploy it by hand"
    try:
        name, old = host.production()
        team = vercel.team_of(host.options)
        wanted = {"name": name, "deploymentId": old, "target": "production", "meta": {"action": "redeploy"}}
        answer = host.service.ask("POST", f"v13/deployments{team}{'&' if team else '?'}forceNew=1", wanted)
    except Refused as exc:
        return f"{by_hand}: {exc.msg}"
    if not answer.has("id"):
        return f"{by_hand}: {host.meaning(answer)}"
    new = str(answer.body["id"])
    state = _last(_states(host, new))
    return None if state == vercel.IN_USE else f"{by_hand}: deployment {new} is {state}"


def _states(host: Vercel, deployment: str) -> Iterator[str]:
    """Yield the state of a deployment every few seconds; a question without an answer is asked again."""
    for _look in range(int(WAIT_SECONDS / LOOK_EVERY_SECONDS)):
        answer = host.service.ask("GET", f"v13/deployments/{deployment}{vercel.team_of(host.options)}")
        yield vercel.state_of(answer.body) if answer.has("readyState") else vercel.BUILDING
        time.sleep(LOOK_EVERY_SECONDS)


def _last(states: Iterator[str]) -> str:
    """Return the state that a deployment ends in, or the last one that was seen."""
    state, staged = vercel.BUILDING, 0
    for state in states:
        staged += state == vercel.STAGED
        if state in (vercel.IN_USE, vercel.FAILED) or staged >= STAGED_LOOKS:
            break
    return state
