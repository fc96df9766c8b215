# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Destinations that are files, on the control node or on a host: `file` and `env_file`. Private to this collection.

One execution of the module turso_delivery for all files of a host, then each service that reads them is restarted, once.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    BY_VALUE,
    CHECK,
    CONFIRMED,
    DELIVER,
    DELIVERED,
    LOST,
    NOT_KNOWN,
    PROVEN,
    READ_BACK,
    REFUSED,
    UNFINISHED,
    UNREADABLE,
    Item,
    Verdict,
)
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Run

MODULE = "community.turso.turso_delivery"
A_MOMENT_SECONDS = 1
FILE_OPTIONS = ("path", "variable", "owner", "group", "mode")
_WORST = {CHECK: REFUSED, DELIVER: LOST, READ_BACK: UNREADABLE}
_MEANS = {
    REFUSED: "Nothing can be delivered there. Make the host reachable, with Python on it, or remove it from hosts.",
    LOST: "It is not known whether the value arrived. Run this again when the host is back.",
    UNREADABLE: "The value could not be read back. Run this again when the host is back.",
}


def check(items: Sequence[Item], run: Run) -> list[Verdict]:
    """Find out whether the files can be written, and whether each service that is to be restarted exists."""
    verdicts, uid = _carried_out(CHECK, items, run)
    problems = {service: _unknown(service, run) for service in _services(items, verdicts, (PROVEN,))}
    return [_with_service(item, verdict, problems, uid) for item, verdict in zip(items, verdicts)]


def deliver(items: Sequence[Item], run: Run) -> list[Verdict]:
    """Write the files, then restart what reads them, whether or not they changed: a killed run may have left that undone."""
    verdicts, _uid = _carried_out(DELIVER, items, run)
    due = [_is_due(item, verdict, run) for item, verdict in zip(items, verdicts)]
    readers = _services(
        [item for item, is_due in zip(items, due) if is_due],
        [v for v, is_due in zip(verdicts, due) if is_due],
        (DELIVERED,),
    )
    problems = {service: _restarted(service, run) for service in readers}
    return [_finished(item, verdict, problems) for item, verdict in zip(items, verdicts)]


def read_back(items: Sequence[Item], run: Run) -> list[Verdict]:
    """Compare what the files hold, where they are."""
    verdicts, _uid = _carried_out(READ_BACK, items, run)
    return [
        dataclasses.replace(verdict, by=BY_VALUE) if verdict.verdict == CONFIRMED else verdict for verdict in verdicts
    ]


def _carried_out(verb: str, items: Sequence[Item], run: Run) -> tuple[list[Verdict], int | None]:
    """Return what the module says of each item, and the number of the user that it ran as."""
    files = [_file(item, with_secret=verb != CHECK) for item in items]
    try:
        result = run.module(MODULE, {"verb": verb, "files": files}, check_mode=run.check_mode)
    except AnsibleError as exc:
        result = {"msg": str(exc)}
    outcomes = result.get("outcomes")
    if outcomes is None:
        problem = f"{run.host}: {_sentence(run.said(result))}"
        return [Verdict.of(item, run.host, _WORST[verb], f"{problem} {_MEANS[_WORST[verb]]}") for item in items], None
    return [_verdict(item, outcome, run) for item, outcome in zip(items, outcomes)], result.get("uid")


def _file(item: Item, *, with_secret: bool) -> dict[str, Any]:
    found = {name: item.options.get(name) for name in FILE_OPTIONS}
    secret = item.secret if with_secret else None
    return {**found, "secret": secret, "sha256": item.sha256, "wants_value": item.wants_value}


def _verdict(item: Item, outcome: Mapping[str, Any], run: Run) -> Verdict:
    msg = f"{run.host}: {outcome['msg']}" if outcome["msg"] else ""
    return Verdict.of(item, run.host, outcome["verdict"], msg, changed=outcome["changed"], value=outcome["value"])


def _sentence(text: str) -> str:
    return f"{' '.join(text.split()).rstrip('.')}."


def _services(items: Sequence[Item], verdicts: Sequence[Verdict], which: Sequence[str]) -> list[str]:
    """Return the services that read the files with such verdicts, each once."""
    named = [
        str(item.options["restart"])
        for item, verdict in zip(items, verdicts)
        if item.options.get("restart") and verdict.verdict in which
    ]
    return list(dict.fromkeys(named))


def _is_due(item: Item, verdict: Verdict, run: Run) -> bool:
    here = ("", run.host) if not item.hosts else (run.host,)
    return verdict.changed or not set(here) & set(item.is_confirmed_on)


def _unknown(service: str, run: Run) -> str | None:
    """Return why a service cannot be restarted, as far as it can be told without doing so."""
    return _asked({"name": service, "state": "restarted"}, run, only_look=True)[1]


def _restarted(service: str, run: Run) -> str | None:
    """Restart a service and see that it runs a moment later: one that ends over its new value was started all the same.

    Return why it does not run.
    """
    _result, problem = _asked({"name": service, "state": "restarted"}, run, only_look=False)
    if problem is not None:
        return problem
    time.sleep(A_MOMENT_SECONDS)
    result, problem = _asked({"name": service, "state": "started"}, run, only_look=True)
    if problem is None and not _runs(result):
        return "it does not run after the restart."
    return problem


def _asked(args: Mapping[str, Any], run: Run, *, only_look: bool) -> tuple[Mapping[str, Any], str | None]:
    try:
        result = run.service(args, only_look)
    except AnsibleError as exc:
        return {}, _sentence(run.shown(exc))
    return result, _sentence(run.said(result)) if result.get("failed") else None


def _runs(result: Mapping[str, Any]) -> bool:
    """Tell whether a service runs, by what would be done to start it; systemd says more than that."""
    status = result.get("status")
    known = status if isinstance(status, Mapping) else {}
    if known.get("Type") == "oneshot":
        return known.get("Result") == "success"
    return not result.get("changed") and known.get("SubState") != "auto-restart"


def _with_service(item: Item, verdict: Verdict, problems: Mapping[str, str | None], uid: int | None) -> Verdict:
    service = item.options.get("restart")
    if not service or verdict.verdict != PROVEN:
        return verdict
    problem = problems[service]
    if problem is not None:
        msg = f"{verdict.host}: the service {service} cannot be restarted: {problem} Correct restart, or install the service."
        return dataclasses.replace(verdict, verdict=REFUSED, msg=msg)
    if uid != 0:
        msg = (
            f"{verdict.host}: only the restart itself shows whether this user may restart {service}. Set become: true to be "
            "sure."
        )
        return dataclasses.replace(verdict, verdict=NOT_KNOWN, msg=msg)
    return verdict


def _finished(item: Item, verdict: Verdict, problems: Mapping[str, str | None]) -> Verdict:
    problem = problems.get(str(item.options.get("restart")))
    if problem is None or verdict.verdict != DELIVERED:
        return verdict
    msg = (
        f"{verdict.host}: {item.options['path']} has the new value, but {item.options['restart']} could not be restarted: "
        f"{problem} It may still use the old value, which stays valid. Fix the service, then run this again."
    )
    return dataclasses.replace(verdict, verdict=UNFINISHED, msg=msg)
