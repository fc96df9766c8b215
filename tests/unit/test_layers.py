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

from ansible_collections.community.turso.plugins.module_utils._api.client import VERSION

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
OURS = "ansible_collections.community.turso.plugins."
UTILS = sorted((PLUGINS / "module_utils").rglob("*.py"))


def room_of(path: Path) -> str:
    """Return the room of a file below plugins/module_utils."""
    return path.relative_to(PLUGINS / "module_utils").parts[0].removesuffix(".py")


SOURCES = sorted(PLUGINS.rglob("*.py"))

# What each room may import besides the standard library; `ansible` is ansible-core. A room is a package or a file of
# plugins/module_utils; within its own package each may import its neighbours.
MAY_IMPORT = {
    "_errors": set(),
    "_files": {"_errors"},
    "_locks": {"_errors", "_files"},
    "_lifetime": set(),
    "_progress": set(),
    "_prometheus": set(),
    "_time": set(),
    "_secrets": {"ansible"},
    "_api": {"requests", "urllib3", "_errors", "_time"},
    "_token": {"_api", "_errors", "_time"},
    "_sql_token": {"_token", "_api", "_errors", "_time"},
    "_delivery": {"ansible", "_api", "_errors", "_files", "_locks", "_time"},
    "_rotation": {"_delivery", "_sql_token", "_token", "_api", "_errors", "_time", "_files", "_locks", "_prometheus"},
    "_audit": {"_rotation", "_sql_token", "_token", "_api", "_errors", "_time", "_prometheus"},
    "_emergency": {"_rotation", "_sql_token", "_token", "_api", "_errors", "_time"},
    "_written": {"_errors"},
    "_connection": {"ansible", "_api", "_errors", "_time"},
    "_module": {"ansible", "_api", "_connection", "_secrets", "_written", "_errors", "_time"},
}
PURE = (
    "_errors.py",
    "_prometheus.py",
    "_written.py",
    "_api/advice.py",
    "_api/scopes.py",
    "_api/claims.py",
    "_api/credential.py",
    "_api/grants.py",
    "_api/listing.py",
    "_api/model.py",
    "_api/retries.py",
    "_api/urls.py",
    "_token/decide.py",
    "_sql_token/decide.py",
    "_sql_token/durations.py",
    "_sql_token/options.py",
    "_sql_token/outcome.py",
    *(
        f"_rotation/{stem}.py"
        for stem in [
            "values",
            "recipients",
            "entries",
            "versions",
            "view",
            "due",
            "plan",
            "sentences",
            "transaction",
            "confirm",
            "evidence",
            "settlement",
            "adoption",
        ]
    ),
    "_rotation/json_shapes.py",
    *(
        f"_delivery/{stem}.py"
        for stem in [
            "destinations",
            "env_text",
            "other_value",
            "owners",
            "places",
            "secret_shapes",
            "struck",
            "verdicts",
            "written",
        ]
    ),
    "_rotation/state.py",
    "_rotation/state_parts.py",
    *(
        f"_rotation/{stem}.py"
        for stem in ["state_token", "results"]
        + [f"sql_{stem}" for stem in ["entries", "memory", "view", "plan", "destinations", "outcome", "concerned"]]
    ),
    *(
        f"_delivery/{stem}.py"
        for stem in [
            "destinations",
            "cloudflare",
            "expiry",
            "github",
            "gitlab",
            "servers",
            "struck",
            "vercel",
            "verdicts",
        ]
    ),
    "_audit/chart.py",
    "_token/outcome.py",
    "_audit/findings.py",
    "_audit/judgement.py",
    "_audit/managed.py",
    "_audit/metrics.py",
    "_audit/notes.py",
    "_audit/policy.py",
    "_audit/report.py",
    "_audit/rules.py",
    "_emergency/outcome.py",
    "_emergency/proof.py",
    "_emergency/report.py",
    "_emergency/request.py",
    "_emergency/selection.py",
    "_emergency/sql_leaks.py",
)
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


def test_every_room_has_its_place() -> None:
    assert {room_of(path) for path in UTILS} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", UTILS, ids=lambda path: f"{room_of(path)}.{path.stem}")
def test_a_room_imports_only_those_below_it(path: Path) -> None:
    assert parties(path) - {room_of(path)} <= MAY_IMPORT[room_of(path)]


def test_no_rooms_import_each_other() -> None:
    order: list[str] = []
    rest = dict(MAY_IMPORT)
    while rest:
        free = [name for name, below in rest.items() if not below & rest.keys()]
        assert free, f"these import each other: {', '.join(rest)}"
        order += free
        for name in free:
            del rest[name]
    assert order.index("_api") < order.index("_token") < order.index("_rotation")


@pytest.mark.parametrize("name", PURE)
def test_what_is_pure_reaches_for_nothing(name: str) -> None:
    path = PLUGINS / "module_utils" / name
    assert not {name.split(".")[0] for name in imported_by(path)} & IMPURE
    assert not {"now", "utc_now", "today", "utcnow", "open", "print", "input"} & set(names_called(tree_of(path)))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_only_one_layer_touches_requests(path: Path) -> None:
    touched = {name.split(".")[0] for name in imported_by(path)}
    assert path.stem in ("wire", "losses") or not touched & {
        "requests",
        "urllib3",
        "http",
        "socket",
        "httpx",
        "aiohttp",
    }
    assert not any(name.startswith(("ansible.module_utils.urls", "urllib.request")) for name in imported_by(path))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_nobody_imports_a_module(path: Path) -> None:
    assert not any(name.startswith((f"{OURS}modules", "ansible.modules")) for name in imported_by(path))


@pytest.mark.parametrize("path", sorted((PLUGINS / "modules").glob("*.py")), ids=lambda path: path.stem)
def test_a_module_stands_on_the_layers_and_on_ansible(path: Path) -> None:
    of_its_own = {"boto3", "botocore"} if path.stem == "turso_delivery_aws" else set()
    assert parties(path) <= set(MAY_IMPORT) | {"ansible"} | of_its_own


CONTROLLERS = sorted([*(PLUGINS / "action").glob("*.py"), *(PLUGINS / "plugin_utils").glob("*.py")])


@pytest.mark.parametrize("path", CONTROLLERS, ids=lambda path: f"{path.parent.name}.{path.stem}")
def test_an_action_plugin_knows_of_no_api(path: Path) -> None:
    of_its_own = {name for name in parties(path) if name.startswith("plugin_utils.")}
    plain = {
        "ansible",
        "yaml",
        "jinja2",
        "markupsafe",
        "_progress",
        "_errors",
        "_files",
        "_locks",
        "_time",
        "_prometheus",
        "_delivery",
    }
    assert parties(path) - of_its_own <= plain | {"_rotation", "_audit", "_emergency"}
    asks = ["survey", "issuing", "rotation", "withdrawal", "pending_versions", "commit"]
    asks += ["sql_survey", "sql_issuing", "sql_rotation", "sql_pending", "sql_report"]
    asking = {f"{OURS}module_utils._rotation.{name}." for name in asks}
    assert not [name for name in imported_by(path) if name.startswith(tuple(asking))]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_only_main_and_its_keeper_end_a_module(path: Path) -> None:
    allowed = {"main"} if path.parent.name == "modules" else set()
    if path.stem == "_module":
        allowed = {"failures_as_results", "__init__", "exit_json", "fail_json"}  # all but the first are AnsibleModule's
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef) and ENDINGS & set(names_called(node)):
            assert node.name in allowed, f"{node.name} in {path.name} ends the module"


@pytest.mark.parametrize("path", UTILS, ids=lambda path: path.stem)
def test_below_the_modules_nobody_knows_of_check_mode_through_ansible(path: Path) -> None:
    assert not any(isinstance(node, ast.Attribute) and node.attr == "check_mode" for node in ast.walk(tree_of(path)))


def test_the_client_says_the_collections_version() -> None:
    galaxy = (ROOT / "galaxy.yml").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^version:\s*(\S+)$", galaxy) == [VERSION]
