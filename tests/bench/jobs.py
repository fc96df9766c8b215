# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job that is measured, as two playbooks: with the role, and with ansible.builtin.uri as a good engineer writes it.

Both list, find the tokens that are older than 90 days, create a new one for each, try its value, and revoke the old one. The role
is told by the play that everything is delivered; with uri nobody asks.
"""

from __future__ import annotations

from typing import Any

Play = dict[str, Any]

ROLE = "community.turso.turso_rotate"
CONCURRENCY = 8  # requests that the role has under way at once
CONFIRM: dict[str, Any] = {"ansible.builtin.include_role": {"name": ROLE, "tasks_from": "confirm"}}


def nothing() -> list[Play]:
    return [_play([])]


def facts(times: int) -> list[Play]:
    return [_play([{"ansible.builtin.set_fact": {"a": "b"}}] * times)]


def rotation_with_role(names: list[str], *, confirms: bool = True) -> list[Play]:
    wanted = [{"name": name, "organization": "acme"} for name in names]
    return [_rotation(wanted, [CONFIRM] if confirms else [])]


def rotation_of_sql_tokens(names: list[str]) -> list[Play]:
    """Return the same job for SQL tokens, each for the database of its name."""
    wanted = [{"name": name, "kind": "sql", "organization": "acme", "database": name} for name in names]
    return [_rotation(wanted, [CONFIRM], turso_rotate_state_file="state.json")]


def _rotation(wanted: list[dict[str, Any]], tasks: list[dict[str, Any]], **settings: str) -> Play:
    """Return a play with its entries where the guides have them: as parameters of the role Ansible would render them twice."""
    return {**_play(tasks), "vars": {"turso_rotate_tokens": wanted, **settings}, "roles": [ROLE]}


def audit() -> list[Play]:
    role = {"role": "community.turso.turso_audit", "turso_audit_organization": "acme", "turso_audit_fail_on": "never"}
    return [{**_play([]), "roles": [role]}]


def rotation_with_uri(names: list[str]) -> list[Play]:
    listing = {
        "ansible.builtin.uri": {
            "url": "{{ api }}/v1/auth/api-tokens",
            "headers": "{{ bearer }}",
            "return_content": True,
        },
        "register": "listed",
        "no_log": True,
    }
    due = {
        "ansible.builtin.set_fact": {
            "due": "{{ listed.json.tokens | selectattr('name', 'in', names) | selectattr('created_at', 'lt', oldest)"
            " | map(attribute='name') | list }}",
        },
        "vars": {"oldest": "{{ '%Y-%m-%d' | strftime(now().timestamp() - 90 * 86400) }}"},
    }
    create = {
        "ansible.builtin.uri": {
            "url": "{{ api }}/v1/auth/api-tokens/{{ (item ~ '-' ~ now().strftime('%Y%m%d')) | urlencode }}",
            "method": "POST",
            "body_format": "json",
            "body": {"organization": "acme"},
            "headers": "{{ bearer }}",
        },
        "loop": "{{ due }}",
        "register": "created",
        "no_log": True,
    }
    validate = {
        "ansible.builtin.uri": {
            "url": "{{ api }}/v1/auth/validate",
            "headers": {"Authorization": "Bearer {{ item.json.token }}"},
        },
        "loop": "{{ created.results }}",
        "no_log": True,
    }
    revoke = {
        "ansible.builtin.uri": {
            "url": "{{ api }}/v1/auth/api-tokens/{{ item | urlencode }}",
            "method": "DELETE",
            "headers": "{{ bearer }}",
        },
        "loop": "{{ due }}",
        "no_log": True,
    }
    play = _play([listing, due, create, validate, revoke])
    play["vars"] = {
        "names": names,
        "api": "{{ lookup('env', 'TURSO_API_BASEURL') }}",
        "bearer": {"Authorization": "Bearer {{ lookup('env', 'TURSO_API_TOKEN') }}"},
    }
    return [play]


def get_requests(times: int) -> list[Play]:
    task = {
        "ansible.builtin.uri": {
            "url": "{{ lookup('env', 'TURSO_API_BASEURL') }}/v1/auth/api-tokens",
            "headers": {"Authorization": "Bearer {{ lookup('env', 'TURSO_API_TOKEN') }}"},
        }
    }
    return [_play([task] * times)]


def _play(tasks: list[dict[str, Any]]) -> Play:
    return {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
