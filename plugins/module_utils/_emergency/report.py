# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the emergency tells its users: the result, and the lines that people read. Pure and private."""

from __future__ import annotations

import dataclasses
import datetime
import operator
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._emergency.aftermath import UNKNOWN, Aftermath
from ansible_collections.community.turso.plugins.module_utils._emergency.outcome import Failure
from ansible_collections.community.turso.plugins.module_utils._emergency.proof import ACCEPTED, Proof
from ansible_collections.community.turso.plugins.module_utils._emergency.request import Request
from ansible_collections.community.turso.plugins.module_utils._emergency.selection import Choice, Selection, owner_of
from ansible_collections.community.turso.plugins.module_utils._emergency.sql_leaks import SqlLeak, uncertain
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import Place
from ansible_collections.community.turso.plugins.module_utils._time import days_old

DRY_RUN = "dry run"
UNCONFIRMED = "unconfirmed"
CHECK_MODE = "check mode"
DONE = "done"

# What a failure returns that came before there was anything to report.
NOTHING: dict[str, Any] = {
    "code": None,
    "selected": [],
    "spared": [],
    "revoked": [],
    "failures": [],
    "proofs": [],
    "unmatched": [],
    "invalidations": [],
    "confirmed": False,
    "minted": None,
    "report": [],
}


@dataclasses.dataclass(frozen=True)
class Report:
    """One run, as its result tells it.

    :ivar mode: whether tokens were revoked, would have been, or were only shown.
    :ivar now: the API's time of the list, which ages are counted to.
    """

    selection: Selection
    mode: str
    now: datetime.datetime
    failures: tuple[Failure, ...]
    proofs: tuple[Proof | SqlLeak, ...]
    revoked: tuple[Token, ...] = ()
    aftermath: Aftermath = UNKNOWN

    @property
    def changed(self) -> bool:
        return bool(self.revoked) or (self.mode == CHECK_MODE and self.selection.count > 0)

    @property
    def summary(self) -> str:
        count = len(self.selection.selected)
        if self.mode == DONE:
            return f"Revoked: {len(self.revoked)} of {count} selected tokens.{self._proven}"
        if self.mode == CHECK_MODE:
            return f"This was check mode: nothing was revoked. {count} selected tokens would be revoked."
        nothing = "This was a dry run: nothing was revoked." if self.mode == DRY_RUN else "Nothing was revoked."
        if self.selection.code is None:
            return nothing
        return (
            f"{nothing} To {self.selection.what_is_selected}, run it again with "
            f"confirm={self.selection.code} (playbook: -e turso_revoke_confirm={self.selection.code})."
        )

    @property
    def _proven(self) -> str:
        proven = sum(proof.proven for proof in self.proofs)
        return f" Values proven dead: {proven} of {len(self.proofs)}." if self.proofs else ""

    @property
    def lines(self) -> list[str]:
        """Return what people read, the summary last."""
        # A failure about a value says the same as its proof, but for what a dry run knows besides.
        messages = [proof.msg for proof in self.proofs] + [failure.msg for failure in self.failures]
        return [
            *map("selected: {}".format, map(self._line, self.selection.selected)),
            *map("spared: {}".format, map(self._line, self.selection.spared)),
            *map("Nothing matches {}.".format, self.selection.unmatched),
            *dict.fromkeys(messages),
            *self.aftermath.lines,
            self.summary,
        ]

    @property
    def msg(self) -> str:
        return " ".join([*(failure.msg for failure in self.failures), self.summary])

    def as_result(self) -> dict[str, Any]:
        """Return the result without msg and error."""
        return {
            "changed": self.changed,
            "code": self.selection.code,
            "selected": list(map(self._entry, self.selection.selected)),
            "spared": list(map(self._entry, self.selection.spared)),
            "revoked": [token.as_result(self.now) for token in self.revoked],
            "failures": list(map(Failure.as_result, self.failures)),
            "proofs": list(map(operator.methodcaller("as_result"), self.proofs)),
            "unmatched": list(self.selection.unmatched),
            "invalidations": list(map(Place.as_result, self.selection.places)),
            "confirmed": self.mode == DONE,
            "minted": self.aftermath.as_result(),
            "report": self.lines,
        }

    def _entry(self, choice: Choice) -> dict[str, Any]:
        return {**choice.token.as_result(self.now), "by": list(choice.by)}

    def _line(self, choice: Choice) -> str:
        token, known, owner = choice.token, choice.token.as_result(self.now), owner_of(choice.token)
        age = "of unknown age" if known["age_days"] is None else days_old(known["age_days"])
        parts = [
            f"id {token.id}",
            owner and f"of {owner}",
            age,
            "/".join(filter(None, (known["organization"], known["group"]))) or "unrestricted",
            known["permissions"],
        ]
        claim = "" if choice.certain else ", which the API does not accept: it only claims this id"
        return f"{token.name!r}: {', '.join(filter(None, parts))} (by {', '.join(choice.by)}{claim})"


def mode_of(confirm: str, is_confirmed: bool) -> str:
    """Return what kind of run it is that revokes nothing."""
    if is_confirmed:
        return CHECK_MODE
    return UNCONFIRMED if confirm else DRY_RUN


def objections(request: Request, selection: Selection, credential_id: str | None) -> list[Failure]:
    """Return what is wrong with a selection, whatever becomes of the rest."""
    failures = [
        Failure(
            f"Token {choice.token.name!r} (id {choice.token.id}) is the API credential that this run uses. It is not revoked. "
            "Revoke it with another credential, or rotate it with the role turso_rotate.",
            choice.token,
        )
        for choice in selection.selected
        if choice.token.id == credential_id
    ]
    failures += map(_not_understood, selection.unclear)
    if not selection.selected and request.is_about_api_tokens:
        failures.append(Failure(_no_match(request, selection)))
    elif request.confirm and not selection.is_confirmed_by(request.confirm):
        failures.append(Failure(_no_confirmation(request.confirm, selection)))
    return failures


def hopeless(selection: Selection, credential_id: str | None) -> list[Failure]:
    """Return the values that a revocation of the selection would not prove dead."""
    failures = []
    for leak in selection.leaks:
        if leak.answer != ACCEPTED:
            failures.append(Failure(leak.judgement, value=leak.number))
        elif leak.id is not None and leak.id not in selection.ids - {credential_id}:
            msg = (
                f"{leak.judgement} Its token (id {leak.id}) is not among those that would be revoked, so it would stay "
                "active. Add it to ids."
            )
            failures.append(Failure(msg, value=leak.number))
    return failures + uncertain(selection.sql)


def unproven(proofs: tuple[Proof, ...]) -> list[Failure]:
    """Return a failure for every value that is not proven dead."""
    return [Failure(proof.msg, value=proof.leak.number) for proof in proofs if not proof.proven]


def _not_understood(label: str) -> Failure:
    return Failure(
        f"Token {label} is selected, but this collection can't read its entry in the list. It is not revoked and may be "
        "active. Revoke it with the Turso CLI: turso auth api-tokens revoke NAME"
    )


def _no_match(request: Request, selection: Selection) -> str:
    spared = " except excluded ones" if selection.spared else ""
    where = "The list of an organization has no unrestricted tokens, and shows plain members only their own."
    if request.organization is None:
        where = "This is the list of the API credential's user. Set organization to search the tokens of others."
    return f"No token matches{spared}. The token may be revoked already, or misspelled, or not in this list. {where}"


def _no_confirmation(confirm: str, selection: Selection) -> str:
    count, because = selection.count, ""
    if confirm == str(count):
        because = f" A number is not enough here: {'; '.join(selection.doubts)}."
    elif selection.places:
        because = " The selection, a database's answer to a leaked value, or the entries that get a new token may have changed."
    return (
        f"The confirmation {confirm!r} does not match the {count} selected tokens.{because} Check the list before you "
        "confirm it."
    )


def error_of(report: Report) -> dict[str, Any]:
    """Return the machine-readable half of a failure: the first request that failed, else a refusal."""
    errors = (failure.error for failure in report.failures if failure.error is not None)
    return next(errors, Refused(report.msg)).as_error()
