# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""rotation.schema.json: made from the argument specs, and takes what the roles take."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import KINDS, read_destination
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from tests.tools import schema
from tests.tools.checkout import ROOT

TASKS = ROOT / "roles/turso_deliver/tasks"
SPECS = yaml.safe_load((ROOT / "roles/turso_deliver/meta/argument_specs.yml").read_text())["argument_specs"]
OPTIONS = {to: SPECS[f"{to}_check"]["options"]["turso_deliver_items"]["options"]["options"]["options"] for to in KINDS}
VALIDATOR = jsonschema.Draft7Validator(schema.schema())


def problems(**entry: Any) -> list[str]:
    """Return what the schema finds wrong with a file of one entry."""
    file = {"turso_rotate_tokens": [{"name": "ci", **entry}]}
    return [error.message for error in VALIDATOR.iter_errors(file)]


def test_the_schema_is_made_from_the_argument_specs() -> None:
    assert (ROOT / "rotation.schema.json").read_text(encoding="utf-8") == schema.text(), "make schema"
    jsonschema.Draft7Validator.check_schema(schema.schema())


def test_every_entry_point_is_a_tasks_file_and_a_verb_of_a_kind() -> None:
    wanted = {f"{to}_{verb}" for to, verb in itertools.product(KINDS, ("check", "deliver", "read_back"))}
    assert set(SPECS) == wanted
    assert {path.stem for path in TASKS.glob("*.yml")} == wanted | {"here", "on_hosts"}
    for name in wanted:
        (task,) = yaml.safe_load((TASKS / f"{name}.yml").read_text())
        to, verb = next((to, name.removeprefix(f"{to}_")) for to in KINDS if name.removeprefix(f"{to}_") in _VERBS)
        assert task["vars"] == {"__turso_deliver_to": to, "__turso_deliver_verb": verb}


_VERBS = ("check", "deliver", "read_back")


def sample(to: str) -> dict[str, Any]:
    """Return an item with everything that a destination requires, and nothing besides."""
    needed = {name: "x" for name, option in OPTIONS[to].items() if option.get("required")}
    either = {
        "github_secret": {"repository": "acme/app"},
        "gitlab_variable": {"project": "acme/app"},
        "cloudflare_worker_secret": {"account_id": "0123456789abcdef" * 2},
    }
    return {"to": to, "takes_effect_hours": 0, **needed, **either.get(to, {})}


@pytest.mark.parametrize("to", KINDS)
def test_the_schema_and_the_role_agree(to: str) -> None:
    """Left out, unknown, and every option that may be said instead of takes_effect_hours."""
    item = sample(to)
    trials = [
        item,
        {**item, "tokn": "x"},
        {**item, "takes_effect_hours": "soon"},
        {key: value for key, value in item.items() if key != "takes_effect_hours"},
        *({key: value for key, value in item.items() if key != name} for name in _always_required(to)),
        *(
            {**{key: value for key, value in item.items() if key != "takes_effect_hours"}, name: value}
            for name, value in (("restart", "app"), ("rollout", ["deployment/app"]), ("redeploy", True))
            if name in OPTIONS[to]
        ),
    ]
    for trial in trials:
        try:
            read_destination(trial, OPTIONS)
            accepted = True
        except Refused:
            accepted = False
        assert (problems(deliver=[trial]) == []) is accepted, trial


def _always_required(to: str) -> list[str]:
    return [name for name, option in OPTIONS[to].items() if option.get("required")]


TAKEN: list[dict[str, Any]] = [
    {},
    {"max_age_days": "{{ days }}", "grace_hours": 1.5},
    {"deliver": "{{ everywhere }}"},
    {
        "deliver": [
            {"to": "play", "hosts": ["web"]},
            {"tasks": "odd.yml"},
            {"to": "vault_file", "takes_effect_hours": 1},
        ]
    },
    {
        "deliver": [
            {"to": "file", "path": "/x", "become": "{{ b }}", "takes_effect_hours": "{{ hours }}", "hosts": "{{ h }}"}
        ]
    },
    {"deliver": [{"to": "gitlab_variable", "project": 42, "variable": "X"}]},
]
NOT_TAKEN: list[dict[str, Any]] = [
    {"max_age_days": "often"},
    {"max_age_days": 1.5},
    {"organisation": "acme"},
    {"deliver": []},
    {"deliver": [{"to": "nowhere"}]},
    {"deliver": [{"to": "vault_file"}]},
    {"deliver": [{"to": "file", "path": "/x"}]},
    {"deliver": [{"to": "file", "path": "/x", "restart": "app", "mode": 416}]},
    {"deliver": [{"to": "file", "path": "/x", "restart": "app", "become": "yes"}]},
]


@pytest.mark.parametrize("entry", TAKEN)
def test_it_takes_templates_in_the_place_of_values(entry: dict[str, Any]) -> None:
    assert problems(**entry) == []


@pytest.mark.parametrize("entry", NOT_TAKEN)
def test_it_finds_what_the_role_would_refuse(entry: dict[str, Any]) -> None:
    assert problems(**entry)


def test_other_variables_may_stand_in_the_file_and_misspelled_ones_may_not() -> None:
    file: dict[str, Any] = {"turso_rotate_tokens": [], "my_days": 3}
    assert VALIDATOR.is_valid(file)
    assert not VALIDATOR.is_valid({**file, "turso_rotate_token": []})
    assert not VALIDATOR.is_valid({"my_days": 3})


def test_every_rotation_file_of_the_documentation_fits() -> None:
    shown = [block for path in _pages() for block in path.read_text(encoding="utf-8").split("```yaml\n")[1:]]
    files = [
        yaml.safe_load(block.split("```")[0]) for block in shown if block.startswith(("turso_rotate_", "# yaml-lang"))
    ]
    files = [file for file in files if isinstance(file, dict) and "turso_rotate_tokens" in file]
    assert files
    for file in files:
        assert list(VALIDATOR.iter_errors(file)) == []


def _pages() -> list[Path]:
    return sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "roles").glob("*/README.md")])
