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
SAYS_NOTHING = ", which is not a token that can be identified"
AT = ": issued at 2026-11-24"
SAID: list[tuple[str, str | None, str]] = [
    ("", OURS, SAYS_NOTHING),
    ("changeme", OURS, SAYS_NOTHING),
    (jwt(exp=1795500001), OURS, SAYS_NOTHING),
    (jwt(jti="b"), OURS, ": of the token with the id b"),
    (jwt(jti="b", iat=1795500000), OURS, ": of the token with the id b, issued at 2026-11-24 06:00:00 UTC"),
    (jwt(iat=1795500001), None, f"{AT} 06:00:01 UTC"),
    (jwt(iat=1795500001), "changeme", f"{AT} 06:00:01 UTC"),
    (jwt(iat=1795500001), OURS, f"{AT} 06:00:01 UTC, newer than the one delivered"),
    (jwt(iat=1795499999), OURS, f"{AT} 05:59:59 UTC, older than the one delivered"),
]


@pytest.mark.parametrize(("value", "ours", "said"), SAID)
def test_it_says_whose_a_value_is(value: str, ours: str | None, said: str) -> None:
    assert whose(value, ours) == said
