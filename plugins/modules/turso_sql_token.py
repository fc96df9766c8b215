#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: turso_sql_token
short_description: Mint SQL tokens of Turso databases and groups, and renew them before they end
version_added: 0.1.0
author:
  - The community.turso contributors (@community-turso)
description:
  - Makes sure that you have a SQL token that works now, and that does not end soon. An application uses a SQL token for a
    database (C(TURSO_AUTH_TOKEN)). It is not an API token.
  - Turso keeps no record of SQL tokens. The API cannot list them, and cannot revoke a single one. So the module decides by the
    token that you have, O(current), and replaces it well before it ends. The old token works until its end, so no application
    is locked out while you deliver the new one.
  - If your schedule stops, applications are locked out when the token ends. Set an alarm on the end of the token,
    RV(token.expires_at), before you depend on this module.
  - The API shows the value only once. The module returns it in RV(secret), and hides it from every output, with or without
    C(no_log). The task must C(register) its result. Otherwise the module mints nothing and fails, because the value would be
    lost. Check mode needs no C(register).
  - A SQL token cannot be revoked. It ends by itself, or when you invalidate all SQL tokens of the database or the group with
    M(community.turso.turso_sql_invalidation). If the module has to stop, or cannot return its result, it says when the token
    ends that nobody has.
  - If the answer to a mint request is lost, the module mints again, and warns about the token that nobody has. With
    O(expires_in=never) it fails instead.
extends_documentation_fragment:
  - community.turso.api
  - community.turso.attributes
  - community.turso.attributes.hides
attributes:
  check_mode:
    support: full
    details:
      - The module mints nothing. It sends only read requests to the API, and tries O(current) with C(SELECT 1). A value that
        only a real run can know is V(null).
  idempotent:
    support: full
    details:
      - Set O(current) to the value that you have. Without it, every run mints another token.
options:
  organization:
    description:
      - The slug of the organization that has the database or the group. Required.
      - There is no environment variable for it.
    type: str
  database:
    description:
      - The name of the database that the token is for.
      - Exactly one of O(database) and O(group) is required.
    type: str
  group:
    description:
      - The name of the group whose databases the token is for.
      - Exactly one of O(database) and O(group) is required.
    type: str
  authorization:
    description:
      - Whether the token may write.
      - If O(permissions) only allow reading, the token is V(read-only) in any case.
    type: str
    choices: [full-access, read-only]
    default: full-access
  permissions:
    description:
      - What the token may do with which tables. Without it, the token may do everything that O(authorization) allows.
      - Turso's reference does not document permissions, and the API ignores what it does not understand, so a mistake would
        give the token full access. So the module first mints a token that ends in a minute, and compares its permissions. If
        they differ from yours, the module mints no other token, and fails.
    type: list
    elements: dict
    suboptions:
      tables:
        description:
          - The names of the tables, or V(["*"]) for all of them.
        type: list
        elements: str
        required: true
      actions:
        description:
          - What the token may do with each of these tables. Set at least one action.
        type: list
        elements: str
        required: true
        choices: [data_read, data_add, data_update, data_delete, schema_add, schema_update, schema_delete]
  expires_in:
    description:
      - How long a new token lasts, such as V(90d) or V(2w1d30m), at least V(1h). The units are V(w), V(d), V(h), V(m), and V(s).
      - V(never) mints a token without an end. Only invalidating all tokens ends it, so avoid it.
    type: str
    default: 90d
    aliases: [expiration]
  renew_before:
    description:
      - How long before its end the module replaces O(current). It must be less than O(expires_in). Set it to at least twice the
        time between two runs of your schedule.
      - The default is a third of O(expires_in).
    type: str
  current:
    description:
      - The value of the token that you have. An empty text means that you have none.
      - If the value does not look like a SQL token, the module fails before any request.
    type: str
  validate:
    description:
      - Whether to try tokens on the database itself. The module tries O(current) before it keeps or replaces it, unless it is
        for another database or group. It tries a new value before it returns it. The request is C(POST
        https://{Hostname}/v2/pipeline) with C(SELECT 1). It keeps a database awake that would be archived.
      - If the database cannot be reached, the module keeps O(current) with a warning while it is not due. If it is due, the
        module mints nothing and fails.
      - The module tries a token of a group on up to three of its databases. One database that accepts it is enough.
    type: bool
    default: true
  force:
    description:
      - Whether to mint a new token in any case, whatever O(current) is.
    type: bool
    default: false
notes:
  - The API token needs the scopes V(read) and V(db:mint-token), or V(group:mint-token) for O(group). An API token of the group is enough.
seealso:
  - module: community.turso.turso_sql_invalidation
  - plugin: community.turso.token_claims
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Get a token for the database, and renew it a month before it ends
  community.turso.turso_sql_token:
    organization: acme
    database: shop
    authorization: read-only
    expires_in: 90d
    renew_before: 30d
    current: "{{ lookup('ansible.builtin.file', playbook_dir ~ '/shop.token', errors='ignore') or '' }}"
  register: shop

- name: Save the value, which is shown only once
  ansible.builtin.copy:
    content: "{{ shop.secret }}"
    dest: "{{ playbook_dir }}/shop.token"
    mode: "0600"
  no_log: true
  when: shop.secret is not none

- name: Show when the token ends
  ansible.builtin.debug:
    msg: "The token of shop ends {{ shop.token.expires_at }}."

- name: Mint a token for all databases of a group, without trying it
  community.turso.turso_sql_token:
    organization: acme
    group: production
    expires_in: 4w
    validate: false
  register: production

- name: Mint a token that may read every table and add orders
  community.turso.turso_sql_token:
    organization: acme
    database: shop
    expires_in: 1d
    permissions:
      - tables: ["*"]
        actions: [data_read]
      - tables: [orders]
        actions: [data_add]
  register: importer
"""

RETURN = r"""
reason:
  description:
    - Why a token was minted, or would be in check mode. V(null) if O(current) is kept.
    - V(missing), there was none. V(expiring), it ends within O(renew_before). V(expired), it has ended. V(drift), it has
      different permissions. V(dead), the database rejects it. V(foreign), it is for another database or group, or for one of
      the same name that was deleted and created again. V(endless), it never ends and O(expires_in) has an end. V(forced),
      O(force) was set.
  returned: always
  type: str
  sample: expiring
secret:
  description:
    - The value of the new token. V(null) if O(current) is kept. The API never shows it again.
    - Hidden from output by the collection.
  returned: always
  type: str
  sample: null
token:
  description:
    - The token that you have after the task, by its claims. In check mode it is the token that you would have. V(null) if there
      is none.
    - Never holds the secret.
  returned: always
  type: dict
  contains:
    kind:
      description: Always V(sql).
      type: str
      returned: success
      sample: sql
    organization:
      description: The slug of the organization.
      type: str
      returned: success
      sample: acme
    database:
      description: The name of the database, or V(null) for a token of a group.
      type: str
      returned: success
      sample: shop
    group:
      description: The name of the group, or V(null) for a token of a database.
      type: str
      returned: success
      sample: null
    database_id:
      description: The id of the database that the token claims, or V(null).
      type: str
      returned: success
      sample: 0eb771dd-6906-11ee-8553-eaa7715aeaf2
    group_id:
      description: The id of the group that the token claims, or V(null).
      type: str
      returned: success
      sample: null
    hostname:
      description: The host name of the database, or V(null) for a token of a group.
      type: str
      returned: success
      sample: shop-acme.turso.io
    authorization:
      description: V(full-access) or V(read-only).
      type: str
      returned: success
      sample: read-only
    permissions:
      description: The fine-grained permissions, or V(null) if the token has none.
      type: list
      elements: dict
      returned: success
      sample: null
    issued_at:
      description: When the token was minted (ISO 8601, UTC).
      type: str
      returned: success
      sample: "2026-11-24T09:15:00Z"
    expires_at:
      description: When the token ends (ISO 8601, UTC), or V(null).
      type: str
      returned: success
      sample: "2027-02-22T09:15:00Z"
    never_expires:
      description: Whether the token has no end.
      type: bool
      returned: success
      sample: false
    seconds_left:
      description: How many seconds are left until the token ends, by the API's time. V(null) without an end.
      type: int
      returned: success
      sample: 7776000
probed:
  description:
    - The result of trying the token of RV(token) on the database.
    - V(accepted), the database accepts it, even if it blocks reading or writing. V(dead), the database rejects it, twice with a
      second between. V(unknown), something else answered, or nothing did. V(no), the token was not tried.
  returned: always
  type: str
  sample: accepted
diff:
  description: The claims of the token before and after the task, without RV(token.seconds_left), and without the value. Empty
    if there is no token.
  returned: always
  type: dict
  contains:
    before:
      description: The claims of O(current).
      type: dict
      returned: success
    after:
      description: The claims of the token that you have after the task.
      type: dict
      returned: success
msg:
  description: What the module did, and why. A failure also says when O(current) ends, or that the database rejects it, and what
    to do.
  returned: always
  type: str
  sample: The SQL token of the database 'shop' is kept. The current token ends 2027-02-22T09:15:00Z, in 90 days.
error:
  description:
    - The error, so that a playbook can decide what to do. The same keys as RV(community.turso.turso_token#module:error).
  returned: failure
  type: dict
  sample: {"kind": "unreachable", "status": null, "method": null, "path": null, "api_message": null, "attempts": 0}
"""

from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.grants import ACTIONS
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens
from ansible_collections.community.turso.plugins.module_utils._connection import client_from, connection_spec
from ansible_collections.community.turso.plugins.module_utils._lifetime import Lifetime
from ansible_collections.community.turso.plugins.module_utils._module import TursoModule, failures_as_results, warn_of
from ansible_collections.community.turso.plugins.module_utils._sql_token.options import Wanted
from ansible_collections.community.turso.plugins.module_utils._sql_token.outcome import NOTHING
from ansible_collections.community.turso.plugins.module_utils._sql_token.renew import renew, withhold


def sql_token_spec() -> dict[str, Any]:
    """Return the argument spec of one SQL token. What goes with what is checked by Wanted."""
    words = {"type": "list", "elements": "str", "required": True}
    return {
        "organization": {"type": "str"},
        "database": {"type": "str"},
        "group": {"type": "str"},
        "authorization": {"type": "str", "choices": ["full-access", "read-only"], "default": "full-access"},
        "permissions": {
            "type": "list",
            "elements": "dict",
            "options": {"tables": words, "actions": {**words, "choices": list(ACTIONS)}},
        },
        "expires_in": {"type": "str", "default": "90d", "aliases": ["expiration"]},
        "renew_before": {"type": "str"},
        "current": {"type": "str", "no_log": True},
        "validate": {"type": "bool", "default": True},
        "force": {"type": "bool", "default": False},
    }


def main() -> None:
    module = TursoModule(
        argument_spec={**connection_spec(), **sql_token_spec()}, supports_check_mode=True, always=NOTHING
    )
    with failures_as_results(module) as secrecy, Lifetime() as lifetime:
        want = Wanted.from_params(module.params)
        api = client_from(module.params, makes_secrets=not module.check_mode)
        tokens = SqlTokens(api, secrecy.hide)
        outcomes = renew(tokens, [want], check_mode=module.check_mode, stop=lifetime.over)
        reason = lifetime.over()
        if reason is not None:
            withhold(outcomes, reason)
        result = outcomes[0].as_result()
        warn_of(module, result)
        with lifetime.handing_over(lambda lost: withhold(outcomes, lost)):
            secrecy.release([result["secret"]])
            module.exit_json(**result)


if __name__ == "__main__":
    main()
