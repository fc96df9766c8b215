# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotate with an example as the deliver hook, and prove what a delivery has to keep."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from tests.playbooks import Playbooks, Played
from tests.simulator import Simulator
from tests.tools.checkout import ROOT

DELIVER = ROOT / "examples" / "deliver"
NAME = "ci-deploy"
NEXT = "-- the next --"
AGAIN = "-- the same token again --"


def rotation(example: str | None, variables: dict[str, Any], **play: Any) -> list[dict[str, Any]]:
    """Return a playbook that rotates one token and hands it to an example, and before the commit hands it over again."""
    hook, again = {}, []
    if example:
        hook = {"turso_rotate_deliver": str(DELIVER / example)}
        secret = f"{{{{ turso_rotate_secrets['{NAME}'] }}}}"
        item = {"name": NAME, "token": {"name": "{{ turso_rotate_report[0].issued }}"}, "secret": secret}
        again = [
            {"ansible.builtin.debug": {"msg": AGAIN}},
            {
                "ansible.builtin.include_tasks": str(DELIVER / example),
                "vars": {"turso_rotate_item": item},
                "when": "turso_rotate_secrets | length > 0",
            },
        ]
    role = {"role": "community.turso.turso_rotate", "turso_rotate_tokens": [{"name": NAME, "organization": "acme"}]}
    variables = {**variables, **hook}
    return [{"hosts": "localhost", "gather_facts": False, "vars": variables, "roles": [role], "tasks": again, **play}]


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
    compares: bool = True,
    **options: Any,
) -> None:
    """Rotate a token that is due: what was delivered lives, what it replaces does not, a second run does nothing.

    `read` fetches what was delivered from where it went. An example that `compares` changes nothing when it is given
    the same token again.
    """
    old = simulator.given(NAME, organization="acme", age_days=120)

    first = rotate(playbooks, simulator, playbook, *arguments, **options)
    assert first.ok, first.output
    if AGAIN in first.output and compares:
        _, again = first.output.split(f'"msg": "{AGAIN}"')
        assert "changed: [localhost" not in again.partition("RUNNING HANDLER")[0], again
    delivered = read()
    assert simulator.alive(delivered)
    assert not simulator.alive(old.secret)
    assert delivered == generation(simulator)

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


def generation(simulator: Simulator) -> str:
    """Return the secret of the only generation that is alive."""
    (only,) = [token for token in simulator.tokens if token.name.startswith(NAME)]
    return only.secret


def complaints(playbooks: Playbooks, *deliveries: tuple[str, dict[str, Any]], **options: Any) -> list[str]:
    """Hand a token to examples that lack something, all in one run; return what each says."""
    item = {"name": NAME, "token": {"name": f"{NAME}-20260101t000000z-0000"}, "secret": "not said"}
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
