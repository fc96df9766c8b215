# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an argument spec cannot say of the stores: their addresses, and options that cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import KINDS

VAULT = {"mount": "secret", "path": "turso/ci", "key": "token"}
CLUSTER = {"namespace": "shop", "name": "turso", "key": "TURSO_AUTH_TOKEN", "rollout": None}
ADDRESSES = [
    ("kubernetes_secret", CLUSTER, "shop turso TURSO_AUTH_TOKEN"),
    ("kubernetes_secret", {**CLUSTER, "context": "prod"}, "prod shop turso TURSO_AUTH_TOKEN"),
    ("vault_kv", VAULT, "secret/turso/ci token"),
    ("vault_kv", {**VAULT, "mount": "team/kv"}, "team/kv/turso/ci token"),
]


@pytest.mark.parametrize(("to", "options", "address"), ADDRESSES)
def test_an_address_tells_one_place_from_every_other(to: str, options: dict[str, Any], address: str) -> None:
    assert KINDS[to].address(options) == address


# kind, options, what is wrong with them
ROLLOUT = "; each must be deployment/NAME, statefulset/NAME or daemonset/NAME"
PROBLEMS = [
    ("kubernetes_secret", CLUSTER, None),
    ("kubernetes_secret", {**CLUSTER, "rollout": ["deployment/shop", "statefulset/a.b-1", "daemonset/x"]}, None),
    (
        "kubernetes_secret",
        {**CLUSTER, "rollout": ["shop", "deployment/shop", "pod/x"]},
        f"rollout has shop, pod/x{ROLLOUT}",
    ),
    ("kubernetes_secret", {**CLUSTER, "rollout": ["deployment/"]}, f"rollout has deployment/{ROLLOUT}"),
    ("kubernetes_secret", {**CLUSTER, "key": "a b"}, "key must consist of letters, digits, and the characters - _ ."),
    ("vault_kv", VAULT, None),
    ("vault_kv", {**VAULT, "path": "/turso/ci"}, "path must neither begin nor end with a slash, nor be empty"),
    ("vault_kv", {**VAULT, "mount": "secret/"}, "mount must neither begin nor end with a slash, nor be empty"),
    ("vault_kv", {**VAULT, "path": ""}, "path must neither begin nor end with a slash, nor be empty"),
]


@pytest.mark.parametrize(("to", "options", "problem"), PROBLEMS)
def test_options_that_cannot_be_are_refused(to: str, options: dict[str, Any], problem: str | None) -> None:
    assert KINDS[to].problem(options) == problem
