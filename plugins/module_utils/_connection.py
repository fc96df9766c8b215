# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options that every module has, and the client that is made from them.

Private to this collection.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleFallbackNotFound

from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.credential import Credential
from ansible_collections.community.turso.plugins.module_utils._api.settings import authorities
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import Forbidden, Unauthorized
from ansible_collections.community.turso.plugins.module_utils._time import utc_now

TOKEN_VARIABLES = ("TURSO_API_TOKEN", "TURSO_PLATFORM_TOKEN")  # never TURSO_AUTH_TOKEN: that is a database's


def env_unless_empty(*names: str) -> str:
    """Return the first of the environment variables that is set to something; CI and AWX set unused ones to nothing."""
    for name in names:
        value = os.environ.get(name)
        if value:
            return value
    raise AnsibleFallbackNotFound


def connection_spec() -> dict[str, Any]:
    """Return the argument spec of the connection options; documented in the doc fragment api."""
    return {
        "api_token": {
            "type": "str",
            "no_log": True,
            "fallback": (env_unless_empty, list(TOKEN_VARIABLES)),
        },
        "api_url": {
            "type": "str",
            "default": "https://api.turso.tech",
            "fallback": (env_unless_empty, ["TURSO_API_BASEURL"]),
        },
        "api_timeout": {"type": "float", "default": 30, "fallback": (env_unless_empty, ["TURSO_API_TIMEOUT"])},
        "api_retries": {"type": "int", "default": 4, "fallback": (env_unless_empty, ["TURSO_API_RETRIES"])},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
    }


def credential_from(params: Mapping[str, Any]) -> Credential:
    """Return the credential that the options and the environment give.

    :raises BadOption: where there is none, and where it is wrapped in quotes or the like.
    """
    value = params["api_token"]
    variables = (name for name in TOKEN_VARIABLES if value and os.environ.get(name) == value)
    variable = next(variables, None)
    source = f"the environment variable {variable}" if variable else "the option api_token"
    return Credential.read(value, source, TOKEN_VARIABLES)


def tokens_from(
    params: Mapping[str, Any], hide: Callable[[str], None], connections: int = 1, *, makes_secrets: bool = False
) -> Tokens:
    """Return the client for API tokens that the connection options describe; see client_from.

    :param hide: is given every secret that the API returns.
    """
    return Tokens(client_from(params, connections, makes_secrets=makes_secrets), on_secret=hide)


def client_from(params: Mapping[str, Any], connections: int = 1, *, makes_secrets: bool = False) -> Api:
    """Return the client that the connection options describe.

    :param makes_secrets: whether the result may carry a new secret.
    :raises BadOption: for options that cannot work, before any request.
    :raises Refused: where the credential could destroy a new secret by being masked in it.
    """
    credential = credential_from(params)
    credential.refuse_sql()
    if makes_secrets:
        credential.refuse_to_mask()
    api = _Client(
        params["api_url"],
        credential.value,
        timeout_seconds=params["api_timeout"],
        retries=params["api_retries"],
        verify=authorities(params["ca_path"]) if params["validate_certs"] else False,
        connections=connections,
    )
    api.credential = credential
    return api


class _Client(Api):
    """A client that says of its own credential where it came from and what it is, where the API refuses it."""

    credential: Credential

    def request(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().request(*args, **kwargs)
        except (Unauthorized, Forbidden) as exc:
            if kwargs.get("bearer") is None:
                is_about_tokens = "api-tokens" in args
                told = self.credential.explanation(exc, utc_now(), is_about_tokens=is_about_tokens)
                exc.msg = f"{exc.msg} {told}"
            raise
