# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where this checkout lies, and how Python and Ansible find the collection in it.

    python -m tests.tools.checkout

prints the path to give to Ansible as ANSIBLE_COLLECTIONS_PATH.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
INSIDE_COLLECTIONS = Path("ansible_collections/community/turso")


def collections_path() -> Path:
    """Return a directory in which this checkout is `ansible_collections/community/turso`.

    A checkout that lies elsewhere is linked into its own `.cache`. The link is relative, so a checkout can be moved.
    """
    if ROOT.parts[-3:] == INSIDE_COLLECTIONS.parts:
        return ROOT.parents[2]
    path = CACHE / "collections"
    link = path / INSIDE_COLLECTIONS
    link.parent.mkdir(parents=True, exist_ok=True)
    try:
        link.symlink_to(os.path.relpath(ROOT, link.parent), target_is_directory=True)
    except FileExistsError:  # made before, or this moment by another process
        if link.resolve() != ROOT:
            msg = f"{link} does not lead to this checkout: remove it"
            raise RuntimeError(msg) from None
    return path


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time through: several checks may share `.cache`."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    print(collections_path())
