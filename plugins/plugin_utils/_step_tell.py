# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: tell`: how the run ended, for the notice and the metrics. Private."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils import _files
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._prometheus import FILE_MODE
from ansible_collections.community.turso.plugins.module_utils._rotation import metrics
from ansible_collections.community.turso.plugins.module_utils._rotation.report import outcome
from ansible_collections.community.turso.plugins.module_utils._time import utc_now
from ansible_collections.community.turso.plugins.plugin_utils._play import FIGURES, ISSUED, Play


def tell(play: Play, metrics_file: str | None, *, has_failed: bool) -> dict[str, Any]:
    """Carry the step out.

    :param metrics_file: where the metrics go; None for nowhere.
    :param has_failed: something failed in the block that this stands in.
    :returns: `outcome` and `report` for the notice, and `trouble`, a message where the metrics could not be written: the
        notice goes out before that fails the run.
    """
    transaction, issuing_host = play.transaction()
    issued = play.fact(ISSUED, issuing_host) or {}
    report = None if issued.get("failed") else play.fact("turso_rotate_report", issuing_host)
    unsettled = {item.name for item in transaction.open_items}
    ended = outcome(report, unsettled, has_failed=has_failed, error=issued.get("error"))
    changed, trouble = False, ""
    if metrics_file is not None:
        try:
            changed = _write(metrics_file, report, metrics.from_one_text(play.fact(FIGURES, issuing_host)), unsettled)
        except Refused as exc:
            trouble = f"{exc.msg} The metrics of this run were not written. This undid nothing."
    return {"changed": changed, "outcome": ended, "report": report or [], "trouble": trouble}


def _write(
    path: str,
    report: Sequence[Mapping[str, Any]] | None,
    figures: Sequence[Mapping[str, Any]],
    unsettled: set[str],
) -> bool:
    """Write the metrics; tell whether anything but the ages changed."""
    _files.check_replaceable(path, rehearse=False)
    before = metrics.from_text(_text(path))
    if report is None:
        after = metrics.all_failed(before, utc_now())
    else:
        done = {entry["name"]: entry for entry in report}
        failed = unsettled | {name for name, entry in done.items() if entry["action"] == "failed"}
        known = [metrics.Figures(**raw) for raw in figures]
        judged = [token.after(done[token.name]) for token in known if token.name in done]
        after = metrics.updated(before, judged, failed, utc_now())
    _files.replaced(path, metrics.as_text(after).encode(), new_mode=FILE_MODE)
    return before[metrics.VERSIONS] != after[metrics.VERSIONS]


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
