# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One word for one thing: what users read has the words of docs/glossary.md, and none of those that they took the place of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.checkout import ROOT
from tests.tools.messages import PAGE as MESSAGES

# The word to avoid, and the one to use.
WORDS = {
    "ledger": "state file",
    "generations?": "version",
    "predecessors?": "old token, previous",
    "successors?": "new token, pending",
    "heirs?": "new token",
    "in[ -]flight": "pending",
    "superseded": "previous",
    "logical (token|name)s?": "managed token",
    "foreign": "unmanaged",
    "alive": "active",
    "controllers?": "control node",
    "vendors?": "Turso",
    "tells?|told": "shows, returns, says",
    "misspelt": "misspelled",
    "honoured": "honored",
    "mend(ed|s)?": "fix",
    "beforehand": "in advance",
}
# What hides who does what, or to what: not in messages, nor in what a run shows.
RIDDLES = {
    "nobody knows": "it is not known",
    "meanwhile": "in the meantime",
    "hand(ed)? over": "return, deliver",
    "made anew": "recreated",
    "left alone|left as it is": "not changed",
    "once more": "again",
    "by now": "now",
    "somebody else('s)?": "another process, something else",
    "who(m)?ever|whatever": "a noun",
}
# Made from the sources by measuring, and for those who change the collection.
OTHERS = {"performance", "architecture"}
# Messages that are quoted, and a product of Red Hat's.
QUOTED = ("The module was told to stop", "the module was told to stop", "automation controller")

PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING", "RELEASING", "SECURITY")),
    *sorted(ROOT.glob("docs/destinations/*.md")),
    *sorted(ROOT.glob("examples/*.yml")),
    *sorted(page for page in ROOT.glob("docs/*.md") if page.stem not in OTHERS),
    *sorted(ROOT.glob("roles/*/README.md")),
    *sorted(ROOT.glob("roles/*/meta/argument_specs.yml")),
    *sorted(ROOT.glob("plugins/filter/*.yml")),
]
PLAYS = sorted(
    path for found in ("roles/*/tasks/*.yml", "roles/*/handlers/*.yml", "playbooks/*.yml") for path in ROOT.glob(found)
)
PLUGINS = sorted(path for room in ("modules", "lookup", "doc_fragments") for path in ROOT.glob(f"plugins/{room}/*.py"))


def documentation_in(source: str) -> Iterator[str]:
    """Return what ansible-doc shows of a plugin."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def shown_by(node: Any) -> Iterator[str]:
    """Return what a run shows of tasks: their names, and their messages."""
    if isinstance(node, list):
        for item in node:
            yield from shown_by(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in ("name", "msg", "fail_msg"):
                yield from [value] if isinstance(value, str) else map(str, value)
            yield from shown_by(value)


def avoided(text: str, words: Mapping[str, str] = WORDS) -> list[str]:
    """Return the words of a text that another one stands for; what stands in code is a name, and no word."""
    prose = re.sub(
        r"^```.*?^```$|`[^`\n]*`|<code>[^<]*</code>|^ *choices: \[[^]]*\]|^ *\w+:|https?://\S+|\b[COVERMP]+\([^)]*\)",
        "",
        text,
        flags=re.MULTILINE | re.DOTALL,
    )
    for quoted in QUOTED:
        prose = prose.replace(quoted, "")
    return [f"{found[0]}: {use}" for word, use in words.items() for found in re.finditer(rf"\b({word})\b", prose, re.I)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_has_the_words_of_the_glossary(page: Path) -> None:
    assert avoided(page.read_text()) == []


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.stem)
def test_what_ansible_doc_shows_has_the_words_of_the_glossary(plugin: Path) -> None:
    assert [word for text in documentation_in(plugin.read_text()) for word in avoided(text)] == []


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: str(play.relative_to(ROOT)))
def test_what_a_run_shows_says_who_does_what(play: Path) -> None:
    shown = list(shown_by(yaml.safe_load(play.read_text())))
    assert shown
    assert [word for text in shown for word in avoided(text, {**WORDS, **RIDDLES})] == []


def test_a_message_says_who_does_what() -> None:
    assert avoided(MESSAGES.read_text(), RIDDLES) == []


def test_code_is_no_prose() -> None:
    assert avoided("the ledger") == ["ledger: state file"]
    assert avoided("<code>tell</code>") == []
    assert avoided("`ledger` and O(vendor) at https://x.example/alive\n```yaml\nheir: 1\n```\n") == []
