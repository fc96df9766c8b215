# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that is unknown of the service, or differs between its versions, as switches."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLS = frozenset(
    {"list", "org_list", "create", "revoke", "org_revoke", "validate"}
    | {"database", "databases", "group", "mint", "invalidate", "pipeline", "audit_log"}
)

CHOICES = {
    "create_shape": ("by_path", "v1", "v2", "nested"),
    "error_shape": ("text", "text_and_code", "object"),
    "created_at": ("date", "timestamp"),
}


@dataclass(frozen=True)
class Behaviour:
    """How this server answers. Change it while it runs with `Simulator.behave(name=value)`."""

    create_shape: str = "by_path"
    """`v1` {name, id, token}; `v2` {token: {name, id, value}}; `nested` {token: {name, id, token}}; `by_path`."""

    error_shape: str = "text"
    """`text` {error: text}; `text_and_code` {error: text, code}; `object` {error: {code, message}}."""

    created_at: str = "date"
    """`date` YYYY-MM-DD, or `timestamp` YYYY-MM-DDTHH:MM:SSZ."""

    forbidden_to_scoped: frozenset[str] = frozenset()
    """The calls (`list`, `create`, `validate`, ...) that answer 403 to a token restricted to an organization."""

    group_tokens_manage: bool = False
    """Whether a token that is pinned to a group may do more than validate; measured: it may not (403)."""

    organization_scopes: bool = True
    """Whether an organization's token may have scopes without a group, as newer clients send them."""

    full_access_also: tuple[str, ...] = ()
    """Scopes that this server's preset `full-access` holds besides the nine that are known."""

    taken_status: int = 409
    """What a name that is taken is answered with: 409 is documented, 400 measured of a sibling call, 422 thinkable."""

    taken_text: str = "token with name {name} already exists"
    """And in which words."""

    unknown_status: int = 404
    """What the revocation of a name or an id that is not known is answered with."""

    refuses_self_revocation: bool = False
    """Whether the token that authenticates a request may not be revoked by it (403)."""

    audit_logs: bool = False
    """Whether the plan has an audit log; without one, it answers 403."""

    descriptions: bool = False
    """Whether `description` is kept, and listed together with `last_used_at`."""

    extra_fields: Mapping[str, Any] = field(default_factory=dict)
    """Fields that every listed token has on top."""

    carries_jti: bool = True
    """Whether the values of created tokens carry a `jti`."""

    name_max_length: int = 64
    name_pattern: str | None = None
    """A regular expression that a whole name must match; None allows any character."""

    ignores_permissions: bool = False
    """Whether fine-grained permissions of a SQL token are passed over, as mistakes in them are: they fail open."""

    longest_expiration: int | None = None
    """After how many seconds every SQL token ends, however long it was asked for; None: as asked."""

    database_rotate_kills_group: bool = False
    """Whether invalidating the SQL tokens of a database ends those of its group; unknown, the vendor's text says so."""

    group_rotate_kills_databases: bool = False
    """Whether invalidating those of a group ends those of its databases; measured: no, the vendor's text says so."""

    databases_in_pages: int | None = None
    """How many databases a list holds before it says that it goes on; None: all."""

    sends_date: bool = True
    """Whether answers have a `Date` header."""

    latency: float = 0.0
    """Seconds that every request of the API takes longer."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "forbidden_to_scoped", frozenset(self.forbidden_to_scoped))
        object.__setattr__(self, "full_access_also", tuple(self.full_access_also))
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}, not {getattr(self, name)!r}")
        unknown = self.forbidden_to_scoped - CALLS
        if unknown:
            raise ValueError(f"forbidden_to_scoped names no call: {', '.join(sorted(unknown))}")
        if self.name_pattern is not None:
            re.compile(self.name_pattern)
