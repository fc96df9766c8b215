# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copy the checkout to where ansible-test wants it: `.cache/stage/ansible_collections/community/turso`.

ansible-test goes by the real path, so a link doesn't do, and it asks git which files there are, so the copy is a
repository of its own: inside the checkout's ignored directory it would see no files and pass having tested nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.tools.checkout import CACHE, INSIDE_COLLECTIONS, ROOT, locked

# In the copy only: its repository, and what ansible-test keeps there (its environments take a minute to make) or reads.
KEPT = (".git", "tests/output", "tests/integration/integration_config.yml")


def main() -> None:
    if len(sys.argv) > 2:
        sys.exit("usage: python -m tests.tools.stage [NAME]")
    print(stage(*sys.argv[1:]))


def stage(name: str = "stage") -> Path:
    """Bring the copy `.cache/<name>/ansible_collections/community/turso` up to date and return its path."""
    target = CACHE / name / INSIDE_COLLECTIONS
    with locked(name):
        target.mkdir(parents=True, exist_ok=True)
        if not (target / ".git").is_dir():
            subprocess.run(["git", "init", "-q", str(target)], check=True)
        sources = _sources()
        for relative in sources:
            _copy(ROOT / relative, target / relative)
        _remove_others(target, {target / relative for relative in sources})
    return target


def _sources() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return sorted({name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()})


def _copy(source: Path, target: Path) -> None:
    if target.is_file():
        old, new = target.stat(), source.stat()
        if (old.st_mtime_ns, old.st_size, old.st_mode) == (new.st_mtime_ns, new.st_size, new.st_mode):
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _remove_others(top: Path, wanted: set[Path]) -> None:
    kept = {top / name for name in KEPT}
    needed = {parent for path in wanted | kept for parent in path.parents}

    def sweep(directory: Path) -> None:
        for path in directory.iterdir():
            if path in kept or path in wanted:
                continue
            if path.is_dir() and not path.is_symlink():
                sweep(path)
                if path not in needed:
                    path.rmdir()
            else:
                path.unlink()

    sweep(top)


if __name__ == "__main__":
    main()
