# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of GitHub Actions: where they are, what their names may be, what refusals mean. Pure. Private to this collection."""

from __future__ import annotations

import dataclasses
import datetime
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery.servers import named_in

# A stamp may be this much older than the answer that it belongs to: two clocks of one service.
SKEW = datetime.timedelta(seconds=5)
_NAME = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*", re.IGNORECASE)
_OURS = ("GH_TOKEN", "GITHUB_TOKEN")
_ENTERPRISE = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


@dataclasses.dataclass(frozen=True)
class Server:
    """A server of GitHub: the address of its API, and the variables that hold a credential for it, in their order."""

    api_url: str
    token_variables: tuple[str, ...]


def server_of(settings: Mapping[str, str]) -> Server:
    """Return the server that GH_HOST or GITHUB_API_URL names, as GitHub's own tools read them.

    A server of one's own that GH_HOST names gets no credential of github.com: gh keeps them apart, too.
    """
    host = settings.get("GH_HOST", "").strip().lower().rstrip("/")
    if not host:
        return Server(named_in(settings, ["GITHUB_API_URL"], "https://api.github.com"), _OURS)
    if host == "github.com" or host.endswith(".ghe.com"):
        return Server(f"https://api.{host}", _OURS)
    return Server(f"https://{host}/api/v3", _ENTERPRISE)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a secret lies. `words` names it for people, `right` what a credential needs to write there."""

    path: str  # of its secrets
    name: str
    words: str
    right: str

    @property
    def secret(self) -> str:
        return f"{self.path}/{self.name}"


def place_of(options: Mapping[str, Any]) -> Place:
    """Return the place that the options of a destination name."""
    name = str(options["name"]).upper()  # GitHub stores names in capitals
    if options.get("organization"):
        organization = str(options["organization"])
        right = "for the organization the permission Secrets: read and write, or the scope admin:org"
        return Place(f"orgs/{quoted(organization)}/actions/secrets", name, f"organization {organization}", right)
    repository = str(options["repository"])
    inside = f"repos/{quoted(repository, '/')}"
    if options.get("environment"):
        environment = str(options["environment"])
        words = f"environment {environment} of repository {repository}"
        right = "for the repository the permission Environments: read and write, or the scope repo"
        return Place(f"{inside}/environments/{quoted(environment)}/secrets", name, words, right)
    right = "for the repository the permission Secrets: read and write, or the scope repo"
    return Place(f"{inside}/actions/secrets", name, f"repository {repository}", right)


def quoted(text: str, safe: str = "") -> str:
    """Return a text as one part of a path."""
    return urllib.parse.quote(text, safe=safe)


def name_problem(name: str) -> str | None:
    """Say why a secret of GitHub can't have this name."""
    if _NAME.fullmatch(name):
        return None
    return f"{name!r} is not a name for a secret. Use letters, digits and _, and neither a digit nor GITHUB_ first"


def what_a_refusal_means(status: int, problem: str | None, place: Place, variable: str) -> str:
    """Return what it means that GitHub did not do what it was asked to for a place, and what to do.

    :param problem: status, method, path and GitHub's own words, without a secret; none where its answer makes no sense.
    :param variable: where the credential came from.
    """
    said = problem or "its answer is not what its API promises"
    if 300 <= status < 400:
        return f"{place.words} has moved or was renamed. Use its present name ({said})"
    meanings = {
        401: f"GitHub does not accept the credential of {variable}. Replace it",
        403: f"the credential of {variable} lacks a permission{_of_a_workflow(said)}. Grant {place.right}",
        404: f"GitHub shows no {place.words} to the credential of {variable}: it does not exist, or the credential may not "
        f"see it. Correct the name, or grant {place.right}",
        422: "GitHub refused the value or the name",
    }
    return f"{meanings.get(status, 'GitHub does not answer as it should. Run this again later')} ({said})"


def _of_a_workflow(said: str) -> str:
    return ": the automatic token of a workflow can't write secrets" if "by integration" in said else ""


def not_there(place: Place, organization: str) -> str:
    """Say why the secret of an organization is not made, and how to make it."""
    return (
        f"{place.words} has no secret {place.name}. The role creates none, because its creator decides which repositories "
        f"may read it. Create it once: gh secret set {place.name} --org {organization} --repos NAME,NAME"
    )


def sees_some(whose: str, seen: int, total: int) -> str:
    """Say why the secret of an organization is not written by who does not see all of its readers."""
    return (
        f"the credential of {whose} sees {seen} of the {total} repositories that may read the secret, and writing it would "
        "withdraw it from the others. Give the credential access to all of them"
    )


def hides(words: str, place: Place) -> str:
    """Say why a narrower secret of the same name refuses a delivery."""
    return (
        f"{words} has a secret {place.name} of its own, which is used there instead of that of {place.words}: its readers would keep "
        "their old token. Deliver there, remove that secret, or use another name"
    )


def environments_in(place: Place, environments: Iterable[Mapping[str, Any]]) -> list[Place]:
    """Return where the environments of a repository keep a secret of the same name."""
    repository = place.words.split(maxsplit=1)[1]
    names = [str(environment["name"]) for environment in environments]
    return [place_of({"repository": repository, "environment": name, "name": place.name}) for name in names]


def readers_in(place: Place, visibility: str, repositories: Iterable[Mapping[str, Any]]) -> list[Place]:
    """Return where the repositories that may read an organization's secret keep one of the same name."""
    readers = [repository for repository in repositories if visibility != "private" or repository.get("private")]
    return [place_of({"repository": repository["full_name"], "name": place.name}) for repository in readers]


def is_fresh(stamp: str, answered: str) -> bool:
    """Tell whether a secret's `updated_at` can be that of the write which was answered then.

    :param answered: the header Date of the answer to the write; where it can't be read, any stamp will do.
    """
    try:
        at = datetime.datetime.strptime(answered, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=datetime.timezone.utc)
        stamped = datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    except ValueError:
        return bool(stamp)
    return stamped >= at - SKEW


def receipt_problem(stamp: str | None, updated_at: str) -> str | None:
    """Say why what GitHub shows of a secret is no receipt for our write; none where it is one.

    :param stamp: what GitHub showed right after our write.
    """
    if updated_at == stamp:
        return None
    return f"something else wrote it at {updated_at}, after this run wrote it at {stamp}, so it holds another value"
