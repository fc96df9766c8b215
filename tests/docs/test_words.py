# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One word for one thing: what users read has the words of docs/glossary.md, and none of those that they took the place of."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.checkout import ROOT

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
# Made from the sources, and for those who change the collection.
OTHERS = {"messages", "performance", "architecture", "variables"}
# Messages that are quoted, and a product of Red Hat's.
QUOTED = ('"The module was told to stop"', "automation controller")

PAGES = [
    ROOT / "README.md",
    *sorted(page for page in ROOT.glob("docs/*.md") if page.stem not in OTHERS),
    *sorted(ROOT.glob("roles/*/README.md")),
    *sorted(ROOT.glob("roles/*/meta/argument_specs.yml")),
    *sorted(ROOT.glob("plugins/filter/*.yml")),
]
PLUGINS = sorted(path for room in ("modules", "lookup", "doc_fragments") for path in ROOT.glob(f"plugins/{room}/*.py"))


def documentation_in(source: str) -> Iterator[str]:
    """Return what ansible-doc shows of a plugin."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value


def avoided(text: str) -> list[str]:
    """Return the words of a text that another one stands for; what stands in code is a name, and no word."""
    prose = re.sub(
        r"^```.*?^```$|`[^`\n]*`|^ *choices: \[[^]]*\]|^ *\w+:|https?://\S+|\b[COVERMP]+\([^)]*\)",
        "",
        text,
        flags=re.MULTILINE | re.DOTALL,
    )
    for words in QUOTED:
        prose = prose.replace(words, "")
    return [f"{found[0]}: {use}" for word, use in WORDS.items() for found in re.finditer(rf"\b({word})\b", prose, re.I)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_has_the_words_of_the_glossary(page: Path) -> None:
    assert avoided(page.read_text()) == []


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.stem)
def test_what_ansible_doc_shows_has_the_words_of_the_glossary(plugin: Path) -> None:
    assert [word for text in documentation_in(plugin.read_text()) for word in avoided(text)] == []


def test_code_is_no_prose() -> None:
    assert avoided("the ledger") == ["ledger: state file"]
    assert avoided("`ledger` and O(vendor) at https://x.example/alive\n```yaml\nheir: 1\n```\n") == []
