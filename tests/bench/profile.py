# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell where the processor time of a run of the role goes, process by process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bench.measured import Measured
from tests.tools.checkout import collections_path

HOOKS = Path(__file__).parent / "hooks"
MAIN, WORKER, FORK_OF_A_WORKER = range(3)  # how many forks a process is away from the playbook's own
STEPS = "steps of the role: refuse, store, confirm, record; or judge, write"
ACTIONS = {
    "ansible.builtin.validate_argument_spec": "Ansible validates the variables of the role",
    "community.turso.turso_rotation": STEPS,
    "community.turso.turso_audit": STEPS,
    "ansible.builtin.set_fact": "facts are set",
}
OTHERS = "tasks that show, include, or are skipped"
ASKING = "the module: plan, ask the API, decide"
IMPORTS = "the collection's code is imported from its sources"
NOTHING = "an ansible-playbook that does nothing"
REST = "roles, entries and results are read, tasks scheduled"

Run = Callable[[Mapping[str, str]], Measured]

IMPORT = """
import sys, time
from ansible.plugins.loader import action_loader, init_plugin_loader
init_plugin_loader()
action_loader.get("ansible.builtin.set_fact", class_only=True)  # what every play pays for
started = time.process_time()
action_loader.get(sys.argv[1], class_only=True)
print(time.process_time() - started)
"""


def profile(run: Run, action: str, nothing: float, rounds: int) -> dict[str, float]:
    """Return the seconds of a processor of each part of a run; of several runs, of the one that took least.

    :param action: the action plugin of the role, which imports everything else.
    :param nothing: what a playbook that does nothing takes.
    """
    parts = min((_parts(run) for _ in range(rounds)), key=lambda parts: sum(parts.values()))
    imports = min(_import_seconds(action) for _ in range(rounds))
    rest = max(0.0, parts.pop(REST) - nothing - imports)
    return {NOTHING: nothing, IMPORTS: imports, REST: rest, **parts}


def _parts(run: Run) -> dict[str, float]:
    """Return what the processes of one run took, by what they did; the playbook's own is the rest."""
    parts = dict.fromkeys((REST, *ACTIONS.values(), ASKING, OTHERS), 0.0)
    with tempfile.TemporaryDirectory() as folder:
        run({"BENCH_SHARES": folder, "PYTHONPATH": str(HOOKS)})
        for file in Path(folder).iterdir():
            seconds, forks, action = file.read_text().split(" ")
            parts[_part_of(int(forks), action)] += float(seconds)
    return parts


def _part_of(forks: int, action: str) -> str:
    if forks == WORKER:
        return ACTIONS.get(action, OTHERS)
    return REST if forks == MAIN else ASKING


def _import_seconds(action: str) -> float:
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections_path())}
    done = subprocess.run([sys.executable, "-c", IMPORT, action], env=env, capture_output=True, text=True, check=True)
    return float(done.stdout)
