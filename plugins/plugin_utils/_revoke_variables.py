# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of turso_revocation that are variables of a play, `turso_revoke_` and the name of the option. Private.

A variable that a filter or a lookup reads counts as not given where it cannot be rendered: an exclusion would spare nothing then, and
a rotation file would renew nothing. So all of them are rendered here, and what is wrong ends the run before the first request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.plugin_utils._rendering import rendered_as

PREFIX = "turso_revoke_"
ROTATION = "turso_rotate_"
TOKENS = "turso_rotate_tokens"
_WHAT_FOR = ("name", "kind", "organization", "database", "group")


def options_in(variables: Mapping[str, Any], asked: Collection[str], render: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the options that variables give, rendered; one whose variable is not there, or comes to `omit`, is left out.

    Of a rotation file the module is given what its entries are for, and nothing else: what is in it by mistake is not shown.

    :param asked: which options may be given; in one text as in a list.
    :raises InvalidRequest: a variable of either prefix cannot be rendered, or gives what is not asked.
    """
    words = asked.split(",") if isinstance(asked, str) else asked  # as Ansible splits a text
    known = {PREFIX + option: option for option in map(str.strip, words)}
    unknown = [name for name in variables if name.startswith(PREFIX) and name not in known]
    if unknown:
        raise InvalidRequest(
            f"There is no variable {', '.join(sorted(unknown))}. Nothing was revoked. Use {', '.join(sorted(known))}."
        )
    rendered: dict[str, Any] = {}
    for name in variables:
        if name.startswith((PREFIX, ROTATION)):
            rendered |= rendered_as(name, variables, render)
    options = {option: rendered[name] for name, option in known.items() if name in rendered}
    return {**options, "managed_tokens": _managed(rendered.get(TOKENS, []))}


def named_as_variables(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a result; of a refused option, which its message calls by its own name, it says what the variable is called."""
    error = result.get("error") or {}
    if error.get("kind") != InvalidRequest.kind or error.get("attempts"):
        return result
    return {**result, "msg": f"{result['msg']} Each option is the variable {PREFIX} and its name."}


def _managed(entries: Any) -> list[dict[str, Any]]:
    if isinstance(entries, str) or not isinstance(entries, Sequence):
        raise InvalidRequest(
            f"{TOKENS} is not a list of entries, so it is not known who would need a new token. Nothing was revoked. "
            "Correct it, or leave it out."
        )
    return [{key: entry[key] for key in _WHAT_FOR if key in entry} for entry in entries if isinstance(entry, Mapping)]
