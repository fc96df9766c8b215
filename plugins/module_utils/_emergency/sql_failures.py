# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which leaked SQL tokens are a failure, because they are not proven dead. Pure and private."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.community.turso.plugins.module_utils._emergency.outcome import Failure
from ansible_collections.community.turso.plugins.module_utils._emergency.sql_leaks import SqlLeak

_NOT_HERE = (
    "The module turso_revocation does not end it, because applications would be locked out until they have new tokens. The playbook "
    "community.turso.revoke ends it and delivers new ones; the module turso_sql_invalidation only ends it."
)


def uncertain(leaks: Iterable[SqlLeak]) -> list[Failure]:
    """Return the leaked SQL tokens of which nobody can promise that they would be proven dead."""
    return [Failure(leak.msg, value=leak.number) for leak in leaks if not leak.is_certain]


def not_ended(leaks: Iterable[SqlLeak], *, is_left: bool) -> list[Failure]:
    """Return the leaked SQL tokens that a confirmed run of the module leaves active.

    :param is_left: whether another task ends those of which it is known what they are for.
    """
    left = [leak for leak in leaks if leak.place is None or not is_left]
    return [Failure(f"{leak.msg} {_NOT_HERE}", value=leak.number) for leak in left]
