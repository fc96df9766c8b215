# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is and what is asked for to what is to be done."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._api.scopes import PRESETS, SCOPES
from ansible_collections.community.turso.plugins.module_utils._errors import (
    Drift,
    InvalidRequest,
    Refused,
    TursoError,
)
from ansible_collections.community.turso.plugins.module_utils._time import moment_of
from ansible_collections.community.turso.plugins.module_utils._token.decide import (
    Decision,
    Wanted,
    checked_segment,
    decide,
    look_created_by_us,
    warnings_about,
)

ACME = Restriction("acme")
READER = Restriction("acme", "g", ("read",))
IN_GROUP: dict[str, Any] = {"organization": "acme", "group": "g", "scopes": ["read-only"]}


def wanted(name: str | None = "ci", **options: Any) -> Wanted:
    return Wanted.from_params({"name": name, **options})


# What there is; what is wanted; the credential's own id; the step.
DECISIONS = {
    "not there: created": (None, wanted(), None, "create"),
    "there: nothing": (Token("ci", "1"), wanted(), None, None),
    "there, restricted alike: nothing": (Token("ci", "1", READER), wanted(**IN_GROUP), None, None),
    "there, of an organization with scopes: nothing": (
        Token("ci", "1", Restriction("acme", None, ("read",))),
        wanted(organization="acme", scopes=["read-only"]),
        None,
        None,
    ),
    "there, by a preset that has grown: nothing": (
        Token("ci", "1", Restriction("acme", "g", ("new", "read"))),
        wanted(**IN_GROUP),
        None,
        None,
    ),
    "there, described otherwise: nothing": (Token("ci", "1"), wanted(description="d"), None, None),
    "there, and the credential itself: nothing": (Token("ci", "1"), wanted(), "1", None),
    "absent and not there: nothing": (None, wanted(state="absent"), None, None),
    "absent, there: revoked": (Token("ci", "1"), wanted(state="absent"), None, "revoke"),
    "absent, restricted, not asked for: revoked": (Token("ci", "1", READER), wanted(state="absent"), None, "revoke"),
    "absent, its organization asked for: revoked": (
        Token("ci", "1", READER),
        wanted(state="absent", organization="acme"),
        None,
        "revoke",
    ),
    "absent, its group asked for: revoked": (
        Token("ci", "1", READER),
        wanted(state="absent", **IN_GROUP),
        None,
        "revoke",
    ),
    "absent, other scopes asked for: revoked": (
        Token("ci", "1", READER),
        wanted(state="absent", **{**IN_GROUP, "scopes": ["full-access"]}),
        None,
        "revoke",
    ),
    "absent by id: revoked": (
        Token("ci", "1", ACME),
        wanted(None, id="1", organization="acme", state="absent"),
        None,
        "revoke",
    ),
    "absent, another is the credential: revoked": (Token("ci", "1"), wanted(state="absent"), "2", "revoke"),
}


@pytest.mark.parametrize(("have", "want", "own_id", "step"), DECISIONS.values(), ids=DECISIONS)
def test_decisions(have: Token | None, want: Wanted, own_id: str | None, step: str | None) -> None:
    decision = decide(have, want, own_id)
    assert decision == Decision(step, have)
    assert decision.changed is (step is not None)


DRIFTS = {
    "broader than asked for": (Token("ci", "1"), wanted(organization="acme"), "organization is (none)"),
    "narrower than asked for": (Token("ci", "1", ACME), wanted(), "organization is 'acme'"),
    "another organization": (
        Token("ci", "1", Restriction("b")),
        wanted(organization="acme"),
        "organization is 'b'",
    ),
    "another group": (Token("ci", "1", Restriction("acme", "h", ("read",))), wanted(**IN_GROUP), "group is 'h'"),
    "more scopes": (
        Token("ci", "1", Restriction("acme", "g", ("db:create", "read"))),
        wanted(**IN_GROUP),
        "scopes are [db:create, read], expected [read]",
    ),
    "an unknown scope too many": (
        Token("ci", "1", Restriction("acme", "g", ("new", "read"))),
        wanted(**{**IN_GROUP, "scopes": ["read"]}),
        "scopes are [new, read], expected [read]",
    ),
    "of an organization, without the scopes": (
        Token("ci", "1", ACME),
        wanted(organization="acme", scopes=["read"]),
        "scopes are (none), expected [read]",
    ),
    "absent from another organization": (
        Token("ci", "1", ACME),
        wanted(state="absent", organization="b"),
        "organization is 'acme', expected 'b'",
    ),
    "absent from an organization it isn't in": (
        Token("ci", "1"),
        wanted(state="absent", organization="b"),
        "organization is (none)",
    ),
    "absent from another group": (
        Token("ci", "1", Restriction("acme", "h", ("read",))),
        wanted(state="absent", **IN_GROUP),
        "group is 'h'",
    ),
}


@pytest.mark.parametrize(("have", "want", "told"), DRIFTS.values(), ids=DRIFTS)
def test_drift_is_told_and_left_alone(have: Token, want: Wanted, told: str) -> None:
    with pytest.raises(Drift) as caught:
        decide(have, want, own_id="1")  # whatever else holds
    assert caught.value.msg.startswith("The token 'ci' (id 1) exists with different settings: ")
    assert told in caught.value.msg
    assert "Nothing was changed." in caught.value.msg
    remedy = "the role community.turso.turso_rotate" if want.state == "present" else "may not be the token"
    assert remedy in caught.value.msg


@pytest.mark.parametrize(
    ("want", "label"),
    [
        (wanted(state="absent"), "token 'ci'"),
        (wanted(None, id="1", organization="acme", state="absent"), "token with the id '1'"),
    ],
)
def test_the_credential_in_use_is_not_revoked(want: Wanted, label: str) -> None:
    with pytest.raises(Refused, match=rf"The {label} is the API credential of this run, so it was not revoked"):
        decide(Token("ci", "1", ACME), want, own_id="1")


INVALID = {
    "id to be present": ({"id": "1", "organization": "a"}, "id is only for state=absent"),
    "name and id": (
        {"name": "ci", "id": "1", "organization": "a", "state": "absent"},
        "name and id exclude each other",
    ),
    "neither, present": ({}, "state=present needs name. Nothing was sent. Set what identifies the token."),
    "neither, absent": (
        {"state": "absent"},
        "state=absent needs name, or id and organization. Nothing was sent. Set what identifies the token.",
    ),
    "id without organization": ({"id": "1", "state": "absent"}, "id needs organization"),
    "scopes without organization": ({"name": "ci", "scopes": ["read"]}, "scopes need organization"),
    "empty scopes without group": ({"name": "ci", "organization": "a", "scopes": []}, "scopes is empty"),
    "a blank scope": ({"name": "ci", **IN_GROUP, "scopes": ["read", " "]}, "one of the scopes is empty"),
    "an empty description": ({"name": "ci", "description": ""}, "description is empty"),
    "group without organization": ({"name": "ci", "group": "g", "scopes": ["read"]}, "group needs organization"),
    "group without scopes": ({"name": "ci", "organization": "a", "group": "g"}, "group needs scopes"),
    "group with empty scopes": ({"name": "ci", "organization": "a", "group": "g", "scopes": []}, "group needs scopes"),
    "empty name": ({"name": ""}, "name is empty"),
    "blank name": ({"name": " \t"}, "name is empty"),
    "empty id": ({"id": "", "organization": "a", "state": "absent"}, "id is empty"),
    "empty organization": ({"name": "ci", "organization": ""}, "organization is empty"),
    "empty group": ({"name": "ci", "organization": "a", "group": ""}, "group is empty"),
    "a dot": ({"name": "."}, "name is '.', which"),
    "two dots": ({"name": ".."}, "name is '..', which"),
    "half a character": ({"name": "a\ud800"}, "name is not valid Unicode"),
}


@pytest.mark.parametrize(("params", "told"), INVALID.values(), ids=INVALID)
@pytest.mark.parametrize("where", ["", "tokens[3]: "])
def test_options_that_do_not_go_together(params: dict[str, Any], told: str, where: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Wanted.from_params(params, where)
    assert caught.value.msg.startswith(where + told)


@given(
    st.dictionaries(st.sampled_from(["name", "id", "organization", "group", "state"]), st.text(max_size=3) | st.none())
)
def test_whatever_is_asked_for_is_wanted_or_refused(params: dict[str, Any]) -> None:
    try:
        want = Wanted.from_params(params)
    except InvalidRequest:
        return
    assert (want.name is None) is not (want.id is None)
    for segment in (want.name, want.id, want.restriction.organization, want.restriction.group):
        checked_segment("option", segment)
        assert segment is None or segment.strip()


def test_what_is_wanted_is_read_from_the_options() -> None:
    want = wanted(description="d", **{**IN_GROUP, "scopes": ["read-only", "read", "read-only"]})
    assert want == Wanted("present", "ci", None, READER, ("read-only", "read"), "d")
    assert want.as_token() == Token("ci", None, READER)
    assert (want.key, want.label) == ((None, "ci"), "token 'ci'")
    assert wanted(organization="acme", scopes=["read", " db:create"]).scopes == ("read", "db:create")
    by_id = wanted(None, id="1", organization="acme", state="absent")
    assert (by_id.key, by_id.label) == (("acme", "1"), "token with the id '1'")


IN_ACME = {"organization": "acme"}
# What is wanted, how many of them change, what each warning tells.
WARNINGS = {
    "a typing error": (
        [wanted(**IN_ACME, scopes=["db:creat", "billing", "read"])],
        1,
        [["token 'ci' asks for the scope 'db:creat', which this collection does not know. If you mean 'db:create'"]],
    ),
    "a typing error of what is to be absent": ([wanted(state="absent", scopes=["db:creat"])], 0, []),
    "unrestricted, created": ([wanted()], 1, [["Created without an organization: token 'ci'. "]]),
    "unrestricted, there already": ([wanted()], 0, []),
    "unrestricted, revoked": ([wanted(state="absent")], 1, []),
    "some of each": (
        [wanted("a"), wanted("b", **IN_ACME), wanted("c"), wanted("d", **IN_ACME, scopes=["raed"])],
        4,
        [["token 'd'", "'raed'"], ["organization: token 'a', token 'c'. "]],
    ),
    "as many as are named": ([wanted(f"t{n}") for n in range(5)], 5, [["token 't0', ", "token 't4'. "]]),
    "many": ([wanted(f"t{n}") for n in range(8)], 8, [["token 't0', ", "token 't4', and 3 more. "]]),
}


@pytest.mark.parametrize(("wants", "changed", "told"), WARNINGS.values(), ids=WARNINGS)
def test_what_a_user_should_know_is_warned_about(wants: list[Wanted], changed: int, told: list[list[str]]) -> None:
    warnings = warnings_about(wants, wants[:changed])
    assert len(warnings) == len(told)
    assert all(text in warning for texts, warning in zip(told, warnings) for text in texts)


NOON = moment_of("2026-11-24T12:00:00Z")
assert NOON is not None
LOOKS = {
    "today": ("2026-11-24", ACME, True),
    "yesterday": ("2026-11-23", ACME, True),
    "tomorrow": ("2026-11-25", ACME, True),
    "a timestamp": ("2026-11-25T23:59:59Z", ACME, True),
    "two days ago": ("2026-11-22", ACME, False),
    "in two days": ("2026-11-26", ACME, False),
    "no date": (None, ACME, False),
    "more than was asked for": ("2026-11-24", Restriction("acme", None, ("read",)), False),
    "restricted otherwise": ("2026-11-24", READER, False),
    "not restricted": ("2026-11-24", Restriction(), False),
}


@pytest.mark.parametrize(("created_at", "restriction", "ours"), LOOKS.values(), ids=LOOKS)
def test_what_looks_created_by_us(created_at: str | None, restriction: Restriction, ours: bool) -> None:
    assert NOON is not None
    found = Token("ci", "1", restriction, created_at)
    assert look_created_by_us(found, ACME, NOON) is ours


RESTRICTED: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"organization": st.sampled_from("ab")}),
    st.fixed_dictionaries(
        {
            "organization": st.sampled_from("ab"),
            "group": st.sampled_from("gh"),
            "scopes": st.lists(st.sampled_from([*SCOPES, *PRESETS]), min_size=1, max_size=3),
        }
    ),
)


@given(RESTRICTED, RESTRICTED, st.booleans(), st.sampled_from(["present", "absent"]), st.booleans())
def test_a_decision_neither_widens_nor_cuts_off(
    there: dict[str, Any], asked: dict[str, Any], exists: bool, state: str, is_own: bool
) -> None:
    """Nothing is revoked to make something present, or that is in use; nothing that differs passes for unchanged."""
    have = Token("ci", "1", wanted(**there).restriction) if exists else None
    want = wanted(state=state, **asked)
    try:
        decision = decide(have, want, "1" if is_own else None)
    except TursoError as exc:
        assert have is not None
        assert exc.kind in ("drift", "refused")  # noqa: PT017
        return
    assert decision.step in ({None, "create"} if state == "present" else {None, "revoke"})
    assert not (decision.step == "revoke" and is_own)
    if state == "present":
        assert (decision.step == "create") is (have is None)
        assert have is None or have.restriction.matches(want.restriction)
    else:
        assert (decision.step == "revoke") is (have is not None)
    if not decision.changed and have is not None:
        again = decide(dataclasses.replace(have), want, None)
        assert again == decision
