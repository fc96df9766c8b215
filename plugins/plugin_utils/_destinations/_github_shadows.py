# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of GitHub that hide another of the same name: the narrower one is used. Private to this collection."""

from __future__ import annotations

from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery import github
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils._destinations._github import GitHub

LOOKED_INTO = 30  # places, because each costs a request


def unseen_after_looking(hub: GitHub, secret: dict[str, Any]) -> str:
    """Look for narrower secrets of the same name; return in words what could not be looked into.

    :raises Refused: there is one.
    """
    try:
        places = _narrower(hub, secret)
        has = [place for place in places[:LOOKED_INTO] if hub.secret(place) is not None]
    except Refused as exc:
        return f". A narrower secret of that name would hide it, and that can't be checked: {exc.msg}"
    if has:
        raise Refused(github.hides(has[0].words, hub.place))
    rest = len(places) - LOOKED_INTO
    return f". A narrower secret of that name would hide it; {rest} places were not checked" if rest > 0 else ""


def _narrower(hub: GitHub, secret: dict[str, Any]) -> list[github.Place]:
    """Return where a secret of the same name would be used instead of ours."""
    options, root = hub.item.options, hub.place.path.removesuffix("/actions/secrets")
    if options.get("environment"):
        return []
    if options.get("repository"):
        return github.environments_in(hub.place, hub.listed(f"{root}/environments", "environments"))
    selected = secret["visibility"] == "selected"
    repositories = hub.selected_repositories() if selected else hub.listed(f"{root}/repos")
    return github.readers_in(hub.place, secret["visibility"], repositories)
