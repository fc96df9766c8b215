# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Door of the role turso_audit to the audit. Private to this collection."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.community.turso.plugins.module_utils._audit.notes import lines_of
from ansible_collections.community.turso.plugins.module_utils._audit.policy import Policy
from ansible_collections.community.turso.plugins.module_utils._audit.report import audit
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._time import moment_of


def audit_findings(listed: dict[str, Any], asked: dict[str, Any], credential: dict[str, Any]) -> dict[str, Any]:
    """Return the report, and the lines to show of it.

    :param listed: the result of turso_token_info.
    :param asked: the policy, and the organization.
    :param credential: the result of turso_token_info with validate, whatever it was.
    """
    validation = credential.get("validation") or {}
    try:
        moment = moment_of(listed.get("listed_at"))
        if moment is None:
            raise AnsibleFilterError("The tokens could not be listed. Nothing was judged.")
        report = audit(
            listed["tokens"], moment, Policy.of(asked), asked.get("organization") or None, validation.get("id")
        )
    except TursoError as exc:
        raise AnsibleFilterError(f"{exc} Nothing was judged.") from exc
    # Other people chose the names in it: until ansible-core 2.18 a template in one would be rendered where it is used.
    wrapped: dict[str, Any] = wrap_var({"report": report, "lines": lines_of(report)})
    return wrapped


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"_audit_findings": audit_findings}
