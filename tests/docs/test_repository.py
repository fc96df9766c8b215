# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What strangers meet in the repository: workflows, templates, what is private, one way to run each check."""

from __future__ import annotations

import ast
import re
import runpy
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.community.turso.plugins.module_utils import _errors
from tests.tools import release
from tests.tools.checkout import ROOT
from tests.tools.venvs import CORES

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
PRIVATE = sorted(path for room in ("module_utils", "plugin_utils") for path in (ROOT / "plugins" / room).rglob("*.py"))
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
FRAGMENTS = ROOT / "plugins" / "doc_fragments"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def jobs_of(workflow: Path) -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = read(workflow)["jobs"]
    return jobs


def steps_of(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in jobs_of(workflow).values() for step in job["steps"]]


def targets() -> dict[str, str]:
    """Return the recipe of each target of the Makefile."""
    text = (ROOT / "Makefile").read_text()
    return dict(re.findall(r"^([a-z-]+):(.*(?:\n(?:\t|#).*)*)", text, re.MULTILINE))


def constant(path: Path, name: str) -> str:
    """Return a text that a file assigns, without running the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name:
            return str(ast.literal_eval(node.value))
    raise AssertionError(f"{path} has no {name}")


@pytest.mark.parametrize("path", PRIVATE, ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_what_is_private_says_so_in_its_name_and_head(path: Path) -> None:
    inside = path.relative_to(ROOT / "plugins").parts[1:]
    assert any(part.startswith("_") for part in inside)
    assert re.search(r"\b[Pp]rivate\b", ast.get_docstring(ast.parse(path.read_text())) or "")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_says_which_python_it_needs(path: Path) -> None:
    documented = yaml.safe_load(constant(path, "DOCUMENTATION"))
    needed = list(documented.get("requirements", ()))
    for fragment in documented.get("extends_documentation_fragment", ()):
        _, _, name = fragment.split(".", 3)[:3]
        needed += yaml.safe_load(constant(FRAGMENTS / f"{name}.py", "DOCUMENTATION")).get("requirements", ())
    assert "python >= 3.9" in needed


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_has_no_right_that_a_job_did_not_ask_for(workflow: Path) -> None:
    assert read(workflow)["permissions"] == {}
    for name, job in jobs_of(workflow).items():
        assert "permissions" in job, name
        assert job["timeout-minutes"] <= 350, name


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_an_action_is_pinned_by_its_commit(workflow: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", workflow.read_text())
    assert used
    for action, comment in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), f"{action}: which release is it?"


def test_one_action_is_pinned_in_one_way() -> None:
    used = {line for path in WORKFLOWS for line in re.findall(r"uses: (.*)", path.read_text())}
    assert len(used) == len({line.split("@")[0] for line in used})


@pytest.mark.parametrize("workflow", ["ci", "test-all"])
def test_every_supported_core_has_its_job(workflow: str) -> None:
    matrices = [
        job["strategy"]["matrix"]["core"]
        for job in jobs_of(GITHUB / "workflows" / f"{workflow}.yml").values()
        if "strategy" in job
    ]
    assert matrices == [[core.minor for core in CORES]]


@pytest.mark.parametrize("workflow", ["ci", "test-all"])
def test_every_python_of_every_core_is_installed(workflow: str) -> None:
    installed = [
        step["with"]["python-version"].split()
        for step in steps_of(GITHUB / "workflows" / f"{workflow}.yml")
        if "allow-prereleases" in step.get("with", {})
    ]
    released = {python for core in CORES if core.released for python in core.pythons}
    assert [sorted(released - set(pythons)) for pythons in installed] == [[]]


def test_the_runs_on_a_schedule() -> None:
    scheduled = {path.stem for path in WORKFLOWS if "schedule" in read(path)[True]}  # `on` is a boolean in YAML 1.1
    assert scheduled == {"ci", "test-all"}
    assert any("make test-all" in step.get("run", "") for step in steps_of(GITHUB / "workflows" / "test-all.yml"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_what_make_runs(workflow: Path) -> None:
    run = [step["run"] for step in steps_of(workflow) if "run" in step]
    called = {target for line in run for target in re.findall(r"\bmake ([a-z-]+)", line)}
    assert called
    assert called <= set(targets())
    assert not [line for line in run if "pytest" in line or "tests.tools" in line]


def test_nox_runs_what_make_runs() -> None:
    """nox is in an environment of its own; what its file does is asked of a stand-in for its two libraries."""
    asked: list[tuple[str, ...]] = []

    class Session:
        posargs = ("MATRIX_ARGS=2.19",)

        def run(self, *command: str, external: bool) -> None:
            assert external
            asked.append(command)

    sessions: dict[str, Any] = {}
    nox = types.SimpleNamespace(
        session=lambda name, **_options: lambda function: sessions.setdefault(name, function),
        Session=Session,
        options=types.SimpleNamespace(),
    )
    libraries = {"nox": nox, "antsibull_nox": types.SimpleNamespace(load_antsibull_nox_toml=lambda: None)}
    with pytest.MonkeyPatch.context() as patched:
        for name, library in libraries.items():
            patched.setitem(sys.modules, name, library)
        runpy.run_path(str(ROOT / "noxfile.py"))
    assert (
        {"test", "lint", "sanity", "artifact", "docs", "unit", "test-matrix", "test-all"}
        <= set(sessions)
        <= set(targets())
    )
    for session in sessions.values():
        session(Session())
    assert asked == [("make", target, "MATRIX_ARGS=2.19") for target in sessions]


def test_contributing_says_what_runs_where() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    told = set(re.findall(r"make ([a-z-]+)", text))
    assert told <= set(targets())
    for workflow in WORKFLOWS:
        row = re.search(rf"^\| `{workflow.name}` \|.*$", text, re.MULTILINE)
        assert row, f"CONTRIBUTING.md does not say when {workflow.name} runs"
        run = " ".join(step.get("run", "") for step in steps_of(workflow))
        assert [name for name in re.findall(r"\bmake ([a-z-]+)", run) if not re.search(rf"\b{name}\b", row[0])] == []


def test_a_report_of_a_bug_asks_for_the_kind_of_error_and_never_for_a_token() -> None:
    form = read(GITHUB / "ISSUE_TEMPLATE" / "bug_report.yml")
    fields = {field["id"]: field for field in form["body"] if "id" in field}
    kinds = {
        one.kind for one in vars(_errors).values() if isinstance(one, type) and issubclass(one, _errors.TursoError)
    }
    assert sorted(fields["kind"]["attributes"]["options"]) == sorted({"there is none", *kinds})
    assert "Never paste a token" in form["body"][0]["attributes"]["value"]
    assert fields["no_token"]["attributes"]["options"][0]["required"] is True
    assert "Never paste a token" in (GITHUB / "PULL_REQUEST_TEMPLATE.md").read_text()
    assert read(GITHUB / "ISSUE_TEMPLATE" / "config.yml")["blank_issues_enabled"] is False


VERSIONS: list[tuple[str, dict[str, str], list[str]]] = [
    ("1.2.0", {}, []),
    ("1.2.1", {}, ["the tag is 1.2.1, and galaxy.yml has version 1.2.0", "CHANGELOG.md has nothing about 1.2.1"]),
    ("1x2.0", {"galaxy.yml": "version: 1x2.0\n"}, ["CHANGELOG.md has nothing about 1x2.0"]),
    ("1.2.0", {"changelogs/fragments/new.yml": "a"}, ["the changelog is older than new.yml"]),
]


@pytest.mark.parametrize(("tag", "files", "says"), VERSIONS)
def test_a_version_is_released_only_if_it_is_told_of(
    tmp_path: Path, tag: str, files: dict[str, str], says: list[str]
) -> None:
    there = {
        "galaxy.yml": "namespace: community\nversion: 1.2.0\n",
        "CHANGELOG.md": '<a id="v1-2-0"></a>\n## v1\\.2\\.0\n\nnew\n\n<a id="v1-1-0"></a>\n## v1\\.1\\.0\n\nold\n',
        "changelogs/changelog.yaml": "fragments: [known.yml]\n",
        "changelogs/fragments/known.yml": "a",
    }
    for name, text in {**there, **files}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = list(release.problems(tag, tmp_path))
    assert len(found) == len(says)
    assert [start for start, problem in zip(says, found) if not problem.startswith(start)] == []
    assert release.notes("1.2.0", tmp_path) == "new\n"
    assert release.notes("1.1.0", tmp_path) == "old\n"
