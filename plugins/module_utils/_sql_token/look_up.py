# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: what the API knows of the databases and groups that many SQL tokens are for, looked up once."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Union

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import (
    DATABASE,
    Clock,
    Databases,
    Name,
    SqlTokens,
    Target,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Forbidden, TursoError
from ansible_collections.community.turso.plugins.module_utils._token.apply import side_by_side

MOST_SINGLE = 20  # look-ups in one organization; where there are more, one list is asked for

Found = tuple[Target, Clock]
Known = Mapping[Name, Union[Found, TursoError]]
Lists = Mapping[str, Union[Databases, TursoError]]


def look_up(tokens: SqlTokens, names: Sequence[Name], *, with_hosts: bool = True, concurrency: int = 1) -> Known:
    """Look up the databases and groups that tokens are for, each once, or by one list where many share an organization.

    A failure is stored in the place of what it is about.

    :param names: one for each token, so that a name may be there more than once.
    :param with_hosts: whether the databases of groups are needed, to try tokens on.
    """
    counts = Counter(name.organization for name in names)
    lists: dict[str, Databases | TursoError] = {}
    known: dict[Name, Found | TursoError] = {}

    def list_databases(organization: str) -> None:
        try:
            lists[organization] = tokens.databases(organization)
        except Forbidden:
            return  # what a list may not show may be shown one by one
        except TursoError as exc:
            lists[organization] = exc

    def find(name: Name) -> None:
        try:
            known[name] = _find(tokens, name, lists, with_hosts=with_hosts)
        except TursoError as exc:
            known[name] = exc

    crowded = [organization for organization, count in counts.items() if count > MOST_SINGLE]
    side_by_side(list_databases, crowded, concurrency)
    side_by_side(find, list(dict.fromkeys(names)), concurrency)
    return known


def _find(tokens: SqlTokens, name: Name, lists: Lists, *, with_hosts: bool) -> Found:
    listed = lists.get(name.organization)
    if isinstance(listed, TursoError):
        raise listed
    if name.level == DATABASE:
        target = None if listed is None else listed.of_name.get(name.name)
        # What the list does not show may stand on another page of it, or not exist; the API says it in its own words.
        return (target, listed.clock) if listed is not None and target is not None else tokens.database(name)
    target, clock = tokens.group(name)
    if not with_hosts:
        return target, clock
    if listed is None or not (listed.is_whole or name.name in listed.of_group):
        listed = tokens.databases(name.organization, name.name)
    return dataclasses.replace(target, hostnames=listed.of_group.get(name.name, ())), clock
