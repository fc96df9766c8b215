# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Search for secrets: whole, in part, and base64-encoded."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

PART = 16  # characters of a secret, or of its base64, that count as a leak
_RUNS = re.compile(rf"[\x21-\x7e]{{{PART},}}")
_QUOTED = re.compile(r"\\+(?=[/\"'])")  # the backslashes that JSON and Python put before these


class Canaries:
    """Secrets to look for. What C(find) returns never quotes them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._of_part: dict[str, int] = {}
        self.count = 0
        for number, secret in enumerate(dict.fromkeys(secrets), start=1):
            self.count = number
            for form in (secret, *_base64_forms(secret)):
                if len(form) < PART:
                    raise ValueError("a secret that is shorter than its parts cannot be looked for")
                for start in range(len(form) - PART + 1):
                    self._of_part[form[start : start + PART]] = number

    def find(self, text: str) -> Iterator[str]:
        """Yield, for each stretch of a secret in a text, what stands before and after it."""
        for run in _RUNS.finditer(text):
            yield from self._in_run(text, run)

    def _in_run(self, text: str, run: re.Match[str]) -> Iterator[str]:
        plain = _QUOTED.sub("", run[0])
        hits = [start for start in range(len(plain) - PART + 1) if plain[start : start + PART] in self._of_part]
        if hits:
            number = self._of_part[plain[hits[0] : hits[0] + PART]]
            length = hits[-1] - hits[0] + PART
            before = self.cleaned(text[max(0, run.start() - 300) : run.start()] + plain[: hits[0]])
            after = self.cleaned((plain[hits[-1] + PART :] + text[run.end() :])[:100])
            yield f"{length} characters of secret {number}: ...{before}<<< HERE >>>{after}..."

    def cleaned(self, text: str) -> str:
        """Return a text without whatever holds a part of a secret."""
        return _RUNS.sub(
            lambda run: (
                "<secret>"
                if any(run[0][start : start + PART] in self._of_part for start in range(len(run[0]) - PART + 1))
                else run[0]
            ),
            text,
        )

    def find_in_files(self, top: Path, *, but: Iterable[Path] = ()) -> Iterator[str]:
        """Yield what is found in the files below a directory, their names included, but not in or below C(but)."""
        left_out = {path.resolve() for path in but}
        for path in sorted(top.rglob("*")):
            if left_out.isdisjoint((path.resolve(), *path.resolve().parents)):
                if any(self.find(path.name)):
                    yield f"in the name of a file in {path.parent}"
                if path.is_file() and not path.is_symlink():
                    yield from (f"{path}: {found}" for found in self.find(path.read_bytes().decode("latin-1")))


def _base64_forms(secret: str) -> Iterator[str]:
    """Yield what base64 makes of a secret inside a longer text, for its three alignments and both alphabets."""
    raw = secret.encode()
    for before in range(3):
        for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * before + raw).decode().rstrip("=")
            whole_bits = (before + len(raw)) * 8 // 6  # the last character may depend on what follows
            yield encoded[-(-before * 8 // 6) : whole_bits]
