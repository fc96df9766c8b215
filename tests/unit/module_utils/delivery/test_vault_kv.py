# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in a KV engine, what is written over it, and what an answer means."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery import vault_kv
from ansible_collections.community.turso.plugins.module_utils._delivery.vault_kv import Stored
from ansible_collections.community.turso.plugins.module_utils._errors import Refused

# what stands there, its value under "key", and the whole secret with the key replaced
STORED = {
    "nothing": (Stored(), None, {"key": "new"}),
    "a deleted version": (Stored(4), None, {"key": "new"}),
    "another key": (Stored(1, {"other": 1}), None, {"other": 1, "key": "new"}),
    "the key": (Stored(2, {"key": "old", "other": [None]}), "old", {"key": "new", "other": [None]}),
    "a number": (Stored(2, {"key": 7}), "7", {"key": "new"}),
    "null": (Stored(2, {"key": None}), None, {"key": "new"}),
}


@pytest.mark.parametrize("row", STORED)
def test_one_key_is_replaced(row: str) -> None:
    stored, value, written = STORED[row]
    assert (stored.value("key"), stored.with_value("key", "new")) == (value, written)
    assert "old" not in repr(stored)


def answer(secret: Any, version: Any = 3) -> dict[str, Any]:
    return {"secret": secret, "metadata": {"version": version}}


def test_an_answer_is_read() -> None:
    assert vault_kv.stored_in(answer({"a": {"b": [1, None]}}, "3"), "p") == Stored(3, {"a": {"b": [1, None]}})


MASKED = [
    {"a": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"},
    {"a": {"b": ["in ******** between"]}},
    {"********": 1},
]


@pytest.mark.parametrize("secret", MASKED)
def test_what_ansible_masked_is_never_written_back(secret: Any) -> None:
    with pytest.raises(Refused, match=r"a key of secret/data/ci holds the credential.* It was not changed"):
        vault_kv.stored_in(answer(secret), "secret/data/ci")


def test_the_newest_version_is_read_from_the_metadata() -> None:
    assert vault_kv.version_in({"data": {"current_version": 4, "oldest_version": 2}}) == 4


# what is granted, what stands there, what is missing
CAPABILITIES = [
    (["root"], Stored(), []),
    (["read", "update"], Stored(1, {}), []),
    (["read", "update"], Stored(1), []),
    (["read", "create"], Stored(), []),
    (["read", "create"], Stored(1, {}), ["update"]),
    (["read", "update"], Stored(), ["create"]),
    (["create", "update"], Stored(1, {}), ["read"]),
    (["deny"], Stored(1, {}), ["read", "update"]),
]


@pytest.mark.parametrize(("granted", "stored", "missing"), CAPABILITIES)
def test_what_a_credential_lacks_is_named(granted: list[str], stored: Stored, missing: list[str]) -> None:
    assert vault_kv.missing_capabilities(granted, stored) == missing


def test_the_line_of_a_policy_is_written() -> None:
    line = vault_kv.policy_for("secret/data/ci", ["read", "update"])
    assert line == 'path "secret/data/ci" { capabilities = ["read", "update"] }'


MOUNTS = [
    ({"type": "kv", "options": {"version": "2"}}, True),
    ({"type": "kv", "options": {"version": "1"}}, False),
    ({"type": "kv", "options": None}, False),
    ({"type": "cubbyhole", "options": {"version": "2"}}, False),
    ({}, False),
]


@pytest.mark.parametrize(("mount", "is_one"), MOUNTS)
def test_an_engine_that_keeps_versions_is_told_from_others(mount: dict[str, Any], is_one: bool) -> None:
    assert vault_kv.is_engine_of_version_2(mount) is is_one


# what a module said, whether the secret is certainly as it was, and whether somebody else may have written
WRITES = [
    ("Permission denied writing to 'turso/ci'", True, False),
    ("InvalidRequest writing to 'turso/ci'", True, True),
    ("InvalidPath writing to 'turso/ci'", True, False),
    ("hvac.exceptions.RateLimitExceeded: too many, on put http://vault", True, False),
    ("requests.exceptions.ConnectionError: ... Failed to establish a new connection: refused", True, False),
    ("hvac.exceptions.VaultDown: sealed, on put http://vault", False, False),
    ("hvac.exceptions.InternalServerError: None, on put http://vault", False, False),
    ("requests.exceptions.ConnectionError: Remote end closed connection without response", False, False),
    ("", False, False),
]


@pytest.mark.parametrize(("said", "is_unwritten", "is_conflict"), WRITES)
def test_a_failed_write_is_lost_unless_vault_refused_it(said: str, is_unwritten: bool, is_conflict: bool) -> None:
    assert vault_kv.is_certainly_unwritten(said) is is_unwritten
    assert vault_kv.may_be_a_conflict(said) is is_conflict


def test_what_is_absent_is_told_from_what_nobody_can_see() -> None:
    assert vault_kv.is_absent("Invalid or missing path ['ci'] with secret version 'latest'. Check the path")
    assert not vault_kv.is_absent("Forbidden: Permission Denied to path ['ci'].")
