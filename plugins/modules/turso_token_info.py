#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: turso_token_info
short_description: List API tokens of the Turso Platform, or check a credential
version_added: 0.1.0
author:
  - The community.turso contributors (@community-turso)
description:
  - Lists the API tokens of the user of O(api_token), or the tokens of an organization with their owners.
  - With O(validate=true) it checks instead whether O(api_token) is valid, and when it expires.
  - It cannot return the values of tokens. The API shows a value only once, when the token is created.
extends_documentation_fragment:
  - community.turso.api
  - community.turso.attributes.info
options:
  name:
    description:
      - Return only the token of this name, of the user of O(api_token). If there is none, the list is empty, and the module
        does not fail.
      - With O(organization), return it only if it is restricted to that organization.
    type: str
  organization:
    description:
      - Return the tokens that are restricted to this organization, or to a group of it, with their owners. Admins and owners of
        the organization see the tokens of all users. Members see only their own.
      - Tokens without an organization are not in this list.
    type: str
  validate:
    description:
      - Whether to check the credential instead of listing tokens. Excludes O(name) and O(organization).
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: List all tokens of the calling user
  community.turso.turso_token_info:
  register: mine

- name: Show the names of tokens that are older than 90 days
  ansible.builtin.debug:
    msg: "{{ mine.tokens | rejectattr('age_days', 'none') | selectattr('age_days', 'gt', 90) | map(attribute='name') | list }}"

- name: Retrieve one token
  community.turso.turso_token_info:
    name: ci-deploy
  register: ci_deploy

- name: List the tokens of an organization with their owners
  community.turso.turso_token_info:
    organization: acme
  register: acme

- name: Check whether the credential is valid, and when it expires
  community.turso.turso_token_info:
    validate: true
  register: credential
"""

RETURN = r"""
tokens:
  description:
    - The token objects, in the order of the API's list. Empty with O(validate=true). The same keys as
      RV(community.turso.turso_token#module:token).
  returned: success
  type: list
  elements: dict
  sample:
    - name: ci-deploy
      id: clGFZ4STEe6fljpFzIum8A
      organization: acme
      group: production
      scopes: [read]
      created_at: "2026-07-27"
      age_days: 120
      restriction: group
      permissions: read-only
      owner: null
      description: null
      last_used_at: null
listed_at:
  description:
    - The API's time when it returned the list (ISO 8601, UTC). V(null) with O(validate=true).
  returned: success
  type: str
  sample: "2026-11-24T09:15:00Z"
validation:
  description: What the API returned about the credential. V(null) unless O(validate=true).
  returned: success
  type: dict
  contains:
    valid:
      description:
        - Whether the credential is valid. An answer of 403 counts as valid, with a warning, because restricted tokens that work
          get it, too.
      type: bool
      returned: success
      sample: true
    expires_at:
      description:
        - When the credential expires (ISO 8601, UTC). V(null) if it never expires, or if the API does not return it.
        - For a login session of the Turso CLI it is the end that the session claims, if the API does not return one.
      type: str
      returned: success
      sample: null
    never_expires:
      description: Whether the credential never expires, as the API returns it.
      type: bool
      returned: success
      sample: true
    id:
      description: The id that the credential claims (its C(jti)), not verified. V(null) if it claims none.
      type: str
      returned: success
      sample: clGFZ4STEe6fljpFzIum8A
    kind:
      description:
        - What kind of credential it claims to be, not verified. V(api) is an API token. V(group) is an API token that is
          restricted to a group, and cannot manage tokens. V(session) is a login of the Turso CLI, which ends after a few days.
          V(sql) is a SQL token, which this API never accepts; the module does not send it. V(null) if the kind is not known.
      type: str
      returned: success
      sample: api
error:
  description:
    - The error, so that a playbook can decide what to do. The same keys as RV(community.turso.turso_token#module:error).
  returned: failure
  type: dict
  sample: {"kind": "unauthorized", "status": 401, "method": "GET", "path": "/v1/auth/api-tokens", "api_message": null, "attempts": 1}
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.claims import SESSION, SQL
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens, Validation
from ansible_collections.community.turso.plugins.module_utils._connection import (
    connection_spec,
    credential_from,
    tokens_from,
)
from ansible_collections.community.turso.plugins.module_utils._errors import BadOption
from ansible_collections.community.turso.plugins.module_utils._module import TursoModule, failures_as_results, warn_of
from ansible_collections.community.turso.plugins.module_utils._time import utc_text
from ansible_collections.community.turso.plugins.module_utils._token.decide import checked_segment

FORBIDDEN = (
    "The API answered 403 to validating the credential. Restricted tokens that work get this answer, too. Only its use "
    "shows what it may do."
)


def check(params: dict[str, Any]) -> None:
    """Refuse options that cannot work, before any request."""
    for option in ("name", "organization"):
        checked_segment(option, params[option])
        if params["validate"] and params[option] is not None:
            raise BadOption(
                f"validate checks only the credential, so it excludes {option}.",
                "Remove one of the two.",
            )


def listed(params: dict[str, Any], tokens: Tokens) -> dict[str, Any]:
    """List the tokens that are asked for."""
    name, organization = params["name"], params["organization"]
    listing = tokens.list_organization(organization) if organization and not name else tokens.list_own()
    found = listing.tokens
    if name:
        named = listing.named(name)
        found = (named,) if named and organization in (None, named.restriction.organization) else ()
    return {
        "tokens": [token.as_result(listing.moment) for token in found],
        "listed_at": utc_text(listing.moment),
        "validation": None,
    }


def examined(params: dict[str, Any], hide: Callable[[str], None]) -> dict[str, Any]:
    """Ask the API about the credential itself. An invalid one is an answer, not a failure."""
    credential = credential_from(params)
    claims = credential.claims
    if claims.kind == SQL:
        validation, warnings = Validation(valid=False), [credential.sql_warning]
    else:
        validation = tokens_from(params, hide).validate()
        warnings = [FORBIDDEN] if validation.forbidden else []
    # The API says nothing of the end of a session that is over.
    end = validation.expires_at or (claims.expires_at if claims.kind == SESSION else None)
    return {
        "tokens": [],
        "listed_at": None,
        "validation": {
            "valid": validation.valid,
            "expires_at": utc_text(end) if end else None,
            "never_expires": validation.never_expires,
            "id": claims.id,
            "kind": claims.kind,
        },
        "warnings": warnings,
    }


def main() -> None:
    module = TursoModule(
        argument_spec={
            **connection_spec(),
            "name": {"type": "str"},
            "organization": {"type": "str"},
            "validate": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    with failures_as_results(module) as secrecy:
        check(module.params)
        if module.params["validate"]:
            result = examined(module.params, secrecy.hide)
        else:
            result = listed(module.params, tokens_from(module.params, secrecy.hide))
        warn_of(module, result)
        module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
