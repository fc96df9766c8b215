# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credential of the run rotated itself, and entries with a credential of their own, really played."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks import Playbooks, cases, heavy, with_one_core
from tests.role.plays import confirm, deliver, delivered, entry, play, rotate, versions
from tests.simulator import Simulator, faults
from tests.unit.module_utils.hostile import Certificate, Proxy, listening
from tests.unit.modules.test_connection import jwt

ROBOT: dict[str, Any] = {"organization": "acme", "age_days": 120}
pytestmark = [pytest.mark.promise(4), with_one_core]


@pytest.mark.parametrize("others", cases([("alone", ()), ("among others", ("a", "b"))], sample=("among others",)))
def test_the_previous_version_goes_last_and_by_its_new_value(
    simulator: Simulator, playbooks: Playbooks, others: tuple[str, ...]
) -> None:
    for name in others:
        simulator.given(name, organization="acme", age_days=120)
    robot = simulator.given("robot", **ROBOT)
    names = ("robot", *others)
    tasks = [rotate(*names), deliver(*names), confirm(*names)]
    played = playbooks.play([play(*tasks)], env={"TURSO_API_TOKEN": robot.secret})
    assert played.ok, played.output
    assert all(len(versions(simulator, name)) == 1 for name in names)
    assert simulator.alive(delivered(playbooks, "robot") or "")
    assert not simulator.alive(robot.secret)
    last = simulator.requests[-1]
    assert (last.method, last.token_id == robot.id) == ("DELETE", False)
    assert robot.id in last.path or last.decoded_path.endswith("/robot")


def test_the_role_warns_of_a_session_that_ends_soon(playbooks: Playbooks) -> None:
    ends = int(time.time()) + 3600
    session = jwt({"exp": ends, "iss": "i", "sub": "s"}, "RS256")
    played = playbooks.play([play(rotate("ci"), deliver("ci"), confirm("ci"))], env={"TURSO_API_TOKEN": session})
    told = " ".join(played.output.split())
    assert not played.ok
    assert (
        "[WARNING]: The API token, which came from the environment variable TURSO_API_TOKEN, is a login session" in told
    )


@heavy
def test_it_goes_last_of_all_uses(simulator: Simulator, playbooks: Playbooks) -> None:
    robot = simulator.given("robot", **ROBOT)
    simulator.given("a", **ROBOT)
    tasks = [rotate("robot"), rotate("a"), deliver("robot", "a"), confirm()]
    played = playbooks.play([play(*tasks)], env={"TURSO_API_TOKEN": robot.secret})
    assert played.ok, played.output
    assert len(versions(simulator, "robot")) == len(versions(simulator, "a")) == 1
    assert simulator.requests[-1].token_id != robot.id


@heavy
def test_a_credential_that_does_not_tell_its_id_is_named(simulator: Simulator, playbooks: Playbooks) -> None:
    robot = simulator.given("robot", carries_jti=False, **ROBOT)
    simulator.given("a", **ROBOT)
    tasks = [rotate("robot", "a", credential_name="robot"), deliver("robot", "a"), confirm()]
    played = playbooks.play([play(*tasks)], env={"TURSO_API_TOKEN": robot.secret})
    assert played.ok, played.output
    assert len(versions(simulator, "robot")) == len(versions(simulator, "a")) == 1
    assert simulator.requests[-1].token_id != robot.id


STAYS: list[tuple[str, faults.Fault, str]] = [
    ("may not list", faults.Status(403, {"error": "not with this token"}), "its new version cannot list tokens"),
    ("does not see it", faults.Status(200, {"tokens": []}), "its new version does not see the token with the id"),
]


@heavy
@pytest.mark.parametrize(("fault", "says"), cases(STAYS, sample=("does not see it",)))
def test_it_stays_and_the_run_fails_where_its_new_version(
    simulator: Simulator, playbooks: Playbooks, fault: faults.Fault, says: str
) -> None:
    robot = simulator.given("robot", **ROBOT)
    other = simulator.given("a", **ROBOT)
    simulator.faults.add("list", fault, skip=3, times=None)
    tasks = [rotate("robot", "a"), deliver("robot", "a"), confirm()]
    played = playbooks.play([play(*tasks)], env={"TURSO_API_TOKEN": robot.secret})
    assert not played.ok
    assert says in " ".join(played.output.split())
    assert simulator.alive(robot.secret)
    assert simulator.alive(delivered(playbooks, "robot") or "")
    assert not simulator.alive(other.secret)


def test_each_entry_is_managed_by_its_own_credential(simulator: Simulator, playbooks: Playbooks) -> None:
    bob = simulator.main("bob")
    simulator.add_organization("umbrella", roles={"bob": "owner"})
    simulator.given("ci", user="bob", organization="umbrella", age_days=120)
    simulator.given("a", organization="acme", age_days=120)
    tokens = [entry("ci", credential="bobs") | {"organization": "umbrella"}, entry("a")]
    tasks = [rotate(tokens=tokens, credentials={"bobs": bob.secret}), deliver("ci", "a"), confirm()]
    played = playbooks.play([play(*tasks)], "-vvv")
    assert played.ok, played.output
    assert len(versions(simulator, "ci")) == len(versions(simulator, "a")) == 1
    assert bob.secret not in played.output


@heavy
@pytest.mark.promise(4)
def test_it_goes_after_those_that_wait_for_the_play(simulator: Simulator, playbooks: Playbooks) -> None:
    robot = simulator.given("robot", **ROBOT)
    simulator.given("a", **ROBOT)
    playbooks.write("password", "correct horse")
    tokens = [entry("robot", {"to": "vault_file", "takes_effect_hours": 0}), entry("a")]
    tasks = [rotate(tokens=tokens, vault_file="vault.yml"), deliver("a"), confirm("a")]
    played = playbooks.play([play(*tasks)], "--vault-password-file", "password", env={"TURSO_API_TOKEN": robot.secret})
    assert played.ok, played.output
    assert len(versions(simulator, "robot")) == len(versions(simulator, "a")) == 1


TRUST: dict[str, Callable[[str], tuple[dict[str, Any], dict[str, str]]]] = {
    "by the role's variable": lambda authority: ({"ca_path": authority}, {}),
    "in the environment": lambda authority: ({}, {"SSL_CERT_FILE": authority}),
}


@pytest.mark.parametrize("trusting", cases(TRUST.items(), sample=("by the role's variable",)))
def test_an_authority_is_trusted_from_the_issue_to_the_commit(
    playbooks: Playbooks, tmp_path: Path, trusting: Callable[[str], tuple[dict[str, Any], dict[str, str]]]
) -> None:
    """Also at a loopback address: that may be a tunnel."""
    certificate = Certificate(tmp_path, "127.0.0.1")
    with Simulator(tls=(certificate.chain, certificate.key)) as secure:
        old = secure.given("ci", organization="acme", age_days=120)
        address = {"api_url": secure.url, "api_token": secure.credential}
        refused = playbooks.play([play(rotate("ci", **address), deliver("ci"), confirm("ci"))])
        assert "is not trusted" in refused.output
        assert secure.requests == []
        settings, env = trusting(str(certificate.authority))
        played = playbooks.play([play(rotate("ci", **address, **settings), deliver("ci"), confirm("ci"))], env=env)
        assert played.ok, played.output
        assert secure.alive(delivered(playbooks, "ci") or "")
        assert not secure.alive(old.secret)


def test_a_proxy_of_the_environment_is_used_from_the_issue_to_the_commit(playbooks: Playbooks, tmp_path: Path) -> None:
    certificate = Certificate(tmp_path, "api.example.com")
    with Simulator(tls=(certificate.chain, certificate.key)) as secure:
        old = secure.given("ci", organization="acme", age_days=120)
        address = {"api_url": "https://api.example.com", "api_token": secure.credential}
        proxy = Proxy(secure.port)
        with listening(proxy.talk) as port:
            env = {"HTTPS_PROXY": f"http://127.0.0.1:{port}", "SSL_CERT_FILE": certificate.authority}
            played = playbooks.play([play(rotate("ci", **address), deliver("ci"), confirm("ci"))], env=env)
        assert played.ok, played.output
        assert secure.alive(delivered(playbooks, "ci") or "")
        assert not secure.alive(old.secret)
        assert {head.split()[1] for head in proxy.heads} == {b"api.example.com:443"}
        assert secure.credential.encode() not in b"".join(proxy.heads)
