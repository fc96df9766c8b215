# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hide a module's result from every output when it carries a secret, and only then; say at -v what is in it besides.

Private to this collection.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import Any

from ansible import constants, context
from ansible.errors import AnsibleActionFail
from ansible.module_utils.ansible_release import __version__
from ansible.playbook.play_context import PlayContext
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import connection_loader
from ansible.utils.display import Display

from ansible_collections.community.turso.plugins.plugin_utils._orphan import ended_with_parent
from ansible_collections.community.turso.plugins.plugin_utils._token_label import description_of

# ansible-core >= 2.22 masks the value that the module registered, and nothing else.
CORE_MASKS_VALUES = find_spec("ansible.module_utils.secrets") is not None

CORE = tuple(map(int, __version__.split(".")[:2]))
CORE_SHOWS_FAILURES = CORE >= (2, 19)  # messages and warnings even of hidden results, in all of its callbacks but one
CORE_LOOKS_AT_ITEMS = (2, 19) <= CORE < (2, 21)  # takes any list of results for a loop's, and hides only those marked
CORE_FORGETS_ITEMS = CORE < (2, 19)  # the result of a whole loop is hidden only if its task says no_log


class ActionModule(ActionBase):
    """Runs the module of the same name as if its author had written no_log, then takes that back if there is no need.

    The connection must not print the raw output either, so both the task and the play context say no_log while the
    module runs. The result itself is marked afterwards, which keeps it usable through register.
    """

    _supports_check_mode = True
    _supports_diff = True
    _supports_async = False  # the job file would hold the secret

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._refuse_async()
        result: dict[str, Any] = super().run(tmp, task_vars)
        result.update(self._execute_hidden(task_vars))
        self._tell_created(result, [part["token"] for part in (result, *_carriers_in(result)) if part.get("secret")])
        if _is_unreadable(result) or (any(_secrets_in(result)) and not CORE_MASKS_VALUES):
            self._hide(result)
            self._tell_what_callbacks_do_not(result)
        return result

    def _refuse_async(self) -> None:
        if self._task.async_val:
            raise AnsibleActionFail(
                f"{self._task.action} does not run with async, because the file of the job would keep the secret in clear "
                "text. Nothing was sent. Remove async from the task; community.turso.turso_tokens creates many tokens side "
                "by side."
            )

    def _hide(self, result: dict[str, Any]) -> None:
        """Mark a result so that no output shows it; how depends on ansible-core."""
        mark(result)
        if CORE_LOOKS_AT_ITEMS:
            for item in _carriers_in(result):
                mark(item)
        if CORE_FORGETS_ITEMS and self._task.loop is not None:
            self._task.no_log = True

    def _tell_what_callbacks_do_not(self, result: dict[str, Any]) -> None:
        """Show the failure and the warnings of a hidden result, where nothing else does."""
        if result.get("failed") and (not CORE_SHOWS_FAILURES or _prints_one_line()):
            self._tell(result, str(result.get("msg", "the module failed without saying why")), "red")
        if not CORE_SHOWS_FAILURES:
            for warning in result.get("warnings") or ():
                self._tell(result, f"[WARNING]: {warning}", "bright purple")

    def _execute_hidden(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        with self.hidden(), ended_with_parent():
            executed: dict[str, Any] = self._execute_module(task_vars=task_vars)
        return executed

    def _at_home(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run on the control node where the inventory says that this host is reached by something else.

        :returns: the variables to run a module with.
        """
        if self._connection.transport == "local":  # type: ignore[has-type]
            return task_vars
        self._connection = connection_loader.get("ansible.builtin.local", self._play_context, "/dev/null")
        return {**task_vars, "ansible_python_interpreter": sys.executable}

    @contextlib.contextmanager
    def hidden(self) -> Iterator[None]:
        """Have nothing shown of the modules that run meanwhile, neither by callbacks nor by the connection."""
        play_context = self._connection._play_context
        written = self._task.no_log, play_context.no_log
        self._task.no_log = True
        hide_from_connection(play_context)
        try:
            yield
        finally:
            self._task.no_log, play_context.no_log = written

    def _tell_created(self, result: dict[str, Any], tokens: Iterable[dict[str, Any]]) -> None:
        """Name each new token at -v, because a hidden result shows nothing of it."""
        for token in tokens if Display().verbosity > 0 else ():
            self._tell(result, f"created {description_of(token)}", "blue")

    def _tell(self, result: dict[str, Any], text: str, color: str) -> None:
        """Show a text of a hidden result; on stderr, because callbacks own stdout."""
        for secret in _secrets_in(result):
            text = text.replace(secret, "***")
        Display().display(f"{self._task.action}: {text}", color=color, stderr=True)


def mark(result: dict[str, Any]) -> None:
    """Have Ansible show nothing of a result."""
    result["_ansible_no_log"] = True


def hide_from_connection(play_context: PlayContext) -> None:
    """Have a connection print nothing of what the module answers, which it would do at -vvv."""
    play_context.no_log = True


def _secrets_in(result: dict[str, Any]) -> Iterator[str]:
    """Yield every secret of a result: of one token, of many in a list, or by name."""
    by_name = result.get("secrets")
    yield from (str(part["secret"]) for part in (result, *_carriers_in(result)) if part.get("secret"))
    yield from (str(secret) for secret in (by_name.values() if isinstance(by_name, dict) else ()))


def _carriers_in(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield those of many results that carry a secret."""
    items = result.get("results")
    yield from (
        item for item in (items if isinstance(items, list) else ()) if isinstance(item, dict) and item.get("secret")
    )


def _prints_one_line() -> bool:
    """Tell whether the callback that prints is oneline, which shows no message of a hidden result."""
    named: str = constants.DEFAULT_STDOUT_CALLBACK
    return named.rpartition(".")[2] == "oneline" or bool(context.CLIARGS.get("one_line"))


def _is_unreadable(result: dict[str, Any]) -> bool:
    """Tell whether the module's output could not be read as a result: what is in it then is anybody's guess."""
    return bool(result.get("module_stdout"))
