# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module shares: its connection options, the client made from them, and how a failure becomes a result.

Private to this collection.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleFallbackNotFound, AnsibleModule, missing_required_lib

from ansible_collections.community.turso.plugins.module_utils._api.client import REQUESTS_IMPORT_ERROR, Api
from ansible_collections.community.turso.plugins.module_utils._api.credential import Credential
from ansible_collections.community.turso.plugins.module_utils._api.settings import authorities
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import (
    Forbidden,
    InvalidRequest,
    TursoError,
    Unauthorized,
)
from ansible_collections.community.turso.plugins.module_utils._secrets import Secrecy, without
from ansible_collections.community.turso.plugins.module_utils._written import refuse_misread

TOKEN_VARIABLES = ("TURSO_API_TOKEN", "TURSO_PLATFORM_TOKEN")  # never TURSO_AUTH_TOKEN: that is a database's


def env_unless_empty(*names: str) -> str:
    """Return the first of the environment variables that is set to something; CI and AWX set unused ones to nothing."""
    for name in names:
        value = os.environ.get(name)
        if value:
            return value
    raise AnsibleFallbackNotFound


class TursoModule(AnsibleModule):
    """An AnsibleModule whose failures all return the same keys, also where it refuses its arguments.

    :param always: what a failure returns besides, where nothing better is known.
    """

    _accepted = False
    _objection: str | None = None

    def __init__(self, *args: Any, always: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        self._always = dict(always or {})
        try:
            super().__init__(*args, **kwargs)
        except UnicodeEncodeError as exc:  # from its log of the invocation
            self.fail_json(msg=str(exc))
        if self._objection is not None:
            self.fail_json(msg=self._objection)
        self._accepted = True

    def _load_params(self) -> None:
        """Look at the options as they are written: what follows fits them to their types, in place."""
        super()._load_params()
        try:
            refuse_misread(self.params, self.argument_spec)
        except InvalidRequest as exc:
            self._objection = exc.msg

    def exit_json(self, **kwargs: Any) -> NoReturn:
        super().exit_json(**self._scrubbed(kwargs))
        raise AssertionError("exit_json returned")

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        if not self._accepted and self._objection is not None:
            msg = self._objection  # more to the point than what Ansible makes of it
        if not self._accepted and "surrogates not allowed" in msg:
            msg = "One of the options is not valid Unicode text."
        error = TursoError(msg) if self._accepted else InvalidRequest(msg)
        result = {"msg": msg, "changed": False, "error": error.as_error(), **self._always, **kwargs}
        super().fail_json(**self._scrubbed(result))
        raise AssertionError("fail_json returned")

    def _scrubbed(self, result: dict[str, Any]) -> dict[str, Any]:
        """Strike out what the API may have told back. From ansible-core 2.22 on it would stay in what is registered."""
        # A blank one is no secret, and hiding it would hide every space of the message.
        self.no_log_values -= {value for value in self.no_log_values if not value.strip()}
        scrubbed: dict[str, Any] = without(result, self.no_log_values)
        return scrubbed


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


def token_spec() -> dict[str, Any]:
    """Return the argument spec of one wanted token. What goes with what is checked by Wanted, for one as for many."""
    return {
        "name": {"type": "str"},
        "id": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "organization": {"type": "str"},
        "group": {"type": "str"},
        "scopes": {"type": "list", "elements": "str"},
        "description": {"type": "str"},
    }


def credential_from(params: Mapping[str, Any]) -> Credential:
    """Return the credential that the options and the environment give.

    :raises InvalidRequest: where there is none, and where it is wrapped in quotes or the like.
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
    :raises InvalidRequest: for options that cannot work, before any request.
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
                is_about_tokens = not kwargs.get("advice")
                told = self.credential.explanation(exc, _now(), is_about_tokens=is_about_tokens)
                exc.msg = f"{exc.msg} {told}"
            raise


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


@contextlib.contextmanager
def failures_as_results(module: AnsibleModule) -> Iterator[Secrecy]:
    """End the module with a failure result where its body raises, with every secret hidden in it."""
    if REQUESTS_IMPORT_ERROR is not None:
        missing = InvalidRequest(missing_required_lib("requests"))
        module.fail_json(**missing.as_result(), exception=REQUESTS_IMPORT_ERROR)
    secrecy = Secrecy(module)
    try:
        if module.params.get("api_token"):
            for warning in credential_from(module.params).warnings(_now()):
                module.warn(warning)
        yield secrecy
    except TursoError as exc:
        module.fail_json(**exc.as_result())
    except Exception as exc:  # noqa: BLE001  # left to Python, the traceback of a bug would be printed unmasked
        module.fail_json(**result_of_a_bug(exc))


def result_of_a_bug(exc: Exception) -> dict[str, str]:
    """Return the failure for a mistake in the code of the module, called where it was caught."""
    return {"msg": f"Internal error, please report it: {exc}", "exception": traceback.format_exc()}


def warn_of(module: AnsibleModule, result: dict[str, Any]) -> None:
    """Take the warnings out of a result and show them."""
    for warning in result.pop("warnings", ()):
        module.warn(warning)
