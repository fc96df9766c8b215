# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the entries of `turso_rotate_tokens` with `kind: sql`, and refuse what would end in an outage. Private.

The API keeps no record of a SQL token and cannot revoke one alone. So the old one ends by itself, and what is refused here is
whatever would have it end before the new one is in use, or would have every run mint another one.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ansible_collections.community.turso.plugins.module_utils._errors import Refused, kind_of
from ansible_collections.community.turso.plugins.module_utils._rotation import values
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import (
    Delivered,
    Recipient,
    longest_takes_effect,
)
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import (
    FULL_ACCESS,
    NEVER,
    READ_ONLY,
    Wanted,
)

if TYPE_CHECKING:
    from ansible_collections.community.turso.plugins.module_utils._rotation.entries import Defaults

ONLY_API = ("scopes", "description", "max_age_days", "grace_hours", "current")
ONLY_SQL = ("database", "authorization", "permissions", "expires_in", "renew_before")
KEYS = ("name", "kind", "organization", "database", "group", *ONLY_SQL[1:], "credential", "deliver")
_TEXTS = ("organization", "database", "group", "authorization", "expires_in", "renew_before")
_TO_NOTICE = datetime.timedelta(hours=24)  # for somebody to act between the first run that fails and the outage


@dataclasses.dataclass(frozen=True)
class SqlPolicy:
    """How one SQL token is to be rotated.

    :ivar spread: by how much earlier than `renew_before` says this token is due.
    :ivar max_mints: how many of its tokens that have not ended there may be.
    """

    spread: datetime.timedelta
    pending: datetime.timedelta
    max_mints: int
    force: bool


@dataclasses.dataclass(frozen=True)
class SqlEntry(Delivered):
    """One entry of `turso_rotate_tokens` with `kind: sql`."""

    label: str  # what messages call it
    name: str
    want: Wanted
    policy: SqlPolicy
    credential: str | None  # a key of turso_rotate_credentials; None for the run's own
    recipients: tuple[Recipient, ...]
    kind: ClassVar[str] = "sql"

    @property
    def readable(self) -> tuple[Recipient, ...]:
        """Return the destinations that can be asked which value they hold."""
        return tuple(recipient for recipient in self.recipients if recipient.can_be_read)


def read_sql_entry(
    given: Mapping[str, Any],
    label: str,
    defaults: Defaults,
    recipients: Callable[[], tuple[Recipient, ...]],
) -> SqlEntry:
    """Read one entry.

    :param given: as written, name and credential read.
    :param recipients: reads `deliver`.
    :raises BadOption: for options that do not go together.
    :raises Refused: for what could not be carried out safely.
    """
    values.refuse_of_other_kind(given, ONLY_API, "API tokens (kind: api)")
    values.refuse_unknown_keys(given, KEYS, "an entry with kind: sql")
    want = _want(given)
    found = recipients()
    policy = _policy(str(given["name"]), want, found, defaults)
    if not defaults.has_state_file:
        _refuse_without_memory(found, has_vault_file=defaults.has_vault_file)
    return SqlEntry(label, str(given["name"]), want, policy, given.get("credential"), found)


def _want(given: Mapping[str, Any]) -> Wanted:
    if "name" not in given:
        raise Refused("name is missing. Set a name for the token in this file; the API does not see it")
    read: dict[str, Any] = {key: values.text(key, given[key]) for key in _TEXTS if key in given}
    if read.get("authorization", FULL_ACCESS) not in (FULL_ACCESS, READ_ONLY):
        raise Refused(f"authorization must be {FULL_ACCESS} or {READ_ONLY}")
    if read.get("expires_in") == NEVER:
        raise Refused(
            "expires_in: never is not possible here. The API cannot revoke a SQL token, so an old one has to end by "
            "itself. Set a duration"
        )
    if "permissions" in given:
        read["permissions"] = [_permission(index, item) for index, item in enumerate(_listed(given["permissions"]))]
    return Wanted.from_params(read)


def _listed(written: Any) -> Sequence[Any]:
    if not isinstance(written, (list, tuple)):
        raise Refused(f"permissions must be a list of dictionaries, not {kind_of(written)}")
    return written


def _permission(index: int, written: Any) -> dict[str, list[str]]:
    where = f"permissions[{index}]"
    if not isinstance(written, Mapping):
        raise Refused(f"{where} must be a dictionary with tables and actions, not {kind_of(written)}")
    values.refuse_unknown_keys(written, ("tables", "actions"), where)
    return {key: values.texts(f"{where}.{key}", written.get(key, [])) for key in ("tables", "actions")}


def _policy(name: str, want: Wanted, recipients: Sequence[Recipient], defaults: Defaults) -> SqlPolicy:
    spread = datetime.timedelta(days=values.whole_number("turso_rotate_spread_days", defaults.spread_days))
    renew_before = datetime.timedelta(seconds=want.renew_before)
    takes_effect = longest_takes_effect(recipients)
    if renew_before <= takes_effect + _TO_NOTICE:
        raise Refused(
            f"renew_before ({_in_words(renew_before)}) must be more than takes_effect_hours ({_in_words(takes_effect)}) and a day "
            "more. Else the old token ends before consumers use the new one. Ask for a longer expires_in or an earlier renewal"
        )
    if renew_before + spread >= datetime.timedelta(seconds=want.expires_in or 0):
        raise Refused(
            f"renew_before ({_in_words(renew_before)}) and turso_rotate_spread_days together must be less than expires_in "
            f"({want.expiration}), or every run would mint another token"
        )
    max_mints = values.whole_number("turso_rotate_max_versions", defaults.max_versions)
    if max_mints < 2:
        raise Refused("turso_rotate_max_versions must be at least 2: the old token works until it ends by itself")
    return SqlPolicy(
        spread=spread * values.fraction_of(name),
        pending=datetime.timedelta(
            minutes=values.whole_number("turso_rotate_pending_minutes", defaults.pending_minutes)
        ),
        max_mints=max_mints,
        force=values.switch("turso_rotate_force", defaults.force),
    )


def _refuse_without_memory(recipients: Sequence[Recipient], *, has_vault_file: bool) -> None:
    """Refuse an entry of which no run could know what the run before it minted: every run would mint another token.

    :raises Refused: naming who cannot be asked.
    """
    others = [recipient for recipient in recipients if recipient.to != "vault_file"]
    unreadable = [recipient.label for recipient in others if not recipient.can_be_read]
    if unreadable or not (others or has_vault_file):
        raise Refused(
            f"{', '.join(unreadable)} cannot be read back, and the API keeps no record of SQL tokens. Set "
            "turso_rotate_state_file, or every run would mint another token"
        )


def _in_words(span: datetime.timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:g} days" if hours >= 48 else f"{hours:g} hours"
