# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook adopt, played, and a plan of the file that it wrote."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playbooks import Playbooks, heavy, with_one_core
from tests.simulator import Simulator
from tests.unit.module_utils.hostile import Certificate

ADOPT = "community.turso.adopt"
TEMPLATE = "{{ lookup('pipe', 'touch pwned') }}"
BREAKS = "line\n- name: evil"
PLAN = [{"hosts": "localhost", "gather_facts": False, "roles": ["community.turso.turso_rotate"]}]


@pytest.fixture(autouse=True)
def given(simulator: Simulator) -> None:
    pinned: dict[str, Any] = {"organization": "acme", "group": "production"}
    simulator.given("ci-deploy", organization="acme", age_days=120)
    simulator.given("dashboard", **pinned, scopes=["read-only"], age_days=9)
    simulator.given("backup-20261101t091500z-7f3a", **pinned, scopes=["read", "db:configure"], age_days=23)
    simulator.given("twice", organization="acme", age_days=9)
    simulator.given("twice-20261101t091500z-7f3a", organization="acme", age_days=2)
    simulator.given(TEMPLATE, organization="acme")
    simulator.given("theirs", user="bob", organization="acme")
    simulator.given(BREAKS, user="bob", organization="acme")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # its stubs are elsewhere
    """Reads what Ansible marks as no template."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def entries_in(playbooks: Playbooks, name: str = "rotation.yml") -> dict[str, dict[str, object]]:
    held = yaml.load((playbooks.directory / name).read_text(), _Loader)  # noqa: S506  # a safe one
    return {entry["name"]: entry for entry in held["turso_rotate_tokens"]}


def test_a_plan_of_the_file_finds_nothing_due_but_by_age(playbooks: Playbooks, simulator: Simulator) -> None:
    played = playbooks.play(ADOPT, "-e", "turso_adopt_organization=acme")
    assert played.ok, played.output
    assert stat.S_IMODE((playbooks.directory / "rotation.yml").stat().st_mode) == 0o600
    entries = entries_in(playbooks)
    assert set(entries) == {"ci-deploy", "dashboard", "backup", TEMPLATE}
    assert entries["backup"] == {
        "name": "backup",
        "organization": "acme",
        "group": "production",
        "scopes": ["db:configure", "read"],
    }
    assert "4 taken over, 3 not" in played.output
    text = (playbooks.directory / "rotation.yml").read_text()
    assert "#   - 2 versions are active (twice, twice-20261101t091500z-7f3a)." in text
    assert "#     credential: bob" in text
    assert not any(line.startswith("- name: evil") for line in text.splitlines())
    planned = playbooks.play(PLAN, "-e", "@rotation.yml", "--check")
    assert planned.ok, planned.output
    assert "1 to rotate, 0 to revoke, 3 unchanged" in planned.output
    assert "ci-deploy: due (aged)" in planned.output
    assert not list(playbooks.directory.rglob("pwned"))
    assert simulator.writes == []


@heavy
@with_one_core
def test_without_an_organization_ones_own_tokens_are_taken_the_unrestricted_ones_too(
    playbooks: Playbooks, simulator: Simulator
) -> None:
    played = playbooks.play(ADOPT, "-e", "turso_adopt_file=mine.yml")
    assert played.ok, played.output
    entries = entries_in(playbooks, "mine.yml")
    assert entries["main"] == {"name": "main"}
    assert "theirs" not in entries
    assert [request.call for request in simulator.requests] == ["list"]


@with_one_core
def test_a_null_organization_does_not_mean_ones_own_tokens(playbooks: Playbooks) -> None:
    played = playbooks.play(ADOPT, "-e", '{"turso_adopt_organization": null}')
    assert not played.ok
    assert "organization is null" in played.output
    assert not (playbooks.directory / "rotation.yml").exists()


@with_one_core
def test_a_file_that_is_there_is_never_overwritten_and_nothing_is_asked(
    playbooks: Playbooks, simulator: Simulator
) -> None:
    playbooks.write("rotation.yml", "mine")
    played = playbooks.play(ADOPT)
    assert not played.ok
    assert "rotation.yml exists. Nothing was written." in " ".join(played.output.split())
    assert (playbooks.directory / "rotation.yml").read_text() == "mine"
    assert simulator.requests == []


@heavy
@with_one_core
def test_check_mode_writes_nothing(playbooks: Playbooks) -> None:
    played = playbooks.play(ADOPT, "--check")
    assert played.ok, played.output
    assert "not taken over" in played.output
    assert "This was check mode: nothing was written." in played.output
    assert not (playbooks.directory / "rotation.yml").exists()


@heavy
@with_one_core
def test_the_authority_to_trust_can_be_given(playbooks: Playbooks, tmp_path: Path) -> None:
    certificate = Certificate(tmp_path, "127.0.0.1")
    with Simulator(tls=(certificate.chain, certificate.key)) as secure:
        secure.given("ci-deploy", organization="acme")
        asked = ("-e", f"turso_adopt_api_url={secure.url}", "-e", f"turso_adopt_api_token={secure.credential}")
        refused = playbooks.play(ADOPT, *asked)
        assert not refused.ok
        assert "is not trusted" in refused.output
        assert secure.requests == []
        assert not (playbooks.directory / "rotation.yml").exists()
        played = playbooks.play(ADOPT, *asked, "-e", f"turso_adopt_ca_path={certificate.authority}")
    assert played.ok, played.output
    assert "ci-deploy" in entries_in(playbooks)
