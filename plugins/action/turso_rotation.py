# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail

from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation.evidence import BY_ENTRY_POINT
from ansible_collections.community.turso.plugins.plugin_utils._forked_module import module_named, run_forked
from ansible_collections.community.turso.plugins.plugin_utils._hidden_result import ActionModule as HiddenResult
from ansible_collections.community.turso.plugins.plugin_utils._hidden_result import mark
from ansible_collections.community.turso.plugins.plugin_utils._misspelled import warn_of_misspelled
from ansible_collections.community.turso.plugins.plugin_utils._play import Means, Play
from ansible_collections.community.turso.plugins.plugin_utils._step_check import check
from ansible_collections.community.turso.plugins.plugin_utils._step_commit import commit
from ansible_collections.community.turso.plugins.plugin_utils._step_confirm import (
    NOTHING,
    confirm_here,
    refuse_here,
    what_was_read_back,
)
from ansible_collections.community.turso.plugins.plugin_utils._step_destinations import look, record
from ansible_collections.community.turso.plugins.plugin_utils._step_fresh import fresh
from ansible_collections.community.turso.plugins.plugin_utils._step_invalidate import invalidate, prove
from ansible_collections.community.turso.plugins.plugin_utils._step_issue import issue
from ansible_collections.community.turso.plugins.plugin_utils._step_tell import tell

MODULE = module_named("turso_rotation")
LOST = (
    "It is not known what it did. Run the playbook again: it goes on from the API's list and the state file. If you "
    "invalidate SQL tokens, run it until each leaked value is proven dead."
)


class ActionModule(HiddenResult):
    """Gathers what the play is, asks the pure code, and runs the module for what asks the API.

    Everything happens on the control node, whatever the connection of the host says: the vault file and the state file lie
    there.
    """

    def _execute_hidden(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        self._vars: dict[str, Any] = task_vars or {}
        step = self._steps.get(str(self._task.args.get("step")))
        if step is None:
            raise AnsibleActionFail(f"step must be one of {', '.join(self._steps)}")
        try:
            result = step(Play(self, self._vars))
        except TursoError as exc:
            return {"failed": True, "changed": False, **exc.as_result()}
        if result.pop("is_secret", False):  # the transaction holds the credential that the commit needs
            mark(result)
        if "report" in result:  # as data, each value of it would be rendered and copied wherever it passes
            result["report"] = json.dumps(result["report"])
        return result

    @property
    def _steps(self) -> dict[str, Callable[[Play], dict[str, Any]]]:
        return {
            "issue": self._issue,
            "record": lambda play: record(self._means(play), self._task.args.get("asked") or ()),
            "look": look,
            "confirm": self._confirm,
            "check": self._check,
            "commit": self._commit,
            "fresh": self._fresh,
            "tell": self._how_it_ended,
            "invalidate": self._invalidate,
            "prove": lambda play: prove(self._means(play), self._task.args),
        }

    def _issue(self, play: Play) -> dict[str, Any]:
        if not self._task.args.get("fetched"):  # once a run
            warn_of_misspelled(self._vars, self._task.args)
        return issue(self._means(play), self._task.args, check_mode=self._task.check_mode)

    def _invalidate(self, play: Play) -> dict[str, Any]:
        return invalidate(self._means(play), self._task.args, check_mode=self._task.check_mode)

    def _confirm(self, play: Play) -> dict[str, Any]:
        if self._task.check_mode:
            return NOTHING
        only_by_value = bool(self._task.args.get("only_by_value"))
        given = what_was_read_back(
            self._vars, self._task.get_vars(), self._task.play.get_vars(), after_tasks_file=only_by_value
        )
        task_vars = {**self._vars, **self._task.get_vars()}
        if self._task.args.get("has_failed"):
            return refuse_here(play, task_vars, self._templar)
        return confirm_here(play, task_vars, given, self._templar, only_by_value=only_by_value)

    def _check(self, play: Play) -> dict[str, Any]:
        return check(play, self._task.args.get("reminded", []))

    def _commit(self, play: Play) -> dict[str, Any]:
        if self._task.check_mode:
            return {"changed": False, "report": [], "lines": [], "failed_names": [], "failure": "", "transaction": ""}
        return commit(self._means(play), str(self._task.args.get("by", BY_ENTRY_POINT)))

    def _fresh(self, play: Play) -> dict[str, Any]:
        return fresh(play, self._vars, self._templar)

    def _how_it_ended(self, play: Play) -> dict[str, Any]:
        notify, metrics_file = (play.path_of(self._task.args.get(option)) for option in ("notify", "metrics_file"))
        told = tell(
            play,
            None if self._task.check_mode else metrics_file,
            has_failed="ansible_failed_task" in self._vars or play.has_failed,
        )
        return {**told, "notify": notify or ""}

    def _means(self, play: Play) -> Means:
        return Means(play, self._loader, self._run_module)

    def _run_module(self, args: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Run the module here and return its result.

        :param environment: instead of the one where the task stands.
        """
        given = environment or Play(self, self._vars).environment
        result = run_forked(MODULE, args, given, check_mode=self._task.check_mode, lost=LOST)
        self._tell_created(result, [result["tokens"][name] for name in result.get("secrets") or ()])
        return result
