# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every request that the client can send conforms to the vendor's OpenAPI document, and so do the answers it reads."""

from __future__ import annotations

import datetime
import io
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter

from ansible_collections.community.turso.plugins.module_utils._api.audit_log import read_audit_log
from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction
from ansible_collections.community.turso.plugins.module_utils._api.scopes import SCOPES
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from tests.simulator import Simulator
from tests.unit.simulator.openapi import Contract

UNRESTRICTED = Restriction()
ORGANIZATION = Restriction("acme")
GROUP = Restriction("acme", "default", ("read",))


class Judge(HTTPAdapter):
    """Has every request and answer judged on its way; the client, which asks its adapter directly, gets it as it came."""

    def __init__(self, contract: Contract) -> None:
        super().__init__()
        self.contract = contract
        self.judged = 0

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        response = super().send(request, *args, **kwargs)
        content = response.content
        self.contract.check(response)
        self.judged += 1
        answer = {"headers": response.raw.headers, "status": response.raw.status, "preload_content": False}
        response.raw = urllib3.HTTPResponse(io.BytesIO(content), **answer)
        return response


@pytest.fixture
def judge(simulator: Simulator) -> Judge:
    return Judge(Contract.load(simulator.url))


@pytest.fixture
def judged(tokens: Tokens, judge: Judge) -> Tokens:
    """A client whose every request and answer is judged; the test fails with the judge's words."""
    wire: Any = tokens.api._wire
    wire._adapter = judge
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
    judged: Tokens, judge: Judge, simulator: Simulator, restriction: Restriction, scopes: list[str]
) -> None:
    issued = judged.create("ci deploy/ü", restriction, scopes, None)
    assert issued.token.id in [token.id for token in judged.list_own().tokens]
    assert judged.validate(issued.secret).valid
    judged.revoke_by_name("ci deploy/ü")
    assert not simulator.alive(issued.secret)
    assert judge.judged == len(simulator.requests) == 4


def test_the_tokens_of_an_organization(judged: Tokens, simulator: Simulator) -> None:
    given = simulator.given("theirs", user="bob", organization="acme", group="default", scopes=["full-access"])
    (listed,) = judged.list_organization("acme").tokens
    assert (listed.id, listed.owner) == (given.id, {"username": "bob", "email": "bob@example.com"})
    judged.revoke_by_id("acme", given.id)
    assert not simulator.alive(given.secret)


def test_the_audit_log_of_an_organization(judged: Tokens, simulator: Simulator) -> None:
    simulator.behave(audit_logs=True)
    simulator.logged("db-token-create", "bob")
    long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    (entry,) = read_audit_log(judged.api, "acme", long_ago).entries
    assert (entry.code, entry.author) == ("db-token-create", "bob")


def test_the_credential_itself(judged: Tokens) -> None:
    assert judged.validate().valid


def test_the_judge_objects(judged: Tokens) -> None:
    openapi_core = pytest.importorskip("openapi_core.exceptions")
    with pytest.raises(openapi_core.OpenAPIError):
        judged.create("ci", GROUP, ["no such scope"], None)
    with pytest.raises(openapi_core.OpenAPIError):
        judged.api.request("GET", "v1", "auth", "tokens", what="ask for what there is not")
