# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents about the house itself: promises that tests name, paths that exist, decisions that are found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tools.checkout import ROOT

DOCS = ROOT / "docs"
ARCHITECTURE = DOCS / "architecture.md"
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))


def section(page: Path, title: str) -> str:
    return re.split(r"^## ", page.read_text().split(f"\n## {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def promises_that_are_made() -> list[int]:
    return [
        int(number) for number in re.findall(r"^(\d+)\. ", section(DOCS / "how-rotation-works.md", "Promises"), re.M)
    ]


def promises_that_tests_name() -> set[int]:
    """Return the numbers in the marks `pytest.mark.promise(…)`, wherever in the tests they stand."""
    sources = [path.read_text() for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    marks = [numbers for source in sources for numbers in re.findall(r"\bmark\.promise\(([^)]*)\)", source)]
    return {int(number) for numbers in marks for number in numbers.split(",")}


def test_promises_are_numbered_from_one() -> None:
    assert promises_that_are_made() == list(range(1, 10))


def test_every_promise_is_named_by_a_test_and_no_other_is() -> None:
    assert promises_that_tests_name() == set(promises_that_are_made())


def paths_in(page: Path) -> set[str]:
    return {
        path.rstrip("/")
        for path in re.findall(r"`((?:plugins|roles|playbooks|tests|docs)/[\w./-]*)`", page.read_text())
    }


@pytest.mark.parametrize("page", [ARCHITECTURE, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.stem)
def test_every_path_of_the_map_exists(page: Path) -> None:
    assert {path for path in paths_in(page) if not (ROOT / path).exists()} == set()


def test_every_room_is_on_the_map() -> None:
    utils = ROOT / "plugins" / "module_utils"
    rooms = {path.name for path in utils.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    picture = section(ARCHITECTURE, "The floors")
    assert {room for room in rooms if f"{room}/" not in picture} == set()
    assert {room for room in rooms if f"plugins/module_utils/{room}" not in paths_in(ARCHITECTURE)} == set()


def test_every_file_that_all_rooms_know_is_on_the_map() -> None:
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "plugins" / "module_utils").glob("*.py")}
    assert files - paths_in(ARCHITECTURE) == set()


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_says_why_and_why_not(page: Path) -> None:
    number = int(page.stem.split("-")[0])
    text = page.read_text()
    assert text.startswith(f"# {number}. ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE)[:3] == ["Context", "Decision", "Rejected"]
    assert re.findall(r"^- \*", section(page, "Rejected"), re.MULTILINE), "what was not done, and why?"
    assert len(text.split()) < 350, "half a page"
    assert f"(decisions/{page.name})" in ARCHITECTURE.read_text()


def test_decisions_are_numbered_in_their_order() -> None:
    assert [int(page.stem.split("-")[0]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_a_glossary_explains_each_word_once() -> None:
    words = re.findall(r"^\| (?!word \|)([^|]+?) \|", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    assert len(words) > 30
    assert len(words) == len(set(words))


def test_the_start_page_leads_everywhere() -> None:
    text = (DOCS / "index.md").read_text()
    led_to = set(re.findall(r"\]\(([\w-]+)\.md", text))
    assert {page.stem for page in DOCS.glob("*.md")} - led_to == {"index"}
    there = [*ROOT.glob("roles/*"), *ROOT.glob("playbooks/*.yml"), *ROOT.glob("plugins/[mlf][oi]*/*")]
    names = {path.stem for path in there if not path.stem.startswith("_") and path.parent.name != "module_utils"}
    assert {name for name in names if not re.search(rf"\b{name}\b", text)} == {"fresh_file"}, "which is private"
