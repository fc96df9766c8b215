# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of GitHub Actions, delivered to a stand-in that goes by GitHub's own description."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.plugin_utils._destinations import _github_secret
from tests.destinations.carrying import Carrying, run_uri, unlike, verdicts_by_name
from tests.destinations.github import ALL, BLIND, READ, Credential, GitHub, token
from tests.destinations.https_plays import played
from tests.destinations.serving import Answer, Fault, serving
from tests.playbooks import Playbooks, heavy, with_one_core

__all__ = ["run_uri"]

VALUE = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJuZXctdG9rZW4ifQ.bmV3LXNpZ25hdHVyZS1vZi10aGUtdG9rZW4"
NAME = "TURSO_API_TOKEN"
APP, DOCS, ORG = "repos/acme/app/actions", "repos/acme/docs/actions", "orgs/acme/actions"
PRODUCTION = "repos/acme/app/environments/production/eu west"
VARIABLES = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_HOST", "GITHUB_API_URL")


@pytest.fixture
def hub() -> Iterator[GitHub]:
    """An organization with three repositories, two of them with an environment. No request breaks GitHub's description."""
    hub = GitHub()
    hub.have_organization("acme")
    hub.have_repository("acme/app", "production/eu west")
    hub.have_repository("acme/docs", "pages")
    hub.have_repository("acme/site", private=False)
    yield hub
    assert hub.problems == []


@pytest.fixture
def url(hub: GitHub) -> Iterator[str]:
    with serving(hub) as address:
        yield address


@pytest.fixture
def people(hub: GitHub) -> dict[str, str]:
    """Credentials by what is special about them."""
    made = {
        "good": Credential(ALL),
        "reads": Credential(READ),
        "nothing": Credential(""),
        "workflow": Credential("", refusal="Resource not accessible by integration"),
        "blind": Credential(BLIND),
        "ends": Credential(ALL, ends="2026-01-02 03:04:05 +0100"),
        "lasts": Credential(ALL, ends="2199-01-02 03:04:05 UTC"),
    }
    tokens = {name: token() for name in made}
    hub.credentials = {tokens[name]: credential for name, credential in made.items()}
    return {**tokens, "wrong": token()}


@pytest.fixture
def carry(
    run_uri: Callable[[Mapping[str, Any]], dict[str, Any]],
    url: str,
    people: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Carrying:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(_github_secret, "LOOK_AGAIN_SECONDS", (0, 0))
    carrying = Carrying("github_secret", run_uri)
    carrying.environment = {"GH_TOKEN": people["good"], "GITHUB_API_URL": url}
    unreachable = {"GH_TOKEN": people["good"], "GITHUB_API_URL": "http://127.0.0.1:1"}
    plain = {"GH_TOKEN": people["good"], "GITHUB_API_URL": "http://github.example"}
    carrying.credentials = {**people, "unreachable": unreachable, "plain": plain}
    carrying.canaries = [VALUE, *people.values()]
    return carrying


def item(case: str, /, credential: str | None = None, stamp: str | None = None, **options: Any) -> dict[str, Any]:
    given = {"name": NAME, **({} if "organization" in options else {"repository": "acme/app"}), **options}
    given |= {"credential": credential} if credential else {}
    return {"name": case, "secret": VALUE, "options": given, "stamp": stamp}


CHECKS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a repository": ({}, "not known", "only the write itself shows whether GitHub accepts it"),
    "an environment": ({"environment": "production/eu west"}, "not known", "only the write itself"),
    "selected": ({"organization": "acme", "name": "SELECTED"}, "not known", "only the write itself"),
    "private": ({"organization": "acme", "name": "PRIVATE"}, "not known", "only the write itself"),
    "a new one of an organization": (
        {"organization": "acme", "name": "NONE"},
        "refused",
        "gh secret set NONE --org acme",
    ),
    "wrong": (
        {"credential": "wrong"},
        "refused",
        "GitHub does not accept the credential of wrong. Replace it (GET http",
    ),
    "no right": (
        {"credential": "nothing"},
        "refused",
        "the credential of nothing lacks a permission. Grant for the repository the permission Secrets: read and write",
    ),
    "no right to an environment": (
        {"credential": "nothing", "environment": "production/eu west"},
        "refused",
        "Environments: read and write",
    ),
    "no right to an organization": ({"credential": "nothing", "organization": "acme"}, "refused", "admin:org"),
    "the token of a workflow": (
        {"credential": "workflow"},
        "refused",
        "the automatic token of a workflow can't write secrets",
    ),
    "no repository": ({"repository": "acme/gone"}, "refused", "GitHub shows no repository acme/gone to the credential"),
    "no environment": ({"environment": "staging"}, "refused", "shows no environment staging of repository acme/app"),
    "no organization": ({"organization": "initech"}, "refused", "shows no organization initech"),
    "moved": ({"repository": "acme/old"}, "refused", "repository acme/old has moved or was renamed"),
    "hidden by an environment": (
        {"name": "HIDDEN"},
        "refused",
        "environment production/eu west of repository acme/app has a secret HIDDEN of its own",
    ),
    "hidden by a selected repository": (
        {"organization": "acme", "name": "HIDDEN_SELECTED"},
        "refused",
        "repository acme/docs has a secret HIDDEN_SELECTED of its own",
    ),
    "hidden by some repository": (
        {"organization": "acme", "name": "HIDDEN_ALL"},
        "refused",
        "repository acme/site has a secret HIDDEN_ALL of its own",
    ),
    "hidden from nobody, because it is for private ones": (
        {"organization": "acme", "name": "HIDDEN_PRIVATE"},
        "not known",
        "only the write itself",
    ),
    "unreachable": (
        {"credential": "unreachable"},
        "refused",
        "GitHub does not answer as it should. Run this again later",
    ),
    "not https": ({"credential": "plain"}, "refused", "is not https, so nothing was sent"),
    "no such credential": ({"credential": "typo"}, "refused", "turso_deliver_credentials has no 'typo'"),
    "ends": ({"credential": "ends"}, "not known", "only the write itself"),
    "lasts": ({"credential": "lasts"}, "not known", "only the write itself"),
}


def test_a_check_says_what_would_refuse_a_delivery(carry: Carrying, hub: GitHub) -> None:
    app, docs = (hub.repositories[name] for name in ("acme/app", "acme/docs"))
    hub.moved["acme/old"] = str(app)
    for name in ("SELECTED", "HIDDEN_SELECTED"):
        hub.have_secret(ORG, name, visibility="selected", repositories=[app, docs])
    for name, visibility in (("PRIVATE", "private"), ("HIDDEN_PRIVATE", "private"), ("HIDDEN_ALL", "all")):
        hub.have_secret(ORG, name, visibility=visibility)
    hub.have_secret(PRODUCTION, "HIDDEN")
    hub.have_secret(DOCS, "HIDDEN_SELECTED")
    for name in ("HIDDEN_ALL", "HIDDEN_PRIVATE", "SELECTED"):
        hub.have_secret("repos/acme/site/actions", name)

    verdicts = carry("check", [item(case, **options) for case, (options, _verdict, _msg) in CHECKS.items()])

    assert verdicts_by_name(verdicts) == {case: verdict for case, (_options, verdict, _msg) in CHECKS.items()}
    assert unlike(verdicts, {case: msg for case, (_options, _verdict, msg) in CHECKS.items()}) == {}
    assert {method for method, _path in hub.asked} == {"GET"}
    (warning,) = carry.warnings
    assert warning.startswith("GitHub: the credential of ends ends on 2026-01-02 02:04 UTC")


def test_what_cannot_be_looked_into_is_told(carry: Carrying, hub: GitHub) -> None:
    for number in range(120):
        hub.have_repository(f"acme/r{number:03d}")
    hub.have_secret(ORG, NAME)
    hub.faults = [Fault("GET", "app/environments$", Answer(403, {"message": "no"}), is_done=False)]

    many, hidden = carry("check", [item("many", organization="acme"), item("hidden")])

    assert (many.verdict, hidden.verdict) == ("not known", "not known")
    assert "93 places were not checked" in many.msg
    assert "that can't be checked: the credential of GH_TOKEN lacks a permission" in hidden.msg


UNEXPECTED = {
    "the key": ("GET", "/public-key$", "its answer is not what its API promises"),
    "the secret": ("GET", f"/secrets/{NAME}$", "its answer is not what its API promises"),
    "the readers": ("GET", "/repositories$", "its answer is not what its API promises"),
}


@pytest.mark.parametrize(("method", "path", "says"), UNEXPECTED.values(), ids=UNEXPECTED)
@pytest.mark.parametrize("body", [None, [], {}, "text", {"total_count": 7}], ids=str)
def test_an_answer_that_makes_no_sense_sends_no_value(
    carry: Carrying, hub: GitHub, method: str, path: str, says: str, body: Any
) -> None:
    hub.have_secret(ORG, NAME, visibility="selected", repositories=[hub.repositories["acme/app"]])
    hub.faults = [Fault(method, path, Answer(200, body), is_done=False, times=9)]
    (verdict,) = carry("deliver", [item("ci", organization="acme")])
    assert verdict.verdict == "not taken"
    assert says in verdict.msg
    assert {method for method, _path in hub.asked} == {"GET"}


def test_a_key_that_is_none_sends_no_value(carry: Carrying, hub: GitHub) -> None:
    hub.faults = [
        Fault("GET", "/public-key$", Answer(200, {"key": key, "key_id": "1"})) for key in ("AAAA", "no base64")
    ]
    verdicts = carry("deliver", [item("short"), item("odd")])
    assert [verdict.verdict for verdict in verdicts] == ["not taken", "not taken"]
    assert "public key" in verdicts[0].msg
    assert {method for method, _path in hub.asked} == {"GET"}


def test_values_are_delivered_and_confirmed_by_receipts(carry: Carrying, hub: GitHub) -> None:
    readers = [hub.repositories["acme/app"], hub.repositories["acme/docs"]]
    hub.have_secret(ORG, NAME, visibility="selected", repositories=readers)
    hub.have_secret(ORG, "PRIVATE", visibility="private")
    hub.have_secret(DOCS, NAME)
    hub.have_secret(APP, "OTHER", "is not touched")
    hub.faults = [
        Fault("PUT", "/LOST$"),
        Fault("PUT", "/NEVER$", Answer(503, {"message": f"no server for {VALUE}"}), is_done=False),
        Fault("PUT", "/UNPROCESSED$", Answer(422, {"message": "no"}), is_done=False),
    ]
    delivered = [
        item("repository"),
        item("environment", environment="production/eu west"),
        item("selected", organization="acme"),
        item("private", organization="acme", name="private"),
        item("there already", repository="acme/docs"),
    ]
    others = {
        "lost": (item("lost", name="LOST"), "lost", "GitHub may have stored the value"),
        "never": (item("never", name="NEVER"), "lost", "no server for ***"),
        "refused": (item("refused", name="UNPROCESSED"), "not taken", "GitHub refused the value or the name"),
        "may only read": (item("may only read", "reads", name="READ"), "not taken", "lacks a permission"),
        "blind": (item("blind", "blind", organization="acme"), "not taken", "sees 1 of the 2 repositories"),
        "none": (item("none", organization="acme", name="NONE"), "not taken", "gh secret set NONE"),
        "unreachable": (item("unreachable", "unreachable"), "not taken", "GitHub does not answer as it should"),
        "wrong": (item("wrong", "wrong"), "not taken", "GitHub does not accept the credential"),
    }
    first = carry("deliver", [*delivered, *(given for given, _verdict, _msg in others.values())])

    assert [verdict.verdict for verdict in first[:5]] == ["delivered"] * 5
    assert verdicts_by_name(first[5:]) == {name: verdict for name, (_item, verdict, _msg) in others.items()}
    assert unlike(first[5:], {name: msg for name, (_item, _verdict, msg) in others.items()}) == {}
    assert [verdict.changed for verdict in first] == [True] * 5 + [False] * len(others)
    for place, name in ((APP, NAME), (PRODUCTION, NAME), (ORG, NAME), (ORG, "PRIVATE"), (DOCS, NAME), (APP, "LOST")):
        assert hub.value(place, name) == VALUE
    assert hub.value(APP, "OTHER") == "is not touched"
    assert set(hub.places[APP]) == {NAME, "OTHER", "LOST"}
    assert (hub.places[ORG][NAME].visibility, hub.places[ORG][NAME].repositories) == ("selected", readers)
    assert hub.places[ORG]["PRIVATE"].visibility == "private"

    again = carry("deliver", delivered)
    assert all(str(one.stamp) < str(other.stamp) for one, other in zip(first[:5], again, strict=True))

    hub.have_secret(DOCS, NAME, "of somebody else")
    stamped = [{**given, "stamp": verdict.stamp} for given, verdict in zip(delivered, again, strict=True)]
    gone = item("gone", stamp="2026-11-30T12:00:00Z", name="GONE")
    back = carry("read_back", [*stamped, gone, item("no stamp"), item("wrong", "wrong")])

    assert [(verdict.verdict, verdict.by) for verdict in back[:4]] == [("confirmed", "receipt")] * 4
    assert [verdict.verdict for verdict in back[4:]] == ["other", "other", "unreadable", "unreadable"]
    assert "so it holds another value" in back[4].msg


def test_a_copy_that_lags_behind_is_looked_at_again(carry: Carrying, hub: GitHub) -> None:
    hub.have_secret(APP, NAME)
    hub.have_secret(DOCS, NAME)
    hub.lags = 2
    hub.faults = [Fault("GET", f"docs/actions/secrets/{NAME}$", Answer(500, {"message": "try again"}), times=9)]

    lagging, blind = carry("deliver", [item("lags"), item("blind", repository="acme/docs")])

    assert (lagging.verdict, blind.verdict) == ("delivered", "delivered")
    assert lagging.stamp == hub.places[APP][NAME].updated_at
    assert blind.stamp is None
    assert "nothing proves that it is still there" in blind.msg


def test_a_server_of_ones_own_gets_its_own_credential(carry: Carrying, people: dict[str, str]) -> None:
    carry.environment |= {"GH_HOST": "github.acme.example"}
    (verdict,) = carry("check", [item("ci")])
    assert (
        verdict.msg == "no credential: the environment has none of GH_ENTERPRISE_TOKEN, GITHUB_ENTERPRISE_TOKEN. Set it"
    )


def play(
    playbooks: Playbooks, url: str, people: dict[str, str], *steps: Any, **more: Any
) -> tuple[list[list[dict[str, Any]]], str]:
    env = {"GITHUB_API_URL": url, **more.pop("env", {})}
    return played(
        playbooks, "github_secret", *steps, credentials=people, env=env, canaries=[VALUE, *people.values()], **more
    )


@heavy
@with_one_core
def test_github_without_its_library_is_refused_with_the_command(
    playbooks: Playbooks, hub: GitHub, url: str, people: dict[str, str], tmp_path: Path
) -> None:
    package = tmp_path / "hidden" / "nacl"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('not here')\n")
    given = [item("repository", "good")]

    steps = [("check", given), ("deliver", given)]
    (check, deliver), _ = play(playbooks, url, people, *steps, env={"PYTHONPATH": str(package.parent)})

    assert [check[0]["verdict"], deliver[0]["verdict"]] == ["refused", "not taken"]
    for (verdict,) in (check, deliver):
        assert "-m pip install 'pynacl>=1.2'" in verdict["msg"]
    assert hub.asked == []


def test_a_round_trip_that_shows_no_secret(playbooks: Playbooks, hub: GitHub, url: str, people: dict[str, str]) -> None:
    hub.faults = [Fault("PUT", "/NEVER$", Answer(503, {"message": f"no server for {VALUE}"}), is_done=False)]
    stamp = "{{ turso_deliver_verdicts[0].stamp }}"
    steps = [
        ("check", [item("ends", "ends")]),
        ("deliver", [item("ci"), item("never", name="NEVER")]),
        ("read_back", [item("ci", stamp=stamp)]),
    ]

    said, output = play(playbooks, url, people, *steps, env={"GITHUB_TOKEN": people["good"]})

    found = [[verdict["verdict"] for verdict in verdicts] for verdicts in said]
    assert found == [["not known"], ["delivered", "lost"], ["confirmed"]]
    assert hub.value(APP, NAME) == VALUE
    assert "the credential of ends ends on" in " ".join(output.split())


@heavy
@with_one_core
def test_check_mode_asks_and_writes_nothing(
    playbooks: Playbooks, hub: GitHub, url: str, people: dict[str, str]
) -> None:
    given = [item("ci", "good")]
    (check, deliver), _ = play(playbooks, url, people, ("check", given), ("deliver", given), arguments=["--check"])
    assert [check[0]["verdict"], deliver[0]["verdict"]] == ["not known", "not taken"]
    assert {method for method, _path in hub.asked} == {"GET"}
