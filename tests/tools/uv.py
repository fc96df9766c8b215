# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fill environments with uv: the one on PATH, else one that is installed into an environment of its own.

uv reads none of pip's settings. Where the packages come from is what pip is set to, handed on as uv's own variables;
what the user has set for uv stands.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.tools.checkout import CACHE, locked

ENVIRONMENT = CACHE / "venvs" / "uv"
REQUIREMENT = "uv>=0.8,<1"

# pip's settings and uv's variables for them; the separator where uv takes several.
HANDED_ON = {
    "index-url": ("UV_DEFAULT_INDEX", None),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "constraint": ("UV_CONSTRAINT", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", None),
}
DEFAULTS = {
    "UV_INDEX_STRATEGY": "unsafe-best-match",  # the best of all indexes, as pip takes it
    "UV_COMPILE_BYTECODE": "1",  # as pip does: each run of a program would do it again
    "UV_HTTP_TIMEOUT": "180",
}


def fill(path: Path, python: str, wanted: list[str]) -> bool:
    """Install requirements into an environment, made with `python` where there is none, and return whether uv did.

    A failure is told and left to pip, whose word is the last.
    """
    program = _program(python)
    if program is None:
        return False
    environment = {**DEFAULTS, **translated(_pip_settings(python)), **os.environ}
    own = path / "bin" / "python"
    commands = [[program, "pip", "install", "--quiet", "--python", str(own), *wanted]]
    if not own.exists():
        commands.insert(0, [program, "venv", "--quiet", "--clear", "--seed", "--python", python, str(path)])
    for command in commands:
        if subprocess.run(command, env=environment, check=False).returncode:
            print("uv failed; pip takes its place", file=sys.stderr, flush=True)
            return False
    return True


def translated(settings: Mapping[str, str]) -> dict[str, str]:
    """Return uv's variables for pip's settings; a setting that uv has no word for is left out."""
    variables = {}
    for name, (variable, separator) in HANDED_ON.items():
        values = settings.get(name, "").split()
        if values:
            variables[variable] = separator.join(values) if separator else values[0]
    return variables


def _pip_settings(python: str) -> dict[str, str]:
    """Return what pip is set to for an installation, by the names of its long options."""
    listed = subprocess.run([python, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    settings = {}
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        # `:env:` comes last and wins, as it does for pip. What is set for another command of pip's stays there.
        if name.startswith(("global.", "install.", ":env:.")):
            settings[name.rpartition(".")[2]] = str(ast.literal_eval(value))
    return settings


def _program(python: str) -> str | None:
    """Return the path of uv, which is installed where there is none, or None where it can't be had."""
    found = shutil.which("uv")
    if found:
        return found
    own = ENVIRONMENT / "bin" / "uv"
    with locked("uv"):
        if not own.exists():
            pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
            try:
                subprocess.run([python, "-m", "venv", str(ENVIRONMENT)], check=True)
                subprocess.run([*pip, REQUIREMENT], check=True)
            except subprocess.CalledProcessError:
                print("uv cannot be had here; pip takes its place", file=sys.stderr, flush=True)
                return None
    return str(own)
