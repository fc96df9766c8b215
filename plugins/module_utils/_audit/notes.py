# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences of a report that are not about one finding, and what a run shows. Pure and private."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.data_plane import NO
from ansible_collections.community.turso.plugins.module_utils._audit.findings import Judged, Match, Subject
from ansible_collections.community.turso.plugins.module_utils._audit.judgement import Finding
from ansible_collections.community.turso.plugins.module_utils._audit.policy import Acceptance
from ansible_collections.community.turso.plugins.module_utils._audit.stored import Stored

LINES_SHOWN = 40  # findings in the output of a run


def visibility(subjects: Sequence[Subject], organization: str | None, credential_id: str | None) -> list[str]:
    """Say whose eyes saw the list, and what they cannot see."""
    by_id = {subject.id: subject for subject in subjects}
    credential = by_id.get(credential_id)
    sentences = ["The list does not show the API credential that it was read with."]
    if credential is not None:
        sentences = [f"The list was read with the token {credential.label}."]
    if organization is None:
        sentences.append("The list has the tokens of one user only: the user of the API credential.")
    else:
        sentences.append(
            "The list has no unrestricted tokens. A plain member of the organization sees only their own tokens."
        )
    owners = owners_of(subjects)
    if len(owners) == 1:
        sentences.append(f"All listed tokens are of {owners[0]}, so this may be what a plain member sees.")
    if not subjects:
        sentences.append("The list is empty, so nothing was judged.")
    return sentences


def visibility_of_stored(stored: Sequence[Stored] | None, others: int) -> list[str]:
    """Say what was judged of the vault file.

    :param others: how many values in it are no SQL tokens.
    """
    if stored is None:
        return []
    is_tried = any(each.probed != NO for each in stored)
    how = "judged by their claims and tried on their databases" if is_tried else "judged by their claims, and not tried"
    return [f"The vault file has {len(stored)} SQL tokens, {how}. {others} other values in it were not judged."]


def owners_of(subjects: Iterable[Judged]) -> list[str]:
    """Return the owners that are known, each once, sorted."""
    return sorted({subject.owner for subject in subjects if subject.owner is not None})


def notes_on(acceptances: Sequence[Acceptance], findings: Sequence[Finding], today: datetime.date) -> list[str]:
    """Say which acceptances ended, cover nothing, or cover the tokens of several owners."""
    notes = (_note_on(acceptance, [finding.match for finding in findings], today) for acceptance in acceptances)
    return list(filter(None, notes))


def _note_on(acceptance: Acceptance, matches: Sequence[Match], today: datetime.date) -> str | None:
    covered = [match for match in matches if acceptance.covers(match.rule, match.subjects)]
    owners = owners_of(itertools.chain.from_iterable(match.subjects for match in covered))
    if acceptance.is_over(today):
        return (
            f"{acceptance.label} ended on {acceptance.until}, so it accepts nothing any more. Remove it, or set a later "
            "date."
        )
    if not covered:
        return f"{acceptance.label} accepts no finding. Remove it, or correct it."
    if len(owners) > 1:
        return f"{acceptance.label} accepts findings of {len(owners)} owners: {', '.join(owners)}. Add owner or id."
    return None


def lines_of(report: Mapping[str, Any]) -> list[str]:
    """Return what a run shows of a report."""
    numbers = report["summary"]
    open_findings = [finding for finding in report["findings"] if finding["accepted"] is None]
    more = len(open_findings) - LINES_SHOWN
    return [
        f"tokens: {numbers['tokens']}, findings: {numbers['findings']}, accepted: {numbers['accepted']}",
        *report["visibility"],
        *(f"{finding['severity']}: {finding['msg']}" for finding in open_findings[:LINES_SHOWN]),
        *([f"... and {more} more in the report"] if more > 0 else []),
        *(f"note: {note}" for note in report["notes"]),
    ]
