# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.community.turso.plugins.plugin_utils._hidden_result import ActionModule as HiddenResult
from ansible_collections.community.turso.plugins.plugin_utils._kept_value import refusal_of_unkept


class ActionModule(HiddenResult):
    """Refuses a mint whose value nobody would get, and hides the result where it carries a secret."""

    def _execute_hidden(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        diff: dict[str, Any] = {"before": {}, "after": {}}
        always = {"reason": None, "token": None, "secret": None, "probed": "no", "diff": diff}
        return refusal_of_unkept(self._task, [self._task.args], always) or super()._execute_hidden(task_vars)
