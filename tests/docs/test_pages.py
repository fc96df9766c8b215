# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What README.md and the guides state, held against what they state it of."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import jinja2
import pytest
import yaml

from ansible_collections.community.turso.plugins.module_utils import _errors
from ansible_collections.community.turso.plugins.module_utils._api import scopes as _scopes
from tests.docs.markdown import blocks_of
from tests.playbooks import Playbooks, with_one_core
from tests.tools.checkout import ROOT
from tests.tools.venvs import CORES

README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob(".github/*.md")), *sorted(DOCS.rglob("*.md"))]

# Galaxy shows the README elsewhere and keeps links as they are, so those of the README name the repository.
OURS = (
    "https://github.com/ansible-collections/community.turso/blob/main/",
    "https://raw.githubusercontent.com/ansible-collections/community.turso/main/",
)

# What reviewers of Galaxy and of certified content look for, in their order.
SECTIONS = [
    "Description",
    "Requirements",
    "Installation",
    "Use Cases",
    "Testing",
    "Communication",
    "Support",
    "Release Notes and Roadmap",
    "Related Information",
    "License Information",
]


def headings(page: Path, level: int) -> list[str]:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.findall(rf"^{'#' * level} (.*)$", prose, re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return what a fragment may name, made from the headings as forges do."""
    titles = [title for level in range(1, 5) for title in headings(page, level)]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> Iterator[str]:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose) + re.findall(r"^\[[^\]]+\]: (\S+)$", prose, re.MULTILINE):
        ours = next((forge for forge in OURS if link.startswith(forge)), "")
        yield link.removeprefix(ours)


def file_in(page: str, name: str) -> str:
    return next(block.text for block in blocks_of(DOCS / page) if block.said == "file" and block.detail == name)


def test_the_readme_has_the_sections_that_reviewers_look_for() -> None:
    assert headings(README, 2) == SECTIONS


def test_to_install_comes_first() -> None:
    first = next(blocks_of(README))
    assert first.text.startswith("ansible-galaxy collection install community.turso\n")


def test_the_commands_of_a_clone_are_there() -> None:
    named = {name for block in blocks_of(README) for name in re.findall(r"^make ([a-z-]+)", block.text, re.MULTILINE)}
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"demo", "test", "shell"} <= named <= set(targets)


def test_the_versions_that_are_told_are_those_that_are_tested() -> None:
    page = DOCS / "compatibility.md"
    rows = re.findall(r"^\| (2\.\d+)( \(pre-release\))? \| ([\d., ]+) \| [^|]+ \|$", page.read_text(), re.MULTILINE)
    told = [(minor, not pre_release, pythons.split(", ")) for minor, pre_release, pythons in rows]
    assert told == [(core.minor, core.released, sorted(core.pythons)) for core in CORES]


def test_links_of_the_readme_work_wherever_it_is_shown() -> None:
    text = README.read_text()
    relative = re.findall(r"\](?:\(|: )(?!https://|#)([^)\s]+)", text)
    assert relative == []
    named = set(re.findall(r"\]\[([^\]]+)\]", text))
    assert named == set(re.findall(r"^\[([^\]]+)\]: ", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for link in links(page):
        if link.startswith("https://"):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (fragment and fragment not in anchors(target)):
            dead.append(link)
    assert dead == []


def test_every_kind_of_error_is_explained() -> None:
    kinds = {
        one.kind for one in vars(_errors).values() if isinstance(one, type) and issubclass(one, _errors.TursoError)
    }
    explained = [title.strip("`") for title in headings(DOCS / "troubleshooting.md", 3)]
    assert sorted(explained) == sorted(kinds)


def test_messages_of_the_role_are_quoted_as_they_are() -> None:
    sources = [*ROOT.glob("roles/turso_rotate/*/*.yml"), *ROOT.glob("plugins/**/*.py")]
    said = " ".join(" ".join(source.read_text().split()) for source in sources)
    for seam in ('" "', '" f"'):
        said = said.replace(seam, "")
    said = said.replace("{{", "{").replace("}}", "}")  # as f-strings write braces
    text = (DOCS / "troubleshooting.md").read_text()
    found = re.findall(r"^\| (.*?) \|", text[text.index("| it says") :], re.MULTILINE)
    rows = [row for row in found if row != "it says"]
    parts = [part.strip(" `") for row in rows for part in row.replace("`", "").split("…")]
    assert len(rows) > 30
    assert [part for part in parts if part not in said] == []


def test_every_scope_is_explained() -> None:
    told = re.findall(r"^\| `([a-z:-]+)` \| ", (DOCS / "least-privilege.md").read_text(), re.MULTILINE)
    assert [scope for scope in told if scope in _scopes.SCOPES] == list(_scopes.SCOPES)


@pytest.mark.parametrize("image", sorted((DOCS / "images").glob("*.svg")), ids=lambda image: image.stem)
def test_a_picture_speaks_for_itself(image: Path) -> None:
    """It can be read aloud, follows the reader's theme, and loads nothing from elsewhere."""
    root = ET.fromstring(image.read_text())  # noqa: S314
    inside = {element.tag.rpartition("}")[2]: element for element in root.iter()}
    assert inside["title"].text
    assert inside["desc"].text
    assert "prefers-color-scheme: dark" in (inside["style"].text or "")
    assert not {"script", "image", "use", "foreignObject"} & set(inside)
    assert not re.search(r"\b(?:href|src)=|url\(|@import", image.read_text())


@with_one_core
def test_the_credential_type_of_awx_gives_the_modules_what_they_need(playbooks: Playbooks) -> None:
    inputs = yaml.safe_load(file_in("awx.md", "credential-inputs.yml"))
    injectors = yaml.safe_load(file_in("awx.md", "credential-injectors.yml"))
    fields = {field["id"]: field for field in inputs["fields"]}
    for field in fields.values():
        assert {"id", "type", "label"} <= set(field) <= {"id", "type", "label", "secret", "help_text"}
    assert fields["api_token"]["secret"] is True
    assert inputs["required"] == ["api_token"]
    assert set(injectors) == {"env"}

    entered = {"api_token": playbooks.env.pop("TURSO_API_TOKEN"), "api_url": playbooks.env.pop("TURSO_API_BASEURL")}
    # As AWX does it: what is not defined is an error, what is left empty is empty.
    render = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string  # noqa: S701
    injected = {name: render(template).render(entered) for name, template in injectors["env"].items()}
    played = playbooks.run(
        "ansible", "localhost", "-m", "community.turso.turso_token_info", "-a", "validate=true", env=injected
    )
    assert played.ok, played.output
    assert '"valid": true' in played.output


def test_the_units_are_what_systemd_takes(tmp_path: Path) -> None:
    units = {name: file_in("scheduling.md", name) for name in ("turso-rotate.service", "turso-rotate.timer")}
    parsed = {name: configparser.RawConfigParser() for name in units}
    for name, text in units.items():
        parsed[name].optionxform = str  # type: ignore[method-assign,assignment]
        parsed[name].read_string(text.replace("Environment=ANSIBLE_INVENTORY", "#"))
        (tmp_path / name).write_text(text.replace("/usr/bin/ansible-playbook", "/bin/true"))
    command = parsed["turso-rotate.service"]["Service"]["ExecStart"]
    page = blocks_of(DOCS / "scheduling.md")
    assert command == "/usr/bin/" + next(block.text.strip() for block in page if block.language == "shell")
    assert parsed["turso-rotate.timer"]["Timer"]["Persistent"] == "true"
    if shutil.which("systemd-analyze"):
        done = subprocess.run(
            ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())], capture_output=True, text=True, check=False
        )
        assert (done.returncode, [line for line in done.stderr.splitlines() if "turso-rotate" in line]) == (0, [])


def test_the_line_of_cron_runs_what_the_page_runs() -> None:
    *_, line = file_in("scheduling.md", "crontab").splitlines()
    *when, command = line.split(maxsplit=5)
    assert len(when) == 5
    assert "ansible-playbook community.turso.rotate -e @rotation.yml" in command
    assert "%" not in command  # cron makes line breaks of these


@pytest.mark.parametrize("role", sorted(path.name for path in (ROOT / "roles").iterdir()))
def test_the_readme_of_a_role_names_its_variables_with_their_defaults(role: str) -> None:
    entry_points = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    options = {name: option for entry in entry_points.values() for name, option in (entry.get("options") or {}).items()}
    rows = re.findall(r"^\| (`turso_.*?) \| (.*?) \|", (ROOT / "roles" / role / "README.md").read_text(), re.MULTILINE)
    told = {name: default.strip("`") for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    assert set(told) == set(options)
    for name, option in options.items():
        if "default" in option:
            assert yaml.safe_load(told[name]) == option["default"], name
