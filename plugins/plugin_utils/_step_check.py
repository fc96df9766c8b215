# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: check`: say who has not confirmed what this play issued. Private."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._rotation.evidence import Facts, missing_confirmations
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Use
from ansible_collections.community.turso.plugins.plugin_utils._confirmations import Confirmations
from ansible_collections.community.turso.plugins.plugin_utils._play import Play

_HOW_TO_CONFIRM = (
    "After the delivery, in the same play, include the role with tasks_from: confirm. Set turso_rotate_read_back if the "
    "value can be read back. In a tasks file, set it there, or include confirm as the last task. Handlers were flushed "
    "twice since the issue; if your play flushes them more often, use the entry points issue and commit."
)


def check(play: Play, reminded: Sequence[str]) -> dict[str, Any]:
    """Carry `step: check` out: say who has not confirmed what this play's main issued.

    :param reminded: the ids of versions that were unconfirmed when this was last asked.
    :returns: `unconfirmed` ids; a failure where one of them is asked for the second time.
    """
    transaction, _host = play.transaction()
    missing: dict[str, str] = {}
    for use in transaction.of_play(play.id):
        if use.is_main:
            missing.update(_unconfirmed(play, use))
    again = [text for version_id, text in missing.items() if version_id in reminded]
    if again:
        said = f"Not confirmed: {'; '.join(again)}. Nothing of that was revoked; old and new values work. {_HOW_TO_CONFIRM}"
        failed = [item.report["msg"] for use in transaction.of_play(play.id) for item in use.items if item.error]
        said = " ".join([said, *failed])
        return {"failed": True, "changed": False, "unconfirmed": sorted(missing), "msg": said}
    return {"changed": bool(missing), "unconfirmed": sorted(missing)}


def _unconfirmed(play: Play, use: Use) -> Iterator[tuple[str, str]]:
    """Yield the id of each version that somebody has not confirmed, and in words who that is."""
    confirmations = Confirmations(play, use)
    for item in use.items:
        counted, unsealed = confirmations.of(item)
        who = missing_confirmations(Facts(item, use.host, confirmations=counted, unsealed=unsealed))
        if item.version is not None and who:
            yield item.version["id"], f"{item.name} ({', '.join(who)})"
