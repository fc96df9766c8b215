# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.community.turso.plugins.plugin_utils._hidden_result import ActionModule as HiddenResult


class ActionModule(HiddenResult):
    """Hides the result where it carries a secret, and tells which play it is that asks: no variable of Ansible's does."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        result["play"] = self._task.play._uuid
        return result

    def _execute_hidden(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        if self._task.args.get("state") == "absent" and self._task.args.get("pending") == "":
            return {"changed": False, "report": []}  # a module would take a third of a second to say so
        return super()._execute_hidden(task_vars)
