# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page in a real browser: it loads by itself, says nothing on the console, and sorts."""

from __future__ import annotations

import base64
import datetime
import hashlib
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._audit.policy import Policy
from ansible_collections.community.turso.plugins.module_utils._audit.report import audit
from ansible_collections.community.turso.plugins.plugin_utils._audit_page import page_of
from tests.audit.browser import Page, a_page, find_chromium
from tests.audit.world import arrange
from tests.playbooks import Playbooks
from tests.simulator import Simulator
from tests.tools.checkout import ROOT
from tests.tools.peers import AXE, NODE
from tests.tools.venvs import for_tests

CHROMIUM = find_chromium()
AXE_SOURCE = NODE / "node_modules" / AXE / "axe.min.js"
pytestmark = pytest.mark.xdist_group("the page of the audit")  # one page and one browser for all
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on PATH; Debian's package chromium has one")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One page, which no test changes, from one of the ansible-cores at hand: what is on it is not theirs to say."""
    with Simulator() as simulator:
        arrange(simulator)
        directory = tmp_path_factory.mktemp("audit")
        playbooks = Playbooks(for_tests()[-1], directory, api_url=simulator.url, api_token=simulator.credential)
        entries = [{"name": name, "organization": "acme"} for name in ("ci", "dashboard")]
        playbooks.write("rotation.yml", {"turso_rotate_tokens": entries})
        asked = ("-e", "turso_audit_organization=acme", "-e", "turso_audit_rotation_file=rotation.yml")
        played = playbooks.play("community.turso.audit", *asked)
    assert played.ok, played.output
    return directory / "turso-audit.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    assert CHROMIUM is not None
    with a_page(CHROMIUM) as opened:
        yield opened


@pytest.fixture
def page(browser: Page, report: Path) -> Page:
    """The page in a tab of its own."""
    browser.open(report.as_uri())
    return browser


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
@pytest.mark.skipif(not AXE_SOURCE.is_file(), reason="the accessibility checker is not here: make peers")
@pytest.mark.parametrize(("media", "scheme"), [("screen", "light"), ("screen", "dark"), ("print", "light")])
def test_an_accessibility_checker_finds_nothing(page: Page, media: str, scheme: str) -> None:
    page.show_as(media, scheme)
    page.evaluate(AXE_SOURCE.read_text())
    wished = """{
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        rules: {"target-size": {enabled: true}},
    }"""
    found = page.evaluate(
        f"axe.run({wished}).then(done => done.violations.map("
        "rule => [rule.id, rule.help, rule.nodes.map(node => node.html + node.failureSummary)]))"
    )
    assert found == []


GRAPHICS = """[...document.querySelectorAll("#ages rect.bar, #ages line.limit, .swatch rect")].map(
    shape => [getComputedStyle(shape).stroke, getComputedStyle(document.body).backgroundColor])"""


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_drawn_stands_out_from_the_page(page: Page, scheme: str) -> None:
    """At 3 to 1, which the checker does not look at."""
    page.show_as("screen", scheme)
    pairs = page.evaluate(GRAPHICS)
    assert len(pairs) > 10
    assert [pair for pair in pairs if _contrast(*pair) < 3] == []


@needs_chromium
def test_no_severity_is_told_by_colour_alone(page: Page) -> None:
    drawn = page.evaluate(
        "[...document.querySelectorAll('#ages rect.bar')].map(bar => [bar.classList[1], bar.getAttribute('fill')])"
    )
    fills = dict(drawn)
    assert len(fills) > 2
    assert sorted(fills.values()) == sorted({f"url(#fill-{severity})" for severity in fills})
    patterns = page.evaluate("[...document.querySelectorAll('pattern')].map(p => p.innerHTML)")
    assert len(patterns) == len(set(patterns)) == 5
    assert page.evaluate("document.querySelector('details table').tBodies[0].rows.length") > 3


@needs_chromium
def test_the_table_says_what_it_is_and_what_each_row_is_about(page: Page) -> None:
    assert page.evaluate("document.querySelector('#tokens caption').innerText").startswith("The worst first")
    heads = "document.querySelectorAll('#tokens tbody tr > th[scope=row]').length"
    assert page.evaluate(heads) == len(column(page, 0))


@needs_chromium
def test_a_keyboard_reaches_the_chart_the_table_and_each_head_and_sorts(page: Page) -> None:
    reached = []
    for _press in range(20):
        page.press("Tab")
        said = page.evaluate(
            "(at => at.getAttribute('aria-labelledby') || at.innerText.trim())(document.activeElement)"
        )
        reached.append(str(said).split("\n")[0])
        assert page.evaluate("document.activeElement.matches(':focus-visible')")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        if said == "Age":
            break
    assert reached == [
        "ages-head",
        "The chart as a table",
        "managed-head",
        "tokens-head",
        "Severity",
        "Name",
        "Owner",
        "Age",
    ]
    page.press("Enter")
    ages = [int(text.split()[0]) for text in column(page, 3)]
    assert ages == sorted(ages, reverse=True)
    page.press("Enter")
    assert [int(text.split()[0]) for text in column(page, 3)] == ages[::-1]


@needs_chromium
def test_the_first_click_on_a_head_changes_the_order_even_on_the_one_that_it_is_sorted_by(page: Page) -> None:
    before = column(page, 0)
    assert before[0] == "medium"
    assert click(page, "Severity") == "ascending"
    assert column(page, 0) == before[::-1]


@needs_chromium
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_never_scrolls_sideways_and_breaks_no_address(page: Page, width: int) -> None:
    """Only the chart and the table scroll in themselves."""
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    lines = page.evaluate(
        "[...document.querySelectorAll('#tokens td small')].filter(e => e.innerText.includes('@'))"
        ".map(e => (r => (r.selectNodeContents(e), new Set([...r.getClientRects()].map(box => box.top)).size))"
        "(document.createRange()))"
    )
    assert lines
    assert max(lines) <= 2


@needs_chromium
def test_a_print_has_every_column_within_the_page(page: Page) -> None:
    page.call("Emulation.setDeviceMetricsOverride", width=1032, height=700, deviceScaleFactor=1, mobile=False)
    page.show_as("print", "light")
    right = "Math.max(...[...document.querySelectorAll('#tokens th, #tokens td, #ages')].map(e => e.getBoundingClientRect().right))"
    assert page.evaluate(right) <= 1032
    printed = base64.b64decode(page.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert printed.startswith(b"%PDF-")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 4


def _contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG reckons it."""
    lights = sorted(_luminance([int(part) for part in re.findall(r"\d+", colour)[:3]]) for colour in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(colour: list[int]) -> float:
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


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
        page.show_as(media, scheme)
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


@needs_chromium
def test_a_click_takes_no_longer_than_the_rows_are_many(
    browser: Page, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    """Five hundred rows are shown of either page. The fastest of some clicks: other work on the machine only ever adds to it."""
    few, many = (fastest_click(browser, page_of_many(tmp_path, count)) for count in (500, 2000))
    assert browser.evaluate("document.querySelectorAll('#tokens tbody tr:not([hidden])').length") == 500
    assert browser.evaluate("document.querySelector('button.all').innerText").startswith("Show all 2000 tokens")
    assert browser.evaluate("(document.querySelector('button.all').click(), document.activeElement.rowIndex)") == 501
    assert browser.evaluate("document.querySelectorAll('#tokens tr[hidden]').length") == 0
    tell(f"a click that sorts 500 rows: {few:.0f} ms, 2,000 rows: {many:.0f} ms")
    assert many < 4 * few


def page_of_many(folder: Path, count: int) -> Path:
    now = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.timezone.utc)
    tokens = [
        Token(f"token-{index}", str(index), Restriction("acme"), str(now.date() - datetime.timedelta(index % 300)))
        for index in range(count)
    ]
    report = audit([token.as_result(now) for token in tokens], now, Policy.of({}), "acme")
    written = folder / f"{count}.html"
    written.write_text(page_of(report, str(ROOT / "roles/turso_audit")))
    return written


def fastest_click(opened: Page, page: Path) -> float:
    """Sort a page by some columns, and return the milliseconds until it stood in order."""
    opened.open(page.as_uri())
    taken: list[float] = opened.evaluate("""
        [...document.querySelectorAll('#tokens th button')].slice(0, 3).map(button => {
            const start = performance.now(); button.click(); document.body.offsetHeight; return performance.now() - start;
        })""")
    return min(taken)
