# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `make demo` shows, and that it does not show a success that was none."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.demo.__main__ import perform
from tests.demo.screen import Screen
from tests.demo.still import PICTURE, lines_of
from tests.playbooks import heavy
from tests.simulator import Simulator, faults
from tests.tools.checkout import ROOT

ESCAPE = "\033["
A_TOKEN_VALUE = "eyJ"  # how every JSON Web Token begins


def the_table(shown: str) -> dict[str, list[str]]:
    """Return the cells of the table by the first one, the time and suffix of a version left out."""
    lines = [re.split(r" {2,}", line.strip()) for line in shown.splitlines()]
    top = next(place for place, cells in enumerate(lines) if cells[0] == "token")
    return {re.sub(r"-\d{8}t\d{6}z-[0-9a-f]{4}", "-NEW", cells[0]): cells[1:] for cells in lines[top + 1 : top + 4]}


@pytest.fixture
def performed(
    simulator: Simulator, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    def run(*, verbose: bool = False) -> tuple[int, str]:
        status = perform(simulator, tmp_path, verbose=verbose)
        printed = capfd.readouterr()
        return status, printed.out + printed.err

    return run


def test_it_runs_as_make_runs_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert the_table(done.stdout) == {
        "ci-deploy": ["120 days", "200", "revoked", "401"],
        "ci-deploy-NEW": ["-", "-", "0 days", "200"],
        "main (runs the playbook)": ["0 days", "200", "0 days", "200"],
    }
    steps = re.findall(r"^ +\d+\.\d s +(\w+)", done.stdout, re.MULTILINE)
    assert steps == ["plan", "check", "issue", "verify", "verify", "deliver", "commit", "revoke"]
    assert ESCAPE not in done.stdout
    assert A_TOKEN_VALUE not in done.stdout
    assert lines_of(PICTURE.read_text()) == lines_of(done.stdout), "run python -m tests.demo.still"


@heavy
def test_no_secret_is_on_the_screen(simulator: Simulator, performed: Callable[..., tuple[int, str]]) -> None:
    status, shown = performed(verbose=True)
    assert status == 0
    assert "PLAY RECAP" in shown
    assert len(simulator.canaries) == 4  # alice's, bob's, the old one, the new one
    assert [secret for secret in simulator.canaries if secret in shown] == []


@heavy
def test_what_went_wrong_is_said(simulator: Simulator, performed: Callable[..., tuple[int, str]]) -> None:
    for call in ("revoke", "org_revoke"):
        simulator.faults.add(call, faults.Status(403), times=None)
    status, shown = performed()
    assert status == 1
    assert "Not as it should be: ci-deploy was not revoked." in shown
    assert "Not as it should be: ansible-playbook ended with 2." in shown
    assert "PLAY RECAP" in shown
    assert [secret for secret in simulator.canaries if secret in shown] == []


@heavy
def test_an_outage_is_said(simulator: Simulator, performed: Callable[..., tuple[int, str]]) -> None:
    # The application's requests come between the playbook's; one of them is refused.
    simulator.faults.add("validate", faults.Status(401), skip=5)
    status, shown = performed()
    assert status == 1
    assert "the application was turned away: {200: " in shown
    assert ", 401: 1}" in shown


def test_a_secret_never_reaches_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(lambda: ["s3cret"])
    screen.show("before s3cret after")
    assert "s3cret" not in capsys.readouterr().out
    assert screen.leaked


@pytest.mark.parametrize(
    ("on_a_terminal", "environment", "coloured"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ],
)
def test_colours_are_for_terminals(
    monkeypatch: pytest.MonkeyPatch, on_a_terminal: bool, environment: dict[str, str], coloured: bool
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: on_a_terminal)
    assert (ESCAPE in Screen(list).paint("200", "green")) is coloured
