# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The integration targets, played by ansible-test, each against a simulator of its own.

A target finds `turso_apis` defined: by its own name, the `url` and the `token` of the API that is there for it; and
`turso_environment`, in which its modules run.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import pytest

from tests.playbooks import HOOKS, cases
from tests.simulator import Simulator
from tests.tools.ansible_test import run

# A folder without tasks is a helper of other targets.
TARGETS = sorted(path.parents[1].name for path in Path(__file__).parent.glob("targets/*/tasks/main.yml"))


NAMES = [name for name in TARGETS if not name.startswith(("setup_", "prepare_"))]


@pytest.mark.parametrize("names", cases([("all", NAMES), ("some", ["turso_sql_invalidation"])], sample=("some",)))
def test_targets(capfd: pytest.CaptureFixture[str], names: list[str]) -> None:
    """ansible-test needs longer to begin than for a target, so it is asked once, and goes on after a failure."""
    with contextlib.ExitStack() as stack:
        apis = {name: stack.enter_context(Simulator()) for name in names}
        for api in apis.values():
            api.add_database("shop")
        variables = {
            "turso_apis": {name: {"url": api.url, "token": api.credential} for name, api in apis.items()},
            "turso_environment": {"PYTHONPATH": str(HOOKS)},  # all that ansible-test lets through
        }
        arguments = ["integration", *names, "--local", "--color", "no", "--continue-on-error"]
        returncode = run(Path(sys.prefix), arguments, variables)
    shown = capfd.readouterr()
    assert returncode == 0, shown.out + shown.err
    assert [name for name, api in apis.items() if not api.requests] == []
