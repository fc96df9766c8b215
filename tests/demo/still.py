# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draw what the demo shows on a terminal, as an SVG that follows the reader's theme: python -m tests.demo.still writes it."""

from __future__ import annotations

import html
import os
import pty
import re
import sys
from xml.etree import ElementTree

from tests.demo.screen import STYLES
from tests.tools.checkout import ROOT

PICTURE = ROOT / "docs" / "images" / "demo.svg"
CHARACTER, LINE, MARGIN = 7.85, 19, 18  # of the font, in pixels
STYLE = """
    .paper { fill: #ffffff; stroke: #d0d7de }
    text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328;
      white-space: pre }
    .bold { font-weight: 700 }
    .dim { fill: #57606a }
    .red { fill: #cf222e }
    .green { fill: #1a7f37 }
    .cyan { fill: #1b7c83 }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117; stroke: #30363d }
      text { fill: #e6edf3 }
      .dim { fill: #9198a1 }
      .red { fill: #f85149 }
      .green { fill: #3fb950 }
      .cyan { fill: #39c5cf }
    }"""
# What differs from run to run: the port, times, the new name, the old one's id, how often the application called.
DIFFERS = re.compile(
    r"127\.0\.0\.1:\d+|\s*\d+\.\d s|\d{8}t\d{6}z-[0-9a-f]{4}|(?<=DELETE …/api-tokens/)\S+|\d+(?= times| x 200)"
)


def drawn(shown: str) -> str:
    """Return the picture of what a terminal was sent."""
    lines = shown.replace("\r", "").strip("\n").split("\n")
    longest = max(len(re.sub(r"\033\[[\d;]*m", "", line)) for line in lines)
    width, height = round(longest * CHARACTER + 2 * MARGIN), len(lines) * LINE + 2 * MARGIN
    rows = "\n".join(
        f'  <text x="{MARGIN}" y="{MARGIN + LINE * number + 14}">{_spans(line)}</text>'
        for number, line in enumerate(lines)
        if line
    )
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"
  aria-labelledby="title desc">
  <title id="title">What make demo shows</title>
  <desc id="desc">The steps of a rotation: plan, check, issue, verify, deliver, commit, revoke. Before it the server answers 200 to
    the old token; after it 401 to the old one and 200 to the new one. Meanwhile every call of the application was answered 200.</desc>
  <style>{STYLE}
  </style>
  <rect class="paper" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>
{rows}
</svg>
"""


def lines_of(picture: str) -> list[str]:
    """Return the text of a picture, or of what was shown, without what differs from run to run."""
    if picture.startswith("<svg"):
        texts = [element for element in ElementTree.fromstring(picture).iter() if element.tag.endswith("text")]  # noqa: S314
        picture = "\n".join("".join(element.itertext()) for element in texts)
    return [DIFFERS.sub("*", line.rstrip()) for line in picture.split("\n") if line.strip()]


def _spans(line: str) -> str:
    """Return a line of a terminal with its styles as spans."""
    names = {code: name for name, code in STYLES.items()}
    spans, classes = [], ""
    for code, text in re.findall(r"(?:\033\[([\d;]*)m)?([^\033]*)", line):
        classes = " ".join(names[part] for part in code.split(";") if part in names) if code else classes
        if text:
            shown = html.escape(text, quote=False)
            spans.append(f'<tspan class="{classes}">{shown}</tspan>' if classes else shown)
    return "".join(spans)


def main() -> int:
    sent: list[bytes] = []

    def read(handle: int) -> bytes:
        sent.append(os.read(handle, 4096))
        return sent[-1]

    os.environ["TERM"] = "xterm"
    status = pty.spawn([sys.executable, "-m", "tests.demo"], read)
    if status == 0:
        PICTURE.write_text(drawn(b"".join(sent).decode()))
        print(PICTURE)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
