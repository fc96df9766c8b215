#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: turso_rotation
short_description: Internal module of the role turso_rotate
author:
  - The community.turso contributors (@community-turso)
description:
  - The role P(community.turso.turso_rotate#role) calls this module in the right order. Use the role. Its variables are
    described there. They become the options of this module.
  - The module runs on the control node, whatever the connection of the host is.
  - With O(step=issue) it checks everything that it can check without the API, lists the tokens once for each credential, and
    plans as P(community.turso.rotation_plan#filter) does. It issues every version that is due, in parallel, and verifies each.
    It withdraws a version that it cannot verify, and writes the new values into O(vault_file).
  - With O(step=confirm) it records the confirmations of the host of the task.
  - With O(step=commit) it decides which tokens every recipient in C(deliver) of O(tokens) has confirmed. It lists the tokens
    again, writes the state file, and revokes the previous versions whose grace period is over.
  - The failure of one token does not stop the others, and does not fail the module. RV(report) shows it.
extends_documentation_fragment:
  - community.turso.api
  - community.turso.attributes
  - community.turso.attributes.hides
attributes:
  check_mode:
    support: partial
    details:
      - O(step=issue) returns the plan. The other steps do nothing.
  diff_mode:
    support: partial
    details:
      - In check mode O(step=issue) shows the plan, grouped by action.
  idempotent:
    support: partial
    details:
      - O(step=confirm) and O(step=commit) are idempotent. O(step=issue) is idempotent after its versions were confirmed and
        committed.
options:
  step:
    description:
      - What the module does. V(issue), V(confirm), and V(commit) are the parts of a rotation.
      - V(record) records the answers of destinations. V(look) returns which of them to read back.
      - V(tell) returns how the run ended, and writes the metrics.
      - V(check) returns who has not confirmed. V(fresh) makes sure that C(turso_secrets) has the new values. V(withdraw)
        revokes versions that nobody got.
      - V(invalidate) ends every SQL token of O(invalidations) and records it. V(prove) tries O(leaked) afterwards.
    type: str
    choices: [issue, record, look, confirm, commit, check, fresh, tell, withdraw, invalidate, prove]
    required: true
  tokens:
    description:
      - For O(step=issue), the entries, as C(turso_rotate_tokens) of the role.
    type: list
    elements: dict
  max_age_days:
    description:
      - As C(turso_rotate_max_age_days).
    type: int
    default: 90
  grace_hours:
    description:
      - As C(turso_rotate_grace_hours).
    type: float
    default: 0
  spread_days:
    description:
      - As C(turso_rotate_spread_days).
    type: int
    default: 0
  force:
    description:
      - As C(turso_rotate_force).
    type: bool
    default: false
  pending_minutes:
    description:
      - As C(turso_rotate_pending_minutes).
    type: int
    default: 15
  max_versions:
    description:
      - As C(turso_rotate_max_versions).
    type: int
    default: 5
  validate:
    description:
      - As C(turso_rotate_validate).
    type: bool
    default: true
  credential_name:
    description:
      - As C(turso_rotate_credential_name).
    type: str
  credentials:
    description:
      - As C(turso_rotate_credentials).
    type: dict
  vault_file:
    description:
      - As C(turso_rotate_vault_file).
    type: path
  vault_id:
    description:
      - As C(turso_rotate_vault_id).
    type: str
  state_file:
    description:
      - As C(turso_rotate_state_file).
    type: path
  metrics_file:
    description:
      - As C(turso_rotate_metrics_file).
    type: path
  notify:
    description:
      - As C(turso_rotate_notify).
    type: path
  is_main:
    description:
      - For O(step=issue), whether the role itself commits, by its last task or by its handlers.
    type: bool
    default: true
  play_confirms:
    description:
      - For O(step=issue), whether the play has tasks that could confirm.
    type: bool
    default: true
  by:
    description:
      - For O(step=commit), what calls it. V(role) commits the tokens that only the role delivers. V(handler) commits the tokens
        that its play issued and every recipient confirmed. V(entry point) commits all tokens, and fails if a recipient has not
        confirmed.
    type: str
    choices: [role, handler, entry point]
    default: entry point
  only_by_value:
    description:
      - For O(step=confirm), whether only a confirmation by value counts, as at the end of a tasks file.
    type: bool
    default: false
  has_failed:
    description:
      - For O(step=confirm), whether the tasks file failed, so that its confirmations do not count.
    type: bool
    default: false
  reminded:
    description:
      - For O(step=check), the ids of the versions that were not confirmed at the last check.
    type: list
    elements: str
  asked:
    description:
      - For O(step=record), the entry points of the role P(community.turso.turso_deliver#role) that asked the destinations.
    type: list
    elements: str
  stored:
    description:
      - The values in the vault file, by name. Set by the action plugin.
    type: dict
  has_vault_file:
    description:
      - Whether there is a vault file. Set by the action plugin.
    type: bool
    default: false
  controller:
    description:
      - The process that runs the playbook. Set by the action plugin.
    type: dict
  refused_if_due:
    description:
      - Why a token must not be due at this place in the play, by name. Set by the action plugin.
    type: dict
  recipients:
    description:
      - The recipients of each token, by name, from C(deliver) in O(tokens). Set by the action plugin.
    type: dict
  checked:
    description:
      - For O(step=issue), the names of the tokens that were due when their destinations were asked. Without it the module
        issues no token with destinations, and RV(to_check) has the tokens that are due.
    type: list
    elements: str
  held:
    description:
      - The values that destinations hold, a list by name. Set by the action plugin.
    type: dict
  fetched:
    description:
      - For O(step=issue), whether destinations were asked which SQL tokens they hold. Without it the module only returns which
        destinations to ask.
    type: bool
    default: false
  lacks:
    description:
      - The names of SQL tokens that a destination does not hold. Set by the action plugin.
    type: list
    elements: str
  unread:
    description:
      - Why it is not known which SQL token is in use, by name. Set by the action plugin.
    type: dict
  items:
    description:
      - The versions to commit or withdraw. Set by the action plugin.
    type: str
  running_secrets:
    description:
      - The new values of tokens that are API credentials of the run, by name. Set by the action plugin.
    type: dict
  only:
    description:
      - The names of the tokens in O(tokens) to process. An empty list means all of them.
    type: list
    elements: str
  invalidations:
    description:
      - For O(step=invalidate) and O(step=prove), the value of RV(community.turso.turso_revocation#module:invalidations).
    type: list
    elements: dict
  confirmed:
    description:
      - For O(step=invalidate), whether to invalidate. Otherwise the module only returns what it would do, and whether it could.
    type: bool
    default: false
  leaked:
    description:
      - For O(step=prove), the values that must be dead. The module leaves out values that are not a SQL token of
        O(invalidations).
      - The default is the environment variable E(TURSO_REVOKE_SECRET).
    type: list
    elements: str
  concurrency:
    description:
      - How many requests the module sends at the same time, from 1 to 100.
    type: int
    default: 8
seealso:
  - plugin: community.turso.rotation_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Issue and verify the tokens that are due
  community.turso.turso_rotation:
    step: issue
    tokens:
      - name: ci-deploy
        organization: acme
  register: issued
  check_mode: true # the role does more than this task: use it
"""

RETURN = r"""
report:
  description:
    - The report of each token. Never a secret.
    - The action plugin returns it as one text of JSON. The role turns that into the fact C(turso_rotate_report).
  returned: O(step=issue) and O(step=commit)
  type: list
  elements: dict
  contains:
    name:
      description: The name of the managed token.
      type: str
      returned: always
      sample: ci-deploy
    kind:
      description: V(api) or V(sql).
      type: str
      returned: always
      sample: api
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
      description: The name of the new version, or V(null).
      type: str
      returned: always
      sample: ci-deploy-20261124t091500z-7f3a
    revoked:
      description: The names of the revoked versions.
      type: list
      elements: str
      returned: always
      sample: []
    kept:
      description: The names of the active versions.
      type: list
      elements: str
      returned: always
      sample: [ci-deploy, ci-deploy-20261124t091500z-7f3a]
    issued_at:
      description: When the token in use was minted, in ISO 8601, or V(null) if that is not known.
      type: str
      returned: of SQL tokens
      sample: "2026-11-24T09:15:00Z"
    expires_at:
      description: When the token in use ends, in ISO 8601, or V(null) if that is not known.
      type: str
      returned: of SQL tokens
      sample: "2027-02-22T09:15:00Z"
    probed:
      description: The result of trying the value on its database. V(accepted), V(dead), V(unknown), or V(no) if it was not
        tried.
      type: str
      returned: of SQL tokens
      sample: accepted
    deadline:
      description: When the token in use ends, in words, if it is due and not renewed yet. Otherwise empty.
      type: str
      returned: of SQL tokens
      sample: shop-app ends 2026-12-24T09:15:00Z, in 28 days; 3 runs failed.
    evidence:
      description: Who confirmed the new version, and how.
      type: list
      elements: dict
      returned: always
      contains:
        to:
          description: V(play), V(tasks), V(vault_file), or the destination.
          type: str
          returned: always
          sample: play
        host:
          description: The host that confirmed.
          type: str
          returned: always
          sample: localhost
        by:
          description: V(read back) if the value was compared, V(receipt) if the service stored it and shows no value, V(word)
            if a task confirmed without a value.
          type: str
          returned: always
          sample: read back
    msg:
      description: What happened. For a failure also what it means for the token, and what to do.
      type: str
      returned: always
      sample: "ci-deploy: aged, issued ci-deploy-20261124t091500z-7f3a (verified by validate); nothing was revoked yet."
summary:
  description: One line about all tokens.
  returned: O(step=issue)
  type: str
  sample: 3 to rotate, 1 to revoke, 96 unchanged
notes:
  description: Notes on tokens that are not due, and on how others were issued, a sentence each.
  returned: O(step=issue)
  type: list
  elements: str
  sample: []
figures:
  description: The figures for the metrics of each token, as one text. Times in seconds since 1970.
  returned: O(step=issue)
  type: str
  sample: "figures []"
next_due:
  description: When the next three tokens will be due by their age, by name, in ISO 8601.
  returned: O(step=issue)
  type: dict
  sample: {"ci-deploy": "2027-02-22T09:15:00Z"}
to_check:
  description: The names of tokens that are due and were not issued, because their destinations have to be asked first.
  returned: O(step=issue)
  type: list
  elements: str
  sample: []
to_fetch:
  description: The names in RV(to_check) of tokens of which a destination may hold a version that was never confirmed.
  returned: O(step=issue)
  type: list
  elements: str
  sample: []
outcomes:
  description: The result of each of O(invalidations), or of each leaked value. In a dry run, what would be done.
  returned: O(step=invalidate) and O(step=prove)
  type: list
  elements: dict
  contains:
    msg:
      description: What happened.
      type: str
      returned: success
      sample: Every SQL token of the database 'shop' that was minted up to 2026-11-24T09:15:00Z is invalidated.
    has_failed:
      description: Whether it is a failure.
      type: bool
      returned: success
      sample: false
secrets:
  description: The value of each version that was issued or resumed, and verified, by name. Hidden from output.
  returned: O(step=issue)
  type: dict
  sample: {}
tokens:
  description: The token object of each of these versions, by name, as M(community.turso.turso_token_info) returns it.
  returned: O(step=issue)
  type: dict
  sample: {}
error:
  description: As M(community.turso.turso_token) returns it.
  returned: failure
  type: dict
"""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Optional

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import SqlTokens
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._connection import (
    client_from,
    connection_spec,
    env_unless_empty,
    tokens_from,
)
from ansible_collections.community.turso.plugins.module_utils._errors import BadOption, Refused
from ansible_collections.community.turso.plugins.module_utils._lifetime import Lifetime
from ansible_collections.community.turso.plugins.module_utils._module import TursoModule, failures_as_results
from ansible_collections.community.turso.plugins.module_utils._rotation import results, rotation
from ansible_collections.community.turso.plugins.module_utils._rotation.commit import commit
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import (
    AnyEntry,
    Defaults,
    Entry,
    read_entries,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import SqlEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_pending import commit_sql, give_up
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import Process
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction
from ansible_collections.community.turso.plugins.module_utils._rotation.withdrawal import withdraw

POLICY = ("max_age_days", "grace_hours", "spread_days", "force", "pending_minutes", "max_versions")
STEPS = (
    "issue",
    "record",
    "look",
    "confirm",
    "commit",
    "check",
    "fresh",
    "tell",
    "withdraw",
    "invalidate",
    "prove",
)
SPEC: dict[str, Any] = {
    "step": {
        "type": "str",
        "required": True,
        "choices": [*STEPS],
    },
    "tokens": {"type": "list", "elements": "dict", "no_log": False},
    "max_age_days": {"type": "int", "default": 90},
    "grace_hours": {"type": "float", "default": 0},
    "spread_days": {"type": "int", "default": 0},
    "force": {"type": "bool", "default": False},
    "pending_minutes": {"type": "int", "default": 15},
    "max_versions": {"type": "int", "default": 5},
    "validate": {"type": "bool", "default": True},
    "credential_name": {"type": "str"},
    "credentials": {"type": "dict", "no_log": True},
    "vault_file": {"type": "path"},
    "vault_id": {"type": "str"},
    "state_file": {"type": "path"},
    "metrics_file": {"type": "path"},
    "notify": {"type": "path"},
    "is_main": {"type": "bool", "default": True},
    "play_confirms": {"type": "bool", "default": True},
    "by": {"type": "str", "choices": ["role", "handler", "entry point"], "default": "entry point"},
    "only_by_value": {"type": "bool", "default": False},
    "has_failed": {"type": "bool", "default": False},
    "reminded": {"type": "list", "elements": "str"},
    "asked": {"type": "list", "elements": "str"},
    "stored": {"type": "dict", "no_log": True},
    "has_vault_file": {"type": "bool", "default": False},
    "controller": {"type": "dict"},
    "refused_if_due": {"type": "dict"},
    "recipients": {"type": "dict"},
    "checked": {"type": "list", "elements": "str"},
    "held": {"type": "dict", "no_log": True},
    "fetched": {"type": "bool", "default": False},
    "lacks": {"type": "list", "elements": "str"},
    "unread": {"type": "dict"},
    "items": {"type": "str"},
    "running_secrets": {"type": "dict", "no_log": True},
    "only": {"type": "list", "elements": "str"},
    "invalidations": {"type": "list", "elements": "dict"},
    "confirmed": {"type": "bool", "default": False},
    "leaked": {
        "type": "list",
        "elements": "str",
        "no_log": True,
        "fallback": (env_unless_empty, ["TURSO_REVOKE_SECRET"]),
    },
    "concurrency": {"type": "int", "default": 8},
}

Params = Mapping[str, Any]
Hide = Callable[[str], None]
Done = tuple[dict[str, Any], Optional[Callable[[str], None]]]


def _clients(params: Params, hide: Hide, names: Iterable[str | None], *, issues: bool) -> dict[str | None, Tokens]:
    """Return a client for each credential, by its name; None is the run's own."""
    values = {**(params["credentials"] or {}), None: params["api_token"]}
    return {
        name: tokens_from(
            {**params, "api_token": values[name]}, hide, connections=params["concurrency"], makes_secrets=issues
        )
        for name in dict.fromkeys(names) or (None,)
    }


def _sql_clients(
    params: Params, hide: Hide, names: Iterable[str | None], *, issues: bool
) -> dict[str | None, SqlTokens]:
    """Return a client for SQL tokens for each credential, by its name; None is the run's own."""
    values = {**(params["credentials"] or {}), None: params["api_token"]}
    return {
        name: SqlTokens(
            client_from({**params, "api_token": values[name]}, params["concurrency"], makes_secrets=issues), hide
        )
        for name in dict.fromkeys(names)
    }


def _entries(params: Params) -> list[AnyEntry]:
    defaults = Defaults(
        **{option: params[option] for option in POLICY},
        has_state_file=params["state_file"] is not None,
        has_vault_file=params["has_vault_file"],
        credentials=tuple(params["credentials"] or ()),
        recipients=params["recipients"],
    )
    return list(read_entries(params["tokens"], defaults))


def _issue(params: Params, hide: Hide, check_mode: bool, stop: Callable[[], str | None]) -> Done:
    entries = _entries(params)
    halves = _halves(entries, params, hide, issues=not check_mode)
    names = [entry.name for entry in entries]
    if check_mode:
        return results.plan_only(halves, names), None
    return results.issue_due(halves, names, params["checked"], stop)


def _halves(entries: Sequence[AnyEntry], params: Params, hide: Hide, *, issues: bool) -> list[results.Half]:
    """Return the tokens of either kind, planned; a kind of which there is none is asked nothing about."""
    api = [entry for entry in entries if isinstance(entry, Entry)]
    sql = [entry for entry in entries if isinstance(entry, SqlEntry)]
    given = _given(params)
    halves: list[results.Half] = []
    if api or not sql:
        clients = _clients(params, hide, (entry.credential for entry in api), issues=issues)
        request = rotation.Request(api, clients, credential_name=params["credential_name"], **given)
        halves.append(rotation.ApiHalf(request))
    if sql:  # imported where it is needed: each run compiles what it imports anew
        from ansible_collections.community.turso.plugins.module_utils._rotation.sql_rotation import (  # noqa: PLC0415
            SqlHalf,
            SqlRequest,
        )

        sql_clients = _sql_clients(params, hide, (entry.credential for entry in sql), issues=issues)
        lacks, unread = params["lacks"] or (), params["unread"] or {}
        halves.append(SqlHalf(SqlRequest(sql, sql_clients, lacks=lacks, unread=unread, **given)))
    return halves


def _given(params: Params) -> dict[str, Any]:
    """Return what both kinds of tokens are planned with."""
    return {
        "state_path": params["state_file"],
        "stored": (params["stored"] or {}) if params["has_vault_file"] else None,
        "controller": Process(**(params["controller"] or {})),
        "refused_if_due": params["refused_if_due"] or {},
        "held": params["held"] or {},
        "validate": params["validate"],
        "concurrency": params["concurrency"],
    }


def _commit(params: Params, hide: Hide) -> dict[str, Any]:
    new = params["running_secrets"] or {}
    items, sql = _items(params)
    reports = commit_sql(sql, params["state_file"])
    if not items:
        return {"changed": bool(reports), "report": reports}
    commits = commit(
        items,
        _clients(params, hide, (item.credential for item in items), issues=False),
        {name: tokens_from({**params, "api_token": value}, hide) for name, value in new.items()},
        pending=datetime.timedelta(minutes=params["pending_minutes"]),
        state_path=params["state_file"],
        concurrency=params["concurrency"],
    )
    return {
        "changed": bool(reports) or any(done.revoked for done in commits),
        "report": [*(done.report() for done in commits), *reports],
    }


def _withdraw(params: Params, hide: Hide) -> dict[str, Any]:
    items, sql = _items(params)
    clients = _clients(params, hide, (item.credential for item in items), issues=False)
    reports = [*withdraw(items, clients, params["state_file"]), *give_up(sql, params["state_file"])]
    return {"changed": True, "report": reports}


def _emergency(params: Params, hide: Hide, check_mode: bool, stop: Callable[[], str | None]) -> dict[str, Any]:
    """End SQL tokens, or prove leaked ones dead. The entries are those that are concerned."""
    from ansible_collections.community.turso.plugins.module_utils._rotation.sql_emergency import Emergency  # noqa: PLC0415

    emergency = Emergency.of(params, _entries(params) if params["tokens"] else [])
    tokens = _sql_clients(params, hide, [None], issues=False)[None]
    if params["step"] == "prove":
        return emergency.prove(tokens)
    return emergency.invalidate(tokens, is_dry=check_mode or not params["confirmed"], stop=stop)


def _items(params: Params) -> tuple[list[Item], list[Item]]:
    """Return what is to be committed or withdrawn: API tokens, and SQL tokens."""
    items = Transaction.from_text(params["items"]).open_items
    return [item for item in items if item.kind == "api"], [item for item in items if item.kind == "sql"]


def run(params: Params, hide: Hide, check_mode: bool, stop: Callable[[], str | None]) -> Done:
    """Carry the step out. Return the result, and what withdraws what only the result tells of; None where nothing is."""
    if params["step"] == "issue":
        return _issue(params, hide, check_mode, stop)
    if params["step"] in ("invalidate", "prove"):
        return _emergency(params, hide, check_mode, stop), None
    if params["step"] in ("commit", "withdraw") and not check_mode:
        return (_commit(params, hide) if params["step"] == "commit" else _withdraw(params, hide)), None
    raise BadOption(
        f"step={params['step']} runs only in the action plugin of this module.", "Use the role turso_rotate."
    )


def main() -> None:
    module = TursoModule(
        argument_spec={**connection_spec(), **SPEC},
        required_if=[("step", "issue", ["tokens"])],
        supports_check_mode=True,
    )
    with failures_as_results(module) as secrecy, Lifetime() as lifetime:
        result, take_back = run(module.params, secrecy.hide, module.check_mode, lifetime.over)
        if take_back is None:  # what a commit revoked stays revoked, and the next run goes on from there
            module.exit_json(**result)
        reason = lifetime.over()
        if reason is not None:
            take_back(reason)
            raise Refused(
                f"The module could not return its result: {reason}. New API tokens were withdrawn, and new "
                "SQL tokens end by themselves. Run the rotation again."
            )
        with lifetime.handing_over(take_back):
            secrecy.release(result.get("secrets", {}).values())
            module.exit_json(**result)


if __name__ == "__main__":
    main()
