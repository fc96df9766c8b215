# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With any one protection taken out, the suite finds a leak: it would not be green if that protection were missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.no_leak.altered import BUGS as WITH_BUGS
from tests.no_leak.altered import altered
from tests.no_leak.cases import BUGS, CASES, CUT, Case, play
from tests.no_leak.terminal import Mode, Terminal

VERBOSE = Mode(verbosity=4, arguments=("--diff",))
PLUGIN = "plugins/plugin_utils/_hidden_result.py"
SPEC = "plugins/module_utils/_module.py"
SECRETS = "plugins/module_utils/_secrets.py"


def named(*sentences: str) -> tuple[Case, ...]:
    return tuple(case for case in (*CASES, *BUGS) if case.sentence in sentences)


def always(_core: tuple[int, int]) -> bool:
    return True


def hides(core: tuple[int, int]) -> bool:
    """Results are hidden as a whole."""
    return core < (2, 22)


def masks(core: tuple[int, int]) -> bool:
    """Values are masked, and nothing else."""
    return core >= (2, 22)


@dataclass(frozen=True)
class Protection:
    """What is taken out, the cases that leak without it, how Ansible is run, and where it is this that protects."""

    name: str
    changes: list[tuple[str, str, str | None]]
    cases: tuple[Case, ...]
    mode: Mode = VERBOSE
    needed: Callable[[tuple[int, int]], bool] = always
    host: str | None = None


PROTECTIONS = (
    Protection("the action plugins", [("plugins/action/turso_*.py", "", None)], named("created"), needed=hides),
    Protection(
        "the mark on the result",
        [(PLUGIN, r'result\["_ansible_no_log"\] = True', "pass")],
        named("created"),
        needed=lambda core: (2, 19) <= core < (2, 22),
    ),
    Protection(
        "knowing where secrets are",
        [(PLUGIN, r'part\.get\("secret"\)', "False")],
        named("many created"),
        needed=hides,
    ),
    Protection(
        "no_log in the play context",
        [(PLUGIN, r"self\._task\.no_log = play_context\.no_log = True", "self._task.no_log = True")],
        named("created"),
        Mode(verbosity=3, connection="ssh"),
        needed=hides,
    ),
    Protection(
        "no_log of a task that loops",
        [(PLUGIN, r"CORE_FORGETS_ITEMS = .*", "CORE_FORGETS_ITEMS = False")],
        named("loop"),
        Mode("minimal", 1),
        needed=lambda core: core < (2, 19),
    ),
    Protection(
        "hiding what cannot be parsed",
        [(PLUGIN, r'return bool\(result\.get\("module_stdout"\)\)', "return False")],
        CUT[:1],
        Mode(verbosity=1, connection="ssh"),
        host="cut",
    ),
    Protection(
        "the refusal of async",
        [(PLUGIN, r"if self\._task\.async_val:", "if False:"), (PLUGIN, "_async = False", "_async = True")],
        named("async with poll"),
        Mode(verbosity=1),
    ),
    Protection(
        "the hiding of a new secret",
        [(SECRETS, r'( +)("""Hide a secret.*?""")', r"\1\2\n\1return"), *WITH_BUGS],
        named("a bug after all"),
    ),
    Protection(
        "the registration of a new secret",
        [(SECRETS, r"_register\(secret\)", "pass")],
        named("created"),
        needed=masks,
    ),
    Protection(
        "the last resort",
        [(SPEC, r"except Exception as exc:", "except ZeroDivisionError as exc:"), *WITH_BUGS],
        named("a bug after all"),
    ),
    Protection(
        "cleaning the texts of the API",
        [("plugins/module_utils/_api/client.py", r'_LOOKS_LIKE_JWT\.sub\("\*\*\*", text\)', "text")],
        named("500 after the effect that echoes the new token", "some of many failed"),
    ),
    Protection("no_log of the credential", [(SPEC, r'"no_log": True,', '"no_log": False,')], named("unchanged")),
)
SAMPLE = ("the action plugins", "no_log of a task that loops", "hiding what cannot be parsed", "the last resort")


@pytest.mark.parametrize("protection", PROTECTIONS, ids=lambda protection: protection.name)
def test_protection(
    terminal: Terminal, protection: Protection, tmp_path_factory: pytest.TempPathFactory, full: bool
) -> None:
    if not full and protection.name not in SAMPLE:
        pytest.skip("one of those that --full takes out")
    if not protection.needed(terminal.playbooks.core):
        pytest.skip("another one protects on this ansible-core")
    terminal.collections = altered(tmp_path_factory.mktemp("unprotected"), protection.changes)
    host = protection.host or protection.mode.host
    played = terminal.play([play(host, protection.cases, ignore_errors=True)], protection.mode)
    assert terminal.leaks(played), terminal.cleaned(played)


ROLE_MODE = Mode(verbosity=1)
ROLE: list[dict[str, Any]] = [
    {
        "name": "Rotate",
        "ansible.builtin.include_role": {"name": "community.turso.turso_rotate"},
        "vars": {"turso_rotate_tokens": [{"name": "rotated", "organization": "acme"}]},
    }
]


def test_no_log_in_the_role(terminal: Terminal, tmp_path_factory: pytest.TempPathFactory, full: bool) -> None:
    if not full:
        pytest.skip("one of those that --full takes out")
    changes: list[tuple[str, str, str | None]] = [("roles/turso_rotate/tasks/*.yml", r"\n +no_log: true", "")]
    terminal.collections = altered(tmp_path_factory.mktemp("unprotected"), changes)
    plays = [{"name": "Rotate", "hosts": "here", "gather_facts": False, "tasks": ROLE}]
    played = terminal.play(plays, ROLE_MODE)
    if terminal.playbooks.core < (2, 22):
        assert terminal.leaks(played)
    else:  # what a module registered is masked whatever shows it
        terminal.assert_nothing_leaked(played)
