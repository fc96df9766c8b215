# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation files of examples/ and of the guide on delivery: the role would take them, and the guide shows them as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import KINDS
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import (
    Defaults,
    Entry,
    only_api,
    read_entries,
)
from ansible_collections.community.turso.plugins.plugin_utils._destination_specs import destination_specs
from tests.docs.markdown import blocks_of
from tests.tools import schema
from tests.tools.checkout import ROOT

GUIDE = ROOT / "docs/delivery.md"
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.yml") if "turso_rotate_tokens" in path.read_text())
SHOWN = [block for block in blocks_of(GUIDE) if "turso_rotate_tokens" in block.text]
VALIDATOR = jsonschema.Draft7Validator(schema.schema())


def entries_of(file: dict[str, Any]) -> list[Entry]:
    """Read a rotation file as the role does, without a request."""
    assert list(VALIDATOR.iter_errors(file)) == []
    defaults = Defaults(has_state_file="turso_rotate_state_file" in file, destinations=destination_specs())
    return only_api(read_entries(file["turso_rotate_tokens"], defaults))


def test_there_is_one_for_each_of_four_cases() -> None:
    assert [path.stem for path in EXAMPLES] == [
        "ci-on-github",
        "fleet-of-hosts",
        "service-on-kubernetes",
        "web-application-on-vercel",
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_role_takes_an_example_and_needs_no_play_for_it(path: Path) -> None:
    entries = entries_of(yaml.safe_load(path.read_text()))
    assert entries
    assert all(entry.is_committed_by_the_role for entry in entries)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_that_is_damaged_is_refused(path: Path) -> None:
    file = yaml.safe_load(path.read_text())
    file["turso_rotate_tokens"][0]["deliver"][0]["pth"] = "x"
    with pytest.raises(Refused, match="has no option pth"):
        read_entries(file["turso_rotate_tokens"], Defaults(has_state_file=True, destinations=destination_specs()))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_guide_shows_it_as_it_is(path: Path) -> None:
    _head, text = path.read_text().split("\n\n", 1)
    assert text in [block.text for block in SHOWN if (block.detail or "").startswith(f"examples/{path.name},")]


@pytest.mark.parametrize("block", SHOWN, ids=str)
def test_the_role_takes_what_the_guide_shows(block: Any) -> None:
    assert entries_of(yaml.safe_load(block.text))


def test_the_table_of_the_guide_has_every_destination_and_each_has_its_page() -> None:
    (table,) = re.findall(r"^\| destination \| needs .*?\n\n", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    named = re.findall(r"^\| \[`(\w+)`\]\(destinations/(\w+)\.md\)", table, re.MULTILINE)
    assert [name for name, _page in named] == list(KINDS)
    assert [name for name, page in named if name != page] == []


@pytest.mark.parametrize("to", KINDS)
def test_the_page_of_a_destination_tells_that_what_nobody_can_read_is_written_again(to: str) -> None:
    (evidence,) = re.findall(rf"^\| \[`{to}`\](?:[^|]*\|){{3}}([^|]*)\|", GUIDE.read_text(), re.MULTILINE)
    page = (ROOT / f"docs/destinations/{to}.md").read_text()
    assert ("writes it again if it delivers the same value again" in page) == ("receipt" in evidence)


@pytest.mark.parametrize("to", KINDS)
def test_the_page_of_a_destination_shows_one_that_the_role_takes(to: str) -> None:
    shown = [
        yaml.safe_load(block.text)
        for block in blocks_of(ROOT / f"docs/destinations/{to}.md")
        if block.language == "yaml"
    ]
    items = [item for found in shown if isinstance(found, dict) for item in found.get("deliver", [])]
    assert to in [item["to"] for item in items]
    assert entries_of({"turso_rotate_state_file": "x", "turso_rotate_tokens": [{"name": "ci", "deliver": items}]})


@pytest.mark.parametrize("page", sorted((ROOT / "docs/destinations").glob("*.md")), ids=lambda page: page.stem)
def test_the_page_of_a_destination_says_what_it_was_run_against_and_what_was_not_run(page: Path) -> None:
    table = (ROOT / "docs/compatibility.md").read_text().partition("\n## Destinations\n")[2].partition("\n## ")[0]
    (row,) = [row for row in table.splitlines() if re.match(rf"\|[^|]*(`{page.stem}`|\[{page.stem}\])", row)]
    _, _, run, not_run, _ = (cell.strip() for cell in row.split("|"))
    told = f"| run against | {run}. Not run: {not_run} |" if not_run else f"| run against | {run} |"
    assert told in page.read_text().splitlines()


@pytest.mark.parametrize("to", KINDS)
def test_the_page_of_a_destination_has_its_options_with_their_defaults(to: str) -> None:
    page = (ROOT / f"docs/destinations/{to}.md").read_text()
    table = page.partition("\n## Options\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \| (.*?) \|", table, re.MULTILINE)
    told = {name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    spec = destination_specs()[to]
    assert set(told) == set(spec)
    for name, option in spec.items():
        assert (told[name] == "required") == (option.get("required", False) or is_always_asked_for(to, name)), name
        if "default" in option:
            assert yaml.safe_load(told[name].strip("`")) == option["default"], name
    hours = KINDS[to].takes_effect_hours
    at_once_with = f"0 with `{KINDS[to].at_once_with}`, else required" if KINDS[to].at_once_with else "required"
    assert told["takes_effect_hours"] == (at_once_with if hours is None else f"{hours:g}")


def is_always_asked_for(to: str, name: str) -> bool:
    return name == "takes_effect_hours" and KINDS[to].takes_effect_hours is None and not KINDS[to].at_once_with
