# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scopes: an open list, expanded, compared and looked at for typing errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.scopes import (
    ORGANIZATION_SCOPES,
    PRESETS,
    SCOPES,
    expand_scopes,
    misspelt,
    permissions_of,
    presets_in,
    same_scopes,
)

NINE = tuple(sorted(SCOPES))

EXPANSIONS = {
    "none": (None, None),
    "empty": ([], None),
    "one": (["read"], ("read",)),
    "sorted": (["read", "db:create"], ("db:create", "read")),
    "twice": (["read", "read"], ("read",)),
    "read-only": (["read-only"], ("read",)),
    "full-access": (["full-access"], NINE),
    "a preset and more": (["read-only", "db:create"], ("db:create", "read")),
    "all": (list(SCOPES), NINE),
    "unknown": (["new"], ("new",)),
}


@pytest.mark.parametrize(("given_scopes", "expected"), EXPANSIONS.values(), ids=EXPANSIONS)
def test_scopes_are_a_sorted_set(given_scopes: list[str] | None, expected: tuple[str, ...] | None) -> None:
    assert expand_scopes(given_scopes) == expected


@given(st.lists(st.sampled_from([*SCOPES, *PRESETS, "new"])))
def test_expanding_scopes_again_or_in_another_order_changes_nothing(scopes: list[str]) -> None:
    expanded = expand_scopes(scopes)
    assert expand_scopes(expanded) == expanded == expand_scopes(reversed(scopes))
    assert not set(expanded or ()) & set(PRESETS)


# What the token has; what was asked for, as written; whether that is the same.
COMPARISONS = {
    "none asked for, none there": (None, None, True),
    "none asked for, one there": (["read"], None, False),
    "none asked for, an unknown one there": (["new"], None, False),
    "some asked for, none there": (None, ["read"], False),
    "a preset asked for, none there": (None, ["read-only"], False),
    "the same": (["read", "db:create"], ["db:create", "read"], True),
    "one too few": (["read"], ["read", "db:create"], False),
    "one too many": (["read", "db:create"], ["read"], False),
    "an unknown one, asked for": (["read", "new"], ["new", "read"], True),
    "an unknown one, asked for and not there": (["read"], ["new", "read"], False),
    "an unknown one too many, where nothing but single scopes was asked for": (["read", "new"], ["read"], False),
    "a preset as this collection knows it": (["read"], ["read-only"], True),
    "a preset that has grown": (["read", "new"], ["read-only"], True),
    "the other preset that has grown": ([*SCOPES, "new", "newer"], ["full-access"], True),
    "a preset that has shrunk": (list(SCOPES[1:]), ["full-access"], False),
    "read-only that can write": (["read", "db:create"], ["read-only"], False),
    "read-only that can write, and has grown": (["read", "new", "db:create"], ["read-only"], False),
    "read-only that reads the organization": (["read", "org:read"], ["read-only"], True),
    "read-only that creates groups": (["read", "group:create"], ["read-only"], False),
    "full access of a whole organization": ([*SCOPES, *ORGANIZATION_SCOPES], ["full-access"], True),
    "a preset and a scope, grown": (["db:create", "new", "read"], ["read-only", "db:create"], True),
    "a preset and a scope, without the scope": (["new", "read"], ["read-only", "db:create"], False),
}


@pytest.mark.parametrize(("has", "asked", "same"), COMPARISONS.values(), ids=COMPARISONS)
def test_what_a_token_may_do_is_compared_with_what_was_asked_for(
    has: list[str] | None, asked: list[str] | None, same: bool
) -> None:
    assert same_scopes(expand_scopes(has), expand_scopes(asked), presets_in(asked)) is same


ANY = st.lists(st.sampled_from([*SCOPES, *ORGANIZATION_SCOPES, "new", "newer"]), unique=True)


@given(ANY, st.lists(st.sampled_from([*SCOPES, *PRESETS]), min_size=1))
def test_a_token_never_passes_with_less_than_was_asked_for(has: list[str], asked: list[str]) -> None:
    if same_scopes(has, expand_scopes(asked), presets_in(asked)):
        assert set(expand_scopes(asked) or ()) <= set(has)


PERMISSIONS = {
    "none": (None, None),
    "reading": (["read"], "read-only"),
    "everything": (list(SCOPES), "full-access"),
    "everything, and what nobody knows": ([*SCOPES, "new"], "full-access"),
    "reading, and what nobody knows": (["new", "read"], "read-only"),
    "something": (["db:create", "read"], "custom"),
    "unknown": (["new"], "custom"),
}


@pytest.mark.parametrize(("scopes", "permissions"), PERMISSIONS.values(), ids=PERMISSIONS)
def test_scopes_amount_to_permissions(scopes: list[str] | None, permissions: str | None) -> None:
    assert permissions_of(scopes) == permissions


TYPED = {
    "nothing": (None, []),
    "known ones": ([*SCOPES, *ORGANIZATION_SCOPES, *PRESETS], []),
    "unlike any": (["billing"], []),
    "a word other than any": (["org:write"], []),
    "a letter too few": (["db:creat"], [("db:creat", "db:create")]),
    "capitals": (["DB:CREATE"], [("DB:CREATE", "db:create")]),
    "a preset": (["read_only"], [("read_only", "read-only")]),
    "twice": (["raed", "raed"], [("raed", "read")]),
    "two": (["db:delte", "read", "fullaccess"], [("db:delte", "db:delete"), ("fullaccess", "full-access")]),
}


@pytest.mark.parametrize(("scopes", "told"), TYPED.values(), ids=TYPED)
def test_a_typing_error_is_told_with_what_may_be_meant(scopes: list[str] | None, told: list[tuple[str, str]]) -> None:
    assert misspelt(scopes) == told
