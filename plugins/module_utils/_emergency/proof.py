# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be known of a leaked value: what it claims, what the API answers, what that proves. Pure and private."""

from __future__ import annotations

import dataclasses

from ansible_collections.community.turso.plugins.module_utils._api.claims import SQL, Claims, claims_of, unwrapped

ACCEPTED = "accepted"  # 2xx
REJECTED = "rejected"  # 401
FORBIDDEN = "forbidden"  # 403, which working tokens have been seen to get
UNKNOWN = "unknown"  # it could not be asked, or the answer says nothing

PERHAPS_CUT = "It may be incomplete, for example cut off in a log, and its token may still be active."


@dataclasses.dataclass(frozen=True)
class Value:
    """A given value.

    :ivar number: its place among the given values, from 1. Values are never shown, so this is what it is called.
    :ivar claims: what it says of itself, unverified, also where quotes or line breaks came with it.
    """

    number: int
    text: str = dataclasses.field(repr=False)
    claims: Claims

    @classmethod
    def of(cls, number: int, text: str) -> Value:
        return cls(number, text, claims_of(unwrapped(text)))

    @property
    def is_sql(self) -> bool:
        return self.claims.kind == SQL


@dataclasses.dataclass(frozen=True)
class Leak:
    """A given value that may be an API token, as the API judged it before anything was revoked.

    :ivar number: that of the value.
    :ivar id: the id that it claims, unverified; none where it claims none.
    :ivar answer: one of the four words above.
    :ivar reason: why it could not be asked; none where it could.
    """

    number: int
    id: str | None
    answer: str
    reason: str | None = None

    @property
    def label(self) -> str:
        return f"value {self.number}"

    @property
    def judgement(self) -> str:
        """Return a sentence about what is known of it before anything is revoked."""
        return {
            ACCEPTED: f"Value {self.number} is active: the API accepts it.",
            REJECTED: f"The API already rejects value {self.number} (401). {PERHAPS_CUT}",
            FORBIDDEN: f"The API answers 403 to value {self.number}, which does not say whether it is active.",
            UNKNOWN: f"Value {self.number} could not be tried: {self.reason}.",
        }[self.answer]


@dataclasses.dataclass(frozen=True)
class Proof:
    """What the answers before and after say of a value; after is none where nothing was revoked."""

    leak: Leak
    after: str | None

    @property
    def number(self) -> int:
        return self.leak.number

    @property
    def proven(self) -> bool:
        """Tell whether it is proven dead: the API accepted it before, and rejects it now."""
        return self.leak.answer == ACCEPTED and self.after == REJECTED

    @property
    def msg(self) -> str:
        number = self.leak.number
        if self.after is None:
            return self.leak.judgement
        if self.proven:
            return f"Value {number} is proven dead: the API accepted it before and rejects it now (401)."
        if self.after == ACCEPTED:
            return f"WARNING: value {number} is still active: the API accepts it. Find its token and revoke it."
        if self.leak.answer == REJECTED:
            return (
                f"WARNING: value {number} is not proven dead: the API rejected it before this run, too. {PERHAPS_CUT} "
                "Compare it with where it was found, and select its token by name or id."
            )
        return (
            f"WARNING: value {number} is not proven dead and may still work. Before the revocation the API's answer was "
            f"{self.leak.answer}, after it {self.after}. Run this again, and select its token by name or id."
        )

    def as_result(self) -> dict[str, object]:
        return {
            "value": self.leak.number,
            "id": self.leak.id,
            "before": self.leak.answer,
            "after": self.after,
            "proven": self.proven,
            "msg": self.msg,
        }
