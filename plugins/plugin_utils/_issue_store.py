# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write new values into the vault file before anybody else gets them, or withdraw what it does not take. Private."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_outcome import of_sql_commit
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction
from ansible_collections.community.turso.plugins.plugin_utils import _vault_file
from ansible_collections.community.turso.plugins.plugin_utils._issue_request import IssueRequest
from ansible_collections.community.turso.plugins.plugin_utils._play import Means, say


def stored_values(means: Means, request: IssueRequest) -> dict[str, str] | None:
    """Return the values in the vault file by name; None without a vault file."""
    if request.vault_file is None:
        return None
    return _vault_file.read(means.loader, request.vault_file) or {}


def store(
    means: Means, request: IssueRequest, result: dict[str, Any], items: list[Item], resumed: Mapping[str, str]
) -> list[Item]:
    """Write the new values into the vault file; where that fails, withdraw them, because nobody took them.

    :param result: of the module; values that were withdrawn are taken out of it, and warnings are put in.
    :param resumed: values that are delivered once more, and that the file may not hold yet.
    :returns: what is left to be committed, or to be told.
    """
    values = {**resumed, **result["secrets"]}
    if request.vault_file is None or not values:
        return items
    try:
        written = _vault_file.merge(means.loader, request.vault_file, request.vault_id, values, on_wait=say)
    except _vault_file.NotSeenAgain as exc:  # it was written, so somebody may have it: the commit looks again
        result.setdefault("warnings", []).append(exc.msg)
        return items
    except Refused as exc:
        return _withdrawn(means, request, result, items, exc)
    result.setdefault("warnings", []).extend(written.warnings)
    return items


def _withdrawn(
    means: Means, request: IssueRequest, result: dict[str, Any], items: list[Item], exc: Refused
) -> list[Item]:
    new = [item for item in items if item.name in result["secrets"]]
    failed = [dataclasses.replace(item, error=exc.msg.rstrip(".")) for item in new]
    reports = withdrawn(means, request.commit_options, failed)
    for item in failed:
        result["secrets"].pop(item.name)
    result["report"] = [reports.get(report["name"], report) for report in result["report"]]
    return [item for item in items if item.name not in reports] + failed


def withdrawn(means: Means, options: Mapping[str, Any], failed: Sequence[Item]) -> dict[str, dict[str, Any]]:
    """Have the module withdraw the versions of items, whose error says why, and return the reports of their tokens by name.

    :param options: of the module, the credentials among them.
    """
    handed: Mapping[str, Any] = {"step": "withdraw", "items": Transaction.carrying(failed).as_text()}
    answer = means.module({**options, **handed})
    reports = {report["name"]: report for report in answer.get("report", ())}
    for item in failed:
        item.report = reports.setdefault(item.name, _not_withdrawn(item))
        item.version, item.sha256 = None, None
    return reports


def _not_withdrawn(item: Item) -> dict[str, Any]:
    """Return the report of a token that could neither be stored nor withdrawn."""
    version = item.version or {}
    if item.kind == "sql":
        return {**of_sql_commit(item, f"{item.error}. Nobody has the new token, which ends by itself."), "issued": None}
    return {
        **item.report,
        "action": "failed",
        "issued": None,
        "msg": f"{item.name}: {item.error}. {version.get('name')} could not be withdrawn, so it may be active. Revoke it by "
        f"its id {version.get('id')}.",
    }
