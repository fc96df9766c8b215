# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compile each source of a module once, and not at each of its starts.

Ansible sends a module with all that it imports as sources in a zip archive, and Python keeps nothing of what it compiled from an
archive: half of what a start costs, thousands of times in a run of the tests. Here it is kept, by the source, in `.cache/compiled`.

Python imports this into every process whose PYTHONPATH names this folder: the playbook, its workers and the modules.
"""

from __future__ import annotations

import _imp
import contextlib
import importlib.util
import marshal
import os
import sys
import zipimport
from types import CodeType

COMPILED = os.path.join(os.path.dirname(__file__), "..", "..", ".cache", "compiled")

_compile = getattr(zipimport, "_compile_source", None)  # private, so it may go


def compiled(path: str, source: bytes, *module: str | None) -> CodeType:
    kept = os.path.join(COMPILED, f"{importlib.util.source_hash(source).hex()}-{sys.flags.optimize}")  # by Python, too
    with contextlib.suppress(OSError, EOFError, ValueError, TypeError), open(kept, "rb") as file:  # not there, or cut
        code: CodeType = marshal.loads(file.read())  # noqa: S302  # of our own
        _imp._fix_co_filename(code, path)  # type: ignore[attr-defined]
        return code
    code = _compile(path, source, *module)  # type: ignore[misc]
    with contextlib.suppress(OSError):  # of a user who may not write here
        _keep(code, kept)
    return code


def _keep(code: CodeType, kept: str) -> None:
    os.makedirs(COMPILED, exist_ok=True)
    unfinished = f"{kept}.{os.getpid()}"
    with open(unfinished, "wb") as file:
        file.write(marshal.dumps(code))
    os.replace(unfinished, kept)


if _compile is not None:
    zipimport._compile_source = compiled  # type: ignore[attr-defined]
