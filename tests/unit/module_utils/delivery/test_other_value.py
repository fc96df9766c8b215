# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a value that stands where another one was delivered."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery.other_value import whose


def jwt(**claims: Any) -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "x"}, claims)
    ]
    return ".".join([*parts, "c2ln"])


OURS = jwt(jti="ours", iat=1795500000)
AT = "It holds another token (issued at"
SAID: list[tuple[str, str | None, str]] = [
    ("", OURS, "It is empty."),
    ("changeme", OURS, "It holds another value, which says nothing of itself."),
    (jwt(jti="b"), OURS, "It holds another token (the id b)."),
    (jwt(jti="bad\n"), OURS, "It holds another value, which says nothing of itself."),
    (jwt(exp=1795500001), None, "It holds another token (ends at 2026-11-24T06:00:01Z)."),
    (jwt(jti="b", iat=1795500000), OURS, "It holds another token (the id b, issued at 2026-11-24T06:00:00Z)."),
    (jwt(iat=1795500001), None, "It holds another token (issued at 2026-11-24T06:00:01Z)."),
    (jwt(iat=1795500001), "changeme", "It holds another token (issued at 2026-11-24T06:00:01Z)."),
    (jwt(iat=1795500001), OURS, f"{AT} 2026-11-24T06:00:01Z), which is newer: another run may have delivered it."),
    (jwt(iat=1795499999), OURS, f"{AT} 2026-11-24T05:59:59Z), which is older: the delivery was undone, or never arrived."),
]  # fmt: skip


@pytest.mark.parametrize(("value", "ours", "said"), SAID)
def test_it_says_whose_a_value_is(value: str, ours: str | None, said: str) -> None:
    assert whose(value, ours) == said
