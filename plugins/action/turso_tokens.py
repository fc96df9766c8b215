# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.community.turso.plugins.plugin_utils._hidden_result import ActionModule as HiddenResult
from ansible_collections.community.turso.plugins.plugin_utils._kept_value import refusal_of_unkept
from ansible_collections.community.turso.plugins.plugin_utils._shown_progress import ShownProgress


class ActionModule(HiddenResult, ShownProgress):
    """Refuses creates whose values nobody would get, hides the result where it carries a secret, and shows the progress."""

    def _execute_hidden(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        tokens = self._task.args.get("tokens")
        asked = tokens if isinstance(tokens, (list, tuple)) else []
        refusal = refusal_of_unkept(self._task, asked, {"results": [], "diff": []})
        return refusal or super()._execute_hidden(task_vars)
