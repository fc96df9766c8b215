# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """Runs the module, unless an option is written and comes to null, or the organization to something else than a text.

    The module can tell neither: ansible-core takes null for left out, and makes a text of a list.
    """

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        refusal = refusal_of(self._task.args)
        if refusal is not None:
            raise AnsibleActionFail(f"{refusal} Nothing was revoked.")
        result.update(self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
        return result


def refusal_of(options: dict[str, Any]) -> str | None:
    """Say why options are not taken as they are written, none where they are. Never shows what an option holds."""
    for name, value in options.items():
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
        # Before ansible-core 2.19 a template that comes to null is an empty text. An empty confirm asks for a dry run.
        if any(part is None for part in (value, *inner)) or (value == "" and name != "confirm"):
            return f"{name} is empty or null. Leave it out if you don't mean it."
    if not isinstance(options.get("organization", ""), str):
        return "organization must be one slug, not a list. Run once for each organization."
    return None
