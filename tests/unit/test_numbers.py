# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make numbers` on small trees: what it measures, and what becomes of a number that is not met."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools.checkout import ROOT
from tests.tools.venvs import ensure

Numbers = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def numbers(tmp_path: Path) -> Numbers:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(ensure("tools") / "bin" / "python"), "-m", "tests.tools.numbers", "--root", str(tmp_path)]
        return subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)

    return run


def wrote(root: Path, name: str, content: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def a_function(decisions: int, lines: int) -> str:
    """Return a function in which one line decides all."""
    return "\n".join(["def decide(a):", f"    return {' or '.join(['a'] * (decisions + 1))}", *["    a"] * (lines - 2)])


PLUGIN = "plugins/module_utils/_room/decide.py"
TASKS = "roles/turso_rotate/tasks/main.yml"
PLAYBOOK = "playbooks/revoke.yml"


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        pytest.param(PLUGIN, a_function(14, 60), None, id="a function of complexity 15"),
        pytest.param(PLUGIN, a_function(15, 64), "decide: 16 complexity of a function, at most 15", id="one of 16"),
        pytest.param(PLUGIN, a_function(13, 50), "2.6 decisions in 10 lines of function", id="a dense file"),
        pytest.param(PLUGIN, a_function(13, 39), None, id="one too short to be called dense"),
        pytest.param(PLUGIN, "a = 1\n" * 231, "231 lines of a file in module_utils, at most 230", id="a long file"),
        pytest.param(
            "plugins/modules/one.py", "a = 1\n" * 231, None, id="a long module, most of which is documentation"
        ),
        pytest.param(TASKS, '- x: "{% if a %}b{% endif %}"', "2 Jinja statements, at most 0", id="statements"),
        pytest.param(TASKS, "- x: |\n    {# {% no #}", None, id="a comment is no statement"),
        pytest.param(TASKS, f"- x: '{{{{ {'a' * 161} }}}}'", "161 characters of the longest", id="a long expression"),
        pytest.param(TASKS, f"- when: {'a' * 161}", "161 characters of the longest", id="a long one without braces"),
        pytest.param(TASKS, f"- x: '{'a' * 161} {{{{ a }}}}'", None, id="a long text around a short one"),
        pytest.param(TASKS, f"- x: '{{{{ {'a | b' * 10} }}}}'", None, id="ten filters in a role"),
        pytest.param(TASKS, f"- x: '{{{{ {'a|b' * 21} }}}}'", "roles/turso_rotate: 21 filter pipes", id="21 filters"),
        pytest.param(
            PLAYBOOK, f"- when: {'a|b' * 11}", "revoke.yml: 11 filter pipes, at most 10", id="11 in the emergency"
        ),
        pytest.param(PLAYBOOK, "- x: !vault a\n  y: \"{{ 'a|b' }}\"", None, id="a bar in a text is no filter"),
        pytest.param("roles/a/meta/argument_specs.yml", "a: '{% if %}'", None, id="an argument spec is prose"),
    ],
)
def test_what_is_measured(numbers: Numbers, tmp_path: Path, name: str, content: str, complaint: str | None) -> None:
    wrote(tmp_path, name, content)
    done = numbers()
    assert done.returncode == (complaint is not None), done.stderr
    assert (complaint or "") in done.stderr
    assert len(done.stderr.splitlines()) == (2 if complaint else 0)


@pytest.mark.parametrize(
    ("decisions", "complaint"),
    [
        pytest.param(20, None, id="as it was"),
        pytest.param(18, None, id="better"),
        pytest.param(21, "22 complexity of a function, at most 21", id="worse"),
        pytest.param(10, "unmet.toml need not name it", id="met"),
    ],
)
def test_a_number_that_is_not_met_has_a_ceiling(
    numbers: Numbers, tmp_path: Path, decisions: int, complaint: str | None
) -> None:
    wrote(tmp_path, PLUGIN, a_function(20, 200))
    assert numbers("--accept").returncode == 0
    wrote(tmp_path, PLUGIN, a_function(decisions, 200))
    done = numbers()
    assert done.returncode == (complaint is not None)
    assert (complaint or "") in done.stderr
    assert numbers("--accept").returncode == 0


def test_what_moved_is_accepted_by_one_command(numbers: Numbers, tmp_path: Path) -> None:
    wrote(tmp_path, PLUGIN, a_function(20, 200))
    assert numbers("--accept").returncode == 0
    (tmp_path / PLUGIN).rename(tmp_path / "plugins" / "moved.py")
    assert numbers().returncode == 1
    assert numbers("--accept").returncode == 0
    assert numbers().returncode == 0
