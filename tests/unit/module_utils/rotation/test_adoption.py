# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entries for tokens that exist: exactly the restriction that each has, and nothing due but by age."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._rotation.adoption import Adoption, adopted
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import Defaults, only_api, read_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import plan_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import active_versions
from ansible_collections.community.turso.plugins.module_utils._rotation.view import View
from tests.unit.module_utils.rotation.world import NOW

VERSION = "ci-20261101t091500z-7f3a"
GROUP = Restriction("acme", "production", ("db:configure", "read"))


def made(name: str = "ci", restriction: Restriction = Restriction("acme"), **parts: Any) -> Token:  # noqa: B008
    return Token(name, f"id of {name}", restriction, parts.pop("created_at", "2026-11-01"), **parts)


TAKEN: dict[str, tuple[Token, dict[str, Any]]] = {
    "a bare name": (made(), {"name": "ci", "organization": "acme"}),
    "a version": (made(VERSION), {"name": "ci", "organization": "acme"}),
    "an unrestricted one": (made(restriction=Restriction()), {"name": "ci"}),
    "one of a group": (
        made(restriction=GROUP),
        {"name": "ci", "organization": "acme", "group": "production", "scopes": ["db:configure", "read"]},
    ),
    "an organization's with scopes": (
        made(restriction=Restriction("acme", None, ("org:read",))),
        {"name": "ci", "organization": "acme", "scopes": ["org:read"]},
    ),
    "one with a description": (made(description="hers"), {"name": "ci", "organization": "acme", "description": "hers"}),
    "an old one": (made(created_at="2020-01-01"), {"name": "ci", "organization": "acme"}),
    "one of unknown age": (made(created_at=None), {"name": "ci", "organization": "acme"}),
}


@pytest.mark.parametrize(("token", "entry"), TAKEN.values(), ids=TAKEN)
def test_an_entry_has_the_restriction_that_its_token_has(token: Token, entry: dict[str, Any]) -> None:
    assert adopted([token], NOW) == Adoption((entry,), ())


APART: dict[str, tuple[Token, str]] = {
    "several versions": (made(VERSION), f"2 versions are active (ci, {VERSION}). Find out which one is in use"),
    "a name that no entry may have": (made(".."), "name"),
    "a version of what looks like a version": (
        made(f"{VERSION}-20261101t091500z-7f3a"),
        "looks like the name of a version",
    ),
    "a group without scopes": (made("x", Restriction("acme", "g")), "scopes"),
}


@pytest.mark.parametrize(("token", "why"), APART.values(), ids=APART)
def test_what_a_plan_would_change_or_refuse_is_listed_apart(token: Token, why: str) -> None:
    found = adopted([made("other"), made(), token], NOW)
    assert [entry["name"] for entry in found.entries] == (["other"] if "versions" in why else ["ci", "other"])
    (apart,) = found.apart
    assert why in apart.why


def test_two_tokens_of_one_name_are_apart_because_a_plan_refuses_them() -> None:
    twice = [made(), Token("ci", "another id", Restriction("acme"), "2026-11-01")]
    (apart,) = adopted(twice, NOW).apart
    assert "2 versions are active" in apart.why


def test_of_an_organization_only_its_tokens_are_taken_and_what_others_own_is_apart() -> None:
    own = [made(), made("main", Restriction()), made("other", Restriction("other"))]
    theirs = [
        made("theirs", owner={"username": "bob"}),
        made("unknown", owner={}),
        made("by mail", owner={"email": "eve@example.com"}),
    ]
    found = adopted(own, NOW, "acme", [own[0], *theirs])
    assert [entry["name"] for entry in found.entries] == ["ci"]
    assert [(apart.entry["name"], apart.entry["credential"]) for apart in found.apart] == [
        ("by mail", "eve@example.com"),
        ("theirs", "bob"),
        ("unknown", "another user"),
    ]
    assert "It belongs to bob, and a rotation finds only the tokens of its own credential." in found.apart[1].why


def test_a_version_outside_of_the_organization_is_not_overlooked() -> None:
    found = adopted([made("ci", Restriction()), made(VERSION)], NOW, "acme")
    assert found.entries == ()
    assert "2 versions are active" in found.apart[0].why


def test_what_would_be_rotated_at_once_for_something_else_is_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """No such restriction is known. Should the API grow one, nothing may be rotated for it."""
    monkeypatch.setattr(Restriction, "differences", lambda *_of: ["scopes are"])
    (apart,) = adopted([made()], NOW).apart
    assert apart.why == "It would be rotated at once (drift)."


names = st.sampled_from(["ci", VERSION, "ci-20261124t091000z-0b1c", "b", "b-2", "..", "x/y", "{{ a }}", " "])
restrictions = st.builds(
    Restriction,
    st.sampled_from([None, "acme", "other"]),
    st.sampled_from([None, "g"]),
    st.sampled_from([None, ("read",), ("db:create", "new:scope"), ()]),
)


@given(
    st.lists(st.builds(made, names, restrictions), unique_by=lambda token: token.name), st.sampled_from([None, "acme"])
)
def test_a_plan_of_what_was_taken_over_finds_nothing_due_but_by_age(own: list[Token], organization: str | None) -> None:
    found = adopted(own, NOW, organization)
    entries = only_api(read_entries([dict(entry) for entry in found.entries], Defaults()))
    active = active_versions(own, [entry.name for entry in entries], NOW)
    plans = plan_entries([View(entry, active[entry.name], NOW) for entry in entries], "0000")
    assert {(plan.reason, plan.refusal) for plan in plans} <= {(None, None), ("aged", None)}
    taken = {token.name for token in own} - {str(name) for apart in found.apart for name in _names_of(apart.entry, own)}
    if organization is None:
        assert len(entries) == len(taken)


def _names_of(entry: Any, own: list[Token]) -> list[str]:
    return [version.name for version in active_versions(own, [entry["name"]], NOW)[entry["name"]]]
