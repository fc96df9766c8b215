# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics of an audit, in the text format of Prometheus. Pure and private.

Unlike the file of a rotation this one needs no memory: an audit that was not done does not write it.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._prometheus import gauge

SUCCESS = "turso_audit_last_success_timestamp_seconds"
TOKENS = "turso_audit_tokens"
FINDINGS = "turso_audit_findings"

HELP = {
    SUCCESS: "The time of the last audit, with or without findings.",
    TOKENS: "How many API tokens the list had.",
    FINDINGS: "How many findings are open, by severity.",
}


def as_text(report: Mapping[str, Any], moment: datetime.datetime) -> str:
    """Return the file's content.

    :param moment: when the tokens were listed.
    """
    organization, numbers = report["organization"], report["summary"]
    whose = {} if organization is None else {"organization": organization}
    samples = {
        SUCCESS: [(whose, moment.timestamp())],
        TOKENS: [(whose, numbers["tokens"])],
        FINDINGS: [({**whose, "severity": severity}, number) for severity, number in numbers["by_severity"].items()],
    }
    return "".join(gauge(metric, HELP[metric], samples[metric]) for metric in HELP)


def without_time(text: str) -> str:
    """Return what changes only when there is something new."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(SUCCESS))
