# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of one managed token when it is planned: its versions, the state file, the vault file, the time. Private."""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Mapping

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import Entry
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State, TokenState
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import is_version
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import Version, by_id
from ansible_collections.community.turso.plugins.module_utils._time import utc_text


@dataclasses.dataclass(frozen=True)
class Stored:
    """The value that the vault file holds for a managed token.

    `id` is the id that the value claims, unverified; None where it claims none. `is_rejected`: the API answers 401 to it.
    """

    id: str | None
    is_rejected: bool = False


@dataclasses.dataclass(frozen=True)
class View:
    """Everything that the plan of one entry is decided by."""

    entry: Entry
    versions: tuple[Version, ...]  # active, the oldest first
    now: datetime.datetime
    state: TokenState | None = None  # None without a state file; an empty one where it says nothing of this token
    has_vault_file: bool = False
    stored: Stored | None = None
    is_abandoned: bool = False  # the run that issued the pending version of the state file is known to have ended
    failure: str | None = None  # why the versions are not known
    held: tuple[Stored, ...] = ()  # the values that destinations were found to hold

    @functools.cached_property
    def current(self) -> Version | None:
        """Return the version in use: the one given, else the state file's, else the newest; None if it is not active.

        :raises Refused: the one given is not active while others are.
        """
        given = self.entry.current
        if given is not None:
            found = next((version for version in self.versions if given in (version.name, version.id)), None)
            if found is None and self.versions and not self.entry.policy.force:
                raise Refused(
                    f"its current version {given!r} is not active, while others are. Correct current, or leave it "
                    f"out, which takes the newest. {self.versions_in_words}"
                )
            return found
        known = self.state.current if self.state else None
        if known is not None:
            found = by_id(self.versions).get(known.id)
            return found if found is not None and found.name == known.name else None
        return self.versions[-1] if self.versions else None

    @functools.cached_property
    def elsewhere(self) -> tuple[Version, ...]:
        """Return the versions that another run may be delivering right now."""
        return tuple(
            version
            for version in self.versions
            if version.is_younger_than(self.entry.policy.pending, self.now) and not self._is_accounted_for(version)
        )

    def _is_accounted_for(self, version: Version) -> bool:
        """Tell whether the state file says that no run is delivering it."""
        if self.state is None:
            return False
        if is_version(self.state.pending, version.id):
            return self.is_abandoned
        named = (self.state.current, self.state.found_unconfirmed, *self.state.previous)
        return version.id in {part.id for part in named if part is not None}

    @functools.cached_property
    def unconfirmed(self) -> tuple[Version, ...]:
        """Return the versions that former runs issued and nobody confirmed, as far as the state file tells."""
        if self.state is None:
            return ()
        found, pending = self.state.found_unconfirmed, self.state.pending
        ids = {part.id for part in (found, pending) if part is not None}
        return tuple(version for version in self.versions if version.id in ids and version not in self.elsewhere)

    def can_be_had(self, version: Version) -> bool:
        """Tell whether the value of a version is in the vault file, or was read from a destination."""
        known = (self.stored, *self.held)
        return any(value is not None and not value.is_rejected and value.id == version.id for value in known)

    @property
    def versions_in_words(self) -> str:
        """Name each version with its id, time and age, and say which one is current."""
        if not self.versions:
            return "No version is active."
        known = self.state.current.id if self.state and self.state.current else None
        named = [
            f"{version.name} (id {version.id}, {_issued_in_words(version)}{version.age_in_words(self.now)}"
            + (", current by the state file)" if version.id == known else ")")
            for version in self.versions
        ]
        return f"Active: {', '.join(named)}."


def view_of(
    entry: Entry,
    versions: tuple[Version, ...],
    now: datetime.datetime,
    state: State | None,
    stored: Mapping[str, Stored | None] | None,
    *,
    held: tuple[Stored, ...] = (),
    is_abandoned: bool = False,
    failure: str | None = None,
) -> View:
    """Return everything that the plan of one entry is decided by.

    :param state: what the state file says of all tokens; None without one.
    :param stored: what is known of the values in the vault file, by the name of the token; None without a vault file.
    """
    return View(
        entry,
        versions,
        now,
        None if state is None else state.of(entry.name),
        has_vault_file=stored is not None,
        stored=(stored or {}).get(entry.name),
        is_abandoned=is_abandoned,
        failure=failure,
        held=held,
    )


def _issued_in_words(version: Version) -> str:
    return f"issued {utc_text(version.issued_at)}, " if version.issued_at else ""
