# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotate a token before the user's eyes: `python -m tests.demo`.

A real server, a real ansible-playbook and an application that uses the token all the while. Everything that is shown
was seen on the wire or asked of the server afterwards. Ends with 1 if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.demo.application import Application, ask, status_of
from tests.demo.narrator import Narrator
from tests.demo.screen import Screen
from tests.playbooks import Playbooks, kill
from tests.simulator import Simulator

PLAYBOOK = Path(__file__).with_name("rotate.yml")
NAME, ORGANIZATION, AGE_DAYS = "ci-deploy", "acme", 120
RUNNING = "main"  # the simulator's name for the token that authenticates the run
NOT_THERE = "-"
TIMEOUT_SECONDS = 300  # a machine that has other things to do takes its time


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """What the server answered at one moment: the age of every listed token, and the status of every secret."""

    ages: Mapping[str, str]
    statuses: Mapping[str, int]


def snapshot(simulator: Simulator) -> Snapshot:
    """Ask the server for its list, and with every secret that there ever was whether it still opens the door."""
    _, answer = ask(simulator.url, "/v1/auth/api-tokens", simulator.credential)
    today = simulator.clock.now().date()
    ages = {
        token["name"]: f"{(today - datetime.date.fromisoformat(token['created_at'])).days} days"
        for token in answer["tokens"]
    }
    everything = [*simulator.revoked, *simulator.tokens]
    return Snapshot(
        ages,
        {token.name: status_of(simulator.url, token.secret) for token in everything if token.user == "alice"},
    )


def rotate(playbooks: Playbooks) -> tuple[int, str]:
    """Run the playbook and return its exit status and its output."""
    process = playbooks.start(PLAYBOOK.name)
    try:
        output, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    except BaseException:
        kill(process)
        raise
    return process.returncode, output


def rows_of(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, ...]]:
    running_last = sorted(after.statuses.items(), key=lambda item: item[0] == RUNNING)
    for name, status in running_last:
        yield (
            f"{name} (runs the playbook)" if name == RUNNING else name,
            before.ages.get(name, NOT_THERE),
            str(before.statuses.get(name, NOT_THERE)),
            after.ages.get(name, "revoked"),
            str(status),
        )


def problems_with(
    before: Snapshot, after: Snapshot, returncode: int, handed_over: int, answers: Mapping[int, int]
) -> Iterator[str]:
    """Say what is not as a rotation without an outage leaves it."""
    issued = [name for name in after.statuses if name not in before.statuses]
    if returncode != 0:
        yield f"ansible-playbook ended with {returncode}"
    if before.statuses.get(NAME) != 200:
        yield f"the value of {NAME} did not work before the rotation"
    if len(issued) != 1:
        yield f"{len(issued)} tokens were issued, not 1"
    if after.statuses[NAME] != 401 or NAME in after.ages:
        yield f"{NAME} was not revoked"
    if any(after.statuses[name] != 200 for name in issued) or handed_over != 200:
        yield "the value that the application was given does not work"
    if set(answers) != {200}:
        yield f"the application was turned away: {dict(answers)}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-v", "--verbose", action="store_true", help="show what ansible-playbook printed, too")
    verbose = parser.parse_args().verbose
    with Simulator() as simulator, tempfile.TemporaryDirectory(prefix="turso-demo-") as scratch:
        return perform(simulator, Path(scratch), verbose=verbose)


def perform(simulator: Simulator, directory: Path, *, verbose: bool) -> int:
    screen = Screen(lambda: simulator.canaries)
    old = simulator.given(NAME, organization=ORGANIZATION, age_days=AGE_DAYS)
    playbooks = Playbooks(Path(sys.prefix), directory, api_url=simulator.url, api_token=simulator.credential)
    playbooks.write(PLAYBOOK.name, PLAYBOOK.read_text())
    token_file = playbooks.write("app-token", old.secret)
    before = snapshot(simulator)

    screen.show(f"A server on {simulator.url} behaves like the Turso Platform API, and knows the token {NAME}.")
    screen.show("An application reads the token's value from a file and calls the server all the time.\n")
    screen.show(f"{screen.paint('$ ansible-playbook ' + PLAYBOOK.name, 'bold')}\n")
    with Application(simulator.url, token_file) as application, Narrator(screen, simulator, token_file):
        returncode, output = rotate(playbooks)
    after = snapshot(simulator)

    changed = re.search(r"changed=\d+ .*failed=\d+", output)
    for report in re.findall(rf'"({NAME}: [^"]*)"', output)[-1:]:
        screen.show(f"\n  {report}")
    screen.show(f"  {' '.join(changed.group().split()) if changed else 'no recap'}\n")
    header = ("token", "age before", "answer", "age after", "answer")
    screen.table(header, list(rows_of(before, after)), {"200": ("green",), "401": ("red",)})
    answers = application.answers
    screen.show(
        f"\nMeanwhile the application called {answers.total()} times: {answers[200]} x 200, "
        f"{answers.total() - answers[200]} x anything else."
    )
    problems = list(problems_with(before, after, returncode, status_of(simulator.url, token_file.read_text()), answers))
    if screen.leaked or any(secret in output for secret in simulator.canaries):
        problems.append("a secret was printed")
    if verbose or problems:
        screen.show(f"\n{output}")
    if not problems:
        screen.show(
            "\nNext: make shell opens a shell in which everything can be tried on such a server. To use it on your own tokens:"
        )
        screen.show("ansible-galaxy collection install community.turso, then the first playbook of README.md.")
    for problem in problems:
        screen.show(screen.paint(f"Not as it should be: {problem}.", "red"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
