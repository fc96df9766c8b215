# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a run can deliver the newest version once more instead of issuing another: named checks, pure. Private."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.community.turso.plugins.module_utils._rotation.versions import Version
from ansible_collections.community.turso.plugins.module_utils._rotation.view import View


def resumable(view: View) -> Version | None:
    """Return the newest version if its value can be had and nothing speaks against handing it out once more."""
    newest = view.versions[-1] if view.versions else None
    if newest is None or any(objects(view, newest) for objects in CHECKS):
        return None
    return newest


def _value_cannot_be_had(view: View, newest: Version) -> bool:
    return not view.can_be_had(newest)


def _forced(view: View, _newest: Version) -> bool:
    """Force asks for a new value."""
    return view.entry.policy.force


def _another_is_given(view: View, newest: Version) -> bool:
    """The entry says that another version is in use, so this one is not to be spread further."""
    return view.entry.current is not None and view.current != newest


def _pending_elsewhere(view: View, newest: Version) -> bool:
    return newest in view.elsewhere


def _made_by_hand(_view: View, newest: Version) -> bool:
    return newest.stamp is None


def _too_old(view: View, newest: Version) -> bool:
    return newest.is_older_than(view.entry.policy.max_age, view.now)


def _drifted(view: View, newest: Version) -> bool:
    return bool(newest.restriction.differences(view.entry.want.restriction))


CHECKS: tuple[Callable[[View, Version], bool], ...] = (
    _value_cannot_be_had,
    _forced,
    _another_is_given,
    _pending_elsewhere,
    _made_by_hand,
    _too_old,
    _drifted,
)
