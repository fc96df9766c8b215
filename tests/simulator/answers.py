# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes back to a client: an answer, or the loss of the connection."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. `length` is the Content-Length it announces; None: the body ends with the connection."""

    status: int
    chunks: Iterable[bytes] = ()
    length: int | None = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, status: int, body: bytes, content_type: str, headers: Mapping[str, str] | None = None) -> Answer:
        return cls(status, (body,), len(body), {"Content-Type": content_type, **(headers or {})})

    @classmethod
    def json(cls, status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        return cls.of(status, json.dumps(body, ensure_ascii=False).encode(), "application/json", headers)


@dataclass(frozen=True)
class Drop:
    """No answer: the connection ends in order (FIN), or with `reset` in disorder (RST)."""

    reset: bool = False
