#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: turso_tokens
short_description: Create and revoke many API tokens of the Turso Platform at once
version_added: 0.1.0
author:
  - The community.turso contributors (@community-turso)
description:
  - Does for many tokens in one task what M(community.turso.turso_token) does for one, with the same rules.
  - The module checks all items before the first request. It requests each list once, then creates and revokes tokens in
    parallel. If the API limits the rate, all requests wait.
  - A task that may create a token must C(register) its result. Otherwise the module creates nothing and fails, because the
    values would be lost. Check mode needs no C(register). With C(-v) a line on stderr names each token that was created.
  - The failure of one token does not stop the others. If any token failed, the module fails at the end. The result still has
    every token, and every secret.
  - With C(-v) a line on stderr also shows how many tokens were created, revoked, and unchanged. On a local connection it shows
    the progress every second.
extends_documentation_fragment:
  - community.turso.api
  - community.turso.attributes
  - community.turso.attributes.hides
options:
  tokens:
    description:
      - The tokens that should exist, or should not exist. Two items must not mean the same token.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - The name of the token. It is unique among the tokens of the user of O(api_token). The API decides which names are
            possible.
          - Required if O(tokens[].state=present). Excludes O(tokens[].id).
        type: str
      id:
        description:
          - The id of the token to revoke, also of another user's token. An admin of the organization sees it with
            M(community.turso.turso_token_info).
          - Only for O(tokens[].state=absent). Needs O(tokens[].organization) and excludes O(tokens[].name).
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
          - Without it, O(tokens[].state=present) creates an unrestricted token. Turso has deprecated unrestricted tokens.
          - The module compares it with the token that exists. If O(tokens[].state=absent), it does so only if you set it.
          - There is no environment variable for it, so that an unset variable cannot create an unrestricted token.
        type: str
      group:
        description:
          - The group in O(tokens[].organization) that the token is restricted to.
          - Needs O(tokens[].organization), and O(tokens[].scopes) if O(tokens[].state=present). The user must be an admin or owner
            of the organization.
          - The module compares it with the token that exists. If O(tokens[].state=absent), it does so only if you set it. It
            does not revoke a token that differs, and that item fails (V(drift)).
        type: str
      scopes:
        description:
          - What the token may do, in any order. Needs O(tokens[].organization). Required with
            O(tokens[].group) if O(tokens[].state=present).
          - For a token of a group V(read), V(db:create), V(db:delete), V(db:configure), V(db:mint-token), V(db:rotate-creds),
            V(group:configure), V(group:mint-token), and V(group:rotate-creds); for a token of a whole organization also
            V(org:read), V(group:create), and V(group:delete).
          - V(read-only) stands for V(read), and V(full-access) for the nine scopes of a group. The API expands them. A token
            matches a preset if it has at least these scopes, and otherwise only scopes that this collection does not know.
          - The module passes any other scope to the API, with a warning if it looks like a typing error.
          - Not compared if O(tokens[].state=absent).
        type: list
        elements: str
      description:
        description:
          - A text for the API, sent when the token is created. The API may ignore it. The module does not compare it.
        type: str
  validate:
    description:
      - Whether to try each new value with C(GET /v1/auth/validate) before the module returns it, as in
        M(community.turso.turso_token).
    type: bool
    default: false
  concurrency:
    description:
      - How many requests the module sends at the same time, from 1 to 100.
    type: int
    default: 8
seealso:
  - module: community.turso.turso_token
"""

EXAMPLES = r"""
- name: Create the tokens of three services and revoke an old one
  community.turso.turso_tokens:
    tokens:
      - name: ci-deploy
        organization: acme
      - name: dashboard
        organization: acme
        group: production
        scopes: [read-only]
      - name: backup
        organization: acme
        group: production
        scopes: [read, "db:configure"]
      - name: legacy
        state: absent
  register: tokens

- name: Save each new value
  ansible.builtin.copy:
    content: "{{ (tokens.results | selectattr('name', 'equalto', item) | first).secret }}"
    dest: "{{ playbook_dir }}/{{ item }}.token"
    mode: "0600"
  loop: "{{ tokens.results | selectattr('secret') | map(attribute='name') | list }}"
  no_log: true

- name: Revoke tokens of other users, as an admin of the organization
  community.turso.turso_tokens:
    tokens:
      - id: clGFZ4STEe6fljpFzIum8A
        organization: acme
        state: absent
      - id: 8Vw0OOGvQpKp7fYb8c0y1w
        organization: acme
        state: absent
"""

RETURN = r"""
results:
  description: The result of each token, in the order of O(tokens). Empty if the module fails before the first request.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the token. V(null) if you selected it by its id and it was not found.
      type: str
      returned: always
      sample: ci-deploy
    changed:
      description: Whether the token was created or revoked.
      type: bool
      returned: always
      sample: false
    failed:
      description: Whether this token failed.
      type: bool
      returned: always
      sample: false
    msg:
      description: What happened. For a failure also what it means for the token, and what to do.
      type: str
      returned: always
      sample: unchanged
    error:
      description: The error, with the keys of RV(error), or V(null).
      type: dict
      returned: always
      sample: null
    token:
      description: The token object after the task, or V(null). The same keys as RV(community.turso.turso_token#module:token).
      type: dict
      returned: always
      sample: null
    secret:
      description: The value of the token, if this task created it, otherwise V(null). Hidden from output.
      type: str
      returned: always
      sample: null
diff:
  description: For each token that changed, its object before and after. Never a secret.
  returned: always
  type: list
  elements: dict
  contains:
    before_header:
      description: The name of the token.
      type: str
      returned: always
    before:
      description: The token object before the task, empty if there was none.
      type: dict
      returned: always
    after_header:
      description: The name of the token.
      type: str
      returned: always
    after:
      description: The token object after the task, empty if there is none.
      type: dict
      returned: always
error:
  description:
    - The error of the first token that failed, so that a playbook can decide what to do. The same keys as
      RV(community.turso.turso_token#module:error).
  returned: failure
  type: dict
  sample: {"kind": "drift", "status": null, "method": null, "path": null, "api_message": null, "attempts": 0}
"""

import datetime
from collections import Counter
from functools import partial
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._connection import connection_spec, tokens_from
from ansible_collections.community.turso.plugins.module_utils._errors import BadOption, TursoError
from ansible_collections.community.turso.plugins.module_utils._lifetime import Lifetime
from ansible_collections.community.turso.plugins.module_utils._module import (
    TursoModule,
    failures_as_results,
    token_spec,
    warn_of,
)
from ansible_collections.community.turso.plugins.module_utils._progress import Progress
from ansible_collections.community.turso.plugins.module_utils._token.apply import apply, withhold
from ansible_collections.community.turso.plugins.module_utils._token.decide import Wanted, warnings_about
from ansible_collections.community.turso.plugins.module_utils._token.outcome import Outcome

MAX_REASONS = 10  # in one message


def wanted_in(params: dict[str, Any]) -> list[Wanted]:
    """Read and check every item.

    :raises BadOption: for the first item that cannot work, and for two that mean the same token.
    """
    wanted = [
        Wanted.from_params(item, where=f"tokens[{index}] ({item.get('name') or item.get('id') or 'without a name'}): ")
        for index, item in enumerate(params["tokens"])
    ]
    twice = [key for key, count in Counter(one.key for one in wanted).items() if count > 1]
    if twice:
        labels = ", ".join(sorted({one.label for one in wanted if one.key in twice}))
        raise BadOption(
            f"tokens names the same token more than once: {labels}.",
            "Remove all but one of its items.",
        )
    return wanted


def result_of(outcomes: list[Outcome], now: datetime.datetime) -> dict[str, Any]:
    """Return the result, which has failed set if any of them failed."""
    changed = [outcome for outcome in outcomes if outcome.changed]
    warnings = warnings_about([outcome.wanted for outcome in outcomes], [outcome.wanted for outcome in changed])
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    return {
        "changed": bool(changed),
        "results": [outcome.as_result(now) for outcome in outcomes],
        "diff": [outcome.headed_diff(now) for outcome in changed],
        "warnings": [*warnings, *(outcome.warning for outcome in outcomes if outcome.warning)],
        **(failure_of(errors, len(outcomes)) if errors else {}),
    }


def failure_of(errors: list[TursoError], count: int) -> dict[str, Any]:
    """Return what the result says of the errors.

    :param count: how many tokens were asked for.
    """
    reasons = list(dict.fromkeys(error.msg for error in errors))
    said = " ".join(reasons[:MAX_REASONS])
    more = f" (and {len(reasons) - MAX_REASONS} more, see results)" if len(reasons) > MAX_REASONS else ""
    return {
        "failed": True,
        "msg": f"{len(errors)} of {count} tokens failed. {said}{more}",
        "error": errors[0].as_error(),
    }


def main() -> None:
    module = TursoModule(
        argument_spec={
            **connection_spec(),
            "tokens": {"type": "list", "elements": "dict", "required": True, "no_log": False, "options": token_spec()},
            "validate": {"type": "bool", "default": False},
            "concurrency": {"type": "int", "default": 8},
        },
        supports_check_mode=True,
        always={"results": [], "diff": []},
    )
    with failures_as_results(module) as secrecy, Lifetime() as lifetime:
        params = module.params
        wanted = wanted_in(params)
        creates = any(each.state == "present" for each in wanted) and not module.check_mode
        tokens = tokens_from(params, secrecy.hide, params["concurrency"], makes_secrets=creates)
        outcomes, now = apply(
            tokens,
            wanted,
            check_mode=module.check_mode,
            validate=params["validate"],
            concurrency=params["concurrency"],
            on_done=Progress(len(wanted), module._tmpdir if module._verbosity else None).step,
            stop=lifetime.over,
        )
        take_back = partial(withhold, tokens, outcomes, concurrency=params["concurrency"])
        reason = lifetime.over()
        if reason is not None:
            take_back(reason)
        result = result_of(outcomes, now)
        warn_of(module, result)
        with lifetime.handing_over(take_back):
            secrecy.release(item["secret"] for item in result["results"])
            module.exit_json(**result)


if __name__ == "__main__":
    main()
