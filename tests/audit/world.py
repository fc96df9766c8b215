# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens in every condition that the audit knows, some with names that their makers meant to do harm by."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from tests.simulator import Simulator

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc)

MARKUP = '"><script>document.title="pwned"</script><img src=//example.com/x onerror=alert(1)>'
TEMPLATE = "{{ lookup('pipe', 'touch pwned') }}{% raw %}"
HOSTILE = (MARKUP, TEMPLATE, "x' onclick='alert(1)", "</table></script><!--", "\u202etxt.exe", "ünï & Co. <3")


def arrange(simulator: Simulator) -> None:
    simulator.clock.freeze(NOON)
    for user in ("alice", "bob"):
        simulator.main(user).created = NOON  # they were there before the clock stopped
    pinned: dict[str, Any] = {"organization": "acme", "group": "production"}
    simulator.given("legacy", age_days=410)
    simulator.given("migrations", **pinned, scopes=["full-access"], age_days=140)
    simulator.given("backup", **pinned, scopes=["read", "db:configure"], age_days=88)
    simulator.given("dashboard", **pinned, scopes=["read-only"], age_days=9)
    simulator.given("ci", organization="acme", age_days=120)
    simulator.given("ci-20261101t091500z-7f3a", organization="acme", age_days=23)
    simulator.given("ci", user="bob", organization="acme", age_days=33)
    for name in HOSTILE:
        simulator.given(name, user="bob", organization="acme", age_days=3)
