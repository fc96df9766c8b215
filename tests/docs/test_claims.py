# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What README.md and the guides say of the limits of a delivery."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.docs.markdown import blocks_of
from tests.playbooks import Playbooks, cases, heavy, with_one_core
from tests.simulator import Simulator
from tests.tools.checkout import ROOT

NAME = "ci-deploy"
EXCUSED: dict[str, Any] = {
    "ansible.builtin.copy": {"content": "new", "dest": "/not/there/token"},
    "ignore_errors": True,
}
# What becomes of the two tasks of the playbook whose tasks deliver, the delivery and the confirmation, and what the run then says.
DELIVERIES: list[tuple[str, dict[str, Any], list[str], str]] = [
    ("a condition left the delivery out", {"when": False}, [], "localhost has another value of ci-deploy"),
    ("the delivery failed and was excused", EXCUSED, [], "localhost has another value of ci-deploy"),
    ("a tag left both out", {}, ["--skip-tags", "later"], '"msg": "Not confirmed: ci-deploy (localhost)'),
]


def playbook_of_the_guide() -> list[dict[str, Any]]:
    """Return the one whose own tasks deliver and confirm."""
    page = blocks_of(ROOT / "docs/rotate.md")
    shown = next(block.text for block in page if block.said is None and "turso_rotate_read_back" in block.text)
    plays: list[dict[str, Any]] = yaml.safe_load(shown)
    return plays


@with_one_core
@pytest.mark.promise(1)
@pytest.mark.parametrize(("change", "arguments", "says"), cases(DELIVERIES, sample=("a tag left both out",)))
def test_tasks_of_the_play_revoke_nothing_if(
    simulator: Simulator, playbooks: Playbooks, change: dict[str, Any], arguments: list[str], says: str
) -> None:
    old = simulator.given(NAME, organization="acme", age_days=120)
    for name in (NAME, "dashboard"):
        playbooks.write(f"{name}-token", old.secret)
    plays = playbook_of_the_guide()
    plays[0]["tasks"][0] |= change
    for task in plays[0]["tasks"]:
        task["tags"] = ["later"]
    played = playbooks.play(plays, *arguments)
    assert not played.ok, played.output
    assert says in " ".join(played.output.split())
    assert simulator.revoked == []


@heavy
@with_one_core
def test_the_next_run_delivers_what_the_vault_file_holds(simulator: Simulator, playbooks: Playbooks) -> None:
    """As docs/rotate.md says of a recipient that is missing: it costs two versions, and not one a day."""
    simulator.given(NAME, organization="acme", age_days=120)
    playbooks.env["ANSIBLE_VAULT_PASSWORD_FILE"] = str(playbooks.write("vault-password", "correct horse"))
    plays = playbook_of_the_guide()
    plays[0]["vars"] |= {"turso_rotate_vault_file": "turso-secrets.yml"}
    unconfirmed = [{**plays[0], "tasks": []}]
    for _day in range(3):
        assert not playbooks.play(unconfirmed).ok
        simulator.advance(days=1)
    assert len([token for token in simulator.tokens if token.name.startswith(NAME)]) == 2
    played = playbooks.play(plays)
    assert played.ok, played.output
    assert len([token for token in simulator.tokens if token.name.startswith(NAME)]) == 1
    assert simulator.alive((playbooks.directory / f"{NAME}-token").read_text())


@heavy
@with_one_core
def test_paths_of_a_rotation_file_count_from_where_the_run_is_started(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    simulator.given(NAME, organization="acme", age_days=120)
    playbooks.env["ANSIBLE_VAULT_PASSWORD_FILE"] = str(playbooks.write("vault-password", "correct horse"))
    to_vault_file = {"to": "vault_file", "takes_effect_hours": 0}
    rotation = {
        "turso_rotate_tokens": [{"name": NAME, "organization": "acme", "deliver": [to_vault_file]}],
        "turso_rotate_vault_file": "kept/turso-secrets.yml",
        "turso_rotate_state_file": "kept/turso-state.json",
    }
    playbooks.write("rotation.yml", rotation)
    (playbooks.directory / "kept").mkdir()
    played = playbooks.play("community.turso.rotate", "-e", "@rotation.yml")
    assert played.ok, played.output
    kept = {path.name for path in (playbooks.directory / "kept").iterdir() if path.suffix in (".yml", ".json")}
    assert kept == {"turso-secrets.yml", "turso-state.json"}


@with_one_core
def test_the_playbook_of_the_collection_refuses_what_its_tasks_could_not_confirm(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    playbooks.write("rotation.yml", {"turso_rotate_tokens": [{"name": NAME, "organization": "acme"}]})
    played = playbooks.play("community.turso.rotate", "-e", "@rotation.yml")
    assert not played.ok
    assert "nobody could confirm {to: play} here" in " ".join(played.output.split())
    assert simulator.requests == []
