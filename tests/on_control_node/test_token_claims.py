# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""token_claims tells what a token says of itself, and nothing of its value."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.community.turso.plugins.filter.token_claims import FilterModule
from tests.simulator.sql import signed
from tests.simulator.tokens import mint_jwt

KEYS = (
    "kind",
    "id",
    "database_id",
    "group_id",
    "authorization",
    "permissions",
    "issued_at",
    "expires_at",
    "never_expires",
)
SQL = signed(
    {"a": "ro", "iat": 1_796_000_000, "exp": 1_803_776_000, "id": "d-1", "perm": [{"t": ["x"], "a": ["data_read"]}]}
)
token_claims = FilterModule().filters()["token_claims"]

CLAIMS: dict[str, tuple[str, dict[str, Any]]] = {
    "a SQL token": (
        SQL,
        {
            "kind": "sql",
            "database_id": "d-1",
            "authorization": "read-only",
            "permissions": [{"tables": ["x"], "actions": ["data_read"]}],
            "issued_at": "2026-11-30T00:53:20Z",
            "expires_at": "2027-02-28T00:53:20Z",
            "never_expires": False,
        },
    ),
    "with a line break": (SQL + "\n", {**dict.fromkeys(()), "kind": "sql"}),
    "an endless token of a group": (
        signed({"a": "rw", "gid": "g-1"}),
        {"kind": "sql", "group_id": "g-1", "authorization": "full-access", "never_expires": True},
    ),
    "an API token": (
        mint_jwt("an-id", issued_at=1_796_000_000, subject="alice"),
        {"kind": "api", "id": "an-id", "issued_at": "2026-11-30T00:53:20Z", "never_expires": True},
    ),
    "anything else": ("opaque", {}),
    "nothing": ("", {}),
}


@pytest.mark.parametrize(("token", "known"), CLAIMS.values(), ids=CLAIMS)
def test_every_key_is_there_and_no_value(token: str, known: dict[str, Any]) -> None:
    claims = token_claims(token)
    assert tuple(claims) == KEYS
    assert {key: claims[key] for key in known} == known
    assert all(claims[key] is None for key in KEYS if not known)
    assert not token or token.strip() not in str(claims)


class Vaulted:
    """What ansible-core before 2.19 makes of a vaulted value: no text, but one on request."""

    __ENCRYPTED__ = True

    def __str__(self) -> str:
        return SQL


def test_a_vaulted_value_is_read() -> None:
    assert token_claims(Vaulted())["database_id"] == "d-1"


@pytest.mark.parametrize("token", [None, 7, {"secret": SQL}, [SQL]], ids=type)
def test_what_is_no_text_is_refused_and_not_shown(token: Any) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        token_claims(token)
    assert SQL not in str(caught.value)
