# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one use of the role asks `step: issue` for, read from the arguments of the task; and what the module is given. Private."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery.secret_shapes import secrets_in
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    NOT_KNOWN,
    PROVEN,
    REFUSED,
    Verdict,
)
from ansible_collections.community.turso.plugins.module_utils._errors import kind_of
from ansible_collections.community.turso.plugins.module_utils._rotation import destinations, process
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import (
    AnyEntry,
    Defaults,
    read_entries,
    refused,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_destinations import Reading
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Transaction
from ansible_collections.community.turso.plugins.plugin_utils._destination_specs import destination_specs
from ansible_collections.community.turso.plugins.plugin_utils._play import Play

CONNECTION = ("api_token", "api_url", "api_timeout", "api_retries", "validate_certs", "ca_path")
COMMIT = (*CONNECTION, "credentials", "state_file", "pending_minutes", "concurrency")
POLICY = ("max_age_days", "grace_hours", "spread_days", "force", "pending_minutes", "max_versions")
PATHS = ("vault_file", "state_file", "metrics_file", "notify")
_OF_A_CHECK = (PROVEN, NOT_KNOWN, REFUSED)
_NOT_THE_MODULES = ("vault_file", "vault_id", "is_main", "play_confirms", "metrics_file", "notify", "fetched", "only")


@dataclasses.dataclass(frozen=True)
class IssueRequest:
    """The arguments of the task, paths made absolute, and the entries with the hosts that their patterns name now.

    `transaction` is what this run issued before.
    """

    play: Play
    args: Mapping[str, Any] = dataclasses.field(repr=False)
    entries: Sequence[AnyEntry]
    transaction: Transaction

    @property
    def is_main(self) -> bool:
        """Tell whether the role itself sees to the commit; else the entry point `commit` does."""
        return bool(self.args.get("is_main", True))

    @property
    def vault_file(self) -> str | None:
        return self.args.get("vault_file")

    @property
    def vault_id(self) -> str | None:
        return self.args.get("vault_id")

    @property
    def state_file(self) -> str | None:
        return self.args.get("state_file")

    @property
    def commit_options(self) -> dict[str, Any]:
        """Return the options of the module that a commit, or a withdrawal, works with."""
        return {option: self.args[option] for option in COMMIT if option in self.args}

    @property
    def confirming_hosts(self) -> list[str]:
        recipients = [recipient for entry in self.entries for recipient in entry.recipients]
        return sorted({host for recipient in recipients for host in recipient.hosts or (self.play.host,)})

    @property
    def is_checked(self) -> bool:
        """Tell whether the destinations of what is due were asked already."""
        return "checked" in self.args

    @property
    def is_fetched(self) -> bool:
        """Tell whether the destinations were asked which SQL tokens they hold."""
        return self.is_checked or bool(self.args.get("fetched"))

    def module_args(
        self, stored: Mapping[str, str] | None, held: Mapping[str, Sequence[str]], reading: Reading
    ) -> dict[str, Any]:
        """Return what the module is given.

        :param stored: the values in the vault file by name; None without a vault file.
        :param held: the values that destinations were found to hold, by name.
        :param reading: what else destinations told of SQL tokens.
        """
        names = {entry.name for entry in self.entries}
        return {
            **{option: value for option, value in self.args.items() if option not in _NOT_THE_MODULES},
            "tokens": [{key: value for key, value in raw.items() if key != "deliver"} for raw in self.args["tokens"]],
            "recipients": {entry.name: [found.as_json() for found in entry.recipients] for entry in self.entries},
            **({"held": {name: list(values) for name, values in held.items()}} if held else {}),
            **({} if stored is None else {"stored": {name: stored[name] for name in stored if name in names}}),
            "has_vault_file": stored is not None,
            "controller": dataclasses.asdict(process.process_of(os.getppid())),
            "refused_if_due": self._refused_if_due(),
            "lacks": list(reading.lacks),
            "unread": dict(reading.unread),
        }

    def refused_by_destinations(self, names: Sequence[str], said: Iterable[Verdict]) -> dict[str, str]:
        """Return why tokens must not be issued, by name: a destination would not take the value, or was not asked.

        :param names: whose destinations were to be asked.
        :param said: what all destinations said.
        """
        checks = [verdict for verdict in said if verdict.verdict in _OF_A_CHECK]
        asked = destinations.to_check(self.entries, names)
        return {**destinations.not_asked(asked, checks), **destinations.refusals(checks)}

    def _refused_if_due(self) -> dict[str, str]:
        """Return why a token must not be issued, by name: what destinations refuse, and what nobody could confirm here."""
        said = self.play.verdicts if self.is_checked else ()  # else of a use of the role that failed
        found = self.refused_by_destinations(self.args.get("checked") or (), said)
        if self.is_main and self.play.is_in_post_tasks:
            found.update({entry.name: _IN_POST_TASKS for entry in self.entries if not entry.is_committed_by_the_role})
        return found


_IN_POST_TASKS = (
    "post_tasks have one flush of handlers only, so the role could not wait for confirmations. Use the role in roles or "
    "tasks, or use the entry points issue and commit"
)


def read_request(play: Play, args: Mapping[str, Any]) -> IssueRequest:
    """Read the arguments of the task. An empty text is none.

    :raises Refused: for null, for a number or switch that is empty, and for entries that are wrong.
    """
    given = _not_blank(args)
    _refuse_secrets(given.get("tokens"))
    if given.get("only"):
        given["tokens"] = _named(given["tokens"], given["only"])
    given = {**given, **_paths(play, given)}
    defaults = Defaults(
        **{option: given[option] for option in POLICY if option in given},
        has_state_file="state_file" in given,
        has_vault_file="vault_file" in given,
        credentials=tuple(given.get("credentials") or ()),
        destinations=destination_specs(),
        located=play.path,
    )
    entries = [_frozen(play, entry) for entry in read_entries(given.get("tokens"), defaults)]
    transaction, _host = play.transaction()
    return IssueRequest(play, given, entries, transaction)


def _paths(play: Play, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the paths among the arguments. Ansible takes a list and a dictionary for a text, too."""
    written = {option: given[option] for option in PATHS if given.get(option)}
    reasons = [
        f"turso_rotate_{option} must be a text, not {kind_of(value)}. Set one path."
        for option, value in written.items()
        if not isinstance(value, str)
    ]
    if reasons:
        raise refused(reasons)
    return {option: play.path(value) for option, value in written.items()}


def _refuse_secrets(tokens: Any) -> None:
    """Refuse what looks like a secret where none belongs: a rotation file is committed and shown."""
    found = secrets_in(tokens, "turso_rotate_tokens")
    if found:
        raise refused(
            [
                f"{secret.where} holds {secret.what}. A rotation file must not hold secrets. Set the credential of a "
                "destination in the environment, or by name in turso_deliver_credentials."
                for secret in found
            ]
        )


def _not_blank(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that are not empty. Before ansible-core 2.19 null is rendered as an empty text."""
    blank = [name for name, value in args.items() if value is None or (value == "" and name in POLICY)]
    if blank:
        raise refused(
            [
                f"turso_rotate_{name} is null or empty. Set a value, or leave it out: an empty variable must not change "
                "what the role does."
                for name in blank
            ]
        )
    return {name: value for name, value in args.items() if value != ""}


def _frozen(play: Play, entry: AnyEntry) -> AnyEntry:
    """Freeze the hosts of every recipient: who has to confirm does not change while the run goes on."""
    return dataclasses.replace(entry, recipients=tuple(_frozen_hosts(play, found) for found in entry.recipients))


def _frozen_hosts(play: Play, recipient: Recipient) -> Recipient:
    if recipient.hosts is None:
        return recipient
    hosts, _left_out = play.resolved(recipient.hosts)
    is_whole = hosts and not play.unmatched(recipient.hosts)  # else it is refused as it was written
    return dataclasses.replace(recipient, hosts=hosts) if is_whole else recipient


def _named(entries: Iterable[Any], names: Collection[str]) -> list[Any]:
    """Return the entries of these names, as they are written."""
    return [entry for entry in entries if isinstance(entry, Mapping) and entry.get("name") in names]
