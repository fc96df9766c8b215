# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks that read, judge and revoke are given secrets, too."""

from __future__ import annotations

import json
import re

from tests.no_leak.terminal import Mode, Terminal

VERBOSE = Mode(verbosity=4, arguments=("--diff",))


def test_audit(terminal: Terminal) -> None:
    """A description that quotes the credential comes no further than the module."""
    files = {name: str(terminal.top / f"audit.{name}") for name in ("json", "html")}
    variables = {f"turso_audit_{name}_file": path for name, path in files.items()}
    played = terminal.run(
        "ansible-playbook",
        VERBOSE,
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
    dry = terminal.run("ansible-playbook", mode, "community.turso.revoke")
    terminal.assert_nothing_leaked(dry)
    terminal.assert_passed(dry)
    confirm = re.findall(r"turso_revoke_confirm=([\w-]+)", dry.output)[-1]
    assert terminal.worlds["plain"].alive(leaked)
    wet = terminal.run("ansible-playbook", mode, "community.turso.revoke", "-e", f"turso_revoke_confirm={confirm}")
    terminal.assert_nothing_leaked(wet)
    terminal.assert_passed(wet)
    assert not terminal.worlds["plain"].alive(leaked)
