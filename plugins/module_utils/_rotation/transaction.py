# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this run issued and has not committed: text in, text out. Private.

One text, because templates copy every structure that they touch, which takes minutes with a thousand tokens.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    CONFIRMED,
    LOST,
    NOT_TAKEN,
    UNFINISHED,
)
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import Recipient

_BEGINNING = "transaction: "  # so that no template takes the text for a structure


@dataclasses.dataclass(frozen=True)
class Look:
    """What a destination last said of a version: the recipient of that number in its entry, on that host.

    `verdict` is one of a delivery or of reading back. `stamp` is what the service said of its object when it took the value.
    """

    recipient: int
    host: str
    verdict: str
    by: str | None = None
    msg: str = ""
    stamp: str | None = None

    @property
    def was_taken(self) -> bool:
        """Tell whether the delivery came to its end, so that it is worth looking at what is there."""
        return self.verdict not in (NOT_TAKEN, LOST, UNFINISHED)

    @property
    def is_confirmed(self) -> bool:
        return self.verdict == CONFIRMED


@dataclasses.dataclass
class Item:
    """One managed token between issue and commit.

    `version` is the name and id of its pending version, None where only previous versions are to be revoked, or where the
    token failed. `previous`, `elsewhere` and `current` are names and ids as the plan saw them. `sha256` is of the new value.
    `looks` are what its destinations last said, `confirmed_before` who confirmed this version in a former run.

    The version of a SQL token has the name of its entry, and as its id the SHA-256 of the value; `claims` are its claims as
    the state file holds them, and `at` is the API's time when it was planned. There is nothing to revoke: the one before ends
    by itself.
    """

    name: str
    report: dict[str, Any]
    action: str
    version: dict[str, str] | None = None
    sha256: str | None = None
    recipients: tuple[Recipient, ...] = ()
    previous: list[dict[str, str]] = dataclasses.field(default_factory=list)
    elsewhere: list[dict[str, str]] = dataclasses.field(default_factory=list)
    versions: list[dict[str, str]] = dataclasses.field(default_factory=list)
    current: dict[str, str] | None = None
    grace_hours: float = 0
    credential: str | None = None
    is_running_credential: bool = False
    error: str | None = None  # why it was not issued
    looks: list[Look] = dataclasses.field(default_factory=list)
    confirmed_before: list[str] = dataclasses.field(default_factory=list)
    kind: str = "api"
    claims: dict[str, Any] | None = None
    at: str | None = None

    def look(self, recipient: int, host: str) -> Look | None:
        """Return what a destination last said; None where it was not asked."""
        return next((look for look in self.looks if (look.recipient, look.host) == (recipient, host)), None)

    @property
    def has_destinations(self) -> bool:
        """Tell whether somebody has to look at a destination before the commit."""
        return self.version is not None and any(recipient.is_destination for recipient in self.recipients)

    @property
    def version_id(self) -> str | None:
        """Return the id of the pending version; None where there is none."""
        return None if self.version is None else self.version["id"]

    @property
    def needs_the_play(self) -> bool:
        """Tell whether somebody besides the role has to confirm."""
        return self.version is not None and not all(recipient.is_built_in for recipient in self.recipients)

    def as_json(self) -> dict[str, Any]:
        return {
            **{field.name: getattr(self, field.name) for field in dataclasses.fields(self)},
            "recipients": [recipient.as_json() for recipient in self.recipients],
            "looks": [dataclasses.asdict(look) for look in self.looks],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Item:
        recipients = tuple(Recipient.from_json(recipient) for recipient in data["recipients"])
        looks = [Look(**look) for look in data["looks"]]
        return cls(**{**data, "recipients": recipients, "looks": looks})


@dataclasses.dataclass
class Use:
    """What one use of the role left to be committed.

    `options` are those of the module for the commit, credentials included. `names` and `hosts` are of all entries, due or
    not: what may be confirmed, and who may confirm.
    """

    play: str
    host: str
    is_main: bool  # whether the role itself sees to the commit; else tasks_from: commit does
    options: dict[str, Any] = dataclasses.field(repr=False)
    names: list[str]
    hosts: list[str]
    vault_file: str | None = None
    environment: dict[str, str] = dataclasses.field(default_factory=dict, repr=False)  # of the task that issued
    items: list[Item] = dataclasses.field(default_factory=list)
    running_secrets: dict[str, str] = dataclasses.field(default_factory=dict, repr=False)  # new values of credentials

    def as_json(self) -> dict[str, Any]:
        data = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**data, "items": [item.as_json() for item in self.items]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Use:
        return cls(**{**data, "items": [Item.from_json(item) for item in data["items"]]})

    def forget(self, names: Iterable[str]) -> None:
        """Take tokens out that were committed, and with the last of them every secret."""
        done = set(names)
        self.items = [item for item in self.items if item.name not in done]
        if not self.items:
            self.options, self.running_secrets, self.environment = {}, {}, {}


@dataclasses.dataclass
class Transaction:
    """All uses of a run."""

    uses: list[Use] = dataclasses.field(default_factory=list)

    @property
    def open_items(self) -> list[Item]:
        return [item for use in self.uses for item in use.items]

    @property
    def is_secret(self) -> bool:
        """Tell whether its text holds credentials, which are there as long as something is to be committed."""
        return any(use.options for use in self.uses)

    def is_waiting(self, play: str) -> bool:
        """Tell whether a play has still to confirm something that the role issued in it and commits in it."""
        return any(item.needs_the_play for use in self.of_play(play) if use.is_main for item in use.items)

    def of_play(self, play: str) -> list[Use]:
        return [use for use in self.uses if use.play == play]

    @classmethod
    def carrying(cls, items: Iterable[Item]) -> Transaction:
        """Return one that only carries items to the module."""
        return cls([Use("", "", False, {}, [], [], items=list(items))])

    def as_text(self) -> str:
        return _BEGINNING + json.dumps([use.as_json() for use in self.uses])

    @classmethod
    def from_text(cls, text: Any) -> Transaction:
        """Read a text of `as_text`; an empty one, or None, is an empty transaction.

        :raises InvalidRequest: it is none.
        """
        if not text:
            return cls()
        try:
            if not str(text).startswith(_BEGINNING):
                raise ValueError
            return cls([Use.from_json(use) for use in json.loads(str(text)[len(_BEGINNING) :])])
        except (ValueError, KeyError, TypeError) as exc:
            raise InvalidRequest(
                "The fact in which the role records what it issued was changed outside of the role. Nothing was revoked. "
                "Remove the task that sets or clears this fact, then run the rotation again."
            ) from exc
