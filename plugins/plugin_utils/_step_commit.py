# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: commit`: gather the evidence, and have revoked what everybody confirmed. Private."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils import _locks
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import report, sentences, state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of, is_newer_sql
from ansible_collections.community.turso.plugins.module_utils._rotation.evidence import (
    BY_ENTRY_POINT,
    BY_ROLE,
    Facts,
    Verdict,
    confirmed_labels,
    evidence,
    verdict,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_outcome import of_sql_refusal
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import is_version
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction, Use
from ansible_collections.community.turso.plugins.module_utils._time import utc_now, utc_text
from ansible_collections.community.turso.plugins.plugin_utils import _vault_file
from ansible_collections.community.turso.plugins.plugin_utils._confirmations import Confirmations
from ansible_collections.community.turso.plugins.plugin_utils._play import Means, Play


def commit(means: Means, by: str) -> dict[str, Any]:
    """Carry `step: commit` out.

    :param by: who asks: the role's own last task, the handler, or the entry point.
    :returns: `report`, `transaction`, `lines` to show, `failed_names`, and `failure`, which is empty where nothing failed.
    """
    transaction, issuing_host = means.play.transaction()
    if transaction.open_items and means.play.host != issuing_host:
        raise Refused(
            f"The commit has to run on {issuing_host}, which issued the tokens: only that host knows whether something "
            "failed. Nothing was revoked. Run the commit there."
        )
    others_wait = by == BY_ROLE and transaction.is_waiting(means.play.id)
    reports: dict[str, dict[str, Any]] = {}
    changed = False
    for use in sorted(_uses(transaction, means.play, by), key=lambda use: bool(use.running_secrets)):
        done = _Commit(means, use, by, others_wait=others_wait)
        changed |= done.carry_out()
        reports.update(done.reports)
        use.forget(done.settled)
    earlier = means.play.fact("turso_rotate_report", issuing_host) or ()
    failed = [entry for entry in reports.values() if entry["action"] == "failed"]
    return {
        "changed": changed,
        "report": [*(entry for entry in earlier if entry["name"] not in reports), *reports.values()],
        "transaction": transaction.as_text(),
        "is_secret": transaction.is_secret,
        "lines": [entry["msg"] for entry in reports.values()],
        "failed_names": [entry["name"] for entry in failed],
        "failure": sentences.of_failures(failed),
    }


def _uses(transaction: Transaction, play: Play, by: str) -> list[Use]:
    """Return the uses that are committed: what main issued in this play; by the entry point also what was left to it."""
    return [
        use for use in transaction.uses if use.items and (use.play == play.id if use.is_main else by == BY_ENTRY_POINT)
    ]


class _Commit:
    """The commit of one use of the role."""

    def __init__(self, means: Means, use: Use, by: str, *, others_wait: bool) -> None:
        """Gather what was confirmed.

        :param others_wait: this is the role's own last task, and other tokens of the play wait for it to confirm.
        """
        self.means, self.use, self.by, self.others_wait = means, use, by, others_wait
        self.confirmations = Confirmations(means.play, use)
        self.reports: dict[str, dict[str, Any]] = {}
        self.settled: list[str] = []  # nothing is left to be done for these
        self.confirmed: dict[str, list[str]] = {}  # by whom, of tokens that somebody else has not confirmed

    def carry_out(self) -> bool:
        """Revoke what may be revoked; return whether anything changed."""
        with self._stored() as stored:
            ready = [item for item in self.use.items if self._is_ready(item, stored)]
            self._remember_who_confirmed()
            changed = self._revoke(ready) if ready else False
        if self.others_wait:
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
        what, reasons = verdict(facts, self.by, others_wait=self.others_wait)
        item.report["evidence"] = evidence(facts)
        if what is Verdict.TELL:
            self.reports[item.name] = item.report
            self.settled.append(item.name)
        if what is Verdict.REFUSE:
            self.reports[item.name] = _refused(item, reasons)
        if what is not Verdict.REVOKE and item.version is not None:
            self.confirmed[item.name] = confirmed_labels(facts)
        return what is Verdict.REVOKE

    def _remember_who_confirmed(self) -> None:
        """Write into the state file who confirmed a version that others did not: the next run says who was missing."""
        path = self.use.options.get("state_file")
        if path is None or not any(self.confirmed.values()):
            return
        at = utc_text(utc_now())
        with contextlib.suppress(Refused), state_file.locked(path):  # the commit says what is wrong with the file
            state = state_file.read(path)
            for item in self.use.items:
                if item.name in self.confirmed and is_version(state.of(item.name).pending, item.version_id):
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
        counted, unsealed = self.confirmations.of(item)
        value = None if isinstance(stored, Refused) else stored.get(item.name)
        return Facts(
            item,
            self.use.host,
            has_failed=play.has_failed,
            confirmations=counted,
            unsealed=unsealed,
            has_vault_file=self.use.vault_file is not None,
            stored_sha256=_digest_for(item, value),
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


def _digest_for(item: Item, value: str | None) -> str | None:
    """Return the SHA-256 of a stored value; where that is a newer SQL token of another run, of the value that it outdates."""
    if value is None:
        return None
    return item.sha256 if is_newer_sql(item, value) else digest_of(value)


def _refused(item: Item, reasons: Sequence[str]) -> dict[str, Any]:
    return of_sql_refusal(item.report, reasons) if item.kind == "sql" else report.of_refusal(item.report, reasons)


def _failed(item: Item, result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report of a token whose commit failed as a whole. Where it came to no end, nobody knows what it revoked."""
    said = str(result.get("msg", "")).rstrip(".")
    if result.get("error"):
        return _refused(item, [said])
    msg = (
        f"{item.name}: the commit did not finish ({said}), so it is not known which previous versions were revoked. The new "
        "version was confirmed and works. Run the rotation again."
    )
    return {**item.report, "action": "failed", "msg": msg}
