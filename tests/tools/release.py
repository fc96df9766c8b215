# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the notes of a version, or say why it can't be released; `make release-notes` runs it.

    python -m tests.tools.release 1.2.0 notes.md

The notes are the version's part of CHANGELOG.md. Standard library only: the workflow runs it before anything is installed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.tools.checkout import ROOT


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: python -m tests.tools.release TAG NOTES")
    tag, file = sys.argv[1:]
    found = list(problems(tag, ROOT))
    if found:
        sys.exit("\n".join(found))
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text(notes(tag, ROOT))
    print(file)


def problems(tag: str, root: Path) -> Iterator[str]:
    """Say what keeps a version from being released, judged by the files below `root`."""
    version = _version(root)
    if tag != version:
        yield f"the tag is {tag}, and galaxy.yml has version {version}"
    if not notes(tag, root):
        yield f"CHANGELOG.md has nothing about {tag}: run make changelog, and commit what it writes"
    recorded = (root / "changelogs" / "changelog.yaml").read_text()
    forgotten = [path.name for path in _fragments(root) if path.name not in recorded]
    if forgotten:
        yield f"the changelog is older than {', '.join(forgotten)}: run make changelog, and commit what it writes"


def notes(tag: str, root: Path) -> str:
    """Return the part of CHANGELOG.md about a version, or nothing."""
    text = (root / "CHANGELOG.md").read_text()
    heading = re.escape(tag.replace(".", "\\."))
    found = re.search(rf"^## v{heading}\n(.*?)(?=^<a id=\"v[^\n]*\n## v|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1].strip() + "\n" if found else ""


def _version(root: Path) -> str:
    found = re.search(r"^version: (\S+)$", (root / "galaxy.yml").read_text(), re.MULTILINE)
    return found[1] if found else "none"


def _fragments(root: Path) -> list[Path]:
    return sorted((root / "changelogs" / "fragments").glob("*.yml"))


if __name__ == "__main__":
    main()
