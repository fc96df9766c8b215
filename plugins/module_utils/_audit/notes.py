# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sentences of a report that are not about one finding, and what a run shows. Pure and private."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._audit.findings import Subject
from ansible_collections.community.turso.plugins.module_utils._audit.judgement import Finding
from ansible_collections.community.turso.plugins.module_utils._audit.policy import Acceptance

LINES_SHOWN = 40  # findings in the output of a run


def visibility(subjects: Sequence[Subject], organization: str | None, credential_id: str | None) -> list[str]:
    """Say whose eyes saw the list, and what they cannot see."""
    owners = sorted({subject.owner for subject in subjects if subject.owner is not None})
    credential = [subject for subject in subjects if credential_id is not None and subject.id == credential_id]
    sentences = [f"The list was read with the token {subject.label}." for subject in credential]
    if not credential:
        sentences.append("The list does not show the API credential that it was read with.")
    if organization is None:
        sentences.append("It has the tokens of one user only: the user of the API credential.")
    else:
        sentences.append(
            "It has no unrestricted tokens. A plain member of the organization sees only their own tokens."
        )
    if organization is not None and len(owners) == 1:
        sentences.append(f"All listed tokens are of {owners[0]}, so this may be what a plain member sees.")
    if not subjects:
        sentences.append("The list is empty, so nothing was judged.")
    return sentences


def notes_on(acceptances: Sequence[Acceptance], findings: Sequence[Finding], today: datetime.date) -> list[str]:
    """Say which acceptances ended, cover nothing, or cover the tokens of several owners."""
    notes = []
    for acceptance in acceptances:
        covered = [
            finding.match for finding in findings if acceptance.covers(finding.match.rule, finding.match.subjects)
        ]
        owners = sorted({str(subject.owner) for match in covered for subject in match.subjects if subject.owner})
        if acceptance.is_over(today):
            notes.append(f"{acceptance.label} ended on {acceptance.until}, so it accepts nothing any more.")
        elif not covered:
            notes.append(f"{acceptance.label} accepts no finding. Remove it, or correct it.")
        elif len(owners) > 1:
            notes.append(
                f"{acceptance.label} accepts findings of {len(owners)} owners: {', '.join(owners)}. Add owner or id."
            )
    return notes


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
