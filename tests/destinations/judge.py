# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge what stand-ins are asked, and what they answer, by what the vendors publish of their APIs."""

from __future__ import annotations

import functools
import json
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import openapi_core
import pytest
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from tests.destinations.descriptions import path_of
from tests.destinations.serving import Answer, Asked


class Judge:
    """Those operations of a document that a stand-in answers.

    :param unjudged: paths whose answers are shorter than the document wants them.
    """

    def __init__(self, document: Mapping[str, Any], paths: Iterable[str], unjudged: Iterable[str] = ()) -> None:
        self.url = "https://api.example"
        self.unjudged = tuple(f"/{path.rpartition('/')[2]}" for path in unjudged)
        self._openapi = openapi_core.OpenAPI.from_dict(cut(document, paths, self.url))

    @classmethod
    @functools.cache
    def load(cls, package: str, paths: tuple[str, ...], unjudged: tuple[str, ...] = ()) -> Judge:
        """Return the judge by a package's document; skips the test, with the reason, where it is not there."""
        path = path_of(package)
        if not path.is_file():
            pytest.skip(f"the description {package} is not here: make peers")
        return cls(json.loads(path.read_text(encoding="utf-8")), paths, unjudged)

    def problem(self, asked: Asked, answer: Answer) -> str | None:
        """Say what the document has against a request, or against what a stand-in answers to it."""
        request = MockRequest(
            self.url,
            asked.method,
            asked.path,
            args=dict(urllib.parse.parse_qsl(asked.query)),
            headers=dict(asked.headers),
            data=asked.content,
            content_type=asked.headers.get_content_type() if asked.content else "",
        )
        response = MockResponse(answer.content, answer.status)
        try:
            self._openapi.validate_request(request)
            if 200 <= answer.status < 300 and not asked.path.endswith(self.unjudged):
                self._openapi.validate_response(request, response)
        except OpenAPIError as exc:
            return f"{asked.method} {asked.path} {asked.query}: {exc}: {exc.__cause__}"
        return None


def cut(document: Mapping[str, Any], paths: Iterable[str], url: str) -> dict[str, Any]:
    """Return a document with these paths alone and all that they refer to, served at a URL."""
    kept: dict[str, Any] = {
        "openapi": document["openapi"],
        "info": {"title": "cut", "version": "1"},
        "servers": [{"url": url}],
        "paths": {path: document["paths"][path] for path in paths},
    }
    waiting = list(_references(kept["paths"]))
    while waiting:
        reference = waiting.pop()
        *folder, name = reference.removeprefix("#/").split("/")
        source, target = document, kept
        for part in folder:
            source, target = source[part], target.setdefault(part, {})
        if name not in target:
            target[name] = source[name]
            waiting += _references(source[name])
    return kept


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for key, value in node.items():
            if key not in ("examples", "example"):
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
