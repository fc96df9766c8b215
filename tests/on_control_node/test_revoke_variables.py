# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the emergency's playbook: rendered whole, or refused before the first request."""

from __future__ import annotations

from typing import Any

import ansible.template
import pytest
from ansible.parsing.dataloader import DataLoader

from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.plugin_utils._revoke_variables import options_in

ASKED = ("names", "exclude", "confirm")
SECRET = "s3cr3t"
# A variable until ansible-core 2.18; since then the templates themselves know it.
OMIT = {} if hasattr(ansible.template, "trust_as_template") else {"omit": "__omit_place_holder__7f3a"}


def trusted(value: Any) -> Any:
    """Return what ansible-core reads from a file: since 2.19 nothing else is a template."""
    if isinstance(value, dict):
        return {key: trusted(part) for key, part in value.items()}
    if isinstance(value, list):
        return [trusted(part) for part in value]
    trust = getattr(ansible.template, "trust_as_template", None)
    return trust(value) if trust and isinstance(value, str) else value


def options(**variables: Any) -> dict[str, Any]:
    given = trusted({"team": "ci", **OMIT, **variables})
    return options_in(given, ASKED, ansible.template.Templar(loader=DataLoader(), variables=given).template)


GIVEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {}),
    "what is set": ({"turso_revoke_names": ["ci"]}, {"names": ["ci"]}),
    "what is set by a template": ({"turso_revoke_names": ["{{ team }}-docs"]}, {"names": ["ci-docs"]}),
    "the type that was written": ({"turso_revoke_confirm": 1, "turso_revoke_names": "1"}, {"confirm": 1, "names": "1"}),
    "nothing where it comes to omit": ({"turso_revoke_names": "{{ omit }}"}, {}),
    "the rest of what comes to omit in part": (
        {"turso_revoke_exclude": {"names": ["docs"], "ids": "{{ omit }}"}},
        {"exclude": {"names": ["docs"]}},
    ),
    "a null, which the module refuses": ({"turso_revoke_exclude": None}, {"exclude": None}),
    "no other of the rotation": ({"turso_rotate_force": True, "turso_revoke_confirm": "1"}, {"confirm": "1"}),
}


@pytest.mark.parametrize(("variables", "expected"), GIVEN.values(), ids=GIVEN)
def test_takes(variables: dict[str, Any], expected: dict[str, Any]) -> None:
    assert options(**variables) == {**expected, "managed_tokens": []}


def test_the_options_may_stand_in_one_text() -> None:
    assert options_in({"turso_revoke_names": "ci"}, "exclude, names", lambda part: part)["names"] == "ci"


def test_takes_of_the_rotation_file_what_its_entries_are_for_and_nothing_else() -> None:
    app = {"name": "{{ team }}-app", "kind": "sql", "organization": "acme", "database": "shop"}
    entries = [{**app, "expires_in": "90d", "deliver": [{"to": "file", "path": "/token"}]}, {"name": "api"}, "no entry"]
    assert options(turso_rotate_tokens=entries)["managed_tokens"] == [{**app, "name": "ci-app"}, {"name": "api"}]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a variable that there is not": ({"turso_revoke_name": "ci"}, "There is no variable turso_revoke_name."),
    "several": ({"turso_revoke_b": 1, "turso_revoke_a": 1}, "There is no variable turso_revoke_a, turso_revoke_b."),
    "one that cannot be rendered": ({"turso_revoke_names": "{{ spared }}"}, "turso_revoke_names cannot be rendered: "),
    "one that cannot be rendered deep inside": (
        {"turso_revoke_exclude": {"names": ["docs", "{{ spared }}"]}},
        "turso_revoke_exclude cannot be rendered: ",
    ),
    "one of the rotation that cannot be rendered": (
        {"turso_rotate_tokens": [{"name": "app", "deliver": [{"path": "{{ app_dir }}/token"}]}]},
        "turso_rotate_tokens cannot be rendered: ",
    ),
    "one whose filter fails": (
        {"turso_revoke_names": "{{ team | from_json }}"},
        "turso_revoke_names cannot be rendered: ",
    ),
    "one that raises what is no error of Ansible's": (
        {"turso_revoke_names": "{{ 1 // 0 }}"},
        "turso_revoke_names cannot be rendered: ",
    ),
    **{
        f"a rotation file whose tokens are {odd!r}": ({"turso_rotate_tokens": odd}, "turso_rotate_tokens is not a list")
        for odd in (None, "a word", {"name": "app"}, 7)
    },
    "what is no template": ({"turso_revoke_names": "{{ team"}, "turso_revoke_names cannot be rendered: "),
}


@pytest.mark.parametrize(("variables", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(variables: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        options(**variables)
    assert refused.value.msg.startswith(message)
    assert "Nothing was revoked. " in refused.value.msg


@pytest.mark.parametrize("broken", ["{{ team", "{{ 1 // 0 }}"])
@pytest.mark.parametrize("form", ["in place", "in another variable"])
def test_what_cannot_be_rendered_is_not_shown(form: str, broken: str) -> None:
    """Ansible-core before 2.19 quotes it, and what stands beside it in another variable."""
    given: dict[str, Any] = {"turso_revoke_names": [f"{SECRET} {broken}"]}
    if form == "in another variable":
        given = {
            "found": {"value": SECRET, "other": broken},
            "turso_revoke_names": ["{{ found.value }} {{ found.other }}"],
        }
    with pytest.raises(InvalidRequest) as refused:
        options(**given)
    assert SECRET not in refused.value.msg
