# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of Cloudflare Workers, delivered to a stand-in that makes a version of the Worker with each write."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.destinations import clients
from tests.destinations.carrying import Carrying, run_uri, unlike, verdicts_by_name
from tests.destinations.cloudflare import Cloudflare, Worker, refusal
from tests.destinations.https_plays import played, verdicts_in_check_mode
from tests.destinations.serving import Answer, Fault, serving
from tests.playbooks import Playbooks, heavy, with_one_core

__all__ = ["run_uri"]

VALUE = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJuZXctdG9rZW4ifQ.bmV3LXNpZ25hdHVyZS1vZi10aGUtdG9rZW4"
NAME = "TURSO_AUTH_TOKEN"
ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
TOKENS = {name: f"cloudflare-stand-in-{name}-never-shown" for name in ("good", "reads", "nothing", "wrong")}


@pytest.fixture
def cloud() -> Iterator[Cloudflare]:
    cloud = Cloudflare()
    cloud.workers[ACCOUNT, "shop"] = Worker(secrets={"OTHER": "is not touched"})
    cloud.credentials = {TOKENS["good"]: "write", TOKENS["reads"]: "read", TOKENS["nothing"]: ""}
    yield cloud
    assert cloud.problems == []


@pytest.fixture
def shop(cloud: Cloudflare) -> Worker:
    return cloud.workers[ACCOUNT, "shop"]


@pytest.fixture
def url(cloud: Cloudflare) -> Iterator[str]:
    with serving(cloud) as address:
        yield f"{address}/client/v4"


@pytest.fixture
def carry(
    run_uri: Callable[[Mapping[str, Any]], dict[str, Any]], url: str, monkeypatch: pytest.MonkeyPatch
) -> Carrying:
    for variable in ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_BASE_URL", "CLOUDFLARE_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    carrying = Carrying("cloudflare_worker_secret", run_uri)
    carrying.environment = {"CLOUDFLARE_API_TOKEN": TOKENS["good"], "CLOUDFLARE_API_BASE_URL": url}
    nowhere = {"CLOUDFLARE_API_TOKEN": TOKENS["good"], "CLOUDFLARE_API_BASE_URL": "http://127.0.0.1:1"}
    plain = {"CLOUDFLARE_API_TOKEN": TOKENS["good"], "CLOUDFLARE_API_BASE_URL": "http://cloudflare.example"}
    carrying.credentials = {**TOKENS, "unreachable": nowhere, "plain": plain}
    carrying.canaries = [VALUE, *TOKENS.values()]
    return carrying


def item(case: str, /, credential: str | None = None, stamp: str | None = None, **options: Any) -> dict[str, Any]:
    given = {"account_id": ACCOUNT, "script": "shop", "name": NAME, **options}
    given |= {"credential": credential} if credential else {}
    return {"name": case, "secret": VALUE, "options": given, "stamp": stamp}


CHECKS: dict[str, tuple[dict[str, Any], str, str]] = {
    "new": ({}, "not known", "only the write itself shows"),
    "there": ({"name": "OTHER"}, "not known", "only the write itself shows"),
    "a key": ({"name": "KEY"}, "refused", "KEY is a secret_key, and a text would replace it"),
    "behind": ({"script": "behind"}, "refused", "wrangler versions deploy --name behind"),
    "shared": ({"script": "shared"}, "refused", "the newest version of Worker shared is not the deployed one"),
    "never deployed": ({"script": "idle"}, "refused", "the newest version of Worker idle is not the deployed one"),
    "no Worker": (
        {"script": "gone"},
        "refused",
        "an environment of Wrangler is a Worker of its own, such as gone-production",
    ),
    "no account": ({"account_id": "f" * 32}, "refused", "shows no Worker shop to the credential"),
    "no right": ({"credential": "nothing"}, "refused", "the permission Workers Scripts: Edit"),
    "wrong": ({"credential": "wrong"}, "refused", "Cloudflare does not accept the credential of wrong"),
    "unreachable": ({"credential": "unreachable"}, "refused", "Cloudflare does not answer as it should"),
    "not https": ({"credential": "plain"}, "refused", "is not https, so nothing was sent"),
}


def test_a_check_says_what_would_refuse_a_delivery(carry: Carrying, cloud: Cloudflare, shop: Worker) -> None:
    shop.secrets["KEY"], shop.types["KEY"] = "", "secret_key"
    cloud.workers[ACCOUNT, "behind"] = Worker(["v1", "v2"])
    cloud.workers[ACCOUNT, "shared"] = Worker(["v1", "v2"], {"v1": 90, "v2": 10})
    cloud.workers[ACCOUNT, "idle"] = Worker(is_deployed=False)

    verdicts = carry("check", [item(case, **options) for case, (options, _verdict, _msg) in CHECKS.items()])

    assert verdicts_by_name(verdicts) == {case: verdict for case, (_options, verdict, _msg) in CHECKS.items()}
    assert unlike(verdicts, {case: msg for case, (_options, _verdict, msg) in CHECKS.items()}) == {}
    assert {method for method, _path in cloud.asked} == {"GET"}


def test_values_are_delivered_and_confirmed_by_the_version_in_use(carry: Carrying, shop: Worker) -> None:
    given = [item("one"), item("two", name="SECOND")]

    first = carry("deliver", given)

    assert [(verdict.verdict, verdict.changed, verdict.stamp) for verdict in first] == [("delivered", True, "v3")] * 2
    assert shop.secrets == {"OTHER": "is not touched", NAME: VALUE, "SECOND": VALUE}
    back = carry("read_back", [{**one, "stamp": "v3"} for one in given])
    assert [(verdict.verdict, verdict.by) for verdict in back] == [("confirmed", "receipt")] * 2

    again = carry("deliver", given)
    assert [verdict.stamp for verdict in again] == ["v5", "v5"]

    shop.deploy()
    other, unknown, wrong = carry(
        "read_back", [item("one", stamp="v5"), item("two"), item("wrong", "wrong", stamp="v5")]
    )
    assert (other.verdict, unknown.verdict, wrong.verdict) == ("unreadable", "unreadable", "unreadable")
    assert "was deployed again after this run wrote its secret" in other.msg


def test_what_went_wrong_says_who_has_the_value(carry: Carrying, cloud: Cloudflare, shop: Worker) -> None:
    cloud.workers[ACCOUNT, "behind"] = Worker(["v1", "v2"])
    cloud.workers[ACCOUNT, "lost"] = Worker()
    cloud.workers[ACCOUNT, "never"] = Worker()
    shop.plain.add("PLAIN")
    cloud.faults = [
        Fault("PUT", "/lost/"),
        Fault("PUT", "/never/", Answer(503, f"no server for {VALUE}"), is_done=False),
        Fault("PUT", "/shop/", refusal(400, 10021, "too large"), is_done=False),
    ]
    cases = {
        "lost": (item("lost", script="lost"), "lost", "Cloudflare may have stored the value"),
        "never": (item("never", script="never"), "lost", "no server for ***"),
        "refused": (item("refused"), "not taken", "Cloudflare refused the request"),
        "behind": (item("behind", script="behind"), "not taken", "wrangler versions deploy --name behind"),
        "plain": (item("plain", name="PLAIN"), "not taken", "PLAIN is a variable of Worker shop, not a secret"),
        "may only read": (item("may only read", "reads"), "not taken", "Workers Scripts: Edit"),
        "gone": (item("gone", script="gone"), "not taken", "shows no Worker gone"),
        "wrong": (item("wrong", "wrong"), "not taken", "Cloudflare does not accept the credential"),
        "unreachable": (item("unreachable", "unreachable"), "not taken", "Cloudflare does not answer as it should"),
    }
    verdicts = carry("deliver", [given for given, _verdict, _msg in cases.values()])
    assert verdicts_by_name(verdicts) == {name: verdict for name, (_item, verdict, _msg) in cases.items()}
    assert unlike(verdicts, {name: msg for name, (_item, _verdict, msg) in cases.items()}) == {}
    assert [verdict.changed for verdict in verdicts] == [False] * len(cases)
    assert [name for (_account, name), worker in cloud.workers.items() if VALUE in worker.secrets.values()] == ["lost"]


NO_RECEIPT = {
    "not told": (
        [Fault("GET", "/deployments$", refusal(500, 1, "down"), times=1)],
        "does not show which version is in use",
    ),
    "the same version": (
        [
            Fault(
                "GET", "/deployments$", Answer(200, {"result": {"deployments": [{"versions": [{"version_id": "v1"}]}]}})
            )
        ],
        "also runs versions without it",
    ),
}


@pytest.mark.parametrize(("faults", "says"), NO_RECEIPT.values(), ids=NO_RECEIPT)
def test_a_write_without_a_new_version_in_use_has_no_receipt(
    carry: Carrying, cloud: Cloudflare, faults: list[Fault], says: str
) -> None:
    answers = iter([False, True])
    fault = faults[0]
    fault.hits = lambda asked: asked.method == "GET" and next(answers)  # type: ignore[method-assign]
    cloud.faults = [fault]
    (verdict,) = carry("deliver", [item("ci")])
    assert (verdict.verdict, verdict.stamp) == ("delivered", None)
    assert says in verdict.msg


@pytest.mark.parametrize("body", [None, [], {}, {"result": None}, {"result": {"deployments": {}}}, "text"], ids=str)
def test_an_answer_that_makes_no_sense_sends_no_value(carry: Carrying, cloud: Cloudflare, body: Any) -> None:
    cloud.faults = [Fault("GET", "/deployments$", Answer(200, body), is_done=False)]
    (verdict,) = carry("deliver", [item("ci")])
    assert verdict.verdict == "not taken"
    assert "its answer is not what its API promises" in verdict.msg
    assert {method for method, _path in cloud.asked} == {"GET"}


SDK = """
import Cloudflare from "cloudflare";
const { url, token, account_id, name, text } = JSON.parse(GIVEN);
const { deployments, versions, secrets } = new Cloudflare({ apiToken: token, baseURL: url }).workers.scripts;
await deployments.list("shop", { account_id });
await versions.list("shop", { account_id });
await secrets.list("shop", { account_id });
await secrets.update("shop", { account_id, name, text, type: "secret_text" });
"""


def test_cloudflare_is_asked_as_its_own_client_asks(carry: Carrying, cloud: Cloudflare, url: str) -> None:
    if not clients.are_there():
        pytest.skip("the vendors' clients are not here: make peers")
    carry("check", [item("ci")])
    carry("deliver", [item("ci")])
    ours = set(cloud.requests)
    cloud.requests.clear()
    given = {"url": url, "token": TOKENS["good"], "account_id": ACCOUNT, "name": NAME, "text": VALUE}
    clients.run(SDK.replace("GIVEN", json.dumps(json.dumps(given))))
    assert ours == set(cloud.requests)


@heavy
@with_one_core
def test_a_round_trip_that_shows_no_secret(playbooks: Playbooks, shop: Worker, url: str) -> None:
    stamp = "{{ turso_deliver_verdicts[0].stamp }}"
    steps = [
        ("check", [item("app"), item("wrong", "wrong")]),
        ("deliver", [item("app")]),
        ("read_back", [item("app", stamp=stamp)]),
    ]
    env = {"CLOUDFLARE_API_TOKEN": TOKENS["good"], "CLOUDFLARE_API_BASE_URL": url}
    canaries = [VALUE, *TOKENS.values()]

    said, _ = played(playbooks, "cloudflare_worker_secret", *steps, credentials=TOKENS, env=env, canaries=canaries)

    found = [[verdict["verdict"] for verdict in verdicts] for verdicts in said]
    assert found == [["not known", "refused"], ["delivered"], ["confirmed"]]
    assert shop.secrets[NAME] == VALUE


@heavy
@with_one_core
def test_check_mode_asks_and_writes_nothing(playbooks: Playbooks, cloud: Cloudflare, url: str) -> None:
    given = [item("ci")]
    env = {"CLOUDFLARE_API_TOKEN": TOKENS["good"], "CLOUDFLARE_API_BASE_URL": url}
    found = verdicts_in_check_mode(playbooks, "cloudflare_worker_secret", given, env, [VALUE, *TOKENS.values()])
    assert found == ["not known", "not taken"]
    assert {method for method, _path in cloud.asked} == {"GET"}
