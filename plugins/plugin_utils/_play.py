# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a step of the rotation asks of the play that it runs in, by means that Ansible documents where there are any. Private."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import yaml
from ansible import context
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.mod_args import ModuleArgsParser
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Verdict, verdicts_from
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Transaction

TRANSACTION = "__turso_rotate_transaction"
CONFIRMATIONS = "__turso_rotate_confirmations"
SEALED = "__turso_rotate_sealed"
VERDICTS = "__turso_rotate_verdicts"
VALUES = "__turso_rotate_values"
ISSUED = "__turso_rotate_issued"
FIGURES = "__turso_rotate_figures"


class Play:
    """The play of an action plugin, and the facts of the hosts in it."""

    def __init__(self, action: ActionBase, task_vars: Mapping[str, Any]) -> None:
        self._action = action
        self._vars = task_vars
        self.host: str = str(task_vars["inventory_hostname"])
        self._resolved: dict[tuple[str, ...], tuple[tuple[str, ...], tuple[str, ...]]] = {}

    @property
    def id(self) -> str:
        """Return what tells this play from every other of the run; no variable of Ansible's does."""
        return str(self._action._task.play._uuid)

    @property
    def size(self) -> int:
        return len(self._vars["ansible_play_hosts_all"])

    @property
    def strategy(self) -> str:
        """Return the strategy without its collection."""
        return str(self._action._task.play.strategy).rpartition(".")[2]

    @property
    def has_failed(self) -> bool:
        """Tell whether something failed on this host; handlers that are forced go on after that."""
        return self.host not in self._vars["ansible_play_hosts"]

    @property
    def is_in_post_tasks(self) -> bool:
        """Tell whether this task stands below `post_tasks`, after which handlers are flushed once and not twice."""
        outermost = self._action._task
        while outermost._parent is not None:
            outermost = outermost._parent
        return outermost._uuid in {block._uuid for block in self._action._task.play.post_tasks}

    def fact(self, name: str, host: str | None = None) -> Any:
        """Return a fact of a host, of this one where none is named; None where it is not set."""
        if host is None or host == self.host:
            return self._vars.get(name)
        hostvars = self._vars["hostvars"]
        return hostvars[host].get(name) if host in hostvars else None

    @functools.cached_property
    def verdicts(self) -> list[Verdict]:
        """Return what destinations said since that was last recorded, with the values that they were found to hold."""
        return verdicts_from(self.fact(VERDICTS), self.fact(VALUES))

    def transaction(self) -> tuple[Transaction, str]:
        """Return the transaction that this host has to do with, and the host that issued; an empty one where nobody has.

        The first that names this host counts, else the first in which something is left to be done.
        """
        found: list[tuple[Transaction, str]] = []
        for host in dict.fromkeys((self.host, "localhost", *self._hosts)):
            text = self.fact(TRANSACTION, host)
            if text:
                transaction = Transaction.from_text(text)
                if any(self.host in use.hosts for use in transaction.uses):
                    return transaction, host
                found.append((transaction, host))
        return max(found, key=lambda each: bool(each[0].open_items), default=(Transaction(), self.host))

    @property
    def environment(self) -> dict[str, str]:
        """Return what `environment` says where this task stands: a handler loaded elsewhere does not inherit it."""
        parts = [self._action._templar.template(part) for part in self._action._task.environment or () if part]
        return {name: str(value) for part in parts if isinstance(part, Mapping) for name, value in part.items()}

    @property
    def others(self) -> list[str]:
        """Return the other hosts of the inventory."""
        return [host for host in self._hosts if host != self.host]

    @property
    def _hosts(self) -> list[str]:
        return list(self._vars["groups"]["all"])

    def resolved(self, patterns: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the hosts that inventory patterns name, and those of them that `--limit` leaves out of this run."""
        key = tuple(patterns)
        if key not in self._resolved:
            everywhere = _named(self._inventory, key, None)
            reached = set(_named(self._inventory, key, context.CLIARGS.get("subset")))
            self._resolved[key] = everywhere, tuple(host for host in everywhere if host not in reached)
        return self._resolved[key]

    def unmatched(self, patterns: Sequence[str]) -> list[str]:
        """Return the patterns that name hosts and come to none."""
        return [
            pattern for pattern in patterns if pattern[:1] not in "!&" and not _named(self._inventory, [pattern], None)
        ]

    @functools.cached_property
    def _inventory(self) -> InventoryManager:
        inventory = InventoryManager(loader=self._action._loader, parse=False)
        for group, hosts in self._vars["groups"].items():
            inventory.add_group(group)
            for host in hosts:
                inventory.add_host(host, group=group)
        return inventory

    def path(self, written: str) -> str:
        """Return a path of the user's: from the folder of the playbook, or, for a playbook of a collection, of the command."""
        folder = str(self._vars["playbook_dir"])
        base = os.getcwd() if f"{os.sep}ansible_collections{os.sep}" in f"{folder}{os.sep}" else folder
        return os.path.join(base, os.path.expanduser(written))

    def path_of(self, written: Any) -> str | None:
        """Return the same of a path that may be left out, empty, or no text, which the role refuses; then None."""
        return self.path(written) if written and isinstance(written, str) else None


@dataclasses.dataclass(frozen=True)
class Means:
    """What a step works with: the play, Ansible's loader, which has the vault secrets, and what runs the module.

    The module is given its arguments and, where that is not the one of the task, its environment.
    """

    play: Play
    loader: Any
    module: Callable[..., dict[str, Any]]


def say(text: str) -> None:
    """Show why a run seems to stand still; on stderr, because callbacks own stdout."""
    Display().display(text, color="blue", stderr=True)


def _named(inventory: InventoryManager, patterns: Iterable[str], limit: str | None) -> tuple[str, ...]:
    inventory.subset(limit)
    return tuple(host.name for host in inventory.get_hosts(list(patterns)))


def problem_with_tasks_file(path: str) -> str | None:
    """Say why a tasks file of the user's own can deliver nothing; None if it holds a task."""
    if not os.path.isfile(path):
        return f"the tasks file {path} does not exist"
    try:
        with open(path, encoding="utf-8") as file:
            found = yaml.load(file, Loader=_TagsIgnored)  # noqa: S506  # a safe loader that passes over tags
    except (OSError, UnicodeDecodeError) as exc:
        return f"the tasks file {path} cannot be read ({type(exc).__name__})"
    except yaml.YAMLError as exc:
        line = getattr(getattr(exc, "problem_mark", None), "line", None)
        return f"the tasks file {path} is not YAML" + ("" if line is None else f" (line {line + 1})")
    try:
        count = _check_tasks(found) if isinstance(found, list) else 0
    except AnsibleError as exc:
        return f"the tasks file {path} cannot be run: {str(exc).splitlines()[0].rstrip('.')}"
    return None if count else f"the tasks file {path} holds no task, so it would do nothing"


def _check_tasks(tasks: Any) -> int:
    """Parse tasks as ansible-core does at the include, which would end the run after everything was issued.

    :returns: how many there are, blocks not counted.
    :raises AnsibleError: what is no task, or names a module that there is not.
    """
    count = 0
    for task in tasks if isinstance(tasks, list) else [tasks]:
        if not isinstance(task, dict):
            raise AnsibleParserError("an item is no task")
        inner = [task[key] for key in ("block", "rescue", "always") if key in task]
        count += sum(map(_check_tasks, inner))
        if not inner:
            ModuleArgsParser(task).parse()
            count += 1
    return count


class _TagsIgnored(yaml.SafeLoader):
    """Reads what a tasks file holds, whatever tags such as !vault or !unsafe stand in it."""


_TagsIgnored.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
