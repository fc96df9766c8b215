#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: turso_sql_invalidation
short_description: End all SQL tokens of a Turso database or group at once
version_added: 0.1.0
author:
  - The community.turso contributors (@community-turso)
description:
  - The kill switch for SQL tokens. It invalidates B(every) SQL token of a database or a group that was minted up to this
    second, also those that applications use. That cannot be undone. Applications are locked out until they have new tokens,
    which takes at least about a minute.
  - If you have the leaked value and a rotation file, use the playbook C(community.turso.revoke). It invalidates the tokens and
    delivers new ones in one run.
  - Use this module only after a leak. Never run it on a schedule. To replace a token without an outage, use
    M(community.turso.turso_sql_token), which lets the old token end by itself.
  - Turso cannot invalidate a single SQL token.
  - The module tries leaked values on the database before and after. If a value is not proven dead, the module fails, even if
    the API has invalidated the tokens.
extends_documentation_fragment:
  - community.turso.api
  - community.turso.attributes
attributes:
  check_mode:
    support: full
    details:
      - The module invalidates nothing. It sends only read requests to the API, and tries O(leaked) with C(SELECT 1). The result
        is changed, as in a real run.
  diff_mode:
    support: none
    details:
      - The API does not list SQL tokens, so the module cannot show which ones end.
  idempotent:
    support: none
    details:
      - Each run ends all tokens that were minted since the last run.
options:
  organization:
    description:
      - The slug of the organization that has the database or the group. Required.
    type: str
  database:
    description:
      - The name of the database whose SQL tokens the module invalidates.
      - Exactly one of O(database) and O(group) is required.
      - Turso's documentation says that this ends the tokens of its group, too. This was not measured.
    type: str
  group:
    description:
      - The name of the group whose SQL tokens the module invalidates.
      - Exactly one of O(database) and O(group) is required.
      - Turso's documentation says that this ends the tokens of its databases, too. In one measurement it did not.
    type: str
  confirm:
    description:
      - The name of the database or the group again, to confirm. Without it the module invalidates nothing, and fails.
    type: str
  leaked:
    description:
      - The leaked values, which must be dead afterwards. By its claims, each must be a SQL token of this database or group.
        With O(database) a token of a group is an error, because invalidating the tokens of a database may not end it.
      - After the invalidation the module tries each value up to three times in ten seconds.
    type: list
    elements: str
notes:
  - The API token needs the scopes V(read) and V(db:rotate-creds), or V(group:rotate-creds) for O(group).
  - Tokens that were minted in the same second are dead, too. Wait a second before you mint new tokens.
  - A connection that is open may go on. A server may check the token of a WebSocket only when the connection opens.
seealso:
  - module: community.turso.turso_sql_token
  - module: community.turso.turso_revocation
"""

EXAMPLES = r"""
- name: Invalidate every SQL token of the database, after one has leaked
  community.turso.turso_sql_invalidation:
    organization: acme
    database: shop
    confirm: shop
  register: ended

- name: Show from when on new tokens work
  ansible.builtin.debug:
    msg: "SQL tokens that were minted up to {{ ended.invalidated_at }} are dead."

- name: Show what it would do, and whether a leaked value still works
  community.turso.turso_sql_invalidation:
    organization: acme
    group: production
    confirm: production
    leaked: "{{ leaked_sql_values | default([]) }}"
  check_mode: true
"""

RETURN = r"""
invalidated_at:
  description:
    - The API's time of the invalidation (ISO 8601, UTC). Every token that was minted up to this second is dead. V(null) in
      check mode.
  returned: always
  type: str
  sample: "2026-11-24T09:15:00Z"
leaked:
  description: What is known about each value of O(leaked), in that order. The module never returns the values.
  returned: always
  type: list
  elements: dict
  contains:
    value:
      description: Which value it is, counted from 1.
      type: int
      returned: always
      sample: 1
    issued_at:
      description: When the value was minted, by its claims (ISO 8601, UTC), or V(null).
      type: str
      returned: always
      sample: "2026-08-01T00:00:00Z"
    expires_at:
      description: When the value ends, by its claims (ISO 8601, UTC), or V(null).
      type: str
      returned: always
      sample: null
    before:
      description: The result of trying it before. One of V(accepted), V(dead), V(unknown), and V(no) (there is no database to
        try it on).
      type: str
      returned: always
      sample: accepted
    after:
      description: The result of trying it afterwards, in the same words. V(null) if nothing was invalidated.
      type: str
      returned: always
      sample: dead
    dead:
      description: Whether it is proven dead.
      type: bool
      returned: always
      sample: true
msg:
  description: What the module did. For a failure also which values may still work, and what to do.
  returned: always
  type: str
  sample: Every SQL token of the database 'shop' that was minted up to 2026-11-24T09:15:00Z is invalidated.
error:
  description:
    - The error, so that a playbook can decide what to do. The same keys as RV(community.turso.turso_token#module:error).
  returned: failure
  type: dict
  sample: {"kind": "refused", "status": null, "method": null, "path": null, "api_message": null, "attempts": 0}
"""

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens
from ansible_collections.community.turso.plugins.module_utils._connection import client_from, connection_spec
from ansible_collections.community.turso.plugins.module_utils._module import TursoModule, failures_as_results, warn_of
from ansible_collections.community.turso.plugins.module_utils._sql_token.invalidate import (
    NOTHING,
    Request,
    invalidate,
)


def main() -> None:
    module = TursoModule(
        argument_spec={
            **connection_spec(),
            "organization": {"type": "str"},
            "database": {"type": "str"},
            "group": {"type": "str"},
            "confirm": {"type": "str"},
            "leaked": {"type": "list", "elements": "str", "no_log": True},
        },
        supports_check_mode=True,
        always=NOTHING,
    )
    with failures_as_results(module) as secrecy:
        request = Request.of(module.params)
        tokens = SqlTokens(client_from(module.params), secrecy.hide)
        result = invalidate(tokens, request, check_mode=module.check_mode).as_result()
        warn_of(module, result)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
