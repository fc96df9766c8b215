#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: turso_token
short_description: Create and revoke API tokens of the Turso Platform
version_added: 0.1.0
author:
  - The community.turso contributors (@community-turso)
description:
  - Makes sure that an API token exists with exactly the organization, group, and scopes that you set, or that it does not
    exist.
  - The API shows the value of a token only once, when it is created. The module returns it in RV(secret), and hides it from
    every output, with or without C(no_log). With C(-v) a line on stderr names the token that was created.
  - A task with O(state=present) must C(register) its result. Otherwise the module creates nothing and fails, because the value
    would be lost. Check mode needs no C(register).
  - The API cannot change a token. If a token of this name exists with different settings, the module fails and shows the
    differences. It never recreates a token under its name, because that would lock out its applications. To replace a token
    without an outage, use the role P(community.turso.turso_rotate#role).
  - If the answer to a create request is lost, the module lists the tokens. If this task must have created the token, the module
    revokes it and creates it again, because its value is lost. Otherwise the module fails and says what to check.
extends_documentation_fragment:
  - community.turso.api
  - community.turso.attributes
  - community.turso.attributes.hides
options:
  name:
    description:
      - The name of the token. It is unique among the tokens of the user of O(api_token). The API decides which names are
        possible.
      - Required if O(state=present). Excludes O(id).
    type: str
  id:
    description:
      - The id of the token to revoke, also of another user's token. An admin of the organization sees it with
        M(community.turso.turso_token_info).
      - Only for O(state=absent). Needs O(organization) and excludes O(name).
    type: str
  state:
    description:
      - Whether the token should exist.
    type: str
    choices: [present, absent]
    default: present
  organization:
    description:
      - The slug of the organization that the token is restricted to.
      - Without it, O(state=present) creates an unrestricted token. Turso has deprecated unrestricted tokens.
      - The module compares it with the token that exists. If O(state=absent), it does so only if you set it.
      - There is no environment variable for it, so that an unset variable cannot create an unrestricted token.
    type: str
  group:
    description:
      - The group in O(organization) that the token is restricted to.
      - Needs O(organization), and O(scopes) if O(state=present). The user must be an admin or owner of the organization.
      - The module compares it with the token that exists. If O(state=absent), it does so only if you set it. It does not revoke
        a token that differs, and fails (V(drift)).
    type: str
  scopes:
    description:
      - What the token may do, in any order. Needs O(organization). Required with O(group) if O(state=present).
      - For a token of a group V(read), V(db:create), V(db:delete), V(db:configure), V(db:mint-token), V(db:rotate-creds),
        V(group:configure), V(group:mint-token), and V(group:rotate-creds); for a token of a whole organization also
        V(org:read), V(group:create), and V(group:delete).
      - V(read-only) stands for V(read), and V(full-access) for the nine scopes of a group. The API expands them. A token
        matches a preset if it has at least these scopes, and otherwise only scopes that this collection does not know.
      - The module passes any other scope to the API, with a warning if it looks like a typing error.
      - Not compared if O(state=absent).
    type: list
    elements: str
  description:
    description:
      - A text for the API, sent when the token is created. The API may ignore it. The module does not compare it.
    type: str
  validate:
    description:
      - Whether to try a new value with C(GET /v1/auth/validate) before the module returns it.
      - If the API rejects the value, the module revokes the new token again and fails. An answer of 403 is only a warning,
        because restricted tokens that work get it, too.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Create a token for an organization
  community.turso.turso_token:
    name: ci-deploy
    organization: acme
    description: Deployments from CI
  register: ci_deploy

- name: Save the value, which is shown only once
  ansible.builtin.copy:
    content: "{{ ci_deploy.secret }}"
    dest: "{{ playbook_dir }}/ci-deploy.token"
    mode: "0600"
  no_log: true
  when: ci_deploy.secret is not none

- name: Create a token that may only read one group, and try it
  community.turso.turso_token:
    name: dashboard
    organization: acme
    group: production
    scopes: [read-only]
    validate: true
  register: dashboard

- name: Revoke a token by its name
  community.turso.turso_token:
    name: ci-deploy
    state: absent

- name: Revoke the token of somebody who has left, as an admin of the organization
  community.turso.turso_token:
    id: clGFZ4STEe6fljpFzIum8A
    organization: acme
    state: absent
"""

RETURN = r"""
token:
  description:
    - The token after the task, or V(null) if there is none. RV(diff.before) has a token that was revoked.
    - Never holds the secret.
  returned: always
  type: dict
  contains:
    name:
      description: The name of the token.
      type: str
      returned: success
      sample: ci-deploy
    id:
      description: The id of the token. V(null) in check mode if the token would be created.
      type: str
      returned: success
      sample: clGFZ4STEe6fljpFzIum8A
    organization:
      description: The slug of the organization that the token is restricted to, or V(null).
      type: str
      returned: success
      sample: acme
    group:
      description: The group that the token is restricted to, or V(null).
      type: str
      returned: success
      sample: production
    scopes:
      description: The sorted scopes of the token with presets expanded, or V(null) if it has none.
      type: list
      elements: str
      returned: success
      sample: [read]
    created_at:
      description:
        - When the token was created, as the API returns it, which is a date without a time. V(null) if it returns none.
        - The role P(community.turso.turso_rotate#role) takes the time of day from the id of the token, if the id has one.
      type: str
      returned: success
      sample: "2026-07-27"
    age_days:
      description: How many days ago the token was created, by the API's time. V(null) if the API returns no date.
      type: int
      returned: success
      sample: 120
    restriction:
      description: What the token is limited to. One of V(unrestricted), V(organization), and V(group).
      type: str
      returned: success
      sample: group
    permissions:
      description:
        - What RV(token.scopes) allow. One of V(read-only), V(full-access), and V(custom), or V(null) without scopes. Scopes
          that this collection does not know do not count.
      type: str
      returned: success
      sample: read-only
    owner:
      description: Who created the token. V(null) except in lists of an organization.
      type: dict
      returned: success
      sample: null
    description:
      description: The description, if the API returns it, otherwise V(null).
      type: str
      returned: success
      sample: null
    last_used_at:
      description: When the token was used last, if the API returns it, otherwise V(null).
      type: str
      returned: success
      sample: null
secret:
  description:
    - The value of the token, if this task created it, otherwise V(null). The API never shows it again.
    - Hidden from output by the collection.
  returned: always
  type: str
  sample: null
diff:
  description: The token object before and after. Empty where there is no token.
  returned: always
  type: dict
  contains:
    before:
      description: The token object before the task.
      type: dict
      returned: success
    after:
      description: The token object after the task.
      type: dict
      returned: success
error:
  description: The error, so that a playbook can decide what to do. C(msg) says what happened, what it means for the token, and
    what to do.
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
      description: The error text of the API, or V(null).
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
from functools import partial
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._connection import connection_spec, tokens_from
from ansible_collections.community.turso.plugins.module_utils._lifetime import Lifetime
from ansible_collections.community.turso.plugins.module_utils._module import (
    TursoModule,
    failures_as_results,
    token_spec,
    warn_of,
)
from ansible_collections.community.turso.plugins.module_utils._token.apply import apply, withhold
from ansible_collections.community.turso.plugins.module_utils._token.decide import Wanted, warnings_about
from ansible_collections.community.turso.plugins.module_utils._token.outcome import Outcome


def result_of(outcome: Outcome, now: datetime.datetime) -> dict[str, Any]:
    """Return the result, which has failed set if bringing the token about failed."""
    return {
        "changed": outcome.changed,
        "token": outcome.token_result(now),
        "secret": outcome.secret,
        "diff": outcome.diff(now),
        "warnings": [
            *warnings_about([outcome.wanted], [outcome.wanted] if outcome.changed else []),
            *([outcome.warning] if outcome.warning else []),
        ],
        **({"failed": True, **outcome.error.as_result()} if outcome.error else {}),
    }


def main() -> None:
    module = TursoModule(
        argument_spec={**connection_spec(), **token_spec(), "validate": {"type": "bool", "default": False}},
        supports_check_mode=True,
        always={"token": None, "secret": None, "diff": {"before": {}, "after": {}}},
    )
    with failures_as_results(module) as secrecy, Lifetime() as lifetime:
        wanted = Wanted.from_params(module.params)
        creates = wanted.state == "present" and not module.check_mode
        tokens = tokens_from(module.params, secrecy.hide, makes_secrets=creates)
        validate = module.params["validate"]
        outcomes, now = apply(tokens, [wanted], check_mode=module.check_mode, validate=validate, stop=lifetime.over)
        take_back = partial(withhold, tokens, outcomes, concurrency=1)
        reason = lifetime.over()
        if reason is not None:
            take_back(reason)
        result = result_of(outcomes[0], now)
        warn_of(module, result)
        with lifetime.handing_over(take_back):
            secrecy.release([result["secret"]])
            module.exit_json(**result)


if __name__ == "__main__":
    main()
