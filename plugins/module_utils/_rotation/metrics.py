# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metrics of a rotation, in the text format of Prometheus: pure, text in and out. Private.

The file is its own memory: what a run does not know stays as the run before it wrote it.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._prometheus import gauge
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import parse_version_name
from ansible_collections.community.turso.plugins.module_utils._time import moment_of

AGE = "turso_token_age_seconds"
DUE = "turso_token_due_timestamp_seconds"
EXPIRES = "turso_token_expires_timestamp_seconds"
VERSIONS = "turso_token_active_versions"
SUCCESS = "turso_rotation_last_success_timestamp_seconds"
FAILURE = "turso_rotation_last_failure_timestamp_seconds"

HELP = {
    AGE: "Age of the current version of a managed token.",
    DUE: "When a managed token is due by its age.",
    EXPIRES: "When a managed token ends; only of tokens that end.",
    VERSIONS: "How many versions of a managed token are active.",
    SUCCESS: "When a run last left a managed token as it should be.",
    FAILURE: "When a run last failed for a managed token.",
}

_BEGINNING = "figures "  # without it, ansible-core before 2.19 would make a list of the text again

Gauges = dict[str, dict[str, float]]  # values by metric and by the name of the managed token

_LINE = re.compile(rf'(?P<metric>{"|".join(HELP)})\{{name="(?P<name>(?:[^"\\]|\\.)*)"\}} (?P<value>[0-9.eE+-]+)')


@dataclasses.dataclass(frozen=True)
class Figures:
    """What the plan knows of one managed token; times in seconds since 1970, None where they are not known."""

    name: str
    issued_at: float | None = None
    max_age_seconds: float | None = None
    expires_at: float | None = None
    versions: int = 0

    def after(self, report: Mapping[str, object]) -> Figures:
        """Return the figures after what a report tells was done."""
        if report.get("kind") == "sql":
            return self._after_sql(report)
        kept, issued = report["kept"], report["issued"]
        parsed = parse_version_name(str(issued)) if report["action"] == "rotated" and issued else None
        return dataclasses.replace(
            self,
            issued_at=parsed[1].timestamp() if parsed else self.issued_at,
            versions=len(kept) if isinstance(kept, (list, tuple)) else self.versions,
        )

    def _after_sql(self, report: Mapping[str, object]) -> Figures:
        """Return the figures of a SQL token: which one is in use is told by when it ends, because its name stays the same."""
        if report["action"] != "rotated":
            return self
        return dataclasses.replace(
            self,
            issued_at=_timestamp(report["issued_at"]),
            expires_at=_timestamp(report["expires_at"]),
            versions=self.versions + 1,
        )

    def gauges(self, now: float) -> dict[str, float]:
        """Return those of this token that are known."""
        age = None if self.issued_at is None else max(0.0, now - self.issued_at)
        due = None if self.issued_at is None or self.max_age_seconds is None else self.issued_at + self.max_age_seconds
        known = {AGE: age, DUE: due, EXPIRES: self.expires_at, VERSIONS: float(self.versions)}
        return {metric: value for metric, value in known.items() if value is not None}


def one_text(figures: Iterable[Mapping[str, object]]) -> str:
    """Return figures as one text: Ansible copies a list each time that a template touches it."""
    return _BEGINNING + json.dumps(list(figures))


def from_one_text(text: object) -> list[dict[str, Any]]:
    """Return the figures of a text of `one_text`; none of an empty one, or of None."""
    found: list[dict[str, Any]] = json.loads(str(text)[len(_BEGINNING) :]) if text else []
    return found


def _timestamp(text: object) -> float | None:
    moment = moment_of(str(text or ""))
    return None if moment is None else moment.timestamp()


def updated(known: Gauges, figures: Iterable[Figures], failed: Iterable[str], now: datetime.datetime) -> Gauges:
    """Return the metrics after a run.

    :param known: those of the run before.
    :param figures: of all tokens that this run judged; others are not managed any more.
    :param failed: the names for which the run failed.
    """
    at, bad = now.timestamp(), set(failed)
    found: Gauges = {metric: {} for metric in HELP}
    for token in figures:
        for metric, value in token.gauges(at).items():
            found[metric][token.name] = value
        for metric in (SUCCESS, FAILURE):
            if (metric == FAILURE) is (token.name in bad):
                found[metric][token.name] = at
            elif token.name in known.get(metric, {}):
                found[metric][token.name] = known[metric][token.name]
    return found


def all_failed(known: Gauges, now: datetime.datetime) -> Gauges:
    """Return the metrics after a run that came to no plan: every token that is known failed, all else stays."""
    names = {name for values in known.values() for name in values}
    return {**{metric: dict(known.get(metric, {})) for metric in HELP}, FAILURE: dict.fromkeys(names, now.timestamp())}


def as_text(gauges: Gauges) -> str:
    """Return the file's content."""
    return "".join(
        gauge(metric, HELP[metric], (({"name": name}, value) for name, value in sorted(values.items())))
        for metric, values in gauges.items()
    )


def from_text(text: str) -> Gauges:
    """Read what as_text() wrote; all else is passed over."""
    found: Gauges = {metric: {} for metric in HELP}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is not None:
            found[match["metric"]][_plain(match["name"])] = float(match["value"])
    return found


def _plain(name: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], name)
