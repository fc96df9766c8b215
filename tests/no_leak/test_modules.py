# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user who forgot C(no_log) everywhere leaks nothing, however Ansible is run."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.no_leak.altered import BUGS as WITH_BUGS
from tests.no_leak.altered import altered
from tests.no_leak.cases import BUGS, CASES, CUT, named, play
from tests.no_leak.terminal import Mode, Terminal
from tests.playbooks import cases, heavy, with_every_core

CORE = tuple(case for case in CASES if case.core)
SQL_TOKENS = ("turso_sql_token", "turso_sql_invalidation")
SAMPLE = CORE + named(
    "SQL tokens in a loop",
    "a SQL token with async",
    "a mint that echoes",
    "an API token as the current one",
    "leaked SQL tokens",
    "a leaked value and a 401 that echoes",
)
EVERYTHING = Mode(verbosity=4, arguments=("--diff",))

PRODUCT = tuple(
    Mode(callback, verbosity, connection, result_format, ("--diff",) if verbosity % 2 else ())
    for (callback, result_format), verbosity, connection in itertools.product(
        (("default", "json"), ("default", "yaml"), ("minimal", "json"), ("oneline", "json")),
        range(5),
        ("local", "ssh", "ssh, pipelined"),
    )
    if verbosity > 2 or connection == "local"  # below -vvv, a connection has no say
)


ABOUT = {  # which modules a run is about: how many tokens it makes at least, and what it is known to say
    "one token": (("turso_token",), 20, "drift"),
    "SQL tokens": (SQL_TOKENS, 6, "missing"),
    "all else": (("turso_tokens", "turso_token_info", "turso_revocation", "turso_rotation"), 8, "drift"),
}


@pytest.mark.parametrize(
    ("modules", "issued", "text"), cases(((name, *about) for name, about in ABOUT.items()), sample=("SQL tokens",))
)
def test_every_case(terminal: Terminal, modules: tuple[str, ...], issued: int, text: str) -> None:
    cases = tuple(case for case in CASES if case.module in modules)
    played = terminal.play([play("here", cases)], EVERYTHING)
    terminal.assert_nothing_leaked(played)
    terminal.assert_passed(played)
    assert terminal.worlds.issued > issued
    terminal.assert_everything_was_written(text)


def test_every_case_is_played() -> None:
    assert {case.module for case in CASES} == {module for modules, *_rest in ABOUT.values() for module in modules}


@heavy
@pytest.mark.parametrize("mode", PRODUCT, ids=str)
def test_modes(terminal: Terminal, mode: Mode) -> None:
    played = terminal.play([play(mode.host, CORE, strategy="free" if mode.verbosity == 1 else "linear")], mode)
    terminal.assert_nothing_leaked(played)
    terminal.assert_passed(played)
    assert terminal.worlds.issued > 10


@heavy
def test_check_mode(terminal: Terminal) -> None:
    cases = tuple(case for case in CASES if not case.keywords.get("no_log"))
    played = terminal.play([play("here", cases)], Mode(verbosity=4, arguments=("--check", "--diff")))
    terminal.assert_nothing_leaked(played)
    terminal.assert_passed(played)
    assert not terminal.worlds.writes
    assert "censored" not in played.output


@with_every_core
def test_a_sample_and_outputs_that_are_cut(terminal: Terminal) -> None:
    """What is left of the output of a module is not parsed, so nobody knows what is in it."""
    plays = [
        play("here", tuple(case for case in SAMPLE if case.module in SQL_TOKENS)),
        play("there", tuple(case for case in SAMPLE if case.module not in SQL_TOKENS)),
        play("cut", CUT, ignore_errors=True),
    ]
    played = terminal.play(plays, Mode(verbosity=4, connection="ssh", arguments=("--diff",)))
    terminal.assert_nothing_leaked(played)
    terminal.assert_passed(played)
    sql_tokens, api_tokens, behind_cut_outputs = 5, 10, 5
    assert terminal.worlds.issued > sql_tokens + api_tokens + behind_cut_outputs
    terminal.assert_everything_was_written("missing")


def test_bugs(terminal: Terminal, tmp_path_factory: pytest.TempPathFactory) -> None:
    terminal.collections = altered(tmp_path_factory.mktemp("buggy"), WITH_BUGS)
    played = terminal.play([play("here", BUGS)], EVERYTHING)
    terminal.assert_nothing_leaked(played)
    terminal.assert_passed(played)
    assert terminal.worlds.issued >= 7
    assert "please report it" in played.output


AD_HOC: list[tuple[str, str, str, Mode]] = [
    (
        "refused, because nobody would get the value",
        "turso_token",
        "name=new organization=acme",
        Mode(verbosity=4),
    ),
    ("failed", "turso_token", "name=main state=absent", Mode(arguments=("--one-line",))),
    ("many refused", "turso_tokens", '{"tokens": [{"name": "new"}, {"name": "taken-1"}]}', Mode(verbosity=1)),
]


@pytest.mark.parametrize(("module", "arguments", "mode"), cases(AD_HOC, sample=("failed",)))
def test_ad_hoc(terminal: Terminal, module: str, arguments: str, mode: Mode) -> None:
    tree: Path = terminal.tree
    name = f"community.turso.{module}"
    played = terminal.run("ansible", mode, "here", "-m", name, "-a", arguments, "--tree", str(tree))
    assert terminal.worlds.issued == 0
    assert list(tree.iterdir())
    terminal.assert_nothing_leaked(played)
