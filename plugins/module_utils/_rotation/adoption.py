# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries of a rotation file for tokens that exist, so that nothing but their age makes one due. Pure and private.

An entry is taken over only if a plan of it finds nothing to do: what the plan would change, somebody has to decide.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import sentences
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import Defaults, only_api, read_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import plan_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import (
    Version,
    active_versions,
    parse_version_name,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.view import View

SOMEBODYS = "another user"
BY_AGE = (None, "aged")


@dataclasses.dataclass(frozen=True)
class Apart:
    """An entry that is not taken over, and why; a person may make one of it."""

    entry: Mapping[str, Any]
    why: str


@dataclasses.dataclass(frozen=True)
class Adoption:
    """What a rotation file gets, by name; what is of others comes last."""

    entries: tuple[Mapping[str, Any], ...]
    apart: tuple[Apart, ...]


def adopted(
    own: Sequence[Token], now: datetime.datetime, organization: str | None = None, listed: Sequence[Token] = ()
) -> Adoption:
    """Return an entry for each managed token that could be made of what is listed.

    :param own: every token of the user who will rotate, because no other is found by a rotation.
    :param organization: take only what has this organization.
    :param listed: the list of that organization, in which others may have tokens.
    """
    families = _families(own)
    found = active_versions(own, families, now)
    entries: list[Mapping[str, Any]] = []
    apart: list[Apart] = []
    for name, family in families.items():
        if not _reaches(family, organization):
            continue
        entry = _entry(name, family[-1])
        why = _due_besides_age(entry, found[name], now)
        if why is None:
            entries.append(entry)
        else:
            apart.append(Apart(entry, why))
    return Adoption(tuple(entries), (*apart, *_of_others(own, listed)))


def _reaches(family: Sequence[Token], organization: str | None) -> bool:
    """Tell whether one of some tokens has an organization; every token has none in particular."""
    return organization is None or organization in {token.restriction.organization for token in family}


def _families(tokens: Sequence[Token]) -> Mapping[str, list[Token]]:
    """Return the tokens of each managed token, both in the order of their names: the newest version is the last."""
    families: dict[str, list[Token]] = defaultdict(list)
    for token in sorted(tokens, key=lambda token: token.name):
        families[_managed_name(token)].append(token)
    return dict(sorted(families.items()))


def _managed_name(token: Token) -> str:
    version = parse_version_name(token.name)
    return token.name if version is None else version[0]


def _entry(name: str, token: Token) -> dict[str, Any]:
    """Return an entry with exactly the restriction that a token has."""
    known = {
        "name": name,
        "organization": token.restriction.organization,
        "group": token.restriction.group,
        "scopes": list(token.restriction.scopes or ()),
        "description": token.description,
    }
    return {key: value for key, value in known.items() if value}


def _due_besides_age(entry: Mapping[str, Any], versions: tuple[Version, ...], now: datetime.datetime) -> str | None:
    """Say why an entry would be due or refused for something other than its age; none where it would not."""
    if len(versions) > 1:
        names = sentences.names(versions)
        return (
            f"{len(versions)} versions are active ({names}). Find out which one is in use, revoke the others, then run this "
            "again."
        )
    try:
        (read,) = only_api(read_entries([dict(entry)], Defaults()))
    except Refused as exc:
        return exc.msg
    (plan,) = plan_entries([View(read, versions, now)], "0000")
    return plan.refusal if plan.reason in BY_AGE else f"It would be rotated at once ({plan.reason})."


def _of_others(own: Sequence[Token], listed: Sequence[Token]) -> list[Apart]:
    mine = {token.id for token in own}
    theirs = [token for token in listed if token.id not in mine]
    return [_of_another(token) for token in sorted(theirs, key=lambda token: token.name)]


def _of_another(token: Token) -> Apart:
    owner = token.owner or {}
    name = str(owner.get("username") or owner.get("email") or SOMEBODYS)
    entry = {**_entry(_managed_name(token), token), "credential": name}
    why = (
        f"It belongs to {name}, and a rotation finds only the tokens of its own credential. Add one of theirs to "
        "turso_rotate_credentials, or let them rotate it."
    )
    return Apart(entry, why)
