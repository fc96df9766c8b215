# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The versions of managed tokens, as a rotation file and a state file tell of them: what is due when, who has confirmed.

Pure and private. The plan is the rotation's own. What only a rotation sees, such as the vault file, is not in it.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._audit.stored import Expected, expected_in
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import (
    Defaults,
    Entry,
    only_api,
    read_entries,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import Plan, plan_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.sentences import planned
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State, TokenState
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import Version, active_versions
from ansible_collections.community.turso.plugins.module_utils._rotation.view import View
from ansible_collections.community.turso.plugins.module_utils._time import moment_of, utc_text

TOKENS = "turso_rotate_tokens"
POLICY = ("max_age_days", "grace_hours", "spread_days", "pending_minutes")
AT_ONCE = datetime.timedelta()
PLANNED = ("name", "kind", "organization", "group", "scopes", "max_age_days", "grace_hours", "current", "credential")


OF_SQL = ("database", "renew_before")


@dataclasses.dataclass(frozen=True)
class Rotation:
    """What the tokens are managed by.

    :ivar state: what the state file says; none where there is none.
    :ivar sql: what the entries with kind: sql say, by name.
    :ivar own_ids: the tokens of the user who rotates, because a rotation finds no others; none where all are.
    """

    entries: tuple[Entry, ...]
    state: State | None
    own_ids: frozenset[str] | None = None
    sql: Mapping[str, Expected] = dataclasses.field(default_factory=dict)

    def state_of(self, name: str) -> TokenState | None:
        return None if self.state is None else self.state.of(name)

    @classmethod
    def of(cls, settings: Mapping[str, Any], state: State | None) -> Rotation:
        """Read the variables of a rotation file.

        SQL tokens are not planned, because no list has them. What their entries say is held against the vault file.

        :raises Refused: with every entry that the rotation would refuse, too.
        """
        written = settings.get(TOKENS) or ()
        given = [_planned_of(entry) for entry in written if _part(entry, ["kind"]) != {"kind": "sql"}]
        known = _part(settings, [f"turso_rotate_{key}" for key in POLICY])
        credentials = [str(entry.get("credential")) for entry in given]
        defaults = Defaults(has_state_file=True, credentials=credentials)
        policy = {name[len("turso_rotate_") :]: value for name, value in known.items()}
        entries = read_entries(given, dataclasses.replace(defaults, **policy))
        return cls(tuple(only_api(entries)), state, sql=expected_in(written))


def of_one_user(rotation: Rotation | None, ids: Sequence[str] | None) -> Rotation | None:
    """Return a rotation by the user who has these tokens; none of either changes nothing."""
    if rotation is None or ids is None:
        return rotation
    return dataclasses.replace(rotation, own_ids=frozenset(ids))


def needed_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a plan needs of the variables of a rotation file; the others may need what an audit does not have."""
    needed = _part(settings, [f"turso_rotate_{key}" for key in POLICY])
    needed[TOKENS] = [_part(entry, [*PLANNED, *OF_SQL, "deliver"]) for entry in settings.get(TOKENS) or ()]
    for entry in needed[TOKENS]:
        entry["deliver"] = [_part(item, ["takes_effect_hours"]) for item in entry.get("deliver") or ()]
    return needed


def _planned_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry as a plan takes it. Of who gets the token, only how long they may use the old value."""
    recipients = [
        {"tasks": f"recipient {index}", **_part(item, ["takes_effect_hours"])}
        for index, item in enumerate(entry.get("deliver") or [{}])
    ]
    return {**_part(entry, PLANNED), "deliver": recipients}


def _part(given: Any, keys: Sequence[str]) -> dict[str, Any]:
    """Return the parts of a dictionary that it has; a word, such as a destination may be, has none."""
    return {key: given[key] for key in keys if key in given} if isinstance(given, Mapping) else {}


def versions_of(
    rotation: Rotation,
    tokens: Sequence[Mapping[str, Any]],
    now: datetime.datetime,
    organization: str | None,
) -> list[dict[str, Any]]:
    """Return what is known of each managed token, in the order of the rotation file.

    :param organization: whose list it is: it shows no version of another's entries.
    """
    entries = [entry for entry in rotation.entries if organization in (None, entry.want.restriction.organization)]
    found = [Token.from_result(token) for token in tokens]
    mine = [token for token in found if rotation.own_ids is None or token.id in rotation.own_ids]
    names = [entry.name for entry in entries]
    own, all_of_them = (active_versions(listed, names, now) for listed in (mine, found))
    views = []
    for entry in entries:
        versions = (own if entry.credential is None else all_of_them)[entry.name]
        views.append(View(entry, versions, now, rotation.state_of(entry.name)))
    return [_entry(plan, view) for plan, view in zip(plan_entries(views, "0000"), views)]


def _entry(plan: Plan, view: View) -> dict[str, Any]:
    known = view.state or TokenState()
    versions = [_version(version, plan, known) for version in view.versions]
    return {
        "name": plan.name,
        "due": plan.reason,
        "next_due": _text(plan.next_due()),
        "refusal": plan.refusal,
        "msg": planned(plan, view),
        "versions": versions,
        "confirmed_at": getattr(known.current, "confirmed_at", None),
        "confirmations": _confirmations(known),
    }


def _version(version: Version, plan: Plan, known: TokenState) -> dict[str, Any]:
    since = {previous.id: moment_of(previous.since) for previous in known.previous}.get(version.id)
    return {
        **version.ref,
        "issued_at": _text(version.issued_at),
        "label": _label(version, plan, known),
        "revoked_from": _text(since, plan.entry.policy.grace),
    }


def _text(moment: datetime.datetime | None, later: datetime.timedelta = AT_ONCE) -> str | None:
    return None if moment is None else utc_text(moment + later)


def _label(version: Version, plan: Plan, known: TokenState) -> str:
    """Return the word for a version: by the state file, else by the plan."""
    if version.id == getattr(known.pending, "id", None):
        return "pending"
    if version == plan.current:
        return "current"
    return "pending elsewhere" if version in plan.elsewhere else "previous"


def _confirmations(known: TokenState) -> list[dict[str, str | None]]:
    """Return who has to confirm the pending version, and when each did."""
    destinations = getattr(known.pending, "destinations", {})
    return [{"to": label, "at": at} for label, at in destinations.items()]
