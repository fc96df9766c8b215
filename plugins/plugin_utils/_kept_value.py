# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refuse a create whose value nobody would get: the API shows it once, and only a registered result keeps it.

Private to this collection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.playbook.task import Task

from ansible_collections.community.turso.plugins.module_utils._errors import Refused


def refusal_of_unkept(task: Task, asked: Iterable[Any], always: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the failure for a task that may create a token and registers nothing, none where there is no such danger.

    :param asked: the options of each token; what is no dictionary is left to the module to refuse.
    :param always: what every result of the module holds.
    """
    creates = any(isinstance(each, Mapping) and each.get("state", "present") == "present" for each in asked)
    if task.register or task.check_mode or not creates:
        return None
    refused = Refused(
        "The API shows the value of a new token only once, and this task does not register its result, so the value would "
        "be lost. Nothing was sent and no token was created. Add register to the task; an ad hoc command cannot keep a "
        "value."
    )
    return {"failed": True, "changed": False, **always, **refused.as_result()}
