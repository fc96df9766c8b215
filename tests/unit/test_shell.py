# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guide "Getting started" has its reader type into `make shell`, typed into it."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.docs.markdown import blocks_of
from tests.playbooks import heavy
from tests.tools.checkout import ROOT


def typed(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.demo.shell"],
        cwd=ROOT,
        # What the user works with otherwise must not be what this works on.
        env={**os.environ, "TURSO_API_TOKEN": "of the real service", "ANSIBLE_STDOUT_CALLBACK": "none of that name"},
        input=script,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@heavy
def test_everything_in_the_guide_can_be_tried_in_it() -> None:
    to_try = next(
        block.text for block in blocks_of(ROOT / "docs/getting-started.md") if "make shell" in (block.detail or "")
    )
    done = typed(f"set -e\n{to_try}\nls\npwd")
    assert (done.returncode, done.stderr) == (0, "")
    for told in (
        "medium: 'ci-deploy' of alice is 120 days old",
        "'backup': id ",
        "This was a dry run: nothing was revoked",
        "The audit log shows ",
        "Revoked: 1 of 1 selected tokens.",
        "revoked ci-deploy",
        "turso-audit.html",
    ):
        assert told in done.stdout, done.stdout
    holds = re.findall(r"^(?:TURSO_API_TOKEN=|turso_token: )\"?(eyJ[\w.-]+)\"?$", done.stdout, re.MULTILINE)
    assert len(holds) == 2, done.stdout
    assert len(set(holds)) == 1
    # How every value begins: none is shown but those two that the reader asks for.
    assert done.stdout.count("eyJ") == sum(value.count("eyJ") for value in holds)
    assert not os.path.exists(done.stdout.split()[-1])


@pytest.mark.parametrize("status", [0, 3])
def test_it_ends_as_the_shell_ended(status: int) -> None:
    assert typed(f"exit {status}").returncode == status
