# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: issue`: refuse what cannot be done, have the module issue, store the values, and record who has to confirm. Private."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.utils.display import Display

from ansible_collections.community.turso.plugins.module_utils import _files
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import process, state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import (
    Defaults,
    Entry,
    read_entries,
    refused,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction, Use
from ansible_collections.community.turso.plugins.plugin_utils import _vault_file
from ansible_collections.community.turso.plugins.plugin_utils._play import Play, problem_with_tasks_file

CONNECTION = ("api_token", "api_url", "api_timeout", "api_retries", "validate_certs", "ca_path")
COMMIT = (*CONNECTION, "credentials", "state_file", "pending_minutes", "concurrency")
POLICY = ("max_age_days", "grace_hours", "spread_days", "force", "pending_minutes", "max_versions")
STRATEGIES = (
    "linear",
    "free",
    "host_pinned",
    "debug",
)  # others replace parts of ansible-core that the commit relies on
_NOT_THE_MODULES = ("vault_file", "vault_id", "is_main", "play_confirms")


def say(text: str) -> None:
    """Show why a run seems to stand still; on stderr, because callbacks own stdout."""
    Display().display(text, color="blue", stderr=True)


Module = Callable[[Mapping[str, Any]], dict[str, Any]]


def issue(play: Play, args: Mapping[str, Any], loader: Any, module: Module, *, check_mode: bool) -> dict[str, Any]:
    """Carry the step out.

    :param args: the arguments of the task. An empty text is none.
    :param module: runs the module with these arguments and returns its result.
    :returns: what the role reads: the module's result, and `transaction`, `deliveries`, `needs_the_play`, `commits_now`,
        `vault_file`.
    """
    step = _Issue(play, _not_blank(args), loader, module, check_mode=check_mode)
    step.refuse()
    stored = step.stored()
    result = module(step.module_args(stored))
    if result.get("failed"):
        return result
    if check_mode:
        return {**result, **_NOTHING, "lines": [*(entry["msg"] for entry in result["report"]), result["summary"]]}
    return step.recorded(result, stored)


def _not_blank(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that are not empty. Before ansible-core 2.19 null is rendered as an empty text.

    :raises Refused: for null, and for a number or switch that is empty.
    """
    blank = [name for name, value in args.items() if value is None or (value == "" and name in POLICY)]
    if blank:
        raise refused(
            [
                f"turso_rotate_{name} is null or empty. Leave it out if it is not meant: a blank variable must not change what is done."
                for name in blank
            ]
        )
    return {name: value for name, value in args.items() if value != ""}


_NOTHING: dict[str, Any] = {
    "transaction": "",
    "deliveries": [],
    "needs_the_play": False,
    "commits_now": False,
    "vault_file": "",
}


class _Issue:
    def __init__(self, play: Play, args: Mapping[str, Any], loader: Any, module: Module, *, check_mode: bool) -> None:
        self.play, self.loader, self.module, self.check_mode = play, loader, module, check_mode
        self.args = {**args, **self._paths(play, args)}
        self.is_main = bool(args.get("is_main", True))
        self.transaction, _host = play.transaction()
        self._open_names = {item.name for item in self.transaction.open_items}
        self._names_of_this_play = {name for use in self.transaction.of_play(play.id) for name in use.names}
        self.entries = self._resolved(read_entries(args.get("tokens"), self._defaults()))

    @staticmethod
    def _paths(play: Play, args: Mapping[str, Any]) -> dict[str, str]:
        return {option: play.path(args[option]) for option in ("vault_file", "state_file") if args.get(option)}

    def _defaults(self) -> Defaults:
        return Defaults(
            **{option: self.args[option] for option in POLICY if option in self.args},
            has_state_file="state_file" in self.args,
            has_vault_file="vault_file" in self.args,
            credentials=tuple(self.args.get("credentials") or ()),
        )

    # What refuses the whole run, before any request

    def refuse(self) -> None:
        """Refuse what can be told without the API.

        :raises Refused: with every reason.
        """
        if self.play.strategy not in STRATEGIES:
            raise refused(
                [
                    f"The strategy {self.play.strategy} is not supported: use one of {', '.join(STRATEGIES)} in this play."
                ]
            )
        if self.play.size > 1:
            reason = (
                f"turso_rotate issues tokens once for a play, not once for a host, and this play has {self.play.size} hosts. "
                "Run it in a play with one host, and deliver to others in further plays."
            )
            raise refused([reason])
        reasons = [f"{entry.label}: {reason}." for entry in self.entries for reason in self._reasons(entry)]
        if reasons:
            raise refused(reasons)
        self._try_files()

    def _reasons(self, entry: Entry) -> list[str]:
        found = [self._used_twice(entry)]
        for recipient in entry.recipients:
            found += [self._nobody_confirms(recipient), self._unreached(recipient), self._tasks_file(recipient)]
        return [reason for reason in found if reason]

    def _used_twice(self, entry: Entry) -> str | None:
        if entry.name in self._open_names:
            return "an earlier use of the role in this run issued it and has not committed it yet"
        if entry.name in self._names_of_this_play:
            return "it is used twice in this play. Name each token in one use of the role only"
        return None

    def _nobody_confirms(self, recipient: Recipient) -> str | None:
        if recipient.to == "play" and not self.args.get("play_confirms", True):
            return (
                "nobody could confirm {to: play} here, because this playbook has no tasks of yours. Say in deliver where the "
                "token goes, or use the role in a play of your own"
            )
        return None

    def _unreached(self, recipient: Recipient) -> str | None:
        if recipient.hosts is None:
            return None
        hosts, left_out = self.play.resolved(recipient.hosts)
        nobody = self.play.unmatched(recipient.hosts)
        if nobody or not hosts:
            return f"hosts {', '.join(nobody or recipient.hosts)} come to no host of the inventory, so nobody could confirm"
        if left_out:
            return f"--limit leaves {', '.join(left_out)} out of this run, so nobody could confirm there"
        if self.is_main and hosts != (self.play.host,):
            return (
                "hosts other than the one that issues need the entry points issue and commit: issue in a first play, deliver "
                "and confirm on the hosts, and commit in a last play"
            )
        return None

    def _tasks_file(self, recipient: Recipient) -> str | None:
        return problem_with_tasks_file(self.play.path(recipient.tasks)) if recipient.tasks else None

    def _try_files(self) -> None:
        """Try the state file and the vault file before anything is issued.

        :raises Refused: they could not be written afterwards.
        """
        path = self.args.get("state_file")
        try:
            if path:
                _files.check_replaceable(path, rehearse=not self.check_mode)
                with contextlib.nullcontext() if self.check_mode else state_file.locked(path, on_wait=say):
                    state_file.read(path)
            if "vault_file" in self.args:
                _vault_file.check(
                    self.loader,
                    self.args["vault_file"],
                    self.args.get("vault_id"),
                    rehearse=not self.check_mode,
                    on_wait=say,
                )
        except Refused as exc:
            raise Refused(f"{exc.msg} Nothing was issued.") from exc

    # The module

    def stored(self) -> dict[str, str] | None:
        """Return the values in the vault file by name; None without a vault file."""
        if "vault_file" not in self.args:
            return None
        return _vault_file.read(self.loader, self.args["vault_file"]) or {}

    def module_args(self, stored: Mapping[str, str] | None) -> dict[str, Any]:
        names = {entry.name for entry in self.entries}
        return {
            **{option: value for option, value in self.args.items() if option not in _NOT_THE_MODULES},
            "tokens": [self._with_hosts(raw, entry) for raw, entry in zip(self.args["tokens"], self.entries)],
            **({} if stored is None else {"stored": {name: stored[name] for name in stored if name in names}}),
            "has_vault_file": stored is not None,
            "controller": dataclasses.asdict(process.process_of(os.getppid())),
            "refused_if_due": self._refused_if_due(),
        }

    def _refused_if_due(self) -> dict[str, str]:
        """Return what cannot be confirmed where this task stands, by name."""
        if not (self.is_main and self.play.is_in_post_tasks):
            return {}
        return {
            entry.name: "post_tasks have one flush of handlers only, so nobody could be asked again to confirm. Use the role "
            "in tasks, or the entry points issue and commit"
            for entry in self.entries
            if not entry.is_committed_by_the_role
        }

    # What follows the module

    def recorded(self, result: dict[str, Any], stored: Mapping[str, str] | None) -> dict[str, Any]:
        """Store the new values, and return what the role reads."""
        items, secrets = self._delivered_first(result, stored)
        known_secrets, known_report = self._of_earlier_uses()
        self.transaction.uses.append(self._use(items, secrets))
        return {
            **result,
            "secrets": {**known_secrets, **secrets},
            "report": [*known_report, *result["report"]],
            "lines": _lines(result),
            "transaction": self.transaction.as_text(),
            "is_secret": self.transaction.is_secret,
            "deliveries": self._deliveries(items, secrets),
            "needs_the_play": any(item.needs_the_play for item in items),
            "commits_now": self.is_main and _is_for_the_role(items),
            "vault_file": self.args.get("vault_file", "") if secrets else "",
        }

    def _delivered_first(
        self, result: dict[str, Any], stored: Mapping[str, str] | None
    ) -> tuple[list[Item], dict[str, str]]:
        """Write the new values into the vault file, if there is one, before anybody else gets them.

        :returns: what is left to be committed, and the values of what is pending, issued or resumed.
        """
        items = [Item.from_json(raw) for raw in result.pop("items")]
        known = stored or {}
        resumed = {name: known[name] for name in result.pop("resumed")}
        if stored is not None and result["secrets"]:
            items = self._store(result, items)
        return items, {**result["secrets"], **resumed}

    def _of_earlier_uses(self) -> tuple[Mapping[str, str], Sequence[dict[str, Any]]]:
        """Return secrets and report of uses in this play, or of which something is not committed yet."""
        if not any(use.items or use.play == self.play.id for use in self.transaction.uses):
            return {}, []
        return self.play.fact("turso_rotate_secrets") or {}, self.play.fact("turso_rotate_report") or []

    @staticmethod
    def _with_hosts(raw: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
        """Return an entry as it was given, with the hosts that its patterns were resolved to."""
        if "deliver" not in raw:
            return dict(raw)
        pairs = zip(raw["deliver"], entry.recipients)
        return {
            **raw,
            "deliver": [{**item, **({"hosts": list(found.hosts)} if found.hosts else {})} for item, found in pairs],
        }

    def _resolved(self, entries: Sequence[Entry]) -> list[Entry]:
        """Freeze the hosts of every recipient: who has to confirm does not change while the run goes on."""
        return [
            dataclasses.replace(entry, recipients=tuple(self._frozen(recipient) for recipient in entry.recipients))
            for entry in entries
        ]

    def _frozen(self, recipient: Recipient) -> Recipient:
        if recipient.hosts is None:
            return recipient
        hosts, _left_out = self.play.resolved(recipient.hosts)
        is_whole = hosts and not self.play.unmatched(recipient.hosts)  # else it is refused as it was written
        return dataclasses.replace(recipient, hosts=hosts) if is_whole else recipient

    def _use(self, items: list[Item], secrets: Mapping[str, str]) -> Use:
        running = [item.name for item in items if item.is_running_credential and item.version]
        return Use(
            play=self.play.id,
            host=self.play.host,
            is_main=self.is_main,
            options=self._commit_options if items else {},
            names=[entry.name for entry in self.entries],
            hosts=sorted({host for entry in self.entries for host in self._confirming_hosts(entry)}),
            vault_file=self.args.get("vault_file"),
            environment=self.play.environment if items else {},
            items=items,
            running_secrets={name: secrets[name] for name in running},
        )

    @property
    def _commit_options(self) -> dict[str, Any]:
        """Return the options of the module that a commit, or a withdrawal, works with."""
        return {option: self.args[option] for option in COMMIT if option in self.args}

    def _confirming_hosts(self, entry: Entry) -> list[str]:
        return [host for recipient in entry.recipients for host in recipient.hosts or (self.play.host,)]

    def _store(self, result: dict[str, Any], items: list[Item]) -> list[Item]:
        """Write the new values into the vault file; where that fails, withdraw them, because nobody took them."""
        try:
            written = _vault_file.merge(
                self.loader, self.args["vault_file"], self.args.get("vault_id"), result["secrets"], on_wait=say
            )
        except _vault_file.NotSeenAgain as exc:  # it was written, so somebody may have it: the commit looks again
            result.setdefault("warnings", []).append(exc.msg)
            return items
        except Refused as exc:
            return self._withdrawn(result, items, exc)
        result.setdefault("warnings", []).extend(written.warnings)
        return items

    def _withdrawn(self, result: dict[str, Any], items: list[Item], exc: Refused) -> list[Item]:
        failed = [
            dataclasses.replace(item, error=exc.msg.rstrip(".")) for item in items if item.name in result["secrets"]
        ]
        withdrawn = self.module(
            {**self._commit_options, "step": "withdraw", "items": Transaction.carrying(failed).as_text()}
        )
        reports = {report["name"]: report for report in withdrawn.get("report", ())}
        for item in failed:
            item.report = reports.setdefault(item.name, _not_withdrawn(item))
            item.version, item.sha256 = None, None
            result["secrets"].pop(item.name)
        result["report"] = [reports.get(report["name"], report) for report in result["report"]]
        return [item for item in items if item.name not in reports] + failed

    def _deliveries(self, items: Sequence[Item], secrets: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the tasks files of the user's own that are to be run: entry, number of the recipient, path."""
        return [
            {"name": item.name, "recipient": index, "path": self.play.path(recipient.tasks), "sha256": item.sha256}
            for item in items
            if item.name in secrets
            for index, recipient in enumerate(item.recipients)
            if recipient.tasks
        ]


def _not_withdrawn(item: Item) -> dict[str, Any]:
    """Return the report of a token that could neither be stored nor withdrawn."""
    version = item.version or {}
    return {
        **item.report,
        "action": "failed",
        "issued": None,
        "msg": f"{item.name}: {item.error}. Withdrawing {version.get('name')} failed, too. Revoke it by its id "
        f"{version.get('id')}: it may be active.",
    }


def _is_for_the_role(items: Sequence[Item]) -> bool:
    """Tell whether something is to be committed, or told, without waiting for the play to confirm."""
    waiting = any(item.needs_the_play for item in items)
    return any(not item.needs_the_play and (item.error is None or not waiting) for item in items)


def _lines(result: Mapping[str, Any]) -> list[str]:
    """Return what is shown: what is not as it was, a summary, and which token is due next."""
    due = min(result["next_due"].items(), key=lambda item: item[1], default=None)
    next_due = "" if due is None else f"; next due: {due[0]}, {due[1][:10]}"
    changes = [entry["msg"] for entry in result["report"] if entry["action"] != "unchanged"]
    return [*changes, *result.get("notes", ()), f"{result['summary']}{next_due}"]
