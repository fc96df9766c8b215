# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics of an audit, read by Prometheus' own parser."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ansible_collections.community.turso.plugins.module_utils._audit import metrics
from ansible_collections.community.turso.plugins.module_utils._audit.policy import Policy
from ansible_collections.community.turso.plugins.module_utils._audit.report import audit
from ansible_collections.community.turso.plugins.module_utils._audit.rules import SEVERITIES

NOW = datetime.datetime(2026, 11, 24, 9, 15, tzinfo=datetime.timezone.utc)
OLD = {"name": "old", "id": "1", "scopes": ["read"], "created_at": "2026-01-01", "organization": "acme", "group": "g"}
UNRESTRICTED = {"name": "main", "id": "2", "scopes": [], "created_at": "2026-11-24", "restriction": "unrestricted"}
ACCEPTED = {"accepted": [{"name": "old", "reason": "known"}]}


def text_of(tokens: list[dict[str, Any]], policy: dict[str, Any], organization: str | None, now: Any = NOW) -> str:
    return metrics.as_text(audit(tokens, now, Policy.of(policy), organization), now)


CASES: list[tuple[str, list[dict[str, Any]], dict[str, Any], str | None, dict[str, int]]] = [
    ("nothing", [], {}, "acme", {}),
    ("an old token", [OLD], {}, "acme", {"medium": 1}),
    ("one that is accepted", [OLD], ACCEPTED, "acme", {}),
    ("of the calling user", [OLD, UNRESTRICTED], {}, None, {"high": 1, "medium": 1}),
    ("a name with quotes", [OLD], {}, 'a"c\\me', {"medium": 1}),
]


@pytest.mark.parametrize(
    ("tokens", "policy", "organization", "found"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_prometheus_reads_what_the_audit_found(
    tokens: list[dict[str, Any]], policy: dict[str, Any], organization: str | None, found: dict[str, int]
) -> None:
    families = list(text_string_to_metric_families(text_of(tokens, policy, organization)))
    assert {family.name: (family.type, family.documentation) for family in families} == {
        name: ("gauge", meaning) for name, meaning in metrics.HELP.items()
    }
    read = {
        (sample.name, sample.labels.pop("severity", None)): (sample.labels, sample.value)
        for family in families
        for sample in family.samples
    }
    whose = {} if organization is None else {"organization": organization}
    told: dict[tuple[str, str | None], tuple[dict[str, str], float]] = {
        (metrics.SUCCESS, None): (whose, NOW.timestamp()),
        (metrics.TOKENS, None): (whose, len(tokens)),
        **{(metrics.FINDINGS, severity): (whose, found.get(severity, 0)) for severity in SEVERITIES},
    }
    assert read == told


def test_only_the_time_is_no_news() -> None:
    text, later = (text_of([OLD], {}, "acme", now) for now in (NOW, NOW + datetime.timedelta(hours=1)))
    assert text != later
    assert metrics.without_time(text) == metrics.without_time(later)
    assert metrics.without_time(text) != metrics.without_time(text_of([], {}, "acme"))
