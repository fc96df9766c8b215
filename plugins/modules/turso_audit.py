#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: turso_audit
short_description: Internal module of the role turso_audit
author:
  - The community.turso contributors (@community-turso)
description:
  - The role P(community.turso.turso_audit#role) calls this module in the right order. Use the role. Its variables are described
    there. They become the options of this module.
  - The module runs on the control node, whatever the connection of the host is.
  - With O(step=report) it lists the tokens, checks them against the policy, and writes the reports. With O(step=show) it shows
    the findings of the fact C(turso_audit_report). With O(step=verdict) it fails if there are findings at or above the
    C(turso_audit_fail_on) of the role.
  - It sends only read requests to the API.
extends_documentation_fragment:
  - community.turso.api
  - community.turso.attributes
attributes:
  check_mode:
    support: full
    details:
      - The module lists the tokens and checks them. It writes no file.
  diff_mode:
    support: partial
    details:
      - The diff has the JSON report, not the page.
  idempotent:
    support: full
    details:
      - The module writes a report only if it differs from the one that exists. It always writes the metrics, and reports a change
        only if more than their time changed.
options:
  step:
    description:
      - What the module does.
    type: str
    choices: [report, show, verdict]
    required: true
  organization:
    description:
      - As C(turso_audit_organization).
    type: str
  policy:
    description:
      - The variables of the role that make the policy, without their prefix.
    type: dict
    default: {}
  json_file:
    description:
      - As C(turso_audit_json_file).
    type: path
  html_file:
    description:
      - As C(turso_audit_html_file).
    type: path
  metrics_file:
    description:
      - As C(turso_audit_metrics_file).
    type: path
  rotation_file:
    description:
      - As C(turso_audit_rotation_file). The role reads it.
    type: path
  state_file:
    description:
      - As C(turso_audit_state_file).
    type: path
  vault_file:
    description:
      - As C(turso_audit_vault_file). The action plugin reads it.
    type: path
  probe:
    description:
      - As C(turso_audit_probe).
    type: bool
    default: false
  stored:
    description:
      - The SQL tokens to try, by name. Set by the action plugin.
    type: dict
  organizations:
    description:
      - The organization of each of O(stored), by name. Set by the action plugin.
    type: dict
  page:
    description:
      - The folder of the role, with the template and the script of the page.
    type: path
"""

EXAMPLES = r"""
- name: Audit the tokens of an organization
  ansible.builtin.include_role:
    name: community.turso.turso_audit
  vars:
    turso_audit_organization: acme
    turso_audit_fail_on: never
"""

RETURN = r"""
verdict:
  description:
    - With O(step=report), whether the audit passes. The result also has the rest of the report, with the keys that the guide of
      the role describes. Since ansible-core 2.21 the report is in C(text), as JSON, and O(step=show) registers its content.
  returned: success
  type: dict
  sample: {"fail_on": "high", "failing": 0, "expected_tokens": 0, "missing_tokens": 0, "passed": true, "msg": ""}
written:
  description: The paths of the reports and of the metrics. Empty in check mode.
  returned: success
  type: list
  elements: str
  sample: [/srv/reports/turso-audit.json]
probes:
  description: The results of trying the SQL tokens of O(vault_file), by name. The report of the role has them with each token.
  returned: never, but to the action plugin of this module
  type: dict
  sample: {}
listing:
  description: The tokens that the API lists, as a text of JSON. The report of the role has them as data.
  returned: never, but to the action plugin of this module
  type: str
  sample: "[]"
error:
  description:
    - The error, so that a playbook can decide what to do. The same keys as RV(community.turso.turso_token#module:error).
  returned: failure
  type: dict
  sample: {"kind": "refused", "status": null, "method": null, "path": null, "api_message": null, "attempts": 0}
"""

import json
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._audit.tried import tried
from ansible_collections.community.turso.plugins.module_utils._connection import (
    connection_spec,
    credential_from,
    tokens_from,
)
from ansible_collections.community.turso.plugins.module_utils._module import TursoModule, failures_as_results
from ansible_collections.community.turso.plugins.module_utils._token.decide import checked_segment

AT_A_TIME = 8  # databases that are tried


def listed(tokens: Tokens, organization: str | None) -> dict[str, Any]:
    """Return the list. As one text: thousands of tokens would be copied in each hand that they go through."""
    listing = tokens.list_own() if organization is None else tokens.list_organization(organization)
    found = [token.as_result(listing.moment) for token in listing.tokens]
    return {"listing": json.dumps(found), "listed_at": listing.moment.timestamp()}


def own_ids(tokens: Tokens) -> list[str]:
    """Return the ids of the calling user's tokens: a rotation finds no others in an organization's list."""
    return [str(token.id) for token in tokens.list_own().tokens]


def main() -> None:
    module = TursoModule(
        argument_spec={
            **connection_spec(),
            "step": {"type": "str", "choices": ["report", "show", "verdict"], "required": True},
            "organization": {"type": "str"},
            "policy": {"type": "dict", "default": {}},
            "json_file": {"type": "path"},
            "html_file": {"type": "path"},
            "metrics_file": {"type": "path"},
            "rotation_file": {"type": "path"},
            "state_file": {"type": "path"},
            "page": {"type": "path"},
            "vault_file": {"type": "path"},
            "probe": {"type": "bool", "default": False},
            "stored": {"type": "dict", "no_log": True},
            "organizations": {"type": "dict"},
        },
        supports_check_mode=True,
    )
    with failures_as_results(module) as secrecy:
        organization = module.params["organization"]
        checked_segment("organization", organization)
        # Only to say whose eyes saw the list, so what it claims is enough, verified or not.
        claimed = credential_from(module.params).claims.id
        tokens = tokens_from(module.params, secrecy.hide)
        values = {name: str(value) for name, value in (module.params["stored"] or {}).items()}
        for value in values.values():
            secrecy.hide(value)
        result = listed(tokens, organization)
        own = own_ids(tokens) if organization and module.params["rotation_file"] else None
        sql_tokens = SqlTokens(tokens.api, secrecy.hide)
        probes = tried(sql_tokens, values, module.params["organizations"] or {}, AT_A_TIME) if values else {}
        module.exit_json(changed=False, credential_id=claimed, own_ids=own, probes=probes, **result)


if __name__ == "__main__":
    main()
