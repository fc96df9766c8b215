# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SQL tokens of a vault file, judged without a clock or a server, and without a trace of their values."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._audit.policy import Policy
from ansible_collections.community.turso.plugins.module_utils._audit.report import audit
from ansible_collections.community.turso.plugins.module_utils._audit.stored import (
    Stored,
    expected_in,
    sql_values,
    stored_of,
    with_probes,
)
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_memory import SqlMemory
from ansible_collections.community.turso.plugins.module_utils._rotation.state import Current, State, TokenState
from ansible_collections.community.turso.plugins.module_utils._time import utc_text
from tests.simulator.sql import signed

NOW = datetime.datetime(2026, 11, 24, 9, 15, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
OF_SHOP = {"kind": "sql", "database": "shop"}


def value(age: float = 10, lasts: float | None = 90, **claims: Any) -> str:
    issued = NOW - age * DAY
    end = {} if lasts is None else {"exp": int((issued + lasts * DAY).timestamp())}
    identity = {} if "gid" in claims else {"id": "id-shop"}
    return signed({"a": "rw", "rid": "r", **identity, "iat": int(issued.timestamp()), **end, **claims})


def known(secret: str, entry: dict[str, Any] | None = None, state: TokenState | None = None, **probe: Any) -> Stored:
    expected = expected_in([{"name": "app", "organization": "acme", **entry}] if entry else [])
    found = stored_of({"app": secret}, expected, State({"app": state} if state else {}))
    return with_probes(found, {"app": probe})[0]


def report(*stored: Stored, now: datetime.datetime = NOW, **policy: Any) -> dict[str, Any]:
    return audit([], now, Policy.of(policy), "acme", stored=stored)


def remembered(database_id: str = "id-shop", invalidated_at: datetime.datetime | None = None) -> TokenState:
    claims = known(value(id=database_id)).claims
    moment = None if invalidated_at is None else utc_text(invalidated_at)
    current = Current("app", "0f" * 32, utc_text(NOW), claims=claims)
    return TokenState(current=current, sql=SqlMemory(invalidated_at=moment))


FOUND: dict[str, tuple[Stored, list[str]]] = {
    "nothing": (known(value()), []),
    "without an end": (known(value(lasts=None)), ["endless"]),
    "ended": (known(value(age=91)), ["expired"]),
    "ends now": (known(value(age=90)), ["expired"]),
    "due since today, and the rotation is to come": (known(value(age=60)), []),
    "due since yesterday": (known(value(age=61.5)), ["expiring"]),
    "due by its entry": (known(value(age=45), {**OF_SHOP, "renew_before": "60d"}), ["expiring"]),
    "not yet due by its entry": (known(value(age=80), {**OF_SHOP, "renew_before": "8d"}), []),
    "it says no time": (known(signed({"a": "rw", "rid": "r", "id": "d", "exp": int((NOW + DAY).timestamp())})), []),
    "of the database of its entry": (known(value(), OF_SHOP, place="database shop"), []),
    "of the other level": (known(value(gid="id-g"), OF_SHOP), ["foreign"]),
    "of a group, as its entry": (known(value(gid="id-g"), {"kind": "sql", "group": "production"}), []),
    "of another database": (known(value(), OF_SHOP, place="database blog"), ["foreign"]),
    "of a database without an entry": (known(value(), place="database blog"), []),
    "of a database that is not there": (known(value(), is_lost=True), ["foreign"]),
    "as the state file remembers": (known(value(), OF_SHOP, remembered()), []),
    "made anew since": (known(value(), OF_SHOP, remembered("id-anew")), ["foreign"]),
    "rejected": (known(value(), probed="dead"), ["dead"]),
    "nobody knows": (known(value(), probed="unknown"), []),
    "accepted": (known(value(), probed="accepted"), []),
    "minted before all tokens were invalidated": (
        known(value(), OF_SHOP, remembered(invalidated_at=NOW - DAY)),
        ["dead"],
    ),
    "and accepted all the same": (known(value(), OF_SHOP, remembered(invalidated_at=NOW), probed="accepted"), []),
    "and nobody knows": (known(value(), OF_SHOP, remembered(invalidated_at=NOW), probed="unknown"), ["dead"]),
    "minted after that": (known(value(), OF_SHOP, remembered(invalidated_at=NOW - 11 * DAY)), []),
    "more than one": (known(value(lasts=None, gid="g"), OF_SHOP, probed="dead"), ["foreign", "dead", "endless"]),
}


@pytest.mark.parametrize("case", FOUND)
def test_finds(case: str) -> None:
    stored, rules = FOUND[case]
    assert [finding["rule"] for finding in report(stored)["findings"]] == (
        rules if case != "more than one" else ["dead", "foreign", "endless"]
    )


def test_a_finding_can_be_accepted_by_name_and_switched_off() -> None:
    endless = known(value(lasts=None))
    accepted = report(endless, accepted=[{"name": "ap*", "rule": "endless", "reason": "an old device"}])
    assert (accepted["summary"]["findings"], accepted["summary"]["accepted"]) == (0, 1)
    assert report(endless, severities={"endless": "off"})["findings"] == []
    assert report(endless, fail_on="medium")["verdict"]["failing"] == 1


def test_the_stable_part_does_not_change_with_the_day() -> None:
    stored = [known(value()), known(value(lasts=None))]
    today, later = report(*stored), report(*stored, now=NOW + 200 * DAY)
    assert today["stable"] == later["stable"]
    assert [entry["rules"] for entry in today["stable"]["sql_tokens"]] == [[], ["endless"]]
    assert today["findings"] != later["findings"]


def test_a_report_has_what_a_token_claims_and_the_worst_first() -> None:
    secrets = {"b": value(), "a": value(age=91, a="ro"), "c": value(gid="id-g")}
    told = audit([], NOW, Policy.of({}), "acme", stored=stored_of(secrets, {}, State()), others=3)
    assert [(entry["name"], entry["severity"]) for entry in told["sql_tokens"]] == [
        ("a", "high"),
        ("b", None),
        ("c", None),
    ]
    first = told["sql_tokens"][0]
    assert (first["database_id"], first["authorization"], first["probed"]) == ("id-shop", "read-only", "no")
    assert (first["issued_at"], first["expires_at"]) == ("2026-08-25T09:15:00Z", "2026-11-23T09:15:00Z")
    assert told["visibility"][-1].endswith("and not tried. 3 other values in it were not judged.")
    text = json.dumps(told)
    assert not any(secret in text or secret.rpartition(".")[2] in text for secret in secrets.values())


def test_without_a_vault_file_the_report_says_nothing_of_one() -> None:
    told = audit([], NOW, Policy.of({}), "acme")
    assert told["sql_tokens"] is None
    assert "sql_tokens" not in told["stable"]


def test_only_sql_tokens_are_taken() -> None:
    api = signed({"jti": "x"})
    assert sql_values({"app": value(), "ci": api, "password": "hunter2", "cut": value()[:-90]}).keys() == {"app"}


def test_an_entry_with_a_renewal_that_is_no_duration_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="renew_before"):
        report(known(value(), {**OF_SHOP, "renew_before": "soon"}))
