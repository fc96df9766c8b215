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

from ansible.errors import AnsibleError

from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest

PREFIX = "turso_revoke_"
ROTATION = "turso_rotate_"
TOKENS = "turso_rotate_tokens"
_WHAT_FOR = ("name", "kind", "organization", "database", "group")


def options_in(variables: Mapping[str, Any], asked: Collection[str], render: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the options that variables give, rendered; one whose variable is not there is left out.

    Of a rotation file the module is given what its entries are for, and nothing else: what is in it by mistake is not shown.

    :param asked: which options may be given.
    :raises InvalidRequest: a variable of either prefix cannot be rendered, or gives what is not asked.
    """
    known = {PREFIX + option: option for option in asked}
    unknown = [name for name in variables if name.startswith(PREFIX) and name not in known]
    if unknown:
        raise InvalidRequest(
            f"There is no variable {', '.join(sorted(unknown))}. Nothing was revoked. Use {', '.join(sorted(known))}."
        )
    given = {name: value for name, value in variables.items() if name.startswith((PREFIX, ROTATION))}
    rendered = {name: _rendered(name, value, render) for name, value in given.items()}
    options = {option: rendered[name] for name, option in known.items() if name in rendered}
    return {**options, "managed_tokens": _managed(rendered.get(TOKENS))}


def _managed(entries: Any) -> list[dict[str, Any]]:
    written = entries if isinstance(entries, Sequence) else ()
    return [{key: entry[key] for key in _WHAT_FOR if key in entry} for entry in written if isinstance(entry, Mapping)]


def _rendered(name: str, value: Any, render: Callable[[Any], Any]) -> Any:
    try:
        return render(value)
    except AnsibleError as exc:
        raise InvalidRequest(f"{name} cannot be rendered: {exc}. Nothing was revoked. Correct the variable.") from exc
