# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.community.turso.plugins.module_utils._emergency.selection import select
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError


def revocation_selection(tokens: list[dict[str, Any]], **asked: Any) -> dict[str, Any]:
    """Door to L(select), which says what goes in and out."""
    if not isinstance(tokens, list) or not all(isinstance(token, dict) and token.get("name") for token in tokens):
        raise AnsibleFilterError("revocation_selection: the input must be a list of dictionaries that have a name")
    try:
        # Other people chose the names in it: until ansible-core 2.18 a template in one would be rendered where it is used.
        selection: dict[str, Any] = wrap_var(select(tokens, **asked))
    except (TursoError, TypeError) as exc:
        raise AnsibleFilterError(f"revocation_selection: {exc}") from exc
    return selection


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"revocation_selection": revocation_selection}
