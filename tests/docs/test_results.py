# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/results.md has every key of the facts and of the files that others build on, and no other."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._audit import metrics as audit_metrics
from ansible_collections.community.turso.plugins.module_utils._audit import report as audit_report
from ansible_collections.community.turso.plugins.module_utils._audit.managed import Rotation
from ansible_collections.community.turso.plugins.module_utils._audit.policy import Policy
from ansible_collections.community.turso.plugins.module_utils._audit.stored import Stored
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Verdict
from ansible_collections.community.turso.plugins.module_utils._rotation import metrics, report
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import plan_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_report import of_sql_plan
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import (
    Current,
    FoundUnconfirmed,
    Pending,
    Previous,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.state_token import TokenState
from tests.tools.checkout import ROOT
from tests.unit.module_utils.rotation import sql_world, world

PAGE = ROOT / "docs" / "results.md"
NAME = re.compile(r"`([\w.<>]+)`")
AT = "2026-11-24T09:15:00Z"


def tables(section: str) -> list[dict[str, str]]:
    """Return the tables of a section of the page: by the names in the first column, the last one."""
    _before, _heading, text = PAGE.read_text().partition(f"\n## {section}\n")
    found = re.findall(r"(?:^\|.*\n)+", text.partition("\n## ")[0], re.M)
    return [dict(_rows(table)) for table in found]


def _rows(table: str) -> Iterator[tuple[str, str]]:
    for line in table.splitlines()[2:]:
        cells = line.strip("|").split(" | ")
        yield NAME.findall(cells[0])[0], cells[-1]


def keys_in(text: str, keys: set[str]) -> set[str]:
    """Return which of some keys a text names."""
    return keys & set(NAME.findall(text))


def state_with_everything() -> dict[str, Any]:
    claims = sql_world.claims()
    known = TokenState(
        pending=Pending("a", "1", AT, destinations={"play on web": AT}, claims=claims),
        current=Current("a", "2", AT, claims=claims),
        previous=(Previous("a", "3", AT),),
        found_unconfirmed=FoundUnconfirmed("1", AT),
        sql=SqlMemory(mints=(sql_world.mint(1),), runs=(AT,)),
    )
    tokens: dict[str, dict[str, Any]] = State({"a": known.changed("issued", AT, of=known.pending)}).as_json()["tokens"]
    return tokens["a"]


def audited() -> dict[str, Any]:
    """Return the report of an audit that was given every file."""
    now = datetime.datetime(2026, 11, 24, tzinfo=datetime.timezone.utc)
    token = {"name": "ci", "id": "1", "owner": None, "organization": None, "group": None, "scopes": None}
    token |= {"restriction": "unrestricted", "permissions": "full-access", "created_at": "2026-01-01"}
    rotation = Rotation.of({"turso_rotate_tokens": [{"name": "ci", "organization": "acme"}]}, State())
    stored = [Stored("app", sql_world.claims())]
    return audit_report.audit([token], now, Policy.of({}), rotation=rotation, stored=stored)


def test_the_report_of_a_rotation() -> None:
    every, of_sql = tables("The report of a rotation")
    seen = world.view()
    (plan,) = plan_entries([seen], "abcd")
    assert set(every) == set(report.of_plan(plan, seen))
    assert set(every) | set(of_sql) == set(of_sql_plan(sql_world.planned(), sql_world.view()))


def test_how_a_rotation_ended() -> None:
    (words,) = tables("How a rotation ended")
    assert set(words) == {report.UNCHANGED, report.ROTATED, report.SWEPT, report.REFUSED, report.FAILED}


def test_what_came_of_deliveries() -> None:
    assert set(tables("What came of deliveries")[0]) == set(Verdict("a", "file", "x", "h", "delivered").as_json())


def test_the_report_of_an_audit() -> None:
    keys, _parts = tables("The report of an audit")
    assert set(keys) == set(audited())
    assert f"{audit_report.FORMAT}." in keys["format"]


@pytest.mark.parametrize("key", ["policy", "verdict", "summary"])
def test_a_dictionary_in_the_report_of_an_audit(key: str) -> None:
    assert keys_in(tables("The report of an audit")[0][key], (made := set(audited()[key]))) == made


@pytest.mark.parametrize("key", ["rules", "findings"])
def test_a_list_in_the_report_of_an_audit(key: str) -> None:
    made = set(audited()[key][0])
    assert keys_in(tables("The report of an audit")[0][key], made) == made


@pytest.mark.parametrize("part", ["stable.tokens", "stable.sql_tokens", "managed", "managed.versions", "sql_tokens"])
def test_a_part_of_the_report_of_an_audit(part: str) -> None:
    made: Any = audited()
    for key in part.split("."):
        made = made[0][key] if isinstance(made, list) else made[key]
    _keys, parts = tables("The report of an audit")
    assert keys_in(parts[part], set(made[0])) == set(made[0])


def test_the_state_file() -> None:
    keys, objects = tables("The state file")
    made = state_with_everything()
    assert set(keys) == set(made)
    parts = {
        "pending": made["pending"],
        "current": made["current"],
        "previous": made["previous"][0],
        "found_unconfirmed": made["found_unconfirmed"],
        "sql": made["sql"],
        "mints": made["sql"]["mints"][0],
        "claims": made["current"]["claims"],
    }
    assert {name: set(NAME.findall(objects[name])) for name in parts} == {
        name: set(part) for name, part in parts.items()
    }
    assert keys_in(keys["events"], set(made["events"][0])) == set(made["events"][0])


def test_the_metrics_files() -> None:
    of_rotation, of_audit = tables("The metrics files")
    assert set(of_rotation) == set(metrics.HELP)
    assert set(of_audit) == set(audit_metrics.HELP)
