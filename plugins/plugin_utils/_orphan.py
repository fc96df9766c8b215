# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: end a worker of Ansible's whose parent has ended.

A controller that is killed leaves its workers behind. Such a worker goes on reading a module's output, so that the module
believes that somebody gets its result.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

LOOK_EVERY_SECONDS = 0.5


@contextlib.contextmanager
def ended_with_parent() -> Iterator[None]:
    """End this process while the body runs, as soon as its parent is another one than at the start."""
    parent, over = os.getppid(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(parent, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(parent: int, over: threading.Event) -> None:
    while not over.wait(LOOK_EVERY_SECONDS):
        if os.getppid() != parent:
            os._exit(1)  # nobody is left to tell, and the module notices that nobody reads
