# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the canary suite shares: the APIs, and a terminal in every ansible-core at hand."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import vaults
from tests.no_leak.plays import PASSWORD, TASKS_FILES
from tests.no_leak.terminal import Terminal
from tests.no_leak.worlds import Worlds
from tests.no_leak.worlds import worlds as running_worlds
from tests.playbooks import Playbooks


@pytest.fixture
def worlds() -> Iterator[Worlds]:
    with running_worlds() as running:
        yield running


@pytest.fixture
def terminal(playbooks: Playbooks, worlds: Worlds) -> Iterator[Terminal]:
    with tempfile.TemporaryDirectory() as tmp:
        yield Terminal(playbooks, worlds, Path(tmp))


@pytest.fixture
def rotating(terminal: Terminal) -> Terminal:
    """A terminal with tasks files, and with a vault file that holds what the environment does not: other credentials."""
    spare = terminal.worlds["spare"]
    bob = spare.main("bob")
    spare.add_organization("umbrella", roles={"bob": "owner"})
    for name, text in TASKS_FILES.items():
        terminal.playbooks.write(name, text)
    terminal.playbooks.write("password", PASSWORD)
    spares = {"spare_credential": spare.credential, "spare_credentials": {"bobs": bob.secret}}
    credentials = terminal.playbooks.write("credentials.yml", spares)
    vaults.encrypt(credentials, PASSWORD)
    assert credentials.read_text().startswith("$ANSIBLE_VAULT")
    return terminal
