# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: what somebody can do about a call that the API refuses, by its status; the words alone."""

from __future__ import annotations

from collections.abc import Mapping

_USUAL = {
    400: "Correct what the API names.",
    401: "The API token is not valid: it was revoked, has expired, or is a database token (TURSO_AUTH_TOKEN) "
    "instead of an API token.",
    402: "The organization's plan does not allow it.",
    403: "This API token may not do that; a restricted token may not be allowed to manage tokens at all. Use one of a user who may.",
    404: "Check the names of the organization and the group, and api_url.",
    409: "It does not fit what is there by now. Look at what is there, then try again.",
    429: "The rate limit did not pass within the tries; raise api_retries or try again later.",
}

OF_ORGANIZATION = {403: "Use the API token of an admin or owner of the organization."}
ON_CREATE = {
    403: "A token that is restricted to a group takes the API token of an admin or owner of the organization; any other takes one "
    "of a member.",
    409: "A token of that name exists already, and was left as it was. Use another name, or rotate it.",
}


def on_sql_tokens(scope: str, level: str) -> dict[int, str]:
    """Return the advice on a call about SQL tokens that takes this scope, for a database or a group."""
    return {
        403: f"The API token needs {scope}, and has to reach the organization and the group. A token of a group with this "
        "scope is enough.",
        404: f"Check the names of the organization and the {level}, and that the API token reaches them.",
    }


def advice_on(status: int, of_call: Mapping[int, str]) -> str:
    """Return what to do about an answer outside 2xx, as the call has it or as it is usual."""
    if 300 <= status < 400:
        return "Redirects are not followed, so that the token goes to no other host; set api_url to the final address."
    if status >= 500:
        return "The API has a problem of its own; try again later."
    return {**_USUAL, **of_call}.get(status, "Correct what the API names, and check api_url.")
