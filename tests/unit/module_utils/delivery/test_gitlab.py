# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which server of GitLab is meant, and what its places, names and refusals are."""

from __future__ import annotations

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery import gitlab
from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import KINDS

SERVERS = {
    "nothing said": ({}, "https://gitlab.com/api/v4"),
    "a host": ({"GITLAB_HOST": "git.acme.example"}, "https://git.acme.example/api/v4"),
    "a URL": ({"GL_HOST": "https://acme.example/gitlab/"}, "https://acme.example/gitlab/api/v4"),
    "what a job is told": ({"CI_SERVER_URL": "https://git.acme.example:8443"}, "https://git.acme.example:8443/api/v4"),
    "the tool's first": (
        {"CI_SERVER_URL": "https://b.example", "GITLAB_HOST": "a.example"},
        "https://a.example/api/v4",
    ),
}


@pytest.mark.parametrize(("settings", "api_url"), SERVERS.values(), ids=SERVERS)
def test_the_server_is_the_one_of_gitlabs_own_tools(settings: dict[str, str], api_url: str) -> None:
    assert gitlab.api_url_of(settings) == api_url


def test_a_place_is_quoted() -> None:
    project = gitlab.place_of({"project": "acme/app", "variable": "T", "scope": "review/*"})
    assert project.variable == "projects/acme%2Fapp/variables/T?filter%5Benvironment_scope%5D=review%2F%2A"
    group = gitlab.place_of({"project": None, "group": "acme/sub", "variable": "T", "scope": "*"})
    assert (group.path, group.words) == ("groups/acme%2Fsub/variables", "group acme/sub")


OPTIONS = {
    "good": ({"project": "a/b", "variable": "TURSO_1"}, None),
    "group": ({"group": "a", "variable": "T" * 255}, None),
    "both": ({"project": "a/b", "group": "a", "variable": "T"}, "exactly one of project and group is needed"),
    "neither": ({"variable": "T"}, "exactly one of project and group is needed"),
    "too long": ({"group": "a", "variable": "T" * 256}, "not a name for a variable"),
    "odd": ({"group": "a", "variable": "T-1"}, "not a name for a variable"),
    "empty": ({"group": "a", "variable": ""}, "not a name for a variable"),
}


@pytest.mark.parametrize(("options", "says"), OPTIONS.values(), ids=OPTIONS)
def test_options_that_cannot_be_are_told(options: dict[str, str], says: str | None) -> None:
    problem = KINDS["gitlab_variable"].problem(options)
    assert problem is None if says is None else says in str(problem)


@pytest.mark.parametrize(
    ("status", "problem", "is_missing"),
    [
        (404, "404 Variable Not Found", True),
        (404, "404 Project Not Found", False),
        (403, "x", False),
        (404, None, False),
    ],
)
def test_a_missing_variable_is_no_missing_project(status: int, problem: str | None, is_missing: bool) -> None:
    assert gitlab.is_missing_variable(status, problem) is is_missing


PLACE = gitlab.place_of({"project": "acme/app", "variable": "T", "scope": "*"})
MEANINGS = {
    400: "A masked variable accepts no line breaks",
    401: "GitLab does not accept the credential of GITLAB_TOKEN. Replace it (m)",
    403: "may not change the variables of project acme/app",
    404: "GitLab shows no project acme/app",
    302: "project acme/app has moved",
    -1: "GitLab does not answer as it should. Run this again later (m)",
    503: "GitLab does not answer as it should",
}


@pytest.mark.parametrize(("status", "says"), MEANINGS.items())
def test_a_refusal_says_what_it_means_and_what_to_do(status: int, says: str) -> None:
    assert says in gitlab.what_a_refusal_means(status, "m", PLACE, "GITLAB_TOKEN")


def test_an_answer_without_sense_says_so() -> None:
    assert "not what its API promises" in gitlab.what_a_refusal_means(200, None, PLACE, "GITLAB_TOKEN")


def test_a_credential_without_the_scope_cannot_write() -> None:
    assert gitlab.scope_problem({"scopes": ["read_api", "api"]}, "X") is None
    assert "has the scopes read_api" in str(gitlab.scope_problem({"scopes": ["read_api"]}, "X"))
    assert "has the scopes (none)" in str(gitlab.scope_problem({}, "X"))
