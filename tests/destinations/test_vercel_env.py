# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Environment variables of Vercel, delivered to a stand-in that keeps what a deployment was built with."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.plugin_utils._destinations import _vercel_deployment
from tests.destinations import clients
from tests.destinations.carrying import Carrying, run_uri, unlike, verdicts_by_name
from tests.destinations.https_plays import played, verdicts_in_check_mode
from tests.destinations.serving import Answer, Fault, serving
from tests.destinations.vercel import Project, Vercel, refusal
from tests.playbooks import Playbooks, heavy, with_one_core

__all__ = ["run_uri"]

VALUE = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJuZXctdG9rZW4ifQ.bmV3LXNpZ25hdHVyZS1vZi10aGUtdG9rZW4"
NEWER = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJvdGhlci10b2tlbiJ9.bmV3LXNpZ25hdHVyZS1vZi10aGUtb3RoZXI"
KEY = "TURSO_AUTH_TOKEN"
TOKENS = {name: f"vercel-stand-in-{name}-never-shown" for name in ("good", "reads", "nothing", "wrong")}


@pytest.fixture
def vercel() -> Iterator[Vercel]:
    """A project of a team, one of a person, and one that was never deployed. No request has a field that Vercel does not know."""
    vercel = Vercel()
    vercel.projects = {
        "shop": Project("team_1", in_production="dpl_first"),
        "blog": Project(None, in_production="dpl_first"),
        "new": Project("acme"),
    }
    vercel.credentials = {TOKENS["good"]: "write", TOKENS["reads"]: "read", TOKENS["nothing"]: ""}
    yield vercel
    assert vercel.problems == []


@pytest.fixture
def url(vercel: Vercel) -> Iterator[str]:
    with serving(vercel) as address:
        yield address


@pytest.fixture
def carry(
    run_uri: Callable[[Mapping[str, Any]], dict[str, Any]], url: str, monkeypatch: pytest.MonkeyPatch
) -> Carrying:
    for variable in ("VERCEL_TOKEN", "VERCEL_API_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(_vercel_deployment, "LOOK_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(_vercel_deployment, "WAIT_SECONDS", 0.2)
    carrying = Carrying("vercel_env", run_uri)
    carrying.environment = {"VERCEL_TOKEN": TOKENS["good"], "VERCEL_API_URL": url}
    unreachable = {"VERCEL_TOKEN": TOKENS["good"], "VERCEL_API_URL": "http://127.0.0.1:1"}
    plain = {"VERCEL_TOKEN": TOKENS["good"], "VERCEL_API_URL": "http://vercel.example"}
    carrying.credentials = {**TOKENS, "unreachable": unreachable, "plain": plain}
    carrying.canaries = [VALUE, NEWER, *TOKENS.values()]
    return carrying


def item(case: str, /, credential: str | None = None, stamp: str | None = None, **options: Any) -> dict[str, Any]:
    given = {"project": "shop", "team": "team_1", "variable": KEY, "takes_effect_hours": 0, **options}
    given |= {"credential": credential} if credential else {}
    return {"name": case, "secret": VALUE, "options": given, "stamp": stamp}


CHECKS: dict[str, tuple[dict[str, Any], str, str]] = {
    "there": ({}, "not known", "only the write itself shows"),
    "with a deployment": ({"redeploy": True}, "not known", "only the write itself shows"),
    "several targets": ({"variable": "WIDE", "target": ["preview", "production"]}, "not known", ""),
    "of a person": ({"project": "blog", "team": None}, "not known", ""),
    "none": ({"variable": "NONE"}, "refused", "vercel env add NONE production --sensitive"),
    "narrower than there": ({"variable": "WIDE"}, "refused", "only for preview, production. Set target to that"),
    "of a branch": (
        {"variable": "BRANCH", "target": ["preview"]},
        "refused",
        "has no variable BRANCH for exactly preview and every branch",
    ),
    "of an integration": ({"variable": "INTEGRATED"}, "refused", "belongs to an integration"),
    "never deployed": (
        {"project": "new", "team": "acme", "redeploy": True},
        "refused",
        "was never deployed to production, so there is nothing to redeploy",
    ),
    "another team": ({"team": "acme"}, "refused", "Vercel shows no project shop of team acme to the credential"),
    "no project": ({"project": "gone"}, "refused", "Vercel shows no project gone of team team_1"),
    "no right": ({"credential": "nothing"}, "refused", "it may not change project shop of team team_1"),
    "wrong": ({"credential": "wrong"}, "refused", "Vercel does not accept the credential of wrong"),
    "unreachable": ({"credential": "unreachable"}, "refused", "Vercel does not answer as it should"),
    "not https": ({"credential": "plain"}, "refused", "is not https, so nothing was sent"),
}


def test_a_check_says_what_would_refuse_a_delivery(carry: Carrying, vercel: Vercel) -> None:
    vercel.have("shop", KEY)
    vercel.have("shop", "WIDE", target=["production", "preview"])
    vercel.have("shop", "BRANCH", target=["preview"], gitBranch="main")
    vercel.have("shop", "INTEGRATED", configurationId="icfg_1")
    vercel.have("new", KEY)
    vercel.have("blog", KEY, target="production")

    verdicts = carry("check", [item(case, **options) for case, (options, _verdict, _msg) in CHECKS.items()])

    assert verdicts_by_name(verdicts) == {case: verdict for case, (_options, verdict, _msg) in CHECKS.items()}
    assert unlike(verdicts, {case: msg for case, (_options, _verdict, msg) in CHECKS.items()}) == {}
    assert {method for method, _path in vercel.asked} == {"GET"}


def test_a_value_is_all_that_changes(carry: Carrying, vercel: Vercel) -> None:
    for key, more in ((KEY, {"comment": "kept"}), ("PLAIN", {"type": "plain"}), ("SENSITIVE", {"type": "sensitive"})):
        vercel.have("shop", key, **more)
    vercel.have("shop", KEY, target=["preview"])
    before = copy.deepcopy(vercel.projects["shop"].envs)
    delivered = [item("encrypted"), item("plain", variable="PLAIN"), item("sensitive", variable="SENSITIVE")]

    first = carry("deliver", delivered)

    assert [(verdict.verdict, verdict.changed) for verdict in first] == [("delivered", True)] * 3
    for old, new in zip(before, vercel.projects["shop"].envs, strict=True):
        is_ours = old["target"] == ["production"]
        assert new == {**old, "updatedAt": new["updatedAt"], "value": VALUE if is_ours else old["value"]}
    assert vercel.built == {}

    vercel.asked.clear()
    again = carry("deliver", delivered)
    assert [verdict.changed for verdict in again] == [False, False, True]
    assert [path for method, path in vercel.asked if method != "GET"] == ["/v9/projects/shop/env/env2"]

    stamped = [{**given, "stamp": verdict.stamp} for given, verdict in zip(delivered, again, strict=True)]
    back = carry("read_back", stamped)
    by = ["read back", "read back", "receipt"]
    assert [(verdict.verdict, verdict.by) for verdict in back] == [("confirmed", evidence) for evidence in by]

    for variable in vercel.projects["shop"].envs:
        vercel.write(variable, NEWER)
    back = carry("read_back", stamped)
    assert [verdict.verdict for verdict in back] == ["other"] * 3
    assert "other-token" in back[0].msg
    assert "so it holds another value" in back[2].msg


def test_what_went_wrong_says_who_has_the_value(carry: Carrying, vercel: Vercel) -> None:
    for key in (KEY, "LOST", "NEVER"):
        vercel.have("shop", key)
    vercel.have("shop", "SYSTEM", type="system")
    vercel.faults = [
        Fault("PATCH", "/env1$"),
        Fault("PATCH", "/env2$", Answer(503, {"error": f"no server for {VALUE}"}), is_done=False),
    ]
    cases = {
        "lost": (item("lost", variable="LOST", redeploy=True), "lost", "Vercel may have stored the value"),
        "never": (item("never", variable="NEVER"), "lost", "no server for ***"),
        "refused": (item("refused", variable="SYSTEM"), "not taken", "Vercel refused the value"),
        "may only read": (item("may only read", "reads"), "not taken", "it may not change project shop"),
        "none": (item("none", variable="NONE"), "not taken", "vercel env add NONE production"),
        "wrong": (item("wrong", "wrong"), "not taken", "Vercel does not accept the credential"),
        "unreachable": (item("unreachable", "unreachable"), "not taken", "Vercel does not answer as it should"),
    }
    verdicts = carry("deliver", [given for given, _verdict, _msg in cases.values()])
    assert verdicts_by_name(verdicts) == {name: verdict for name, (_item, verdict, _msg) in cases.items()}
    assert unlike(verdicts, {name: msg for name, (_item, _verdict, msg) in cases.items()}) == {}
    assert [verdict.changed for verdict in verdicts] == [False] * len(cases)
    assert {env["key"] for env in vercel.projects["shop"].envs if env["value"] == VALUE} == {"LOST"}
    assert vercel.built == {}


def test_production_is_deployed_once_for_all_variables_of_a_project(carry: Carrying, vercel: Vercel) -> None:
    for project in ("shop", "blog"):
        vercel.have(project, KEY)
        vercel.have(project, "SECOND")
    vercel.states = [{"readyState": "BUILDING"}, {"readyState": "READY", "readySubstate": "STAGED"}, *vercel.states]
    given = [
        item("one", redeploy=True),
        item("two", variable="SECOND", redeploy=True),
        item("other project", project="blog", team=None, redeploy=True),
    ]

    first = carry("deliver", given)

    assert [verdict.verdict for verdict in first] == ["delivered"] * 3
    assert [built[KEY] for built in vercel.built.values()] == [VALUE, VALUE]
    assert vercel.built["dpl_0"]["SECOND"] == VALUE

    carry("deliver", given)  # who killed the first run may have left the deployment undone
    assert len(vercel.built) == 4
    carry("deliver", [{**one, "is_confirmed_on": [""]} for one in given])
    carry("deliver", [{**one, "is_confirmed_on": ["localhost"]} for one in given])
    assert len(vercel.built) == 4
    vercel.write(vercel.projects["blog"].envs[0], NEWER)
    carry("deliver", [{**one, "is_confirmed_on": ["localhost"]} for one in given])
    assert len(vercel.built) == 5


UNFINISHED: dict[str, tuple[list[Fault], list[dict[str, Any]], str]] = {
    "fails": ([], [{"readyState": "BUILDING"}, {"readyState": "ERROR"}], "deployment dpl_0 is failed"),
    "has no alias": ([], [{"readyState": "READY", "aliasError": {"code": "x"}}], "deployment dpl_0 is failed"),
    "is not promoted": ([], [{"readyState": "READY", "readySubstate": "STAGED"}], "deployment dpl_0 is staged"),
    "takes too long": ([], [{"readyState": "QUEUED"}], "deployment dpl_0 is building"),
    "is refused": ([Fault("POST", "", refusal(402, "x", "no money"), is_done=False)], [], "no money"),
    "is lost": ([Fault("POST", "")], [{"readyState": "READY"}], "Vercel does not answer as it should"),
    "has no project": (
        [Fault("GET", "/v9/projects/shop$", refusal(500, "x", "down"), times=9)],
        [],
        "Vercel does not answer as it should",
    ),
    "can't be seen": (
        [Fault("GET", "/v13/", refusal(500, "x", "down"), times=99)],
        [{"readyState": "READY"}],
        "deployment dpl_0 is building",
    ),
}


@pytest.mark.parametrize(("faults", "states", "says"), UNFINISHED.values(), ids=UNFINISHED)
def test_a_deployment_that_is_not_in_use_leaves_the_delivery_unfinished(
    carry: Carrying, vercel: Vercel, faults: list[Fault], states: list[dict[str, Any]], says: str
) -> None:
    vercel.have("shop", KEY)
    vercel.faults, vercel.states = copy.deepcopy(faults), states
    (verdict,) = carry("deliver", [item("ci", redeploy=True)])
    assert (verdict.verdict, verdict.changed) == ("unfinished", True)
    assert "has the new value, but production may still use the old one. Redeploy it by hand" in verdict.msg
    assert says in verdict.msg


def test_a_question_without_an_answer_is_asked_again(carry: Carrying, vercel: Vercel) -> None:
    vercel.have("shop", KEY)
    vercel.faults = [Fault("GET", "/v13/", refusal(500, "x", "down"), is_done=False)]
    (verdict,) = carry("deliver", [item("ci", redeploy=True)])
    assert verdict.verdict == "delivered"


@pytest.mark.parametrize("body", [None, [], {}, "text"], ids=str)
@pytest.mark.parametrize("path", ["/env$", "/env0$"])
def test_an_answer_that_makes_no_sense_sends_no_value(carry: Carrying, vercel: Vercel, path: str, body: Any) -> None:
    vercel.have("shop", KEY)
    vercel.faults = [Fault("GET", path, Answer(200, body), is_done=False)]
    (verdict,) = carry("deliver", [item("ci")])
    assert verdict.verdict == "not taken"
    assert "its answer is not what its API promises" in verdict.msg
    assert {method for method, _path in vercel.asked} == {"GET"}


def test_a_value_is_read_where_vercel_shows_it(carry: Carrying, vercel: Vercel) -> None:
    vercel.have("shop", KEY, NEWER)
    vercel.have("shop", "SENSITIVE", NEWER, type="sensitive")
    wanted = {"secret": None, "wants_value": True}
    sensitive = item("sensitive", variable="SENSITIVE", stamp="1")
    read, unread, unknown = carry("read_back", [item("a") | wanted, sensitive | wanted, sensitive | {"stamp": None}])
    assert read.value == NEWER
    assert (unread.verdict, unread.value) == ("unreadable", None)
    assert "Vercel never shows its value" in unknown.msg


# By its single functions: all of the SDK takes node some seconds to load.
SDK = """
import { VercelCore } from "@vercel/sdk/core.js";
import { projectsFilterProjectEnvs } from "@vercel/sdk/funcs/projectsFilterProjectEnvs.js";
import { projectsGetProjectEnv } from "@vercel/sdk/funcs/projectsGetProjectEnv.js";
import { projectsEditProjectEnv } from "@vercel/sdk/funcs/projectsEditProjectEnv.js";
import { projectsGetProject } from "@vercel/sdk/funcs/projectsGetProject.js";
import { deploymentsCreateDeployment } from "@vercel/sdk/funcs/deploymentsCreateDeployment.js";
import { deploymentsGetDeployment } from "@vercel/sdk/funcs/deploymentsGetDeployment.js";
const { url, token, value } = JSON.parse(GIVEN);
const vercel = new VercelCore({ bearerToken: token, serverURL: url });
const project = { idOrName: "shop", teamId: "team_1" };
// The stand-in's answers are shorter than the SDK wants them; what it asks is all that counts.
const ask = async (call, asked) => {
  const done = await call(vercel, asked);
  if (!done.ok && done.error.name !== "ResponseValidationError") throw done.error;
};
await ask(projectsFilterProjectEnvs, project);
await ask(projectsGetProjectEnv, { ...project, id: "env0" });
await ask(projectsEditProjectEnv, { ...project, id: "env0", requestBody: { value } });
await ask(projectsGetProject, project);
const again = { name: "shop", deploymentId: "dpl_first", target: "production", meta: { action: "redeploy" } };
await ask(deploymentsCreateDeployment, { teamId: "team_1", forceNew: "1", requestBody: again });
await ask(deploymentsGetDeployment, { idOrUrl: "dpl_0", teamId: "team_1" });
"""


def test_vercel_is_asked_as_its_own_client_asks(carry: Carrying, vercel: Vercel, url: str) -> None:
    if not clients.are_there():
        pytest.skip("the vendors' clients are not here: make peers")
    vercel.have("shop", KEY)
    carry("deliver", [item("ci", redeploy=True)])
    ours = [*vercel.requests]
    vercel.requests.clear()
    vercel.projects["shop"].in_production = "dpl_first"
    vercel.built.clear()
    given = json.dumps(json.dumps({"url": url, "token": TOKENS["good"], "value": VALUE}))
    clients.run(SDK.replace("GIVEN", given))
    assert sorted(ours) == sorted(vercel.requests)


@heavy
@with_one_core
def test_a_round_trip_that_shows_no_secret(playbooks: Playbooks, vercel: Vercel, url: str) -> None:
    vercel.have("shop", KEY)
    given = item("app", redeploy=True)
    steps = [("check", [given, item("wrong", "wrong")]), ("deliver", [given]), ("read_back", [given])]
    env = {"VERCEL_TOKEN": TOKENS["good"], "VERCEL_API_URL": url}

    said, _ = played(playbooks, "vercel_env", *steps, credentials=TOKENS, env=env, canaries=[VALUE, *TOKENS.values()])

    found = [[verdict["verdict"] for verdict in verdicts] for verdicts in said]
    assert found == [["not known", "refused"], ["delivered"], ["confirmed"]]
    assert vercel.built["dpl_0"][KEY] == VALUE


@heavy
@with_one_core
def test_check_mode_asks_and_writes_nothing(playbooks: Playbooks, vercel: Vercel, url: str) -> None:
    vercel.have("shop", KEY)
    given = [item("app", redeploy=True)]
    env = {"VERCEL_TOKEN": TOKENS["good"], "VERCEL_API_URL": url}
    found = verdicts_in_check_mode(playbooks, "vercel_env", given, env, [VALUE, *TOKENS.values()])
    assert found == ["not known", "not taken"]
    assert {method for method, _path in vercel.asked} == {"GET"}
