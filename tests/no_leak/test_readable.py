# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is no secret stays readable, and a failure is told even where its result must be hidden."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest

from tests.no_leak.cases import Case, many, one, play
from tests.no_leak.terminal import Mode, Terminal
from tests.playbooks import cases, heavy, with_every_core

ACME: dict[str, Any] = {"organization": "acme"}
CALLBACKS = [Mode(callback, verbosity) for callback, verbosity in (("default", 0), ("minimal", 1), ("oneline", 0))]
PARTIAL = many("some", "failed", {"name": "m-1"}, {"name": "taken-1"}, {"name": "m-2"})
NAMES_ALONE = {"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "0"}  # in the lines that announce tasks
TOLD = "1 of 3 tokens failed."


def sections(output: str) -> dict[str, str]:
    """Return what the callback default shows for each task."""
    parts = re.split(r"^(?:TASK|PLAY RECAP) \[?([^\]\n*]*)[^\n]*\n", output, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


READABLE: list[tuple[Case, str]] = [
    (one("unchanged", "no secret", name="stays", **ACME), '"restriction": "organization"'),
    (one("revoked", "no secret", name="goes-1", state="absent"), '"changed": true'),
    (one("not there", "no secret", name="never-there", state="absent"), '"token": null'),
    (one("drift", "drift", name="drifted", **ACME), "organization"),
    (one("forbidden", "forbidden", name="forbidden-1"), "use the API token of an admin or owner"),
    (one("unreachable", "unreachable", name="x", world="unreachable"), "cannot be reached"),
    (
        one(
            "until",
            "first issued, then not",
            name="until-1",
            keywords={"register": "tried", "until": "tried.secret is none", "retries": 2, "delay": 0},
        ),
        '"attempts": 2',
    ),
    (many("many unchanged", "listed", {"name": "stays", **ACME}), '"msg": "unchanged"'),
    (many("many failed", "all failed", {"name": "drifted", **ACME}), "1 of 1 tokens failed"),
]


@heavy
def test_results_without_a_secret_are_shown(terminal: Terminal) -> None:
    played = terminal.play([play("here", tuple(case for case, _ in READABLE))], Mode(verbosity=1, settings=NAMES_ALONE))
    terminal.assert_passed(played)
    shown = sections(played.output)
    for case, text in READABLE:
        assert text in shown[case.sentence]
        assert "censored" not in shown[case.sentence]
        assert "VALUE_SPECIFIED" not in shown[case.sentence]


def test_a_result_with_a_secret_is_hidden_or_masked_and_a_dry_run_shown(terminal: Terminal) -> None:
    """From 2.22 on only the value is masked; before, the result as a whole is hidden."""
    dry = {"check_mode": True}
    asked = (
        one("dry", "changed", name="new", keywords=dry, **ACME),
        many("many dry", "changed", {"name": "new-2"}, keywords=dry),
        one("made", "secret", name="new", **ACME),
    )
    played = terminal.play([play("here", asked)], Mode(verbosity=1, arguments=("--diff",), settings=NAMES_ALONE))
    terminal.assert_passed(played)
    shown = sections(played.output)
    assert all("censored" not in text and '+    "name": "new' in text for text in (shown["dry"], shown["many dry"]))
    assert ("censored" in shown["made"]) is (terminal.playbooks.core < (2, 22))
    assert ('"restriction": "organization"' in shown["made"]) is (terminal.playbooks.core >= (2, 22))


@pytest.mark.parametrize("mode", cases(((str(mode), mode) for mode in CALLBACKS), sample=("minimal -v local",)))
def test_a_hidden_failure_is_told_once(terminal: Terminal, mode: Mode) -> None:
    """Or, where it is not hidden, as often as ansible-core tells any other."""
    plain = many("plain", "failed", {"name": "taken-1"}, {"name": "taken-2"})
    played = terminal.play([play("here", (PARTIAL, plain))], mode)
    terminal.assert_passed(played)
    terminal.assert_nothing_leaked(played)
    as_any_other = played.output.count("2 of 2 tokens failed.")
    assert played.output.count(TOLD) == (as_any_other if terminal.playbooks.core >= (2, 22) else 1)
    assert as_any_other > 0


@with_every_core
def test_it_is_told_on_stderr_because_callbacks_own_stdout(terminal: Terminal) -> None:
    if terminal.playbooks.core >= (2, 19):
        pytest.skip("from 2.19 on ansible-core tells it itself")
    terminal.playbooks.write("playbook.yml", [play("here", (PARTIAL,))])
    done = subprocess.run(
        [terminal.playbooks.venv / "bin" / "ansible-playbook", "playbook.yml"],
        cwd=terminal.top,
        env={**terminal.playbooks.env, **terminal.environment(Mode())},
        capture_output=True,
        text=True,
        check=True,
    )
    assert TOLD in done.stderr
    assert TOLD not in done.stdout


@heavy
def test_secrets_of_every_length_are_hidden_whole(terminal: Terminal) -> None:
    simulator = terminal.worlds["plain"]
    credentials = {}
    for length in (450, 1024, 1028, 1200, 4000):
        user = "u" * ((length - 440) * 3 // 4)  # stands in the token, base64-encoded
        credentials[f"TOKEN_{length}"] = simulator.add_user(user).secret
        assert abs(len(credentials[f"TOKEN_{length}"]) - length) < 9
    asked = []
    for name in credentials:
        with_it: dict[str, Any] = {"api_token": f"{{{{ lookup('env', '{name}') }}}}"}
        asked += [
            one(f"made with {name}", "secret", name="new", **with_it),
            one(
                f"failed with {name}",
                "failed, with its secret",
                name="newer",
                keywords={"failed_when": True},
                **with_it,
            ),
            one(f"refused with {name}", "forbidden", name="forbidden-1", **with_it),
        ]
    mode = Mode(verbosity=4, connection="ssh", arguments=("--diff",), settings=credentials)
    played = terminal.play([play("there", tuple(asked))], mode)
    terminal.assert_passed(played)
    terminal.assert_nothing_leaked(played)
    assert terminal.worlds.issued == 3 * len(credentials)
