# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against revoking the previous versions of a token: named checks, pure. Private.

A previous version may be revoked only where none of these checks objects. Whatever is not known objects.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import BY_VALUE, Confirmation
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known of one pending version right before the commit.

    `confirmations` are those that count: on a host that did not issue, only what its handlers have sealed. `unsealed` are
    the others. `stored_sha256` is of the value that the vault file holds now; None where it holds none.
    """

    item: Item
    issuing_host: str
    has_failed: bool = False
    confirmations: Sequence[Confirmation] = ()
    unsealed: Sequence[Confirmation] = ()
    has_vault_file: bool = False
    stored_sha256: str | None = None
    vault_problem: str | None = None  # why the vault file cannot be read

    @property
    def is_stored(self) -> bool:
        """Tell whether the vault file holds the new value right now."""
        return self.stored_sha256 is not None and self.stored_sha256 == self.item.sha256

    @property
    def places(self) -> list[Place]:
        """Return who has to confirm: each recipient on each of its hosts."""
        return [
            Place(index, recipient, host)
            for index, recipient in enumerate(self.item.recipients)
            for host in recipient.hosts or (self.issuing_host,)
        ]


@dataclasses.dataclass(frozen=True)
class Place:
    """A recipient of an entry, by its number in it, on one host."""

    index: int
    recipient: Recipient
    host: str


def _said(confirmations: Sequence[Confirmation], facts: Facts, place: Place) -> Confirmation | None:
    """Return what a place says of the pending version; None where it says nothing."""
    key = (facts.item.version_id, place.index, place.host)
    return next((found for found in confirmations if found.key == key), None)


def reasons_against(facts: Facts) -> list[str]:
    """Return what speaks against revoking, in words; nothing where all is well."""
    return [reason for check in CHECKS for reason in check(facts)]


def _issuing_host_failed(facts: Facts) -> list[str]:
    if not facts.has_failed:
        return []
    return [f"something failed on {facts.issuing_host} after the token was issued, so the delivery is not certain"]


def _another_value(facts: Facts) -> list[str]:
    version = facts.item.version_id
    known = (*facts.confirmations, *facts.unsealed)
    return sorted({found.refusal for found in known if found.id == version and found.refusal})


def _missing(facts: Facts) -> list[str]:
    missing = missing_confirmations(facts)
    return [f"not confirmed by {', '.join(missing)}"] if missing else []


def missing_confirmations(facts: Facts) -> list[str]:
    """Return who has not confirmed, in words that name the host and, where there are several ways, the recipient."""
    asked = [place for place in facts.places if not place.recipient.is_built_in]
    return [_who(facts, place) for place in asked if _confirmed_by(facts, place) is None]


def _who(facts: Facts, place: Place) -> str:
    who = place.host if place.recipient.to == "play" else f"{place.recipient.label} on {place.host}"
    unsealed = _said(facts.unsealed, facts, place)
    if unsealed is not None and unsealed.refusal is None:
        return f"{who} (it confirmed, but its handlers did not run to their end)"
    return who


def _not_delivered(facts: Facts) -> list[str]:
    """A destination confirms by what it holds, as last looked at."""
    asked = [place for place in facts.places if place.recipient.is_destination]
    return [_undelivered(facts.item, place) for place in asked if _confirmed_by(facts, place) is None]


def _undelivered(item: Item, place: Place) -> str:
    label, look = place.recipient.label_on(place.host), item.look(place.index, place.host)
    if look is None:
        return f"{label} was not read back after the delivery"
    return f"{label}: {look.msg.rstrip('.') or look.verdict}"


def _vault_file_lost_it(facts: Facts) -> list[str]:
    if not facts.has_vault_file or facts.is_stored:
        return []
    if facts.vault_problem is not None:
        return [facts.vault_problem.rstrip(".")]
    return ["the vault file does not hold the new value any more: something else changed it"]


CHECKS: tuple[Callable[[Facts], list[str]], ...] = (
    _issuing_host_failed,
    _another_value,
    _missing,
    _not_delivered,
    _vault_file_lost_it,
)


BY_ROLE, BY_HANDLER, BY_ENTRY_POINT = "role", "handler", "entry point"


class Verdict(enum.Enum):
    """What a commit does about one item."""

    REVOKE = "revoke"  # what it replaces
    WAIT = "wait"  # for a later commit of the same run
    REFUSE = "refuse"  # and fail; the item stays, so that a later commit can try again
    TELL = "tell"  # what failed before the commit


def is_for_the_role(item: Item, *, others_wait: bool) -> bool:
    """Tell whether the role's own last task commits or tells an item; a commit that follows does the rest.

    :param others_wait: the play has still to confirm other items. A failure would keep it from their delivery, and their
        commit needs the running credential as it is.
    """
    is_for_the_last_commit = item.error is not None or item.is_running_credential
    return not item.needs_the_play and not (others_wait and is_for_the_last_commit)


def verdict(facts: Facts, by: str, *, others_wait: bool = False) -> tuple[Verdict, list[str]]:
    """Decide what a commit does about one item, and why.

    :param by: who asks: the role's own last task, the handler, or the entry point.
    :param others_wait: as `is_for_the_role` has it.
    """
    item = facts.item
    if by == BY_ROLE and not is_for_the_role(item, others_wait=others_wait):
        return Verdict.WAIT, []
    if item.error is not None:
        return Verdict.TELL, [item.error]
    if item.version is None:
        return Verdict.REVOKE, []
    if by == BY_HANDLER and missing_confirmations(facts):
        return Verdict.WAIT, []  # they may still come; the check fails where they do not
    reasons = reasons_against(facts)
    return (Verdict.REFUSE, reasons) if reasons else (Verdict.REVOKE, [])


def evidence(facts: Facts) -> list[dict[str, Any]]:
    """Return for the report who confirmed and how: `to`, `host`, `by`."""
    confirmed = [(place, _confirmed_by(facts, place)) for place in facts.places]
    return [{"to": place.recipient.to, "host": place.host, "by": by} for place, by in confirmed if by is not None]


def _confirmed_by(facts: Facts, place: Place) -> str | None:
    """Return how a place confirmed; None where it did not."""
    if place.recipient.is_destination:
        look = facts.item.look(place.index, place.host)
        return look.by if look is not None and look.is_confirmed else None
    if place.recipient.is_built_in:
        return BY_VALUE if facts.is_stored else None
    confirmation = _said(facts.confirmations, facts, place)
    return confirmation.by if confirmation is not None and confirmation.refusal is None else None


def confirmed_labels(facts: Facts) -> list[str]:
    """Return who confirmed, as the state file calls them."""
    return [place.recipient.label_on(place.host) for place in facts.places if _confirmed_by(facts, place) is not None]
