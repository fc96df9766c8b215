# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which variable and which project of Vercel is meant, and what its answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery import vercel
from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import KINDS
from ansible_collections.community.turso.plugins.module_utils._delivery.vercel_variables import variable_in
from ansible_collections.community.turso.plugins.module_utils._errors import Refused

GIVEN: dict[str, Any] = {"project": "shop", "team": None, "variable": "T", "target": ["production"], "redeploy": False}

OPTIONS = {
    "good": ({}, None),
    "redeploy": ({"redeploy": True}, None),
    "wide": ({"target": ["production", "preview"]}, None),
    "redeploy of more": ({"redeploy": True, "target": ["production", "preview"]}, "target must be [production]"),
    "nothing": ({"target": []}, "the value would reach nobody"),
    "a digit first": ({"variable": "1T"}, "not a name for a variable"),
    "odd": ({"variable": "T-1"}, "not a name for a variable"),
}


@pytest.mark.parametrize(("more", "says"), OPTIONS.values(), ids=OPTIONS)
def test_options_that_cannot_be_are_told(more: dict[str, Any], says: str | None) -> None:
    problem = KINDS["vercel_env"].problem({**GIVEN, **more})
    assert problem is None if says is None else says in str(problem)


@pytest.mark.parametrize(
    ("team", "query"), [(None, ""), ("", ""), ("acme & co", "?slug=acme+%26+co"), ("team_1", "?teamId=team_1")]
)
def test_a_team_is_named_by_its_slug_or_id(team: str | None, query: str) -> None:
    assert vercel.team_of({**GIVEN, "team": team}) == query


def test_a_project_is_quoted_and_named_with_its_team() -> None:
    options = {**GIVEN, "project": "a/b", "team": "acme"}
    assert (vercel.project_of(options), vercel.words_of(options)) == ("projects/a%2Fb", "project a/b of team acme")


def env(**more: Any) -> dict[str, Any]:
    return {"key": "T", "id": "e", "target": ["production"], **more}


FOUND = {
    "one": [env(id="right")],
    "as a text": [env(id="right", target="production")],
    "among others": [env(key="U"), env(target=["preview"]), env(id="right"), env(gitBranch="main")],
}


@pytest.mark.parametrize("listed", FOUND.values(), ids=FOUND)
def test_the_variable_with_exactly_these_targets_is_meant(listed: list[dict[str, Any]]) -> None:
    assert variable_in(listed, GIVEN)["id"] == "right"


NOT_FOUND = {
    "none": ([], "vercel env add T production --sensitive"),
    "another": ([env(key="U")], "project shop has no variable T. Create it once"),
    "wider": (
        [env(target=["production", "preview"])],
        "for exactly production and every branch, only for preview, production",
    ),
    "of a branch": ([env(gitBranch="main")], "only for production. Set target to that"),
    "custom": ([env(target=None)], "only for other environments"),
    "two": ([env(), env()], "only for production; production"),
    "an integration's": ([env(configurationId="i")], "belongs to an integration"),
}


@pytest.mark.parametrize(("listed", "says"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_what_is_not_one_variable_is_refused(listed: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(Refused) as refused:
        variable_in(listed, GIVEN)
    assert says in refused.value.msg


STATES = {
    "in use": ({"readyState": "READY"}, vercel.IN_USE),
    "promoted": ({"readyState": "READY", "readySubstate": "PROMOTED"}, vercel.IN_USE),
    "staged": ({"readyState": "READY", "readySubstate": "STAGED"}, vercel.STAGED),
    "rolling": ({"readyState": "READY", "readySubstate": "ROLLING"}, vercel.STAGED),
    "no alias": ({"readyState": "READY", "aliasError": {"code": "x"}}, vercel.FAILED),
    "queued": ({"readyState": "QUEUED"}, vercel.BUILDING),
    "building": ({"readyState": "BUILDING", "readySubstate": "STAGED"}, vercel.BUILDING),
    "error": ({"readyState": "ERROR"}, vercel.FAILED),
    "canceled": ({"readyState": "CANCELED"}, vercel.FAILED),
    "nothing said": ({}, vercel.FAILED),
}


@pytest.mark.parametrize(("deployment", "state"), STATES.values(), ids=STATES)
def test_a_deployment_is_in_use_when_it_was_promoted(deployment: dict[str, Any], state: str) -> None:
    assert vercel.state_of(deployment) == state


MEANINGS = {
    400: "Vercel refused the value (m)",
    401: "Vercel does not accept the credential of VERCEL_TOKEN. Replace it (m)",
    403: "it may not change project shop",
    404: "Vercel shows no project shop",
    -1: "Vercel does not answer as it should. Run this again later (m)",
}


@pytest.mark.parametrize(("status", "says"), MEANINGS.items())
def test_a_refusal_says_what_it_means_and_what_to_do(status: int, says: str) -> None:
    assert says in vercel.what_a_refusal_means(status, "m", GIVEN, "VERCEL_TOKEN")
    assert "not what its API promises" in vercel.what_a_refusal_means(status, None, GIVEN, "VERCEL_TOKEN")
