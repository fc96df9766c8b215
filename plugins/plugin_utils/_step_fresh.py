# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: fresh`: make sure that nobody gets a value that Ansible read before the vault file was rewritten. Private."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction
from ansible_collections.community.turso.plugins.plugin_utils._play import Play

VARIABLE = "turso_secrets"


def fresh(play: Play, task_vars: Mapping[str, Any], templar: Any) -> dict[str, Any]:
    """Render `turso_secrets` once, after the vault file was written and what Ansible had read of it was dropped.

    :raises Refused: something beats the file, and the old value would reach whoever uses the variable.
    """
    transaction, _host = play.transaction()
    stale = stale_names(transaction, task_vars, templar)
    stale += [
        f"{name} on {host}" for host in play.others for name in stale_there(transaction, play.fact(VARIABLE, host))
    ]
    if stale:
        raise Refused(
            f"turso_secrets still has the old value of {', '.join(stale)}, although the vault file holds the new one. "
            "Something sets it that Ansible does not read again: -e @file, include_vars, set_fact, or vars of the play. "
            "Tasks that use it would deliver the old value, so the run ends here. Nothing was revoked; old and new values "
            "work. Load the file with group_vars or vars_files, or use turso_rotate_secrets."
        )
    return {"changed": False}


def stale_names(transaction: Transaction, task_vars: Mapping[str, Any], templar: Any) -> list[str]:
    """Return the tokens of which `turso_secrets` has, on this host, another value than the vault file."""
    if VARIABLE not in task_vars or not _stored(transaction):
        return []
    return stale_there(transaction, templar.template(task_vars[VARIABLE]))


def stale_there(transaction: Transaction, secrets: Any) -> list[str]:
    """Return the tokens that have another value in `secrets` than in the vault file."""
    if not isinstance(secrets, Mapping):
        return []
    held = {str(name): str(value) for name, value in secrets.items()}
    return [
        item.name for item in _stored(transaction) if item.name in held and digest_of(held[item.name]) != item.sha256
    ]


def _stored(transaction: Transaction) -> list[Item]:
    return [item for use in transaction.uses if use.vault_file for item in use.items if item.version]
