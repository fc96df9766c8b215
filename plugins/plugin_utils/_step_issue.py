# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: issue`: refuse what cannot be done, have the module issue, store the values, and record who has to confirm. Private."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import CHECK, DELIVER, READ_BACK
from ansible_collections.community.turso.plugins.module_utils._rotation import metrics, sentences, state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of
from ansible_collections.community.turso.plugins.module_utils._rotation.destinations import (
    not_known,
    refused_later,
    to_check,
    to_deliver,
    to_fetch,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.evidence import is_for_the_role
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_destinations import (
    Reading,
    reading_of,
    to_ask_for_values,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Use
from ansible_collections.community.turso.plugins.plugin_utils._issue_refusals import refuse, refuse_files
from ansible_collections.community.turso.plugins.plugin_utils._issue_request import IssueRequest, read_request
from ansible_collections.community.turso.plugins.plugin_utils._issue_store import store, stored_values
from ansible_collections.community.turso.plugins.plugin_utils._play import FIGURES, Means, Play
from ansible_collections.community.turso.plugins.plugin_utils._step_destinations import asks, asks_both, fetched

NOTHING_ISSUED: dict[str, Any] = {
    "transaction": "",
    "asks": [],
    "asked": {},
    "deliveries": [],
    "has_destinations": False,
    "needs_the_play": False,
    "commits_now": False,
    "vault_file": "",
    "is_asking": False,
    "checked": "",
    "to_check": [],
}


def issue(means: Means, args: Mapping[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """Carry the step out.

    :param args: the arguments of the task. An empty text is none.
    :returns: what the role reads: the module's result, and `asks` and `asked` for the destinations, `transaction`,
        `deliveries`, `has_destinations`, `needs_the_play`, `commits_now`, `vault_file`. Where destinations have to be asked
        first, `is_asking` is set, nothing is issued, and this is to be called again with `fetched` and with `checked` as it says.
    """
    request = read_request(means.play, args)
    refuse(request)
    refuse_files(request, means.loader, check_mode=check_mode)
    stored, held = (
        stored_values(means, request),
        fetched(means.play, was_asked=request.is_checked or request.is_fetched),
    )
    if not request.is_fetched:
        first = _values_first(request, stored)
        if first["asks"]:
            return {**NOTHING_ISSUED, "changed": False, **first, "is_asking": True}
    result = means.module(request.module_args(stored, held, _reading(request, stored)))
    if result.get("failed"):
        return result
    if check_mode:
        return _planned(request, result)
    if result["to_check"]:
        return {
            **result,
            **NOTHING_ISSUED,
            **_asked_first(request, result),
            "is_asking": True,
            "checked": result["to_check"],
        }
    items = [Item.from_json(raw) for raw in result.pop("items")]
    resumed = _resumed(items, result.pop("resumed"), stored or {}, held)
    items = store(means, request, result, items, resumed)
    return _recorded(request, result, items, {**result["secrets"], **resumed})


def _planned(request: IssueRequest, result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the role reads in check mode: the plan, and what is asked of all destinations."""
    verdicts = request.play.verdicts
    due = [entry["name"] for entry in result["report"] if entry["reason"] is not None]
    told = sentences.plan_in_words(result["report"], result["next_due"])
    lines = [*told, *refused_later(verdicts, due), *not_known(verdicts), result["summary"]]
    everybody = [] if request.is_checked else [entry.name for entry in request.entries]
    asked = to_check(request.entries, everybody)
    first = {**asks(CHECK, asked), "is_asking": bool(asked), "checked": everybody}
    planned = {**result, **NOTHING_ISSUED, "lines": lines, **first}
    if asked:  # the plan is shown once, after the answers
        return {**planned, "to_check": everybody}
    return {**planned, "to_check": [], "diff": {"prepared": sentences.plan_as_diff(result["report"])}}


def _values_first(request: IssueRequest, stored: Mapping[str, str] | None) -> dict[str, Any]:
    """Return which destinations are asked for the SQL tokens that they hold, before any request: the API could not tell."""
    state = state_file.read(request.state_file) if request.state_file else None
    return asks(READ_BACK, to_fetch(request.entries, to_ask_for_values(request.entries, stored, state)))


def _reading(request: IssueRequest, stored: Mapping[str, str] | None) -> Reading:
    has_state_file = request.state_file is not None
    return reading_of(request.entries, request.play.verdicts, stored, has_state_file=has_state_file)


def _asked_first(request: IssueRequest, result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is asked of destinations before what is due is issued: whether they would take a value, and which they hold."""
    return asks_both(
        to_check(request.entries, result["to_check"]),
        to_fetch(request.entries, result["to_fetch"]),
    )


def _resumed(
    items: Sequence[Item], names: Sequence[str], stored: Mapping[str, str], held: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Return the values of the versions that are delivered once more, wherever they were found."""
    digests = {item.name: item.sha256 for item in items}
    return {
        name: next(value for value in (stored.get(name, ""), *held.get(name, ())) if digest_of(value) == digests[name])
        for name in names
    }


def _recorded(
    request: IssueRequest, result: Mapping[str, Any], items: list[Item], secrets: Mapping[str, str]
) -> dict[str, Any]:
    """Return what the role reads, with the transaction that this use of the role is put into.

    :param items: what is to be committed, or told.
    :param secrets: the values of what is pending, issued or resumed, by name.
    """
    play, transaction = request.play, request.transaction
    known_secrets, known_report = _of_earlier_uses(play, transaction.uses)
    transaction.uses.append(_use(request, items, secrets))
    others_wait = transaction.is_waiting(play.id)
    return {
        **result,
        "secrets": {**known_secrets, **secrets},
        "report": [*known_report, *result["report"]],
        "figures": _figures(play, result) if known_report else result["figures"],
        "lines": _lines(result),
        "transaction": transaction.as_text(),
        **{name: NOTHING_ISSUED[name] for name in ("is_asking", "checked")},
        **asks(DELIVER, to_deliver(items, secrets)),
        "has_destinations": any(item.has_destinations for item in items),
        "is_secret": transaction.is_secret,
        "deliveries": _deliveries(play, items, secrets),
        "needs_the_play": any(item.needs_the_play for item in items),
        "commits_now": request.is_main and any(is_for_the_role(item, others_wait=others_wait) for item in items),
        "vault_file": request.vault_file or "" if secrets else "",
    }


def _of_earlier_uses(play: Play, uses: Sequence[Use]) -> tuple[Mapping[str, str], Sequence[dict[str, Any]]]:
    """Return secrets and report of uses in this play, or of which something is not committed yet."""
    if not any(use.items or use.play == play.id for use in uses):
        return {}, []
    return play.fact("turso_rotate_secrets") or {}, play.fact("turso_rotate_report") or []


def _figures(play: Play, result: Mapping[str, Any]) -> str:
    """Return the figures of this use and of earlier ones."""
    return metrics.one_text([*metrics.from_one_text(play.fact(FIGURES)), *metrics.from_one_text(result["figures"])])


def _use(request: IssueRequest, items: list[Item], secrets: Mapping[str, str]) -> Use:
    running = [item.name for item in items if item.is_running_credential and item.version]
    return Use(
        play=request.play.id,
        host=request.play.host,
        is_main=request.is_main,
        options=request.commit_options if items else {},
        names=[entry.name for entry in request.entries],
        hosts=request.confirming_hosts,
        vault_file=request.vault_file,
        environment=request.play.environment if items else {},
        items=items,
        running_secrets={name: secrets[name] for name in running},
    )


def _deliveries(play: Play, items: Sequence[Item], secrets: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the tasks files of the user's own that are to be run: entry, kind, number of the recipient, path."""
    return [
        {
            "name": item.name,
            "kind": item.kind,
            "recipient": index,
            "path": play.path(recipient.tasks),
            "sha256": item.sha256,
        }
        for item in items
        if item.name in secrets
        for index, recipient in enumerate(item.recipients)
        if recipient.tasks
    ]


def _lines(result: Mapping[str, Any]) -> list[str]:
    """Return what is shown: what is not as it was, a summary, and which token is due next."""
    due = min(result["next_due"].items(), key=lambda item: item[1], default=None)
    next_due = "" if due is None else f"; next due: {due[0]}, {due[1][:10]}"
    changes = [entry["msg"] for entry in result["report"] if entry["action"] != "unchanged"]
    return [*changes, *result.get("notes", ()), f"{result['summary']}{next_due}"]
