# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotate with an example as the tasks file of the entry, and prove what a delivery has to keep."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from tests.playbooks import Playbooks, Played
from tests.role.plays import SHOW, report_in
from tests.simulator import Simulator
from tests.tools.checkout import ROOT

DELIVER = ROOT / "examples" / "deliver"
NAME = "ci-deploy"
NEXT = "-- the next --"
AGAIN = "-- the same token again --"
STORED = {"to": "vault_file", "takes_effect_hours": 0}


def rotation(example: str | None, variables: dict[str, Any], *names: str, **play: Any) -> list[dict[str, Any]]:
    """Return a playbook that rotates tokens and delivers them by an example, and delivers the first once more.

    :param example: none stores them in the vault file of the role.
    """
    recipient = {"tasks": str(DELIVER / example)} if example else STORED
    tokens = [{"name": name, "organization": "acme", "deliver": [recipient]} for name in names or (NAME,)]
    role = {"role": "community.turso.turso_rotate", "turso_rotate_tokens": tokens}
    sections = {"roles": [role], "tasks": again(example) if example else [], "post_tasks": [SHOW]}
    return [{"hosts": "localhost", "gather_facts": False, "vars": variables, **sections, **play}]


def again(example: str) -> list[dict[str, Any]]:
    """Return tasks that deliver the token once more, before the commit."""
    item = item_of(f"{{{{ turso_rotate_secrets['{NAME}'] }}}}", "{{ turso_rotate_report[0].issued }}")
    return [
        {"ansible.builtin.debug": {"msg": AGAIN}},
        {
            "ansible.builtin.include_tasks": str(DELIVER / example),
            "vars": {"turso_rotate_item": item},
            "when": "turso_rotate_secrets | length > 0",
        },
    ]


def item_of(secret: str, version: str) -> dict[str, Any]:
    """Return what the role gives to a tasks file."""
    return {"name": NAME, "kind": "api", "token": {"name": version}, "secret": secret, "sha256": "not compared here"}


def rotate(playbooks: Playbooks, simulator: Simulator, playbook: Any, *arguments: str, **options: Any) -> Played:
    """Play with everything shown that can be shown, and see that no secret is in it."""
    played = playbooks.play(playbook, "-vvv", "--diff", *arguments, **options)
    assert_secret(simulator, played.output)
    return played


def assert_secret(simulator: Simulator, text: str) -> None:
    for canary in simulator.canaries:
        assert canary not in text
        assert base64.b64encode(canary.encode()).decode() not in text


def assert_rotates(
    playbooks: Playbooks,
    simulator: Simulator,
    playbook: Any,
    read: Callable[[], str],
    *arguments: str,
    by: str = "read back",
    compares: bool = True,
    **options: Any,
) -> None:
    """Rotate a token that is due: what was delivered is active, what it replaces is revoked, a second run does nothing.

    :param read: fetches what was delivered from its destination.
    :param by: the evidence that the commit goes by.
    :param compares: whether the example changes nothing when it is given the same token again.
    """
    old = simulator.given(NAME, organization="acme", age_days=120)

    first = rotate(playbooks, simulator, playbook, *arguments, **options)
    assert first.ok, first.output
    if AGAIN in first.output and compares:
        _, second_delivery = first.output.split(f'"msg": "{AGAIN}"')
        assert "changed: [localhost" not in second_delivery.partition("RUNNING HANDLER")[0], second_delivery
    delivered = read()
    assert simulator.alive(delivered)
    assert not simulator.alive(old.secret)
    assert delivered == only_version(simulator)
    assert [evidence["by"] for evidence in report_in(first.output)[NAME]["evidence"]] == [by]

    simulator.reset_log()
    second = rotate(playbooks, simulator, playbook, *arguments, **options)
    assert second.ok, second.output
    assert second.recap["changed"] == 0, second.output
    assert simulator.writes == []
    assert read() == delivered


def assert_nothing_revoked(played: Played, simulator: Simulator, old: Any) -> None:
    """See that a delivery that failed cost nobody a token."""
    assert not played.ok, played.output
    assert simulator.alive(old.secret)
    assert [method for method, _ in simulator.writes] == ["POST"]


def only_version(simulator: Simulator) -> str:
    """Return the secret of the only version that is active."""
    (only,) = [token for token in simulator.tokens if token.name.startswith(NAME)]
    return only.secret


def complaints(playbooks: Playbooks, *deliveries: tuple[str, dict[str, Any]], **options: Any) -> list[str]:
    """Give a token to examples that lack something, all in one run; return what each says."""
    item = item_of("not said", f"{NAME}-20260101t000000z-0000")
    tasks = [
        {
            "block": [
                {"ansible.builtin.include_tasks": str(DELIVER / example), "vars": {"turso_rotate_item": item} | given}
            ],
            "rescue": [{"ansible.builtin.debug": {"msg": NEXT}}],
        }
        for example, given in deliveries
    ]
    played = playbooks.play([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], **options)
    said = played.output.split(f'"msg": "{NEXT}"')
    assert len(said) == len(deliveries) + 1, played.output
    return said[:-1]
