# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator's requests and answers conform to the vendor's OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.simulator import Simulator, faults
from tests.unit.simulator.openapi import Contract, at_its_word

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = "/v1/auth/api-tokens"
ACME = "/v1/organizations/acme/api-tokens"


class Judged:
    """A client whose every request and answer is judged."""

    def __init__(self, server: Simulator) -> None:
        self.server = server
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {server.credential}"
        self.session.hooks["response"].append(Contract.load(server.url).check)

    def __call__(self, method: str, path: str, **more: Any) -> Any:
        answer = self.session.request(method, self.server.url + path, timeout=10, **more)
        assert answer.status_code == requests.codes.ok
        return answer.json()


@pytest.fixture(params=["", "/prefix"])
def judged(request: pytest.FixtureRequest) -> Iterator[Judged]:
    with Simulator(path_prefix=request.param) as server:
        client = Judged(server)
        with client.session:
            yield client


def refused(call: Judged, method: str, path: str, **more: Any) -> str:
    """Return why the judge refused."""
    openapi_core = pytest.importorskip("openapi_core.exceptions")
    with pytest.raises(openapi_core.OpenAPIError) as caught:
        call(method, path, **more)
    return f"{caught.value!r} {caught.value}"


def test_the_document_is_one_of_openapi() -> None:
    pytest.importorskip("openapi_core").OpenAPI.from_dict(at_its_word())


def test_every_call_conforms(judged: Judged) -> None:
    judged("GET", "/v1/auth/validate")
    for name, body in (
        ("everywhere", None),
        ("a%2Fb", {"organization": "acme"}),
        ("pinned", {"organization": "acme", "group": "default", "scopes": ["db:create", "db:mint-token"]}),
        ("full", {"organization": "acme", "group": "default", "scopes": ["full-access"]}),
    ):
        judged("POST", f"{OWN}/{name}", json=body)
    assert [token["name"] for token in judged("GET", OWN)["tokens"]] == ["main", "everywhere", "a/b", "pinned", "full"]
    judged.server.given("his", user="bob", organization="acme")
    listed = judged("GET", ACME)["tokens"]
    assert [token["name"] for token in listed] == ["a/b", "pinned", "full", "his"]
    judged("DELETE", f"{OWN}/everywhere")
    judged("DELETE", f"{ACME}/{listed[-1]['id']}")
    assert {request.call for request in judged.server.requests} == {
        "validate",
        "create",
        "list",
        "org_list",
        "revoke",
        "org_revoke",
    }


@pytest.mark.parametrize(
    ("path", "answer", "reason"),
    [
        (OWN, {"tokens": "none"}, "InvalidData"),
        (OWN, {"tokens": [{"name": "x", "id": 7, "created_at": "2026-01-01"}]}, "InvalidData"),
        (OWN, {"tokens": [{"name": "x", "id": "y"}]}, "InvalidData"),
        (OWN, {"items": []}, "InvalidData"),
        (ACME, {"tokens": [{"name": "x", "id": "y", "created_at": "2026-01-01", "expires": 1}]}, "InvalidData"),
        ("/v1/auth/validate", {"exp": "never"}, "InvalidData"),
        ("/v1/auth/validate", "<html>", "DataValidationError"),
    ],
)
def test_the_judge_refuses_answers(judged: Judged, path: str, answer: Any, reason: str) -> None:
    judged.server.faults.add("*", faults.garbage(answer))
    assert reason in refused(judged, "GET", path)


def test_the_judge_refuses_requests(judged: Judged) -> None:
    assert "Path not found" in refused(judged, "GET", "/v1/auth/tokens")
    assert "Operation put not found" in refused(judged, "PUT", OWN)
    assert "InvalidRequestBody" in refused(judged, "POST", f"{OWN}/x", json={"scopes": ["write"]})


def test_switches_that_leave_the_document(judged: Judged) -> None:
    judged.server.behave(create_shape="v2")
    refused(judged, "POST", f"{OWN}/x")
