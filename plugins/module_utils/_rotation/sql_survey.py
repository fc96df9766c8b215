# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at the world before SQL tokens are planned: databases and groups, the state file, and whether found values work. Private."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Union

from ansible_collections.community.turso.plugins.module_utils._api.claims import SQL, claims_of
from ansible_collections.community.turso.plugins.module_utils._api.data_plane import NO, DataPlane
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Clock, SqlTokens, Target
from ansible_collections.community.turso.plugins.module_utils._errors import BadOption, TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import SqlEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_view import SqlView, Value
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State
from ansible_collections.community.turso.plugins.module_utils._rotation.survey import is_abandoned
from ansible_collections.community.turso.plugins.module_utils._sql_token.decide import identity_of
from ansible_collections.community.turso.plugins.module_utils._sql_token.look_up import look_up
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import sql_claims
from ansible_collections.community.turso.plugins.module_utils._sql_token.probe import probe
from ansible_collections.community.turso.plugins.module_utils._time import utc_now
from ansible_collections.community.turso.plugins.module_utils._token.apply import side_by_side
from ansible_collections.community.turso.plugins.module_utils._token.outcome import failure_kept_in

Found = Union[tuple[Target, Clock], TursoError]


@dataclasses.dataclass(frozen=True)
class SqlSurvey:
    """What SQL tokens are planned by. `planes` are by the name of the credential."""

    views: tuple[SqlView, ...]
    planes: Mapping[str | None, DataPlane]
    now: datetime.datetime
    warnings: tuple[str, ...] = ()


@dataclasses.dataclass
class _Seen:
    """What is found out about one entry."""

    entry: SqlEntry
    secrets: tuple[tuple[str, bool], ...] = dataclasses.field(repr=False)  # and whether the vault file holds it
    values: tuple[Value, ...] = ()
    error: TursoError | None = None


def survey_sql(
    entries: Sequence[SqlEntry],
    clients: Mapping[str | None, SqlTokens],
    *,
    state: State | None,
    stored: Mapping[str, str] | None,
    held: Mapping[str, Sequence[str]],
    lacks: Sequence[str],
    validate: bool,
    concurrency: int,
) -> SqlSurvey:
    """Look up what the entries are for, and try the values that were found.

    :param clients: by the name of the credential.
    :param stored: the values in the vault file by name; None without a vault file.
    :param held: the values that destinations were found to hold, by name.
    :param lacks: the names of which some destination holds no value.
    """
    found = _looked_up(entries, clients, with_hosts=validate, concurrency=concurrency)
    planes = {name: DataPlane(clients[name].api) for name in dict.fromkeys(entry.credential for entry in entries)}
    seen = [_Seen(entry, _secrets(entry, stored, held)) for entry in entries]

    def look(one: _Seen) -> None:
        with failure_kept_in(one, f" with {one.entry.label}"):
            known = found[one.entry.name]
            if isinstance(known, TursoError):
                raise known.become(type(known), known.msg)
            one.values = tuple(
                _value(
                    one.entry, secret, known[0], planes[one.entry.credential] if validate else None, is_stored=is_stored
                )
                for secret, is_stored in one.secrets
            )

    side_by_side(look, seen, concurrency)
    clocks = [known[1] for known in found.values() if not isinstance(known, TursoError)]
    told = next((clock for clock in clocks if clock.is_told), None)
    now = told.moment if told else utc_now()
    views = tuple(
        _view(one, found[one.entry.name], now, state, has_vault_file=stored is not None, lacks=one.entry.name in lacks)
        for one in seen
    )
    untold = ("The API's answer has no time, so the clock of this machine decided what is due.",)
    return SqlSurvey(views, planes, now, untold if clocks and told is None else ())


def _looked_up(
    entries: Sequence[SqlEntry], clients: Mapping[str | None, SqlTokens], *, with_hosts: bool, concurrency: int
) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for credential in dict.fromkeys(entry.credential for entry in entries):
        theirs = [entry for entry in entries if entry.credential == credential]
        names = [entry.want.name for entry in theirs]
        known = look_up(clients[credential], names, with_hosts=with_hosts, concurrency=concurrency)
        found.update({entry.name: known[entry.want.name] for entry in theirs})
    return found


def _secrets(
    entry: SqlEntry, stored: Mapping[str, str] | None, held: Mapping[str, Sequence[str]]
) -> tuple[tuple[str, bool], ...]:
    """Return the values that were found, each once, the vault file's first."""
    secrets: dict[str, bool] = {}
    if stored is not None and stored.get(entry.name):
        secrets[stored[entry.name]] = True
    for value in held.get(entry.name, ()):
        secrets.setdefault(value.strip(), False)
    return tuple(secrets.items())


def _value(entry: SqlEntry, secret: str, target: Target, plane: DataPlane | None, *, is_stored: bool) -> Value:
    """Return what is known of a value that was found; it is tried where it may be the token in use.

    :raises BadOption: the vault file holds something else under the entry's name.
    """
    claims = (
        sql_claims(f"the value that the vault file holds for {entry.name!r}", secret)
        if is_stored
        else claims_of(secret)
    )
    value = Value(digest_of(secret), claims, is_stored)
    if plane is None or claims.kind != SQL or identity_of(claims, target) != target.id:
        return value
    tried = probe(plane, target, secret)
    return dataclasses.replace(value, probed=tried.result, detail=tried.detail if tried.result != NO else "")


def _view(
    seen: _Seen, found: Found, now: datetime.datetime, state: State | None, *, has_vault_file: bool, lacks: bool
) -> SqlView:
    entry = seen.entry
    target = Target(entry.want.name, "") if isinstance(found, TursoError) else found[0]
    values = tuple(value for value in seen.values if value.claims.kind == SQL)
    return SqlView(
        entry,
        now,
        target,
        None if state is None else state.of(entry.name),
        has_vault_file=has_vault_file,
        values=values,
        lacks=lacks or len(values) < len(seen.values),
        is_abandoned=state is not None and is_abandoned(state.of(entry.name)),
        failure=None if seen.error is None else _why(seen.error),
    )


def _why(error: TursoError) -> str:
    """Return the message of a failure for the user of the role, whose remedy is another than that of a module's option."""
    if isinstance(error, BadOption):
        return error.in_short
    return error.msg
