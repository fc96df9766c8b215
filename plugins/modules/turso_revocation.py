#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: turso_revocation
short_description: Revoke leaked API tokens of the Turso Platform in an emergency, and prove it
version_added: 0.1.0
author:
  - The community.turso contributors (@community-turso)
description:
  - Lists the tokens, selects the ones that you mean, revokes them, lists again, and tries the leaked values again.
  - Without O(confirm) it is a dry run. A dry run changes nothing, shows what the module would revoke, and returns a code that
    confirms exactly these tokens.
  - The module revokes a token with an organization by its id. The API can revoke other tokens only by name, so the module lists
    the tokens right before, and revokes the name only if it still has the confirmed id.
  - If a token cannot be revoked, the module still revokes the others. Then it says what is left, and fails.
  - If a leaked value is not proven dead, the module fails, even if it revoked all tokens. A value is proven dead if the API
    accepts it before the revocation and rejects it (401) afterwards.
  - A leaked SQL token (of a database or a group) cannot be revoked alone. The module shows which database or group it is for,
    and tries it there, but does not end it. The playbook C(community.turso.revoke) ends it together with every other SQL token
    of that database or group, and delivers new tokens at once.
  - At the end it shows which tokens the owners of the selected tokens minted since then, if it can read the audit log of the
    organization.
  - The module never revokes the API credential that it uses, if the credential has a C(jti) claim.
  - The playbook C(community.turso.revoke) runs this module in one command.
extends_documentation_fragment:
  - community.turso.api
  - community.turso.attributes
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the control node.
    support: full
  check_mode:
    support: full
    details:
      - The module revokes nothing. The result shows whether O(confirm) matches.
  diff_mode:
    support: none
    details:
      - RV(selected) shows what changes.
  idempotent:
    support: none
    details:
      - A second run finds no token that matches, and fails. In an emergency a misspelled name must not look like a success.
options:
  organization:
    description:
      - The slug of the organization whose tokens the module searches. Admins and owners of it see the tokens of all users.
        Members see only their own.
      - Without it, the module searches the tokens of the user of the API credential. Only that list has unrestricted tokens.
    type: str
  names:
    description:
      - Revoke the tokens with these names. A name also selects the versions that P(community.turso.turso_rotate#role) issued
        for it.
    type: list
    elements: str
  ids:
    description:
      - Revoke the tokens with these ids.
    type: list
    elements: str
  patterns:
    description:
      - Revoke the tokens whose whole name matches one of these shell patterns, such as V(ci-*). Case matters.
    type: list
    elements: str
  owners:
    description:
      - Limit O(names), O(ids), and O(patterns) to the tokens of these users. If none of these is set, revoke all tokens of
        these users.
      - Use user names or e-mail addresses. Needs O(organization).
    type: list
    elements: str
  exclude:
    description:
      - Do not revoke these tokens, even if other options select them. RV(spared) lists them.
    type: dict
    suboptions:
      names:
        description:
          - Exclude the tokens with exactly these names. That does not exclude the versions of a name. Use a pattern or an id
            for them.
        type: list
        elements: str
      ids:
        description:
          - Exclude the tokens with these ids.
        type: list
        elements: str
      patterns:
        description:
          - Exclude the tokens whose whole name matches one of these shell patterns.
        type: list
        elements: str
      owners:
        description:
          - Exclude the tokens of these users, by user name or e-mail address. Needs O(organization).
        type: list
        elements: str
  secrets:
    description:
      - The leaked values. Each selects the token whose id it claims. The module tries it before and after the revocation.
      - The claims of a value are not verified. If the API does not accept the value, the module revokes its token only if you
        confirm with the code, or also select the token by name, id, pattern, or owner.
      - The default is the environment variable E(TURSO_REVOKE_SECRET). It has one value, or several with commas between them.
        An empty variable counts as unset.
      - For a SQL token the module finds the database or group in O(organization), and tries the token there.
    type: list
    elements: str
  confirm:
    description:
      - The RV(code) of a dry run. It is valid only for the tokens that the dry run showed. If the selection has changed, the
        module revokes nothing.
      - If O(secrets) has SQL tokens, the code also covers the databases and groups, their answers to the values, and which of
        O(managed_tokens) get a new token. So a command that you confirmed once does not end the new tokens.
      - Instead of the code, you can set the number of selected tokens, if you know it in advance. This works only if every
        selector matches a token, if every value could be tried, and if no token is selected only by a value that the API does
        not accept.
      - If O(secrets) has a SQL token, a number is never enough.
      - Without it, or if it is empty, this is a dry run.
    type: str
  leave_sql_tokens:
    description:
      - Whether another task invalidates the SQL tokens of RV(invalidations), as in the playbook C(community.turso.revoke).
        Without it, a confirmed run fails if O(secrets) has a SQL token, because this module does not end it.
    type: bool
    default: false
  managed_tokens:
    description:
      - The entries of the rotation file (C(turso_rotate_tokens)), so that O(confirm) covers the names of the SQL tokens that
        another task renews. The module reads only C(name), C(kind), C(organization), C(database), and C(group) of each.
    type: list
    elements: dict
    default: []
  from_variables:
    description:
      - Take these options from variables that are named C(turso_revoke_) and the option, as the playbook
        C(community.turso.revoke) does. An option without such a variable is not set. O(managed_tokens) comes from
        C(turso_rotate_tokens).
      - If a variable C(turso_revoke_*) is none of these options, the module fails before any request. It also fails if a
        variable C(turso_revoke_*) or C(turso_rotate_*) cannot be rendered, because a later task could take it for a variable
        that is not set.
    type: list
    elements: str
notes:
  - Ansible splits a text at commas if it expects a list. Write a name with a comma as an item of a list.
"""

EXAMPLES = r"""
- name: Show which tokens would be revoked
  community.turso.turso_revocation:
    organization: acme
    patterns: ["ci-*"]
    exclude:
      names: [ci-docs]
  register: dry_run

- name: Revoke exactly what was shown
  community.turso.turso_revocation:
    organization: acme
    patterns: ["ci-*"]
    exclude:
      names: [ci-docs]
    confirm: "{{ dry_run.code }}"

- name: Revoke the token of a leaked value, if it is exactly one, and prove that the value is dead
  community.turso.turso_revocation:
    organization: acme
    secrets: ["{{ leaked_value }}"]
    confirm: "1"

- name: Show which tokens of somebody who has left would be revoked
  community.turso.turso_revocation:
    organization: acme
    owners: [bob@example.com]
    exclude:
      names: [backup]
"""

RETURN = r"""
code:
  description: The code that confirms exactly the selection, see O(confirm). V(null) if nothing is selected.
  returned: always
  type: str
  sample: 1-3fa9c1
selected:
  description:
    - The selected tokens, as the API listed them before anything was revoked, sorted by name.
    - The same keys as RV(community.turso.turso_token#module:token), and what selected each token.
  returned: always
  type: list
  elements: dict
  contains:
    by:
      description: What selected the token.
      type: list
      elements: str
      returned: success
      sample: ["name 'ci-deploy'"]
spared:
  description:
    - The tokens that O(exclude) spares, with the same keys as RV(selected). Their RV(selected[].by) says what spares them.
  returned: always
  type: list
  elements: dict
  sample: []
revoked:
  description:
    - The tokens that this run revoked and that a fresh list does not show any more. They have the keys of RV(selected) without
      RV(selected[].by).
  returned: always
  type: list
  elements: dict
  sample: []
failures:
  description: What went wrong. The module fails if there is any.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the token, or V(null).
      type: str
      returned: always
      sample: ci-deploy
    id:
      description: The id of that token, or V(null).
      type: str
      returned: always
      sample: clGFZ4STEe6fljpFzIum8A
    value:
      description: The number of the value in O(secrets), counted from 1, or V(null).
      type: int
      returned: always
      sample: null
    msg:
      description: What happened, what it means, and what to do.
      type: str
      returned: always
      sample: The tokens could not be listed again, so it is not proven that the revoked tokens are gone.
proofs:
  description: What is known about each value of O(secrets), in that order. The module never returns the values.
  returned: always
  type: list
  elements: dict
  contains:
    value:
      description: Which value it is, counted from 1.
      type: int
      returned: always
      sample: 1
    id:
      description: The id that the value claims, not verified, or V(null).
      type: str
      returned: always
      sample: clGFZ4STEe6fljpFzIum8A
    before:
      description:
        - The API's answer to the value before the revocation. One of V(accepted), V(rejected) (401), V(forbidden) (403), and
          V(unknown) (it could not be tried). For a SQL token, the answer of its database.
      type: str
      returned: always
      sample: accepted
    after:
      description: The API's answer afterwards, in the same words. V(null) if nothing was revoked.
      type: str
      returned: always
      sample: rejected
    proven:
      description: Whether it is proven dead.
      type: bool
      returned: always
      sample: true
    msg:
      description: The same in a sentence.
      type: str
      returned: always
      sample: "Value 1 is proven dead: the API accepted it before and rejects it now (401)."
unmatched:
  description: The selectors and exclusions that match no token.
  returned: always
  type: list
  elements: str
  sample: ["name 'ci-depoly'"]
invalidations:
  description:
    - The databases and groups of the SQL tokens in O(secrets). To end these tokens, all SQL tokens of the database or group
      must be invalidated. O(confirm) covers that, too.
  returned: always
  type: list
  elements: dict
  contains:
    organization:
      description: The slug of the organization.
      type: str
      returned: success
      sample: acme
    level:
      description: V(database) or V(group).
      type: str
      returned: success
      sample: database
    name:
      description: The name of the database or the group.
      type: str
      returned: success
      sample: shop
    id:
      description: The id that the leaked values claim.
      type: str
      returned: success
      sample: 0eb771dd-6906-11ee-8553-eaa7715aeaf2
    group:
      description: The group of the database. A group's own name.
      type: str
      returned: success
      sample: production
    databases:
      description: The databases of a group.
      type: list
      elements: str
      returned: success
      sample: []
confirmed:
  description: Whether O(confirm) matched, and this was not a run in check mode.
  returned: always
  type: bool
  sample: false
minted:
  description:
    - The tokens that the owners of RV(selected) minted since their oldest selected token was created, by the audit log of the
      organization, the newest first. The log has users, but no tokens, so the owners may have minted them themselves.
    - V(null) if it is not known. Smaller plans have no audit log, and the API credential may have no permission to read it.
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: One of V(user-token-create), V(db-token-create), and V(group-token-create).
      type: str
      returned: success
      sample: db-token-create
    author:
      description: The user name.
      type: str
      returned: success
      sample: bob
    created_at:
      description: When it was minted, as the API returns it.
      type: str
      returned: success
      sample: "2026-11-24T09:15:00Z"
    message:
      description: The message in the log.
      type: str
      returned: success
      sample: ""
    origin:
      description: From where it was minted, such as V(cli) or V(web).
      type: str
      returned: success
      sample: cli
report:
  description: The whole result as lines of text.
  returned: always
  type: list
  elements: str
  sample: []
error:
  description:
    - The error, so that a playbook can decide what to do. The same keys as RV(community.turso.turso_token#module:error).
  returned: failure
  type: dict
  sample: {"kind": "refused", "status": null, "method": null, "path": null, "api_message": null, "attempts": 0}
"""

import dataclasses
import datetime
from collections.abc import Iterable
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._connection import (
    connection_spec,
    env_unless_empty,
    tokens_from,
)
from ansible_collections.community.turso.plugins.module_utils._emergency import report as reports
from ansible_collections.community.turso.plugins.module_utils._emergency.aftermath import look_further
from ansible_collections.community.turso.plugins.module_utils._emergency.outcome import Failure, failures_in
from ansible_collections.community.turso.plugins.module_utils._emergency.proof import Proof
from ansible_collections.community.turso.plugins.module_utils._emergency.request import Request
from ansible_collections.community.turso.plugins.module_utils._emergency.revoke import (
    answer_afterwards,
    leaks_of,
    listed,
    remaining_ids,
    revoke_each,
    sql_leaks_of,
    unclear_in,
)
from ansible_collections.community.turso.plugins.module_utils._emergency.selection import Selection, select
from ansible_collections.community.turso.plugins.module_utils._emergency.sql_leaks import SqlLeak, not_ended
from ansible_collections.community.turso.plugins.module_utils._module import TursoModule, failures_as_results
from ansible_collections.community.turso.plugins.module_utils._time import utc_now


def words() -> dict[str, Any]:
    """Return the spec of an option that takes words."""
    return {"type": "list", "elements": "str"}


def selectors_spec() -> dict[str, Any]:
    """Return the spec of the four kinds of selectors."""
    return {kind: words() for kind in ("names", "ids", "patterns", "owners")}


def selected(request: Request, tokens: Tokens, sql_tokens: SqlTokens) -> tuple[Selection, datetime.datetime]:
    """Return what is meant, and when that was. Whoever means no API token needs no right to list them."""
    sql = sql_leaks_of(sql_tokens, request.organization, request.sql_values)
    if not request.is_about_api_tokens:
        return Selection((), (), (), (), sql=sql, managed=request.managed), utc_now()
    listing = listed(tokens, request.organization)
    selection = select(request, listing.tokens, leaks_of(tokens, request.api_values), unclear_in(listing))
    return dataclasses.replace(selection, sql=sql, managed=request.managed), listing.moment


def run(
    request: Request, tokens: Tokens, sql_tokens: SqlTokens, *, check_mode: bool, leaves_sql: bool
) -> reports.Report:
    """Select, and revoke what is confirmed.

    :param leaves_sql: whether another task ends the SQL tokens that are confirmed.
    """
    selection, now = selected(request, tokens, sql_tokens)
    objections = reports.objections(request, selection, tokens.own_id)
    is_confirmed = selection.is_confirmed_by(request.confirm)
    if is_confirmed and not check_mode:
        return carry_out(request, tokens, selection, now, [*objections, *not_ended(selection.sql, is_left=leaves_sql)])
    return reports.Report(
        selection=selection,
        mode=reports.mode_of(request.confirm, is_confirmed),
        now=now,
        failures=(*objections, *reports.hopeless(selection, tokens.own_id)),
        proofs=in_order([*(Proof(leak, None) for leak in selection.leaks), *selection.sql]),
    )


def carry_out(
    request: Request, tokens: Tokens, selection: Selection, now: datetime.datetime, objections: list[Failure]
) -> reports.Report:
    """Revoke what was confirmed, all but the credential in use, and look what is left."""
    confirmed = [choice.token for choice in selection.selected if choice.token.id != tokens.own_id]
    done = revoke_each(tokens, request.organization, confirmed)
    ids = frozenset(str(token.id) for token in confirmed)
    remaining = remaining_ids(tokens, request.organization, ids) if ids else ids
    proofs = tuple(
        Proof(leak, answer_afterwards(tokens, request.values[leak.number - 1].text)) for leak in selection.leaks
    )
    failures = (*objections, *failures_in(done, confirmed, remaining), *reports.unproven(proofs))
    not_revoked = {failure.token.id for failure in failures if failure.token is not None}
    return reports.Report(
        selection=selection,
        mode=reports.DONE,
        now=now,
        failures=failures,
        proofs=in_order([*proofs, *selection.sql]),
        revoked=tuple(token for token in confirmed if token.id not in not_revoked),
    )


def in_order(proofs: Iterable[Proof | SqlLeak]) -> tuple[Proof | SqlLeak, ...]:
    """Return what is known of each given value, as they were given."""
    return tuple(sorted(proofs, key=lambda proof: proof.number))


def with_aftermath(report: reports.Report, request: Request, tokens: Tokens) -> reports.Report:
    """Add what the owners of the selected tokens minted since. Asked last: nothing that is revoked waits for it."""
    selected = [choice.token for choice in report.selection.selected]
    return dataclasses.replace(report, aftermath=look_further(tokens.api, request.organization, selected))


def main() -> None:
    module = TursoModule(
        argument_spec={
            **connection_spec(),
            "organization": {"type": "str"},
            **selectors_spec(),
            "exclude": {"type": "dict", "options": selectors_spec()},
            "secrets": {**words(), "no_log": True, "fallback": (env_unless_empty, ["TURSO_REVOKE_SECRET"])},
            "confirm": {"type": "str"},
            "leave_sql_tokens": {"type": "bool", "default": False},
            "managed_tokens": {"type": "list", "elements": "dict", "default": [], "no_log": False},
            "from_variables": words(),  # read by the action plugin
        },
        supports_check_mode=True,
        always=reports.NOTHING,
    )
    with failures_as_results(module) as secrecy:
        request = Request.of(module.params)
        for value in request.values:
            secrecy.hide(value.text)
        tokens = tokens_from(module.params, secrecy.hide)
        report = run(
            request,
            tokens,
            SqlTokens(tokens.api, secrecy.hide),
            check_mode=module.check_mode,
            leaves_sql=module.params["leave_sql_tokens"],
        )
        report = with_aftermath(report, request, tokens)
        if report.failures:
            module.fail_json(msg=report.msg, error=reports.error_of(report), **report.as_result())
        module.exit_json(msg=report.msg, **report.as_result())


if __name__ == "__main__":
    main()
