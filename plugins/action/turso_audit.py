# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.community.turso.plugins.module_utils import _files
from ansible_collections.community.turso.plugins.module_utils._audit import metrics
from ansible_collections.community.turso.plugins.module_utils._audit.managed import Rotation, needed_of, of_one_user
from ansible_collections.community.turso.plugins.module_utils._audit.notes import lines_of
from ansible_collections.community.turso.plugins.module_utils._audit.policy import Policy
from ansible_collections.community.turso.plugins.module_utils._audit.report import audit
from ansible_collections.community.turso.plugins.module_utils._audit.stored import (
    Expected,
    Stored,
    sql_values,
    stored_of,
    with_probes,
)
from ansible_collections.community.turso.plugins.module_utils._errors import BadOption, Refused
from ansible_collections.community.turso.plugins.module_utils._prometheus import FILE_MODE
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State
from ansible_collections.community.turso.plugins.plugin_utils import _vault_file
from ansible_collections.community.turso.plugins.plugin_utils._audit_page import page_of, text_of
from ansible_collections.community.turso.plugins.plugin_utils._audit_report import (
    REPORT,
    handed_on,
    known_from,
    register,
)
from ansible_collections.community.turso.plugins.plugin_utils._forked_module import module_named, run_forked
from ansible_collections.community.turso.plugins.plugin_utils._play import Play

MODULE = module_named("turso_audit")

ROTATION = "__turso_audit_rotation"
OURS = (
    "step",
    "policy",
    "json_file",
    "html_file",
    "metrics_file",
    "page",
    "state_file",
    "vault_file",
    "probe",
)  # the module is given the others


class ActionModule(ActionBase):
    """Has the module list the tokens, judges them, and writes the reports.

    The report is registered, and the later steps read it where it lies. A template that named it would copy thousands of tokens
    each time.
    """

    _supports_check_mode = True
    _supports_diff = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._vars: dict[str, Any] = task_vars or {}
        step = self._steps.get(str(self._task.args.get("step")))
        if step is None:
            raise AnsibleActionFail(f"step must be one of {', '.join(self._steps)}")
        try:
            return {**result, **step()}
        except Refused as exc:  # of a file
            return {**result, "failed": True, "changed": False, **exc.as_result()}
        except BadOption as exc:  # of the policy
            return {**result, "failed": True, "changed": False, **_unjudged({**exc.as_result(), "msg": exc.in_short})}

    @property
    def _steps(self) -> dict[str, Callable[[], dict[str, Any]]]:
        return {"report": self._report, "show": self._show, "verdict": self._verdict}

    def _report(self) -> dict[str, Any]:
        policy = Policy.of(self._task.args.get("policy") or {})
        self._refuse_metrics_file()
        rotation = self._rotation()
        values = self._values()
        known = values or {}
        sql = sql_values(known)
        listed = self._listed(sql if self._task.args.get("probe") else {}, rotation)
        if listed.get("failed"):
            return _unjudged(listed)
        moment = datetime.datetime.fromtimestamp(listed["listed_at"], datetime.timezone.utc)
        rotation = of_one_user(rotation, listed["own_ids"])
        organization = self._task.args.get("organization")
        stored = None if values is None else self._stored(sql, rotation, listed["probes"])
        report = audit(
            json.loads(listed["listing"]),
            moment,
            policy,
            organization,
            listed["credential_id"],
            rotation=rotation,
            stored=stored,
            others=len(known) - len(sql),
        )
        return {
            **handed_on(report),
            **self._written(report, moment),
            "_warnings": listed.get("warnings") or [],
            # Registered as it is, and shown by no callback: for each of them, ansible-core would copy thousands of tokens.
            "_ansible_no_log": not self._task.diff,
        }

    def _refuse_metrics_file(self) -> None:
        """Try the file before the first request.

        :raises Refused: it could not be written afterwards.
        """
        path = self._task.args.get("metrics_file")
        try:
            if path:
                _files.check_replaceable(path, rehearse=not self._task.check_mode)
        except Refused as exc:
            raise Refused(f"{exc.msg} Nothing was judged.") from exc

    def _rotation(self) -> Rotation | None:
        """Return what the rotation file says, none where there is none.

        :raises Refused: by an entry that cannot be, and by a state file that is none.
        """
        settings = self._vars.get(ROTATION)
        if not self._task.args.get("rotation_file") or not isinstance(settings, Mapping):
            return None
        # Only what the plan needs is rendered: other variables of the file may need what an audit does not have.
        path = self._task.args.get("state_file")
        return Rotation.of(self._templar.template(needed_of(settings)), state_file.read(path) if path else None)

    def _values(self) -> dict[str, str] | None:
        """Return the values of the vault file by name; none where no file was named. They go nowhere but into claims.

        :raises Refused: there is no such file, or no vault secret of this run opens it.
        """
        path = self._task.args.get("vault_file")
        if not path:
            return None
        values = _vault_file.read(self._loader, path)
        if values is None:
            raise BadOption(f"There is no vault file {path}.", "Correct turso_audit_vault_file.")
        return values

    def _listed(self, sql: Mapping[str, str], rotation: Rotation | None) -> dict[str, Any]:
        """Run the module on the control node.

        :param sql: the SQL tokens that are tried, by name.
        """
        args = {name: value for name, value in self._task.args.items() if name not in OURS}
        if sql:
            args.update(stored=dict(sql), organizations=self._organizations(sql, rotation))
        environment = Play(self, self._vars).environment
        return run_forked(MODULE, {**args, "step": "report"}, environment, check_mode=self._task.check_mode)

    @staticmethod
    def _stored(
        sql: Mapping[str, str], rotation: Rotation | None, probes: Mapping[str, Mapping[str, Any]]
    ) -> list[Stored]:
        if rotation is None:
            return with_probes(stored_of(sql, {}, State()), probes)
        return with_probes(stored_of(sql, rotation.sql, rotation.state or State()), probes)

    def _organizations(self, sql: Mapping[str, str], rotation: Rotation | None) -> dict[str, str]:
        """Return where each token is looked for: in the organization of its entry, else in the one that is audited."""
        audited = str(self._task.args.get("organization", ""))
        if rotation is None:
            return dict.fromkeys(sql, audited)
        return {name: rotation.sql.get(name, Expected()).name.organization or audited for name in sql}

    def _written(self, report: Mapping[str, Any], moment: datetime.datetime) -> dict[str, Any]:
        """Write what is asked for, and return what that changes."""
        args, changes = self._task.args, Changes(self._task.check_mode)
        if args.get("json_file"):
            before = changes.write(args["json_file"], text_of(report))
            changes.diff = {"before": before, "after": text_of(report)} if self._task.diff else {}
        if args.get("html_file"):
            changes.write(args["html_file"], page_of(report, args["page"]))
        # A list that is too short may be that of a wrong credential: its small numbers would look like good ones.
        if args.get("metrics_file") and not report["verdict"]["missing_tokens"]:
            text = metrics.as_text(report, moment)
            changes.write(args["metrics_file"], text, new_mode=FILE_MODE, new_in=metrics.without_time)
        return {"changed": changes.changed, "written": changes.written, "diff": changes.diff}

    def _show(self) -> dict[str, Any]:
        report = known_from(self._vars.get(REPORT))
        register(self, report)
        lines = [*lines_of(report), *(f"report: {path}" for path in report["written"])]
        return {
            "changed": False,
            "msg": wrap_var(lines),
            "warnings": list(report["_warnings"]),
            "_ansible_verbose_always": True,
        }

    def _verdict(self) -> dict[str, Any]:
        verdict = known_from(self._vars.get(REPORT))["verdict"]
        return {"changed": False, "failed": not verdict["passed"], "msg": verdict["msg"]}


@dataclasses.dataclass
class Changes:
    """What became of the files. In check mode nothing is written."""

    check_mode: bool
    changed: bool = False
    written: list[str] = dataclasses.field(default_factory=list)
    diff: dict[str, str] = dataclasses.field(default_factory=dict)

    def write(self, path: str, text: str, *, new_mode: int = 0o600, new_in: Callable[[str], str] = str) -> str:
        """Write a file, where it would say something else, and return what it said before.

        :param new_in: what of a text counts as a change.
        :raises Refused: it cannot be written.
        """
        before = b""
        with contextlib.suppress(OSError), open(path, "rb") as file:
            before = file.read()
        said = before.decode(errors="replace")
        if before != text.encode():
            self.changed |= new_in(said) != new_in(text)
            self._replace(path, text, new_mode)
        if not self.check_mode:
            self.written.append(path)
        return said

    def _replace(self, path: str, text: str, new_mode: int) -> None:
        _files.check_replaceable(path, rehearse=False)
        if not self.check_mode:
            _files.replaced(path, text.encode(), new_mode=new_mode)


def _unjudged(failure: Mapping[str, Any]) -> dict[str, Any]:
    """Return a failure that says what it means: an audit that was not done is no audit that passed or failed."""
    return {**failure, "msg": f"{failure.get('msg')} Nothing was judged."}
