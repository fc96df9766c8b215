# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: commit` and `step: check`: gather the evidence, and have revoked what everybody confirmed. Private."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils import _locks
from ansible_collections.community.turso.plugins.module_utils._api.model import utc_text
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import report, state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import Confirmation, digest_of
from ansible_collections.community.turso.plugins.module_utils._rotation.evidence import (
    BY_ENTRY_POINT,
    BY_ROLE,
    Facts,
    Verdict,
    confirmed_labels,
    evidence,
    missing_confirmations,
    verdict,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction, Use
from ansible_collections.community.turso.plugins.plugin_utils import _vault_file
from ansible_collections.community.turso.plugins.plugin_utils._play import CONFIRMATIONS, SEALED, Play

Module = Callable[[Mapping[str, Any], Mapping[str, str]], dict[str, Any]]  # with arguments and environment

_HOW_TO_CONFIRM = (
    "After the delivery, and in the same play, include the role with tasks_from: confirm, with turso_rotate_read_back where "
    "the value can be read back; a tasks file sets that, or includes confirm as its last task. Handlers were flushed twice "
    "since the issue: a play that flushes them more often uses the entry points issue and commit."
)


@dataclasses.dataclass(frozen=True)
class Means:
    """What a commit works with: the play, the loader of vault secrets, and what runs the module."""

    play: Play
    loader: Any
    module: Module


def commit(means: Means, by: str) -> dict[str, Any]:
    """Carry `step: commit` out.

    :param by: who asks: the role's own last task, the handler, or the entry point.
    :returns: `report`, `transaction`, `lines` to show and `failed_names`.
    """
    transaction, issuing_host = means.play.transaction()
    if transaction.open_items and means.play.host != issuing_host:
        raise Refused(
            f"The commit has to run on {issuing_host}, which issued: only there it can be told whether something failed. "
            "Nothing was revoked."
        )
    is_waiting = by == BY_ROLE and any(item.needs_the_play for item in transaction.open_items)
    reports: dict[str, dict[str, Any]] = {}
    changed = False
    for use in sorted(_uses(transaction, means.play, by), key=lambda use: bool(use.running_secrets)):
        done = _Commit(means, use, by, is_waiting=is_waiting)
        changed |= done.carry_out()
        reports.update(done.reports)
        use.forget(done.settled)
    earlier = means.play.fact("turso_rotate_report", issuing_host) or ()
    return {
        "changed": changed,
        "report": [*(entry for entry in earlier if entry["name"] not in reports), *reports.values()],
        "transaction": transaction.as_text(),
        "is_secret": transaction.is_secret,
        "lines": [entry["msg"] for entry in reports.values()],
        "failed_names": [name for name, entry in reports.items() if entry["action"] == "failed"],
    }


def _uses(transaction: Transaction, play: Play, by: str) -> list[Use]:
    """Return the uses that are committed: what main issued in this play; by the entry point also what was left to it."""
    return [
        use for use in transaction.uses if use.items and (use.play == play.id if use.is_main else by == BY_ENTRY_POINT)
    ]


class _Commit:
    """The commit of one use of the role."""

    def __init__(self, means: Means, use: Use, by: str, *, is_waiting: bool) -> None:
        """Gather what was confirmed.

        :param is_waiting: this is the role's own last task, and other tokens of the run wait for the play to confirm.
        """
        self.means, self.use, self.by, self.is_waiting = means, use, by, is_waiting
        self.confirmations = _by_version(_confirmations(means.play, use))
        self.reports: dict[str, dict[str, Any]] = {}
        self.settled: list[str] = []  # nothing is left to be done for these
        self.confirmed: dict[str, list[str]] = {}  # by whom, of tokens that somebody else has not confirmed

    def carry_out(self) -> bool:
        """Revoke what may be revoked; return whether anything changed."""
        with self._stored() as stored:
            ready = [item for item in self.use.items if self._is_ready(item, stored)]
            self._remember_who_confirmed()
            changed = self._revoke(ready) if ready else False
        if self.is_waiting:
            self._keep_failures()
        return changed

    @contextlib.contextmanager
    def _stored(self) -> Iterator[Mapping[str, str] | Refused]:
        """Hold the lock of the vault file, and yield the values in it, or why they cannot be read."""
        if self.use.vault_file is None:
            yield {}
            return
        with contextlib.ExitStack() as stack:
            stored: Mapping[str, str] | Refused
            try:
                stack.enter_context(_locks.locked(self.use.vault_file))
                stored = _vault_file.read(self.means.loader, self.use.vault_file) or {}
            except Refused as exc:
                stored = exc
            yield stored

    def _is_ready(self, item: Item, stored: Mapping[str, str] | Refused) -> bool:
        """Tell whether what an item replaces may be revoked; what speaks against it is reported."""
        facts = self._facts(item, stored)
        what, reasons = verdict(facts, self.by)
        item.report["evidence"] = evidence(facts)
        if what is Verdict.TELL and not self.is_waiting:
            self.reports[item.name] = item.report
            self.settled.append(item.name)
        if what is Verdict.REFUSE:
            self.reports[item.name] = report.of_refusal(item.report, reasons)
        if what is not Verdict.REVOKE and item.version is not None:
            self.confirmed[item.name] = confirmed_labels(facts)
        # The credential of the run goes last: those that wait need it.
        return what is Verdict.REVOKE and not (self.is_waiting and item.is_running_credential)

    def _remember_who_confirmed(self) -> None:
        """Write into the state file who confirmed a version that others did not: the next run says who was missing."""
        path = self.use.options.get("state_file")
        if path is None or not any(self.confirmed.values()):
            return
        at = utc_text(datetime.datetime.now(datetime.timezone.utc))
        with contextlib.suppress(Refused), state_file.locked(path):  # the commit says what is wrong with the file
            state = state_file.read(path)
            for item in self.use.items:
                pending = state.of(item.name).pending
                if item.name in self.confirmed and item.version and pending and pending.id == item.version["id"]:
                    for label in self.confirmed[item.name]:
                        state = state.confirmed_at(item.name, label, at)
            state_file.write(path, state)

    def _keep_failures(self) -> None:
        """Have failures told by the commit that comes last: a failure here would keep the play from its delivery."""
        for item in self.use.items:
            failed = self.reports.get(item.name)
            if failed is not None and failed["action"] == "failed":
                item.report, item.error = self.reports.pop(item.name), str(failed["msg"])

    def _facts(self, item: Item, stored: Mapping[str, str] | Refused) -> Facts:
        play = self.means.play
        counted, unsealed = _split(self.confirmations, item)
        value = None if isinstance(stored, Refused) else stored.get(item.name)
        return Facts(
            item,
            self.use.host,
            has_failed=play.has_failed,
            confirmations=counted,
            unsealed=unsealed,
            has_vault_file=self.use.vault_file is not None,
            stored_sha256=None if value is None else digest_of(value),
            vault_problem=stored.msg if isinstance(stored, Refused) else None,
        )

    def _revoke(self, ready: Sequence[Item]) -> bool:
        names = {item.name for item in ready}
        running = {name: value for name, value in self.use.running_secrets.items() if name in names}
        result = self.means.module(
            {
                **self.use.options,
                "step": "commit",
                "items": Transaction.carrying(ready).as_text(),
                **({"running_secrets": running} if running else {}),
            },
            self.use.environment,
        )
        if result.get("failed"):
            for item in ready:
                self.reports[item.name] = _failed(item, result)
            return False
        for entry in result["report"]:
            self.reports[entry["name"]] = entry
            if entry["action"] != "failed":
                self.settled.append(entry["name"])
        return bool(result["changed"])


def _failed(item: Item, result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report of a token whose commit failed as a whole. Where it came to no end, nobody knows what it revoked."""
    said = str(result.get("msg", "")).rstrip(".")
    if result.get("error"):
        return report.of_refusal(item.report, [said])
    msg = (
        f"{item.name}: the commit came to no end ({said}), so it is not known which previous versions were revoked. The new "
        "version was confirmed and works; run the rotation again."
    )
    return {**item.report, "action": "failed", "msg": msg}


def _confirmations(play: Play, use: Use) -> Iterator[tuple[bool, Confirmation]]:
    """Yield what every host that was named has confirmed, and whether that counts: on others than the issuing, once sealed."""
    for host in dict.fromkeys((use.host, *use.hosts)):
        sealed = [] if host == use.host else list(play.fact(SEALED, host) or ())
        for raw in play.fact(CONFIRMATIONS, host) or ():
            confirmation = Confirmation.from_json(raw)
            if confirmation.host == host:  # run_once gives a fact to all hosts of a play
                yield (host == use.host or dict(raw) in [dict(item) for item in sealed]), confirmation


Counted = tuple[bool, Confirmation]  # whether it counts


def _by_version(confirmations: Iterable[Counted]) -> dict[str, list[Counted]]:
    found: dict[str, list[Counted]] = {}
    for counts, confirmation in confirmations:
        found.setdefault(confirmation.id, []).append((counts, confirmation))
    return found


def _split(confirmations: Mapping[str, list[Counted]], item: Item) -> tuple[list[Confirmation], list[Confirmation]]:
    """Return the confirmations of one item that count, and those that do not yet or that refuse."""
    ours = confirmations.get(item.version["id"], []) if item.version else []
    counted = [found for counts, found in ours if counts and found.refusal is None]
    return counted, [found for counts, found in ours if not counts or found.refusal is not None]


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
    found = _by_version(_confirmations(play, use))
    for item in use.items:
        counted, unsealed = _split(found, item)
        who = missing_confirmations(Facts(item, use.host, confirmations=counted, unsealed=unsealed))
        if item.version is not None and who:
            yield item.version["id"], f"{item.name} ({', '.join(who)})"
