# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be found, and how bad it is. Private to this collection."""

from __future__ import annotations

import dataclasses

SEVERITIES = ("info", "low", "medium", "high")  # the mildest first
OFF = "off"
NEVER = "never"

# Scopes that create credentials, end those of others, or delete.
POWERS = frozenset(
    {"db:mint-token", "db:rotate-creds", "db:delete", "group:mint-token", "group:rotate-creds", "group:delete"}
)


@dataclasses.dataclass(frozen=True)
class Rule:
    """One thing that may be found. The meaning and the remedy are for the reader of the report."""

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
            "The token has access to everything that its user has access to. Turso has deprecated such tokens and will "
            "remove them.",
            "Rotate it with an organization, and with a group and scopes where these suffice.",
        ),
        Rule(
            "aged",
            "medium",
            "Older than the policy",
            "The token is older than the policy allows. In that time its value may have leaked unnoticed.",
            "Rotate it, or revoke it if nobody uses it any more.",
        ),
        Rule(
            "full_access",
            "medium",
            "Full access",
            "The token has every scope that this collection knows: it may delete databases and create credentials.",
            "Rotate it with only the scopes that its application needs.",
        ),
        Rule(
            "unfinished_rotation",
            "medium",
            "Unfinished rotation",
            "More than one version of a managed token is active, so an old value still works.",
            "Find out which version is in use, then run the rotation again.",
        ),
        Rule(
            "mints_or_destroys",
            "low",
            "Mints or destroys",
            "The token may create credentials, end those of others, or delete databases or groups.",
            "Rotate it without these scopes if its application does not need them.",
        ),
        Rule(
            "duplicate_name",
            "low",
            "Shared name",
            "Several users have a token with this name. Only the id distinguishes them.",
            "Revoke the tokens that nobody uses, and give the others different names when you rotate them.",
        ),
        Rule(
            "unknown_age",
            "low",
            "Unknown age",
            "The API returns no date of creation, or one in the future, so the policy cannot judge the age of the token.",
            "Rotate it: the name of the new version has its time.",
        ),
        Rule(
            "organization_wide",
            "info",
            "Organization-wide",
            "The token may do everything in its organization that its user may do.",
            "Rotate it with a group and scopes if these suffice.",
        ),
        Rule(
            "expired",
            "high",
            "SQL token that ended",
            "The SQL token in the vault file has ended. Applications that use it are locked out.",
            "Run the rotation, and find out why it did not run.",
        ),
        Rule(
            "dead",
            "high",
            "SQL token that is dead",
            "The database rejects the SQL token in the vault file, or all its tokens were invalidated after this one was "
            "minted.",
            "Run the rotation: it delivers another one.",
        ),
        Rule(
            "foreign",
            "high",
            "SQL token for another database",
            "The SQL token in the vault file is for another database or group than its entry, or the database was recreated.",
            "Run the rotation, or correct the name of the value in the vault file.",
        ),
        Rule(
            "endless",
            "medium",
            "SQL token without an end",
            "The SQL token never ends, and cannot be revoked alone. If its value leaks, it works forever.",
            "Give it an entry in the rotation file. The rotation replaces it with a token that ends.",
        ),
        Rule(
            "expiring",
            "medium",
            "SQL token that should have been renewed",
            "The SQL token ends soon, and no rotation has renewed it. At its end, applications that use it are locked out.",
            "Find out why the rotation does not run or fails, and run it.",
        ),
    )
}


def at_least(severity: str) -> tuple[str, ...]:
    """Return a severity and those above it."""
    return SEVERITIES[SEVERITIES.index(severity) :]
