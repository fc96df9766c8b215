# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every sentence of a rotation that users see and that is not an error of one line. Private.

A sentence says what happened, what it means for the tokens, and the next step.
"""

from __future__ import annotations

import datetime
import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.community.turso.plugins.module_utils._time import utc_text

if TYPE_CHECKING:
    from ansible_collections.community.turso.plugins.module_utils._rotation.plan import Plan
    from ansible_collections.community.turso.plugins.module_utils._rotation.sql_plan import SqlPlan
    from ansible_collections.community.turso.plugins.module_utils._rotation.versions import Version
    from ansible_collections.community.turso.plugins.module_utils._rotation.view import View


def how_to_revoke(view: View) -> str:
    """Return the command that revokes all versions but the current one, as far as it is known which one that is."""
    rest = [version.name for version in view.versions if version != view.current and version not in view.elsewhere]
    if view.current is None or not rest:
        return "Find out which one is in use, and revoke the others with the playbook community.turso.revoke."
    chosen = shlex.quote(json.dumps({"turso_revoke_names": rest}))
    command = f"ansible-playbook community.turso.revoke -e {chosen}"
    if view.entry.current is None and (view.state is None or view.state.current is None):
        return (
            f"No record shows which one is in use. Find it out. Only if it is {view.current.name}, the newest, revoke the "
            f"others: {command}"
        )
    return f"To revoke all but {view.current.name}: {command}"


def who_was_missing(view: View, before: str = "") -> str:
    """Say when and by whom the pending version of the state file was issued, and who has not confirmed it.

    :param before: put before the sentence; nothing is where there is none.
    """
    pending = view.state.pending if view.state else None
    if pending is None:
        return ""
    missing = [label for label, confirmed_at in pending.destinations.items() if confirmed_at is None]
    what = f"{', '.join(missing)} had not confirmed it" if missing else "it was not committed"
    return f"{before}{pending.name} was issued at {pending.issued_at} on {pending.process.host or 'an unknown host'}; {what}."


def planned(plan: Plan, view: View) -> str:
    """Return what check mode shows of a plan."""
    if plan.refusal is not None:
        return plan.refusal
    in_use = _in_use(plan, view)
    what = {
        "issue": f"due ({plan.reason}): {in_use}",
        "resume": f"due ({plan.reason}): {in_use}; {names((plan.resumed and [plan.resumed]) or [])} is delivered again",
        "sweep": f"not due: {in_use}; {names(plan.swept)} is revoked, because its grace period is over",
        "none": f"not due: {in_use}{_next_due(plan)}",
    }[plan.action]
    return f"{plan.name}: {what}.{of_reach(plan, view)}{of_former_run(plan, view)}"


def _in_use(plan: Plan, view: View) -> str:
    """Say which version is current, and what of it is not as the entry has it where that is why the token is due."""
    if plan.current is None:
        return "no version is current"
    differs = plan.current.restriction.differences(view.entry.want.restriction) if plan.reason == "drift" else []
    return "; its ".join([f"{plan.current.name} is current, {plan.current.age_in_words(view.now)}", *differs])


def of_reach(plan: Plan, view: View) -> str:
    """Say of a new version that nothing restricts it; an entry may lack its organization by mistake."""
    if plan.action != "issue" or view.entry.want.restriction.level != "unrestricted":
        return ""
    return " The new token can do everything that its user can do, because the entry has no organization."


def of_former_run(plan: Plan, view: View) -> str:
    """Say what is known of a version that a former run issued and nobody confirmed; nothing where there is none."""
    return who_was_missing(view, " ") if plan.unconfirmed else ""


def _next_due(plan: Plan) -> str:
    due = plan.next_due()
    return "" if due is None else f", due {due.date()}"


def summary(plans: Sequence[Plan | SqlPlan]) -> str:
    """Return one line about all: `3 to rotate, 1 to revoke, 96 unchanged`."""
    failed = sum(plan.refusal is not None for plan in plans)
    rotated = sum(plan.is_due for plan in plans)
    swept = sum(plan.action == "sweep" for plan in plans)
    parts = [
        f"{rotated} to rotate",
        f"{swept} to revoke",
        f"{len(plans) - rotated - swept - failed} unchanged",
    ]
    return ", ".join(parts + ([f"{failed} refused"] if failed else []))


def names(versions: Iterable[Version]) -> str:
    return ", ".join(version.name for version in versions)


def kept_for_another_run(version: Version, pending: datetime.timedelta) -> str:
    """Say why a version is kept that another run may be delivering, and from when on it is not."""
    until = f" until {utc_text(version.issued_at + pending)}" if version.issued_at else ""
    return f"{version.name} is kept{until}, because another run may be delivering it"


def kept_though_not_due(plan: Plan) -> list[str]:
    """Say of a token that is not due which of its versions is kept for another run; nothing where there is but one."""
    if plan.is_due or len(plan.versions) < 2:
        return []
    pending = plan.entry.policy.pending
    return [f"{plan.name}: {kept_for_another_run(version, pending)}." for version in plan.elsewhere]


MOST_UNCHANGED = 20  # more of them would hide what is due


def of_failures(failed: Sequence[Mapping[str, Any]]) -> str:
    """Return what a run fails with, from the reports of the tokens that failed; nothing where none did."""
    if len(failed) < 2:
        return "".join(entry["msg"] for entry in failed)
    names = ", ".join(entry["name"] for entry in failed)
    return f"{len(failed)} tokens failed: {names}. The lines above say what became of each, and what to do."


def soonest(next_due: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the three tokens that are due next, and when."""
    return sorted(next_due.items(), key=lambda item: item[1])[:3]


def plan_in_words(report: Sequence[Mapping[str, Any]], next_due: Mapping[str, str]) -> list[str]:
    """Return what check mode shows of a plan: a sentence for each token, but one line for many that are not due."""
    unchanged = [entry for entry in report if entry["action"] == "unchanged"]
    if len(unchanged) <= MOST_UNCHANGED:
        return [entry["msg"] for entry in report]
    following = ", ".join(f"{name} on {due[:10]}" for name, due in soonest(next_due))
    first = f"{len(unchanged)} tokens are not due{'; the next are ' + following if following else ''}."
    return [*(entry["msg"] for entry in report if entry["action"] != "unchanged"), first]


def plan_as_diff(report: Sequence[Mapping[str, Any]]) -> str:
    """Return a plan as --diff shows it: what comes with a plus, what goes with a minus, grouped by what is done."""
    lines: list[str] = []
    for action, heading in (("rotated", "To rotate"), ("swept", "To revoke"), ("failed", "Refused")):
        entries = [entry for entry in report if entry["action"] == action]
        lines += [f"# {heading}: {len(entries)}"] if entries else []
        lines += [line for entry in entries for line in _DIFFERENCES[action](entry)]
    return "".join(f"{line}\n" for line in lines)


def _rotated(entry: Mapping[str, Any]) -> list[str]:
    gone = [f"- {entry['name']}: {version}, once everybody has confirmed the new one" for version in entry["kept"]]
    return [f"+ {entry['name']}: a new version ({entry['reason']})", *gone]


_DIFFERENCES: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "rotated": _rotated,
    "swept": lambda entry: [f"- {entry['msg']}"],
    "failed": lambda entry: [f"! {entry['msg']}"],
}
