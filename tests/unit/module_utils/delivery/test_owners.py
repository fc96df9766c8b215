# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which destinations share a place, so that one value would overwrite the other."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery.owners import Owners, Place

FILE = {"to": "file", "path": "/x"}
ENV = {"to": "env_file", "path": "/x", "variable": "A"}
VAULT_FILE = {"to": "ansible_vault", "path": "/x", "variable": "a"}
SOPS = {"to": "sops_file", "path": "/x", "key": "a"}
AWS = {"to": "aws_secret", "name": "shop"}
KUBERNETES = {"to": "kubernetes_secret", "namespace": "n", "name": "s", "key": "k"}
VAULT = {"to": "vault_kv", "mount": "secret", "path": "p", "key": "k"}
GITHUB = {"to": "github_secret", "repository": "acme/app", "name": "T"}
GITLAB = {"to": "gitlab_variable", "project": "acme/app", "variable": "T", "scope": "*"}
VERCEL = {"to": "vercel_env", "project": "p", "variable": "T", "target": ["production"]}
WORKER = {"to": "cloudflare_worker_secret", "account_id": "1", "script": "s", "name": "T"}

SHARE = [
    *((one, one) for one in (FILE, ENV, VAULT_FILE, SOPS, AWS, KUBERNETES, VAULT, GITHUB, GITLAB, VERCEL, WORKER)),
    *((FILE, part) for part in (ENV, VAULT_FILE, SOPS)),
    (ENV, {**SOPS, "key": "A"}),
    (AWS, {**AWS, "key": "k"}),
    ({**AWS, "region": "r"}, {**AWS, "region": "r", "key": "k"}),
    (VAULT, {**VAULT, "mount": "secret"}),
    (GITHUB, {**GITHUB, "repository": "Acme/App", "name": "t"}),
]
APART = [
    *((one, {**one, "path": "/y"}) for one in (FILE, ENV, VAULT_FILE, SOPS)),
    *((one, {**one, "host": "web"}) for one in (FILE, ENV)),
    (FILE, {**ENV, "host": "web"}),
    (ENV, {**ENV, "variable": "B"}),
    (VAULT_FILE, {**VAULT_FILE, "variable": "b"}),
    (SOPS, {**SOPS, "key": "b"}),
    ({**AWS, "key": "k"}, {**AWS, "key": "l"}),
    (AWS, {**AWS, "name": "shop2", "key": "k"}),
    ({**AWS, "region": "r"}, {**AWS, "region": "s", "key": "k"}),
    (KUBERNETES, {**KUBERNETES, "key": "l"}),
    (VAULT, {**VAULT, "key": "l"}),
    (GITHUB, {**GITHUB, "environment": "production"}),
    (GITLAB, {**GITLAB, "scope": "production"}),
    (VERCEL, {**VERCEL, "target": ["preview"]}),
    (WORKER, {**WORKER, "name": "U"}),
]


def place(item: dict[str, Any]) -> Place:
    return Place.of(item["to"], item, item.get("host", "localhost"))


@pytest.mark.parametrize(
    ("one", "other", "is_shared"), [(*pair, True) for pair in SHARE] + [(*pair, False) for pair in APART]
)
def test_a_place_is_shared_by_its_parts_and_the_whole(
    one: dict[str, Any], other: dict[str, Any], is_shared: bool
) -> None:
    for first, second in ((one, other), (other, one)):
        assert Owners([(place(first), "first")]).sharing(place(second)) == (["first"] if is_shared else [])


def test_the_whole_is_shared_with_everybody_who_has_a_part() -> None:
    keys = [{**AWS, "key": key} for key in ("a", "b")]
    owners = Owners([(place(item), index) for index, item in enumerate([AWS, *keys])])
    assert owners.sharing(place(AWS)) == [0, 1, 2]
    assert sorted(owners.sharing(place(keys[1]))) == [0, 2]
