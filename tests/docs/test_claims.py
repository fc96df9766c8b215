# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What README.md says of the limits, and what its patterns do about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.docs.markdown import blocks_of
from tests.playbooks import Playbooks
from tests.simulator import Simulator
from tests.tools.checkout import ROOT

README = ROOT / "README.md"

TOKENS = [{"name": "ci-deploy", "organization": "acme"}]
ROLE = {"ansible.builtin.include_role": {"name": "community.turso.turso_rotate"}}
FAIL = {"ansible.builtin.fail": {"msg": "the delivery failed"}}
EXCUSE = {"rescue": [{"ansible.builtin.debug": {"msg": "never mind"}}]}


def a_play(*tasks: dict[str, Any], **variables: Any) -> list[dict[str, Any]]:
    variables = {"turso_rotate_tokens": TOKENS, **variables}
    return [{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": list(tasks)}]


@pytest.mark.parametrize(
    ("play", "old_is_alive"),
    [
        pytest.param(
            a_play(ROLE, {"block": [FAIL], **EXCUSE}), False, id="a failure that the play excuses is not seen"
        ),
        pytest.param(a_play(ROLE, FAIL), True, id="any other failure is seen"),
        pytest.param(
            a_play({"block": [ROLE], **EXCUSE}, turso_rotate_deliver="hook.yml"),
            True,
            id="a hook that fails is seen, whatever the play excuses",
        ),
    ],
)
def test_failures_of_the_delivery(
    simulator: Simulator, playbooks: Playbooks, play: list[dict[str, Any]], old_is_alive: bool
) -> None:
    old = simulator.given("ci-deploy", organization="acme", age_days=120)
    playbooks.write("hook.yml", [FAIL])
    playbooks.play(play)
    assert simulator.alive(old.secret) is old_is_alive
    assert len([token for token in simulator.tokens if token.name.startswith("ci-deploy-")]) == 1


def test_the_manual_pattern_revokes_nothing_when_the_check_fails(
    simulator: Simulator, playbooks: Playbooks, tmp_path: Path
) -> None:
    pattern = next(block.text for block in blocks_of(README) if "turso_rotate_revoke: manual" in block.text)
    assert pattern.count("/app-token') }}") == 1
    playbooks.write("old-token", "not.a.token")
    old = simulator.given("ci-deploy", organization="acme", age_days=120)
    played = playbooks.play(pattern.replace("/app-token') }}", "/old-token') }}"))
    assert not played.ok
    assert played.recap["rescued"] == 1
    assert "The new value was not handed over. ci-deploy: aged, issued ci-deploy-" in " ".join(played.output.split())
    assert simulator.alive(old.secret)
    assert simulator.alive((tmp_path / "app-token").read_text())


@pytest.mark.parametrize("variable", ["turso_rotate_vault_file", "turso_rotate_ledger"])
def test_the_playbook_keeps_nothing_in_the_folder_of_the_collection(
    simulator: Simulator, playbooks: Playbooks, variable: str
) -> None:
    playbooks.write("hook.yml", [FAIL])
    given = {"turso_rotate_tokens": TOKENS, "turso_rotate_deliver": "/hook.yml", variable: "kept-here"}
    playbooks.write("rotation.yml", given)
    played = playbooks.play("community.turso.rotate", "-e", "@rotation.yml")
    assert not played.ok
    assert "must be absolute paths here" in " ".join(played.output.split())
    assert simulator.requests == []
