# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who confirms what, by value or by word: pure. Private."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import (
    SQL,
    Claims,
    claims_of,
    jti_of,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import claims_from, is_newer
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction, Use

BY_VALUE, BY_WORD = "read back", "word"
_DIGEST = "sha256:"
_LONGEST_NAME = 64


@dataclasses.dataclass(frozen=True)
class Confirmation:
    """What one host says of one pending version, as the recipient of that number in its entry.

    `refusal` says what it has instead; None confirms.
    """

    id: str
    recipient: int
    host: str
    by: str
    refusal: str | None = None

    @property
    def key(self) -> tuple[str, int, str]:
        return (self.id, self.recipient, self.host)

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Confirmation:
        return cls(**{field.name: data[field.name] for field in dataclasses.fields(cls)})


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a confirmation comes from: a host, and in a tasks file of the user's own which entry's and which item's."""

    host: str
    name: str | None = None
    recipient: int | None = None


def to_confirm(transaction: Transaction, place: Place) -> list[tuple[Item, int]]:
    """Return what somebody at that place has to confirm: items, and the number of the recipient in each.

    :raises Refused: nobody named that host.
    """
    found = [
        (item, index)
        for use in transaction.uses
        for item in use.items
        if item.version_id is not None
        for index, recipient in enumerate(item.recipients)
        if _is_meant(use, item, index, recipient, place)
    ]
    issued = [item for item in transaction.open_items if item.needs_the_play]
    if issued and not found and all(place.host not in use.hosts for use in transaction.uses):
        raise Refused(
            f"{place.host} confirms, but no entry names it: deliver names the hosts that have to confirm. Nothing was "
            "confirmed. Add it to hosts of {to: play}, or confirm where the tokens are delivered."
        )
    return found


def _is_meant(use: Use, item: Item, index: int, recipient: Recipient, place: Place) -> bool:
    if place.name is not None:
        return (item.name, index) == (place.name, place.recipient) and recipient.to == "tasks"
    if recipient.to != "play":
        return False
    return place.host in recipient.hosts if recipient.hosts else place.host == use.host


def confirm(meant: Sequence[tuple[Item, int]], place: Place, read_back: Mapping[str, Any] | None) -> list[Confirmation]:
    """Return what a place confirms.

    :param meant: that of `to_confirm`.
    :param read_back: by name, what the consumer has now; None to confirm by word.
    """
    if read_back is None:
        return [Confirmation(_id(item), index, place.host, BY_WORD) for item, index in meant]
    return [
        Confirmation(_id(item), index, place.host, BY_VALUE, _another_value(item, place, read_back[item.name]))
        for item, index in meant
        if item.name in read_back
    ]


def refuse_odd_names(read_back: Mapping[Any, Any], transaction: Transaction) -> None:
    """Refuse a name that is no entry's: whoever misspells one believes that it was confirmed.

    :raises Refused: with the name.
    """
    known = {name for use in transaction.uses for name in use.names}
    odd = [_shown(str(name)) for name in read_back if str(name) not in known]
    if odd:
        raise Refused(
            f"turso_rotate_read_back names {', '.join(odd)}, which is no entry of turso_rotate_tokens. Nothing was "
            "confirmed. Correct the name."
        )


def _shown(name: str) -> str:
    """Return a name for a message; not one that may be a value, where name and value were swapped."""
    return name if len(name) <= _LONGEST_NAME and jti_of(name) is None else "something that is not a name"


def _another_value(item: Item, place: Place, value: Any) -> str | None:
    """Say what a place has instead of the new value; None where it has the new value."""
    if not isinstance(value, str) or not value.strip():
        return f"{place.host} read back nothing for {item.name}: the value is empty or not a text"
    if digest_of(value) == item.sha256 or is_newer_sql(item, value):
        return None
    return f"{place.host} has another value of {item.name} than {(item.version or {}).get('name')}{_whose(item, value)}"


def _whose(item: Item, value: str) -> str:
    claimed = jti_of(value.strip())
    known = next((version["name"] for version in item.versions if version["id"] == claimed), None)
    return f": that of {known}" if known else ""


def is_newer_sql(item: Item, value: str) -> bool:
    """Tell whether a value is a SQL token of another run for the same thing, minted after this one.

    Then whoever has it is ahead of this run and not behind it: nothing is revoked, so the later writer wins.
    """
    if item.kind != SQL or item.claims is None:
        return False
    claims, ours = claims_of(value.strip()), claims_from(item.claims, "claims")
    is_same = claims.kind == SQL and _meant_for(claims) == _meant_for(ours)
    grants = claims.permissions
    may_same = grants is ours.permissions if grants is None else grants.equals(ours.permissions)
    return is_same and may_same and is_newer(claims, ours)


def _meant_for(claims: Claims) -> tuple[str | None, str | None, str | None]:
    return claims.database_id, claims.group_id, claims.authorization


def digest_of(value: str) -> str:
    """Return the SHA-256 of a value in hexadecimal; of `sha256:<hex>` what it says. One trailing newline is no difference."""
    if value.startswith(_DIGEST):
        return value.strip()[len(_DIGEST) :].lower()
    for newline in ("\r\n", "\n"):
        if value.endswith(newline):
            value = value[: -len(newline)]
            break
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def merged(earlier: Iterable[Confirmation], newer: Iterable[Confirmation]) -> list[Confirmation]:
    """Return all confirmations; what a host said by value stands until the same host says something else by value."""
    found = {confirmation.key: confirmation for confirmation in earlier}
    for confirmation in newer:
        if confirmation.key not in found or confirmation.by == BY_VALUE:
            found[confirmation.key] = confirmation
    return list(found.values())


def _id(item: Item) -> str:
    return (item.version or {})["id"]
