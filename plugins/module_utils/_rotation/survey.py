# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at the world before planning: one list for each credential, the state file, the values in the vault file. Private."""

from __future__ import annotations

import dataclasses
import datetime
import os
from collections.abc import Mapping, Sequence

from ansible_collections.community.turso.plugins.module_utils._api.model import jti_of
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Listing, Tokens
from ansible_collections.community.turso.plugins.module_utils._rotation import process, state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import Entry
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State, TokenState
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import abandoned
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import active_versions
from ansible_collections.community.turso.plugins.module_utils._rotation.view import Stored, View


@dataclasses.dataclass(frozen=True)
class Account:
    """One API credential of the run, and what it sees. `name` is None for the run's own."""

    name: str | None
    tokens: Tokens
    listing: Listing

    @property
    def own_id(self) -> str | None:
        """Return which of the listed tokens the credential is; None where its `jti` does not tell."""
        return next((token.id for token in self.listing.tokens if token.id == self.tokens.own_id), None)


@dataclasses.dataclass(frozen=True)
class Survey:
    """What the entries are planned by. `accounts` are by the name of the credential."""

    accounts: Mapping[str | None, Account]
    views: tuple[View, ...]
    now: datetime.datetime


def survey(
    entries: Sequence[Entry],
    clients: Mapping[str | None, Tokens],
    *,
    state_path: str | None,
    stored: Mapping[str, str] | None,
) -> Survey:
    """List the tokens of every credential that an entry uses, and read the state file.

    :param clients: by the name of the credential.
    :param stored: the values in the vault file by name; None without a vault file.
    """
    state = state_file.read(state_path) if state_path else None
    needed = dict.fromkeys(entry.credential for entry in entries)
    accounts = {name: Account(name, clients[name], clients[name].list_own()) for name in needed}
    views = tuple(_view(entry, accounts[entry.credential], state, stored) for entry in entries)
    return Survey(accounts, views, _now(accounts))


def _now(accounts: Mapping[str | None, Account]) -> datetime.datetime:
    moments = [account.listing.moment for account in accounts.values()]
    return moments[0] if moments else datetime.datetime.now(datetime.timezone.utc)


def _view(entry: Entry, account: Account, state: State | None, stored: Mapping[str, str] | None) -> View:
    now = account.listing.moment
    part = None if state is None else state.of(entry.name)
    return View(
        entry,
        active_versions(account.listing.tokens, [entry.name], now)[entry.name],
        now,
        part,
        has_vault_file=stored is not None,
        stored=None if stored is None else _stored(stored.get(entry.name), account),
        is_abandoned=_is_abandoned(part),
    )


def _stored(value: str | None, account: Account) -> Stored | None:
    """Return what is known of a stored value; one that the list does not show is tried on the API."""
    if value is None:
        return None
    claimed = jti_of(value)
    if any(token.id == claimed for token in account.listing.tokens):
        return Stored(claimed)
    return Stored(claimed, is_rejected=not account.tokens.validate(value).valid)


def _is_abandoned(part: TokenState | None) -> bool:
    """Tell whether the run that issued the pending version of the state file is known to have ended."""
    if part is None or part.pending is None or part.pending.process.pid is None:
        return False
    here = process.process_of(os.getpid())
    return abandoned(part.pending, here=here, started_now=process.started_at(part.pending.process.pid))
