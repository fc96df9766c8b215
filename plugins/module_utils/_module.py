# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module shares: how it ends, and how a failure becomes a result.

Private to this collection.
"""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.community.turso.plugins.module_utils._api.losses import REQUESTS_IMPORT_ERROR
from ansible_collections.community.turso.plugins.module_utils._connection import credential_from
from ansible_collections.community.turso.plugins.module_utils._errors import (
    BadOption,
    InvalidRequest,
    TursoError,
)
from ansible_collections.community.turso.plugins.module_utils._secrets import Secrecy, without
from ansible_collections.community.turso.plugins.module_utils._time import utc_now
from ansible_collections.community.turso.plugins.module_utils._written import refuse_misread


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
        except BadOption as exc:
            self._objection = exc.msg

    def exit_json(self, **kwargs: Any) -> NoReturn:
        super().exit_json(**self._scrubbed(kwargs))
        raise AssertionError("exit_json returned")

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        if not self._accepted and self._objection is not None:
            msg = self._objection  # more to the point than what Ansible makes of it
        if not self._accepted and "surrogates not allowed" in msg:
            msg = BadOption("One of the options is not valid Unicode text.", "Correct it.").msg
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


@contextlib.contextmanager
def failures_as_results(module: AnsibleModule) -> Iterator[Secrecy]:
    """End the module with a failure result where its body raises, with every secret hidden in it."""
    if REQUESTS_IMPORT_ERROR is not None:
        missing = InvalidRequest(missing_required_lib("requests"))
        module.fail_json(**missing.as_result(), exception=REQUESTS_IMPORT_ERROR)
    secrecy = Secrecy(module)
    try:
        if module.params.get("api_token"):
            for warning in credential_from(module.params).warnings(utc_now()):
                module.warn(warning)
        yield secrecy
    except TursoError as exc:
        module.fail_json(**exc.as_result())
    except Exception as exc:  # noqa: BLE001  # left to Python, the traceback of a bug would be printed unmasked
        module.fail_json(**result_of_a_bug(exc))


def result_of_a_bug(exc: Exception) -> dict[str, str]:
    """Return the failure for a mistake in the code of the module, called where it was caught."""
    place = traceback.extract_tb(exc.__traceback__)[-1]
    where = f"{os.path.basename(place.filename)}, line {place.lineno}"
    msg = f"Internal error, please report it: {type(exc).__name__} in {where}: {exc}"
    return {"msg": msg, "exception": traceback.format_exc()}


def warn_of(module: AnsibleModule, result: dict[str, Any]) -> None:
    """Take the warnings out of a result and show them."""
    for warning in result.pop("warnings", ()):
        module.warn(warning)
