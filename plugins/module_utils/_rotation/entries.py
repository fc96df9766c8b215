# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the entries of `turso_rotate_tokens`, once, and refuse what no answer of the API could make right. Private."""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Union

from ansible_collections.community.turso.plugins.module_utils._errors import BadOption, Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import values
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import (
    THE_PLAY,
    Delivered,
    Recipient,
    longest_takes_effect,
    read_recipients,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import (
    ONLY_SQL,
    SqlEntry,
    read_sql_entry,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import parse_version_name
from ansible_collections.community.turso.plugins.module_utils._token.decide import Wanted

_TEXTS = ("name", "kind", "organization", "group", "description", "current", "credential")
KEYS = (*_TEXTS, "scopes", "max_age_days", "grace_hours", "deliver")


@dataclasses.dataclass(frozen=True)
class Defaults:
    """What the role's variables say for every entry; raw values, which are read with each entry."""

    max_age_days: Any = 90
    grace_hours: Any = 0
    spread_days: Any = 0
    force: Any = False
    pending_minutes: Any = 15
    max_versions: Any = 5
    has_state_file: bool = False
    has_vault_file: bool = False
    credentials: Sequence[str] = ()
    destinations: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)  # their argument specs
    located: Callable[[str], str] = str  # returns the absolute path of a file on the control node
    recipients: Mapping[str, Sequence[Mapping[str, Any]]] | None = None  # by name, where they were read already


@dataclasses.dataclass(frozen=True)
class Policy:
    """How one managed token is to be rotated. `grace` is the effective one: it covers the slowest recipient."""

    max_age: datetime.timedelta
    grace: datetime.timedelta
    pending: datetime.timedelta
    max_versions: int
    force: bool


@dataclasses.dataclass(frozen=True)
class Entry(Delivered):
    """One entry of `turso_rotate_tokens`."""

    label: str  # what messages call it
    name: str
    want: Wanted
    policy: Policy
    current: str | None  # as given, by name or id
    credential: str | None  # a key of turso_rotate_credentials; None for the run's own
    recipients: tuple[Recipient, ...]
    kind: ClassVar[str] = "api"


AnyEntry = Union[Entry, SqlEntry]


def read_entries(given: Any, defaults: Defaults) -> list[AnyEntry]:
    """Read every entry, of API tokens and of SQL tokens.

    :param given: `turso_rotate_tokens`, as templates gave it.
    :raises Refused: with every entry that cannot be carried out safely.
    """
    if not isinstance(given, (list, tuple)) or not all(isinstance(entry, Mapping) for entry in given):
        raise refused(["turso_rotate_tokens must be a list of dictionaries."])
    names = Counter(str(entry.get("name")) for entry in given)
    entries: list[AnyEntry] = []
    refusals = []
    for index, raw in enumerate(given):
        label = f"turso_rotate_tokens[{index}] ({_shown_name(raw)})"
        try:
            if names[str(raw.get("name"))] > 1:
                raise Refused("the name is used more than once")
            entries.append(_entry(raw, label, defaults))
        except (Refused, BadOption) as exc:
            refusals.append(refusal(label, exc))
    if refusals:
        raise refused(refusals)
    return entries


def only_api(entries: Sequence[AnyEntry]) -> list[Entry]:
    """Return the entries of API tokens.

    :raises Refused: there are others.
    """
    others = [entry.label for entry in entries if not isinstance(entry, Entry)]
    if others:
        raise Refused(
            f"{', '.join(others)}: the API lists no SQL tokens, so this filter cannot plan them. Leave these entries out"
        )
    return [entry for entry in entries if isinstance(entry, Entry)]


def refusal(label: str, exc: Refused | BadOption) -> str:
    """Return one entry's part of a refusal, which says only at its end what that means."""
    said = exc.in_short if isinstance(exc, BadOption) else exc.msg
    return f"{label}: {said.rstrip('.')}."


def refused(refusals: Sequence[str]) -> Refused:
    """Return the refusal of a whole run, before anything was written."""
    return Refused(f"{' '.join(refusals)} Nothing was issued.")


def _shown_name(raw: Mapping[str, Any]) -> str:
    name = raw.get("name")
    return str(name) if isinstance(name, (str, int)) and str(name) else "without a name"


def _entry(raw: Mapping[str, Any], label: str, defaults: Defaults) -> AnyEntry:
    values.refuse_nulls({key: value for key, value in raw.items() if key != "deliver"})
    given = {**raw, **{key: values.text(key, raw[key]) for key in _TEXTS if key in raw}}
    kind = given.get("kind", "api")
    if kind == "sql":
        _check_credential(given, defaults)
        return read_sql_entry(given, label, defaults, lambda: _recipients(given, defaults))
    if kind != "api":
        raise Refused(f"kind must be api or sql, not {kind!r}")
    values.refuse_of_other_kind(given, ONLY_SQL, "SQL tokens (kind: sql)")
    values.refuse_unknown_keys(raw, KEYS, "an entry")
    if "scopes" in given:
        given["scopes"] = _scopes(given["scopes"])
    recipients = _recipients(given, defaults)
    want = Wanted.from_params({key: value for key, value in given.items() if key in _WANTED})
    name = want.name or ""
    if parse_version_name(name) is not None:
        raise Refused(
            "the name looks like the name of a version. Set the name of the managed token, without the time and the random "
            "suffix"
        )
    _check_credential(given, defaults)
    policy = _policy(given, recipients, defaults)
    return Entry(label, name, want, policy, given.get("current"), given.get("credential"), recipients)


def _recipients(given: Mapping[str, Any], defaults: Defaults) -> tuple[Recipient, ...]:
    if defaults.recipients is not None:
        return tuple(Recipient.from_json(known) for known in defaults.recipients[given["name"]])
    if "deliver" not in given:
        return (THE_PLAY,)
    return read_recipients(
        given["deliver"],
        has_vault_file=defaults.has_vault_file,
        specs=defaults.destinations,
        located=defaults.located,
    )


_WANTED = ("name", "organization", "group", "scopes", "description")


def _check_credential(given: Mapping[str, Any], defaults: Defaults) -> None:
    credential = given.get("credential")
    if credential is not None and credential not in defaults.credentials:
        raise Refused(f"turso_rotate_credentials has no {credential!r}. Add it there, or correct credential")


def _scopes(value: Any) -> list[str]:
    return values.texts("scopes", value.split(",") if isinstance(value, str) else value)


def _policy(given: Mapping[str, Any], recipients: Sequence[Recipient], defaults: Defaults) -> Policy:
    name = str(given.get("name"))
    max_age = datetime.timedelta(
        days=values.whole_number("max_age_days", given.get("max_age_days", defaults.max_age_days))
    )
    spread = datetime.timedelta(days=values.whole_number("turso_rotate_spread_days", defaults.spread_days))
    if datetime.timedelta() < spread >= max_age:
        raise Refused("turso_rotate_spread_days must be less than max_age_days, or a new token could be due at once")
    grace = values.hours("grace_hours", given.get("grace_hours", defaults.grace_hours))
    max_versions = values.whole_number("turso_rotate_max_versions", defaults.max_versions)
    if max_versions < 1:
        raise Refused("turso_rotate_max_versions must be at least 1")
    policy = Policy(
        max_age=max_age - spread * values.fraction_of(name),
        grace=max(grace, longest_takes_effect(recipients)),
        pending=datetime.timedelta(
            minutes=values.whole_number("turso_rotate_pending_minutes", defaults.pending_minutes)
        ),
        max_versions=max_versions,
        force=values.switch("turso_rotate_force", defaults.force),
    )
    if policy.grace and not defaults.has_state_file:
        raise Refused(
            f"{_why_it_is_kept(grace, recipients)} needs turso_rotate_state_file: the state file records since when a version is "
            "no longer current"
        )
    if policy.grace > max_age:
        raise Refused(
            "the grace period must not be longer than max_age_days, or versions would pile up faster than the role revokes "
            "them"
        )
    return policy


def _why_it_is_kept(grace: datetime.timedelta, recipients: Sequence[Recipient]) -> str:
    slowest = max(recipients, key=lambda recipient: recipient.takes_effect)
    if slowest.takes_effect <= grace:
        return "grace_hours"
    hours = slowest.takes_effect.total_seconds() / 3600
    return f"{slowest.label}, whose consumers may use the old value for {hours:g} hours (takes_effect_hours),"
