# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Strike values out of a text that somebody else wrote. Pure. Private to this collection."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Iterable, Iterator

MOST = 200
_SHORTEST = 8  # what is shorter would strike out parts of words


def struck(text: str, secrets: Iterable[str | None]) -> str:
    """Return the first 200 characters of a text, with every secret struck out, however a service may have written it.

    :param secrets: as plain texts; looked for as they are, in base64, URL-encoded and as JSON.
    """
    for secret in secrets:
        for form in sorted(_forms(secret), key=len, reverse=True) if secret else ():
            text = text.replace(form, "***")
    return text if len(text) <= MOST else f"{text[:MOST]} ..."


def _forms(secret: str) -> Iterator[str]:
    if len(secret) < _SHORTEST:
        return
    raw = secret.encode("utf-8", "surrogatepass")
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield urllib.parse.quote(secret, safe="")
    yield urllib.parse.quote_plus(secret)
    yield from _in_base64(raw)


def _in_base64(raw: bytes) -> Iterator[str]:
    """Yield what base64 makes of a text wherever it stands in another one: each of the three phases, without its edges."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode()
        for phase in range(3):
            inner = encode(b"\0" * phase + raw).decode().rstrip("=")
            start = (0, 2, 3)[phase]
            yield inner[start : len(inner) - 1]
