# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do what README.md, the roles' own and the guides say, in their order, and see whether it works."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import vaults
from tests.docs.markdown import RUNNABLE, Block, blocks_of
from tests.playbooks import Playbooks, Played, cases, heavy, with_one_core
from tests.simulator import Simulator
from tests.tools.checkout import ROOT

README = ROOT / "README.md"
GUIDES = sorted((ROOT / "docs").glob("*.md"))
ROLES = sorted((ROOT / "roles").glob("*/README.md"))
BLOCKS = [block for page in (README, *GUIDES, *ROLES) for block in blocks_of(page)]

# What the guides take for granted: a token that somebody made by hand long ago, hosts that need it, a vault password.
TOKEN, ORGANIZATION, AGE_DAYS = "ci-deploy", "acme", 120
PASSWORD = "correct horse battery staple"
INVENTORY = {
    "all": {
        "vars": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "children": {
            "web": {
                "hosts": {name: {"app_token_file": f"{{{{ playbook_dir }}}}/{name}-token"} for name in ("web1", "web2")}
            }
        },
    }
}


# What differs from run to run, and from the page.
PASSING = re.compile(r"\d{8}t\d{6}z-[0-9a-f]{4}|\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}Z)?")


def is_played(block: Block) -> bool:
    return block.said not in ("file", "not run") and block.language in RUNNABLE


def lasting(text: str) -> str:
    """Return a text without its dates, times and suffixes, and in one line."""
    return PASSING.sub("…", " ".join(text.split()))


@pytest.fixture
def reader(playbooks: Playbooks, simulator: Simulator) -> Reader:
    simulator.given(TOKEN, organization=ORGANIZATION, age_days=AGE_DAYS)
    return Reader(playbooks, simulator)


class Reader:
    """Does what a page says, in a directory that stands for /srv/ansible."""

    def __init__(self, playbooks: Playbooks, simulator: Simulator) -> None:
        self.playbooks, self.simulator = playbooks, simulator
        self.directory = playbooks.directory
        playbooks.write("inventory.yml", INVENTORY)
        playbooks.write("vault-password", PASSWORD)
        playbooks.env |= {
            "ANSIBLE_INVENTORY": str(self.directory / "inventory.yml"),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(self.directory / "vault-password"),
        }

    def follow(self, page: Path) -> list[Played]:
        """Save and run every block of a page, four months after one another; return what was played."""
        done: list[Played] = []
        for block in blocks_of(page):
            done += self._do(block)
            if block.said == "shown":
                said = lasting("\n".join(played.output for played in done))
                assert [line for line in block.text.splitlines() if lasting(line) not in said] == [], block
        return done

    def _do(self, block: Block) -> list[Played]:
        if block.said == "file":
            self.playbooks.write(block.detail or "", self._here(block.text))
            return []
        if not is_played(block):
            return []
        run = self.playbooks.shell if block.language == "shell" else self.playbooks.play
        played = run(self._here(block.text))
        assert [secret for secret in self.simulator.canaries if secret in played.output] == [], block
        if block.said == "fails":
            assert not played.ok, f"{block}\n{played.output}"
            assert block.detail is not None
            assert block.detail in " ".join(played.output.split()), f"{block}\n{played.output}"
        else:
            assert played.ok, f"{block}\n{played.output}"
        self.simulator.advance(days=AGE_DAYS)
        return [played]

    def _here(self, text: str) -> str:
        return text.replace("/srv/ansible", str(self.directory))


def active(simulator: Simulator) -> list[str]:
    return [token.name for token in simulator.tokens if token.name != "main"]


def holds(simulator: Simulator, path: Path) -> bool:
    """Tell whether a file holds a value that works."""
    return simulator.alive(path.read_text().strip())


@with_one_core
def test_readme(reader: Reader, simulator: Simulator) -> None:
    """Each of its rotations was done on the token that the one before it left, which was then 120 days old."""
    played = reader.follow(README)
    rotations = [run for run in played if "revoked ci-deploy" in run.output]
    assert len(rotations) == 2
    assert len(simulator.revoked) == 2
    assert len(active(simulator)) == 1
    opened = vaults.decrypted(reader.directory / "vault.yml", PASSWORD)
    variables = (reader.directory / ".env").read_text()
    value = (reader.directory / "app-token").read_text()
    assert simulator.alive(value)
    assert variables == f"TURSO_API_TOKEN={value}\n"
    assert yaml.safe_load(opened) == {"turso_token": value}


@heavy
@with_one_core
@pytest.mark.promise(1)
def test_the_first_playbook_issues_and_revokes_nothing_if_it_cannot_deliver(
    reader: Reader, simulator: Simulator
) -> None:
    shown = next(block.text for block in blocks_of(README) if block.detail == "rotate.yml")
    assert "/app-token" in shown
    played = reader.playbooks.play(shown.replace("/app-token", "/none/app-token"))
    assert not played.ok
    assert "Nothing was issued." in " ".join(played.output.split())
    assert simulator.writes == []


def test_the_demo_plays_the_playbook_of_the_readme() -> None:
    shown = next(block.text for block in blocks_of(README) if block.detail == "rotate.yml")
    assert yaml.safe_load(shown) == yaml.safe_load((ROOT / "tests/demo/rotate.yml").read_text())


# By guide: how many tokens were revoked in it, and files with a value that works when it ends.
OUTCOMES: dict[str, tuple[int, list[str]]] = {
    "getting-started": (1, []),
    "adopt": (0, []),
    "tokens": (1, []),
    "rotate": (6, ["web1-token", "web2-token", "dashboard-token"]),
    "least-privilege": (1, ["ci-deploy-token", "previews-token"]),
    "scheduling": (0, []),  # one run, and the old one has its grace
    "awx": (1, ["ci-deploy-token"]),
    "troubleshooting": (0, []),
    "migrate": (0, []),  # it looks, and changes nothing
    "incident-runbook": (1, []),
}


# Those that play nothing cost nothing.
SAMPLE = tuple(page.stem for page in GUIDES if not any(is_played(block) for block in blocks_of(page)))


@with_one_core
@pytest.mark.parametrize("page", cases(((page.stem, page) for page in GUIDES), sample=SAMPLE))
def test_guide(reader: Reader, simulator: Simulator, page: Path) -> None:
    reader.follow(page)
    if page.stem in OUTCOMES:
        revoked, files = OUTCOMES[page.stem]
        assert len(simulator.revoked) == revoked
        assert [name for name in files if not holds(simulator, reader.directory / name)] == []


@with_one_core
@pytest.mark.parametrize("page", cases(((page.parent.name, page) for page in ROLES), sample=("turso_rotate",)))
def test_readme_of_a_role(reader: Reader, simulator: Simulator, page: Path) -> None:
    assert len(reader.follow(page)) == 1
    rotates = page.parent.name == "turso_rotate"
    assert len(simulator.revoked) == rotates
    assert not rotates or holds(simulator, reader.directory / "ci-deploy-token")


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_says_what_it_is(block: Block) -> None:
    """What is not run has a reason; what is YAML or JSON is at least that."""
    assert block.language, "without a language nobody knows what it is"
    assert block.said is None or block.detail
    if block.language == "yaml":
        parsed: Any = yaml.safe_load(block.text)
        assert isinstance(parsed, (dict, list))
        if block.said is None:
            assert all("hosts" in play or "ansible.builtin.import_playbook" in play for play in parsed), (
                "not a playbook: say what it is"
            )
    if block.language == "json":
        json.loads(block.text)
