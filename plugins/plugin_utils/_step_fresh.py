# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: fresh`: make sure that nobody gets a value that Ansible read before the vault file was rewritten. Private."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Transaction
from ansible_collections.community.turso.plugins.plugin_utils._play import Play

VARIABLE = "turso_secrets"


def fresh(play: Play, task_vars: Mapping[str, Any], templar: Any) -> dict[str, Any]:
    """Render `turso_secrets` once, after the vault file was written and what Ansible had read of it was dropped.

    :raises Refused: something beats the file, and the old value would reach whoever uses the variable.
    """
    if VARIABLE not in task_vars:
        return {"changed": False}
    rendered = templar.template(task_vars[VARIABLE])
    text, _host = play.transaction()
    stale = [
        item.name
        for use in Transaction.from_text(text).uses
        if use.vault_file
        for item in use.items
        if item.version and isinstance(rendered, Mapping) and item.name in rendered
        if digest_of(str(rendered[item.name])) != item.sha256
    ]
    if stale:
        raise Refused(
            f"turso_secrets still has the old value of {', '.join(stale)}, although the vault file holds the new one: "
            "something that Ansible does not read again sets it (-e @file, include_vars, set_fact, vars of the play). Tasks "
            "that use it would deliver the old value, so the run ends here. Nothing was revoked; old and new values work. Load "
            "the file by group_vars or vars_files, or use turso_rotate_secrets."
        )
    return {"changed": False}
