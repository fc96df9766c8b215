# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report on a list of tokens, and the lines that a run shows. Pure and private.

The same tokens at the same day give the same report, in whatever order the API lists them. Its stable part stays the same
on other days, too, until a token changes.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._audit.chart import histogram
from ansible_collections.community.turso.plugins.module_utils._audit.findings import DAY, Judged, Subject, lasting
from ansible_collections.community.turso.plugins.module_utils._audit.judgement import Finding, judged, summary, verdict
from ansible_collections.community.turso.plugins.module_utils._audit.managed import Rotation, versions_of
from ansible_collections.community.turso.plugins.module_utils._audit.notes import (
    notes_on,
    visibility,
    visibility_of_stored,
)
from ansible_collections.community.turso.plugins.module_utils._audit.policy import Policy
from ansible_collections.community.turso.plugins.module_utils._audit.rules import OFF, RULES, SEVERITIES
from ansible_collections.community.turso.plugins.module_utils._audit.stored import Stored, told_of
from ansible_collections.community.turso.plugins.module_utils._audit.stored_findings import lasting_of

FORMAT = 2


def audit(
    tokens: Sequence[Mapping[str, Any]],
    now: datetime.datetime,
    policy: Policy,
    organization: str | None = None,
    credential_id: str | None = None,
    *,
    rotation: Rotation | None = None,
    stored: Sequence[Stored] | None = None,
    others: int = 0,
) -> dict[str, Any]:
    """Return the report on some tokens.

    :param tokens: token objects, as turso_token_info lists them.
    :param organization: whose list it is; none for the caller's own.
    :param credential_id: the id that the API credential claims; none where that is not known.
    :param rotation: what some of the tokens are managed by; none where that is not given.
    :param stored: the SQL tokens of the vault file; none where that is not given.
    :param others: how many other values it has.
    """
    subjects = [Subject.of(token, now) for token in tokens]
    findings = judged(subjects, policy, now, stored or ())
    entries = entries_of(subjects, findings)
    return {
        "format": FORMAT,
        "organization": organization,
        "stable": stable_part(subjects, policy, stored),
        "audited_on": now.date().isoformat(),
        "policy": policy.as_result(),
        "visibility": [*visibility(subjects, organization, credential_id), *visibility_of_stored(stored, others)],
        "notes": notes_on(policy.acceptances, findings, now.date()),
        "verdict": verdict(findings, policy, len(subjects)),
        "summary": summary(subjects, findings),
        "rules": rules_of(findings, policy),
        "findings": [finding.as_result() for finding in findings],
        "managed": None if rotation is None else versions_of(rotation, tokens, now, organization),
        "tokens": entries,
        "sql_tokens": None if stored is None else sql_entries_of(stored, findings),
        "ages": histogram(entries, policy.max_age_days),
    }


def stable_part(subjects: Sequence[Subject], policy: Policy, stored: Sequence[Stored] | None) -> dict[str, Any]:
    """Return what changes only when a token or the policy does: no age, and the day from which a token is too old."""
    allowed = datetime.timedelta(days=math.ceil(policy.max_age_days)) + DAY
    return {
        "tokens": [
            {
                **{key: subject.token.get(key) for key in ("name", "id", "owner", "organization", "group")},
                **{key: subject.token.get(key) for key in ("scopes", "restriction", "permissions", "created_at")},
                "managed_token": subject.managed,
                "aged_from": None if subject.created is None else (subject.created + allowed).isoformat(),
                "rules": [rule for rule, _msg in lasting(subject) if policy.severities[rule] != OFF],
            }
            for subject in sorted(subjects, key=lambda subject: subject.order)
        ],
        **({} if stored is None else {"sql_tokens": [_stable(each, policy) for each in sorted(stored, key=_by_order)]}),
    }


def _by_order(judged: Judged) -> tuple[str, str, str]:
    return judged.order


def _stable(stored: Stored, policy: Policy) -> dict[str, Any]:
    rules = [rule for rule, _msg in lasting_of(stored) if policy.severities[rule] != OFF]
    return {**told_of(stored), "rules": rules}


def rules_of(findings: Sequence[Finding], policy: Policy) -> list[dict[str, Any]]:
    """Return every rule with its severity and the number of its open findings."""
    numbers = Counter(finding.match.rule for finding in findings if finding.accepted is None)
    return [
        {**dataclasses.asdict(rule), "severity": policy.severities[name], "findings": numbers[name]}
        for name, rule in RULES.items()
    ]


def entries_of(subjects: Sequence[Subject], findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the token objects with their findings, the worst and then the oldest first."""
    by_id = _findings_of(findings, Subject, "id")
    return sorted((_entry(subject, by_id[subject.id]) for subject in subjects), key=_entry_order)


def sql_entries_of(stored: Sequence[Stored], findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the SQL tokens of the vault file with their findings, the worst first and then by name."""
    by_name = _findings_of(findings, Stored, "name")
    entries = [{**told_of(each), "probed": each.probed, **_judgement(by_name[each.name])} for each in stored]
    return sorted(entries, key=_sql_entry_order)


def _findings_of(findings: Sequence[Finding], kind: type, key: str) -> dict[Any, list[Finding]]:
    found: dict[Any, list[Finding]] = defaultdict(list)
    for finding in findings:
        for subject in finding.match.subjects:
            if isinstance(subject, kind):
                found[getattr(subject, key)].append(finding)
    return found


def _entry(subject: Subject, findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        **subject.token,
        "age_days": subject.age_days,
        "managed_token": subject.managed,
        **_judgement(findings),
    }


def _judgement(findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "severity": next((finding.severity for finding in findings if finding.accepted is None), None),
        "findings": [
            {"rule": finding.match.rule, "severity": finding.severity, "accepted": finding.accepted}
            for finding in findings
        ],
    }


def _sql_entry_order(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return _rank(entry["severity"]), entry["name"]


def _rank(severity: str | None) -> int:
    return -SEVERITIES.index(severity) if severity else 1


def _entry_order(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    age = entry["age_days"]
    return (
        _rank(entry["severity"]),
        -(age if age is not None else -1),
        entry["name"],
        str(entry["id"]),
    )
