# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judge tokens by a policy: pure, no clock, no environment, no requests.

The same tokens at the same day give the same report, in whatever order the API lists them, so that a report that is
written again is unchanged.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.model import moment_of
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import (
    Generation,
    living,
    parse_version_name,
)

SEVERITIES = ("info", "low", "medium", "high")  # the mildest first
OFF = "off"
NEVER = "never"
NONE = "none"  # what a token without findings counts as in the chart

FORMAT = 1
LIMITS_SHOWN = 3  # the chart's end, in times of the policy's limit


@dataclasses.dataclass(frozen=True)
class Rule:
    """One thing that may be found. C(meaning) and C(remedy) are for the reader of the report."""

    name: str
    severity: str
    title: str
    meaning: str
    remedy: str


RULES = {
    rule.name: rule
    for rule in (
        Rule(
            "unrestricted",
            "high",
            "Unrestricted",
            "The token reaches everything that its user reaches. The vendor has deprecated such tokens and will remove them.",
            "Rotate it with an organization, and with a group and scopes where these suffice.",
        ),
        Rule(
            "aged",
            "medium",
            "Older than the policy",
            "The token is older than the policy allows. Nobody knows who has seen its value in that time.",
            "Rotate it, or revoke it if nobody uses it any more.",
        ),
        Rule(
            "full_access",
            "medium",
            "Full access",
            "The token has every scope there is: it may delete databases and make new credentials in its group.",
            "Rotate it with the scopes that its holder needs.",
        ),
        Rule(
            "unfinished_rotation",
            "medium",
            "Unfinished rotation",
            "More than one generation of a token is alive, so an old value still works.",
            "Find out which generation is in use, then run the rotation again.",
        ),
        Rule(
            "duplicate_name",
            "low",
            "Shared name",
            "Several users hold a token of this name. Only the id tells which one is meant.",
            "Revoke those that nobody uses, and give the others names of their own when they are rotated.",
        ),
        Rule(
            "unknown_age",
            "low",
            "Unknown age",
            "The API does not tell when the token was created, so it cannot be held to the policy.",
            "Rotate it: a generation tells its age by its name.",
        ),
        Rule(
            "organization_wide",
            "info",
            "Organization-wide",
            "The token may do everything in its organization that its user may do.",
            "Rotate it with a group and scopes if these suffice.",
        ),
    )
}


@dataclasses.dataclass(frozen=True)
class Policy:
    """What is a finding, and how bad."""

    max_age_days: float
    settled_after: datetime.timedelta  # the longest that two generations may rightly live side by side
    severities: Mapping[str, str]
    fail_on: str

    @classmethod
    def of(
        cls,
        max_age_days: Any,
        grace_hours: Any,
        in_flight_minutes: Any,
        severities: Mapping[str, Any] | None,
        fail_on: str,
    ) -> Policy:
        # YAML takes an off without quotes for false.
        given = {rule: OFF if severity is False else severity for rule, severity in (severities or {}).items()}
        for rule, severity in given.items():
            if rule not in RULES:
                raise InvalidRequest(f"severities names {rule!r}, which is no rule. The rules are {_listed(RULES)}.")
            if severity not in (*SEVERITIES, OFF):
                raise InvalidRequest(
                    f"severities has {severity!r} for {rule}; use one of {_listed((*SEVERITIES, OFF))}."
                )
        if fail_on not in (*SEVERITIES, NEVER):
            raise InvalidRequest(f"fail_on is {fail_on!r}; use one of {_listed((*SEVERITIES, NEVER))}.")
        return cls(
            max_age_days=_amount("max_age_days", max_age_days),
            settled_after=max(
                datetime.timedelta(hours=_amount("grace_hours", grace_hours)),
                datetime.timedelta(minutes=_amount("in_flight_minutes", in_flight_minutes)),
            ),
            severities={name: given.get(name, rule.severity) for name, rule in RULES.items()},
            fail_on=fail_on,
        )


@dataclasses.dataclass(frozen=True)
class Acceptance:
    """A finding that somebody decided to live with."""

    pattern: str
    rule: str | None
    reason: str
    until: datetime.date | None

    @classmethod
    def of(cls, entry: Any, where: str) -> Acceptance:
        if not isinstance(entry, Mapping) or not entry.get("name") or not entry.get("reason"):
            raise InvalidRequest(f"{where} needs a name (or a pattern for names) and a reason.")
        rule, until = entry.get("rule") or None, entry.get("until") or None
        if rule is not None and rule not in RULES:
            raise InvalidRequest(f"{where} names the rule {rule!r}; the rules are {_listed(RULES)}.")
        moment = moment_of(str(until)) if until is not None else None
        if until is not None and moment is None:
            raise InvalidRequest(f"{where} has until {until!r}; use a date such as 2027-01-31.")
        return cls(str(entry["name"]), rule, str(entry["reason"]), moment.date() if moment else None)

    def covers(self, rule: Rule, held: Sequence[Held], today: datetime.date) -> bool:
        """Tell whether it covers a finding: every token of it, on the last day too."""
        if self.rule not in (None, rule.name) or (self.until is not None and today > self.until):
            return False
        return all(fnmatchcase(one.name, self.pattern) or fnmatchcase(one.logical, self.pattern) for one in held)


@dataclasses.dataclass(frozen=True)
class Held:
    """A token object, and what is read out of it."""

    token: Mapping[str, Any]
    logical: str
    holder: str | None
    age_days: int | None

    @classmethod
    def of(cls, token: Mapping[str, Any], now: datetime.datetime) -> Held:
        parsed = parse_version_name(token["name"])
        created = moment_of(token.get("created_at"))
        return cls(
            token=token,
            logical=token["name"] if parsed is None else parsed[0],
            holder=holder_of(token),
            age_days=None if created is None else max(0, (now.date() - created.date()).days),
        )

    @property
    def name(self) -> str:
        return str(self.token["name"])

    @property
    def ref(self) -> dict[str, Any]:
        return {"name": self.name, "id": self.token.get("id"), "owner": self.holder}

    @property
    def label(self) -> str:
        return f"{self.name!r}" + ("" if self.holder is None else f" of {self.holder}")


def holder_of(token: Mapping[str, Any]) -> str | None:
    """Return what to call a token's owner, none where the list does not tell owners."""
    owner = token.get("owner")
    if not isinstance(owner, Mapping):
        return None
    known = owner.get("username") or owner.get("email")
    return None if known is None else str(known)


def audit(
    tokens: Sequence[Mapping[str, Any]],
    now: datetime.datetime,
    *,
    organization: str | None = None,
    max_age_days: Any = 90,
    grace_hours: Any = 0,
    in_flight_minutes: Any = 15,
    severities: Mapping[str, str] | None = None,
    accepted: Sequence[Mapping[str, Any]] = (),
    fail_on: str = "high",
) -> dict[str, Any]:
    """Return the report on some tokens.

    :param tokens: token objects, as C(turso_token_info) lists them.
    :param organization: whose list it is; none for the caller's own.
    :param severities: rule -> severity or V(off), where it is not to be the rule's own.
    :param accepted: findings to live with: C(name) (a pattern), C(reason), and, where they are given, C(rule) and C(until).
    :raises InvalidRequest: for a policy that cannot be.
    """
    policy = Policy.of(max_age_days, grace_hours, in_flight_minutes, severities, fail_on)
    acceptances = [Acceptance.of(entry, f"accepted[{index}]") for index, entry in enumerate(accepted)]
    held = [Held.of(plain_data(token), now) for token in tokens]

    findings = []
    for rule, concerned, msg in _found(held, policy, now):
        severity = policy.severities[rule.name]
        if severity != OFF:
            reasons = (one.reason for one in acceptances if one.covers(rule, concerned, now.date()))
            findings.append(_Finding(rule, severity, concerned, msg, next(reasons, None)))
    findings.sort(key=lambda finding: finding.order)

    open_findings = [finding for finding in findings if finding.accepted is None]
    by_severity = Counter(finding.severity for finding in open_findings)
    by_rule = Counter(finding.rule.name for finding in open_findings)
    judged = _judged(held, findings)
    ages = [one.age_days for one in held if one.age_days is not None]
    failing = 0 if fail_on == NEVER else sum(by_severity[severity] for severity in at_least(fail_on))
    return {
        "format": FORMAT,
        "audited_on": now.date().isoformat(),
        "organization": organization,
        "policy": {
            "max_age_days": _plain(policy.max_age_days),
            "grace_hours": _plain(float(grace_hours)),
            "in_flight_minutes": _plain(float(in_flight_minutes)),
            "severities": dict(policy.severities),
        },
        "verdict": {"fail_on": fail_on, "failing": failing, "passed": failing == 0},
        "summary": {
            "tokens": len(held),
            "findings": len(open_findings),
            "accepted": len(findings) - len(open_findings),
            "by_severity": {severity: by_severity[severity] for severity in reversed(SEVERITIES)},
            "worst": next((severity for severity in reversed(SEVERITIES) if by_severity[severity]), None),
            "oldest_days": max(ages, default=None),
        },
        "rules": [
            {**dataclasses.asdict(rule), "severity": policy.severities[name], "findings": by_rule[name]}
            for name, rule in RULES.items()
        ],
        "findings": [finding.as_result() for finding in findings],
        "tokens": judged,
        "ages": _histogram(judged, policy.max_age_days),
    }


def at_least(severity: str) -> tuple[str, ...]:
    """Return a severity and those above it."""
    return SEVERITIES[SEVERITIES.index(severity) :]


@dataclasses.dataclass(frozen=True)
class _Finding:
    rule: Rule
    severity: str
    held: Sequence[Held]
    msg: str
    accepted: str | None

    @property
    def order(self) -> tuple[Any, ...]:
        first = self.held[0]
        return (
            self.accepted is not None,
            -SEVERITIES.index(self.severity),
            list(RULES).index(self.rule.name),
            first.logical,
            first.name,
            str(first.token.get("id")),
        )

    def as_result(self) -> dict[str, Any]:
        return {
            "rule": self.rule.name,
            "severity": self.severity,
            "tokens": [one.ref for one in self.held],
            "msg": self.msg,
            "remedy": self.rule.remedy,
            "accepted": self.accepted,
        }


_Found = Iterable["tuple[Rule, Sequence[Held], str]"]


def _found(held: Sequence[Held], policy: Policy, now: datetime.datetime) -> _Found:
    for one in held:
        yield from _found_in(one, policy)
    yield from _unfinished(held, policy, now)
    yield from _namesakes(held)


def _found_in(one: Held, policy: Policy) -> _Found:
    """Yield what a token tells by itself."""
    restriction = one.token.get("restriction")
    if restriction == "unrestricted":
        yield RULES["unrestricted"], [one], f"{one.label} is unrestricted, which the vendor has deprecated."
    if restriction == "organization":
        yield RULES["organization_wide"], [one], f"{one.label} reaches all of {one.token.get('organization')!r}."
    if one.token.get("permissions") == "full-access":
        yield RULES["full_access"], [one], f"{one.label} has full access to the group {one.token.get('group')!r}."
    if one.age_days is None:
        yield RULES["unknown_age"], [one], f"{one.label} does not tell when it was created."
    elif one.age_days > math.ceil(policy.max_age_days):
        told = f"{one.age_days} days old, {_plain(policy.max_age_days)} are allowed."
        yield RULES["aged"], [one], f"{one.label} is {told}"


def _unfinished(held: Sequence[Held], policy: Policy, now: datetime.datetime) -> _Found:
    """Yield the logical tokens with more than one generation that a running rotation or its grace does not explain."""
    by_holder: dict[tuple[str | None, str], list[Held]] = defaultdict(list)
    for one in held:
        by_holder[one.holder, one.logical].append(one)
    for (_holder, logical), family in by_holder.items():
        generations = living([one.token for one in family], [logical], now)[logical]
        if len(generations) > 1 and not _explained(generations[1], policy, now):
            by_id = {one.token["id"]: one for one in family}
            concerned = [by_id[generation.id] for generation in generations]
            names = ", ".join(repr(generation.name) for generation in generations)
            of = "" if concerned[0].holder is None else f" of {concerned[0].holder}"
            yield (
                RULES["unfinished_rotation"],
                concerned,
                f"{logical!r}{of} has {len(generations)} generations alive, the oldest first: {names}.",
            )


def _explained(successor: Generation, policy: Policy, now: datetime.datetime) -> bool:
    """Tell whether a generation is so young that the one before it may rightly be alive."""
    return (
        successor.stamp is not None and successor.issued is not None and now - successor.issued < policy.settled_after
    )


def _namesakes(held: Sequence[Held]) -> _Found:
    """Yield the names that several users hold, generations counted as what they are generations of."""
    by_name: dict[str, list[Held]] = defaultdict(list)
    for one in held:
        by_name[one.logical].append(one)
    for logical, family in by_name.items():
        holders = sorted({one.holder for one in family if one.holder is not None})
        if len(holders) > 1:
            concerned = sorted(family, key=lambda one: (one.holder or "", one.name))
            yield (
                RULES["duplicate_name"],
                concerned,
                f"{logical!r} is held by {len(holders)} users: {', '.join(holders)}.",
            )


def _judged(held: Sequence[Held], findings: Sequence[_Finding]) -> list[dict[str, Any]]:
    """Return the token objects with their logical names and findings, the worst and then the oldest first."""
    by_id: dict[Any, list[_Finding]] = defaultdict(list)
    for finding in findings:
        for one in finding.held:
            by_id[one.token.get("id")].append(finding)
    judged = []
    for one in held:
        own = by_id[one.token.get("id")]
        judged.append(
            {
                **one.token,
                "age_days": one.age_days,
                "logical_name": one.logical,
                "severity": next((finding.severity for finding in own if finding.accepted is None), None),
                "findings": [
                    {"rule": finding.rule.name, "severity": finding.severity, "accepted": finding.accepted}
                    for finding in own
                ],
            }
        )
    return sorted(
        judged,
        key=lambda token: (
            -(SEVERITIES.index(token["severity"]) if token["severity"] else -1),
            -(token["age_days"] if token["age_days"] is not None else -1),
            token["name"],
            str(token["id"]),
        ),
    )


def _histogram(judged: Sequence[Mapping[str, Any]], max_age_days: float) -> dict[str, Any]:
    """Return how many tokens are how old, by severity. The policy's limit lies between two bins.

    A bin holds the ages above its C(from_days), up to and including its C(to_days); the first one holds 0 too. What is
    many times older than the limit is in one last bin without an end, so that it does not flatten all others.
    """
    known = [(token["age_days"], token["severity"] or NONE) for token in judged if token["age_days"] is not None]
    limit = max(1, math.ceil(max_age_days))
    width = limit // next(parts for parts in (6, 5, 4, 3, 2, 1) if limit % parts == 0)
    oldest = max([limit, *(age for age, _severity in known)])
    count = math.ceil(min(oldest, limit * LIMITS_SHOWN) / width)
    bins: list[Counter[str]] = [Counter() for _index in range(count + (oldest > limit * LIMITS_SHOWN))]
    for age, severity in known:
        bins[min(max(0, math.ceil(age / width) - 1), len(bins) - 1)][severity] += 1
    return {
        "bins": [
            {
                "from_days": index * width,
                "to_days": (index + 1) * width if index < count else None,
                "tokens": sum(counted.values()),
                "by_severity": {severity: counted[severity] for severity in (*reversed(SEVERITIES), NONE)},
            }
            for index, counted in enumerate(bins)
        ],
        "most": max(sum(counted.values()) for counted in bins),
        "unknown": len(judged) - len(known),
    }


def plain_data(value: Any) -> Any:
    """Return a copy without a template engine's own types, and with what UTF-8 cannot write (lone surrogates) replaced."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {plain_data(key): plain_data(part) for key, part in value.items()}
    return [plain_data(part) for part in value] if isinstance(value, (list, tuple)) else value


def _amount(option: str, value: Any) -> float:
    """Return a number, 0 or more; templates make text of numbers."""
    try:
        amount = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        amount = math.nan
    if not 0 <= amount < 10**6:
        raise InvalidRequest(f"{option} must be a number, 0 or more, not {value!r}.")
    return amount


def _plain(amount: float) -> float:
    """Return a whole number as one."""
    return int(amount) if amount == int(amount) else amount


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
