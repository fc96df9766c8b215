# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The token endpoints of the Turso Platform API: from a request to the state, and back to an answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from . import sql_api
from .answers import Answer
from .refusal import Refusal
from .state import LogEntry, State, Token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .behaviour import Behaviour

ROUTES = tuple(
    (method, re.compile(pattern), call)
    for method, pattern, call in (
        ("GET", r"/v1/auth/api-tokens", "list"),
        ("POST", r"/(v1|v2)/auth/api-tokens/([^/]+)", "create"),
        ("DELETE", r"/v1/auth/api-tokens/([^/]+)", "revoke"),
        ("GET", r"/v1/auth/validate", "validate"),
        ("GET", r"/v1/organizations/([^/]+)/api-tokens", "org_list"),
        ("DELETE", r"/v1/organizations/([^/]+)/api-tokens/([^/]+)", "org_revoke"),
        ("GET", r"/v1/organizations/([^/]+)/databases", "databases"),
        ("GET", r"/v1/organizations/([^/]+)/databases/([^/]+)", "database"),
        ("GET", r"/v1/organizations/([^/]+)/groups/([^/]+)", "group"),
        ("POST", r"/v1/organizations/([^/]+)/(databases|groups)/([^/]+)/auth/tokens", "mint"),
        ("POST", r"/v1/organizations/([^/]+)/(databases|groups)/([^/]+)/auth/rotate", "invalidate"),
        ("GET", r"/v1/organizations/([^/]+)/audit-logs", "audit_log"),
    )
)

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    410: "gone",
    422: "unprocessable",
}

NO_ROUTE = Answer.of(404, b"404 page not found\n", "text/plain; charset=utf-8")


@dataclass(frozen=True)
class Call:
    """A request as the API understands it: the call's name and the decoded variables of its path."""

    name: str
    arguments: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)


NO_CALL = Call("unknown")


def route(method: str, path: str, query: str = "") -> Call:
    """Return the call that a path, still percent-encoded and without its prefix, and a query stand for."""
    for known, pattern, name in ROUTES:
        match = pattern.fullmatch(path) if known == method else None
        if match:
            return Call(name, tuple(unquote(group) for group in match.groups()), dict(parse_qsl(query)))
    return NO_CALL


def bearer(authorization: str | None) -> str:
    """Return the secret of an Authorization header; empty, which no token is, where there is none."""
    scheme, _space, secret = (authorization or "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


class Api:
    def __init__(self, state: State) -> None:
        self._state = state

    def answer(
        self, call: Call, secret: str, body: bytes, behind: int = 0, query: Mapping[str, str] | None = None
    ) -> Answer:
        """Do what the call asks. Lists are those of the state before its last `behind` changes."""
        if call is NO_CALL:
            return NO_ROUTE
        try:
            caller = self._caller(call, secret)
            if call.name in sql_api.CALLS:
                return sql_api.answer(self._state, caller, call.name, call.arguments, query or {}, json_object(body))
            return Answer.json(200, self._perform(call, caller, body, behind))
        except Refusal as refusal:
            return Answer.json(refusal.status, error_body(refusal, self._state.behaviour.error_shape))

    def _caller(self, call: Call, secret: str) -> Token:
        caller = self._state.authenticate(secret)
        if caller.is_restricted and call.name in self._state.behaviour.forbidden_to_scoped:
            raise Refusal(403, "this token is not allowed to do that")
        is_about_tokens = call.name != "validate" and call.name not in sql_api.CALLS
        if caller.group is not None and is_about_tokens and not self._state.behaviour.group_tokens_manage:
            raise Refusal(403, "group-scoped token cannot access org-level resources")
        return caller

    def _perform(self, call: Call, caller: Token, body: bytes, behind: int) -> Mapping[str, Any]:  # noqa: PLR0911
        state = self._state
        if call.name == "list":
            return {"tokens": [self._listed(token) for token in state.own_tokens(caller, behind)]}
        if call.name == "org_list":
            tokens, sees_all = state.organization_tokens(caller, call.arguments[0], behind)
            return {"tokens": [self._listed(token, with_owner=sees_all) for token in tokens]}
        if call.name == "create":
            version, name = call.arguments
            return created(state.create(caller, name, json_object(body)), version, state.behaviour)
        if call.name == "revoke":
            state.revoke_by_name(caller, call.arguments[0])
            return {"token": call.arguments[0]}
        if call.name == "org_revoke":
            state.revoke_by_id(caller, *call.arguments)
            return {"token": call.arguments[1]}
        if call.name == "audit_log":
            return page_of(state.audit_log(caller, call.arguments[0]), call.query)
        return {"exp": -1 if caller.expires is None else caller.expires}

    def _listed(self, token: Token, *, with_owner: bool = False) -> dict[str, Any]:
        behaviour = self._state.behaviour
        entry: dict[str, Any] = {
            "name": token.name,
            "id": token.id,
            "created_at": moment(token.created, behaviour.created_at),
        }
        if token.organization is not None:
            entry["organization"] = token.organization
        if token.group is not None:
            entry["group"] = token.group
        if token.scopes is not None:
            entry["scopes"] = token.scopes
        if with_owner:
            entry["owner"] = {"username": token.user, "email": self._state.emails[token.user]}
        if behaviour.descriptions:
            entry["description"] = token.description
            entry["last_used_at"] = token.last_used and moment(token.last_used, "timestamp")
        return {**entry, **behaviour.extra_fields}


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a request carries, an empty one where it carries nothing."""
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise Refusal(400, "the request body is not valid JSON") from None
    if not isinstance(value, dict):
        raise Refusal(400, "the request body must be a JSON object")
    return value


def page_of(log: list[LogEntry], query: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of an audit log, which a client asks for by its number and size."""
    try:
        size, number = int(query.get("page_size", 10)), int(query.get("page", 1))
    except ValueError:
        raise Refusal(400, "page and page_size must be numbers") from None
    if size < 1 or number < 1:
        raise Refusal(400, "page and page_size must be positive")
    shown = log[(number - 1) * size : number * size]
    pages = max(1, -(-len(log) // size))
    return {
        "audit_logs": [
            {
                "code": entry.code,
                "message": entry.message,
                "origin": entry.origin,
                "author": entry.author,
                "created_at": moment(entry.at, "timestamp"),
                "data": {},
            }
            for entry in shown
        ],
        "pagination": {"page": number, "page_size": size, "total_pages": pages, "total_rows": len(log)},
    }


def moment(instant: datetime, form: str) -> str:
    return instant.strftime("%Y-%m-%d" if form == "date" else "%Y-%m-%dT%H:%M:%SZ")


def created(token: Token, version: str, behaviour: Behaviour) -> dict[str, Any]:
    """Return the answer to a create: the only one that ever holds a token's value."""
    shape = version if behaviour.create_shape == "by_path" else behaviour.create_shape
    known = {"name": token.name, "id": token.id}
    if shape == "v1":
        return {**known, "token": token.secret}
    return {"token": {**known, "value" if shape == "v2" else "token": token.secret}}


def error_body(refusal: Refusal, shape: str) -> dict[str, Any]:
    code = CODES[refusal.status]
    if shape == "object":
        return {"error": {"code": code, "message": refusal.message}}
    return {"error": refusal.message, **({"code": code} if shape == "text_and_code" else {})}
