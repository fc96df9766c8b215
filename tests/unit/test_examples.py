# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example that ansible-doc shows is played as it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks import Playbooks, with_one_core
from tests.simulator import Simulator
from tests.tools.checkout import ROOT

COLLECTION = "community.turso"


# The calls that a client library of the API has, and the examples that show how each is done.
CALLS = {
    "create, with a description": ("turso_token", "POST", "/v1/auth/api-tokens/ci-deploy"),
    "list": ("turso_token_info", "GET", "/v1/auth/api-tokens"),
    "list an organization's": ("turso_token_info", "GET", "/v1/organizations/acme/api-tokens"),
    "revoke": ("turso_token", "DELETE", "/v1/auth/api-tokens/ci-deploy"),
    "validate": ("turso_token_info", "GET", "/v1/auth/validate"),
    "mint": ("turso_sql_token", "POST", "/v1/organizations/acme/databases/shop/auth/tokens"),
    "mint for a group": ("turso_sql_token", "POST", "/v1/organizations/acme/groups/production/auth/tokens"),
    "invalidate": ("turso_sql_invalidation", "POST", "/v1/organizations/acme/databases/shop/auth/rotate"),
}


def documented() -> list[tuple[str, str]]:
    """Return every plugin that a user may call, as its type and name."""
    kinds = {"modules": "module", "filter": "filter", "lookup": "lookup"}
    paths = [(kind, path) for folder, kind in kinds.items() for path in (ROOT / "plugins" / folder).glob("[!_]*.py")]
    return sorted((kind, path.stem) for kind, path in paths)


_told: dict[tuple[Path, str], dict[str, dict[str, Any]]] = {}


def docs_of(playbooks: Playbooks, kind: str) -> dict[str, dict[str, Any]]:
    """Return what ansible-doc says of all plugins of one type, by name. Each ansible-core is asked once."""
    names = [name for each, name in documented() if each == kind]
    if (playbooks.venv, kind) not in _told:
        shown = playbooks.run("ansible-doc", "-t", kind, "-j", *(f"{COLLECTION}.{name}" for name in names))
        assert shown.ok, shown.output
        _told[playbooks.venv, kind] = json.loads(shown.output[shown.output.index("{") :])
    return {name: _told[playbooks.venv, kind][f"{COLLECTION}.{name}"] for name in names}


def examples_of(playbooks: Playbooks, kind: str, name: str) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = yaml.safe_load(docs_of(playbooks, kind)[name]["examples"])
    return tasks


def play_examples(playbooks: Playbooks, kind: str, name: str, variables: dict[str, Any]) -> None:
    """Play the examples of a plugin, in a folder such as a user of ansible-vault has."""
    examples = examples_of(playbooks, kind, name)
    playbooks.write("group_vars/all/vars.yml", variables)
    password = playbooks.write("vault-password", "a password of this test")
    played = playbooks.play(
        [{"hosts": "localhost", "gather_facts": False, "tasks": examples}], "--vault-password-file", str(password)
    )
    assert played.ok, played.output
    assert played.recap["ok"] + played.recap["skipped"] == len(examples), played.output


# Those of the role turso_deliver ask other services, that of turso_audit includes the role, and that of fresh_file is no task that
# a recap counts: the tests of these play them.
OF_ROLES = ("turso_delivery", "turso_delivery_aws", "turso_audit", "fresh_file")
ASKING = [(kind, name) for kind, name in documented() if name not in OF_ROLES]


@pytest.mark.parametrize(("kind", "name"), ASKING, ids=[f"{kind}-{name}" for kind, name in ASKING])
def test_the_examples_work(playbooks: Playbooks, simulator: Simulator, kind: str, name: str) -> None:
    simulator.given("legacy", age_days=120)
    for given in ("ci-web", "ci-docs"):
        simulator.given(given, organization="acme")
    for given in ("laptop", "backup"):
        simulator.given(given, user="bob", organization="acme")
    leaked = simulator.given("leaked", organization="acme")
    simulator.add_database("shop")
    playbooks.env["TURSO_AUTH_TOKEN"] = simulator.given_sql(database="shop", expiration="90d").secret
    play_examples(playbooks, kind, name, {"leaked_value": leaked.secret})
    assert simulator.requests or name == "token_claims"
    sent = {(request.method, request.path): request.body for request in simulator.requests}
    assert [call for call, (by, *request) in CALLS.items() if by == name and tuple(request) not in sent] == []
    if name == "turso_token":
        assert sent["POST", "/v1/auth/api-tokens/ci-deploy"]["description"]


@with_one_core
@pytest.mark.parametrize("kind", sorted({kind for kind, _name in documented()}))
def test_the_documentation_is_complete(playbooks: Playbooks, kind: str) -> None:
    for name, shown in docs_of(playbooks, kind).items():
        assert shown["examples"], name
        assert shown["return"], name
        doc = shown["doc"]
        for key in ("short_description", "description", "author", "options"):
            assert doc[key], (name, key)
        # The changelog names what has a version as new; what is internal is not new to anybody.
        assert ("version_added" in doc) is not doc["short_description"].startswith("Internal"), name
        assert all(option["description"] for option in shown["doc"]["options"].values()), name


@with_one_core
def test_one_token_is_retrieved_in_an_example(playbooks: Playbooks, simulator: Simulator) -> None:
    there = simulator.given("ci-deploy", organization="acme")
    examples = examples_of(playbooks, "module", "turso_token_info")
    (retrieve,) = [task for task in examples if "name" in (task.get(f"{COLLECTION}.turso_token_info") or {})]
    check = {
        "ansible.builtin.assert": {
            "that": f"{retrieve['register']}.tokens | map(attribute='id') | list == ['{there.id}']"
        }
    }
    played = playbooks.play([{"hosts": "localhost", "gather_facts": False, "tasks": [retrieve, check]}])
    assert played.ok, played.output


@with_one_core
def test_the_documentation_of_a_role_is_complete(playbooks: Playbooks) -> None:
    roles = sorted(path.name for path in (ROOT / "roles").iterdir())
    shown = playbooks.run("ansible-doc", "-t", "role", "-j", *(f"{COLLECTION}.{role}" for role in roles))
    assert shown.ok, shown.output
    docs = json.loads(shown.output[shown.output.index("{") :])
    assert [role for role in roles if f"{COLLECTION}.{role}" not in docs] == []
    for role in roles:
        entry_points = docs[f"{COLLECTION}.{role}"]["entry_points"]
        assert ("main" in entry_points) is (ROOT / "roles" / role / "tasks/main.yml").is_file()
        for entry_point in entry_points.values():
            assert entry_point["short_description"], role
            assert entry_point["description"], role
            assert all(option["description"] for option in entry_point["options"].values()), role
