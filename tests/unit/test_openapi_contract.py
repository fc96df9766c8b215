# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every request that the client can send conforms to the vendor's OpenAPI document, and so do the answers it reads."""

from __future__ import annotations

import pytest

from ansible_collections.community.turso.plugins.module_utils._model import SCOPES, Restriction
from ansible_collections.community.turso.plugins.module_utils._tokens import Tokens
from tests.simulator import Simulator
from tests.unit.simulator.openapi import Contract

UNRESTRICTED = Restriction()
ORGANIZATION = Restriction("acme")
GROUP = Restriction("acme", "default", ("read",))


@pytest.fixture
def judged(simulator: Simulator, tokens: Tokens) -> Tokens:
    """A client whose every request and answer is judged; the test fails with the judge's words."""
    tokens.api._session.hooks["response"].append(Contract.load(simulator.url).check)
    return tokens


@pytest.mark.parametrize(
    ("restriction", "scopes"),
    [
        (UNRESTRICTED, []),
        (ORGANIZATION, []),
        (GROUP, ["read"]),
        (Restriction("acme", "default", tuple(sorted(SCOPES))), ["full-access"]),
    ],
)
def test_a_token_from_create_to_revoke(
    judged: Tokens, simulator: Simulator, restriction: Restriction, scopes: list[str]
) -> None:
    issued = judged.create("ci deploy/ü", restriction, scopes, None)
    assert issued.token.id in [token.id for token in judged.list_own().tokens]
    assert judged.validate(issued.secret).valid
    judged.revoke_by_name("ci deploy/ü")
    assert not simulator.alive(issued.secret)


def test_the_tokens_of_an_organization(judged: Tokens, simulator: Simulator) -> None:
    given = simulator.given("theirs", user="bob", organization="acme", group="default", scopes=["full-access"])
    (listed,) = judged.list_organization("acme").tokens
    assert (listed.id, listed.owner) == (given.id, {"username": "bob", "email": "bob@example.com"})
    judged.revoke_by_id("acme", given.id)
    assert not simulator.alive(given.secret)


def test_the_credential_itself(judged: Tokens) -> None:
    assert judged.validate().valid
