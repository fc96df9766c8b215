# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Issue and prove the successors that a plan asks for; later, revoke what they replaced."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.listing import Listing
from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Issued, Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest, Refused, TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file as _ledger
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import (
    Settlement,
    checked,
    living,
    plan,
    settle,
    strike,
)
from ansible_collections.community.turso.plugins.module_utils._token.apply import side_by_side
from ansible_collections.community.turso.plugins.module_utils._token.create import create
from ansible_collections.community.turso.plugins.module_utils._token.decide import Wanted
from ansible_collections.community.turso.plugins.module_utils._token.outcome import failure_kept_in
from ansible_collections.community.turso.plugins.module_utils._token.refusals import tell_of_refusals
from ansible_collections.community.turso.plugins.module_utils._token.revoke import LIST_PAUSES_SECONDS, withdraw
from ansible_collections.community.turso.plugins.module_utils._token.verify import prove

_PENDING = "pending: "


@dataclasses.dataclass
class Successor:
    """What became of the successor of one logical token."""

    plan: Mapping[str, Any]
    wanted: Wanted
    is_running: bool  # the logical token that authenticates the run is this one
    keeps_ledger: bool
    issued: Issued | None = None
    token: Token | None = None
    proven: str | None = None
    error: TursoError | None = None

    @property
    def given_out(self) -> Issued | None:
        """Return what was issued and proven."""
        return None if self.error else self.issued

    @property
    def ref(self) -> dict[str, str | None] | None:
        return {"name": self.given_out.token.name, "id": self.given_out.token.id} if self.given_out else None

    @property
    def is_pending(self) -> bool:
        """Tell whether the commit has something to do for it, if only to fail."""
        leaves_work = self.plan["superseded"] or self.keeps_ledger
        return bool(self.error or self.plan["sweep"] or (self.given_out and leaves_work))

    def report(self) -> dict[str, Any]:
        """Return what the role reports until the commit; never a secret."""
        report: dict[str, Any] = self.plan["report"]
        if self.error is not None:
            return {**report, "action": "failed", "msg": f"{report['name']}: {self.error.msg}"}
        if self.given_out is None:
            return report
        name = self.given_out.token.name
        yet = ", nothing revoked yet" if self.plan["superseded"] else ""
        told = f"{report['name']}: {report['reason']}, issued {name} ({self.proven}){yet}"
        return {**report, "action": "issued", "issued": name, "kept": [*report["kept"], name], "msg": told}

    def as_result(self, now: datetime.datetime) -> dict[str, Any]:
        """Return what was done for the token."""
        return {
            "name": self.plan["name"],
            "reason": self.plan["reason"],
            "changed": self.given_out is not None,
            "failed": self.error is not None,
            "issued": self.ref,
            "token": self.token.as_result(now) if self.given_out and self.token else None,
            "proven": self.proven,
            "error": self.error.as_error() if self.error else None,
        }

    def as_pending(self) -> dict[str, Any]:
        """Return what L(commit) needs to know."""
        needed = ("name", "action", "current", "superseded", "in_flight", "grace_hours")
        return {
            **{key: self.plan[key] for key in needed},
            "issued": self.ref,
            "failed": self.error is not None,
            "is_running": self.is_running,
            "report": self.report(),
        }


def rotate(
    tokens: Tokens,
    wanted: Sequence[Mapping[str, Any]],
    *,
    ledger_path: str | None,
    validate: bool,
    running: str | None,
    concurrency: int,
    check_mode: bool,
    **defaults: Any,
) -> dict[str, Any]:
    """Plan the rotation of logical tokens and issue the successors of those that are due.

    :param wanted: the entries of C(turso_rotate_tokens).
    :param defaults: those of L(checked), which refuses before the first request.
    :returns: what the module returns; C(pending) is a text because templates copy, and for ansible-core < 2.19 print and
        read, every structure that they touch, which takes minutes with a thousand tokens.
    """
    ledger = _ledger.read(ledger_path) if ledger_path else None
    checked(wanted, keeps_ledger=ledger is not None, **defaults)
    listing = tokens.list_own()
    objects = [token.as_result(listing.moment) for token in listing.tokens]
    plans = plan(objects, wanted, listing.moment, nonce=os.urandom(2).hex(), ledger=ledger, **defaults)
    own_id = _listed_own_id(tokens, listing)
    everyone = [_successor(one, own_id, running, keeps_ledger=ledger is not None) for one in plans]
    now = listing.moment if check_mode else _issue(tokens, everyone, validate=validate, concurrency=concurrency)
    pending = [] if check_mode else [one.as_pending() for one in everyone if one.is_pending]
    due = [one for one in everyone if one.plan["action"] != "none"]
    return {
        "changed": any(one.given_out for one in everyone) or (check_mode and bool(due)),
        "results": [one.as_result(now) for one in everyone],
        "report": [one.report() for one in everyone],
        "secrets": {one.plan["name"]: one.given_out.secret for one in everyone if one.given_out},
        "due": [one.plan["name"] for one in due],
        "issued": [one.given_out.token.name for one in everyone if one.given_out],
        "heir": next((one.plan["name"] for one in everyone if one.given_out and one.is_running), None),
        "all_failed": bool(due) and all(one.error for one in due),
        "pending": pending_text(pending) if pending else "",
    }


def pending_text(pending: Sequence[Mapping[str, Any]]) -> str:
    """Return as one line of text what is to be committed; begun so that no template takes it for a structure."""
    return f"{_PENDING}{json.dumps(pending)}"


def pending_of(text: str) -> list[dict[str, Any]]:
    """Return what a text of L(pending_text) says.

    :raises InvalidRequest: it is none.
    """
    try:
        if not text.startswith(_PENDING):
            raise ValueError
        pending: list[dict[str, Any]] = json.loads(text[len(_PENDING) :])
    except ValueError as exc:
        raise InvalidRequest("pending must be the text that state=present returned. Nothing was revoked.") from exc
    return pending


def _issue(tokens: Tokens, everyone: Sequence[Successor], *, validate: bool, concurrency: int) -> datetime.datetime:
    """Issue the successors and prove each: by one list, and by its secret if C(validate). Return the API's time.

    A successor that is not proven is revoked again; its failure stops no other.
    """
    due = [one for one in everyone if one.plan["successor"]]
    side_by_side(lambda one: _create(tokens, one), due, concurrency)
    tell_of_refusals(tokens, due, are_ours=True)
    issued = [one for one in due if one.issued]
    now = _prove_by_list(tokens, issued)
    if validate:
        side_by_side(lambda one: _prove_by_secret(tokens, one), [one for one in issued if not one.error], concurrency)
    unproven = [(one, one.issued, one.error) for one in due if one.issued and one.error]
    side_by_side(lambda job: _withdraw(tokens, *job), unproven, concurrency)
    return now


def _listed_own_id(tokens: Tokens, listing: Listing) -> str | None:
    """Return which of the listed tokens the credential in use is; none where its C(jti) does not tell."""
    return next((token.id for token in listing.tokens if token.id == tokens.own_id), None)


def _successor(planned: Mapping[str, Any], own_id: str | None, running: str | None, *, keeps_ledger: bool) -> Successor:
    """Return what is to become of a plan.

    :param own_id: that of L(_listed_own_id).
    :param running: the logical name of the credential in use, for where there is none.
    """
    replaced = {ref["id"] for ref in (*planned["superseded"], planned["current"]) if ref}
    wanted = {"name": planned["name"], **(planned["successor"] or {})}
    return Successor(
        plan=planned,
        wanted=Wanted.from_params(wanted),
        is_running=own_id in replaced if own_id is not None else planned["name"] == running,
        keeps_ledger=keeps_ledger,
    )


def _create(tokens: Tokens, one: Successor) -> None:
    def another_name() -> str:
        return f"{(one.wanted.name or '')[:-4]}{os.urandom(2).hex()}"

    with failure_kept_in(one):
        one.issued = create(tokens, one.wanted, new_name=another_name)


def _prove_by_list(tokens: Tokens, successors: Sequence[Successor]) -> datetime.datetime:
    """Find every successor, by its id and with exactly what was asked for, in one list; a late list is asked again."""
    lost: TursoError | None = None
    now = datetime.datetime.now(datetime.timezone.utc)
    for pause in LIST_PAUSES_SECONDS if successors else ():
        tokens.api.pause(pause)
        try:
            listing = tokens.list_own()
        except TursoError as exc:
            lost = exc
            break
        now = listing.moment
        by_id = {token.id: token for token in listing.tokens}
        by_name = {token.name: token for token in listing.tokens}
        for one in successors:
            # Nobody else can have chosen its name.
            one.token = by_id.get(one.issued.token.id) or by_name.get(one.issued.token.name) if one.issued else None
        if all(one.token for one in successors):
            break
    for one in successors:
        if one.token is None and lost is not None:
            one.error = lost.become(type(lost), f"The new token could not be proven. {lost.msg}")
        else:
            one.error = _unlike(one)
        one.proven = None if one.error else "listed"
    return now


def _unlike(one: Successor) -> TursoError | None:
    if one.issued is None or one.token is None:
        return Refused("The new token is not in the list of tokens, so it was not proven.")
    differences = one.token.restriction.differences(one.wanted.restriction)
    if one.token.id != one.issued.token.id:
        differences.append(f"its id is {one.token.id}, not {one.issued.token.id}")
    if one.token.name != one.issued.token.name:
        differences.append(f"its name is {one.token.name!r}, not {one.issued.token.name!r}")
    return (
        Refused(f"The API issued another token than was asked for: {'; '.join(differences)}.") if differences else None
    )


def _prove_by_secret(tokens: Tokens, one: Successor) -> None:
    with failure_kept_in(one):
        if one.issued is not None and prove(tokens, one.issued) is None:
            one.proven = "validated"


def _withdraw(tokens: Tokens, one: Successor, issued: Issued, unproven: TursoError) -> None:
    # Normally the one that its create answered; where the list has another one under its name, that one.
    token = one.token if one.token and one.token.id != issued.token.id else issued.token
    ref = f"{token.name} (id {token.id})"
    one.proven = None
    problem = _problem_in_revoking(tokens, token)
    told = (
        f"{ref} was revoked again."
        if problem is None
        else f"Revoking {ref} failed, too ({problem}) Revoke it by its id: it may be alive."
    )
    one.error = unproven.become(type(unproven), f"{unproven.msg} {told}")


@dataclasses.dataclass
class Commit:
    """What a commit did for one logical token."""

    pending: Mapping[str, Any]
    settlement: Settlement
    revoked: list[str] = dataclasses.field(default_factory=list)  # ids
    problems: list[str] = dataclasses.field(default_factory=list)

    def report(self) -> dict[str, Any]:
        """Return what the role reports of the token."""
        revoked = [ref["name"] for ref in self.settlement.revoke if ref["id"] in self.revoked]
        kept = [ref for ref in self.settlement.revoke if ref["id"] not in self.revoked] + self.settlement.kept
        report = {**self.pending["report"], "revoked": revoked, "kept": [ref["name"] for ref in kept]}
        if self.problems:
            return {**report, "action": "failed", "msg": f"{self.settlement.name}: {' '.join(self.problems)}"}
        report["action"] = "swept" if self.pending["action"] == "sweep" else "rotated"
        return {**report, "msg": _told(report, kept)}


def _told(report: Mapping[str, Any], kept: Sequence[Mapping[str, Any]]) -> str:
    parts = [report["reason"] or "not due"]
    if report["issued"]:
        parts.append(f"issued {report['issued']}")
    parts.append(f"revoked {', '.join(report['revoked']) or 'nothing'}")
    parts += [f"{ref['name']} stays {ref['why']}" for ref in kept if ref.get("why")]
    return f"{report['name']}: {', '.join(parts)}"


def commit(
    tokens: Tokens,
    pendings: Sequence[Mapping[str, Any]],
    successor_tokens: Tokens | None,
    *,
    window: datetime.timedelta,
    ledger_path: str | None,
    concurrency: int,
) -> tuple[bool, list[dict[str, Any]]]:
    """Revoke what the successors that were handed over replace: list, check, write the ledger, revoke.

    The list is made under the lock of the ledger, so that what a run beside this one revoked is not on it.

    :param pendings: what L(rotate) left to be done; entries that failed then are only reported.
    :param successor_tokens: a client with the secret of the successor of the credential in use, if that is replaced, too.
    :returns: whether anything was revoked, and the report.
    """
    failed = {pending["name"]: pending["report"] for pending in pendings if pending["failed"]}
    able = [pending for pending in pendings if not pending["failed"]]
    commits = (
        _commit(tokens, able, successor_tokens, window=window, ledger_path=ledger_path, concurrency=concurrency)
        if able
        else []
    )
    reports = {**failed, **{one.settlement.name: one.report() for one in commits}}
    return any(one.revoked for one in commits), [reports[pending["name"]] for pending in pendings]


def _commit(
    tokens: Tokens,
    pendings: Sequence[Mapping[str, Any]],
    successor_tokens: Tokens | None,
    *,
    window: datetime.timedelta,
    ledger_path: str | None,
    concurrency: int,
) -> list[Commit]:
    with _ledger.locked(ledger_path) if ledger_path else contextlib.nullcontext():
        listing = tokens.list_own()
        ledger = _ledger.read(ledger_path) if ledger_path else None
        objects = [token.as_result(listing.moment) for token in listing.tokens]
        alive = living(objects, [pending["name"] for pending in pendings], listing.moment)
        commits = [
            Commit(pending, settle(pending, alive[pending["name"]], listing.moment, window, ledger))
            for pending in pendings
        ]
        for one in commits:
            if one.settlement.refusal is not None:
                one.problems.append(one.settlement.refusal)
        if ledger_path and ledger is not None:
            try:
                _ledger.write(ledger_path, ledger)
            except Refused as exc:
                raise exc.become(Refused, f"{exc.msg} Nothing was revoked.") from exc
        _revoke_all(tokens, successor_tokens, commits, listing, concurrency)
        if ledger_path and ledger is not None:
            _strike_revoked(ledger_path, ledger, commits, listing.moment)
    return commits


def _strike_revoked(
    ledger_path: str, ledger: dict[str, Any], commits: Sequence[Commit], now: datetime.datetime
) -> None:
    """Take what was revoked out of the ledger. A ledger that still names it does no harm, but something is wrong."""
    revoking = [one for one in commits if one.revoked]
    for one in revoking:
        strike(ledger, one.settlement.name, one.revoked, now)
    if revoking:
        try:
            _ledger.write(ledger_path, ledger)
        except Refused as exc:
            for one in revoking:
                one.problems.append(f"It was rotated, but the ledger could not be told what was revoked. {exc.msg}")


def _revoke_all(
    tokens: Tokens,
    successor_tokens: Tokens | None,
    commits: Sequence[Commit],
    listing: Listing,
    concurrency: int,
) -> None:
    """Revoke side by side, the credential in use last."""
    by_id = {token.id: token for token in listing.tokens}
    own_id = _listed_own_id(tokens, listing)
    jobs, last = [], []
    for one in commits:
        ids = [ref["id"] for ref in one.settlement.revoke]
        own = [token_id for token_id in ids if (token_id == own_id if own_id else one.pending["is_running"])]
        jobs += [(one, by_id[token_id]) for token_id in ids if token_id not in own]
        if own:
            last.append((one, own))
    side_by_side(lambda job: _revoke_one(tokens, *job), jobs, concurrency)
    for one, ids in last:
        issued = one.pending["issued"]
        if issued is None and own_id is None:  # swept by its successor or by itself, and only the API can tell
            for token_id in ids:
                _revoke_one(tokens, one, by_id[token_id])
            continue
        problem = _problem_with(successor_tokens, [*ids, *([issued["id"]] if issued else [])])
        if successor_tokens is None or problem is not None:
            one.problems.append(
                f"Its predecessor is the credential of this run and was not revoked, because {problem}."
            )
            continue
        for token_id in ids:
            _revoke_one(successor_tokens, one, by_id[token_id])


def _revoke_one(tokens: Tokens, one: Commit, token: Token) -> None:
    problem = _problem_in_revoking(tokens, token)
    if problem is None:
        one.revoked.append(token.id or "")
    else:
        one.problems.append(problem)


def _problem_in_revoking(tokens: Tokens, token: Token) -> str | None:
    """Revoke a token, and say what went wrong; none if nothing did."""
    attempt = _Attempt()
    with failure_kept_in(attempt):
        withdraw(tokens, token)
    return attempt.error.msg if attempt.error else None


@dataclasses.dataclass
class _Attempt:
    error: TursoError | None = None


def _problem_with(successor_tokens: Tokens | None, ids: Sequence[str]) -> str | None:
    """Say why the successor of the credential in use cannot take over, none if it can."""
    if successor_tokens is None:
        return "only its successor may do that, and this run did not issue one"
    try:
        seen = {token.id for token in successor_tokens.list_own().tokens}
    except TursoError as exc:
        return f"its successor may not list tokens ({exc.msg.rstrip('.')})"
    missing = [token_id for token_id in ids if token_id not in seen]
    return f"its successor does not see the token with the id {missing[0]}" if missing else None
