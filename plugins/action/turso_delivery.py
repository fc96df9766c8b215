# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import importlib
import json
import os
import traceback
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail

from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import KINDS
from ansible_collections.community.turso.plugins.module_utils._delivery.places import Place, places_of
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    CHECK,
    DELIVER,
    LOST,
    NOT_TAKEN,
    READ_BACK,
    REFUSED,
    UNREADABLE,
    Item,
    Verdict,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Refused, TursoError
from ansible_collections.community.turso.plugins.plugin_utils._destination_specs import item_of
from ansible_collections.community.turso.plugins.plugin_utils._destinations._in_files import MODULE
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Environment, Run
from ansible_collections.community.turso.plugins.plugin_utils._forked_module import module_named, run_forked
from ansible_collections.community.turso.plugins.plugin_utils._hidden_result import ActionModule as HiddenResult
from ansible_collections.community.turso.plugins.plugin_utils._play import Play

# What runs in a fork, by its name, on which connection, and as whom: none for the user who runs Ansible.
FORKED = {(MODULE, "local", None): module_named("turso_delivery")}
ON_HOSTS = ("file", "env_file")
PLACES = "places"
_REFUSES = {CHECK: REFUSED, DELIVER: NOT_TAKEN, READ_BACK: UNREADABLE}
_AFTER_A_BUG = {CHECK: REFUSED, DELIVER: LOST, READ_BACK: UNREADABLE}
_VERBS = (*_REFUSES, PLACES)
_IN_CHECK_MODE = "This was check mode: nothing was written. To deliver the value, run the play without --check."


class ActionModule(HiddenResult):
    """Carries one verb out for all items of one kind of destination. Private: the role turso_deliver uses it.

    The items come from the variable `turso_deliver_items` and not from an argument, because arguments can be shown. A
    destination that cannot be reached is a verdict, not a failure. With `verb: places` it says where files are: on which hosts, and
    as which user. Each of these is then a `place` of its own.
    """

    def _execute_hidden(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        self._vars: dict[str, Any] = task_vars or {}
        to, verb = str(self._task.args.get("to")), str(self._task.args.get("verb"))
        if to not in KINDS or verb not in _VERBS:
            raise AnsibleActionFail(f"to must be one of {', '.join(KINDS)}, and verb one of {', '.join(_VERBS)}")
        items, given = self._items(to), self._task.args.get("place")
        if verb == PLACES:
            return {"changed": False, "places": [place.as_json() for place in places_of(items)]}
        place = Place.from_json(given) if given else Place("", False)
        held = [item for item in items if place.holds(item)] if given else items
        run = self._run(to, held, place.host)
        with self.hidden():
            verdicts = self._verdicts(to, verb, held, run)
        return self._result(verdicts, run)

    def _result(self, verdicts: list[Verdict], run: Run) -> dict[str, Any]:
        """Return the result, hidden where it carries values."""
        changed = [verdict for verdict in verdicts if verdict.changed]
        result: dict[str, Any] = {"changed": bool(changed), "verdicts": [verdict.as_json() for verdict in verdicts]}
        if run.warnings:
            result["warnings"] = run.warnings
        if self._task.diff:
            result["diff"] = [_difference(verdict) for verdict in changed]
        result["read"] = [verdict.value for verdict in verdicts]
        if any(result["read"]):
            self._hide(result)
        return result

    def _run(self, to: str, items: list[Item], host: str) -> Run:
        if to not in ON_HOSTS:
            self._vars = self._at_home(self._vars)
        return Run(
            host or "localhost",
            self._run_module,
            service=self._ask_service,
            loader=self._loader,
            check_mode=bool(self._task.check_mode),
            environment=Play(self, self._vars).environment,
            credentials=self._templar.template(self._vars.get("turso_deliver_credentials") or {}),
            secrets=tuple(item.secret for item in items if item.secret),
        )

    @staticmethod
    def _verdicts(to: str, verb: str, items: list[Item], run: Run) -> list[Verdict]:
        carry_out = getattr(importlib.import_module(f"{_DESTINATIONS}._{to}"), verb)
        try:
            if verb == DELIVER and run.check_mode:  # not every destination has a check mode of its own
                raise Refused(_IN_CHECK_MODE)
            return list(carry_out(items, run))
        except TursoError as exc:
            return [Verdict.of(item, run.host, _REFUSES[verb], exc.msg) for item in items]
        except Exception as exc:  # noqa: BLE001  # no destination ends the run, and Ansible would print what the error quotes
            return [Verdict.of(item, run.host, _AFTER_A_BUG[verb], _words_of_a_bug(exc, run)) for item in items]

    def _items(self, to: str) -> list[Item]:
        # Plain texts: PyYAML refuses ansible-core's own kinds of them, and quotes them in its error.
        given = json.loads(json.dumps(self._templar.template(self._vars.get("turso_deliver_items") or []), default=str))
        play = Play(self, self._vars)
        try:
            return [item_of(to, raw, lambda patterns: play.resolved(patterns)[0], play.path) for raw in given]
        except TursoError as exc:
            raise AnsibleActionFail(exc.msg) from exc

    def _run_module(
        self, name: str, args: Mapping[str, Any], environment: Environment, check_mode: bool
    ) -> dict[str, Any]:
        """Run a module where the task runs, or in a fork.

        On the control node nobody sees what it is given: its arguments go through its standard input, and the variables into
        this process, which is a fork, because Ansible writes an `environment` into the command line. Its diff would be lost,
        and would hold the value.
        """
        module = FORKED.get((name, self._connection.transport, self._connection.become))
        if module is not None:
            return run_forked(module, args, environment, check_mode=check_mode)
        is_here = self._connection.transport == "local"
        given = self._task.environment, self._task.check_mode, self._task.diff
        self._task.environment = [] if is_here else [dict(environment)]
        self._task.check_mode, self._task.diff = check_mode, False
        self._connection.always_pipeline_modules = is_here
        before = dict(os.environ)
        try:
            os.environ.update(environment if is_here else {})
            found: dict[str, Any] = self._execute_module(module_name=name, module_args=dict(args), task_vars=self._vars)
            return found
        finally:
            os.environ.clear()
            os.environ.update(before)
            self._task.environment, self._task.check_mode, self._task.diff = given

    def _ask_service(self, args: Mapping[str, Any], only_look: bool) -> dict[str, Any]:
        """Run the action ansible.builtin.service, which finds the service manager of the host."""
        task = self._task.copy()
        task.args = dict(args)
        task.check_mode = only_look
        action = self._shared_loader_obj.action_loader.get(
            "ansible.builtin.service",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        found: dict[str, Any] = action.run(task_vars=self._vars)
        return found


def _words_of_a_bug(exc: Exception, run: Run) -> str:
    place = traceback.extract_tb(exc.__traceback__)[-1]
    where = f"{os.path.basename(place.filename)}, line {place.lineno}"
    return f"Internal error, please report it: {type(exc).__name__} in {where}: {run.shown(exc)}"


def _difference(verdict: Verdict) -> dict[str, str]:
    """Return what a diff shows of a delivery: names, and no value."""
    where = f"{verdict.to} {verdict.address} ({verdict.host})"
    return {
        "before_header": where,
        "after_header": where,
        "before": "(another value)\n",
        "after": f"(the value of {verdict.name})\n",
    }


_DESTINATIONS = "ansible_collections.community.turso.plugins.plugin_utils._destinations"
