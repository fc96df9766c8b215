# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies of the collection with a bug in them, or with a protection taken out: functions and constants replaced by name."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.tools.checkout import ROOT

RUN_AS_A_PROGRAM = '\nif __name__ == "__main__":\n'


@dataclass(frozen=True)
class Change:
    """A name in a file, such as `function` or `Class.method`, and the expression that takes its place.

    In the expression `original` is what the name stood for; before it may stand code that it needs.
    """

    file: str
    name: str
    new: str
    code: str = ""

    def carry_out(self, copy: Path) -> None:
        path = copy / self.file
        text = path.read_text()
        assert self.name in _names_in(ast.parse(text)), f"there is no {self.name} in {self.file} any more"
        line = f"\n{self.code}\n{self.name} = (lambda original: {self.new})({self.name})\n"
        before, run, after = text.partition(RUN_AS_A_PROGRAM)
        path.write_text(before + line + run + after)


@dataclass(frozen=True)
class Gone:
    """Files that are taken away."""

    files: str

    def carry_out(self, copy: Path) -> None:
        found = list(copy.glob(self.files))
        assert found, f"there is no {self.files} any more"
        for path in found:
            path.unlink()


@dataclass(frozen=True)
class Without:
    """A keyword that the tasks in some files lose."""

    files: str
    keyword: str

    def carry_out(self, copy: Path) -> None:
        count = 0
        for path in copy.glob(self.files):
            text, found = re.subn(rf"^ +{self.keyword}:.*\n", "", path.read_text(), flags=re.MULTILINE)
            path.write_text(text)
            count += found
        assert count, f"there is no {self.keyword} in {self.files} any more"


Alteration = Change | Gone | Without


def _names_in(tree: ast.Module) -> Iterator[str]:
    """Yield what a module binds at its top, and what its classes do."""
    for statement in tree.body:
        for part in ast.walk(statement) if isinstance(statement, (ast.Try, ast.If)) else (statement,):
            yield from _bound_by(part)


def _bound_by(statement: ast.AST) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        yield statement.name
    if isinstance(statement, ast.ClassDef):
        yield from (f"{statement.name}.{name}" for inner in statement.body for name in _bound_by(inner))
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))
    if isinstance(statement, ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in statement.names)


# For a token whose name begins with "bug", something raises that quotes the new secret and the credential: while the
# token is made, where one failure must not stop the others; after it was made, where nothing but main() is left; or the
# module dies in the middle of printing its result.
BUGS: tuple[Alteration, ...] = (
    Change(
        "plugins/module_utils/_api/tokens.py",
        "Tokens.create",
        "lambda self, name, *args, **kwargs: _inside(self, name, original(self, name, *args, **kwargs))",
        """
def _inside(tokens, name, issued):
    if name.startswith("bug-inside"):
        told = f"{issued.secret} {tokens.api.token}"
        raise RuntimeError(told, issued.secret) from ValueError(issued.secret, {tokens.api.token: issued.secret})
    return issued
""",
    ),
    Change(
        "plugins/modules/turso_token.py",
        "warn_of",
        "lambda module, result: _after(module, result) or original(module, result)",
        """
def _after(module, result):
    name = module.params["name"]
    if name.startswith("bug-after"):
        raise RuntimeError(repr(result), result, module.params) from ValueError(result["secret"], module.params)
    if name.startswith("bug-output"):
        import os, sys
        print('{"changed": true, "secret": "' + result["secret"], flush=True)
        print("Traceback: " + result["secret"] + module.params["api_token"], file=sys.stderr, flush=True)
        os._exit(1)
""",
    ),
    Change(
        "plugins/module_utils/_api/sql_tokens.py",
        "SqlTokens.mint",
        "lambda self, name, **kwargs: _inside(self, name, original(self, name, **kwargs))",
        """
def _inside(tokens, name, minted):
    if name.name == "bug-inside":
        raise RuntimeError(minted[0], tokens.api.token) from ValueError({tokens.api.token: minted[0]})
    return minted
""",
    ),
    Change(
        "plugins/modules/turso_sql_token.py",
        "warn_of",
        "lambda module, result: _after(module, result) or original(module, result)",
        """
def _after(module, result):
    name = module.params["database"]
    if name == "bug-after":
        raise RuntimeError(repr(result), module.params) from ValueError(result["secret"], module.params)
    if name == "bug-output":
        import os, sys
        print('{"changed": true, "secret": "' + result["secret"], flush=True)
        print("Traceback: " + result["secret"] + module.params["api_token"], file=sys.stderr, flush=True)
        os._exit(1)
""",
    ),
)


def altered(directory: Path, changes: Iterable[Alteration]) -> Path:
    """Return a collections path with a copy of the collection, and some of it changed."""
    copy = directory / "ansible_collections" / "community" / "turso"
    for part in ("plugins", "roles", "meta", "playbooks"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "galaxy.yml", copy)
    for change in changes:
        change.carry_out(copy)
    return directory
