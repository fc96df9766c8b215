# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an entry with `kind: sql` may say, and what is refused before the first request because it would end in an outage."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import (
    Defaults,
    only_api,
    read_entries,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_entries import SqlEntry
from tests.unit.module_utils.rotation.sql_world import entry

FILE = Recipient("file", address="/srv/app")
BLIND = Recipient("github_secret", address="acme/shop APP")
STORED = Recipient("vault_file")
READS = [{"tables": ["orders"], "actions": ["data_read"]}]


def read(given: dict[str, Any] | None = None, *recipients: Recipient, **defaults: Any) -> SqlEntry:
    known = {"app": [recipient.as_json() for recipient in recipients or (FILE,)]}
    return entry(given, **{"recipients": known, "has_state_file": False, "has_vault_file": False, **defaults})


def test_an_entry_is_read() -> None:
    found = read({"permissions": READS, "expires_in": "30d", "renew_before": "10d"}, max_versions=7)
    assert (found.kind, found.name, found.want.expires_in) == ("sql", "app", 30 * 86400)
    assert (found.want.renew_before, found.want.authorization, found.policy.max_mints) == (864000, "read-only", 7)
    assert (found.has_destinations, found.is_committed_by_the_role, found.readable) == (True, True, (FILE,))
    assert not read({}, Recipient("play"), has_state_file=True).is_committed_by_the_role


MEMORY: list[tuple[str, tuple[Recipient, ...], dict[str, Any], bool]] = [
    ("a file", (FILE,), {}, True),
    ("the vault file alone", (STORED,), {"has_vault_file": True}, True),
    ("both", (STORED, FILE), {"has_vault_file": True}, True),
    ("what gives no value out", (BLIND,), {}, False),
    ("what gives no value out, besides the vault file", (STORED, BLIND), {"has_vault_file": True}, False),
    ("what gives no value out, with a state file", (BLIND,), {"has_state_file": True}, True),
    ("the play", (Recipient("play"),), {"has_vault_file": True}, False),
    ("a tasks file", (Recipient("tasks", tasks="deliver.yml"),), {}, False),
]


@pytest.mark.parametrize(
    ("recipients", "defaults", "is_enough"), [row[1:] for row in MEMORY], ids=[row[0] for row in MEMORY]
)
def test_somebody_has_to_remember_what_was_minted(
    recipients: tuple[Recipient, ...], defaults: dict[str, Any], is_enough: bool
) -> None:
    if is_enough:
        assert read({}, *recipients, **defaults).recipients == recipients
        return
    with pytest.raises(Refused, match="cannot be read back") as refused:
        read({}, *recipients, **defaults)
    assert "turso_rotate_state_file" in refused.value.msg


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("a maximum age", {"max_age_days": 30}, {}, "max_age_days is for API tokens (kind: api) only"),
    ("two of the other kind", {"scopes": [], "current": "x"}, {}, "scopes, current are for API tokens"),
    ("an unknown option", {"databse": "x"}, {}, "there is no databse"),
    ("no database and no group", {"database": "", "group": "g"}, {}, "database is empty"),
    ("both", {"group": "g"}, {}, "were both given"),
    ("never", {"expires_in": "never"}, {}, "expires_in: never is not possible here"),
    ("no duration", {"expires_in": "soon"}, {}, "expires_in is 'soon', which is no duration. Set one such as"),
    ("an odd authorization", {"authorization": "all"}, {}, "authorization must be full-access or read-only"),
    ("permissions that are no list", {"permissions": "all"}, {}, "permissions must be a list"),
    ("a permission that is no dictionary", {"permissions": ["all"]}, {}, "permissions[0] must be a dictionary"),
    ("an unknown key of one", {"permissions": [{"table": []}]}, {}, "there is no table"),
    ("no tables", {"permissions": [{"actions": ["data_read"]}]}, {}, "permissions[0].tables names no table"),
    ("renewed when it ends", {"renew_before": "90d"}, {}, "is not less than expires_in"),
    ("renewed a day before", {"renew_before": "1d"}, {}, "renew_before (24 hours) must be more than"),
    ("a spread that is too long", {}, {"spread_days": 60}, "turso_rotate_spread_days together"),
    ("one token at a time", {}, {"max_versions": 1}, "must be at least 2"),
    ("a credential that is not there", {"credential": "x"}, {}, "turso_rotate_credentials has no 'x'"),
]


@pytest.mark.parametrize(("given", "defaults", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_the_run_is_refused_for(given: dict[str, Any], defaults: dict[str, Any], says: str) -> None:
    with pytest.raises(Refused) as refused:
        read(given, **defaults)
    assert says in refused.value.msg
    assert "turso_rotate_tokens[0] (app)" in refused.value.msg


def test_a_name_is_needed() -> None:
    with pytest.raises(Refused, match="name is missing"):
        read_entries([{"kind": "sql", "organization": "acme", "database": "shop"}], Defaults(has_state_file=True))


def test_what_takes_long_to_take_effect_needs_an_earlier_renewal() -> None:
    slow = Recipient.from_json({**FILE.as_json(), "takes_effect_hours": 24 * 30})
    with pytest.raises(Refused, match=r"takes_effect_hours \(30 days\)"):
        read({}, slow)
    assert read({"renew_before": "32d"}, slow)


def test_an_option_of_sql_tokens_is_none_of_api_tokens() -> None:
    with pytest.raises(Refused, match=r"database is for SQL tokens \(kind: sql\) only"):
        read_entries([{"name": "ci", "organization": "acme", "database": "shop"}], Defaults())


def test_versions_are_planned_of_api_tokens_alone() -> None:
    with pytest.raises(Refused, match="this filter cannot plan them"):
        only_api([read()])
