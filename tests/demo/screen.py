# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A terminal that takes no secrets, and colours only where somebody sees them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "cyan": "36"}


class Screen:
    """Prints lines; `secrets` tells what must not be in any of them."""

    def __init__(self, secrets: Callable[[], Sequence[str]]) -> None:
        self._secrets = secrets
        self._colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.leaked = False

    def show(self, text: str = "") -> None:
        for secret in self._secrets():
            if secret in text:
                self.leaked = True
                text = text.replace(secret, "[a secret stood here]")
        print(text, flush=True)

    def paint(self, text: str, *styles: str) -> str:
        if not self._colours or not styles:
            return text
        return f"\033[{';'.join(STYLES[style] for style in styles)}m{text}\033[0m"

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]], styles: Mapping[str, Sequence[str]]) -> None:
        """Show rows in columns; `styles` tells how a cell of that text is painted."""
        widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
        pads = [[text.ljust(width) for text, width in zip(row, widths)] for row in (header, *rows)]
        self.show("  " + "   ".join(self.paint(text, "bold") for text in pads[0]).rstrip())
        for row in pads[1:]:
            self.show("  " + "   ".join(self.paint(text, *styles.get(text.strip(), ())) for text in row).rstrip())
