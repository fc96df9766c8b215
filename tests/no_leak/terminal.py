# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible as a user sees it: a terminal, and every place that Ansible writes to."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.no_leak.canaries import Canaries
from tests.no_leak.worlds import Worlds
from tests.playbooks import Playbooks, Played

# What ansible takes for ssh: runs its last argument here, with the streams that it has.
SSH = """\
#!/bin/sh
for last; do :; done
exec /bin/sh -c "$last"
"""

# The same, on a connection that loses the end of whatever a module prints.
SSH_THAT_CUTS = """\
#!/bin/sh
for last; do :; done
/bin/sh -c "$last" | sed 's/}$//'
"""


@dataclass(frozen=True)
class Mode:
    """How Ansible is run: what is printed, how much of it, and over which connection."""

    callback: str = "default"
    verbosity: int = 0
    connection: str = "local"
    result_format: str = "json"
    arguments: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        verbosity = "-" + "v" * self.verbosity if self.verbosity else "quiet"
        result_format = () if self.result_format == "json" else (self.result_format,)
        return " ".join((self.callback, *result_format, verbosity, self.connection, *self.arguments))

    @property
    def host(self) -> str:
        return "here" if self.connection == "local" else "there"


class Watch:
    """Collects every content that the files of a directory have while a run overwrites them."""

    def __init__(self, directory: Path) -> None:
        self.seen: set[str] = set()
        self._directory = directory
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        changed: dict[Path, int] = {}
        ended = False
        while not ended:
            ended = self._ended.wait(0.01)
            for path in self._directory.iterdir():
                at = path.stat().st_mtime_ns
                if changed.get(path) != at:
                    changed[path] = at
                    self.seen.add(path.read_text(errors="replace"))


class Terminal:
    """Runs Ansible with everything switched on that prints or writes, in directories with nothing else in them.

    :param tmp: for temporary files; a short path, because ansible-core >= 2.22 has a socket in it.
    """

    def __init__(self, playbooks: Playbooks, worlds: Worlds, tmp: Path) -> None:
        self.playbooks = playbooks
        self.worlds = worlds
        self.top = playbooks.directory
        self.seen_in_tree: set[str] = set()
        self.collections: Path | None = None  # another copy of the collection than this checkout
        self.tmp = tmp
        self.log, self.tree, self.junit, self.cache, self.asked_for = (
            self.top / name for name in ("ansible.log", "tree", "junit", "cache", "asked_for")
        )
        for directory in (self.tree, self.junit, self.cache, self.asked_for):
            directory.mkdir()
        for name, script in (("ssh", SSH), ("ssh_that_cuts", SSH_THAT_CUTS)):
            (self.top / name).write_text(script)
            (self.top / name).chmod(0o755)
        self._write_inventory()

    def _write_inventory(self) -> None:
        python = {"ansible_python_interpreter": str(self.playbooks.venv / "bin" / "python")}
        here = {"ansible_connection": "local", **python}
        there = {"ansible_connection": "ssh", "ansible_ssh_executable": str(self.top / "ssh"), **python}
        cut = {**there, "ansible_ssh_executable": str(self.top / "ssh_that_cuts")}
        hosts = {"here": here, "localhost": here, "other": here, "there": there, "cut": cut}
        self.playbooks.write("inventory.yml", {"all": {"hosts": hosts, "vars": {"urls": self.worlds.urls}}})

    def environment(self, mode: Mode) -> dict[str, str]:
        return {
            "ANSIBLE_INVENTORY": str(self.top / "inventory.yml"),
            "ANSIBLE_STDOUT_CALLBACK": mode.callback,
            "ANSIBLE_CALLBACK_RESULT_FORMAT": mode.result_format,
            "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit,ansible.builtin.tree",
            "ANSIBLE_CALLBACK_TREE_DIR": str(self.tree),
            "JUNIT_OUTPUT_DIR": str(self.junit),
            "ANSIBLE_LOG_PATH": str(self.log),
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.cache),
            "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1",
            "ANSIBLE_INJECT_INVOCATION": "1",  # before ansible-core 2.21 it always does
            "ANSIBLE_HOST_KEY_CHECKING": "0",
            "ANSIBLE_SSH_TRANSFER_METHOD": "piped",
            "ANSIBLE_PIPELINING": "1" if mode.connection == "ssh, pipelined" else "0",
            "ANSIBLE_REMOTE_TMP": str(self.tmp / "remote"),
            "ANSIBLE_ASYNC_DIR": str(self.tmp / "async"),
            "TMPDIR": str(self.tmp),
            "TURSO_API_RETRIES": "0",  # nothing waits: what is tried again, and when, is not the subject here
            **({"ANSIBLE_COLLECTIONS_PATH": str(self.collections)} if self.collections else {}),
            **self.worlds.environment,
            **mode.settings,
        }

    def run(self, command: str, mode: Mode, *arguments: str) -> Played:
        """Run a command of Ansible's, and keep every version of the files that the callback tree overwrites."""
        verbosity = ["-" + "v" * mode.verbosity] if mode.verbosity else []
        with Watch(self.tree) as watch:
            played = self.playbooks.run(command, *arguments, *verbosity, *mode.arguments, env=self.environment(mode))
        self.seen_in_tree = watch.seen
        return played

    def play(self, plays: list[dict[str, Any]], mode: Mode, *arguments: str) -> Played:
        return self.run("ansible-playbook", mode, str(self.playbooks.write("playbook.yml", plays)), *arguments)

    def leaks(self, played: Played, *, but: Iterable[Path] = ()) -> list[str]:
        """Return whatever stretch of a secret was printed, or is in a file that the user did not ask for."""
        canaries = Canaries(self.worlds.secrets)
        printed = (f"printed: {found}" for found in canaries.find(played.output))
        overwritten = (f"in the tree: {found}" for text in self.seen_in_tree for found in canaries.find(text))
        left = [canaries.find_in_files(top, but=[self.asked_for, *but]) for top in (self.top, self.tmp)]
        return [*printed, *overwritten, *itertools.chain(*left)]

    def assert_nothing_leaked(self, played: Played, *, but: Iterable[Path] = ()) -> None:
        leaks = self.leaks(played, but=but)
        if leaks:
            pytest.fail("\n\n".join([f"{len(leaks)} leaks, the first:", *leaks[:5]]), pytrace=False)

    def assert_passed(self, played: Played) -> None:
        if not played.ok:
            pytest.fail(f"ended with {played.returncode}: {self.cleaned(played)}", pytrace=False)

    def cleaned(self, played: Played) -> str:
        """Return the end of the output with no secret in it, for messages of tests."""
        return "..." + Canaries(self.worlds.secrets).cleaned(played.output)[-1500:]

    def assert_everything_was_written(self, text: str) -> None:
        """Check that the places which are searched are those that Ansible wrote to."""
        assert text in self.log.read_text()
        assert any(text in path.read_text() for path in self.junit.glob("*.xml"))
        assert any(text in seen for seen in self.seen_in_tree)
        assert any("was_here" in path.read_text() for path in self.cache.iterdir())
