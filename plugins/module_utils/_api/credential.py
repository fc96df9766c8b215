# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API credential of a run: where it came from, what it is, and what that means for a request that is refused.

Private to this collection. What can be told from the credential's own claims is told; nothing here asks the API.
"""

from __future__ import annotations

import dataclasses
import datetime
import re

from ansible_collections.community.turso.plugins.module_utils._api.claims import GROUP, SESSION, SQL, Claims, claims_of
from ansible_collections.community.turso.plugins.module_utils._errors import (
    BadOption,
    Forbidden,
    Refused,
    TursoError,
)
from ansible_collections.community.turso.plugins.module_utils._time import utc_text

SHORTEST_CHARACTERS = 16  # of a credential of a run that returns secrets; real ones have some 200
SESSION_ENDS_SOON = datetime.timedelta(days=2)
HOW_TO_MINT = "Use an API token: turso auth api-tokens mint NAME"

# What the API's own words for a refusal mean.
_OF_SQL = "This is the API's answer to a SQL token, the kind that applications use for a database"
_MEANINGS = {
    "could not parse jwt id": _OF_SQL,
    "token contains an invalid number of segments": "This is the API's answer to a value that is not a token, or that was cut off",
    "invalid api token": "This is the API's answer to a token that was revoked, or that never existed",
    "group-scoped token cannot access org-level resources": "This is the API's answer to a token that is restricted to a group",
}


@dataclasses.dataclass(frozen=True)
class Credential:
    """An API credential.

    source says where it came from, as messages put it: "the option api_token".
    """

    value: str = dataclasses.field(repr=False)
    source: str
    claims: Claims

    @classmethod
    def read(cls, value: str | None, source: str, variables: tuple[str, ...]) -> Credential:
        """Return the credential that the options or the environment give.

        :param variables: the environment variables that can hold it, for the message.
        :raises BadOption: where there is none, and where it is wrapped in what does not belong to it.
        """
        if value is None:
            raise BadOption(
                "No API token was given.",
                f"Set the environment variable {' or '.join(variables)}, or the option api_token.",
            )
        refuse_wrapped(f"The API token, which came from {source},", value)
        return cls(value, source, claims_of(value))

    def refuse_sql(self) -> None:
        """Refuse a SQL token, which the API never takes.

        :raises BadOption: where it is one.
        """
        if self.claims.kind == SQL:
            raise BadOption(self.sql_warning, f"{HOW_TO_MINT}.")

    def refuse_to_mask(self) -> None:
        """Refuse a credential so short that it can occur in a new secret. Ansible would mask it there, and so destroy it.

        :raises Refused: where it is as short as that.
        """
        if len(self.value) < SHORTEST_CHARACTERS:
            raise Refused(
                f"The API token, which came from {self.source}, has fewer than {SHORTEST_CHARACTERS} characters. Ansible "
                "masks it in every text, so it could destroy the value of a new token. Nothing was created. Set the whole "
                "API token; where a gateway adds the real one, set a longer placeholder."
            )

    @property
    def sql_warning(self) -> str:
        return (
            f"The API token, which came from {self.source}, is a SQL token: the kind that an application uses for a "
            "database (TURSO_AUTH_TOKEN). The Turso Platform API accepts no SQL tokens."
        )

    @property
    def _cannot_mean(self) -> str | None:
        """Return what the API says of a SQL token, and of what has no id either: a session, for example."""
        return None if self.claims.kind is None else _OF_SQL

    def warnings(self, now: datetime.datetime) -> list[str]:
        """Return what to tell of a credential that works, but not for long."""
        end = self.claims.expires_at
        if self.claims.kind != SESSION or end is None or not now < end <= now + SESSION_ENDS_SOON:
            return []
        told = f"The API token, which came from {self.source}, is a login session of the Turso CLI that ends at {utc_text(end)}."
        return [f"{told} Runs after that fail. {HOW_TO_MINT}."]

    def explanation(self, error: TursoError, now: datetime.datetime, *, is_about_tokens: bool = True) -> str:
        """Return what to add to the message of a request that was refused for the sake of the credential.

        :param is_about_tokens: the request manages API tokens, which no token of a group may do.
        """
        sentences = [f"The API token came from {self.source}."]
        meaning = _MEANINGS.get((error.api_message or "").strip().lower())
        if meaning not in (None, self._cannot_mean):
            sentences.append(f"{meaning}.")
        if self.claims.kind == SESSION and self.claims.expires_at is not None:
            verb = "ended" if self.claims.expires_at <= now else "ends"
            sentences.append(
                f"It is a login session of the Turso CLI that {verb} at {utc_text(self.claims.expires_at)}."
            )
            sentences.append(f"{HOW_TO_MINT}.")
        if self.claims.kind == GROUP and isinstance(error, Forbidden):
            sentences.append(
                "It is restricted to a group and can't manage API tokens. Use an API token without a group."
                if is_about_tokens
                else "It is restricted to a group and has no access outside that group."
            )
        return " ".join(sentences)


def refuse_wrapped(what: str, value: str) -> None:
    """Refuse the text of a credential that is none as it stands.

    :param what: begins the message.
    :raises BadOption: it is empty, or wrapped in what does not belong to it. The value is not shown.
    """
    if not value.strip():
        raise BadOption(f"{what} is empty.", "Set its value.")
    if value.strip()[0] in "'\"" or value.strip()[-1] in "'\"":
        raise BadOption(f"{what} is in quotes.", "Remove them; an env file that is not read by a shell keeps them.")
    if re.match(r"\s*bearer\s", value, re.IGNORECASE):
        raise BadOption(f"{what} begins with 'Bearer'.", "Set the token alone.")
    if not re.fullmatch(r"[\x21-\x7e]+", value):
        raise BadOption(
            f"{what} has white space or characters that no HTTP header can carry.",
            "Check where it is read from; a line break at its end is the usual cause.",
        )
