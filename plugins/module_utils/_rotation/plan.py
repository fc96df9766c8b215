# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan and settle the rotation of tokens: pure, no clock, no environment, no requests.

A logical token C(ci-deploy) lives in the API as generations C(ci-deploy-20261124t091500z-7f3a): a UTC second and a random
nonce. A bare C(ci-deploy) that somebody made by hand is adopted as the oldest one. L(plan) decides, before anything is
written, what is due; L(settle) decides, after the successors were handed over, what may be revoked.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.model import (
    Restriction,
    expand_scopes,
    moment_of,
    utc_text,
)
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest, Refused
from ansible_collections.community.turso.plugins.module_utils._token.decide import Wanted

STAMP = "%Y%m%dt%H%M%Sz"
EVENTS_KEPT = 20

_GENERATION = re.compile(r"(?P<logical>.+)-(?P<stamp>[0-9]{8}t[0-9]{6}z)-(?P<nonce>[0-9a-f]{4})", re.DOTALL)
_BEGINNING = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)
_END_OF_DAY = datetime.timedelta(days=1) - datetime.timedelta(seconds=1)


def generation_name(logical: str, now: datetime.datetime, nonce: str) -> str:
    """Return the name of a generation that is issued now.

    :param nonce: four hexadecimal digits in lower case.
    """
    return f"{logical}-{now.astimezone(datetime.timezone.utc).strftime(STAMP)}-{nonce}"


def parse_generation(name: str) -> tuple[str, datetime.datetime] | None:
    """Return the logical name and the stamp of a generation's name, none where it is not one to the letter."""
    match = _GENERATION.fullmatch(name)
    if match is None:
        return None
    try:
        stamp = datetime.datetime.strptime(match["stamp"], STAMP).replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return None
    return match["logical"], stamp


@dataclasses.dataclass(frozen=True)
class Generation:
    """A living generation of one logical token. C(stamp) is none for a bare name that was adopted."""

    name: str
    id: str
    restriction: Restriction
    stamp: datetime.datetime | None
    issued: datetime.datetime | None

    @property
    def ref(self) -> dict[str, str]:
        return {"name": self.name, "id": self.id}

    @property
    def order(self) -> tuple[bool, datetime.datetime, str]:
        """Sort generations from the oldest to the newest; an adopted name is the oldest whatever its date."""
        return (self.stamp is not None, self.stamp or _BEGINNING, self.name)

    def older_than(self, age: datetime.timedelta, now: datetime.datetime) -> bool:
        """Tell whether it is older; one whose date the API does not tell is older than anything."""
        return self.issued is None or now - self.issued > age

    def in_flight(self, window: datetime.timedelta, now: datetime.datetime) -> bool:
        """Tell whether a controller may be handing it over right now; a name made by hand is issued by none."""
        return self.stamp is not None and self.issued is not None and now - self.issued < window


def living(
    tokens: Iterable[Mapping[str, Any]], logicals: Iterable[str], now: datetime.datetime
) -> dict[str, list[Generation]]:
    """Return the living generations of each logical token, the oldest first. Every other token is foreign.

    :param tokens: token objects, as the modules return them.
    """
    found: dict[str, list[Generation]] = {logical: [] for logical in logicals}
    for token in tokens:
        parsed = parse_generation(token["name"])
        if token["name"] in found:
            _add(found[token["name"]], token, None, now)
        elif parsed is not None and parsed[0] in found:
            _add(found[parsed[0]], token, parsed[1], now)
    return {logical: sorted(alive, key=lambda generation: generation.order) for logical, alive in found.items()}


def _add(
    alive: list[Generation], token: Mapping[str, Any], stamp: datetime.datetime | None, now: datetime.datetime
) -> None:
    issued = _issued(stamp, moment_of(token.get("created_at")), now)
    alive.append(Generation(token["name"], token["id"], _restriction(token), stamp, issued))


def _issued(
    stamp: datetime.datetime | None, created: datetime.datetime | None, now: datetime.datetime
) -> datetime.datetime | None:
    """Return when a generation was issued: its stamp where the API's date bears it out, else the end of that date."""
    if created is None:
        return None if stamp is None else min(stamp, now)
    if stamp is not None and abs((stamp.date() - created.date()).days) <= 1:
        return min(stamp, now)
    day = created.replace(hour=0, minute=0, second=0, microsecond=0)
    return min(day + _END_OF_DAY, now)


def _restriction(part: Mapping[str, Any]) -> Restriction:
    return Restriction(part.get("organization"), part.get("group"), expand_scopes(part.get("scopes")))


@dataclasses.dataclass(frozen=True)
class Policy:
    """How one logical token is to be rotated."""

    max_age: datetime.timedelta
    grace: datetime.timedelta
    window: datetime.timedelta
    max_generations: int
    force: bool

    @classmethod
    def of(cls, entry: Mapping[str, Any], defaults: Mapping[str, Any]) -> Policy:
        max_generations = int(_amount("max_generations", {}, defaults))
        if max_generations < 1:  # with 1 nothing but a first issue is ever possible, and what is alive is told then
            raise Refused("turso_rotate_max_generations must be at least 1")
        return cls(
            max_age=datetime.timedelta(days=_amount("max_age_days", entry, defaults)),
            grace=datetime.timedelta(hours=_amount("grace_hours", entry, defaults)),
            window=datetime.timedelta(minutes=_amount("in_flight_minutes", {}, defaults)),
            max_generations=max_generations,
            force=_is_true(defaults["force"]),
        )


def _is_true(value: Any) -> bool:
    """Read a switch; templates make text of these, too."""
    return value.lower() in ("true", "yes", "on", "1") if isinstance(value, str) else bool(value)


def _amount(option: str, entry: Mapping[str, Any], defaults: Mapping[str, Any]) -> float:
    """Return a number that an entry or else the defaults give; templates make text of numbers."""
    value = defaults[option] if entry.get(option) is None else entry[option]
    try:
        amount = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        amount = math.nan
    if not 0 <= amount < 10**6:
        raise Refused(f"{option} must be a number, 0 or more, not {value!r}")
    return amount


# What an entry of C(turso_rotate_tokens) may say.
ENTRY_TEXTS = ("name", "organization", "group", "description", "current")
ENTRY_KEYS = (*ENTRY_TEXTS, "scopes", "max_age_days", "grace_hours")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One checked entry of C(turso_rotate_tokens)."""

    label: str  # what messages call it
    logical: str
    want: Wanted
    policy: Policy
    current: str | None  # as given, by name or id


def checked(wanted: Sequence[Mapping[str, Any]], *, keeps_ledger: bool, **defaults: Any) -> list[Entry]:
    """Read the wanted logical tokens and refuse what no answer of the API could make right.

    :param defaults: C(max_age_days), C(grace_hours), C(in_flight_minutes), C(max_generations), and C(force).
    :raises Refused: with every entry that cannot be carried out safely.
    """
    names = Counter(str(entry.get("name")) for entry in wanted)
    entries, refusals = [], []
    for index, given in enumerate(wanted):
        label = f"turso_rotate_tokens[{index}] ({given.get('name') or 'without a name'})"
        try:
            if names[str(given.get("name"))] > 1:
                raise Refused("the name is used more than once")
            entries.append(_checked_one(_plain_entry(given), label, defaults, keeps_ledger=keeps_ledger))
        except (Refused, InvalidRequest) as exc:
            refusals.append(_refusal(label, exc))
    if refusals:
        raise _refused(refusals)
    return entries


def _plain_entry(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry with text where text belongs: YAML makes numbers of names such as C(2026)."""
    unknown = [str(key) for key in given if key not in ENTRY_KEYS]
    if unknown:
        raise Refused(f"there is no {', '.join(unknown)}; an entry has {', '.join(ENTRY_KEYS)}")
    entry = {**given}
    for key in ENTRY_TEXTS:
        value = entry.get(key)
        if isinstance(value, (bool, dict, list, tuple)):
            raise Refused(f"{key} must be a text, not a {type(value).__name__}")
        entry[key] = None if value is None else str(value)
    scopes = entry.get("scopes")
    entry["scopes"] = scopes.split(",") if isinstance(scopes, str) else scopes
    if scopes is not None and not (
        isinstance(entry["scopes"], (list, tuple)) and all(isinstance(scope, str) for scope in entry["scopes"])
    ):
        raise Refused("scopes must be a list of texts")
    return entry


def _checked_one(given: Mapping[str, Any], label: str, defaults: Mapping[str, Any], *, keeps_ledger: bool) -> Entry:
    want = Wanted.from_params(given)
    logical = want.name or ""
    if parse_generation(logical) is not None:
        raise Refused("the name looks like a generation; give the logical name, without stamp and nonce")
    policy = Policy.of(given, defaults)
    if policy.grace and not keeps_ledger:
        raise Refused(
            "grace_hours needs turso_rotate_ledger: without one nobody knows since when a generation is superseded"
        )
    if policy.grace > policy.max_age:
        raise Refused(
            "grace_hours is longer than max_age_days: generations would be superseded faster than they are revoked"
        )
    return Entry(label, logical, want, policy, given.get("current") or None)


def _refusal(label: str, exc: Refused | InvalidRequest) -> str:
    return f"{label}: {exc.msg.rstrip('.')}."


def _refused(refusals: Sequence[str]) -> Refused:
    return Refused("The rotation was refused before anything was written. " + " ".join(refusals))


def plan(
    tokens: Sequence[Mapping[str, Any]],
    wanted: Sequence[Mapping[str, Any]],
    now: datetime.datetime,
    *,
    nonce: str,
    ledger: Mapping[str, Any] | None = None,
    **defaults: Any,
) -> list[dict[str, Any]]:
    """Decide what is due for each wanted logical token.

    :param tokens: the caller's own tokens, as C(turso_token_info) lists them.
    :param wanted: the entries of C(turso_rotate_tokens).
    :param nonce: four hexadecimal digits for the names of this run's generations.
    :param ledger: what the ledger says, an empty one if it does not exist yet, none if the play keeps no ledger.
    :param defaults: those of L(checked).
    :returns: for each entry C(name), C(action) (V(issue), V(sweep), V(none)), C(reason), C(current), C(successor),
        C(superseded), C(in_flight), C(sweep), C(grace_hours), and C(report), what the role reports if it goes no further.
    :raises Refused: with every entry that cannot be carried out safely; nothing was written yet.
    """
    if not re.fullmatch(r"[0-9a-f]{4}", nonce):
        raise InvalidRequest("nonce must be four hexadecimal digits in lower case.")
    entries = checked(wanted, keeps_ledger=ledger is not None, **defaults)
    alive = living(tokens, [entry.logical for entry in entries], now)
    plans, refusals = [], []
    for entry in entries:
        try:
            plans.append(_plan_one(entry, alive[entry.logical], now, nonce, ledger))
        except Refused as exc:  # noqa: PERF203
            refusals.append(_refusal(entry.label, exc))
    if refusals:
        raise _refused(refusals)
    return plans


def _plan_one(
    entry: Entry, alive: Sequence[Generation], now: datetime.datetime, nonce: str, ledger: Mapping[str, Any] | None
) -> dict[str, Any]:
    logical, want, policy = entry.logical, entry.want, entry.policy
    twice = [name for name, count in Counter(generation.name for generation in alive).items() if count > 1]
    if twice:
        raise Refused(
            f"the API lists {twice[0]!r} more than once; revoke the wrong one by its id. {_known(alive, now)}"
        )
    known = _Known.of(logical, ledger)
    current = _current(entry, alive, known, now)
    # With a ledger, a generation that it does not name was never handed over. A name made by hand had no hand-over.
    vouched_for = ledger is None or entry.current is not None or known.current is not None
    undelivered = not vouched_for and current is not None and current.stamp is not None
    reason = _reason(entry, alive, current, known, now, undelivered=undelivered)
    if reason is not None and len(alive) >= policy.max_generations:
        raise Refused(
            f"{len(alive)} generations are alive and turso_rotate_max_generations is {policy.max_generations}; revoke those "
            f"that are not in use, or raise it. {_known(alive, now)}"
        )
    flying = [g for g in alive if g.in_flight(policy.window, now) and g.id not in known.ids]
    over = [
        g for g in alive if g.id in known.superseded and now >= known.superseded[g.id] + policy.grace and g != current
    ]
    result: dict[str, Any] = {
        "name": logical,
        "action": "issue" if reason else "sweep" if over else "none",
        "reason": reason,
        "current": None if current is None else current.ref,
        "successor": None,
        "superseded": [],
        "in_flight": [g.ref for g in flying],
        "sweep": [],
        "grace_hours": policy.grace.total_seconds() / 3600,
    }
    if reason is not None:
        result["successor"] = {
            "name": generation_name(logical, now, nonce),
            "organization": want.restriction.organization,
            "group": want.restriction.group,
            "scopes": None if want.scopes is None else list(want.scopes),
            "description": want.description,
        }
        result["superseded"] = [g.ref for g in alive if g not in flying]
    elif over:
        result["sweep"] = [g.ref for g in over]
    result["report"] = _report(result, current, alive, now)
    return result


def _report(
    result: Mapping[str, Any], current: Generation | None, alive: Sequence[Generation], now: datetime.datetime
) -> dict[str, Any]:
    """Return the report of a plan that is only shown."""
    age = "" if current is None or current.issued is None else f", {(now - current.issued).days} days old"
    in_use = "no generation in use" if current is None else f"{current.name} is in use{age}"
    action, told = {
        "issue": ("rotated", f"due ({result['reason']}): {in_use}"),
        "sweep": ("swept", f"not due: {in_use}; grace is over for {', '.join(ref['name'] for ref in result['sweep'])}"),
        "none": ("unchanged", f"not due: {in_use}"),
    }[result["action"]]
    return {
        "name": result["name"],
        "action": action,
        "reason": result["reason"],
        "issued": None,
        "revoked": [],
        "kept": [generation.name for generation in alive],
        "msg": f"{result['name']}: {told}",
    }


@dataclasses.dataclass(frozen=True)
class _Known:
    """What the ledger knows of one logical token."""

    current: Mapping[str, str] | None
    superseded: Mapping[str, datetime.datetime]  # since when, by id

    @classmethod
    def of(cls, logical: str, ledger: Mapping[str, Any] | None) -> _Known:
        part = (ledger or {}).get(logical) or {}
        since = {item["id"]: moment_of(item["at"]) for item in part.get("superseded", ())}
        return cls(part.get("current"), {token_id: moment for token_id, moment in since.items() if moment is not None})

    @property
    def ids(self) -> set[str]:
        return {*self.superseded, *([self.current["id"]] if self.current else [])}


def _current(entry: Entry, alive: Sequence[Generation], known: _Known, now: datetime.datetime) -> Generation | None:
    """Return the generation that is in use: the one given, else the ledger's, else the newest; none if it is gone."""
    if entry.current is not None:
        found = next((g for g in alive if entry.current in (g.name, g.id)), None)
        if found is None and alive and not entry.policy.force:
            raise Refused(
                f"its current generation {entry.current!r} is not alive, while others are; correct current, or set "
                f"turso_rotate_force to replace them all. {_known(alive, now)}"
            )
        return found
    if known.current is not None:
        return next((g for g in alive if g.ref == {key: known.current[key] for key in ("name", "id")}), None)
    return alive[-1] if alive else None


def _reason(
    entry: Entry,
    alive: Sequence[Generation],
    current: Generation | None,
    known: _Known,
    now: datetime.datetime,
    *,
    undelivered: bool,
) -> str | None:
    """Return why a successor is due, none if it is not."""
    if not alive:
        return "missing"
    if current is not None and current.older_than(entry.policy.max_age, now):
        return "aged"
    if current is not None and current.restriction != entry.want.restriction:
        return "drift"
    if entry.policy.force:
        return "forced"
    loose = [g for g in alive if g.id not in known.superseded and g != current]
    return "unfinished" if current is None or loose or undelivered else None


def _known(alive: Sequence[Generation], now: datetime.datetime) -> str:
    told = [
        f"{g.name} (id {g.id}, {'age unknown' if g.issued is None else f'{(now - g.issued).days} days old'})"
        for g in alive
    ]
    return "Alive: " + ", ".join(told) if told else "None is alive"


@dataclasses.dataclass
class Settlement:
    """What a commit may do for one logical token, and why it may not."""

    name: str
    revoke: list[dict[str, str]] = dataclasses.field(default_factory=list)
    kept: list[dict[str, Any]] = dataclasses.field(default_factory=list)  # name, id and, but for the one in use, why
    refusal: str | None = None


def settle(
    pending: Mapping[str, Any],
    living_now: Sequence[Generation],
    now: datetime.datetime,
    window: datetime.timedelta,
    ledger: dict[str, Any] | None,
) -> Settlement:
    """Decide what may be revoked for one logical token, and write that down in C(ledger).

    :param pending: an entry of the plan; its C(issued) is the C(name) and C(id) of the successor that was handed over.
    :param living_now: the living generations of the logical token, listed for this commit.
    :param window: how old the successor may be; zero for any age.
    :param ledger: as read under its lock; changed in place. None if the play keeps none.
    """
    logical = pending["name"]
    settlement = Settlement(logical)
    alive = {g.id: g for g in living_now}
    known = _Known.of(logical, ledger)
    issued = pending.get("issued")
    grace = datetime.timedelta(hours=pending["grace_hours"])
    settlement.refusal = _no_right(pending, alive, known, now, window)
    if settlement.refusal is not None:
        settlement.kept = [{**g.ref, "why": None} for g in alive.values()]
        return settlement
    seen = [ref for ref in pending["superseded"] if ref["id"] in alive and alive[ref["id"]].name == ref["name"]]
    since = {token_id: moment for token_id, moment in known.superseded.items() if token_id in alive}
    if issued is not None:
        since = {**{ref["id"]: now for ref in seen}, **since}
        if pending["current"] and pending["current"]["id"] in since:
            since[pending["current"]["id"]] = now  # it was in use until now, whatever the ledger said of it
        since.pop(issued["id"], None)
    flying = {ref["id"] for ref in pending["in_flight"]}
    in_use = [issued] if issued is not None else [known.current, pending["current"]]
    keepers = flying | {ref["id"] for ref in in_use if ref}
    for g in alive.values():
        if g.id in since and g.id not in keepers and now >= since[g.id] + grace:
            settlement.revoke.append(g.ref)
        else:
            settlement.kept.append({**g.ref, "why": _why_kept(g, since, grace, keepers, flying)})
    if ledger is not None:
        part = ledger.setdefault(logical, {"current": None, "superseded": [], "events": []})
        if issued is not None:
            part["current"] = {**issued, "handed_over_at": utc_text(now)}
            record(part, now, "handed_over", issued)
        part["superseded"] = [{**alive[token_id].ref, "at": utc_text(moment)} for token_id, moment in since.items()]
    return settlement


def _no_right(
    pending: Mapping[str, Any],
    alive: Mapping[str, Generation],
    known: _Known,
    now: datetime.datetime,
    window: datetime.timedelta,
) -> str | None:
    """Say why nothing may be revoked for a logical token, none if it may."""
    issued = pending.get("issued")
    if issued is None:
        if any(ref and ref["id"] in alive for ref in (known.current, pending["current"])):
            return None
        return "The generation that is in use is gone. Nothing was revoked; run the rotation again."
    successor = alive.get(issued["id"])
    if successor is None or successor.name != issued["name"]:
        return f"Its successor {issued['name']} (id {issued['id']}) is gone. Nothing was revoked."
    if window and successor.older_than(window, now):
        return (
            f"Its successor {successor.name} is older than turso_rotate_in_flight_minutes, so another run may have "
            "replaced it by now. Nothing was revoked; run the rotation again."
        )
    return None


def _why_kept(
    generation: Generation,
    since: Mapping[str, datetime.datetime],
    grace: datetime.timedelta,
    keepers: set[str],
    flying: set[str],
) -> str | None:
    if generation.id in flying:
        return "because another run may be handing it over"
    if generation.id in since and generation.id not in keepers:
        return f"until {utc_text(since[generation.id] + grace)}"
    return None


def record(part: dict[str, Any], now: datetime.datetime, event: str, ref: Mapping[str, str]) -> None:
    """Add an event to a logical token's part of the ledger, which keeps the last ones."""
    part["events"] = [
        *part["events"],
        {"at": utc_text(now), "event": event, "name": ref["name"], "id": ref["id"]},
    ][-EVENTS_KEPT:]


def strike(ledger: dict[str, Any], logical: str, revoked: Iterable[str], now: datetime.datetime) -> None:
    """Take what was revoked, by id, out of a logical token's part of the ledger."""
    gone = set(revoked)
    if not gone:
        return
    part = ledger[logical]
    for item in part["superseded"]:
        if item["id"] in gone:
            record(part, now, "revoked", item)
    part["superseded"] = [item for item in part["superseded"] if item["id"] not in gone]
