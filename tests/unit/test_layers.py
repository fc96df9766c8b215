# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may import whom, and who may do what: the sentences that keep the layers apart, read from the sources."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.community.turso.plugins.module_utils._http import VERSION

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
OURS = "ansible_collections.community.turso.plugins."
UTILS = sorted(path.stem for path in (PLUGINS / "module_utils").glob("_*.py"))
SOURCES = sorted(PLUGINS.rglob("*.py"))

# What each may import besides the standard library; `ansible` is ansible-core. Of ours, by the last part of the name.
MAY_IMPORT = {
    "_errors": set(),
    "_model": set(),
    "_decide": {"_errors", "_model"},
    "_rotation": {"_errors", "_model", "_decide"},
    "_audit": {"_errors", "_model", "_decide", "_rotation"},
    "_revocation": {"_errors", "_model", "_decide", "_rotation", "_audit"},
    "_ledger": {"_errors", "_model"},
    "_progress": set(),
    "_http": {"requests", "urllib3", "_errors"},
    "_tokens": {"_http", "_model", "_errors"},
    "_engine": {"_tokens", "_decide", "_model", "_errors"},
    "_generations": {"_engine", "_tokens", "_ledger", "_rotation", "_decide", "_model", "_errors"},
    "_secrets": {"ansible"},
    "_spec": {"ansible", "_tokens", "_http", "_model", "_secrets", "_errors"},
}
PURE = ("_errors", "_model", "_decide", "_rotation", "_audit", "_revocation")
# What reaches beyond the values that a function is given.
IMPURE = {"os", "io", "time", "random", "secrets", "socket", "subprocess", "pathlib", "threading", "tempfile"}
ENDINGS = {"exit_json", "fail_json", "_return_formatted"}


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported_by(path: Path) -> Iterator[str]:
    """Yield the full names that a file imports, wherever in it."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parties(path: Path) -> set[str]:
    """Return whom a file imports: the standard library left out, ours by the part below plugins/module_utils."""
    found = set()
    for name in imported_by(path):
        if name.startswith(OURS):
            kind, stem = name[len(OURS) :].split(".")[:2]
            found.add(stem if kind == "module_utils" else f"{kind}.{stem}")
        elif name.split(".")[0] not in sys.stdlib_module_names:
            found.add(name.split(".")[0])
    return found


def names_called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_every_layer_has_its_place() -> None:
    assert set(UTILS) == set(MAY_IMPORT)


@pytest.mark.parametrize("layer", UTILS)
def test_a_layer_imports_only_those_below_it(layer: str) -> None:
    assert parties(PLUGINS / "module_utils" / f"{layer}.py") <= MAY_IMPORT[layer]


def test_no_layer_imports_in_a_circle() -> None:
    order: list[str] = []
    rest = dict(MAY_IMPORT)
    while rest:
        free = [name for name, below in rest.items() if not below & rest.keys()]
        assert free, f"these import each other: {', '.join(rest)}"
        order += free
        for name in free:
            del rest[name]
    assert order.index("_http") < order.index("_tokens") < order.index("_engine") < order.index("_generations")


@pytest.mark.parametrize("layer", PURE)
def test_what_is_pure_reaches_for_nothing(layer: str) -> None:
    path = PLUGINS / "module_utils" / f"{layer}.py"
    assert not {name.split(".")[0] for name in imported_by(path)} & IMPURE
    assert not {"now", "today", "utcnow", "open", "print", "input"} & set(names_called(tree_of(path)))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_only_one_layer_touches_requests(path: Path) -> None:
    touched = {name.split(".")[0] for name in imported_by(path)}
    assert path.stem == "_http" or not touched & {"requests", "urllib3", "http", "socket", "httpx", "aiohttp"}
    assert not any(name.startswith(("ansible.module_utils.urls", "urllib.request")) for name in imported_by(path))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_nobody_imports_a_module(path: Path) -> None:
    assert not any(name.startswith((f"{OURS}modules", "ansible.modules")) for name in imported_by(path))


@pytest.mark.parametrize("path", sorted((PLUGINS / "modules").glob("*.py")), ids=lambda path: path.stem)
def test_a_module_stands_on_the_layers_and_on_ansible(path: Path) -> None:
    assert parties(path) <= set(MAY_IMPORT) - {"_http"} | {"ansible"}


CONTROLLERS = sorted([*(PLUGINS / "action").glob("*.py"), *(PLUGINS / "plugin_utils").glob("*.py")])


@pytest.mark.parametrize("path", CONTROLLERS, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_an_action_plugin_knows_of_no_api(path: Path) -> None:
    of_its_own = {name for name in parties(path) if name.startswith("plugin_utils.")}
    assert parties(path) - of_its_own <= {"ansible", "_progress"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_only_main_and_its_keeper_end_a_module(path: Path) -> None:
    allowed = {"main"} if path.parent.name == "modules" else set()
    if path.stem == "_spec":
        allowed = {"failures_as_results", "__init__", "exit_json", "fail_json"}  # all but the first are AnsibleModule's
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef) and ENDINGS & set(names_called(node)):
            assert node.name in allowed, f"{node.name} in {path.name} ends the module"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_below_the_modules_nobody_knows_of_check_mode_through_ansible(path: Path) -> None:
    reads = any(isinstance(node, ast.Attribute) and node.attr == "check_mode" for node in ast.walk(tree_of(path)))
    assert not reads or path.parent.name == "modules"


def test_the_client_says_the_collections_version() -> None:
    galaxy = (ROOT / "galaxy.yml").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^version:\s*(\S+)$", galaxy) == [VERSION]
