# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the report of an audit gets from one step to the next, and to whoever uses it. Private to this collection.

Since ansible-core 2.19 what a task registers is rendered value by value, which for thousands of tokens takes longer than the audit.
Where an action can register variables itself, the step that makes the report hands it on as a text, and the next one registers
what is in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var

REPORT = "turso_audit_report"
REGISTERS = hasattr(ActionBase, "register_host_variables")  # since ansible-core 2.21


def handed_on(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the task registers."""
    if REGISTERS:
        return {"verdict": report["verdict"], "text": json.dumps(report)}
    marked: dict[str, Any] = _without_templates(report)
    return marked


def known_from(registered: Any) -> dict[str, Any]:
    """Return the report in what the task registered.

    :raises AnsibleActionFail: there is none, which a play that ignores errors can bring about.
    """
    if not isinstance(registered, Mapping) or "verdict" not in registered:
        raise AnsibleActionFail(
            "There is no report, because the tokens could not be listed. Nothing was judged. Fix the failure above, then "
            "run this again."
        )
    known = dict(registered)
    return {**json.loads(known.pop("text", "{}")), **known}


def register(action: ActionBase, report: dict[str, Any]) -> None:
    """Register the report for whoever uses it after the role, where the task has not."""
    if REGISTERS:
        action.register_host_variables({REPORT: report})


def _without_templates(value: Any) -> Any:
    """Mark what could be taken for a template: other people chose the names.

    Until ansible-core 2.18 it would be rendered where the report is used. To mark every text takes longer than the audit.
    """
    if isinstance(value, str):
        return wrap_var(value) if "{" in value else value
    if isinstance(value, dict):
        return {key: _without_templates(part) for key, part in value.items()}
    return [*map(_without_templates, value)] if isinstance(value, list) else value
