# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What refuses a whole run before any request, because it could not be carried to its end. Private."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils import _files
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import AnyEntry, refused
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import Recipient
from ansible_collections.community.turso.plugins.plugin_utils import _vault_file
from ansible_collections.community.turso.plugins.plugin_utils._issue_request import IssueRequest
from ansible_collections.community.turso.plugins.plugin_utils._play import Play, problem_with_tasks_file, say
from ansible_collections.community.turso.plugins.plugin_utils._shared_places import (
    Places,
    is_file_at,
    owners_of,
    sharing_with,
)

# Others replace parts of ansible-core that the commit relies on.
STRATEGIES = ("linear", "free", "host_pinned", "debug")
_NOT_COMMITTED = "an earlier use of the role in this run issued it and has not committed it yet. Commit it first"
_USED_TWICE = "it is used twice in this play. Name each token in only one use of the role"


def refuse(request: IssueRequest) -> None:
    """Refuse what can be told without the API and without the files.

    :raises Refused: with every reason.
    """
    _refuse_play(request.play)
    taken, places = _taken_names(request), owners_of(request.entries)
    reasons = [
        f"{entry.label}: {reason}." for entry in request.entries for reason in _reasons(request, entry, taken, places)
    ]
    if reasons:
        raise refused(reasons)


def refuse_files(request: IssueRequest, loader: Any, *, check_mode: bool) -> None:
    """Try every file of the run before anything is issued.

    :param check_mode: nothing is written, not even for a trial.
    :raises Refused: they could not be written afterwards.
    """
    try:
        if request.state_file is not None:
            _try_state_file(request.state_file, rehearse=not check_mode)
        if request.vault_file is not None:
            _vault_file.check(loader, request.vault_file, request.vault_id, rehearse=not check_mode, on_wait=say)
        if request.args.get("metrics_file"):
            _files.check_replaceable(request.args["metrics_file"], rehearse=not check_mode)
    except Refused as exc:
        raise Refused(f"{exc.msg} Nothing was issued.") from exc
    problem = problem_with_tasks_file(request.args["notify"]) if request.args.get("notify") else None
    if problem is not None:
        raise refused([f"turso_rotate_notify: {problem}."])


def _try_state_file(path: str, *, rehearse: bool) -> None:
    _files.check_replaceable(path, rehearse=rehearse)
    with state_file.locked(path, on_wait=say) if rehearse else contextlib.nullcontext():
        state_file.read(path)


def _refuse_play(play: Play) -> None:
    if play.strategy not in STRATEGIES:
        raise refused(
            [f"The strategy {play.strategy} is not supported: use one of {', '.join(STRATEGIES)} in this play."]
        )
    if play.size > 1:
        reason = (
            f"turso_rotate issues tokens once for a play, not once for a host, and this play has {play.size} hosts. Use it "
            "in a play with one host, and deliver to the others in further plays."
        )
        raise refused([reason])


def _taken_names(request: IssueRequest) -> dict[str, str]:
    """Return why a token cannot be issued by this use of the role, by name."""
    used = {name: _USED_TWICE for use in request.transaction.of_play(request.play.id) for name in use.names}
    return {**used, **{item.name: _NOT_COMMITTED for item in request.transaction.open_items}}


def _reasons(request: IssueRequest, entry: AnyEntry, taken: Mapping[str, str], places: Places) -> list[str]:
    found = [taken.get(entry.name)]
    for recipient in entry.recipients:
        found += [
            _nobody_confirms(request, recipient),
            _unreached(request, recipient),
            _tasks_file(request.play, recipient),
            _vault_file_itself(request, recipient),
            _delivered_twice(entry, recipient, places),
        ]
    return [reason for reason in found if reason]


def _nobody_confirms(request: IssueRequest, recipient: Recipient) -> str | None:
    if recipient.to == "play" and not request.args.get("play_confirms", True):
        return (
            "nobody could confirm {to: play} here, because this playbook has no tasks of yours. Name in deliver where the "
            "token goes, or use the role in a play of your own"
        )
    return None


def _unreached(request: IssueRequest, recipient: Recipient) -> str | None:
    if recipient.hosts is None:
        return None
    hosts, left_out = request.play.resolved(recipient.hosts)
    nobody = request.play.unmatched(recipient.hosts)
    if nobody or not hosts:
        return (
            f"hosts {', '.join(nobody or recipient.hosts)} come to no host of the inventory, so nobody could confirm. "
            "Correct them, or add the inventory with -i"
        )
    if recipient.is_destination:
        return None  # the role goes there itself, whatever hosts the play has
    if left_out:
        return f"--limit leaves {', '.join(left_out)} out of this run, so nobody could confirm there. Run without the limit"
    if request.is_main and hosts != (request.play.host,):
        return (
            "hosts other than the one that issues need the entry points issue and commit: issue in a first play, deliver "
            "and confirm on the hosts, and commit in a last play"
        )
    return None


def _delivered_twice(entry: AnyEntry, recipient: Recipient, places: Places) -> str | None:
    sharing = sharing_with(recipient, places)
    others = sorted({f"{found.label} of {name}" for name, found in sharing if name != entry.name})
    if others:
        return (
            f"{recipient.label} shares its place with {', '.join(others)}, so one value would overwrite the other. Use "
            "another place"
        )
    again = sorted({found.label for _name, found in sharing})
    return f"deliver names {recipient.label} and {', '.join(again)}, which share a place. Remove one" if again else None


def _vault_file_itself(request: IssueRequest, recipient: Recipient) -> str | None:
    if request.vault_file is None or not is_file_at(request.vault_file, recipient):
        return None
    return (
        f"{recipient.label} is turso_rotate_vault_file, which the role writes itself. Name it with {{to: vault_file}}"
    )


def _tasks_file(play: Play, recipient: Recipient) -> str | None:
    return problem_with_tasks_file(play.path(recipient.tasks)) if recipient.tasks else None
