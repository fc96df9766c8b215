# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fenced blocks of a page, and what the page says of them.

An HTML comment on the line above a fence, which readers don't see, says what the tests do with the block:

- ``<!-- file: NAME -->``: save it under this name beside the page's other files, for the blocks that follow
- ``<!-- not run: REASON -->``: read it, if it is YAML or JSON, and leave it at that
- ``<!-- fails: TEXT -->``: play it; it fails and says TEXT
- ``<!-- shown: BY WHAT -->``: the blocks above said this when they were played; dates, times and suffixes of names differ

Without one, a YAML block is a playbook and is played, and a shell block is run.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from tests.tools.checkout import ROOT

RUNNABLE = ("yaml", "shell")

_FENCE = re.compile(
    r"""(?:^<!--[ ]*(?P<said>file|not\ run|fails|shown):[ ]*(?P<detail>[^\n]*?)[ ]*-->\n)?
        ^```(?P<language>\w*)\n(?P<text>.*?)^```$""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block; `said` is file, not run, fails, shown or nothing."""

    page: str
    line: int
    language: str
    text: str
    said: str | None
    detail: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    content = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(content):
        line = content.count("\n", 0, match.start("language")) + 1
        said, detail = match["said"], match["detail"]
        yield Block(str(page.relative_to(ROOT)), line, match["language"], match["text"], said, detail)
