# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks that read, judge and revoke are given secrets, too."""

from __future__ import annotations

import json
import re

import pytest

from tests import vaults
from tests.no_leak.plays import EVERYTHING, PASSWORD, STORED, WITH_VAULT, delivering, into, sql
from tests.no_leak.terminal import Mode, Terminal
from tests.playbooks import Played, cases, heavy

REVOKE = "community.turso.revoke"


def test_audit(terminal: Terminal) -> None:
    """A description that quotes the credential comes no further than the module."""
    files = {name: str(terminal.top / f"audit.{name}") for name in ("json", "html")}
    variables = {f"turso_audit_{name}_file": path for name, path in files.items()}
    played = terminal.run(
        "ansible-playbook",
        EVERYTHING,
        "community.turso.audit",
        "-e",
        json.dumps({**variables, "turso_audit_fail_on": "never"}),
    )
    terminal.assert_nothing_leaked(played)
    terminal.assert_passed(played)
    assert "stays" in (terminal.top / "audit.html").read_text()


def test_emergency(terminal: Terminal) -> None:
    """The leaked value that is to be revoked is not told again; the API echoes it when it is asked about it."""
    leaked = terminal.worlds["plain"].given("leaked", organization="acme").secret
    mode = Mode(verbosity=4, settings={"TURSO_REVOKE_SECRET": leaked})
    dry = terminal.run("ansible-playbook", mode, REVOKE)
    terminal.assert_nothing_leaked(dry)
    terminal.assert_passed(dry)
    assert terminal.worlds["plain"].alive(leaked)
    wet = terminal.run("ansible-playbook", mode, REVOKE, *confirmation(dry))
    terminal.assert_nothing_leaked(wet)
    terminal.assert_passed(wet)
    assert not terminal.worlds["plain"].alive(leaked)


def confirmation(dry: Played) -> tuple[str, str]:
    return "-e", "turso_revoke_confirm=" + re.findall(r"turso_revoke_confirm=([\w-]+)", dry.output)[-1]


class Leaked:
    """A SQL token that leaked, given in a file that is encrypted; an application and a vault file hold it, too."""

    def __init__(self, terminal: Terminal, world: str, database: str) -> None:
        self.terminal, self.database = terminal, database
        self.world = terminal.worlds[world]
        self.secret = self.world.given_sql(database=database, expiration="90d", age_days=10).secret
        self.file = terminal.asked_for / "app"
        self.file.write_text(self.secret)
        entries = [sql("app", into("app"), database=database), sql("stored", STORED, database=database)]
        terminal.playbooks.write("rotation.yml", {"turso_rotate_tokens": entries, **delivering(terminal)})
        leaked = {
            "turso_revoke_organization": "acme",
            "turso_revoke_secrets": [self.secret],
            "turso_revoke_api_url": f"{{{{ urls.{world} }}}}",
            "turso_revoke_api_token": f"{{{{ lookup('env', 'TOKEN_{world.upper()}') }}}}",
        }
        file = terminal.playbooks.write("leaked.yml", leaked)
        vaults.encrypt(file, PASSWORD)

    def revoke(self, *arguments: str) -> Played:
        given = ("-e", "@rotation.yml", "-e", "@leaked.yml", *WITH_VAULT)
        played = self.terminal.run("ansible-playbook", EVERYTHING, REVOKE, *given, *arguments)
        self.terminal.assert_nothing_leaked(played)
        return played

    @property
    def ends(self) -> list[str]:
        """What was written, each once: two mints of one second give one token, and the second is asked for again."""
        return list(dict.fromkeys(path.rpartition("/")[2] for _method, path in self.world.writes))


@heavy
def test_emergency_of_sql_tokens(rotating: Terminal) -> None:
    """Neither the leaked value, nor those that are minted, delivered and stored in its place."""
    leaked = Leaked(rotating, "plain", "shop")
    dry = leaked.revoke()
    rotating.assert_passed(dry)
    assert "app, stored: gets a new token" in dry.output
    wet = leaked.revoke(*confirmation(dry))
    rotating.assert_passed(wet)
    assert "Value 1 is proven dead" in wet.output
    assert leaked.ends == ["rotate", "tokens"]
    assert leaked.world.lets_in(leaked.file.read_text(), "shop")
    assert (rotating.top / "vault.yml").read_text().startswith("$ANSIBLE_VAULT")


# What quotes a token, the database, what is said of it, and what was sent all the same.
QUOTING = (
    ("a database that rejects", "rejecting", "shop", "already rejects it", ["rotate", "tokens"]),
    ("a mint that is refused", "plain", "echo", "Value 1 is proven dead", ["rotate", "tokens"]),
    (
        "an answer to the end of all that is lost",
        "plain",
        "not-ended",
        "renewed as if they were",
        ["rotate", "tokens"],
    ),
)


@pytest.mark.parametrize(
    ("world", "database", "says", "ends"), cases(QUOTING, sample=("an answer to the end of all that is lost",))
)
def test_emergency_of_sql_tokens_that_fails(
    rotating: Terminal, world: str, database: str, says: str, ends: list[str]
) -> None:
    leaked = Leaked(rotating, world, database)
    failed = leaked.revoke(*confirmation(leaked.revoke()))
    assert not failed.ok
    assert says in failed.output, rotating.cleaned(failed)
    assert leaked.ends == ends
