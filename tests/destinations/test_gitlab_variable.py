# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CI/CD variables of GitLab, delivered to a stand-in."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.destinations.carrying import Carrying, run_uri, unlike, verdicts_by_name
from tests.destinations.gitlab import Credential, GitLab
from tests.destinations.https_plays import played, verdicts_in_check_mode
from tests.destinations.serving import Answer, Fault, serving
from tests.playbooks import Playbooks, heavy, with_one_core

__all__ = ["run_uri"]

VALUE = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJuZXctdG9rZW4ifQ.bmV3LXNpZ25hdHVyZS1vZi10aGUtdG9rZW4"
NEWER = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJvdGhlci10b2tlbiJ9.bmV3LXNpZ25hdHVyZS1vZi10aGUtb3RoZXI"
KEY = "TURSO_API_TOKEN"
APP, ALL = "projects/acme/app", "groups/acme"
PEOPLE = {
    "good": Credential(),
    "reads": Credential(("read_api",)),
    "nothing": Credential(("read_user",)),
    "developer": Credential(is_maintainer=False),
    "oauth": Credential(None),
    "ends": Credential(expires_at="2026-01-02"),
    "lasts": Credential(expires_at="2199-01-02"),
}
TOKENS = {name: f"glpat-stand-in-{name}-never-shown" for name in [*PEOPLE, "wrong"]}


@pytest.fixture
def lab() -> Iterator[GitLab]:
    """A project and a group. No request has a field that GitLab does not know."""
    lab = GitLab()
    lab.places = {APP: [], ALL: []}
    lab.credentials = {TOKENS[name]: credential for name, credential in PEOPLE.items()}
    yield lab
    assert lab.problems == []


@pytest.fixture
def url(lab: GitLab) -> Iterator[str]:
    with serving(lab) as address:
        yield address


@pytest.fixture
def carry(
    run_uri: Callable[[Mapping[str, Any]], dict[str, Any]], url: str, monkeypatch: pytest.MonkeyPatch
) -> Carrying:
    for variable in ("GITLAB_TOKEN", "GITLAB_HOST", "GL_HOST", "GITLAB_URL", "CI_SERVER_URL"):
        monkeypatch.delenv(variable, raising=False)
    carrying = Carrying("gitlab_variable", run_uri)
    carrying.environment = {"GITLAB_TOKEN": TOKENS["good"], "CI_SERVER_URL": url}
    unreachable = {"GITLAB_TOKEN": TOKENS["good"], "GITLAB_HOST": "http://127.0.0.1:1"}
    plain = {"GITLAB_TOKEN": TOKENS["good"], "GITLAB_HOST": "http://gitlab.example"}
    carrying.credentials = {**TOKENS, "unreachable": unreachable, "plain": plain}
    carrying.canaries = [VALUE, NEWER, *TOKENS.values()]
    return carrying


def item(case: str, /, credential: str | None = None, stamp: str | None = None, **options: Any) -> dict[str, Any]:
    given = {"variable": KEY, **({} if "group" in options else {"project": "acme/app"}), **options}
    given |= {"credential": credential} if credential else {}
    return {"name": case, "secret": VALUE, "options": given, "stamp": stamp}


CHECKS: dict[str, tuple[dict[str, Any], str, str]] = {
    "there": ({}, "proven", ""),
    "new": ({"variable": "NEW"}, "proven", ""),
    "a scope": ({"scope": "production/*"}, "proven", ""),
    "a group": ({"group": "acme"}, "proven", ""),
    "by a credential of OAuth": ({"credential": "oauth"}, "not known", "only the write itself shows"),
    "may only read": ({"credential": "reads"}, "refused", "has the scopes read_api. Writing needs the scope api"),
    "no scope": ({"credential": "nothing"}, "refused", "needs the scope api and the role Maintainer"),
    "developer": ({"credential": "developer"}, "refused", "may not change the variables of project acme/app"),
    "wrong": (
        {"credential": "wrong"},
        "refused",
        "GitLab does not accept the credential of wrong. Replace it (GET http",
    ),
    "no project": ({"project": "acme/gone"}, "refused", "GitLab shows no project acme/gone to the credential"),
    "no group": ({"group": "gone"}, "refused", "GitLab shows no group gone"),
    "unreachable": ({"credential": "unreachable"}, "refused", "GitLab does not answer as it should"),
    "not https": ({"credential": "plain"}, "refused", "is not https, so nothing was sent"),
    "ends": ({"credential": "ends"}, "proven", ""),
    "lasts": ({"credential": "lasts"}, "proven", ""),
}


def test_a_check_says_what_would_refuse_a_delivery(carry: Carrying, lab: GitLab) -> None:
    lab.have(APP, KEY)
    lab.have(APP, KEY, scope="production/*")

    verdicts = carry("check", [item(case, **options) for case, (options, _verdict, _msg) in CHECKS.items()])

    assert verdicts_by_name(verdicts) == {case: verdict for case, (_options, verdict, _msg) in CHECKS.items()}
    assert unlike(verdicts, {case: msg for case, (_options, _verdict, msg) in CHECKS.items()}) == {}
    assert {method for method, _path in lab.asked} == {"GET"}
    (warning,) = carry.warnings
    assert warning.startswith("GitLab: the credential of ends ends on 2026-01-02 00:00 UTC")


def test_a_value_is_all_that_changes(carry: Carrying, lab: GitLab) -> None:
    lab.have(APP, KEY)
    lab.have(APP, KEY, scope="production/*", masked=False, variable_type="file")
    lab.have(APP, "HIDDEN", hidden=True)
    lab.have(ALL, KEY, protected=False)
    before = copy.deepcopy(lab.places)
    delivered = [
        item("there"),
        item("a scope", scope="production/*"),
        item("a group", group="acme"),
        item("hidden", variable="HIDDEN"),
        item("new", variable="NEW", scope="staging"),
    ]

    first = carry("deliver", delivered)

    assert [(verdict.verdict, verdict.changed) for verdict in first] == [("delivered", True)] * 5
    assert [bool(verdict.stamp) for verdict in first] == [False, False, False, True, False]
    for place, variables in before.items():
        for old, new in zip(variables, lab.places[place], strict=False):
            assert new == {**old, "value": VALUE}
    new = lab.places[APP][-1]
    assert {name: new[name] for name in ("key", "value", "environment_scope", "masked", "protected")} == {
        "key": "NEW",
        "value": VALUE,
        "environment_scope": "staging",
        "masked": True,
        "protected": False,
    }

    lab.asked.clear()
    again = carry("deliver", delivered)
    assert [verdict.changed for verdict in again] == [False, False, False, True, False]
    assert [method for method, _path in lab.asked if method != "GET"] == ["PUT"]

    back = carry(
        "read_back", [{**given, "stamp": verdict.stamp} for given, verdict in zip(delivered, first, strict=True)]
    )
    by = ["read back", "read back", "read back", "receipt", "read back"]
    assert [(verdict.verdict, verdict.by) for verdict in back] == [("confirmed", evidence) for evidence in by]


def test_what_went_wrong_says_who_has_the_value(carry: Carrying, lab: GitLab) -> None:
    for key in (KEY, "LOST", "NEVER", "LINES"):
        lab.have(APP, key)
    lab.faults = [
        Fault("PUT", "/LOST$"),
        Fault("PUT", "/NEVER$", Answer(502, {"message": f"no server for {VALUE}"}), is_done=False),
        Fault("PUT", "/LINES$", Answer(400, {"message": {"value": [f"is invalid: {VALUE}"]}}), is_done=False),
    ]
    cases = {
        "lost": (item("lost", variable="LOST"), "lost", "GitLab may have stored the value"),
        "never": (item("never", variable="NEVER"), "lost", "no server for ***"),
        "refused": (item("refused", variable="LINES"), "not taken", "A masked variable accepts no line breaks"),
        "may only read": (item("may only read", "reads"), "not taken", "It needs the scope api"),
        "developer": (item("developer", "developer"), "not taken", "the role Maintainer"),
        "gone": (item("gone", project="acme/gone"), "not taken", "GitLab shows no project acme/gone"),
        "wrong": (item("wrong", "wrong"), "not taken", "GitLab does not accept the credential"),
        "unreachable": (item("unreachable", "unreachable"), "not taken", "GitLab does not answer as it should"),
    }
    verdicts = carry("deliver", [given for given, _verdict, _msg in cases.values()])
    assert verdicts_by_name(verdicts) == {name: verdict for name, (_item, verdict, _msg) in cases.items()}
    assert unlike(verdicts, {name: msg for name, (_item, _verdict, msg) in cases.items()}) == {}
    assert [verdict.changed for verdict in verdicts] == [False] * len(cases)
    assert {one["key"] for one in lab.places[APP] if one["value"] == VALUE} == {"LOST"}


def test_a_server_that_knows_no_scopes_gets_no_value(carry: Carrying, lab: GitLab) -> None:
    lab.knows_scopes = False
    lab.have(APP, KEY, scope="production")
    (verdict,) = carry("deliver", [item("ci", scope="staging")])
    assert verdict.verdict == "not taken"
    assert "returns the variable of the scope production instead of staging" in verdict.msg
    assert lab.places[APP][0]["value"] == "an older one"


def test_reading_back_tells_another_value(carry: Carrying, lab: GitLab) -> None:
    lab.have(APP, KEY, NEWER)
    lab.have(APP, "HIDDEN", hidden=True)
    wanted = {**item("wanted"), "secret": None, "wants_value": True}
    hidden = {**item("hidden", variable="HIDDEN", stamp="x"), "wants_value": True}
    cases = [
        item("other"),
        item("gone", variable="GONE"),
        item("unseen", variable="HIDDEN"),
        hidden,
        item("wrong", "wrong"),
    ]

    other, gone, unseen, unwanted, wrong, read = carry("read_back", [*cases, wanted])

    assert (other.verdict, gone.verdict, unseen.verdict) == ("other", "other", "unreadable")
    assert "other-token" in other.msg
    assert "GitLab never shows its value" in unseen.msg
    assert (unwanted.verdict, unwanted.value, wrong.verdict) == ("unreadable", None, "unreadable")
    assert read.value == NEWER


@pytest.mark.parametrize("body", [None, [], {}, "text"], ids=str)
def test_an_answer_that_makes_no_sense_sends_no_value(carry: Carrying, lab: GitLab, body: Any) -> None:
    lab.faults = [Fault("GET", "/variables/", Answer(200, body), is_done=False)]
    (verdict,) = carry("deliver", [item("ci")])
    assert verdict.verdict == "not taken"
    assert "its answer is not what its API promises" in verdict.msg
    assert {method for method, _path in lab.asked} == {"GET"}


@heavy
@with_one_core
def test_a_round_trip_that_shows_no_secret(playbooks: Playbooks, lab: GitLab, url: str) -> None:
    lab.have(APP, KEY)
    lab.faults = [Fault("POST", "/variables$", Answer(502, {"message": f"no server for {VALUE}"}), is_done=False)]
    steps = [
        ("check", [item("ci"), item("wrong", "wrong"), item("ends", "ends")]),
        ("deliver", [item("ci"), item("never", variable="NEVER")]),
        ("read_back", [item("ci")]),
    ]
    env = {"GITLAB_TOKEN": TOKENS["good"], "GITLAB_HOST": url}

    said, output = played(
        playbooks, "gitlab_variable", *steps, credentials=TOKENS, env=env, canaries=[VALUE, *TOKENS.values()]
    )

    found = [[verdict["verdict"] for verdict in verdicts] for verdicts in said]
    assert found == [["proven", "refused", "proven"], ["delivered", "lost"], ["confirmed"]]
    assert "the credential of ends ends on" in " ".join(output.split())


@heavy
@with_one_core
def test_check_mode_asks_and_writes_nothing(playbooks: Playbooks, lab: GitLab, url: str) -> None:
    lab.have(APP, KEY)
    given = [item("ci")]
    env = {"GITLAB_TOKEN": TOKENS["good"], "GITLAB_HOST": url}
    found = verdicts_in_check_mode(playbooks, "gitlab_variable", given, env, [VALUE, *TOKENS.values()])
    assert found == ["proven", "not taken"]
    assert {method for method, _path in lab.asked} == {"GET"}
