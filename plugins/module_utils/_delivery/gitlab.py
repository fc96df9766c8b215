# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CI/CD variables of GitLab: where they are, and what GitLab's answers mean. Pure. Private to this collection."""

from __future__ import annotations

import dataclasses
import re
import urllib.parse
from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery.servers import named_in

SERVER_VARIABLES = ("GITLAB_HOST", "GL_HOST", "GITLAB_URL", "CI_SERVER_URL")
_NAME = re.compile(r"[A-Za-z0-9_]{1,255}")


def api_url_of(settings: Mapping[str, str]) -> str:
    """Return the address of the API of the server that is named, as a host or as a URL; gitlab.com where none is."""
    named = named_in(settings, SERVER_VARIABLES, "gitlab.com")
    return f"{named if '://' in named else f'https://{named}'}/api/v4"


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a variable lies. `words` names the project or group for people."""

    path: str  # of all variables there
    key: str
    scope: str
    words: str

    @property
    def variable(self) -> str:
        """Return the path of the one variable with this key and scope; without the filter GitLab takes any of that key."""
        return f"{self.path}/{_quoted(self.key)}?filter%5Benvironment_scope%5D={_quoted(self.scope)}"


def place_of(options: Mapping[str, Any]) -> Place:
    """Return the place that the options of a destination name."""
    kind = "project" if options.get("project") else "group"
    name = str(options[kind])
    return Place(
        f"{kind}s/{_quoted(name)}/variables", str(options["variable"]), str(options["scope"]), f"{kind} {name}"
    )


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def name_problem(name: str) -> str | None:
    """Say why a variable of GitLab can't have this name."""
    return (
        None
        if _NAME.fullmatch(name)
        else f"{name!r} is not a name for a variable. Use letters, digits and _, at most 255"
    )


def is_missing_variable(status: int, problem: str | None) -> bool:
    """Tell whether GitLab knows the project or group, and has no such variable there."""
    return status == 404 and "variable not found" in str(problem).lower()


def what_a_refusal_means(status: int, problem: str | None, place: Place, whose: str) -> str:
    """Return what it means that GitLab did not do what it was asked to, and what to do."""
    meanings = {
        400: "GitLab refused the value. A masked variable accepts no line breaks, no spaces, and at least 8 characters of "
        f"{_MASKABLE}",
        401: f"GitLab does not accept the credential of {whose}. Replace it",
        403: f"the credential of {whose} may not change the variables of {place.words}. It needs the scope api and the role Maintainer "
        "of a project, Owner of a group",
        404: f"GitLab shows no {place.words} to the credential of {whose}: it does not exist, or the credential may not see "
        "it. Correct the name, or make its user a member",
    }
    said = problem or "its answer is not what its API promises"
    if 300 <= status < 400:
        return f"{place.words} has moved, or the server has another address. Use the present name and address ({said})"
    return f"{meanings.get(status, 'GitLab does not answer as it should. Run this again later')} ({said})"


_MASKABLE = "letters, digits and @:.~_-+/="


def scope_problem(credential: Mapping[str, Any], whose: str) -> str | None:
    """Say why a credential can't write, by what GitLab says of it."""
    scopes = [str(scope) for scope in credential.get("scopes") or ["(none)"]]
    if "api" in scopes:
        return None
    return f"the credential of {whose} has the scopes {', '.join(scopes)}. Writing needs the scope api"
