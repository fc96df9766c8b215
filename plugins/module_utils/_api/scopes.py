# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a token may do: an open list of scopes, and the one rule by which two sets of them are compared.

Private to this collection. The API may know more scopes than this file, and it expands the presets itself, so what they
hold can grow any day. Nothing here refuses a scope because it is not known.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

SCOPES = (
    "read",
    "db:create",
    "db:delete",
    "db:configure",
    "db:mint-token",
    "db:rotate-creds",
    "group:configure",
    "group:mint-token",
    "group:rotate-creds",
)
ORGANIZATION_SCOPES = ("org:read", "group:create", "group:delete")  # of tokens that no group narrows
PRESETS = {"read-only": ("read",), "full-access": SCOPES}

_KNOWN = frozenset({*SCOPES, *ORGANIZATION_SCOPES})
# What a preset may hold besides where the token has no group; nobody published how the API expands it there.
_MAY_HOLD = {"read-only": frozenset({"org:read"}), "full-access": frozenset(ORGANIZATION_SCOPES)}
_NEAR = 0.75  # of difflib: one or two letters of a short word


def expand_scopes(scopes: Iterable[str] | None) -> tuple[str, ...] | None:
    """Return the sorted set of single scopes that is meant; none and an empty list are the same."""
    expanded = {single for scope in scopes or () for single in PRESETS.get(scope, (scope,))}
    return tuple(sorted(expanded)) or None


def presets_in(scopes: Iterable[str] | None) -> tuple[str, ...]:
    """Return the presets among scopes as a playbook writes them."""
    return tuple(scope for scope in dict.fromkeys(scopes or ()) if scope in PRESETS)


def same_scopes(has: Iterable[str] | None, asked: Iterable[str] | None, presets: Iterable[str] = ()) -> bool:
    """Tell whether a token has what was asked for, both expanded.

    Without a preset the sets must be equal. With one the token may have more, as long as it is a scope that this
    collection does not know or that the preset may hold: what it holds is the API's to say.
    """
    there, wanted, named = frozenset(has or ()), frozenset(asked or ()), tuple(presets)
    if not named or not wanted <= there:
        return there == wanted
    harmless = frozenset().union(*(_MAY_HOLD[preset] for preset in named))
    return not (there - wanted) & (_KNOWN - harmless)


def permissions_of(scopes: Iterable[str] | None) -> str | None:
    """Return the preset that expanded scopes amount to, "custom", or none where there are no scopes."""
    if scopes is None:
        return None
    has = tuple(scopes)
    presets = (preset for preset in PRESETS if same_scopes(has, PRESETS[preset], [preset]))
    return next(presets, "custom")


def misspelt(scopes: Iterable[str] | None) -> list[tuple[str, str]]:
    """Return each unknown scope that is near a known one, with that one: probably a typing error."""
    known = [*SCOPES, *ORGANIZATION_SCOPES, *PRESETS]
    unknown = [scope for scope in dict.fromkeys(scopes or ()) if scope not in known]
    near = [(scope, difflib.get_close_matches(scope.lower(), known, cutoff=_NEAR)) for scope in unknown]
    return [(scope, matches[0]) for scope, matches in near if matches]
