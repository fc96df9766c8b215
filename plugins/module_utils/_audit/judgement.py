# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold what was found to the policy: severities, acceptances, the verdict. Pure and private."""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._audit.findings import (
    Match,
    Subject,
    matches,
    matches_of_stored,
)
from ansible_collections.community.turso.plugins.module_utils._audit.policy import Acceptance, Policy
from ansible_collections.community.turso.plugins.module_utils._audit.rules import (
    NEVER,
    OFF,
    RULES,
    SEVERITIES,
    at_least,
)
from ansible_collections.community.turso.plugins.module_utils._audit.stored import Stored


@dataclasses.dataclass(frozen=True)
class Finding:
    """A match, judged by the policy.

    :ivar accepted_by: what accepts it; none for an open finding.
    """

    match: Match
    severity: str
    accepted_by: Acceptance | None

    @property
    def accepted(self) -> str | None:
        return None if self.accepted_by is None else self.accepted_by.reason

    @property
    def order(self) -> tuple[Any, ...]:
        rule = list(RULES).index(self.match.rule)
        return self.accepted is not None, -SEVERITIES.index(self.severity), rule, self.match.subjects[0].order

    def as_result(self) -> dict[str, Any]:
        return {
            "rule": self.match.rule,
            "severity": self.severity,
            "tokens": [subject.ref for subject in self.match.subjects],
            "msg": self.match.msg,
            "remedy": RULES[self.match.rule].remedy,
            "accepted": self.accepted,
        }


def judged(
    subjects: Sequence[Subject], policy: Policy, now: datetime.datetime, stored: Sequence[Stored] = ()
) -> list[Finding]:
    """Return the findings, the worst first, what is accepted last."""
    active = [acceptance for acceptance in policy.acceptances if not acceptance.is_over(now.date())]
    findings = [
        Finding(match, policy.severities[match.rule], _first_that_covers(active, match))
        for match in (
            *matches(subjects, policy.max_age_days, policy.settled_after, now),
            *matches_of_stored(stored, now),
        )
        if policy.severities[match.rule] != OFF
    ]
    return sorted(findings, key=lambda finding: finding.order)


def _first_that_covers(acceptances: Iterable[Acceptance], match: Match) -> Acceptance | None:
    return next((acceptance for acceptance in acceptances if acceptance.covers(match.rule, match.subjects)), None)


def verdict(findings: Sequence[Finding], policy: Policy, count: int) -> dict[str, Any]:
    """Return whether the audit passes: no finding that is bad enough, and no fewer tokens than expected."""
    bad = () if policy.fail_on == NEVER else at_least(policy.fail_on)
    failing = sum(finding.severity in bad for finding in findings if finding.accepted is None)
    missing = max(0, policy.expected_tokens - count)
    reasons = []
    if failing:
        reasons.append(
            f"Findings of severity {policy.fail_on} or above: {failing}. Fix them, accept them with turso_audit_accepted, "
            "or change turso_audit_severities or turso_audit_fail_on."
        )
    if missing:
        reasons.append(
            f"The list has {count} tokens, and at least {policy.expected_tokens} are expected. Check whose API credential "
            "it was read with, or change turso_audit_expected_tokens."
        )
    return {
        "fail_on": policy.fail_on,
        "failing": failing,
        "expected_tokens": policy.expected_tokens,
        "missing_tokens": missing,
        "passed": not reasons,
        "msg": " ".join(reasons),
    }


def summary(subjects: Sequence[Subject], findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the numbers."""
    severities = Counter(finding.severity for finding in findings if finding.accepted is None)
    ages = [subject.age_days for subject in subjects if subject.age_days is not None]
    return {
        "tokens": len(subjects),
        "findings": sum(severities.values()),
        "accepted": len(findings) - sum(severities.values()),
        "by_severity": {severity: severities[severity] for severity in reversed(SEVERITIES)},
        "worst": next((severity for severity in reversed(SEVERITIES) if severities[severity]), None),
        "oldest_days": max(ages, default=None),
    }
