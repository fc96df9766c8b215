# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's OpenAPI document as a judge of requests and answers, through openapi-core.

contract = Contract.load(simulator.url)           # skips the test, with the reason, where that cannot be
contract.check(response)                          # a requests.Response, which carries its request
session.hooks["response"].append(contract.check)  # everything that a session of requests says and hears
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = Path(os.environ.get("TURSO_OPENAPI") or ROOT.parent / "shared" / "turso-openapi.json")

SOMETIMES = {"organization", "group", "scopes", "owner"}
"""What a listed token has only where it applies, as the document says in words."""


class Contract:
    """The document, served at a URL of ours.

    It requires no field and forbids none, so as it stands it proves little. Here it is taken at its word: an answer has
    every field that it names, save those that apply to some tokens only, and no other.
    """

    def __init__(self, document: dict[str, Any], url: str) -> None:
        openapi_core = pytest.importorskip("openapi_core", reason="pip install openapi-core")
        self._adapters = pytest.importorskip("openapi_core.contrib.requests")
        known = openapi_core.Config(spec_validator_cls=None)  # to be a document of OpenAPI, by a test: it takes long
        self._openapi = openapi_core.OpenAPI.from_dict({**document, "servers": [{"url": url}]}, config=known)

    @classmethod
    def load(cls, url: str) -> Contract:
        return cls(at_its_word(), url)

    def check(self, response: requests.Response, **_: Any) -> None:
        """Raise OpenAPIError where the request does not conform, or its answer where that is a 200.

        The document describes no other status of the token calls.
        """
        request = self._adapters.RequestsOpenAPIRequest(response.request)
        with contextlib.ExitStack() as on_refusal:
            on_refusal.callback(response.close)
            self._openapi.validate_request(request)
            if response.status_code == requests.codes.ok:
                self._openapi.validate_response(request, self._adapters.RequestsOpenAPIResponse(response))
            on_refusal.pop_all()


@functools.cache
def at_its_word() -> dict[str, Any]:
    if not DOCUMENT.exists():
        pytest.skip(f"the vendor's OpenAPI document is not there: {DOCUMENT} (TURSO_OPENAPI names another)")
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    for schema in answered_objects(document):
        schema["additionalProperties"] = False
        schema["required"] = sorted(set(schema["properties"]) - SOMETIMES)
    return document


def answered_objects(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every schema of an object that a token call answers."""
    yield document["components"]["schemas"]["APIToken"]
    for path, operations in document["paths"].items():
        if "api-tokens" in path or path == "/v1/auth/validate":
            for operation in operations.values():
                content = operation["responses"]["200"]["content"]["application/json"]
                yield from objects(content["schema"])


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema
        for value in schema.values():
            yield from objects(value)
