# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.community.turso.plugins.module_utils._api.claims import claims_of


def token_claims(token: str) -> dict[str, Any]:
    """Return what a token says of itself, not verified, and nothing of its value.

    :raises AnsibleFilterError: it is no text. What it is is not shown: it may be a secret.
    """
    if not isinstance(token, str) and not getattr(
        token, "__ENCRYPTED__", False
    ):  # a vaulted value before ansible-core 2.19
        raise AnsibleFilterError("token_claims: the input must be a text, the value of a token.")
    claims = claims_of(str(token).rstrip("\n"))
    return {
        "kind": claims.kind,
        "id": claims.id,
        **claims.as_result(),
        "never_expires": claims.never_expires,
    }


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"token_claims": token_claims}
