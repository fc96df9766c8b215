# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module of this collection in a fork of this process, which has imported it already. Private to this collection.

Ansible would pack the module into an archive, start Python, and compile all that is imported, for every task anew. The fork is a
process of its own as well: it ends when nobody waits for its result, and its arguments are in no file and in no list of processes.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, NoReturn

from ansible.module_utils import basic
from ansible.module_utils.common import json as ansible_json

from ansible_collections.community.turso.plugins.plugin_utils._orphan import ended_with_parent

_mask: Callable[[Iterable[str]], object] | None
try:
    from ansible.module_utils.secrets import register_secrets
except ImportError:  # ansible-core before 2.22
    _mask = None
else:
    _mask = register_secrets


def module_named(name: str) -> ModuleType:
    """Import a module of this collection, once for all forks."""
    return importlib.import_module(f"ansible_collections.community.turso.plugins.modules.{name}")


def run_forked(
    module: ModuleType, args: Mapping[str, Any], environment: Mapping[str, str], *, check_mode: bool, lost: str = ""
) -> dict[str, Any]:
    """Run a module and return its result.

    :param args: its options. Nobody sees them but the fork.
    :param environment: variables that it finds besides those of this process.
    :param lost: what it means where there is no result, as sentences.
    """
    given = _as_json({**args, "_ansible_check_mode": check_mode, "_ansible_no_log": True})
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _be(module, given, environment, writer)
    os.close(writer)
    with open(reader, "rb") as answer, ended_with_parent():  # closed in any case: the fork ends when nobody reads
        output = answer.read()
    _pid, status = os.waitpid(pid, 0)
    return _result_in(output, os.waitstatus_to_exitcode(status), lost)


def _be(module: ModuleType, given: bytes, environment: Mapping[str, str], output: int) -> NoReturn:
    """Become the module. Whatever happens, this process ends here: the rest of its stack belongs to Ansible."""
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)  # not what Ansible's worker does, until the module says otherwise
        _redirect(output)
        os.environ.update(environment)
        # As ansible-core's own wrapper of modules does it. The second is since 2.19, and so is what knows that this is a module:
        # else warnings and tracebacks would stay with the fork's copy of what Ansible shows.
        vars(basic).update(_ANSIBLE_ARGS=given, _ANSIBLE_PROFILE="legacy")
        vars(sys.modules.get("ansible.module_utils._internal", basic))["is_controller"] = False
        module.main()
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    finally:
        sys.stdout.flush()
        os._exit(code)


def _redirect(output: int) -> None:
    """Read nothing, write the result to where it is read, and show nothing else: it could hold a secret."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number, file in enumerate((nowhere, output, nowhere)):
        os.dup2(file, number)
    os.close(output)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


def _as_json(args: Mapping[str, Any]) -> bytes:
    return json.dumps({"ANSIBLE_MODULE_ARGS": args}, cls=_encoder()).encode()


def _encoder() -> Any:
    """Return what writes the values of Ansible's own types, such as those that were encrypted in a variable."""
    if hasattr(ansible_json, "get_module_encoder"):  # since ansible-core 2.19
        return ansible_json.get_module_encoder("legacy", ansible_json.Direction.CONTROLLER_TO_MODULE)
    return functools.partial(ansible_json.AnsibleJSONEncoder, vault_to_text=True)


def _decoder() -> Any:
    if hasattr(ansible_json, "get_module_decoder"):  # since ansible-core 2.19
        return ansible_json.get_module_decoder("legacy", ansible_json.Direction.MODULE_TO_CONTROLLER)
    return json.JSONDecoder


def _result_in(output: bytes, code: int, lost: str) -> dict[str, Any]:
    try:
        result = json.loads(output, cls=_decoder())
    except ValueError:
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        return {
            "failed": True,
            "changed": False,
            "msg": f"The process of the module {how} and left no result. {lost}".rstrip(),
        }
    if _mask is not None:
        _mask(str(secret) for secret in (result.get("secrets") or {}).values())
    return {key: value for key, value in result.items() if key != "invocation" and not key.startswith("_ansible_")}
