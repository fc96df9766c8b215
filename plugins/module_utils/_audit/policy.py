# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is judged by: limits, severities, and findings that somebody accepted. Pure and private."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._audit.findings import Judged
from ansible_collections.community.turso.plugins.module_utils._audit.rules import NEVER, OFF, RULES, SEVERITIES
from ansible_collections.community.turso.plugins.module_utils._errors import BadOption, Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.values import number
from ansible_collections.community.turso.plugins.module_utils._time import moment_of

DEFAULTS: Mapping[str, Any] = {
    "max_age_days": 90,
    "grace_hours": 0,
    "pending_minutes": 15,
    "severities": {},
    "fail_on": "high",
    "expected_tokens": 0,
    "accepted": (),
}
KEYS = frozenset({"name", "id", "owner", "rule", "reason", "until"})


@dataclasses.dataclass(frozen=True)
class Policy:
    """What is a finding, and how bad.

    :ivar expected_tokens: how many tokens the list must have at least.
    """

    max_age_days: float
    grace_hours: float
    pending_minutes: float
    severities: Mapping[str, str]
    fail_on: str
    expected_tokens: int
    acceptances: tuple[Acceptance, ...]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Policy:
        """Read a policy, which may lack what is to be as usual.

        :raises BadOption: for a policy that cannot be.
        """
        known = {**DEFAULTS, **given}
        return cls(
            max_age_days=amount("turso_audit_max_age_days", known["max_age_days"]),
            grace_hours=amount("turso_audit_grace_hours", known["grace_hours"]),
            pending_minutes=amount("turso_audit_pending_minutes", known["pending_minutes"]),
            severities=severities_of(known["severities"]),
            fail_on=chosen("turso_audit_fail_on", known["fail_on"], (*SEVERITIES, NEVER)),
            expected_tokens=int(amount("turso_audit_expected_tokens", known["expected_tokens"])),
            acceptances=tuple(
                Acceptance.of(entry, f"turso_audit_accepted[{index}]") for index, entry in enumerate(known["accepted"])
            ),
        )

    @property
    def settled_after(self) -> datetime.timedelta:
        """Return the longest time that two versions may rightly be active side by side."""
        return max(datetime.timedelta(hours=self.grace_hours), datetime.timedelta(minutes=self.pending_minutes))

    def as_result(self) -> dict[str, Any]:
        return {
            "max_age_days": plain(self.max_age_days),
            "grace_hours": plain(self.grace_hours),
            "pending_minutes": plain(self.pending_minutes),
            "severities": dict(self.severities),
        }


@dataclasses.dataclass(frozen=True)
class Acceptance:
    """Findings that somebody decided to live with. What is none in it decides nothing.

    :ivar name: a pattern for names, and for names of managed tokens.
    :ivar owner: a user name or an e-mail address.
    :ivar until: the last day.
    """

    where: str
    name: str | None
    id: str | None
    owner: str | None
    rule: str | None
    reason: str
    until: datetime.date | None

    @classmethod
    def of(cls, entry: Any, where: str) -> Acceptance:
        """Read one.

        :raises BadOption: for one that cannot be, or has a key that is empty.
        """
        if not isinstance(entry, Mapping):
            raise BadOption(f"{where} is not a dictionary.", f"Write it with the keys {listed(sorted(KEYS))}.")
        unknown = sorted(map(str, set(entry) - KEYS))
        if unknown:
            raise BadOption(f"{where} has {listed(unknown)}.", f"Use only the keys {listed(sorted(KEYS))}.")
        empty = [key for key in sorted(entry) if entry[key] is None or not str(entry[key]).strip()]
        if empty:
            raise BadOption(f"{where} has an empty {listed(empty)}.", "Set a value, or leave it out.")
        if "reason" not in entry or not entry.keys() & {"name", "id", "owner"}:
            raise BadOption(
                f"{where} has no reason, or selects nothing.",
                "Set reason, and a name (or a pattern for names), an id or an owner.",
            )
        texts = {key: str(entry[key]) for key in entry}
        return cls(
            where=where,
            name=texts.get("name"),
            id=texts.get("id"),
            owner=texts.get("owner"),
            rule=chosen(f"{where}.rule", texts["rule"], tuple(RULES)) if "rule" in texts else None,
            reason=texts["reason"],
            until=last_day(where, texts["until"]) if "until" in texts else None,
        )

    @property
    def label(self) -> str:
        known = {"name": self.name, "id": self.id, "owner": self.owner}
        words = ", ".join(f"{key} {value!r}" for key, value in known.items() if value is not None)
        return f"{self.where} ({words})"

    def is_over(self, today: datetime.date) -> bool:
        """Tell whether its last day has passed."""
        return self.until is not None and today > self.until

    def covers(self, rule: str, subjects: Sequence[Judged]) -> bool:
        """Tell whether it covers a finding: every token of it, whatever day it is."""
        return self.rule in (None, rule) and all(self._fits(subject) for subject in subjects)

    def _fits(self, subject: Judged) -> bool:
        fits_id = self.id in (None, subject.id)
        fits_owner = self.owner in (None, *subject.owner_names)
        return fits_id and fits_owner and (self.name is None or subject.is_named_like(self.name))


def severities_of(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the severity of each rule.

    :raises BadOption: for what is no rule or no severity.
    """
    severities = {name: rule.severity for name, rule in RULES.items()}
    for rule, severity in given.items():
        if rule not in RULES:
            raise BadOption(
                f"turso_audit_severities names {rule!r}, which is not a rule.", f"Use the rules {listed(RULES)}."
            )
        # YAML takes an off without quotes for false.
        word = OFF if severity is False else severity
        severities[rule] = chosen(f"turso_audit_severities.{rule}", word, (*SEVERITIES, OFF))
    return severities


def chosen(option: str, word: Any, words: Sequence[str]) -> str:
    """Return a word that is one of some.

    :raises BadOption: for any other.
    """
    if word not in words:
        raise BadOption(f"{option} is {word!r}.", f"Use one of {listed(words)}.")
    return str(word)


def last_day(where: str, given: str) -> datetime.date:
    """Return the date that an acceptance ends on.

    :raises BadOption: for what is no date.
    """
    moment = moment_of(given)
    if moment is None:
        raise BadOption(f"{where} has until {given!r}.", "Use a date such as 2027-01-31.")
    return moment.date()


def amount(option: str, value: Any) -> float:
    """Return a number, 0 or more; templates make text of numbers.

    :raises BadOption: for anything else.
    """
    try:
        return number(option, value)
    except Refused as exc:
        raise BadOption(f"{exc.msg}.", "Correct it.") from exc


def plain(given: float) -> float:
    """Return a whole number as one."""
    return int(given) if given == int(given) else given


def listed(words: Iterable[str]) -> str:
    return ", ".join(words)
