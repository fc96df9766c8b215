# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: what somebody can do about a call that the API refuses, by its status; the words alone."""

from __future__ import annotations

from collections.abc import Mapping

_USUAL = {
    400: "Correct the value that the API names.",
    401: "The API token is not valid: it was revoked, has expired, or is a SQL token (TURSO_AUTH_TOKEN). Use another API "
    "token.",
    402: "The organization's plan does not include this. Change the plan, or do without it.",
    403: "This API token has no permission for that. Some restricted tokens can't manage tokens at all. Use the API token "
    "of a user who has the permission.",
    404: "Check the names of the organization and the group, and api_url.",
    409: "It conflicts with what exists now. List what exists, then run this again.",
    429: "The rate limit was still active after the last try. Run this again later, or raise api_retries.",
}

OF_ORGANIZATION = {403: "Use the API token of an admin or owner of the organization."}
ON_CREATE = {
    403: "To create a token that is restricted to a group, use the API token of an admin or owner of the organization. For "
    "any other token a member's API token is enough.",
    409: "A token of this name exists already. Use another name, or rotate the token.",
}


def on_sql_tokens(scope: str, level: str) -> dict[int, str]:
    """Return the advice on a call about SQL tokens that takes this scope, for a database or a group."""
    return {
        403: f"The API token needs the scope {scope}, and access to the organization and the group. An API token of the group with this "
        "scope is enough.",
        404: f"Check the names of the organization and the {level}, and whether the API token has access to them.",
    }


def advice_on(status: int, of_call: Mapping[int, str]) -> str:
    """Return what to do about an answer outside 2xx, as the call has it or as it is usual."""
    if 300 <= status < 400:
        return (
            "The collection follows no redirects, so the API token went to no other host. Set api_url to the final "
            "address."
        )
    if status >= 500:
        return "The problem is on the API's side. Run this again later."
    return {**_USUAL, **of_call}.get(status, "Correct the value that the API names, and check api_url.")
