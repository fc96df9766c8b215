# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With any one protection taken out, the suite finds a leak: it would not be green if that protection were missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.no_leak.altered import BUGS as WITH_BUGS
from tests.no_leak.altered import Alteration, Change, Gone, Without, altered
from tests.no_leak.cases import CUT, Case, named, play
from tests.no_leak.plays import role
from tests.no_leak.terminal import Mode, Terminal
from tests.playbooks import cases, heavy, with_every_core

VERBOSE = Mode(verbosity=4, arguments=("--diff",))
ROTATION = "plugins/action/turso_rotation.py"
PLUGIN = "plugins/plugin_utils/_hidden_result.py"
MODULE = "plugins/module_utils/_module.py"
CONNECTION = "plugins/module_utils/_connection.py"
SECRETS = "plugins/module_utils/_secrets.py"

LEFT_TO_PYTHON = """
def _left_to_python(exc):
    raise exc
"""


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
    changes: list[Alteration]
    cases: tuple[Case, ...]
    mode: Mode = VERBOSE
    needed: Callable[[tuple[int, int]], bool] = always
    host: str | None = None


PROTECTIONS = (
    Protection("the action plugins", [Gone("plugins/action/turso_*.py")], named("created"), needed=hides),
    Protection(
        "the mark on the result",
        [Change(PLUGIN, "mark", "lambda result: None")],
        named("created"),
        needed=lambda core: (2, 19) <= core < (2, 22),
    ),
    Protection(
        "knowing where secrets are",
        [Change(PLUGIN, "_secrets_in", "lambda result: iter(())")],
        named("many created"),
        needed=hides,
    ),
    Protection(
        "no_log in the play context",
        [Change(PLUGIN, "hide_from_connection", "lambda play_context: None")],
        named("created"),
        Mode(verbosity=3, connection="ssh"),
        needed=hides,
    ),
    Protection(
        "no_log of a task that loops",
        [Change(PLUGIN, "CORE_FORGETS_ITEMS", "False")],
        named("loop"),
        Mode("minimal", 1),
        needed=lambda core: core < (2, 19),
    ),
    Protection(
        "hiding what cannot be parsed",
        [Change(PLUGIN, "_is_unreadable", "lambda result: False")],
        CUT[:1],
        Mode(verbosity=1, connection="ssh"),
        host="cut",
    ),
    Protection(
        "the refusal of async",
        [
            Change(PLUGIN, "ActionModule._refuse_async", "lambda self: None"),
            Change(PLUGIN, "ActionModule._supports_async", "True"),
        ],
        named("async with poll"),
        Mode(verbosity=1),
    ),
    Protection(
        "the hiding of a new secret",
        [Change(SECRETS, "Secrecy.hide", "lambda self, secret: None"), *WITH_BUGS],
        named("a bug after all"),
    ),
    Protection(
        "the registration of a new secret",
        [Change(SECRETS, "_register", "lambda secret: None")],
        named("created"),
        needed=masks,
    ),
    Protection(
        "the last resort",
        [Change(MODULE, "result_of_a_bug", "_left_to_python", LEFT_TO_PYTHON), *WITH_BUGS],
        named("a bug after all"),
    ),
    Protection(
        "cleaning the texts of the API",
        [Change("plugins/module_utils/_api/answers.py", "_LOOKS_LIKE_JWT", "re.compile('(?!)')")],
        named("500 after the effect that echoes the new token", "some of many failed"),
    ),
    Protection(
        "no_log of the credential",
        [
            Change(
                CONNECTION,
                "connection_spec",
                "lambda: {**original(), 'api_token': {**original()['api_token'], 'no_log': False}}",
            )
        ],
        named("unchanged"),
    ),
    Protection(
        "no_log of the current SQL token",
        [
            Change(
                "plugins/modules/turso_sql_token.py",
                "sql_token_spec",
                "lambda: {**original(), 'current': {**original()['current'], 'no_log': False}}",
            )
        ],
        named("a SQL token kept"),
    ),
)
SAMPLE = ("the action plugins", "no_log of a task that loops")


@with_every_core
@pytest.mark.parametrize(
    "protection", cases(((protection.name, protection) for protection in PROTECTIONS), sample=SAMPLE)
)
def test_protection(terminal: Terminal, protection: Protection, tmp_path_factory: pytest.TempPathFactory) -> None:
    if not protection.needed(terminal.playbooks.core):
        pytest.skip("another one protects on this ansible-core")
    terminal.collections = altered(tmp_path_factory.mktemp("unprotected"), protection.changes)
    host = protection.host or protection.mode.host
    played = terminal.play([play(host, protection.cases, ignore_errors=True)], protection.mode)
    assert terminal.leaks(played), terminal.cleaned(played)


ROLE_MODE = Mode(verbosity=1)


@dataclass(frozen=True)
class RoleProtection:
    """What is taken out of the role or of its action plugin."""

    name: str
    changes: list[Alteration]


ROLE_PROTECTIONS = (
    RoleProtection("no_log of the facts", [Without("roles/turso_rotate/tasks/*.yml", "no_log")]),
    RoleProtection("the mark on what holds the credential", [Change(ROTATION, "mark", "lambda result: None")]),
)


@heavy
@pytest.mark.parametrize("protection", ROLE_PROTECTIONS, ids=lambda protection: protection.name)
def test_protection_of_the_role(
    terminal: Terminal, protection: RoleProtection, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A commit that is refused keeps the credential for the next, so what is left is shown where nothing hides it."""
    terminal.collections = altered(tmp_path_factory.mktemp("unprotected"), protection.changes)
    given = {"turso_rotate_api_token": "{{ lookup('env', 'TOKEN_PLAIN') }}"}
    tasks = [*role(None, {"name": "rotated", "organization": "acme"}, tasks_from="issue", **given)]
    tasks += role(None, tasks_from="commit")
    played = terminal.play([{"name": "Rotate", "hosts": "here", "gather_facts": False, "tasks": tasks}], ROLE_MODE)
    assert terminal.worlds.issued == 1
    if terminal.playbooks.core < (2, 22) or protection.name != "no_log of the facts":
        assert terminal.leaks(played), terminal.cleaned(played)
    else:  # what a module registered is masked whatever shows it
        terminal.assert_nothing_leaked(played)
