#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: turso_rotation
short_description: Issue and settle generations of API tokens, for the role turso_rotate
version_added: 0.1.0
author:
  - The community.turso contributors (@community-turso)
description:
  - The engine of the role P(community.turso.turso_rotate#role), which calls it in the right order and with the checks that make it
    safe. Use the role.
  - With O(state=present) it lists once, plans as P(community.turso.rotation_plan#filter) does, issues every successor that is due
    side by side, and proves each. One list must show it with exactly the organization, group and scopes asked for, and its secret is
    tried on C(GET /v1/auth/validate). A successor that is not proven is revoked again.
  - With O(state=absent) it lists once, checks that every successor that was handed over is still there, writes the ledger, and
    revokes the generations that were superseded and whose grace is over.
  - The failure of one token does not stop the others and does not fail the module. It stands in RV(report).
extends_documentation_fragment:
  - community.turso.api
  - community.turso.attributes
  - community.turso.attributes.hides
attributes:
  check_mode:
    support: partial
    details:
      - O(state=present) returns the plan. O(state=absent) does nothing.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - O(state=absent) is. O(state=present) is once its successors were handed over and those they replace are revoked.
options:
  state:
    description:
      - Whether successors are to be issued, or superseded generations to be revoked.
    type: str
    choices: [present, absent]
    default: present
  tokens:
    description:
      - For O(state=present), the logical tokens.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The logical name. Generations are named after it, with a time stamp and a nonce.
        type: str
        required: true
      organization:
        description:
          - The slug of the organization that the token is restricted to.
        type: str
      group:
        description:
          - The group that the token is restricted to. Needs O(tokens[].organization) and O(tokens[].scopes).
        type: str
      scopes:
        description:
          - What the token may do in its O(tokens[].group).
        type: list
        elements: str
      description:
        description:
          - A text that is sent to the API with each successor.
        type: str
      max_age_days:
        description:
          - Overrides O(max_age_days) for this token.
        type: float
      grace_hours:
        description:
          - Overrides O(grace_hours) for this token.
        type: float
      current:
        description:
          - The name or id of the generation that is in use, if it is not the newest one.
        type: str
  pending:
    description:
      - For O(state=absent), the RV(pending) of O(state=present). Empty means that there is nothing to do but to return RV(play).
    type: str
  max_age_days:
    description:
      - The age above which a generation is due, for entries of O(tokens) that do not say.
    type: float
    default: 90
  grace_hours:
    description:
      - How long a superseded generation stays alive, for entries of O(tokens) that do not say. Needs O(ledger).
    type: float
    default: 0
  force:
    description:
      - Whether every token is due.
    type: bool
    default: false
  max_generations:
    description:
      - How many generations of one token may be alive. A token that is due and has as many is refused.
    type: int
    default: 5
  validate:
    description:
      - Whether to try each new secret on C(GET /v1/auth/validate). The list is always asked.
    type: bool
    default: true
  running:
    description:
      - The logical name of the credential in use, if it does not carry a C(jti) that tells.
    type: str
  in_flight_minutes:
    description:
      - A younger generation that the ledger does not name may be in the hands of another run. It is not superseded.
      - A successor that is older at O(state=absent) may have been replaced by another run, so nothing is revoked then.
      - V(0) turns both off.
    type: float
    default: 15
  ledger:
    description:
      - The path of the ledger. O(state=present) reads it, O(state=absent) writes it.
    type: path
  successor_token:
    description:
      - For O(state=absent), the secret of the successor of the credential in use. It revokes its own predecessor.
    type: str
  concurrency:
    description:
      - How many requests may be under way at the same time, from 1 to 100.
    type: int
    default: 8
seealso:
  - plugin: community.turso.rotation_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Issue and prove what is due
  community.turso.turso_rotation:
    tokens:
      - name: ci-deploy
        organization: acme
  register: issued

# Deliver issued.secrets here.

- name: Revoke what the delivered successors replace
  community.turso.turso_rotation:
    state: absent
    pending: "{{ issued.pending }}"
"""

RETURN = r"""
results:
  description: What was done for each token, in the order of O(tokens).
  returned: O(state=present)
  type: list
  elements: dict
  contains:
    name:
      description: The logical name.
      type: str
      returned: always
      sample: ci-deploy
    reason:
      description: Why it was due, or V(null).
      type: str
      returned: always
      sample: aged
    changed:
      description: Whether a successor was issued and proven.
      type: bool
      returned: always
      sample: true
    failed:
      description: Whether this token failed.
      type: bool
      returned: always
      sample: false
    error:
      description: What went wrong, as RV(error), or V(null).
      type: dict
      returned: always
      sample: null
    issued:
      description: The C(name) and C(id) of the successor, or V(null).
      type: dict
      returned: always
    token:
      description: The token object of the successor, as M(community.turso.turso_token_info) returns it, or V(null).
      type: dict
      returned: always
    proven:
      description:
        - How the successor was proven. V(validated) by its secret, or V(listed) by the list alone, otherwise V(null).
      type: str
      returned: always
      sample: validated
report:
  description: What the role reports of each token. Never a secret.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The logical name.
      type: str
      returned: always
      sample: ci-deploy
    action:
      description: V(issued), V(rotated), V(swept), V(unchanged), or V(failed).
      type: str
      returned: always
      sample: issued
    reason:
      description: Why it was due, or V(null).
      type: str
      returned: always
      sample: aged
    issued:
      description: The name of the successor, or V(null).
      type: str
      returned: always
      sample: ci-deploy-20261124t091500z-7f3a
    revoked:
      description: The names of the generations that were revoked.
      type: list
      elements: str
      returned: always
      sample: []
    kept:
      description: The names of the generations that are alive.
      type: list
      elements: str
      returned: always
      sample: [ci-deploy, ci-deploy-20261124t091500z-7f3a]
    msg:
      description: What happened in words, or what went wrong and what to do about it.
      type: str
      returned: always
      sample: "ci-deploy: aged, issued ci-deploy-20261124t091500z-7f3a (validated), nothing revoked yet"
pending:
  description: What O(state=absent) has to do, for O(pending). Empty if there is nothing.
  returned: O(state=present)
  type: str
  sample: ""
play:
  description: What tells the play of this task from every other of the run. The role keeps one play's commit from another's tokens by it.
  returned: always
  type: str
  sample: 0242ac11-0002-5f3c-8d6e-000000000005
due:
  description: The logical names that were due, or had superseded generations to sweep.
  returned: O(state=present)
  type: list
  elements: str
  sample: [ci-deploy]
issued:
  description: The names of the successors that were issued and proven.
  returned: O(state=present)
  type: list
  elements: str
  sample: [ci-deploy-20261124t091500z-7f3a]
heir:
  description: The logical name of the token whose successor replaces the credential in use, or V(null).
  returned: O(state=present)
  type: str
  sample: null
all_failed:
  description: Whether something was due and all of it failed.
  returned: O(state=present)
  type: bool
  sample: false
secrets:
  description: The value of each successor that was issued and proven, by logical name. Hidden from output.
  returned: O(state=present)
  type: dict
  sample: {}
error:
  description: What went wrong, for a playbook to decide on.
  returned: failure
  type: dict
  contains:
    kind:
      description:
        - One of V(unauthorized), V(forbidden), V(not_found), V(conflict), V(rate_limited), V(invalid_request), V(api_error),
          V(unreachable), V(unexpected_response), V(outcome_unknown), V(drift), and V(refused).
      type: str
      returned: failure
      sample: drift
    status:
      description: The HTTP status, or V(null) if there was no answer.
      type: int
      returned: failure
      sample: null
    method:
      description: The HTTP method, or V(null) if no request failed.
      type: str
      returned: failure
      sample: null
    path:
      description: The path of the request, or V(null) if no request failed.
      type: str
      returned: failure
      sample: null
    api_message:
      description: What the API said, or V(null).
      type: str
      returned: failure
      sample: null
    attempts:
      description: How often the request was tried.
      type: int
      returned: failure
      sample: 0
"""

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._module import (
    TursoModule,
    connection_spec,
    failures_as_results,
    token_spec,
    tokens_from,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.rotation import commit, pending_of, rotate

ENTRY = {
    "name": {"type": "str", "required": True},
    **{option: token_spec()[option] for option in ("organization", "group", "scopes", "description")},
    "max_age_days": {"type": "float"},
    "grace_hours": {"type": "float"},
    "current": {"type": "str"},
}
POLICY = ("max_age_days", "grace_hours", "force", "in_flight_minutes", "max_generations")


def _rotated(params: Mapping[str, Any], hide: Callable[[str], None], check_mode: bool) -> dict[str, Any]:
    return rotate(
        tokens_from(params, hide, connections=params["concurrency"]),
        params["tokens"],
        ledger_path=params["ledger"],
        validate=params["validate"],
        running=params["running"],
        concurrency=params["concurrency"],
        check_mode=check_mode,
        **{option: params[option] for option in POLICY},
    )


def _committed(params: Mapping[str, Any], hide: Callable[[str], None]) -> dict[str, Any]:
    successor = params["successor_token"]
    changed, report = commit(
        tokens_from(params, hide, connections=params["concurrency"]),
        pending_of(params["pending"]),
        tokens_from({**params, "api_token": successor}, hide) if successor else None,
        window=datetime.timedelta(minutes=params["in_flight_minutes"]),
        ledger_path=params["ledger"],
        concurrency=params["concurrency"],
    )
    return {"changed": changed, "report": report}


def main() -> None:
    module = TursoModule(
        argument_spec={
            **connection_spec(),
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "tokens": {"type": "list", "elements": "dict", "no_log": False, "options": ENTRY},
            "pending": {"type": "str"},
            "max_age_days": {"type": "float", "default": 90},
            "grace_hours": {"type": "float", "default": 0},
            "force": {"type": "bool", "default": False},
            "max_generations": {"type": "int", "default": 5},
            "validate": {"type": "bool", "default": True},
            "running": {"type": "str"},
            "in_flight_minutes": {"type": "float", "default": 15},
            "ledger": {"type": "path"},
            "successor_token": {"type": "str", "no_log": True},
            "concurrency": {"type": "int", "default": 8},
        },
        required_if=[("state", "present", ["tokens"]), ("state", "absent", ["pending"])],
        supports_check_mode=True,
    )
    params = module.params
    if params["state"] == "absent" and (module.check_mode or not params["pending"]):
        module.exit_json(changed=False, report=[])
    with failures_as_results(module) as secrecy:
        result = (
            _rotated(params, secrecy.hide, module.check_mode)
            if params["state"] == "present"
            else _committed(params, secrecy.hide)
        )
        secrecy.release(result.get("secrets", {}).values())
        module.exit_json(**result)


if __name__ == "__main__":
    main()
