# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: commit` and `step: check`: what the evidence of a play comes to."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret

from ansible_collections.community.turso.plugins.module_utils import _locks
from ansible_collections.community.turso.plugins.module_utils._rotation import state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.evidence import (
    BY_ENTRY_POINT,
    BY_HANDLER,
    BY_ROLE,
)
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import THE_PLAY, Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.state import State
from ansible_collections.community.turso.plugins.module_utils._rotation.state_parts import Pending
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction, Use
from ansible_collections.community.turso.plugins.plugin_utils import _vault_file
from ansible_collections.community.turso.plugins.plugin_utils._play import CONFIRMATIONS, SEALED, Means
from ansible_collections.community.turso.plugins.plugin_utils._step_check import check
from ansible_collections.community.turso.plugins.plugin_utils._step_commit import commit
from tests.on_control_node.plays import Facts, FakeModule, FakePlay, after
from tests.unit.module_utils.rotation.test_transaction import use
from tests.unit.module_utils.rotation.world import MINE, VAULT_FILE, item

SECRET = "the-new-value"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()
ON_APPS = Recipient("play", ("app1", "app2"))


def said(host: str = "localhost", recipient: int = 0, refusal: str | None = None) -> dict[str, Any]:
    return {"id": MINE.id, "recipient": recipient, "host": host, "by": "word", "refusal": refusal}


def confirmed(*each: dict[str, Any]) -> dict[str, Any]:
    """Return the fact of a host that confirmed."""
    return {CONFIRMATIONS: list(each)}


def committed(
    facts: Facts, by: str = BY_ENTRY_POINT, module: FakeModule | None = None, loader: Any = None, **play: Any
) -> tuple[dict[str, Any], FakeModule]:
    module = module or FakeModule()
    fake: Any = FakePlay(facts=facts, **play)
    return commit(Means(fake, loader, module), by), module


def left(result: dict[str, Any]) -> list[Item]:
    return Transaction.from_text(result["transaction"]).open_items


@pytest.mark.parametrize("by", [BY_HANDLER, BY_ENTRY_POINT])
def test_what_everybody_confirmed_is_committed(by: str) -> None:
    facts = after(use(item()), **confirmed(said()))
    result, module = committed(facts, by)
    (given,) = module.given
    assert (given["step"], given["api_token"]) == ("commit", "a-secret")
    (handed,) = Transaction.from_text(given["items"]).open_items
    assert handed.report["evidence"] == [{"to": "play", "host": "localhost", "by": "word"}]
    assert (result["changed"], result["failed_names"], left(result)) == (True, [], [])
    assert [entry["action"] for entry in result["report"]] == ["rotated"]
    assert "a-secret" not in result["transaction"]


@pytest.mark.promise(1)
@pytest.mark.parametrize(
    ("by", "reports", "says"),
    [(BY_ROLE, 0, ""), (BY_HANDLER, 0, ""), (BY_ENTRY_POINT, 1, "ci: not confirmed by localhost. Nothing was revoked")],
)
def test_what_nobody_confirmed_is_not(by: str, reports: int, says: str) -> None:
    result, module = committed(after(use(item())), by)
    assert (result["changed"], module.given, len(result["lines"]), len(left(result))) == (False, [], reports, 1)
    assert says in "".join(result["lines"])
    assert result["failed_names"] == ["ci"] * reports


def test_a_later_commit_can_try_again() -> None:
    first, _module = committed(after(use(item())))
    facts = {"localhost": {"__turso_rotate_transaction": first["transaction"], CONFIRMATIONS: [said()]}}
    facts["localhost"]["turso_rotate_report"] = [*first["report"], {"name": "other", "action": "unchanged"}]
    second, _module = committed(facts)
    assert [(entry["name"], entry["action"]) for entry in second["report"]] == [
        ("other", "unchanged"),
        ("ci", "rotated"),
    ]


SEALS: list[tuple[str, Facts, bool, str]] = [
    (
        "each host's handlers ran",
        {
            "app1": {CONFIRMATIONS: [said("app1")], SEALED: [said("app1")]},
            "app2": {CONFIRMATIONS: [said("app2")], SEALED: [said("app2")]},
        },
        True,
        "",
    ),
    (
        "one host's handlers did not run",
        {"app1": {CONFIRMATIONS: [said("app1")], SEALED: [said("app1")]}, "app2": {CONFIRMATIONS: [said("app2")]}},
        False,
        "app2 (it confirmed, but its handlers did not run to their end)",
    ),
    (
        "one host took back what it had sealed",
        {
            "app1": {CONFIRMATIONS: [said("app1")], SEALED: [said("app1")]},
            "app2": {CONFIRMATIONS: [said("app2", refusal="app2 has another value")], SEALED: [said("app2")]},
        },
        False,
        "app2 has another value",
    ),
    (
        "one host has a fact of another one",
        {
            "app1": {CONFIRMATIONS: [said("app1")], SEALED: [said("app1")]},
            "app2": {CONFIRMATIONS: [said("app1")], SEALED: [said("app1")]},
        },
        False,
        "not confirmed by app2",
    ),
    (
        "a host confirmed that nobody named",
        {"app3": {CONFIRMATIONS: [said("app3")], SEALED: [said("app3")]}},
        False,
        "not confirmed by app1, app2",
    ),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize(("facts", "commits", "says"), [row[1:] for row in SEALS], ids=[row[0] for row in SEALS])
def test_on_other_hosts_a_confirmation_counts_where(facts: Facts, commits: bool, says: str) -> None:
    issued = use(item(recipients=(ON_APPS,)), hosts=["app1", "app2"], is_main=False, play="p0")
    result, module = committed({**after(issued), **facts})
    assert bool(module.given) is commits
    assert says in "".join(result["lines"])


@pytest.mark.promise(1)
def test_a_host_that_failed_commits_nothing() -> None:
    facts = after(use(item()), **confirmed(said()))
    for by in (BY_HANDLER, BY_ENTRY_POINT):
        result, module = committed(facts, by, has_failed=True)
        assert module.given == []
        assert "something failed on localhost after the token was issued" in result["lines"][0]


USES: list[tuple[str, dict[str, Any], str, bool]] = [
    ("by the handler, what its play issued", {}, BY_HANDLER, True),
    ("by the handler, nothing of another play", {"play": "p0"}, BY_HANDLER, False),
    ("by the handler, nothing that was left to commit", {"play": "p0", "is_main": False}, BY_HANDLER, False),
    ("by the entry point, what was left to it", {"play": "p0", "is_main": False}, BY_ENTRY_POINT, True),
    ("by the entry point, nothing of another play's main", {"play": "p0"}, BY_ENTRY_POINT, False),
]


@pytest.mark.parametrize(("known", "by", "commits"), [row[1:] for row in USES], ids=[row[0] for row in USES])
def test_committed_is(known: dict[str, Any], by: str, commits: bool) -> None:
    _result, module = committed(after(use(item(), **known), **confirmed(said())), by)
    assert bool(module.given) is commits


def test_nothing_issued_is_nothing_to_do() -> None:
    result, module = committed({})
    assert (result["changed"], result["report"], result["lines"], module.given) == (False, [], [], [])


@pytest.mark.promise(1)
def test_a_module_that_fails_revokes_nothing_and_leaves_what_is_to_be_done() -> None:
    module = FakeModule([{"failed": True, "msg": "The disk is full.", "error": {"kind": "refused"}}])
    result, _module = committed(after(use(item()), **confirmed(said())), module=module)
    assert result["lines"] == [
        "ci: The disk is full. Nothing was revoked; old and new values work. Fix this, then run the rotation again."
    ]
    assert (result["changed"], result["failed_names"], len(left(result))) == (False, ["ci"], 1)


def test_a_module_that_came_to_no_end_says_that_nobody_knows_what_it_revoked() -> None:
    module = FakeModule([{"failed": True, "msg": "It was killed."}])
    result, _module = committed(after(use(item()), **confirmed(said())), module=module)
    assert "it is not known which previous versions were revoked" in result["lines"][0]
    assert "Nothing was revoked" not in result["lines"][0]


def test_a_token_that_the_module_could_not_commit_is_left() -> None:
    answer = {"changed": False, "report": [{**item().report, "action": "failed", "msg": "ci: no"}]}
    result, _module = committed(after(use(item()), **confirmed(said())), module=FakeModule([answer]))
    assert (result["failed_names"], len(left(result))) == (["ci"], 1)


FAILED = {"action": "failed", "issued": None, "name": "b", "msg": "b: 402"}


def failed_item() -> Item:
    broken = item(None, error="402")
    broken.name, broken.report = "b", {**broken.report, **FAILED}
    return broken


def test_what_failed_before_is_told_by_the_last_commit_of_the_play() -> None:
    result, _module = committed(after(use(item(), failed_item())), BY_ROLE)
    assert (result["lines"], len(left(result))) == ([], 2)  # else the delivery of the other would not be reached
    result, _module = committed(after(use(failed_item())), BY_ROLE)
    assert (result["lines"], result["failed_names"], left(result)) == (["b: 402"], ["b"], [])
    assert result["failure"] == "b: 402"


@pytest.mark.parametrize("elsewhere", [{"play": "p0", "is_main": False}, {"is_main": False}], ids=["", "in this play"])
def test_what_failed_is_told_though_the_entry_point_commit_has_something_to_do_later(elsewhere: dict[str, Any]) -> None:
    result, _module = committed(after(use(item(), **elsewhere), use(failed_item())), BY_ROLE)
    assert (result["failed_names"], [found.name for found in left(result)]) == (["b"], ["ci"])


def test_the_running_credential_goes_with_its_own_new_value_and_last() -> None:
    robot = item(is_running_credential=True)
    robot.name, robot.report = "robot", {**robot.report, "name": "robot"}
    robot.version = {"name": "robot-1", "id": "id-robot"}
    first = use(robot, running_secrets={"robot": "new-value", "not-ready": "x"})
    facts = after(first, use(item(), running_secrets={}), **confirmed(said(), {**said(), "id": "id-robot"}))
    _result, module = committed(facts)
    assert [given.get("running_secrets") for given in module.given] == [None, {"robot": "new-value"}]


# The vault file


@pytest.fixture
def loader() -> Any:
    found = DataLoader()
    found.set_vault_secrets([("default", VaultSecret(b"correct horse"))])
    return found


@pytest.fixture
def vault(tmp_path: Path, loader: Any) -> str:
    path = str(tmp_path / "vault.yml")
    _vault_file.merge(loader, path, None, {"ci": SECRET})
    return path


def stored(path: str, **known: Any) -> Use:
    return use(item(recipients=(VAULT_FILE,), sha256=DIGEST, **known), vault_file=path)


@pytest.mark.promise(1)
def test_the_vault_file_is_read_again_at_the_commit(vault: str, loader: Any) -> None:
    result, module = committed(after(stored(vault)), BY_ROLE, loader=loader)
    assert (len(module.given), result["failed_names"]) == (1, [])
    _vault_file.merge(loader, vault, None, {"ci": "reverted"})
    result, module = committed(after(stored(vault)), BY_ROLE, loader=loader)
    assert (module.given, result["failed_names"]) == ([], ["ci"])
    assert "ci: the vault file does not hold the new value any more: something else changed it." in result["lines"][0]
    assert result["report"][0]["evidence"] == []


def test_a_vault_file_that_is_not_there_holds_nothing(tmp_path: Path, loader: Any) -> None:
    result, module = committed(after(stored(str(tmp_path / "none.yml"))), BY_ROLE, loader=loader)
    assert (module.given, result["failed_names"]) == ([], ["ci"])


def test_a_vault_file_that_cannot_be_read_revokes_nothing(vault: str, loader: Any) -> None:
    Path(vault).write_text("turso_secrets: {}\n")
    result, module = committed(after(stored(vault)), BY_ROLE, loader=loader)
    assert (module.given, result["failed_names"]) == ([], ["ci"])
    assert vault in result["lines"][0]


def test_the_vault_file_is_locked_while_the_module_revokes(
    vault: str, loader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    @contextlib.contextmanager
    def locking(path: str, **_: Any) -> Any:
        seen.append("locked")
        yield
        seen.append("unlocked")

    class Watching(FakeModule):
        def __call__(self, args: Any, environment: Any = None) -> dict[str, Any]:
            seen.append("revoked")
            return super().__call__(args, environment)

    monkeypatch.setattr(_locks, "locked", locking)
    committed(after(stored(vault)), BY_ROLE, loader=loader, module=Watching())
    assert seen == ["locked", "revoked", "unlocked"]


# The state file


def test_the_state_file_remembers_who_confirmed_what_others_did_not(tmp_path: Path) -> None:
    path = str(tmp_path / "state.json")
    pending = Pending(
        MINE.name, MINE.id or "", "2026-11-24T09:13:00Z", destinations={"play on app1": None, "play on app2": None}
    )
    state_file.write(path, State().pending_issued("ci", pending, "2026-11-24T09:13:00Z"))
    issued = use(item(recipients=(ON_APPS,)), hosts=["app1", "app2"], options={"state_file": path})
    confirmed = {"app1": {CONFIRMATIONS: [said("app1")], SEALED: [said("app1")]}}
    committed({**after(issued), **confirmed})
    known = json.loads(Path(path).read_text())["tokens"]["ci"]["pending"]["destinations"]
    assert [known["play on app1"] is None, known["play on app2"] is None] == [False, True]

    before = Path(path).read_text()
    other = use(item(recipients=(ON_APPS,)), hosts=["app1", "app2"], options={"state_file": path})
    committed(after(other))  # nobody confirmed
    other.items[0].version = {"name": "ci-1", "id": "another"}
    committed(
        {
            **after(other),
            "app1": {CONFIRMATIONS: [{**said("app1"), "id": "another"}], SEALED: [{**said("app1"), "id": "another"}]},
        }
    )
    assert Path(path).read_text() == before


# The check


def checked(*uses: Use, reminded: list[str] | None = None, **facts: Any) -> dict[str, Any]:
    fake: Any = FakePlay(facts=after(*uses, **facts))
    return check(fake, reminded or [])


NOT_ASKED: dict[str, tuple[Use, dict[str, Any]]] = {
    "it was confirmed": (use(item()), {CONFIRMATIONS: [said()]}),
    "another play issued it": (use(item(), play="p0"), {}),
    "the entry point issue issued it": (use(item(), is_main=False), {}),
    "only the role delivers": (use(item(recipients=(VAULT_FILE,))), {}),
    "it was not issued": (use(item(None, error="402")), {}),
}


@pytest.mark.parametrize("why", NOT_ASKED)
def test_nobody_is_asked_to_confirm_where(why: str) -> None:
    issued, facts = NOT_ASKED[why]
    assert checked(issued, reminded=[MINE.id or ""], **facts) == {"changed": False, "unconfirmed": []}


@pytest.mark.promise(1)
def test_the_second_time_that_it_is_unconfirmed_the_play_fails_and_says_who_is_missing() -> None:
    issued = use(item(recipients=(THE_PLAY, Recipient("tasks", tasks="d.yml"))))
    first = checked(issued)
    assert first == {"changed": True, "unconfirmed": [MINE.id]}
    second = checked(issued, reminded=first["unconfirmed"])
    assert (second["failed"], second["changed"], second["unconfirmed"]) == (True, False, [MINE.id])
    assert second["msg"].startswith(
        "Not confirmed: ci (localhost, tasks d.yml on localhost). Nothing of that was revoked"
    )
    assert "tasks_from: confirm" in second["msg"]
