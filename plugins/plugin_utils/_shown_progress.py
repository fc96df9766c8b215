# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show at -v how far a module with many things to do has come, and what became of them. Numbers only, never a secret.

Private: for this collection only.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.community.turso.plugins.module_utils import _progress

LOOK_EVERY_SECONDS = 1.0


class ShownProgress(ActionBase):
    """Looks, while the module runs on a local connection, into the file that it keeps; elsewhere only sums up."""

    def _execute_module(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if Display().verbosity < 1:
            quiet: dict[str, Any] = super()._execute_module(*args, **kwargs)
            return quiet
        with self._watched() if self._connection.transport == "local" else contextlib.nullcontext():
            executed: dict[str, Any] = super()._execute_module(*args, **kwargs)
        self._show(_summary(executed))
        return executed

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(self._connection._shell.tmpdir, ended), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()

    def _watch(self, directory: str, ended: threading.Event) -> None:
        shown = None
        while not ended.wait(LOOK_EVERY_SECONDS):
            told = _progress.read(directory)
            if told is not None and told != shown:
                self._show(f"{told[0]} of {told[1]} done")
                shown = told

    def _show(self, text: str) -> None:
        """Show a line on stderr, because callbacks own stdout."""
        if text:
            Display().display(f"{self._task.action}: {text}", color="blue", stderr=True)


def _summary(result: dict[str, Any]) -> str:
    """Return what became of how many: "97 created, 2 unchanged, 1 failed"."""
    results = result.get("results")
    if not isinstance(results, list):
        return ""
    counted = Counter(_what_became_of(item) for item in results if isinstance(item, dict))
    return ", ".join(f"{count} {what}" for what, count in sorted(counted.items()))


def _what_became_of(item: dict[str, Any]) -> str:
    if item.get("failed"):
        return "failed"
    if not item.get("changed"):
        return "unchanged"
    return "created" if item.get("token") else "revoked"
