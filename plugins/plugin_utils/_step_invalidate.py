# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: invalidate` and `step: prove`: end every SQL token of what leaked, once it is known that new ones can be delivered. Private."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.destinations import to_check, to_fetch
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_concerned import (
    concerned,
    names_written_in,
    places_to_end,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_destinations import Reading
from ansible_collections.community.turso.plugins.plugin_utils._issue_refusals import refuse, refuse_files
from ansible_collections.community.turso.plugins.plugin_utils._issue_request import (
    CONNECTION,
    IssueRequest,
    read_request,
)
from ansible_collections.community.turso.plugins.plugin_utils._issue_store import stored_values
from ansible_collections.community.turso.plugins.plugin_utils._play import Means
from ansible_collections.community.turso.plugins.plugin_utils._step_destinations import asks_both, fetched
from ansible_collections.community.turso.plugins.plugin_utils._step_issue import NOTHING_ISSUED

_OF_THE_STEP = (*CONNECTION, "step", "invalidations", "confirmed")


def invalidate(means: Means, args: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """Carry `step: invalidate` out.

    :returns: what the role reads: `lines` to show, `failures`, and `names` of the managed tokens that are to be renewed. Where
        destinations have to be asked first, `is_asking` is set, nothing is done, and this is to be called again with `fetched`.
    :raises TursoError: nothing was ended.
    """
    names = concerned(places_to_end(args.get("invalidations")), names_written_in(args["tokens"]))
    if not names:
        return _told(means.module({option: args[option] for option in _OF_THE_STEP if args.get(option)}), names)
    try:
        return _with_entries(means, {**args, "only": names}, names, check_mode=check_mode)
    except Refused as exc:
        raise Refused(f"{exc.msg.replace('Nothing was issued.', '').rstrip()} No SQL token was invalidated.") from exc


def _with_entries(means: Means, args: Mapping[str, Any], names: Sequence[str], *, check_mode: bool) -> dict[str, Any]:
    request = read_request(means.play, args)
    refuse(request)
    refuse_files(request, means.loader, check_mode=check_mode)
    if request.state_file is None:
        raise Refused(
            f"{', '.join(names)}: without turso_rotate_state_file nothing records that their tokens are dead, so another "
            "run could not finish a run that was stopped. Set turso_rotate_state_file; the role creates the file."
        )
    if not request.is_fetched:
        asked = asks_both(to_check(request.entries, names), to_fetch(request.entries, names))
        if asked["asks"]:
            return {**NOTHING_ISSUED, "changed": False, **asked, "is_asking": True, "checked": names}
    _refuse_destinations(request, names)
    stored, held = stored_values(means, request), fetched(means.play, was_asked=request.is_fetched)
    return _told(means.module(request.module_args(stored, held, Reading())), names)


def _refuse_destinations(request: IssueRequest, names: Sequence[str]) -> None:
    """Refuse to end anything while somebody could not get a new token.

    :raises Refused: with every reason.
    """
    found = request.refused_by_destinations(names, request.play.verdicts)
    if found:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in found.items())
        raise Refused(
            f"These could not get a new token: {reasons}. Fix this. Or remove the entry, if its applications may be locked "
            "out until you give them a token by hand."
        )


def prove(means: Means, args: Mapping[str, Any]) -> dict[str, Any]:
    """Carry `step: prove` out: have the leaked values tried."""
    return _told(means.module(dict(args)), [])


def _told(result: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return what the role reads of the module's result; a failure as it is."""
    if result.get("failed"):
        return dict(result)
    outcomes = result["outcomes"]
    return {
        **NOTHING_ISSUED,
        **result,
        "names": list(names),
        "lines": [outcome["msg"] for outcome in outcomes],
        "failures": [outcome["msg"] for outcome in outcomes if outcome["has_failed"]],
    }
