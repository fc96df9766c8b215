# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure how dense the code is, and fail where it is denser than it may be. Runs in the tools' environment.

    python -m tests.tools.numbers              # what `make numbers` runs
    python -m tests.tools.numbers --accept     # write what is not met today into unmet.toml

A number that is not met yet stands in unmet.toml with its value of today as a ceiling. The check fails when it gets
worse, and when the entry is no longer needed: ceilings come down.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import tomllib
import yaml
from radon.complexity import cc_visit

from tests.tools.checkout import ROOT

UNMET = Path("tests", "tools", "unmet.toml")
HEADER = """\
# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Numbers that are not met yet, with the value that they may not exceed: `python -m tests.tools.numbers --accept`.
"""

# Fewer lines of functions than these say nothing about density: one ternary in a function of two lines is dense.
LINES_OF_A_SAMPLE = 40
# Whose values are expressions without braces.
EXPRESSIONS = {"when", "failed_when", "changed_when", "until", "that"}

JINJA = jinja2.Environment()  # noqa: S701 - nothing is rendered

Values = Mapping[str, float]


@dataclass(frozen=True)
class Measure:
    """A number that is taken of files or rooms, and the most that it may be."""

    name: str
    limit: float
    take: Callable[[Path], Values]
    limits: Mapping[str, float] | None = None  # where another one holds

    def limit_of(self, what: str) -> float:
        return (self.limits or {}).get(what, self.limit)

    def unmet(self, root: Path) -> dict[str, float]:
        """Return what exceeds its limit."""
        return {what: value for what, value in sorted(self.take(root).items()) if value > self.limit_of(what)}


# Python


def lines(root: Path) -> Values:
    return {
        _name(path, root): len(path.read_text(encoding="utf-8").splitlines())
        for path in _python(root)
        if "module_utils" in path.parts
    }


def complexity(root: Path) -> Values:
    """Return each function's cyclomatic complexity; boolean operators and comprehensions count."""
    return {
        f"{_name(path, root)} {function.fullname}": function.complexity
        for path in _python(root)
        for outer in _functions(path)
        for function in (outer, *outer.closures)
    }


def density(root: Path) -> Values:
    """Return by file how many decisions stand in 10 lines of function: its complexity, less 1 for the function itself."""
    values = {}
    for path in _python(root):
        functions = _functions(path)
        length = sum(function.endline - function.lineno + 1 for function in functions)
        decisions = sum(inner.complexity - 1 for outer in functions for inner in (outer, *outer.closures))
        if length >= LINES_OF_A_SAMPLE:
            values[_name(path, root)] = round(10 * decisions / length, 1)
    return values


def _python(root: Path) -> list[Path]:
    return sorted((root / "plugins").rglob("*.py"))


def _functions(path: Path) -> list[Any]:
    """Return the functions and methods of a file, as radon sees them; those inside others are their `closures`."""
    return [block for block in cc_visit(path.read_text(encoding="utf-8")) if not hasattr(block, "methods")]


# YAML


def statements(root: Path) -> Values:
    """Return by file how many Jinja statement blocks are in it."""
    return {name: sum(_count(text, "block_begin") for text in texts) for name, texts in _jinja_by_file(root)}


def longest_expression(root: Path) -> Values:
    """Return by file the characters of its longest expression, runs of white space taken for one blank."""
    return {
        name: max((len(expression) for text in texts for expression in _expressions(text)), default=0)
        for name, texts in _jinja_by_file(root)
    }


def pipes(root: Path) -> Values:
    """Return by role and by playbook how many filters are applied in it."""
    values: dict[str, float] = {}
    for name, texts in _jinja_by_file(root):
        parts = Path(name).parts
        what = "/".join(parts[:2])
        values[what] = values.get(what, 0) + sum(_count(text, "operator", "|") for text in texts)
    return values


def _jinja_by_file(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the roles' and playbooks' YAML files, each with the texts in it that may be templates.

    Templates in files of their own are left out, and so are argument specs, which hold prose.
    """
    for path in sorted([*(root / "roles").rglob("*.yml"), *(root / "playbooks").rglob("*.yml")]):
        if path.parent.name != "meta":
            yield _name(path, root), list(_texts(yaml.load(path.read_text(encoding="utf-8"), _Loader)))  # noqa: S506


def _texts(node: Any, key: str = "") -> Iterator[str]:
    """Yield the texts of a parsed file that hold Jinja; a bare expression gets its braces."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _texts(value, str(name))
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value, key)
    elif isinstance(node, str):
        if "{{" in node or "{%" in node:
            yield node
        elif key.rpartition(".")[2] in EXPRESSIONS:
            yield "{{ " + node + " }}"


def _expressions(text: str) -> list[str]:
    """Return what stands between braces, cut where Jinja cuts it."""
    found: list[str] = []
    for _line, kind, value in JINJA.lex(text):
        if kind in ("variable_begin", "block_begin"):
            found.append("")
        elif kind not in ("variable_end", "block_end", "data") and found:
            found[-1] += value
    return [" ".join(expression.split()) for expression in found]


def _count(text: str, wanted: str, as_text: str | None = None) -> int:
    """Return how many tokens of a kind a template holds, or of these those with a text."""
    tokens = [value for _line, kind, value in JINJA.lex(text) if kind == wanted]
    return len(tokens) if as_text is None else tokens.count(as_text)


class _Loader(yaml.SafeLoader):
    """Takes the tags of Ansible's for what they hold."""


def _held(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> Any:
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_multi_constructor("!", _held)

MEASURES = (
    Measure("lines of a file in module_utils", 230, lines),
    Measure("complexity of a function", 15, complexity),
    Measure("decisions in 10 lines of function", 2.5, density),
    Measure("Jinja statements", 0, statements),
    Measure("characters of the longest expression", 160, longest_expression),
    Measure("filter pipes", 20, pipes, {"playbooks/revoke.yml": 10}),
)


# The check


def complaints(measure: Measure, ceilings: Values, root: Path) -> Iterator[str]:
    """Yield what is worse than it may be, and the ceilings that nothing needs."""
    unmet = measure.unmet(root)
    for what, value in unmet.items():
        limit = ceilings.get(what, measure.limit_of(what))
        if value > limit:
            yield f"{what}: {value:g} {measure.name}, at most {limit:g}"
    for what in ceilings.keys() - unmet.keys():
        yield f"{what}: {measure.name}: within the limit or gone, so unmet.toml need not name it"


def read_unmet(root: Path) -> dict[str, dict[str, float]]:
    return tomllib.loads((root / UNMET).read_text()) if (root / UNMET).exists() else {}


def write_unmet(root: Path) -> None:
    tables = [HEADER]
    for measure in MEASURES:
        rows = [f'"{what}" = {value:g}' for what, value in measure.unmet(root).items()]
        if rows:
            tables.append("\n".join([f'["{measure.name}"]', *rows, ""]))
    (root / UNMET).parent.mkdir(parents=True, exist_ok=True)
    (root / UNMET).write_text("\n".join(tables))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--accept", action="store_true", help="write what is not met today into unmet.toml")
    parser.add_argument("--root", type=Path, default=ROOT, help="the collection to measure")
    options = parser.parse_args()
    if options.accept:
        write_unmet(options.root)
    unmet = read_unmet(options.root)
    found = [line for measure in MEASURES for line in complaints(measure, unmet.get(measure.name, {}), options.root)]
    if found:
        hint = "Make it simpler; where it is simpler now, or a file moved: python -m tests.tools.numbers --accept"
        sys.exit("\n".join([*found, hint]))
    print(f"{len(MEASURES)} measures, {sum(map(len, unmet.values()))} numbers not met yet and none worse than it was")


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


if __name__ == "__main__":
    main()
