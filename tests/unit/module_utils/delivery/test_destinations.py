# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Items of `deliver`: what each destination takes, what it refuses, and what tells one place from another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import KINDS, read_destination
from ansible_collections.community.turso.plugins.module_utils._errors import Refused

SPECS = {
    name.removesuffix("_check"): spec["options"]["turso_deliver_items"]["options"]["options"]["options"]
    for name, spec in yaml.safe_load(
        (Path(__file__).resolve().parents[4] / "roles/turso_deliver/meta/argument_specs.yml").read_text()
    )["argument_specs"].items()
    if name.endswith("_check")
}

ACCOUNT = "0123456789abcdef" * 2
BOTH = ["production", "preview"]


def read(**item: Any) -> Any:
    return read_destination(item, SPECS)


READ: list[tuple[dict[str, Any], str, float]] = [
    ({"to": "file", "path": "/x", "restart": "app"}, "/x", 0),
    ({"to": "file", "path": "/x", "takes_effect_hours": "1.5"}, "/x", 1.5),
    ({"to": "file", "path": "/x", "restart": "app", "takes_effect_hours": 2}, "/x", 2),
    ({"to": "env_file", "path": "/x", "variable": "A_1", "hosts": ["web"], "restart": "a"}, "/x A_1", 0),
    ({"to": "ansible_vault", "path": "v.yml", "variable": "t", "takes_effect_hours": 0}, "v.yml t", 0),
    ({"to": "sops_file", "path": "v.yaml", "key": "a.b", "takes_effect_hours": 0}, "v.yaml a.b", 0),
    ({"to": "github_secret", "repository": "Acme/App", "name": "token"}, "acme/app TOKEN", 24),
    ({"to": "github_secret", "repository": "a/b", "environment": "Prod", "name": "t"}, "a/b prod T", 24),
    ({"to": "github_secret", "organization": "Acme", "name": "t"}, "acme T", 24),
    ({"to": "gitlab_variable", "project": "A/B", "variable": "t"}, "a/b t *", 24),
    ({"to": "gitlab_variable", "group": "A", "variable": "t", "scope": "prod"}, "a t prod", 24),
    ({"to": "vercel_env", "project": "p", "variable": "t", "target": BOTH, "takes_effect_hours": 2}, "p t preview production", 2),
    ({"to": "cloudflare_worker_secret", "account_id": ACCOUNT, "script": "s", "name": "n"}, f"{ACCOUNT} s n", 0),
    ({"to": "kubernetes_secret", "namespace": "n", "name": "s", "key": "k", "rollout": ["deployment/a"]}, "n s k", 0),
    ({"to": "vault_kv", "path": "p", "key": "k", "takes_effect_hours": 1}, "secret/p k", 1),
    ({"to": "aws_secret", "name": "n", "takes_effect_hours": 1}, "n", 1),
]  # fmt: skip


TEXTS = [
    (to, name, [" "] if option.get("type") == "list" else " ")
    for to, spec in SPECS.items()
    for name, option in spec.items()
    if "str" in (option.get("type", "str"), option.get("elements")) or option.get("type") == "path"
]


@pytest.mark.parametrize(("to", "name", "blank"), TEXTS)
def test_an_option_that_came_to_nothing_is_none_that_was_left_out(to: str, name: str, blank: str | list[str]) -> None:
    """An empty key would be added beside the one in use, and read back; an empty context is whichever is current."""
    whole = next(item for item, _address, _hours in READ if item["to"] == to)
    with pytest.raises(Refused, match=f"{name} is empty"):
        read(**{**whole, name: blank})


@pytest.mark.parametrize(("item", "address", "hours"), READ)
def test_an_item_is_read(item: dict[str, Any], address: str, hours: float) -> None:
    found = read(**item)
    assert (found.to, found.takes_effect.total_seconds()) == (item["to"], hours * 3600)
    assert found.address.split() == address.split() or address in found.address


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"to": "file"}, "missing required arguments: path"),
    ({"to": "file", "path": "/x", "paht": "/y"}, "has no option paht; it has path, hosts"),
    ({"to": "file", "path": "/x"}, "needs takes_effect_hours: for how many hours after the delivery"),
    ({"to": "file", "path": "/x"}, "or give restart: the service that reads it"),
    ({"to": "vault_kv", "path": "x", "key": "k"}, "Set it to 0 where the value is read at each use"),
    ({"to": "kubernetes_secret", "namespace": "n", "name": "s", "key": "k"}, "or give rollout"),
    ({"to": "vercel_env", "project": "p", "variable": "t"}, "or give redeploy: true"),
    ({"to": "file", "path": "/x", "takes_effect_hours": -1}, "takes_effect_hours must be 0 or more"),
    ({"to": "file", "path": "/x", "takes_effect_hours": "nan"}, "takes_effect_hours must be 0 or more"),
    ({"to": "file", "path": "/x", "restart": "a", "mode": "416"}, 'mode must be four octal digits in quotes, such as "0640"'),
    ({"to": "file", "path": "/x", "restart": "a", "hosts": []}, "the value would reach nobody"),
    ({"to": "env_file", "path": "x", "variable": "A", "restart": "a", "hosts": ["web"]}, "path must be absolute where hosts is set"),
    ({"to": "env_file", "path": "/x", "variable": "A-B", "restart": "a"}, "must be the name of an environment variable"),
    ({"to": "github_secret", "name": "t"}, "exactly one of repository and organization is needed"),
    ({"to": "github_secret", "name": "t", "repository": "a/b", "organization": "a"}, "exactly one of repository"),
    ({"to": "github_secret", "name": "t", "organization": "a", "environment": "e"}, "environment needs repository"),
    ({"to": "github_secret", "name": "t", "repository": "a"}, "repository must be owner/name"),
    ({"to": "gitlab_variable", "variable": "t"}, "exactly one of project and group is needed"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "says"), REFUSED)
def test_an_item_that_cannot_be_is_refused(item: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused) as refused:
        read(**item)
    assert says in refused.value.msg
    assert refused.value.msg.startswith(f"to: {item['to']}")


def test_a_path_counts_from_where_it_is_said_but_not_on_hosts() -> None:
    def located(path: str) -> str:
        return f"/playbooks/{path}"

    here = {"to": "file", "path": "x", "restart": "a"}
    assert read_destination(here, SPECS, located).address == "/playbooks/x"
    there = {**here, "path": "/x", "hosts": ["web"]}
    assert read_destination(there, SPECS, located).address == "/x"
    assert read_destination(there, SPECS, located).hosts == ("web",)
    stored = {"to": "vault_kv", "path": "x", "key": "k", "takes_effect_hours": 0}
    assert "playbooks" not in read_destination(stored, SPECS, located).address


def test_every_kind_has_its_options() -> None:
    assert set(KINDS) == set(SPECS)
