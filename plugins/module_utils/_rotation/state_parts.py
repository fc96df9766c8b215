# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of the state file: versions, and the processes that issued them.

Private: for this collection only. Pure. Times are texts in ISO 8601, UTC; extra holds the keys that this release does not know.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import Claims
from ansible_collections.community.turso.plugins.module_utils._rotation.json_shapes import (
    Json,
    as_object,
    extra_of,
    maybe_number_at,
    maybe_text_at,
    moment_at,
    moments_at,
    object_at,
    text_at,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import claims_from


@dataclasses.dataclass(frozen=True)
class Process:
    """A process of a machine, so that another run can tell whether it still runs; none where it cannot be known.

    :ivar started: when it was started, in clock ticks since the machine's start: process ids are used again.
    :ivar boot_id: the start of the machine; containers on it have the same one.
    :ivar pid_namespace: the container, in which alone the process id means something.
    """

    host: str | None = None
    pid: int | None = None
    started: int | None = None
    boot_id: str | None = None
    pid_namespace: str | None = None


@dataclasses.dataclass(frozen=True)
class Pending:
    """A version from its issue until everybody confirmed it.

    :ivar id: of a SQL token, which has none, the SHA-256 of its value.
    :ivar process: who issued it.
    :ivar destinations: when each destination confirmed it, by its label; none for those that have not.
    :ivar claims: of a SQL token, because nobody else remembers them.
    """

    name: str
    id: str
    issued_at: str
    process: Process = Process()
    destinations: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    extra: Json = dataclasses.field(default_factory=dict)
    claims: Claims | None = None

    def resumed_by(self, process: Process, labels: Iterable[str]) -> Pending:
        """Return this as another run delivers it once more: when it was issued and who has it stays known.

        :param labels: those who have to confirm it now.
        """
        known = {label: self.destinations.get(label) for label in labels}
        return dataclasses.replace(self, process=process, destinations=known)


@dataclasses.dataclass(frozen=True)
class Current:
    """The version that everybody confirmed last."""

    name: str
    id: str
    confirmed_at: str
    extra: Json = dataclasses.field(default_factory=dict)
    claims: Claims | None = None


@dataclasses.dataclass(frozen=True)
class Previous:
    """A version that is to be revoked, and since when it has been replaced."""

    name: str
    id: str
    since: str
    extra: Json = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class FoundUnconfirmed:
    """A version of a former run that a plan found unconfirmed, and when it did so first."""

    id: str
    at: str
    extra: Json = dataclasses.field(default_factory=dict)


def is_version(part: Pending | Current | None, version_id: str | None) -> bool:
    """Tell whether a part of the state file is there and names a version."""
    return part is not None and part.id == version_id


def confirmed_before(pending: Pending | None, version_id: str | None) -> list[str]:
    """Return who confirmed a version in a former run, as the state file calls them; nobody where another one is pending."""
    known = pending.destinations if pending is not None and pending.id == version_id else {}
    return [label for label, confirmed_at in known.items() if confirmed_at is not None]


def abandoned(pending: Pending, *, here: Process, started_now: int | None) -> bool:
    """Tell whether the run that issued a pending version has ended, as far as this machine can know.

    After a restart of the machine, in another container and on another host nothing is known: that is not abandoned, and the
    pending minutes decide.

    :param here: the process that asks.
    :param started_now: when the process that has the recorded id now was started; none where there is no such process.
    """
    process = pending.process
    if process.pid is None or here.boot_id is None or process.host != here.host:
        return False
    if process.boot_id not in {None, here.boot_id} or process.pid_namespace not in {None, here.pid_namespace}:
        return False
    return started_now is None or process.started not in {None, started_now}


def pending_from(part: Json, where: str) -> Pending:
    process = Process(
        maybe_text_at(part, "host", where),
        maybe_number_at(part, "pid", where),
        maybe_number_at(part, "started", where),
        maybe_text_at(part, "boot_id", where),
        maybe_text_at(part, "pid_namespace", where),
    )
    return Pending(
        text_at(part, "name", where),
        text_at(part, "id", where),
        moment_at(part, "issued_at", where),
        process,
        moments_at(part, "destinations", where),
        extra_of(part, Pending, *as_object(process)),
        _maybe_claims(part, where),
    )


def current_from(part: Json, where: str) -> Current:
    name, version_id = text_at(part, "name", where), text_at(part, "id", where)
    confirmed_at = moment_at(part, "confirmed_at", where)
    return Current(name, version_id, confirmed_at, extra_of(part, Current), _maybe_claims(part, where))


def _maybe_claims(part: Json, where: str) -> Claims | None:
    return None if part.get("claims") is None else claims_from(object_at(part["claims"], "claims"), f"{where}.claims")


def version_json(version: Pending | Current) -> dict[str, Any]:
    """Return what the state file holds of a version; claims only of a SQL token."""
    found = as_object(version)
    claims = found.pop("claims")
    return found if claims is None else {**found, "claims": claims.as_result()}


def previous_from(part: Json, where: str) -> Previous:
    name, version_id = text_at(part, "name", where), text_at(part, "id", where)
    return Previous(name, version_id, moment_at(part, "since", where), extra_of(part, Previous))


def found_unconfirmed_from(part: Json, where: str) -> FoundUnconfirmed:
    return FoundUnconfirmed(text_at(part, "id", where), moment_at(part, "at", where), extra_of(part, FoundUnconfirmed))
