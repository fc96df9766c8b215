# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Play playbooks the way a user does: ansible-playbook in a process of its own, in an empty directory."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.checkout import ROOT, collections_path

HOOKS = ROOT / "tests" / "hooks"
TIMEOUT_SECONDS = 300  # a machine that has other things to do is slow, and that is no failure

# What a shell starts in the background ignores SIGINT, and so does all that it starts.
INTERRUPTIBLE = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
)

# What runs without --full, and with which ansible-core: see tests/selection.py.
with_one_core = pytest.mark.one_core
with_every_core = pytest.mark.every_core
heavy = pytest.mark.heavy


def cases(rows: Iterable[tuple[Any, ...]], *, sample: tuple[str, ...]) -> list[Any]:
    """Return rows, each an id and the arguments, as parameters, of which those out of the sample are heavy."""
    listed = list(rows)
    assert set(sample) <= {row[0] for row in listed}, "the sample is no part of the rows"
    return [pytest.param(*row[1:], id=row[0], marks=() if row[0] in sample else heavy) for row in listed]


@dataclasses.dataclass(frozen=True)
class Played:
    """What a run of ansible-playbook left behind."""

    returncode: int
    output: str  # stdout and stderr as a terminal shows them
    stderr: str = ""  # where it was asked for apart, and is no part of the output then

    @property
    def ok(self) -> bool:
        return self.returncode == 0

    @property
    def recap(self) -> dict[str, int]:
        """Return the counters of the only host, or of localhost where there are more."""
        lines = re.findall(r"^(\S+)\s+: (ok=.*)$", self.output, re.MULTILINE)
        counters = dict(lines).get("localhost", lines[-1][1] if lines else "")
        return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", counters)}


class Playbooks:
    """Plays in a directory, against one API, with the ansible-core of one environment."""

    def __init__(self, venv: Path, directory: Path, *, api_url: str, api_token: str) -> None:
        self.venv = venv
        self.directory = directory
        self.core = _core_version(venv)
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "TURSO_"))},
            "PATH": f"{venv}/bin{os.pathsep}{os.environ['PATH']}",
            "HOME": str(directory / "home"),
            "ANSIBLE_COLLECTIONS_PATH": str(collections_path()),
            "ANSIBLE_ACTION_PLUGINS": str(ROOT / "tests" / "action_plugins"),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "ANSIBLE_NOCOLOR": "1",
            "TURSO_API_BASEURL": api_url,
            "TURSO_API_TOKEN": api_token,
        }
        (directory / "home").mkdir(exist_ok=True)

    def write(self, name: str, content: Any) -> Path:
        """Write a file: text as it is, anything else as YAML."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
        return path

    def play(self, playbook: Any, *arguments: str, env: dict[str, str] | None = None, **options: Any) -> Played:
        """Play a playbook: YAML text, a list of plays, or the name of one, such as a playbook of the collection."""
        return self.run("ansible-playbook", self._name_of(playbook), *arguments, env=env, **options)

    def run(self, command: str, *arguments: str, env: dict[str, str] | None = None, **options: Any) -> Played:
        """Run a command of the environment and return what it printed.

        :param options: of subprocess.run; with `stderr=subprocess.PIPE` both streams are returned apart.
        """
        return self._finish([str(self.venv / "bin" / command), *arguments], env, **options)

    def shell(self, script: str, env: dict[str, str] | None = None) -> Played:
        """Run what a reader would type; it ends where a command fails."""
        return self._finish(["bash", "-euo", "pipefail", "-c", script], env)

    def _finish(self, command: list[str], env: dict[str, str] | None, **options: Any) -> Played:
        done = subprocess.run(
            command,
            cwd=self.directory,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            **{"stderr": subprocess.STDOUT, "timeout": TIMEOUT_SECONDS, **options},
        )
        return Played(done.returncode, done.stdout, done.stderr or "")

    def start(self, playbook: Any, *arguments: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a playbook in a process group of its own, to be killed, interrupted or waited for."""
        command = [str(self.venv / "bin" / "ansible-playbook"), self._name_of(playbook), *arguments]
        return subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, *command],
            cwd=self.directory,
            env={**self.env, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _name_of(self, playbook: Any) -> str:
        if isinstance(playbook, str) and "\n" not in playbook:
            return playbook
        return str(self.write("playbook.yml", playbook))


def kill(process: subprocess.Popen[str]) -> None:
    """End a process group at once, with no chance to clean up."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _core_version(venv: Path) -> tuple[int, int]:
    found = next((venv / "lib").glob("python3*/site-packages/ansible_core-*.dist-info"))
    major, minor = found.name.removeprefix("ansible_core-").split(".")[:2]
    return int(major), int(minor)
