# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What whoever has a leaked token may have minted with it, by the audit log of the organization. Private.

The log knows users, not tokens: what it shows may be the user's own work. It is asked last, so that no revocation waits for it.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping

from ansible_collections.community.turso.plugins.module_utils._api.audit_log import (
    AuditLog,
    LogEntry,
    read_audit_log,
)
from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

MINTING = ("user-token-create", "db-token-create", "group-token-create")
LINES_SHOWN = 40
BEGINNING = datetime.date(1970, 1, 1)
NO_LOG = (402, 403, 404)  # the plan or the right is missing

# When the oldest selected token of each user was made: the earliest moment at which one can have leaked.
Suspects = Mapping[str, datetime.datetime]


@dataclasses.dataclass(frozen=True)
class Aftermath:
    """What the log says of some users.

    :ivar minted: the newest first; none where that is not known.
    :ivar lines: what people read of it; nothing where there is no log for this plan or this credential.
    """

    minted: tuple[LogEntry, ...] | None = None
    lines: tuple[str, ...] = ()

    @classmethod
    def told(cls, log: AuditLog, suspects: Suspects) -> Aftermath:
        minted = tuple(entry for entry in log.entries if _is_suspect(entry, suspects))
        shown = [f"minted since: {_line(entry)}" for entry in minted[:LINES_SHOWN]]
        return cls(minted, (*shown, " ".join(filter(None, _sentences(len(minted), suspects, log)))))

    def as_result(self) -> list[dict[str, str]] | None:
        return None if self.minted is None else [entry.as_result() for entry in self.minted]


UNKNOWN = Aftermath()


def look_further(api: Api, organization: str | None, tokens: Iterable[Token]) -> Aftermath:
    """Ask the log what the users of some tokens minted since; without an organization there is none."""
    suspects = suspects_among(tokens)
    if organization is None or not suspects:
        return UNKNOWN
    try:
        log = read_audit_log(api, organization, min(suspects.values()))
    except TursoError as exc:
        if exc.status in NO_LOG:
            return UNKNOWN
        return Aftermath(lines=(f"It is not known which tokens were minted since then. {exc.msg}",))
    return Aftermath.told(log, suspects)


def suspects_among(tokens: Iterable[Token]) -> dict[str, datetime.datetime]:
    """Return the users of some tokens, as far as the list tells them, with the time of their oldest one."""
    suspects: dict[str, datetime.datetime] = {}
    for token in tokens:
        user = str((token.owner or {}).get("username") or "")
        made = _made(token)
        suspects[user] = min(made, suspects.get(user, made))
    suspects.pop("", None)
    return suspects


def _made(token: Token) -> datetime.datetime:
    """Return the earliest moment at which a token can have been made; the beginning of time where nothing tells."""
    if token.issued_at is not None:
        return token.issued_at.replace(microsecond=0)
    day = token.created_day or BEGINNING
    return datetime.datetime.combine(day, datetime.time(), datetime.timezone.utc)


def _is_suspect(entry: LogEntry, suspects: Suspects) -> bool:
    """Tell whether one of the users minted a token since; without a time nothing says that it was before."""
    if entry.code not in MINTING or entry.author not in suspects:
        return False
    return entry.at is None or entry.at >= suspects[entry.author]


def _sentences(count: int, suspects: Suspects, log: AuditLog) -> Iterable[str]:
    who = ", ".join(f"{user} since {utc_text(since)}" for user, since in sorted(suspects.items()))
    yield f"Tokens that the audit log shows as minted by {who}: {count}."
    if count > LINES_SHOWN:
        yield f"{count - LINES_SHOWN} more are in the result (minted)."
    if count:
        yield "Find out which of them nobody needs, and revoke or invalidate them: see the incident runbook."
    if log.is_cut:
        yield "Older entries of the log were not read."


def _line(entry: LogEntry) -> str:
    return ", ".join(filter(None, (entry.created_at, entry.code, f"by {entry.author}", entry.origin, entry.message)))
