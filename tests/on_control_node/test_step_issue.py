# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: issue` and `step: fresh`: what refuses the run, what the module is given, and what the role reads afterwards."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Verdict
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import metrics, state_file
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import Defaults, read_entries
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import THE_PLAY, Recipient
from ansible_collections.community.turso.plugins.module_utils._rotation.transaction import Item, Transaction
from ansible_collections.community.turso.plugins.plugin_utils import _vault_file
from ansible_collections.community.turso.plugins.plugin_utils._play import Means
from ansible_collections.community.turso.plugins.plugin_utils._step_fresh import fresh
from ansible_collections.community.turso.plugins.plugin_utils._step_issue import issue
from tests.on_control_node.plays import FakeModule, FakePlay, after
from tests.unit.module_utils.rotation.test_transaction import use
from tests.unit.module_utils.rotation.world import MINE, OLD, item

SECRET = "the-new-value"
DIGEST = hashlib.sha256(SECRET.encode()).hexdigest()
CI = {"name": "ci", "organization": "acme"}
VAULT = {"to": "vault_file", "takes_effect_hours": 0}
GROUPS = {"app": ("app1", "app2")}


@pytest.fixture
def loader() -> Any:
    found = DataLoader()
    found.set_vault_secrets([("default", VaultSecret(b"correct horse"))])
    return found


def result_of(*items: Item, secrets: dict[str, str] | None = None, **known: Any) -> dict[str, Any]:
    """Return what the module answers after it issued."""
    return {
        "changed": True,
        "report": [found.report for found in items],
        "summary": "1 to rotate, 0 to revoke, 0 unchanged",
        "next_due": {},
        "secrets": {found.name: SECRET for found in items if found.version} if secrets is None else secrets,
        "resumed": [],
        "tokens": {},
        "items": [found.as_json() for found in items],
        "to_check": [],
        "to_fetch": [],
        "figures": metrics.one_text([]),
        **known,
    }


def issued(name: str = "ci", recipients: Any = (THE_PLAY,), **known: Any) -> Item:
    found = item(MINE, OLD, recipients=recipients, sha256=DIGEST, **known)
    found.name, found.report = name, {**found.report, "name": name, "msg": f"{name}: issued"}
    return found


def step(
    *tokens: dict[str, Any],
    module: FakeModule | None = None,
    loader: Any = None,
    check_mode: bool = False,
    play: Any = None,
    **args: Any,
) -> tuple[dict[str, Any], FakeModule]:
    module = module or FakeModule([result_of(issued())])
    fake: Any = play or FakePlay(patterns=GROUPS)
    given = {"step": "issue", "tokens": list(tokens or (CI,)), "api_token": "a-secret", **args}
    return issue(Means(fake, loader, module), given, check_mode=check_mode), module


def on(*hosts: str) -> dict[str, Any]:
    return {**CI, "deliver": [{"to": "play", "hosts": list(hosts)}]}


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], str]] = [
    ("a null state file", CI, {"state_file": None}, {}, "turso_rotate_state_file is null or empty"),
    (
        "a path that is a list",
        CI,
        {"notify": ["a.yml"]},
        {},
        "turso_rotate_notify must be a text, not a list. Set one path.",
    ),
    ("a null age", CI, {"max_age_days": None}, {}, "turso_rotate_max_age_days is null or empty"),
    ("an empty age", CI, {"max_age_days": ""}, {}, "turso_rotate_max_age_days is null or empty"),
    ("a play with two hosts", CI, {}, {"size": 2}, "this play has 2 hosts"),
    ("an entry that is wrong", {**CI, "group": "g"}, {}, {}, "group needs scopes"),
    ("a credential that is not given", {**CI, "credential": "x"}, {"credentials": {"y": "v"}}, {}, "has no 'x'"),
    ("a grace period without a state file", {**CI, "grace_hours": 1}, {}, {}, "needs turso_rotate_state_file"),
    (
        "a token that was issued and not committed",
        CI,
        {},
        {"facts": after(use(item(), play="p0"))},
        "has not committed it yet",
    ),
    ("a token that is used twice in a play", CI, {}, {"facts": after(use())}, "it is used twice in this play"),
    (
        "a secret",
        {**CI, "deliver": [{"to": "github_secret", "credential": "ghp_" + "x1" * 18}]},
        {},
        {},
        "turso_rotate_tokens[0].deliver[0].credential holds a token of GitHub. A rotation file must not hold secrets",
    ),
    ("nobody who could confirm", CI, {"play_confirms": False}, {}, "nobody could confirm {to: play} here"),
    (
        "hosts that come to nobody",
        on("none"),
        {},
        {"patterns": {"none": ()}},
        "hosts none come to no host of the inventory",
    ),
    (
        "hosts that this run does not reach",
        on("app"),
        {"is_main": False},
        {"patterns": GROUPS, "limited_away": ("app2",)},
        "--limit leaves app2 out",
    ),
    ("other hosts in main", on("app1"), {}, {}, "need the entry points issue and commit"),
    ("a tasks file that is not there", {**CI, "deliver": [{"tasks": "none.yml"}]}, {}, {}, "none.yml does not exist"),
    ("a state file in no folder", CI, {"state_file": "none/state.json"}, {}, "none/state.json cannot be replaced"),
    ("a vault file without a vault secret", CI, {"vault_file": "vault.yml"}, {}, "vault"),
]


@pytest.mark.promise(7)
@pytest.mark.parametrize(
    ("entry", "args", "play", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_it_refuses_before_any_request(
    tmp_path: Path, entry: dict[str, Any], args: dict[str, Any], play: dict[str, Any], says: str
) -> None:
    module = FakeModule()
    with pytest.raises(Refused) as refused:
        step(entry, module=module, loader=DataLoader(), play=FakePlay(folder=str(tmp_path), **play), **args)
    assert says in refused.value.msg
    assert refused.value.msg.endswith("Nothing was issued.")
    assert module.given == []


def test_an_empty_text_is_none() -> None:
    _result, module = step(api_url="", state_file="", vault_file="")
    assert not {"api_url", "state_file", "vault_file", "stored"} & set(module.given[0])


def test_a_refusal_names_every_entry_and_every_reason() -> None:
    deliver = [{"to": "play", "hosts": ["none"]}, {"tasks": "none.yml"}]
    with pytest.raises(Refused) as refused:
        step({**CI, "deliver": deliver}, {"name": "b", "deliver": deliver}, play=FakePlay(patterns={"none": ()}))
    assert refused.value.msg.count("come to no host") == refused.value.msg.count("does not exist") == 2


def test_what_the_module_is_given(tmp_path: Path) -> None:
    _result, module = step(
        on("app"),
        {"name": "b"},
        is_main=False,
        play_confirms=True,
        state_file="state.json",
        max_age_days=30,
        play=FakePlay(folder=str(tmp_path), patterns=GROUPS),
    )
    (given,) = module.given
    assert given["tokens"] == [CI, {"name": "b"}]
    (on_apps,), (the_play,) = given["recipients"]["ci"], given["recipients"]["b"]
    assert (on_apps["hosts"], the_play) == (["app1", "app2"], THE_PLAY.as_json())  # the hosts are frozen
    assert (given["state_file"], given["max_age_days"]) == (str(tmp_path / "state.json"), 30)
    assert (given["has_vault_file"], given["refused_if_due"]) == (False, {})
    assert given["controller"]["pid"] > 0
    assert not {"is_main", "play_confirms", "vault_file", "stored"} & set(given)


def test_in_post_tasks_main_may_have_nothing_due_that_the_play_has_to_confirm(tmp_path: Path, loader: Any) -> None:
    args: dict[str, Any] = {"vault_file": "vault.yml", "loader": loader}
    stored = {"name": "b", "deliver": [VAULT]}
    play = FakePlay(folder=str(tmp_path), is_in_post_tasks=True)
    _result, module = step(CI, stored, play=play, **args)
    assert list(module.given[0]["refused_if_due"]) == ["ci"]
    _result, module = step(CI, stored, play=play, is_main=False, **args)
    assert module.given[0]["refused_if_due"] == {}


def test_a_module_that_fails_is_the_result() -> None:
    failed = {"failed": True, "msg": "401"}
    assert step(module=FakeModule([failed]))[0] == failed


def test_check_mode_leaves_nothing_to_be_done(tmp_path: Path) -> None:
    result, _module = step(check_mode=True, state_file="state.json", play=FakePlay(folder=str(tmp_path)))
    assert (result["transaction"], result["deliveries"], result["needs_the_play"]) == ("", [], False)
    assert result["lines"] == ["ci: issued", "1 to rotate, 0 to revoke, 0 unchanged"]
    assert list(tmp_path.iterdir()) == []


def test_what_was_issued_is_recorded_for_the_play() -> None:
    result, _module = step()
    (left,) = Transaction.from_text(result["transaction"]).uses
    assert (left.play, left.host, left.is_main, left.names, left.hosts) == (
        "p1",
        "localhost",
        True,
        ["ci"],
        ["localhost"],
    )
    assert [found.version for found in left.items] == [{"name": MINE.name, "id": MINE.id}]
    assert left.options == {"api_token": "a-secret"}
    assert (result["secrets"], result["needs_the_play"], result["commits_now"]) == ({"ci": SECRET}, True, False)
    assert result["lines"] == ["ci: issued", "1 to rotate, 0 to revoke, 0 unchanged"]
    assert not {"items", "resumed"} & set(result)


def test_the_last_line_says_what_is_due_next() -> None:
    nothing = result_of(next_due={"b": "2027-02-01T00:00:00Z", "a": "2027-01-01T00:00:00Z"})
    result, _module = step(module=FakeModule([nothing]))
    assert result["lines"] == ["1 to rotate, 0 to revoke, 0 unchanged; next due: a, 2027-01-01"]
    assert Transaction.from_text(result["transaction"]).open_items == []


def test_the_running_credentials_new_value_is_kept_for_the_commit() -> None:
    result, _module = step(module=FakeModule([result_of(issued(is_running_credential=True))]))
    (left,) = Transaction.from_text(result["transaction"]).uses
    assert left.running_secrets == {"ci": SECRET}


def test_a_second_use_goes_on_where_the_first_one_stopped() -> None:
    facts = after(
        use(issued("b"), names=["b"]),
        turso_rotate_secrets={"b": "x"},
        turso_rotate_report=[{"name": "b", "msg": "", "action": "issued"}],
    )
    result, _module = step(play=FakePlay(facts=facts))
    assert result["secrets"] == {"b": "x", "ci": SECRET}
    assert [entry["name"] for entry in result["report"]] == ["b", "ci"]
    assert len(Transaction.from_text(result["transaction"]).uses) == 2


def test_facts_of_a_play_that_is_over_are_not_taken_over() -> None:
    over = use(play="p0")
    facts = after(over, turso_rotate_secrets={"b": "x"}, turso_rotate_report=[{"name": "b"}])
    result, _module = step(play=FakePlay(facts=facts))
    assert (result["secrets"], len(result["report"])) == ({"ci": SECRET}, 1)


COMMITS: list[tuple[str, list[Item], bool, bool]] = [
    ("only the role delivers", [issued(recipients=())], True, True),
    ("the play has to confirm", [issued()], True, False),
    ("the commit is the entry point's", [issued(recipients=())], False, False),
    ("something is swept besides", [issued(), item(None)], True, True),
    ("something failed, and the play has to confirm the rest", [issued(), item(None, error="402")], True, False),
    ("everything failed", [item(None, error="402")], True, True),
    ("nothing is left to be done", [], True, False),
]


@pytest.mark.parametrize(("items", "is_main", "now"), [row[1:] for row in COMMITS], ids=[row[0] for row in COMMITS])
def test_the_role_commits_by_its_last_task_where(items: list[Item], is_main: bool, now: bool) -> None:
    result, _module = step(module=FakeModule([result_of(*items)]), is_main=is_main)
    assert result["commits_now"] is now


@pytest.mark.parametrize("is_main", [True, False])
def test_what_failed_waits_for_an_earlier_use_only_if_this_play_commits_that(is_main: bool) -> None:
    facts = after(use(issued("b"), names=["b"], is_main=is_main))
    result, _module = step(module=FakeModule([result_of(item(None, error="402"))]), play=FakePlay(facts=facts))
    assert result["commits_now"] is not is_main


def test_tasks_files_are_delivered_with_where_they_confirm(tmp_path: Path) -> None:
    (tmp_path / "d.yml").write_text("- debug:\n")
    deliver = [{"to": "play"}, {"tasks": "d.yml"}]
    module = FakeModule()
    play = FakePlay(folder=str(tmp_path))

    class Issuing(FakeModule):
        def __call__(self, args: Any, environment: Any = None) -> dict[str, Any]:
            self.environments.append(dict(environment or {}))
            self.given.append(dict(args))
            entry = read_entries(args["tokens"], Defaults(recipients=args["recipients"]))[0]
            return result_of(issued(recipients=entry.recipients))

    result, _module = step({**CI, "deliver": deliver}, module=Issuing(), play=play)
    assert result["deliveries"] == [
        {"name": "ci", "kind": "api", "recipient": 1, "path": str(tmp_path / "d.yml"), "sha256": DIGEST}
    ]
    assert module.given == []


# The vault file


@pytest.fixture
def vault(tmp_path: Path) -> dict[str, Any]:
    return {"vault_file": "vault.yml", "play": FakePlay(folder=str(tmp_path))}


def test_new_values_are_written_before_any_other_delivery(tmp_path: Path, loader: Any, vault: dict[str, Any]) -> None:
    path = str(tmp_path / "vault.yml")
    _vault_file.merge(loader, path, None, {"ci": "old", "unmanaged": "x"})
    result, module = step(loader=loader, **vault)
    assert module.given[0]["stored"] == {"ci": "old"}
    assert module.given[0]["has_vault_file"] is True
    assert _vault_file.read(loader, path) == {"ci": SECRET, "unmanaged": "x"}
    assert (result["vault_file"], result["secrets"]) == (path, {"ci": SECRET})


def test_a_resumed_value_comes_from_the_vault_file(tmp_path: Path, loader: Any, vault: dict[str, Any]) -> None:
    _vault_file.merge(loader, str(tmp_path / "vault.yml"), None, {"ci": "stored-value"})
    one = issued()
    one.sha256 = hashlib.sha256(b"stored-value").hexdigest()
    resumed = result_of(one, secrets={}, resumed=["ci"])
    result, _module = step(module=FakeModule([resumed]), loader=loader, **vault)
    assert (result["secrets"], result["vault_file"]) == ({"ci": "stored-value"}, str(tmp_path / "vault.yml"))


@pytest.mark.promise(2)
@pytest.mark.parametrize("withdraws", [True, False], ids=["", "and the module fails"])
def test_what_the_vault_file_does_not_take_is_withdrawn(
    loader: Any, vault: dict[str, Any], monkeypatch: pytest.MonkeyPatch, withdraws: bool
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise Refused("The disk is full.")

    monkeypatch.setattr(_vault_file, "merge", full)
    kept = item(None)
    kept.name, kept.report = "b", {**kept.report, "name": "b"}
    report = {**issued().report, "action": "failed", "msg": "ci: The disk is full. It was withdrawn."}
    answer = {"report": [report]} if withdraws else {"failed": True}
    module = FakeModule([result_of(issued(), kept), answer])
    result, _module = step(module=module, loader=loader, state_file="state.json", **vault)
    withdraw = module.given[1]
    assert (withdraw["step"], withdraw["api_token"]) == ("withdraw", "a-secret")
    (handed,) = Transaction.from_text(withdraw["items"]).open_items
    assert (handed.error, handed.version) == ("The disk is full", {"name": MINE.name, "id": MINE.id})
    assert (result["secrets"], result["vault_file"]) == ({}, "")
    left = Transaction.from_text(result["transaction"]).open_items
    assert [(found.version, found.error) for found in left] == [(None, None), (None, "The disk is full")]
    assert left[1].report["action"] == "failed"
    (line,) = [line for line in result["lines"] if line.startswith("ci: The disk is full.")]
    assert (f"Revoke it by its id {MINE.id}" in line) is not withdraws
    assert [entry["action"] for entry in result["report"] if entry["name"] == "ci"] == ["failed"]
    assert result["needs_the_play"] is False


@pytest.mark.promise(2)
def test_what_the_vault_file_took_and_does_not_show_again_is_not_withdrawn(
    loader: Any, vault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(*_: Any, **__: Any) -> None:
        raise _vault_file.NotSeenAgain("It was written, and does not hold it.")

    monkeypatch.setattr(_vault_file, "merge", odd)
    result, module = step(loader=loader, **vault)
    assert len(module.given) == 1
    assert (result["secrets"], result["warnings"]) == ({"ci": SECRET}, ["It was written, and does not hold it."])


FILE = {"to": "file", "path": "ci.txt", "takes_effect_hours": 0}
GITHUB = {"to": "github_secret", "repository": "Acme/App", "name": "x"}
STATE: dict[str, Any] = {"state_file": "state.json"}


def said(path: Path, verdict: str, value: str | None = None, to: str = "file") -> dict[str, Any]:
    """Return the facts after a destination was asked."""
    verdict_on = Verdict("ci", to, str(path / "ci.txt"), "localhost", verdict, msg="No folder.")
    return {"localhost": {"__turso_rotate_verdicts": [verdict_on.as_json()], "__turso_rotate_values": [value]}}


@pytest.mark.promise(7)
def test_destinations_of_what_is_due_are_asked_first(tmp_path: Path) -> None:
    due = result_of(to_check=["ci"], to_fetch=["ci"])
    entry = {**CI, "deliver": [FILE, GITHUB]}
    result, module = step(entry, module=FakeModule([due]), play=FakePlay(folder=str(tmp_path)), **STATE)
    assert "checked" not in module.given[0]
    assert result["asks"] == ["file_check", "github_secret_check", "file_read_back"]
    (file,), (github,) = result["asked"]["file_check"], result["asked"]["github_secret_check"]
    assert (file["address"], github["address"]) == (str(tmp_path / "ci.txt"), "acme/app X")
    (fetched,) = result["asked"]["file_read_back"]
    assert (fetched["wants_value"], fetched["secret"], result["transaction"]) == (True, None, "")


ASKED: list[tuple[str, dict[str, Any], str]] = [
    ("refused", {"verdict": "refused"}, "ci.txt: No folder"),
    ("another was asked", {"verdict": "proven", "to": "env_file"}, "ci.txt: its check did not run"),
]


@pytest.mark.promise(7)
@pytest.mark.parametrize(("verdict", "says"), [row[1:] for row in ASKED], ids=[row[0] for row in ASKED])
def test_what_a_destination_refuses_is_not_issued(tmp_path: Path, verdict: dict[str, Any], says: str) -> None:
    play = FakePlay(folder=str(tmp_path), facts=said(tmp_path, **verdict))
    _result, module = step({**CI, "deliver": [FILE]}, play=play, checked=["ci"], **STATE)
    assert module.given[0]["checked"] == ["ci"]
    assert module.given[0]["refused_if_due"]["ci"].endswith(says)


@pytest.mark.parametrize("checked", [True, False], ids=["", "by a use of the role that failed"])
def test_what_was_said_counts_only_if_it_was_asked_for(tmp_path: Path, checked: bool) -> None:
    play = FakePlay(folder=str(tmp_path), facts=said(tmp_path, "refused", "a-value"))
    asked: dict[str, Any] = {"checked": ["ci"]} if checked else {}
    _result, module = step({**CI, "deliver": [FILE]}, play=play, **asked, **STATE)
    assert bool(module.given[0]["refused_if_due"]) is ("held" in module.given[0]) is checked


@pytest.mark.promise(1)
def test_the_control_node_and_localhost_are_one_place(tmp_path: Path) -> None:
    there = {"to": "file", "path": f"{tmp_path}/ci.txt", "takes_effect_hours": 0, "hosts": ["localhost"]}
    with pytest.raises(Refused) as refused:
        step({**CI, "deliver": [FILE]}, {"name": "b", "deliver": [there]}, play=FakePlay(folder=str(tmp_path)))
    assert refused.value.msg.count("one value would overwrite the other") == 2


def test_what_a_destination_holds_is_delivered_once_more(tmp_path: Path) -> None:
    recipients = (Recipient("file", options=FILE, address="/f"), Recipient("github_secret", address="acme/app X"))
    module = FakeModule([result_of(issued(recipients=recipients), secrets={}, resumed=["ci"])])
    facts = said(tmp_path, "proven", SECRET)
    play = FakePlay(folder=str(tmp_path), facts=facts)
    result, _module = step({**CI, "deliver": [FILE]}, module=module, play=play, checked=["ci"], **STATE)
    assert module.given[0]["held"] == {"ci": [SECRET]}
    assert result["secrets"] == {"ci": SECRET}
    assert result["asks"] == ["file_deliver", "github_secret_deliver"]
    (file,) = result["asked"]["file_deliver"]
    assert (file["secret"], file["sha256"], result["has_destinations"]) == (SECRET, DIGEST, True)
    assert result["is_secret"] is True


def test_check_mode_asks_the_destinations_of_all_entries(tmp_path: Path) -> None:
    folder: dict[str, Any] = {"folder": str(tmp_path)}
    first, _module = step({**CI, "deliver": [FILE]}, check_mode=True, play=FakePlay(**folder), **STATE)
    assert (first["asks"], first["to_check"], "diff" in first) == (["file_check"], ["ci"], False)
    play = FakePlay(**folder, facts=said(tmp_path, "not known"))
    report = [{"name": "ci", "action": "unchanged", "reason": None, "msg": "ci: not due."}]
    module = FakeModule([result_of(report=report)])
    second, _module = step(
        {**CI, "deliver": [FILE]}, check_mode=True, module=module, play=play, checked=["ci"], **STATE
    )
    assert (second["asks"], second["to_check"], "diff" in second) == ([], [], True)
    assert second["lines"][:2] == [
        "ci: not due.",
        f"ci: only the delivery itself shows whether file {tmp_path / 'ci.txt'} accepts the value.",
    ]


IN_VAULT = {"to": "ansible_vault", "path": "vault.yml", "variable": "x", "takes_effect_hours": 0}
IN_ENV = {"to": "env_file", "path": "link.txt", "variable": "A", "takes_effect_hours": 0}
THERE = {**FILE, "path": "/x", "hosts": ["app1"]}
AWS = {"to": "aws_secret", "name": "shop", "takes_effect_hours": 0}
B = {"name": "b"}
TWICE: list[tuple[str, list[dict[str, Any]], str]] = [
    ("two tokens", [{**CI, "deliver": [FILE]}, {**B, "deliver": [{**FILE, "path": "./ci.txt"}]}], "ci.txt of b, so one"),
    ("one token", [{**CI, "deliver": [FILE, {**FILE, "path": "link.txt"}]}], "which share a place"),
    ("a secret and a key of it", [{**CI, "deliver": [AWS]}, {**B, "deliver": [{**AWS, "key": "k"}]}], "shop k of b, so one value"),
    ("a file and a variable of it", [{**CI, "deliver": [FILE, IN_ENV]}], "link.txt A, which share a place. Remove one"),
    ("a path on a host", [{**CI, "deliver": [THERE]}, {**B, "deliver": [{**THERE, "path": "/x/../x"}]}], "on app1 of b, so"),
    ("as GitHub folds names", [{**CI, "deliver": [GITHUB]}, {**B, "deliver": [{**GITHUB, "name": "X"}]}], "acme/app X of b, so"),
    ("the vault file", [{**CI, "deliver": [IN_VAULT]}], "is turso_rotate_vault_file"),
    ("the vault file as a file", [{**CI, "deliver": [{**FILE, "path": "vault.yml"}]}], "is turso_rotate_vault_file"),
    ("no such host", [{**CI, "deliver": [{**FILE, "path": "/x", "hosts": ["none"]}]}], "come to no host"),
]  # fmt: skip


@pytest.mark.promise(7)
@pytest.mark.parametrize(("tokens", "says"), [row[1:] for row in TWICE], ids=[row[0] for row in TWICE])
def test_two_values_for_one_place_are_refused(tmp_path: Path, tokens: list[dict[str, Any]], says: str) -> None:
    (tmp_path / "link.txt").symlink_to(tmp_path / "ci.txt")
    module = FakeModule()
    play = FakePlay(folder=str(tmp_path), patterns={"none": (), "app1": ("app1",)})
    with pytest.raises(Refused) as refused:
        step(*tokens, module=module, play=play, vault_file="vault.yml", **STATE)
    assert says in refused.value.msg
    assert module.given == []


def test_a_state_file_that_is_none_refuses_the_run(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("[]")
    with pytest.raises(Refused, match=r"is not a state file.* Nothing was issued\."):
        step(state_file="state.json", play=FakePlay(folder=str(tmp_path)))
    assert state_file.read(str(tmp_path / "none.json")).tokens == {}


# fresh


class Templar:
    def template(self, value: Any) -> Any:
        return value


FRESH: list[tuple[str, Any, bool]] = [
    ("it has the new value", {"ci": SECRET, "other": "x"}, False),
    ("it has the old value", {"ci": "old"}, True),
    ("it does not have it", {"other": "x"}, False),
    ("it is no dictionary", "x", False),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize(("secrets", "is_stale"), [row[1:] for row in FRESH], ids=[row[0] for row in FRESH])
def test_turso_secrets_is_looked_at_where(secrets: Any, is_stale: bool) -> None:
    play: Any = FakePlay(facts=after(use(issued(), vault_file="/v.yml")))
    if is_stale:
        with pytest.raises(Refused, match="turso_secrets still has the old value of ci"):
            fresh(play, {"turso_secrets": secrets}, Templar())
    else:
        assert fresh(play, {"turso_secrets": secrets}, Templar()) == {"changed": False}


def test_nobody_looks_where_nobody_uses_it_or_there_is_no_vault_file() -> None:
    play: Any = FakePlay(facts=after(use(issued())))
    assert fresh(play, {}, Templar()) == fresh(play, {"turso_secrets": {"ci": "old"}}, Templar()) == {"changed": False}
