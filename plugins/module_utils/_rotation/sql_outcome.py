# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role reports of a SQL token after its delivery. Never a secret. Private."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.data_plane import DEAD
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import RESUME
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item


def unanswered_in_words(memory: SqlMemory | None) -> str:
    """Say that an emergency was stopped before it was known what it had done; nothing where none was."""
    if memory is None or memory.invalidation_asked_at is None:
        return ""
    return (
        f"An earlier run tried to invalidate all its tokens that were minted up to {memory.invalidation_asked_at}, and "
        "whether they were is not known. A leaked value may still work. Run community.turso.revoke again."
    )


def of_sql_commit(item: Item, problem: str | None = None, *, doubt: str = "") -> dict[str, Any]:
    """Return the report after the commit.

    :param problem: what went wrong, as a sentence.
    :param doubt: what is left to be done although all went well, as sentences.
    """
    report = dict(item.report)
    if problem is not None:
        return {**report, "action": "failed", "msg": f"{item.name}: {problem} {report.get('deadline', '')}".strip()}
    ends = (item.claims or {}).get("expires_at")
    before = report.get("expires_at")
    is_over = before in (None, "", ends) or report["reason"] == DEAD
    old = "" if is_over else f"; the old one ends {before}"
    verb = "delivered again" if item.action == RESUME else "renewed"
    return {
        **report,
        "action": "failed" if doubt else "rotated",
        "issued_at": (item.claims or {}).get("issued_at"),
        "expires_at": ends,
        "deadline": "",
        "msg": f"{item.name}: {report['reason']}, {verb}, ends {ends or 'never'}{old}. {doubt}".strip(),
    }


def of_sql_refusal(report: Mapping[str, Any], reasons: Sequence[str]) -> dict[str, Any]:
    """Return the report of a SQL token that somebody did not confirm."""
    why = "; ".join(reasons)
    msg = f"{report['name']}: {why}. The next run delivers the new token again. {report.get('deadline', '')}".strip()
    return {**report, "action": "failed", "msg": msg}
