# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/messages.md has every message of an error, docs/variables.md every variable, and neither has another."""

from __future__ import annotations

import re

import pytest

from tests.tools import variables
from tests.tools.checkout import ROOT
from tests.tools.messages import (
    PAGE,
    Message,
    collected,
    failures_in,
    forms_in,
    kinds_in,
    messages_in,
    words_in,
    written,
)

ERRORS = """
class TursoError(Exception):
    kind = "api_error"
class Refused(TursoError):
    kind = "refused"
class BadOption(Refused):
    def __init__(self, problem, remedy):
        super().__init__(f"{problem} Nothing was sent. {remedy}")
"""
STATE = re.compile(r"\b(nothing was|no (SQL )?token was|it was not) \w+[^.]*\. \S", re.IGNORECASE)


@pytest.fixture(scope="module")
def messages() -> list[Message]:
    return collected(ROOT)


def test_the_page_has_every_message(messages: list[Message]) -> None:
    assert PAGE.read_text() == written(messages), "run make reference"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("raise Refused('nothing was done')", [("nothing was done", "refused")], id="a text"),
        pytest.param("raise Refused(f'{a} was {b!r} just before')", [("… was … just before", "refused")], id="what a run knows"),
        pytest.param("raise Refused('it was ' + f'{a} and ' 'so on')", [("it was … and so on", "refused")], id="a sum"),
        pytest.param("return _errors.Refused('made and returned here')", [("made and returned here", "refused")], id="no raise"),
        pytest.param("raise exc.become(Refused, f'{exc.msg} Nothing was done.')", [("… Nothing was done.", "refused")], id="becomes"),
        pytest.param("raise AnsibleLookupError('the file is not there')", [("the file is not there", "")], id="of Ansible"),
        pytest.param("raise refused(['it is not there'])", [("it is not there.", "")], id="by a helper, in a list"),
        pytest.param("raise no(path, 'it is not there', 'Make it now.')", [("it is not there. Make it now.", "")], id="with a remedy"),
        pytest.param("raise answer.unexpected(what, 'the list of tokens')", [], id="a part of another message"),
        pytest.param("raise BadOption(f'{a} is b.', 'Set c.')", [("… is b. Nothing was sent. Set c.", "refused")], id="a form"),
        pytest.param("raise BadOption(where + exc.problem, exc.remedy)", [], id="a form of what was told elsewhere"),
        pytest.param("raise Refused(reason)", [], id="made elsewhere"),
        pytest.param("print('this is no error')", [], id="no error"),
    ],
)  # fmt: skip
def test_messages_of_python(source: str, expected: list[tuple[str, str]]) -> None:
    assert list(messages_in(source, kinds_in(ERRORS), forms_in(ERRORS))) == expected


def test_a_refused_request_says_what_it_means_and_what_to_do(messages: list[Message]) -> None:
    told = {message.text for message in messages if message.kind == "invalid_request"}
    assert "api_retries is …. Nothing was sent. Set 0 or more." in told
    assert [text for text in told if len(STATE.findall(text)) != 1] == []


def test_the_words_of_a_file() -> None:
    source = (
        '"""Documentation that is long."""\nWORDS = {1: "the API is down", 2: f"{a} is not there yet {b}"}\n'
        'KEY = "api_url"\nPATTERN = r"of the\\s+API token that"\nLONG = "a text of\\n more than one line"\n'
        'MEANS = {"what others say to it": KEY}\nis_old = KEY == "what it was before" or KEY.startswith("what it began with once")'
    )
    assert sorted(words_in(source)) == ["the API is down", "… is not there yet …"]


def test_messages_of_tasks() -> None:
    tasks = [
        {"block": [{"ansible.builtin.fail": {"msg": "It is {{ a | b('x') }}\n  and  not there"}}]},
        {"ansible.builtin.assert": {"that": "x", "fail_msg": "There is no {{ y }} here."}},
        {"ansible.builtin.fail": {"msg": "{{ all_of_it }}"}},
        {"ansible.builtin.wait_for": {"port": 1, "msg": "It did not start."}},
        {"ansible.builtin.debug": {"msg": "this is no error"}},
    ]
    assert list(failures_in(tasks)) == ["It is … and not there", "There is no … here.", "It did not start."]


def test_the_page_has_every_variable() -> None:
    assert variables.PAGE.read_text() == variables.written(ROOT), "run make reference"
    named = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert named == {"revoke", *variables.PLAYBOOKS}


def test_the_page_has_every_variable_of_the_environment() -> None:
    read = {
        name
        for path in [*ROOT.glob("plugins/module*/**/*.py"), *ROOT.glob("plugins/doc_fragments/*.py")]
        for name in re.findall(r"\b(?:TURSO|REQUESTS|CURL|SSL)_[A-Z_]+[A-Z]\b", path.read_text())
    }
    told = {name for names in variables.ENVIRONMENT for name in names.split(", ")}
    assert read - {"TURSO_AUTH_TOKEN", "REQUESTS_IMPORT_ERROR"} == {
        name for name in told if not name.endswith("_PROXY")
    }


MARKUP = [
    ("How C(long) it stays.\n  Needs a file.", "How `long` it stays."),
    (
        "As RV(community.turso.turso_revocation#module:invalidations).",
        "As `invalidations` of `community.turso.turso_revocation`.",
    ),
    (
        "P(community.turso.turso_rotate#role), O(deliver[].to) with V(play).",
        "`community.turso.turso_rotate`, `to` with `play`.",
    ),
]


@pytest.mark.parametrize(("description", "expected"), MARKUP)
def test_a_text_of_the_page_is_the_first_sentence(description: str, expected: str) -> None:
    assert variables.first_sentence([description, "More."]) == expected


def test_the_page_has_no_markup_of_ansible() -> None:
    assert re.findall(r"\b[A-Z]{1,2}\([^)]*\)", variables.PAGE.read_text()) == []


def test_an_entry_point_has_a_table_of_what_it_takes_alone() -> None:
    _main, own = variables.PAGE.read_text().split("### Only for `tasks_from: invalidate`\n")
    assert "| `turso_rotate_invalidations` | **required** |" in own.partition("\n#")[0]


def test_the_page_has_every_fact() -> None:
    options = set(re.findall(r"^\| `(turso_\w+)`", variables.PAGE.read_text().partition("## Playbooks")[0], re.M))
    named = {
        name
        for path in ROOT.glob("roles/*/tasks/*.yml")
        for name in re.findall(r"(?:^ +|register: )(turso_\w+)(?=:|$)", path.read_text(), re.M)
    }
    assert named - options == set(variables.OTHERS)
