# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.community.turso.plugins.module_utils._emergency.report import NOTHING
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.plugin_utils._revoke_variables import named_as_variables, options_in


class ActionModule(ActionBase):
    """Takes options from variables where the task asks for it, and runs the module.

    They go to the module alone: what a task has for its arguments, callbacks may show.
    """

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        args = dict(self._task.args)
        asked = args.pop("from_variables", None)
        try:
            if asked:
                args.update(options_in(task_vars or {}, asked, self._templar.template))
        except InvalidRequest as exc:
            return {**result, **NOTHING, "failed": True, "changed": False, **exc.as_result()}
        in_background = self._task.async_val and not self._connection.has_native_async
        executed: dict[str, Any] = self._execute_module(module_args=args, task_vars=task_vars, wrap_async=in_background)
        return {**result, **(named_as_variables(executed) if asked else executed)}
