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
  - The kill switch for SQL tokens. It ends B(every) SQL token of a database or a group that was minted up to this second, also those
    that applications use and one that was minted a moment ago. It cannot be undone, and applications are locked out until they have
    new tokens, which takes about a minute even if everything goes well.
  - If you have the leaked value and a rotation file, the playbook C(community.turso.revoke) does this and delivers new tokens in one run.
  - Use it only after a leak. Never run it on a schedule. To replace a token without an outage, use
    M(community.turso.turso_sql_token), which lets the old one end by itself.
  - The platform can end no SQL token alone.
  - Leaked values are tried on the database before and after. One that is not proven dead is a failure, whatever else went well.
extends_documentation_fragment:
  - community.turso.api
  - community.turso.attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is invalidated. The API is only read, and O(leaked) is tried with C(SELECT 1). The result is changed, as a real run's is.
  diff_mode:
    support: none
    details:
      - Nobody knows which tokens end.
  idempotent:
    support: none
    details:
      - Each run ends all tokens that were minted since the last one.
options:
  organization:
    description:
      - The slug of the organization that the database or the group is in. Required.
    type: str
  database:
    description:
      - The name of the database whose SQL tokens are to end.
      - Exactly one of O(database) and O(group) is required.
      - Turso's documentation says that this ends the tokens of its group, too. Nobody has measured that.
    type: str
  group:
    description:
      - The name of the group whose SQL tokens are to end.
      - Exactly one of O(database) and O(group) is required.
      - Turso's documentation says that this ends the tokens of its databases, too. In the one measurement it did not.
    type: str
  confirm:
    description:
      - The name of the database or the group once more. Without it nothing is done, and the module fails.
    type: str
  leaked:
    description:
      - The leaked values that have to be dead afterwards. Each must be a SQL token of this database (or group) by what it claims. A token
        of a group is refused for O(database), because invalidating the tokens of a database is not known to end it.
      - After the invalidation each is tried up to three times over ten seconds.
    type: list
    elements: str
notes:
  - The API token needs the scopes V(read) and V(db:rotate-creds), or V(group:rotate-creds) for O(group).
  - Tokens that were minted in the same second are dead, too. Wait a second before you mint new ones.
  - Some clients are noticed late. A server may check the token of a WebSocket only when it opens.
seealso:
  - module: community.turso.turso_sql_token
  - module: community.turso.turso_revocation
"""

EXAMPLES = r"""
- name: End every SQL token of the database, after one has leaked
  community.turso.turso_sql_invalidation:
    organization: acme
    database: shop
    confirm: shop
  register: ended

- name: Say from when on tokens work again
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
    - When the API carried it out (ISO 8601, UTC), by its own clock. Every token that was minted up to this second is dead. V(null) in
      check mode.
  returned: always
  type: str
  sample: "2026-11-24T09:15:00Z"
leaked:
  description: What is known of each of O(leaked), in their order. The values themselves are never returned.
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
      description: When the value claims to have been minted (ISO 8601, UTC), or V(null).
      type: str
      returned: always
      sample: "2026-08-01T00:00:00Z"
    expires_at:
      description: When the value claims to end (ISO 8601, UTC), or V(null).
      type: str
      returned: always
      sample: null
    before:
      description: What came of trying it before. One of V(accepted), V(dead), V(unknown), and V(no) (there is no database to try it on).
      type: str
      returned: always
      sample: accepted
    after:
      description: What came of trying it afterwards, in the same words. V(null) if nothing was done.
      type: str
      returned: always
      sample: dead
    dead:
      description: Whether it is proven dead.
      type: bool
      returned: always
      sample: true
msg:
  description: What was done, or what went wrong.
  returned: always
  type: str
  sample: Every SQL token of the database 'shop' that was minted up to 2026-11-24T09:15:00Z is invalidated.
error:
  description:
    - What went wrong, for a playbook to decide on. The same keys as RV(community.turso.turso_token#module:error).
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
