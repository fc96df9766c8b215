# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""turso_revocation: every sentence of its contract, played on a server."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from ansible_collections.community.turso.plugins.module_utils._api import audit_log
from ansible_collections.community.turso.plugins.modules import turso_revocation
from tests.simulator import Simulator, faults
from tests.simulator.exchange import Exchange

ACME: dict[str, Any] = {"organization": "acme"}
READER: dict[str, Any] = {"organization": "acme", "group": "production", "scopes": ["read"]}
OWN = "/v1/auth/api-tokens"
ACMES = "/v1/organizations/acme/api-tokens"

Run = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def world(simulator: Simulator) -> dict[str, Any]:
    return {
        "ci": simulator.given("ci", user="bob", **ACME, age_days=200),
        "version": simulator.given("ci-20261101t091500z-7f3a", **READER, age_days=23),
        "backup": simulator.given("backup", **READER),
        "laptop": simulator.given("laptop"),
    }


@pytest.fixture
def revoke(run_module: Run) -> Run:
    def run(check_mode: bool = False, **asked: Any) -> dict[str, Any]:
        return run_module(turso_revocation, asked, check_mode=check_mode)

    return run


@pytest.fixture
def confirmed(revoke: Run) -> Run:
    """Give what a dry run returns as the code."""

    def run(**asked: Any) -> dict[str, Any]:
        return revoke(**asked, confirm=revoke(**asked)["code"])

    return run


def active(simulator: Simulator, world: dict[str, Any]) -> set[str]:
    return {key for key, token in world.items() if simulator.alive(token.secret)}


def value_claiming(token_id: str) -> str:
    """Make a value up that nobody signed."""
    parts = ({"alg": "EdDSA"}, {"jti": token_id})
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts), "x"]
    )


def names(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["name"] for entry in entries]


def test_a_dry_run_changes_nothing_and_returns_a_code_and_what_it_selects(
    simulator: Simulator, world: dict[str, Any], revoke: Run
) -> None:
    result = revoke(**ACME, names=["ci"])
    assert not result.get("failed")
    assert not result["changed"]
    assert names(result["selected"]) == ["ci", "ci-20261101t091500z-7f3a"]
    assert result["selected"][0]["id"] == world["ci"].id
    assert result["selected"][0]["by"] == ["name 'ci'"]
    assert (result["spared"], result["revoked"], result["failures"], result["proofs"]) == ([], [], [], [])
    assert result["code"].startswith("2-")
    assert "nothing was revoked" in result["msg"]
    assert result["code"] in result["msg"]
    assert simulator.writes == []


def test_the_code_revokes_exactly_these_ids(simulator: Simulator, world: dict[str, Any], confirmed: Run) -> None:
    result = confirmed(**ACME, names=["ci"])
    assert result["changed"]
    assert names(result["revoked"]) == ["ci", "ci-20261101t091500z-7f3a"]
    assert "by" not in result["revoked"][0]
    assert active(simulator, world) == {"backup", "laptop"}
    assert sorted(simulator.writes) == sorted(("DELETE", f"{ACMES}/{world[key].id}") for key in ("ci", "version"))


def test_a_code_is_refused_when_another_id_is_selected_by_then(simulator: Simulator, revoke: Run) -> None:
    code = revoke(**ACME, names=["ci"])["code"]
    simulator.withdraw("ci", user="bob")
    simulator.given("ci", user="bob", **ACME)
    result = revoke(**ACME, names=["ci"], confirm=code)
    assert result["failed"]
    assert result["error"]["kind"] == "refused"
    assert "does not match the 2 selected tokens" in result["msg"]
    assert result["code"] not in (None, code)
    assert simulator.writes == []


def test_check_mode_with_the_right_code_says_that_nothing_was_revoked(simulator: Simulator, revoke: Run) -> None:
    code = revoke(**ACME, names=["ci"])["code"]
    result = revoke(**ACME, names=["ci"], confirm=code, check_mode=True)
    assert result["changed"]
    assert result["revoked"] == []
    assert "nothing was revoked" in result["msg"]
    assert "nothing was revoked" in result["report"][-1]
    assert simulator.writes == []


# Values


def test_an_accepted_value_selects_its_token_and_is_proven_dead(
    simulator: Simulator, world: dict[str, Any], revoke: Run
) -> None:
    leaked = world["backup"].secret
    result = revoke(**ACME, secrets=[leaked + "\n"], confirm="1")
    assert not result.get("failed"), result
    assert active(simulator, world) == {"ci", "version", "laptop"}
    assert result["proofs"] == [
        {
            "value": 1,
            "id": world["backup"].id,
            "before": "accepted",
            "after": "rejected",
            "proven": True,
            "msg": "Value 1 is proven dead: the API accepted it before and rejects it now (401).",
        }
    ]
    assert leaked not in json.dumps(result)


def test_a_value_without_its_end_is_never_a_success(simulator: Simulator, world: dict[str, Any], revoke: Run) -> None:
    cut = {**ACME, "secrets": [world["backup"].secret[:-3]]}
    dry = revoke(**cut)
    assert dry["failed"]
    assert "already rejects value 1 (401). It may be incomplete" in dry["msg"]
    result = revoke(**cut, names=["ci"], confirm=revoke(**cut, names=["ci"])["code"])
    assert result["failed"]
    assert "value 1 is not proven dead" in result["msg"]


@pytest.mark.parametrize("confirm", ["1", "2"])
def test_what_a_rejected_value_claims_selects_nothing_by_a_number(
    simulator: Simulator, world: dict[str, Any], revoke: Run, confirm: str
) -> None:
    """Ids stand in lists and reports, so anybody can make up a value that claims one."""
    planted = value_claiming(world["backup"].id)
    beside = {"2": {"ids": [world["ci"].id]}}.get(confirm, {})
    result = revoke(**ACME, **beside, secrets=[planted], confirm=confirm)
    assert result["failed"]
    assert "'backup' is selected only by value 1, which the API does not accept" in result["msg"]
    assert simulator.writes == []


def test_a_rejected_value_with_the_name_beside_it_may_be_confirmed_by_a_number(
    simulator: Simulator, world: dict[str, Any], revoke: Run
) -> None:
    result = revoke(**ACME, names=["backup"], secrets=[value_claiming(world["backup"].id)], confirm="1")
    assert names(result["revoked"]) == ["backup"]
    assert result["failed"]  # the value is not proven dead all the same


def test_a_rejected_value_may_be_confirmed_by_the_code(
    simulator: Simulator, world: dict[str, Any], confirmed: Run
) -> None:
    result = confirmed(**ACME, secrets=[value_claiming(world["backup"].id)])
    assert names(result["revoked"]) == ["backup"]
    assert result["failed"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(lambda value: f'"{value[:30]}\n{value[30:]}"', "white space", id="quotes and a line break"),
        pytest.param(lambda value: value, "the API answered 500", id="500s"),
    ],
)
def test_a_value_that_cannot_be_tried_is_named_and_keeps_a_number_from_confirming(
    simulator: Simulator, world: dict[str, Any], revoke: Run, spoil: Callable[[str], str], reason: str
) -> None:
    if reason.endswith("500"):
        simulator.faults.add("validate", faults.Status(500), skip=1, times=None)
    asked = {**ACME, "secrets": [world["ci"].secret, spoil(world["backup"].secret)]}
    dry = revoke(**asked)
    assert dry["failed"]
    assert f"Value 2 could not be tried: {reason}" in " ".join(dry["report"]).replace("it has ", "")
    assert names(dry["selected"]) == ["backup", "ci"]  # its claims are read all the same
    refused = revoke(**asked, names=["ci", "backup"], confirm="3")
    assert "value 2 could not be tried" in refused["msg"]
    assert simulator.writes == []
    done = revoke(**asked, confirm=dry["code"])
    assert names(done["revoked"]) == ["backup", "ci"]
    assert done["failed"]
    assert [proof["proven"] for proof in done["proofs"]] == [not reason.endswith("500"), False]


def test_an_accepted_value_whose_token_is_in_another_list_is_a_failure_beforehand(
    simulator: Simulator, world: dict[str, Any], revoke: Run
) -> None:
    asked = {**ACME, "names": ["backup"], "secrets": [world["laptop"].secret]}  # unrestricted: in no such list
    dry = revoke(**asked)
    assert dry["failed"]
    assert f"Its token (id {world['laptop'].id}) is not among those that would be revoked" in dry["msg"]
    done = revoke(**asked, confirm=dry["code"])
    assert done["failed"]
    assert "value 1 is still active" in done["msg"]
    assert active(simulator, world) == {"ci", "version", "laptop"}


def test_a_value_that_gets_403_is_not_proven(simulator: Simulator, world: dict[str, Any], confirmed: Run) -> None:
    simulator.faults.add("validate", faults.Status(403), times=None)
    result = confirmed(**ACME, names=["backup"], secrets=[world["backup"].secret])
    assert result["failed"]
    assert result["proofs"][0]["before"] == result["proofs"][0]["after"] == "forbidden"
    assert "not proven dead" in result["msg"]
    assert "backup" not in active(simulator, world)


def test_a_revoked_value_that_is_accepted_for_a_moment_is_tried_again(
    simulator: Simulator, world: dict[str, Any], revoke: Run
) -> None:
    simulator.faults.add("validate", faults.Status(200, {"exp": -1}), times=2)
    result = revoke(**ACME, secrets=[world["backup"].secret], confirm="1")
    assert not result.get("failed"), result


def test_the_environment_gives_a_value(
    monkeypatch: pytest.MonkeyPatch, world: dict[str, Any], revoke: Run, simulator: Simulator
) -> None:
    monkeypatch.setenv("TURSO_REVOKE_SECRET", world["backup"].secret)
    assert names(revoke(**ACME)["selected"]) == ["backup"]
    monkeypatch.setenv("TURSO_REVOKE_SECRET", "")
    assert "No tokens are selected" in revoke(**ACME)["msg"]


# Exactly the id that was confirmed


@dataclass
class MadeAnew(faults.Fault):
    """Have a token revoked and made anew by somebody else before this request is answered."""

    kind: ClassVar[str] = "made_anew"
    simulator: Simulator
    name: str

    def strike(self, exchange: Exchange, rule: faults.Rule) -> None:  # noqa: ARG002
        self.simulator.withdraw(self.name)
        self.simulator.given(self.name)


def test_a_name_that_is_made_anew_after_the_confirmation_is_not_revoked(simulator: Simulator, revoke: Run) -> None:
    code = revoke(names=["laptop"])["code"]
    simulator.faults.add("list", MadeAnew(simulator, "laptop"), skip=1)
    result = revoke(names=["laptop"], confirm=code)
    assert result["failed"]
    assert "The name belongs to another token now" in result["msg"]
    assert simulator.writes == []
    assert "laptop" in [token.name for token in simulator.tokens]


def test_another_id_that_is_gone_afterwards_is_a_failure(simulator: Simulator, confirmed: Run) -> None:
    @dataclass
    class TakesAnother(faults.Fault):
        kind: ClassVar[str] = "takes_another"

        def strike(self, exchange: Exchange, rule: faults.Rule) -> None:  # noqa: ARG002
            simulator.withdraw("backup")

    simulator.faults.add("DELETE /*", TakesAnother())
    result = confirmed(names=["laptop"])
    assert names(result["revoked"]) == ["laptop"]
    assert result["failed"]
    assert "'backup'" in result["msg"]
    assert "is gone from the list, although it was not selected" in result["msg"]


def test_ones_own_token_goes_by_its_id_where_it_has_an_organization(
    simulator: Simulator, world: dict[str, Any], confirmed: Run
) -> None:
    result = confirmed(names=["backup", "laptop"])
    assert names(result["revoked"]) == ["backup", "laptop"]
    assert simulator.writes == [("DELETE", f"{ACMES}/{world['backup'].id}"), ("DELETE", f"{OWN}/laptop")]


@pytest.mark.parametrize("status", [403, 404])
def test_where_its_organization_refuses_ones_own_token_goes_by_its_name(
    simulator: Simulator, world: dict[str, Any], confirmed: Run, status: int
) -> None:
    simulator.faults.add(f"DELETE {ACMES}/*", faults.Status(status), times=None)
    result = confirmed(names=["backup"])
    assert not result.get("failed"), result
    assert simulator.writes[-1] == ("DELETE", f"{OWN}/backup")
    assert "backup" not in active(simulator, world)


@pytest.mark.parametrize("name", ["..", " ", "\t"])
def test_a_name_that_no_address_can_hold_fails_alone(
    simulator: Simulator, world: dict[str, Any], confirmed: Run, name: str
) -> None:
    odd = simulator.given(name)
    result = confirmed(ids=[odd.id, world["laptop"].id])
    assert names(result["revoked"]) == ["laptop"]
    assert [failure["id"] for failure in result["failures"]] == [odd.id]
    assert "was not revoked" in result["msg"]
    assert simulator.alive(odd.secret)


def test_a_refused_token_stops_no_other(simulator: Simulator, world: dict[str, Any], revoke: Run) -> None:
    simulator.faults.add(f"DELETE */{world['ci'].id}", faults.Status(403), times=None)
    result = revoke(**ACME, names=["ci"], confirm="2")
    assert result["failed"]
    assert result["error"]["kind"] == "forbidden"
    assert [failure["name"] for failure in result["failures"]] == ["ci"]
    assert active(simulator, world) == {"ci", "backup", "laptop"}


def test_the_credential_in_use_is_refused_and_named_and_the_others_go(simulator: Simulator, revoke: Run) -> None:
    dry = revoke(names=["main", "laptop"])
    assert dry["failed"]
    assert "'main'" in dry["msg"]
    assert "API credential that this run uses" in dry["msg"]
    done = revoke(names=["main", "laptop"], confirm="2")
    assert done["failed"]
    assert "API credential that this run uses" in done["msg"]
    assert simulator.writes == [("DELETE", f"{OWN}/laptop")]
    assert simulator.alive(simulator.credential)


def test_the_credential_in_use_as_a_leaked_value_is_a_failure(simulator: Simulator, revoke: Run) -> None:
    result = revoke(secrets=[simulator.credential], names=["laptop"], confirm="2")
    assert names(result["revoked"]) == ["laptop"]
    assert "value 1 is still active" in result["msg"]


# The list afterwards


def test_a_list_that_still_shows_the_token_is_a_failure(simulator: Simulator, revoke: Run) -> None:
    simulator.faults.add("org_list", faults.Stale(), skip=1, times=None)
    result = revoke(**ACME, names=["backup"], confirm="1")
    assert result["failed"]
    assert "still listed" in result["msg"]
    assert result["revoked"] == []


def test_a_list_that_shows_it_for_a_moment_is_asked_again(simulator: Simulator, revoke: Run) -> None:
    simulator.faults.add("org_list", faults.Stale(), skip=1)
    assert not revoke(**ACME, names=["backup"], confirm="1").get("failed")


def test_a_list_that_cannot_be_had_afterwards_is_a_failure(simulator: Simulator, revoke: Run) -> None:
    simulator.faults.add("org_list", faults.Status(500), skip=1, times=None)
    result = revoke(**ACME, names=["backup"], confirm="1")
    assert result["failed"]
    assert "could not be listed again" in result["msg"]
    assert result["error"]["status"] == 500


def test_a_lost_answer_by_name_is_followed_by_a_list_and_tried_again_for_this_id(
    simulator: Simulator, world: dict[str, Any], run_module: Run, revoke: Run
) -> None:
    code = revoke(names=["laptop"])["code"]
    simulator.faults.add("DELETE /*", faults.Reset(), times=1)
    result = run_module(turso_revocation, {"names": ["laptop"], "confirm": code, "api_retries": 0})
    assert not result.get("failed"), result
    assert simulator.writes == [("DELETE", f"{OWN}/laptop")] * 2
    assert "laptop" not in active(simulator, world)


def test_an_answer_that_is_lost_each_time_is_a_failure(simulator: Simulator, revoke: Run, run_module: Run) -> None:
    code = revoke(names=["laptop"])["code"]
    simulator.faults.add("DELETE /*", faults.Reset(), times=None)
    result = run_module(turso_revocation, {"names": ["laptop"], "confirm": code, "api_retries": 0})
    assert result["error"]["kind"] == "unreachable"
    assert len(simulator.writes) == 3
    assert "It may still be active" in result["msg"]


def test_a_name_that_is_listed_twice_is_not_revoked(simulator: Simulator, revoke: Run) -> None:
    code = revoke(names=["laptop"])["code"]
    shown = [{"name": "laptop", "id": token.id} for token in simulator.tokens if token.name in ("laptop", "backup")]
    simulator.faults.add("list", faults.Status(200, {"tokens": shown}), skip=1)
    result = revoke(names=["laptop"], confirm=code)
    assert "the name alone does not identify the token" in result["msg"]
    assert simulator.writes == []


def test_a_token_that_is_gone_already_counts_as_revoked(
    simulator: Simulator, world: dict[str, Any], revoke: Run, run_module: Run
) -> None:
    code = revoke(names=["laptop"])["code"]
    simulator.faults.add("DELETE /*", faults.Reset(), when="after", times=1)
    result = run_module(turso_revocation, {"names": ["laptop"], "confirm": code, "api_retries": 0})
    assert not result.get("failed"), result
    assert names(result["revoked"]) == ["laptop"]


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_whatever_the_api_says_of_an_unknown_id_the_list_decides(
    simulator: Simulator, world: dict[str, Any], revoke: Run, status: int
) -> None:
    code = revoke(**ACME, names=["ci"])["code"]

    @dataclass
    class GoneMeanwhile(faults.Status):
        kind: ClassVar[str] = "gone_meanwhile"

        def strike(self, exchange: Exchange, rule: faults.Rule) -> Any:
            simulator.withdraw("ci", user="bob")
            return super().strike(exchange, rule)

    simulator.faults.add(f"DELETE {ACMES}/{world['ci'].id}", GoneMeanwhile(status))
    result = revoke(**ACME, names=["ci"], confirm=code)
    assert not result.get("failed"), result


# What is spared, and what matches nothing


def test_what_exclude_spares_is_listed_and_each_kind_is_taken_as_it_is(
    simulator: Simulator, world: dict[str, Any], revoke: Run
) -> None:
    version = simulator.given("backup-20260101t000000z-abcd", **ACME)
    result = revoke(**ACME, patterns=["*"], exclude={"names": ["backup"], "owners": ["bob@example.com"]})
    assert names(result["spared"]) == ["backup", "ci"]
    assert [entry["by"] for entry in result["spared"]] == [["name 'backup'"], ["owner 'bob@example.com'"]]
    assert version.id in [entry["id"] for entry in result["selected"]]
    assert any(line.startswith("spared: 'backup'") for line in result["report"])


def test_a_number_confirms_only_where_everything_matches(simulator: Simulator, revoke: Run) -> None:
    result = revoke(**ACME, owners=["bob"], exclude={"names": ["bakcup"]}, confirm="1")
    assert result["failed"]
    assert "nothing matches exclude name 'bakcup'" in result["msg"]
    assert simulator.writes == []


def test_an_owner_is_found_by_name_or_by_address(revoke: Run) -> None:
    by_name, by_address = revoke(**ACME, owners=["bob"]), revoke(**ACME, owners=["Bob@example.com"])
    assert names(by_name["selected"]) == names(by_address["selected"]) == ["ci"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "This is the list of the API credential's user"),
        (ACME, "no unrestricted tokens"),
        ({**ACME, "names": ["nobody", "backup"], "exclude": {"names": ["backup"]}}, "except excluded ones"),
    ],
)
def test_nothing_that_matches_is_a_failure(simulator: Simulator, revoke: Run, asked: Any, message: str) -> None:
    result = revoke(**{"names": ["nobody"], **asked}, confirm="1")
    assert result["failed"]
    assert result["code"] is None
    assert message in result["msg"]
    assert simulator.writes == []


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"names": ["ci", None]}, r"names[1] is null"),
        ({"exclude": {"ids": None}}, "exclude.ids is null"),
        ({"secrets": [None]}, "secrets[0] is null"),
        ({"organization": ["acme", "other"]}, "organization is a list, not a text"),
        ({"confirm": True}, "confirm is yes or no, not a text"),
    ],
)
def test_null_is_not_left_out_and_a_list_is_no_text(
    simulator: Simulator, run_module: Run, written: Any, message: str
) -> None:
    result = run_module(turso_revocation, {"ids": ["1"], **written})
    assert message in result["msg"]
    assert simulator.requests == []


@pytest.mark.parametrize("option", ["organization", "names", "exclude", "secrets", "confirm"])
def test_an_option_that_comes_to_null_is_refused(simulator: Simulator, run_module: Run, option: str) -> None:
    assert f"{option} is null" in run_module(turso_revocation, {"ids": ["1"]}, null=(option,))["msg"]
    assert simulator.requests == []


def test_a_failure_before_the_list_has_the_same_keys(simulator: Simulator, revoke: Run) -> None:
    simulator.faults.add("list", faults.Status(403), times=None)
    result = revoke(names=["ci"])
    assert result["failed"]
    assert {key: result[key] for key in ("code", "selected", "spared", "revoked", "failures", "proofs")} == {
        "code": None,
        "selected": [],
        "spared": [],
        "revoked": [],
        "failures": [],
        "proofs": [],
    }


def test_an_odd_entry_of_somebody_elses_stops_no_other_token(
    simulator: Simulator, world: dict[str, Any], revoke: Run
) -> None:
    odd = {"name": "odd", "id": "odd-1", "created_at": "2026-11-24", "organization": 7, "scopes": {}}
    shown = [{"name": "backup", "id": world["backup"].id, "created_at": "2026-11-24"}, odd]
    simulator.faults.add("org_list", faults.Status(200, {"tokens": shown}))
    result = revoke(**ACME, names=["backup"], confirm="1")
    assert not result.get("failed"), result
    simulator.faults.add("org_list", faults.Status(200, {"tokens": shown}))
    result = revoke(**ACME, ids=["odd-1"])
    assert "Token 'odd' (id odd-1) is selected, but this collection can't read its entry in the list." in result["msg"]


# What was minted since


def minted(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(entry["code"], entry["author"]) for entry in result["minted"]]


@pytest.fixture
def log(simulator: Simulator) -> None:
    """What bob did since his token of 200 days ago, what he did before, and what others did."""
    simulator.behave(audit_logs=True)
    simulator.logged("user-token-create", "bob", age_days=300, message="before")
    simulator.logged("db-token-create", "bob", age_days=20, message="orders")
    simulator.logged("group-token-create", "bob", age_days=1)
    simulator.logged("db-create", "bob", age_days=1)
    simulator.logged("user-token-create", "alice", age_days=1)
    simulator.logged("user-token-create", "bob", organization="other", age_days=1)


@pytest.mark.usefixtures("log")
def test_what_its_user_minted_since_is_shown_in_a_dry_run_and_after_the_revocation(
    simulator: Simulator, world: dict[str, Any], revoke: Run
) -> None:
    asked = {**ACME, "secrets": [world["ci"].secret]}
    dry = revoke(**asked)
    assert minted(dry) == [("group-token-create", "bob"), ("db-token-create", "bob")]
    result = revoke(**asked, confirm="1")
    assert result["minted"] == dry["minted"]
    assert result["minted"][1]["message"] == "orders"
    shown = [line for line in result["report"] if line.startswith("minted since: ")]
    assert len(shown) == 2
    assert "db-token-create, by bob, cli, orders" in shown[1]
    assert re.search("^Tokens that the audit log shows as minted by bob since [^ ]+: 2[.]", result["report"][-2])
    assert "see the incident runbook" in result["report"][-2]
    asked_for = [request.call for request in simulator.requests]
    assert asked_for[-1] == "audit_log"  # nothing that is revoked waits for it


@pytest.mark.usefixtures("log")
def test_each_user_counts_since_their_own_oldest_token(revoke: Run) -> None:
    result = revoke(**ACME, patterns=["*"])
    assert sorted(minted(result)) == [
        ("db-token-create", "bob"),
        ("group-token-create", "bob"),
        ("user-token-create", "alice"),
    ]
    assert "alice since " in result["report"][-2]


@pytest.mark.usefixtures("log")
def test_nothing_minted_is_said_too(simulator: Simulator, revoke: Run) -> None:
    simulator.given("quiet", user="bob", **ACME)
    result = revoke(**ACME, names=["quiet"])
    assert result["minted"] == []
    assert re.search("^Tokens that the audit log shows as minted by bob since [^ ]+: 0[.]", result["report"][-2])


SILENT: dict[str, Callable[[Simulator], object]] = {
    "the plan has no log": lambda server: server.behave(audit_logs=False),
    "there is no such path": lambda server: server.faults.add("audit_log", faults.Status(404)),
    "it has to be paid for": lambda server: server.faults.add("audit_log", faults.Status(402)),
    "the right is missing": lambda server: server.add_organization(
        "acme", ["production"], {"alice": "member", "bob": "member"}
    ),
}


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("arrange", SILENT.values(), ids=SILENT)
def test_it_is_silent_where_the_plan_or_the_right_is_missing(
    simulator: Simulator, revoke: Run, arrange: Callable[[Simulator], object]
) -> None:
    arrange(simulator)
    result = revoke(**ACME, names=["backup"])
    assert not result.get("failed")
    assert result["minted"] is None
    assert "audit log" not in json.dumps(result["report"])


@pytest.mark.usefixtures("log")
def test_a_list_of_ones_own_has_no_log(simulator: Simulator, revoke: Run) -> None:
    assert revoke(names=["laptop"])["minted"] is None
    assert "audit_log" not in {request.call for request in simulator.requests}


UNKNOWN = {
    "a failure of the server": faults.Status(500),
    "what is no log": faults.Status(200, {"audit_logs": "none"}),
}


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("fault", UNKNOWN.values(), ids=UNKNOWN)
def test_a_log_that_cannot_be_read_is_said_and_fails_nothing(simulator: Simulator, confirmed: Run, fault: Any) -> None:
    simulator.faults.add("audit_log", fault, times=None)
    result = confirmed(**ACME, names=["ci"])
    assert not result.get("failed")
    assert result["minted"] is None
    assert "It is not known which tokens were minted since then. Could not read the audit log" in " ".join(
        result["report"]
    )


def test_pages_are_read_back_to_the_oldest_token_and_no_further(simulator: Simulator, revoke: Run) -> None:
    simulator.behave(audit_logs=True)
    for number in range(450):
        simulator.logged("db-token-create", "bob", age_days=number)
    result = revoke(**ACME, names=["ci"])
    assert len(result["minted"]) in (200, 201)  # by the day that the API tells
    assert "more are in the result" in " ".join(result["report"])
    pages = [request.query for request in simulator.requests if request.call == "audit_log"]
    assert pages == [{"page_size": "100", "page": str(number)} for number in (1, 2, 3)]


def test_a_log_that_is_longer_than_what_is_read_is_said(
    simulator: Simulator, revoke: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "MOST_PAGES", 2)
    simulator.behave(audit_logs=True)
    for number in range(250):
        simulator.logged("db-token-create", "bob", age_days=number / 2)
    result = revoke(**ACME, names=["ci"])
    assert len(result["minted"]) == 200
    assert "Older entries of the log were not read." in result["report"][-2]


def test_odd_entries_and_tokens_are_no_obstacle(simulator: Simulator, revoke: Run) -> None:
    simulator.behave(audit_logs=True)
    odd = ["x", {"code": "db-token-create", "author": "bob"}, {"code": 7}]
    simulator.faults.add("audit_log", faults.Status(200, {"audit_logs": odd}))
    simulator.faults.add("audit_log", faults.Status(200, {"audit_logs": []}))
    simulator.behave(extra_fields={"created_at": None})
    result = revoke(**ACME, names=["ci"])
    assert result["minted"] == [
        {"code": "db-token-create", "author": "bob", "created_at": "", "message": "", "origin": ""}
    ]


# SQL tokens among the values: one alone cannot be revoked


@pytest.fixture
def leaked(simulator: Simulator) -> dict[str, str]:
    simulator.add_database("shop", group="production")
    return {
        "database": simulator.given_sql(database="shop", authorization="read-only", age_days=3).secret,
        "group": simulator.given_sql(group="production", expiration="90d").secret,
    }


def signatures(secrets: dict[str, str]) -> set[str]:
    return {secret.rpartition(".")[2] for secret in secrets.values()}


def test_a_sql_token_is_found_by_what_it_claims(simulator: Simulator, revoke: Run, leaked: dict[str, str]) -> None:
    result = revoke(**ACME, secrets=[*leaked.values()])
    assert not result.get("failed")
    assert (result["changed"], result["confirmed"], result["selected"]) == (False, False, [])
    shop = {"organization": "acme", "level": "database", "name": "shop", "group": "production", "databases": []}
    group = {**shop, "level": "group", "name": "production", "databases": ["shop"]}
    assert result["invalidations"] == [
        {**shop, "id": simulator.database("shop").id},
        {**group, "id": simulator.group_id("production")},
    ]
    assert [(proof["value"], proof["before"], proof["proven"]) for proof in result["proofs"]] == [
        (1, "accepted", False),
        (2, "accepted", False),
    ]
    assert "Value 1 is a SQL token (read-only, minted" in result["report"][0]
    assert "of the database 'shop'. It is active" in result["report"][0]
    assert (
        "end every SQL token of the database 'shop' and end every SQL token of the group 'production'" in result["msg"]
    )
    assert result["code"].startswith("2-")
    assert simulator.writes == []
    assert not any(signature in json.dumps(result) for signature in signatures(leaked))
    # Nobody who only has a leaked SQL token needs the right to list API tokens.
    assert not any("api-tokens" in request.path or "validate" in request.path for request in simulator.requests)


def test_a_confirmed_sql_token_is_left_to_the_playbook_or_is_a_failure(
    simulator: Simulator, revoke: Run, leaked: dict[str, str]
) -> None:
    asked: dict[str, Any] = {**ACME, "secrets": [leaked["database"]]}
    code = revoke(**asked)["code"]
    left = revoke(**asked, confirm=code, leave_sql_tokens=True)
    assert (left.get("failed", False), left["confirmed"]) == (False, True)
    alone = revoke(**asked, confirm=code)
    assert alone["failed"]
    assert "community.turso.revoke ends it" in alone["msg"]
    assert revoke(**asked, confirm=code, leave_sql_tokens=True, check_mode=True)["confirmed"] is False
    assert simulator.writes == []


def test_a_number_does_not_confirm_the_end_of_every_sql_token(revoke: Run, leaked: dict[str, str]) -> None:
    result = revoke(**ACME, secrets=[leaked["database"]], confirm="1", leave_sql_tokens=True)
    assert (result["failed"], result["confirmed"]) == (True, False)
    assert "every SQL token of the database 'shop' would end, also those in use" in result["msg"]


def test_the_code_holds_for_exactly_these_databases_and_api_tokens(
    simulator: Simulator, world: dict[str, Any], revoke: Run, leaked: dict[str, str]
) -> None:
    both: dict[str, Any] = {**ACME, "secrets": [leaked["database"], world["backup"].secret]}
    code = revoke(**both)["code"]
    assert code.startswith("2-")
    less: dict[str, Any] = {**both, "secrets": [leaked["database"]]}
    assert revoke(**less, confirm=code, leave_sql_tokens=True)["failed"]
    done = revoke(**both, confirm=code, leave_sql_tokens=True)
    assert (names(done["revoked"]), done["confirmed"], [proof["value"] for proof in done["proofs"]]) == (
        ["backup"],
        True,
        [1, 2],
    )


def test_a_group_is_found_whose_databases_stand_on_other_pages_of_the_list(
    simulator: Simulator, revoke: Run, leaked: dict[str, str]
) -> None:
    """The databases of the group are what its entries are found by, and what a leaked value is tried on."""
    simulator.add_database("first", group="staging")
    simulator.add_database("last", group="production")
    simulator.behave(databases_in_pages=1)
    result = revoke(**ACME, secrets=[leaked["group"], simulator.given_sql(database="last").secret])
    assert not result.get("failed")
    assert [(each["name"], each["group"], each["databases"]) for each in result["invalidations"]] == [
        ("production", "production", ["shop", "last"]),
        ("last", "production", []),
    ]
    assert [proof["before"] for proof in result["proofs"]] == ["accepted", "accepted"]


MANAGED = {"name": "app", "kind": "sql", "organization": "acme", "database": "shop"}
OF_GROUP = {"name": "reports", "kind": "sql", "organization": "acme", "group": "production"}
ELSEWHERE: list[Any] = [
    {**MANAGED, "name": "blog", "database": "blog"},
    {**MANAGED, "name": "others", "organization": "other"},
    {"name": "ci", "organization": "acme", "group": "production"},
]


def nothing(_simulator: Simulator) -> None:
    pass


def invalidated(simulator: Simulator) -> None:
    simulator.invalidate(database="shop")


def out_of_reach(simulator: Simulator) -> None:
    simulator.faults.add("pipeline", faults.Status(503), times=None)


def made_anew(simulator: Simulator) -> None:
    simulator.remake_database("shop")
    simulator.add_database("other", group="production")


# What happened between the dry run and the confirmation, the entries of the rotation file then, and whether the code still holds.
SINCE: dict[str, tuple[Callable[[Simulator], None], list[Any], bool]] = {
    "nothing": (nothing, [MANAGED, OF_GROUP], True),
    "entries that are not concerned": (nothing, [MANAGED, *ELSEWHERE, OF_GROUP], True),
    "a consumer more of one entry": (nothing, [{**MANAGED, "deliver": [{"to": "play"}]}, OF_GROUP], True),
    "everything was ended": (invalidated, [MANAGED, OF_GROUP], False),
    "the database is out of reach": (out_of_reach, [MANAGED, OF_GROUP], False),
    "the database was made anew": (made_anew, [MANAGED, OF_GROUP], False),
    "an entry more": (nothing, [MANAGED, {**MANAGED, "name": "jobs"}, OF_GROUP], False),
    "an entry less": (nothing, [OF_GROUP], False),
    "another name": (nothing, [{**MANAGED, "name": "shop"}, OF_GROUP], False),
    "the rotation file is left out": (nothing, [], False),
    "an entry of the group, of which nobody knows, less": (nothing, [MANAGED], False),
    "an entry is for the group now": (nothing, [{**OF_GROUP, "name": "app"}, OF_GROUP], False),
}


@pytest.mark.parametrize(("happens", "entries", "holds"), SINCE.values(), ids=SINCE)
def test_the_code_covers_what_was_said_of_sql_tokens(
    simulator: Simulator,
    revoke: Run,
    leaked: dict[str, str],
    happens: Callable[[Simulator], None],
    entries: list[Any],
    holds: bool,
) -> None:
    asked: dict[str, Any] = {**ACME, "secrets": [leaked["database"]], "leave_sql_tokens": True}
    code = revoke(**asked, managed_tokens=[MANAGED, OF_GROUP])["code"]
    happens(simulator)
    confirmed = revoke(**asked, managed_tokens=entries, confirm=code)
    assert confirmed["confirmed"] is holds
    assert (confirmed["code"] == code) is holds
    if not holds:
        assert f"The confirmation '{code}' does not match" in confirmed["msg"]
        assert str(confirmed["code"]) in confirmed["msg"] or confirmed["code"] is None
    assert simulator.writes == []


def test_the_order_of_values_and_entries_does_not_change_the_code(
    simulator: Simulator, revoke: Run, leaked: dict[str, str]
) -> None:
    ended = simulator.given_sql(database="shop", age_days=5).secret
    simulator.invalidate(database="shop")
    values, entries = [ended, *leaked.values()], [MANAGED, {**MANAGED, "name": "aside"}]
    code = revoke(**ACME, secrets=values, managed_tokens=entries)["code"]
    assert revoke(**ACME, secrets=values[::-1], managed_tokens=entries[::-1])["code"] == code


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "Set organization, so that its database or group can be found."),
        (ACME, "does not show its database"),
        ({"organization": "other"}, "Its database or group could not be found."),
    ],
    ids=["no organization", "a deleted database", "an organization out of reach"],
)
def test_a_sql_token_of_which_nobody_knows_for_what_is_a_failure(
    simulator: Simulator, revoke: Run, leaked: dict[str, str], asked: dict[str, Any], says: str
) -> None:
    simulator.remake_database("shop")
    result = revoke(**asked, secrets=[leaked["database"]])
    assert (result["failed"], result["invalidations"], result["code"]) == (True, [], None)
    assert says in result["msg"]
    assert "turso_sql_invalidation" in result["msg"]


@pytest.mark.parametrize("what", ["dead", "untried", "in two lines"])
def test_a_sql_token_that_the_database_does_not_accept_may_be_cut_off(
    simulator: Simulator, revoke: Run, leaked: dict[str, str], what: str
) -> None:
    value = leaked["database"]
    if what == "dead":
        simulator.invalidate(database="shop")
    if what == "untried":
        simulator.faults.add("POST /v2/pipeline", faults.Status(503), times=None)
    if what == "in two lines":
        value = f"{value[:50]}\n{value[50:]}"
    result = revoke(**ACME, secrets=[value])
    assert result["failed"]
    assert {"dead": "It may be incomplete", "untried": "503", "in two lines": "white space"}[what] in result["msg"]
    assert result["code"] is not None  # the code is enough for what is not certain
