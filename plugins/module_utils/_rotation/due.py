# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a managed token is due: a chain of named checks, of which the first that applies is the reason. Private."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.community.turso.plugins.module_utils._rotation.versions import Version, by_id
from ansible_collections.community.turso.plugins.module_utils._rotation.view import View


def reason_due(view: View) -> str | None:
    """Return why a token is due, None if it is not."""
    return next((reason for reason, applies in CHECKS if applies(view)), None)


def _missing(view: View) -> bool:
    return not view.versions


def _aged(view: View) -> bool:
    return view.current is not None and view.current.is_older_than(view.entry.policy.max_age, view.now)


def _drift(view: View) -> bool:
    """Rotation is how a token changes: the API cannot change one."""
    return view.current is not None and bool(view.current.restriction.differences(view.entry.want.restriction))


def _forced(view: View) -> bool:
    return view.entry.policy.force


def _lost(view: View) -> bool:
    """The vault file holds no active version, or one older than current: it was restored, reverted or edited."""
    if not view.has_vault_file or view.current in view.elsewhere:  # another run may be about to write the file
        return False
    if view.stored is None or view.stored.is_rejected:
        return True
    held = by_id(view.versions).get(view.stored.id or "")
    if held is None:  # a value that tells no id may well be the current one
        return view.stored.id is not None
    return view.current is not None and held.order < view.current.order


def _unfinished(view: View) -> bool:
    """Some version is active of which nobody knows whether it is in use."""
    if view.state is None:
        return len(view.versions) - len(view.elsewhere) > 1
    if view.current is None:
        return True
    known = {view.current.id, *(previous.id for previous in view.state.previous)}
    loose = any(version.id not in known and version not in view.elsewhere for version in view.versions)
    return loose or _was_never_confirmed(view, view.current)


def _was_never_confirmed(view: View, current: Version) -> bool:
    """Tell whether a version is current only for want of another: nobody named it, and a run that issues it has ended."""
    is_named = view.entry.current is not None or (view.state is not None and view.state.current is not None)
    return not is_named and current.stamp is not None and current not in view.elsewhere


CHECKS: tuple[tuple[str, Callable[[View], bool]], ...] = (
    ("missing", _missing),
    ("aged", _aged),
    ("drift", _drift),
    ("forced", _forced),
    ("lost", _lost),
    ("unfinished", _unfinished),
)
