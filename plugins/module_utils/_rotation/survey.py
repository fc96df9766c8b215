# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at the world before planning: one list for each credential, the state file, the values in the vault file. Private."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import os
from collections.abc import Mapping, Sequence
from typing import Union

from ansible_collections.community.turso.plugins.module_utils._api.claims import jti_of
from ansible_collections.community.turso.plugins.module_utils._api.listing import Listing
from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation import process, state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import Entry
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State, TokenState
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import abandoned
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import Version, active_versions
from ansible_collections.community.turso.plugins.module_utils._rotation.view import Stored, View, view_of
from ansible_collections.community.turso.plugins.module_utils._time import utc_now

Managed = Union[Entry, Item]  # a managed token as it is asked for, or as it is to be committed


@dataclasses.dataclass(frozen=True)
class Account:
    """One API credential of the run, and what it sees. `name` is None for the run's own."""

    name: str | None
    tokens: Tokens
    listing: Listing | None = None
    failure: TursoError | None = None  # why there is no list

    @classmethod
    def seen_with(cls, name: str | None, tokens: Tokens) -> Account:
        """List the tokens of a credential. A failure is kept, because it concerns this credential's entries alone."""
        try:
            return cls(name, tokens, tokens.list_own())
        except TursoError as exc:
            return cls(name, tokens, failure=exc)

    @functools.cached_property
    def _by_id(self) -> Mapping[str | None, Token]:
        return {token.id: token for token in self.listed}

    def with_id(self, token_id: str) -> Token:
        """Return a listed token. There may be thousands, so it is looked up and not searched."""
        return self._by_id[token_id]

    def lists(self, token_id: str | None) -> bool:
        return token_id in self._by_id

    @property
    def listed(self) -> tuple[Token, ...]:
        return self.listing.tokens if self.listing else ()

    def versions_of(self, managed: Sequence[Managed]) -> Mapping[str, tuple[Version, ...]]:
        """Return the active versions of each token that this credential manages; in one pass: there may be thousands."""
        names = [token.name for token in managed if token.credential == self.name]
        return active_versions(self.listed, names, self.now)

    @property
    def now(self) -> datetime.datetime:
        """Return the API's own time when the list was made, this machine's where there is none."""
        return self.listing.moment if self.listing else utc_now()

    @property
    def own_id(self) -> str | None:
        """Return which of the listed tokens the credential is; None where its `jti` does not tell."""
        return self.tokens.own_id if self.tokens.own_id in self._by_id else None


def seen_accounts(managed: Sequence[Managed], clients: Mapping[str | None, Tokens]) -> dict[str | None, Account]:
    """List the tokens of every credential that a managed token uses.

    :param clients: by the name of the credential.
    """
    needed = dict.fromkeys(token.credential for token in managed)
    return {name: Account.seen_with(name, clients[name]) for name in needed}


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
    held: Mapping[str, Sequence[str]] | None = None,
) -> Survey:
    """List the tokens of every credential that an entry uses, and read the state file.

    :param clients: by the name of the credential.
    :param stored: the values in the vault file by name; None without a vault file.
    :param held: the values that destinations were found to hold, by name.
    :raises TursoError: no list could be had at all.
    """
    state = state_file.read(state_path) if state_path else None
    accounts = seen_accounts(entries, clients)
    failures = [account.failure for account in accounts.values() if account.failure]
    if failures and len(failures) == len(accounts):
        raise failures[0]
    versions = {name: account.versions_of(entries) for name, account in accounts.items()}
    views = tuple(
        _view(
            entry,
            accounts[entry.credential],
            versions[entry.credential][entry.name],
            state,
            stored=stored,
            held=held or {},
        )
        for entry in entries
    )
    return Survey(accounts, views, _now(accounts))


def _now(accounts: Mapping[str | None, Account]) -> datetime.datetime:
    moments = [account.now for account in accounts.values() if account.listing]
    return moments[0] if moments else utc_now()


def _view(
    entry: Entry,
    account: Account,
    versions: tuple[Version, ...],
    state: State | None,
    *,
    stored: Mapping[str, str] | None,
    held: Mapping[str, Sequence[str]],
) -> View:
    known, failure = _known((stored or {}).get(entry.name), account)
    claimed = [jti_of(value) for value in held.get(entry.name, ())]
    return view_of(
        entry,
        versions,
        account.now,
        state,
        None if stored is None else {entry.name: known},
        # Only that of a listed version matters. Nothing else is tried on the API: it may be a secret of somebody else's.
        held=tuple(Stored(found) for found in claimed if account.lists(found)),
        is_abandoned=state is not None and is_abandoned(state.of(entry.name)),
        failure=failure,
    )


def _known(value: str | None, account: Account) -> tuple[Stored | None, str | None]:
    """Return what is known of a stored value, and why this token cannot be planned; None where it can."""
    try:
        if account.failure is not None:
            raise account.failure
        return (None if value is None else _stored(value, account)), None
    except TursoError as exc:
        return None, exc.msg


def _stored(value: str, account: Account) -> Stored:
    """Return what is known of a stored value; one that the list does not show is tried on the API."""
    claimed = jti_of(value)
    if account.lists(claimed):
        return Stored(claimed)
    return Stored(claimed, is_rejected=not account.tokens.validate(value).valid)


def is_abandoned(part: TokenState) -> bool:
    """Tell whether the run that issued the pending version of the state file is known to have ended."""
    if part.pending is None or part.pending.process.pid is None:
        return False
    here = process.process_of(os.getpid())
    return abandoned(part.pending, here=here, started_now=process.started_at(part.pending.process.pid))
