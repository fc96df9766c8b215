# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who gets a token: the recipients that an entry names in `deliver`. Private.

Everybody named has to confirm, and nobody else can.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused, kind_of
from ansible_collections.community.turso.plugins.module_utils._rotation import values

NOW = datetime.timedelta(0)
UNREADABLE_KINDS = ("github_secret", "cloudflare_worker_secret")  # their services give no value out
Specs = Mapping[str, Mapping[str, Any]]
Located = Callable[[str], str]


@dataclasses.dataclass(frozen=True)
class Recipient:
    """One item of `deliver`.

    `to` is `play`, `tasks`, `vault_file` or a destination. `hosts` are patterns as written, or the hosts that they were
    resolved to when the token was issued; None means the host that issued. `tasks` is the path of a tasks file as written.
    `options` and `address` are of a destination.
    """

    to: str
    hosts: tuple[str, ...] | None = None
    tasks: str | None = None
    takes_effect: datetime.timedelta = NOW
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict, hash=False)
    address: str | None = None

    @property
    def is_destination(self) -> bool:
        """Tell whether the role turso_deliver delivers, and reads back."""
        return self.address is not None

    @property
    def is_built_in(self) -> bool:
        """Tell whether the role itself delivers and confirms."""
        return self.is_destination or self.to == "vault_file"

    @property
    def can_be_read(self) -> bool:
        """Tell whether a run can find out which value it holds."""
        return self.is_destination and self.to not in UNREADABLE_KINDS

    @property
    def who(self) -> tuple[str, frozenset[str], str | None]:
        """Return what tells one recipient from another, however it is written."""
        return (self.to, frozenset(self.hosts or ()), self.address if self.is_destination else self.tasks)

    @property
    def label(self) -> str:
        """Return what messages call it."""
        return self.label_on(", ".join(self.hosts or ()))

    @property
    def labels(self) -> tuple[str, ...]:
        """Return what the state file calls it: a label for each host that has to confirm."""
        if self.hosts:
            return tuple(self.label_on(host) for host in self.hosts)
        return (self.label_on(""),)

    def label_on(self, host: str) -> str:
        """Return what the state file calls it on one of its hosts."""
        if self.to == "tasks":
            return f"tasks {self.tasks}"
        if self.is_destination:
            return f"{self.to} {self.address}" + (f" on {host}" if self.hosts else "")
        return f"play on {host}" if self.hosts else self.to.replace("_", " ")

    def as_json(self) -> dict[str, Any]:
        return {
            "to": self.to,
            "hosts": self.hosts and list(self.hosts),
            "tasks": self.tasks,
            "takes_effect_hours": self.takes_effect.total_seconds() / 3600,
            "options": dict(self.options),
            "address": self.address,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Recipient:
        return cls(
            data["to"],
            data["hosts"] and tuple(data["hosts"]),
            data["tasks"],
            datetime.timedelta(hours=data["takes_effect_hours"]),
            data["options"],
            data["address"],
        )


class Delivered:
    """What is delivered to recipients: an entry of either kind."""

    recipients: tuple[Recipient, ...]

    @property
    def is_committed_by_the_role(self) -> bool:
        """Tell whether nobody but the role delivers, so that its own last task commits."""
        return all(recipient.is_built_in for recipient in self.recipients)

    @property
    def has_destinations(self) -> bool:
        return any(recipient.is_destination for recipient in self.recipients)


THE_PLAY = Recipient("play")


def read_recipients(
    given: Any, *, has_vault_file: bool, specs: Specs | None = None, located: Located = str
) -> tuple[Recipient, ...]:
    """Read `deliver`.

    :param given: the value as written.
    :param has_vault_file: whether `turso_rotate_vault_file` is set.
    :param specs: the argument spec of each destination, by its name.
    :param located: returns the absolute path of a file on the control node.
    :raises Refused: for what names nobody, and for an item that nobody could carry out.
    """
    if not isinstance(given, (list, tuple)) or not given:
        raise Refused(
            "deliver names nobody, so the new token would reach nobody. Leave deliver out if the play's own tasks "
            "deliver, or list who gets it, for example deliver: [{to: play}]"
        )
    recipients = []
    for index, item in enumerate(given):
        try:
            recipients.append(_recipient(item, has_vault_file, specs or {}, located))
        except Refused as exc:  # noqa: PERF203
            raise Refused(f"deliver[{index}]: {exc.msg}") from exc
    if len({recipient.who for recipient in recipients}) < len(recipients):
        raise Refused("deliver names the same recipient twice")
    return tuple(recipients)


def _recipient(item: Any, has_vault_file: bool, specs: Specs, located: Located) -> Recipient:
    if not isinstance(item, Mapping):
        raise Refused(f"a recipient is a dictionary such as {{to: play}}, not {kind_of(item)}")
    values.refuse_nulls(item)
    if "tasks" in item and "to" not in item:
        return _tasks(item)
    to = values.text("to", item.get("to"))
    if to in specs:
        return _destination(item, specs, located)
    reader = _READERS.get(to)
    if reader is None:
        known = ", ".join((*_READERS, *specs))
        raise Refused(f"there is no destination {to!r}; there are {known}, and tasks: with a tasks file")
    return reader(item, has_vault_file)


def _destination(item: Mapping[str, Any], specs: Specs, located: Located) -> Recipient:
    # Not before it is needed: each run of the module compiles all that it imports, and few have a destination to read.
    from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import (  # noqa: PLC0415
        read_destination,
    )

    read = read_destination(item, specs, located)
    return Recipient(read.to, read.hosts, None, read.takes_effect, read.options, read.address)


def _tasks(item: Mapping[str, Any]) -> Recipient:
    values.refuse_unknown_keys(item, ("tasks", "takes_effect_hours"), "a tasks file")
    return Recipient("tasks", tasks=values.text("tasks", item["tasks"]), takes_effect=_takes_effect(item))


def _play(item: Mapping[str, Any], _has_vault_file: bool) -> Recipient:
    values.refuse_unknown_keys(item, ("to", "hosts", "takes_effect_hours"), "to: play")
    if "hosts" not in item:
        return Recipient("play", takes_effect=_takes_effect(item))
    hosts = tuple(values.texts("hosts", item["hosts"]))
    if not hosts:
        raise Refused("hosts is empty, so nobody could confirm. Name inventory patterns, or leave hosts out")
    return Recipient("play", hosts=hosts, takes_effect=_takes_effect(item))


def _vault_file(item: Mapping[str, Any], has_vault_file: bool) -> Recipient:
    values.refuse_unknown_keys(item, ("to", "takes_effect_hours"), "to: vault_file")
    if not has_vault_file:
        raise Refused("to: vault_file needs turso_rotate_vault_file, which is not set")
    if "takes_effect_hours" not in item:
        raise Refused(
            "to: vault_file needs takes_effect_hours: how long a consumer may still use the old value. The role cannot see "
            "who reads the file, or when. Set it to 0 where the file is read at each use"
        )
    return Recipient("vault_file", takes_effect=_takes_effect(item))


_READERS: dict[str, Callable[[Mapping[str, Any], bool], Recipient]] = {"play": _play, "vault_file": _vault_file}


def _takes_effect(item: Mapping[str, Any]) -> datetime.timedelta:
    return values.hours("takes_effect_hours", item.get("takes_effect_hours", 0))


def longest_takes_effect(recipients: Sequence[Recipient]) -> datetime.timedelta:
    """Return how long after the delivery some recipient may still use the old value."""
    return max((recipient.takes_effect for recipient in recipients), default=NOW)
