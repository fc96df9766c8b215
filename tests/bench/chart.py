# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draw how many times as fast the role is as the same job with ansible.builtin.uri, as an SVG that follows the reader's theme."""

from __future__ import annotations

import math
from collections.abc import Sequence

WIDTH, ROW, LEFT = 720, 34, 190
STYLE = """
    .paper { fill: #ffffff; stroke: #d0d7de }
    text { font: 14px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
    .name { text-anchor: end }
    .role { fill: #1a7f37 }
    .uri { fill: #9a6700 }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117; stroke: #30363d }
      text { fill: #e6edf3 }
      .role { fill: #3fb950 }
      .uri { fill: #d29922 }
    }"""
Bar = tuple[str, str, float]  # its name, its class, and its seconds


def drawn(title: str, bars: Sequence[Bar]) -> str:
    """Return the picture: a bar for each run, on a logarithmic scale from a second on."""
    longest = max(math.log10(max(seconds, 1.1)) for _name, _kind, seconds in bars)
    height = 40 + ROW * len(bars)
    rows = []
    for number, (name, kind, seconds) in enumerate(bars):
        y, width = 34 + ROW * number, math.log10(max(seconds, 1.1)) / longest * (WIDTH - LEFT - 100)
        rows.append(f'  <text class="name" x="{LEFT - 10}" y="{y + 17}">{name}</text>')
        rows.append(f'  <rect class="{kind}" x="{LEFT}" y="{y}" width="{width:.0f}" height="24" rx="3"/>')
        rows.append(f'  <text x="{LEFT + width + 8:.0f}" y="{y + 17}">{seconds:.1f} s</text>')
    told = "; ".join(f"{name}: {seconds:.1f} s" for name, _kind, seconds in bars)
    body = "\n".join(rows)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img"
  aria-labelledby="title desc">
  <title id="title">{title}</title>
  <desc id="desc">{told}.</desc>
  <style>{STYLE}
  </style>
  <rect class="paper" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>
  <text x="14" y="23">{title}</text>
{body}
</svg>
"""
