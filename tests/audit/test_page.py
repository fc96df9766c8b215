# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page in a real browser: it loads by itself, says nothing on the console, and sorts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.audit.browser import Page, a_page, find_chromium
from tests.audit.world import arrange
from tests.playbooks import Playbooks
from tests.simulator import Simulator
from tests.tools.venvs import for_tests

CHROMIUM = find_chromium()
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH; Debian's package chromium has one")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One page, which no test changes, from one of the ansible-cores at hand: what is on it is not theirs to say."""
    with Simulator() as simulator:
        arrange(simulator)
        directory = tmp_path_factory.mktemp("audit")
        playbooks = Playbooks(for_tests()[-1], directory, api_url=simulator.url, api_token=simulator.credential)
        played = playbooks.play("community.turso.audit", "-e", "turso_audit_organization=acme")
    assert played.ok, played.output
    return directory / "turso-audit.html"


@pytest.fixture
def page(report: Path) -> Iterator[Page]:
    assert CHROMIUM is not None
    with a_page(CHROMIUM) as opened:
        opened.open(report.as_uri())
        yield opened


def column(page: Page, index: int) -> list[str]:
    return list(
        page.evaluate(f"[...document.querySelectorAll('#tokens tbody tr')].map(r => r.cells[{index}].innerText)")
    )


def click(page: Page, head: str) -> str:
    """Click on the head of a column as a mouse does, and return what order it says it is in."""
    find = f"[...document.querySelectorAll('#tokens th')].find(th => th.innerText.trim().startsWith('{head}'))"
    x, y = page.evaluate(
        f"(b => (b.scrollIntoView(), (r => [r.x + 5, r.y + 5])(b.getBoundingClientRect())))({find}.querySelector('button'))"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    return str(page.evaluate(f"{find}.getAttribute('aria-sort')"))


@needs_chromium
def test_the_page_loads_without_a_complaint_or_a_request(page: Page, report: Path) -> None:
    assert page.complaints() == []
    assert [url for url in page.requests() if not url.startswith("data:")] == [report.as_uri()]
    assert page.evaluate("document.title") == "API tokens of organization acme, 2026-11-24"
    assert len(column(page, 0)) == 12
    assert page.evaluate("document.querySelectorAll('#ages rect').length") > 3


@needs_chromium
def test_a_click_on_a_head_sorts(page: Page) -> None:
    assert column(page, 3)[0] == "140 d"
    assert click(page, "Age") == "descending"
    ages = [int(text.split()[0]) for text in column(page, 3)]
    assert ages == sorted(ages, reverse=True)
    assert click(page, "Age") == "ascending"
    assert [int(text.split()[0]) for text in column(page, 3)] == ages[::-1]
    assert click(page, "Owner") == "ascending"
    owners = [text.split()[0] for text in column(page, 2)]
    assert owners == ["alice"] * 5 + ["bob"] * 7
    assert page.evaluate("document.querySelectorAll('#tokens th[aria-sort]').length") == 1
    assert page.complaints() == []


@needs_chromium
def test_the_page_follows_the_scheme_and_prints_in_light(page: Page) -> None:
    shown = []
    for media, scheme in (("screen", "light"), ("screen", "dark"), ("print", "dark")):
        page.call(
            "Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )
        shown.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert shown == ["rgb(255, 255, 255)", "rgb(18, 22, 28)", "rgb(255, 255, 255)"]


@needs_chromium
def test_a_script_that_got_into_the_page_would_not_run(page: Page) -> None:
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'document.title = 1'}))")
    assert page.evaluate("document.title") != "1"
    assert "Content Security Policy" in page.complaints()[0]


def test_the_policy_of_the_page_admits_its_script_and_no_other(report: Path) -> None:
    source = report.read_text()
    script = re.search("<script>(.*)</script>", source, re.DOTALL)
    assert script is not None
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in source


def test_the_page_refers_to_nothing_outside_of_it(report: Path) -> None:
    source = report.read_text()
    assert _References(source).found == ["data:,"]
    styles = re.findall("<style>(.*?)</style>", source, re.DOTALL)
    assert len(styles) == 1
    assert not re.search(r"url\(|@import", styles[0])


class _References(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[str | None] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        places = ("href", "xlink:href", "src", "srcset", "data", "action", "poster", "background")
        self.found += [value for name, value in attrs if name in places]
