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
  - Lists the tokens, selects those that you mean, revokes them, lists again, and tries the leaked values again.
  - Without O(confirm) it is a dry run. It changes nothing, shows what it would revoke, and returns a code that confirms exactly that.
  - A token with an organization is revoked by its id. Any other token can only be revoked by its name, so this happens right after a
    list that shows the confirmed id under this name.
  - A token that cannot be revoked stops no other. The module revokes the rest, says what is left, and fails.
  - A leaked value that is not proven dead is a failure, whatever else went well. It is proven dead if the API accepts it before
    the revocation and rejects it (401) afterwards.
  - A leaked value that is a SQL token (of a database or a group) cannot be revoked alone. The module says by its claims which database
    or group it is for, and tries it there. It ends it only by the playbook, together with every other SQL token of that database or
    group, because whoever uses one needs a new one at once.
  - At the end it shows what the owners of the selected tokens minted since, where the organization's audit log can be read.
  - The API credential that the module uses is never revoked, as far as its C(jti) says which token it is.
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
      - Nothing is revoked. The result says whether O(confirm) matches.
  diff_mode:
    support: none
    details:
      - RV(selected) shows what changes.
  idempotent:
    support: none
    details:
      - A second run finds no token that matches, and says so by failing. An emergency must not take a misspelled name for a success.
options:
  organization:
    description:
      - Select among the tokens of this organization (its slug). Admins and owners of it see everybody's tokens, members their own.
      - If it is left out, the module selects among the calling user's own tokens. Only that list has unrestricted tokens.
    type: str
  names:
    description:
      - Revoke the tokens of these names. A name also selects the versions that P(community.turso.turso_rotate#role) made of it.
    type: list
    elements: str
  ids:
    description:
      - Revoke the tokens of these ids.
    type: list
    elements: str
  patterns:
    description:
      - Revoke the tokens whose whole name matches one of these shell patterns, such as V(ci-*). Case matters.
    type: list
    elements: str
  owners:
    description:
      - Limit O(names), O(ids), and O(patterns) to the tokens of these users. Without them, revoke all tokens of these users.
      - Give user names or e-mail addresses. Needs O(organization).
    type: list
    elements: str
  exclude:
    description:
      - Spare these tokens, whatever else selects them. RV(spared) lists them.
    type: dict
    suboptions:
      names:
        description:
          - Spare the tokens of exactly these names. Versions of a name are not spared; use a pattern or an id for them.
        type: list
        elements: str
      ids:
        description:
          - Spare the tokens of these ids.
        type: list
        elements: str
      patterns:
        description:
          - Spare the tokens whose whole name matches one of these shell patterns.
        type: list
        elements: str
      owners:
        description:
          - Spare the tokens of these users, by user name or e-mail address. Needs O(organization).
        type: list
        elements: str
  secrets:
    description:
      - The leaked values. Each selects the token whose id it claims, and is tried before and after the revocation.
      - What a value claims is not verified. If the API does not accept it, its token is revoked only if you confirm by the code, or
        select it by name, id, pattern, or owner as well.
      - If not given, the environment variable E(TURSO_REVOKE_SECRET) is used. It holds one value, or several with commas between
        them. An empty variable counts as unset.
      - SQL tokens among them are looked up in O(organization) by the database or group that they claim, and tried on the database.
    type: list
    elements: str
  confirm:
    description:
      - The RV(code) of a dry run. It matches exactly the tokens that were shown. If other tokens are selected by now, nothing is revoked.
      - Where O(secrets) has SQL tokens, the code also covers the databases and groups, what they say of the values, and which of
        O(managed_tokens) get a new token. So a command that you confirmed once does not end the new tokens.
      - Instead of the code, give the number of selected tokens if you know it in advance. This works only if every selector matches
        something, if every selected token was selected by name, id, pattern, owner, or a value that the API accepts, and if every
        value could be tried.
      - A number is never enough for a SQL token among O(secrets).
      - If it is left out or empty, this is a dry run.
    type: str
  leave_sql_tokens:
    description:
      - Whether another task ends the SQL tokens that RV(invalidations) names, as the playbook C(community.turso.revoke) does. Without it
        a confirmed run fails for a SQL token among O(secrets), because this module does not end it.
    type: bool
    default: false
  managed_tokens:
    description:
      - The entries of the rotation file (C(turso_rotate_tokens)), so that O(confirm) covers the names of the SQL tokens that another
        task renews. Only C(name), C(kind), C(organization), C(database) and C(group) of each are read.
    type: list
    elements: dict
    default: []
  from_variables:
    description:
      - Take these options from variables, V(turso_revoke_) and the name of the option, as the playbook C(community.turso.revoke) does.
        An option whose variable is not set is left out. O(managed_tokens) is taken from C(turso_rotate_tokens).
      - A variable V(turso_revoke_) that gives none of these options is refused. So is a variable V(turso_revoke_) or V(turso_rotate_)
        that cannot be rendered, because a later task could take it for one that is not set.
    type: list
    elements: str
notes:
  - Ansible splits a text at commas where a list is expected. Write a name that has a comma as an item of a list.
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

- name: Revoke the token that a leaked value belongs to, if it is exactly one, and prove that the value is dead
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
  description: What confirms exactly what is selected, see O(confirm). V(null) if nothing is.
  returned: always
  type: str
  sample: 1-3fa9c1
selected:
  description:
    - The tokens that are selected, as they were listed before anything was revoked. Sorted by name.
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
  description: What is not as it should be. The module fails if there is any.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the token that it is about, or V(null).
      type: str
      returned: always
      sample: ci-deploy
    id:
      description: The id of that token, or V(null).
      type: str
      returned: always
      sample: clGFZ4STEe6fljpFzIum8A
    value:
      description: Which of O(secrets) it is about, counted from 1, or V(null).
      type: int
      returned: always
      sample: null
    msg:
      description: What happened, what it means, and what to do.
      type: str
      returned: always
      sample: The tokens could not be listed again, so nothing proves that those revoked are gone.
proofs:
  description: What is known of each of O(secrets), in their order. The values themselves are never returned.
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
        - What the API said of it before the revocation. One of V(accepted), V(rejected) (401), V(forbidden) (403), and V(unknown) (it
          could not be tried). Of a SQL token, what its database said.
      type: str
      returned: always
      sample: accepted
    after:
      description: What the API said of it afterwards, in the same words. V(null) if nothing was revoked.
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
    - The databases and groups that the SQL tokens among O(secrets) are for. Every SQL token of them has to be invalidated to end
      these. O(confirm) covers them, too.
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
  description: Whether O(confirm) matched, and this was not check mode.
  returned: always
  type: bool
  sample: false
minted:
  description:
    - What the owners of RV(selected) minted since their oldest selected token was made, by the audit log of the organization, the
      newest first. The log knows users and not tokens, so it may be their own work.
    - V(null) if it is not known. Smaller plans have no such log, and the API credential may not be allowed to read it.
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
      description: What the log says besides.
      type: str
      returned: success
      sample: ""
    origin:
      description: From where it was minted, such as V(cli) or V(web).
      type: str
      returned: success
      sample: cli
report:
  description: The whole result as lines for people.
  returned: always
  type: list
  elements: str
  sample: []
error:
  description:
    - What went wrong, for a playbook to decide on. The same keys as RV(community.turso.turso_token#module:error).
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
            "managed_tokens": {"type": "list", "elements": "dict", "default": []},
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
