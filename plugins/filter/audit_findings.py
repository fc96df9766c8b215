# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.community.turso.plugins.module_utils._api.model import moment_of
from ansible_collections.community.turso.plugins.module_utils._audit.findings import audit
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError


def audit_findings(tokens: list[dict[str, Any]], now: str, **policy: Any) -> dict[str, Any]:
    """Door to L(audit), which says what goes in and out; C(now) is an ISO 8601 time."""
    moment = moment_of(str(now))
    if moment is None:
        raise AnsibleFilterError(f"audit_findings: now must be an ISO 8601 time, not {now!r}")
    if not isinstance(tokens, list) or not all(isinstance(token, dict) and token.get("name") for token in tokens):
        raise AnsibleFilterError("audit_findings: the input must be a list of dictionaries that have a name")
    try:
        # Other people chose the names in it: until ansible-core 2.18 a template in one would be rendered where it is used.
        report: dict[str, Any] = wrap_var(audit(tokens, moment, **policy))
    except TursoError as exc:
        raise AnsibleFilterError(f"audit_findings: {exc}") from exc
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise AnsibleFilterError(
            f"audit_findings: the input is not what it takes: {type(exc).__name__}: {exc}"
        ) from exc
    return report


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"audit_findings": audit_findings}
