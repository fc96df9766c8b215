# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The search itself finds what it must find, and nothing else."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.no_leak.canaries import Canaries
from tests.simulator.tokens import mint_jwt, new_id

SECRET, OTHER = (mint_jwt(new_id(), issued_at=1_800_000_000, subject="alice") for _ in range(2))


TEXTS = {  # what is in a text: the text, whether that is a leak
    "the whole": (f"ok: {SECRET}", True),
    "the whole, in JSON": (json.dumps({"secret": SECRET}), True),
    "the whole, in quotes": (f"'{SECRET}'", True),
    "16 characters": (SECRET[40:56], True),
    "its end, behind something else": (f"x{SECRET[-16:]}\n", True),
    "15 characters": (SECRET[40:55], False),
    "hexadecimal digits, which nobody looks for": (f"Bearer {SECRET}".encode().hex(), False),
    "base64": (base64.b64encode(f"{SECRET}".encode()).decode(), True),
    "base64, shifted by one": (base64.b64encode(f"x{SECRET}".encode()).decode(), True),
    "base64, shifted by two": (base64.b64encode(f"xy{SECRET}z".encode()).decode(), True),
    "base64 for URLs": (base64.urlsafe_b64encode(f"user:{SECRET}".encode()).decode(), True),
    "base64 of a part": (base64.b64encode(SECRET[100:130].encode()).decode(), True),
    "another signature": (mint_jwt(new_id(), issued_at=1_800_000_000, subject="alice").split(".")[2], False),
    "words": ("Many words, none of which is secret, /and/a/path/that/is/long/enough, and $REDACTED$", False),
    "nothing": ("", False),
}


@pytest.mark.parametrize("text", TEXTS)
def test_find(text: str) -> None:
    content, found = TEXTS[text]
    assert bool(list(Canaries([OTHER, SECRET]).find(content))) is found


def test_what_was_found_can_be_told_without_telling_it() -> None:
    told = list(Canaries([SECRET]).find(f"msg: {SECRET} and {SECRET}"))
    assert len(told) == 2
    assert not list(Canaries([SECRET]).find("".join(told)))
    assert told[0].startswith(f"{len(SECRET)} characters of secret 1: ...msg: <<< HERE")


def test_files(tmp_path: Path) -> None:
    for name, content in (("a/b/leak", f"x\0{SECRET}"), ("asked/for", SECRET), ("clean", "nothing"), (SECRET[:99], "")):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    found = list(Canaries([SECRET]).find_in_files(tmp_path, but=[tmp_path / "asked"]))
    assert len(found) == 2
    assert "a/b/leak" in found[0] or "a/b/leak" in found[1]
