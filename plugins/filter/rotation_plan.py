# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._api.scopes import expand_scopes
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import Defaults, only_api, read_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import Plan, plan_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.report import of_plan
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import Version, active_versions
from ansible_collections.community.turso.plugins.module_utils._rotation.view import Stored, View, view_of
from ansible_collections.community.turso.plugins.module_utils._time import maybe_utc_text, moment_of


def rotation_plan(
    versions: list[dict[str, Any]],
    wanted: list[dict[str, Any]],
    now: str,
    *,
    nonce: str = "0000",
    state: dict[str, Any] | None = None,
    stored: dict[str, str | None] | None = None,
    **defaults: Any,
) -> list[dict[str, Any]]:
    """Plan a rotation with plain data in and out.

    :param versions: token objects, as the modules list them.
    :param wanted: entries of `turso_rotate_tokens`.
    :param now: an ISO 8601 time.
    :param state: what the state file holds; None without one.
    :param stored: the ids of the values in the vault file, by name; None without a vault file.
    :param defaults: `max_age_days`, `grace_hours`, `spread_days`, `force`, `pending_minutes`, `max_versions`, `credentials`.
    :raises AnsibleFilterError: for input that cannot be planned with.
    """
    moment = moment_of(str(now))
    if moment is None:
        raise AnsibleFilterError(f"rotation_plan: now must be an ISO 8601 time, not {now!r}")
    _check_objects("versions", versions, ("name", "id"))
    _check_objects("wanted", wanted, ("name",))
    try:
        given = Defaults(has_state_file=state is not None, has_vault_file=stored is not None, **defaults)
        entries = only_api(read_entries(wanted, given))
        known = None if state is None else State.from_json(state) if state else State()
        active = active_versions([_token(item) for item in versions], [entry.name for entry in entries], moment)
        held = None if stored is None else {name: Stored(token_id) for name, token_id in stored.items()}
        views = [view_of(entry, active[entry.name], moment, known, held) for entry in entries]
        return [_as_dict(plan, view) for plan, view in zip(plan_entries(views, nonce), views)]
    except TursoError as exc:
        raise AnsibleFilterError(f"rotation_plan: {exc.msg}") from exc
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise AnsibleFilterError(f"rotation_plan: the input cannot be read: {type(exc).__name__}: {exc}") from exc


def _check_objects(name: str, value: Any, keys: Sequence[str]) -> None:
    if not isinstance(value, list) or not all(
        isinstance(item, dict) and all(item.get(key) for key in keys) for item in value
    ):
        raise AnsibleFilterError(f"rotation_plan: {name} must be a list of dictionaries with {' and '.join(keys)}")


def _token(given: Mapping[str, Any]) -> Token:
    scopes = given.get("scopes")
    return Token(
        str(given["name"]),
        str(given["id"]),
        Restriction(given.get("organization"), given.get("group"), expand_scopes(scopes)),
        given.get("created_at"),
    )


def _as_dict(plan: Plan, view: View) -> dict[str, Any]:
    return {
        "name": plan.name,
        "action": plan.action,
        "reason": plan.reason,
        "refusal": plan.refusal,
        "current": None if plan.current is None else plan.current.ref,
        "new_name": plan.new_name,
        "resumed": None if plan.resumed is None else plan.resumed.ref,
        "previous": _refs(plan.previous),
        "pending_elsewhere": _refs(plan.elsewhere),
        "swept": _refs(plan.swept),
        "next_due": maybe_utc_text(plan.next_due()),
        "grace_hours": plan.entry.policy.grace.total_seconds() / 3600,
        "msg": of_plan(plan, view)["msg"],
    }


def _refs(versions: Sequence[Version]) -> list[dict[str, str]]:
    return [version.ref for version in versions]


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"rotation_plan": rotation_plan}
