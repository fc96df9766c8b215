# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The alerts of examples/: they ask for metrics that there are, and, where promtool is, fire when they have to and not before."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.community.turso.plugins.module_utils._audit import metrics as of_audits
from ansible_collections.community.turso.plugins.module_utils._rotation import metrics
from tests.tools.checkout import ROOT

RULES = ROOT / "examples/alerts-prometheus.yml"
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
DAY = 86_400


def test_every_alert_asks_for_metrics_that_the_roles_write() -> None:
    asked = {name for rule in ALERTS for name in re.findall(r"\bturso_\w+", rule["expr"])}
    assert asked <= {*metrics.HELP, *of_audits.HELP}
    assert {metrics.DUE, metrics.EXPIRES, metrics.SUCCESS, metrics.FAILURE} <= asked
    assert {of_audits.SUCCESS, of_audits.FINDINGS} <= asked


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_means_and_what_to_do(rule: dict[str, Any]) -> None:
    assert set(rule["annotations"]) == {"summary", "description"}
    assert rule["labels"]["severity"] in ("warning", "critical")


# What the metrics are, times in seconds from the moment at which the alerts are asked; None: there is none.
CASES: dict[str, tuple[dict[str, int | None], set[str]]] = {
    "all is well": ({metrics.SUCCESS: -DAY, metrics.DUE: 30 * DAY}, set()),
    "failed once, long ago": ({metrics.SUCCESS: -DAY, metrics.FAILURE: -2 * DAY}, set()),
    "failed last": ({metrics.SUCCESS: -2 * DAY, metrics.FAILURE: -DAY}, {"TursoRotationFailed"}),
    "never succeeded": ({metrics.SUCCESS: None, metrics.FAILURE: -DAY}, {"TursoRotationFailed"}),
    "did not run": ({metrics.SUCCESS: -4 * DAY}, {"TursoRotationSilent"}),
    "overdue": ({metrics.SUCCESS: -DAY, metrics.DUE: -3 * DAY}, {"TursoTokenOverdue"}),
    "due since yesterday": ({metrics.SUCCESS: -DAY, metrics.DUE: -DAY}, set()),
    "a SQL token ends soon": ({metrics.SUCCESS: -DAY, metrics.EXPIRES: 20 * DAY}, {"TursoTokenEnds"}),
    "a SQL token ends later": ({metrics.SUCCESS: -DAY, metrics.EXPIRES: 22 * DAY}, set()),
    "an audit found nothing": ({of_audits.SUCCESS: -DAY, of_audits.FINDINGS: 0}, set()),
    "an audit found something": ({of_audits.SUCCESS: -DAY, of_audits.FINDINGS: 2}, {"TursoAuditFindings"}),
    "an audit was not done": ({of_audits.SUCCESS: -4 * DAY, of_audits.FINDINGS: 0}, {"TursoAuditSilent"}),
}
NOW = 10 * DAY  # of the clock of promtool, which begins at 0


def unit_test(given: dict[str, int | None], firing: set[str]) -> dict[str, Any]:
    """Return a test of promtool: the metrics of a token or an audit, and for each alert whether it fires."""
    labels = {"name": "ci-deploy", "instance": "control", "severity": "high"}
    shown = ", ".join(f'{label}="{value}"' for label, value in labels.items())
    series = [
        {"series": f"{metric}{{{shown}}}", "values": f"{value + NOW * metric.endswith('_seconds')}x{NOW // 3600}"}
        for metric, value in given.items()
        if value is not None
    ]
    annotated = {rule["alert"]: rule for rule in ALERTS if rule["alert"] != "TursoMetricsMissing"}
    return {
        "interval": "1h",
        "input_series": series,
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{alert}"}}) or vector(0)',
                "eval_time": f"{NOW}s",
                "exp_samples": [{"labels": "{}", "value": int(alert in firing)}],
            }
            for alert in annotated
        ],
    }


def test_alerts_fire_when_they_have_to(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not here: apt-get install prometheus")
    tests = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1h",
        "tests": [unit_test(*case) for case in CASES.values()],
    }
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(tests))
    for command in (["check", "rules", str(RULES)], ["test", "rules", str(tmp_path / "tests.yml")]):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
