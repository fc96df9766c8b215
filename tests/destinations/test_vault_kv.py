# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The destination vault_kv, against a real OpenBao with policies of its own."""

from __future__ import annotations

from typing import Any

from tests.destinations.bao import Bao
from tests.destinations.plays import Step, item, verdicts_of, words
from tests.destinations.proxy import Proxy
from tests.playbooks import Playbooks, heavy

OLD, NEW, NEWER = "the-old-value", "the-new-value/+=", "the-newer-value"


def kv(name: str, path: str, secret: str | None = NEW, **more: Any) -> dict[str, Any]:
    options = {"path": path, "key": "token", "takes_effect_hours": 0}
    wants_value = more.pop("wants_value", False)
    return item(name, secret, wants_value=wants_value, **{**options, **more})


@heavy
def test_a_check_tells_what_could_not_be_written(controller: Playbooks, openbao: Proxy, bao: Bao) -> None:
    bao.write("turso/ci", token=OLD)
    bao.write("turso/deleted", token=OLD, user="gone")
    bao.ask("DELETE", "secret/data/turso/deleted")
    bao.write("no-update", token=OLD)
    bao.write("turso/masked", token=OLD, vault=f"the token is {bao.token}")
    bao.ask("POST", "sys/mounts/one", type="kv", options={"version": "1"})
    items = [
        kv("there", "turso/ci", None),
        kv("new", "turso/new", None),
        kv("deleted", "turso/deleted", None),
        kv("no-update", "no-update", None),
        kv("no-create", "no-create", None),
        kv("no-read", "no-read", None),
        kv("masked", "turso/masked", None),
        kv("version-1", "ci", None, mount="one"),
        kv("no-mount", "ci", None, mount="nowhere"),
    ]
    environment = {"VAULT_ADDR": openbao.url, "VAULT_TOKEN": bao.token}
    steps = [
        Step("check", "check", items, environment),
        Step("deliver", "deliver", [kv("there", "turso/ci")], environment),
    ]
    told = verdicts_of(controller, "vault_kv", steps, "--check", secrets=[bao.token, OLD])
    assert words(told["deliver"]) == [("there", "not taken")]
    assert words(told["check"])[:3] == [("there", "proven"), ("new", "proven"), ("deleted", "proven")]
    assert {verdict["verdict"] for verdict in told["check"][3:]} == {"refused"}
    said = {verdict["name"]: verdict["msg"] for verdict in told["check"]}
    for capability in ("update", "create", "read"):
        path = f"secret/data/no-{capability}"
        assert said[f"no-{capability}"].endswith(
            f'Add to its policy: path "{path}" {{ capabilities = ["{capability}"] }}'
        )
    assert "asterisks" in said["masked"]
    assert "one is not a KV engine of version 2" in said["version-1"]
    assert said["no-mount"].startswith("this credential may not read")
    # It reads in check mode too, asks once what it may do, and writes nothing.
    assert [path for method, path in openbao.seen if method not in ("GET", "LIST")] == ["/v1/sys/capabilities-self"]


def test_a_first_delivery_changes_one_key_alone(controller: Playbooks, openbao: Proxy, bao: Bao) -> None:
    bao.write("turso/ci", token=OLD, user="somebody")
    environment = {"VAULT_ADDR": openbao.url, "VAULT_TOKEN": bao.token}
    steps = [Step(verb, verb, [kv("ci", "turso/ci")], environment) for verb in ("deliver", "read_back")]
    told = verdicts_of(controller, "vault_kv", steps, secrets=[OLD, bao.token])
    assert words(told["deliver"]) == [("ci", "delivered")]
    assert words(told["read_back"]) == [("ci", "confirmed")]
    assert bao.read("turso/ci") == ({"token": NEW, "user": "somebody"}, 2)


@heavy
def test_it_is_delivered_and_read_back(controller: Playbooks, openbao: Proxy, bao: Bao) -> None:
    kept = {"token": OLD, "user": "somebody", "nested": {"list": [1, 2.5, None, True]}, "number": 7}
    bao.write("turso/ci", **kept)
    bao.ask("POST", "secret/metadata/turso/ci", cas_required=True, custom_metadata={"team": "platform"})
    there, second = kv("there", "turso/ci"), kv("second-key", "turso/ci", NEWER, key="other-token")
    wanted = [kv("there", "turso/ci", wants_value=True), kv("changed", "turso/ci", NEWER)]
    environment = {"VAULT_ADDR": openbao.url, "VAULT_TOKEN": bao.token}
    steps = [
        Step("deliver", "deliver", [there, second], environment),
        Step("again", "deliver", [there], environment),
        Step("read_back", "read_back", wanted, environment),
    ]
    told = verdicts_of(controller, "vault_kv", steps, secrets=[bao.token])
    assert [(v["verdict"], v["changed"]) for v in told["deliver"]] == [("delivered", True)] * 2
    assert [(v["verdict"], v["changed"]) for v in told["again"]] == [("delivered", False)]
    assert [(v["verdict"], v["by"]) for v in told["read_back"]] == [("confirmed", "read back"), ("other", None)]
    assert bao.read("turso/ci") == ({**kept, "token": NEW, "other-token": NEWER}, 3)
    metadata = bao.ask("GET", "secret/metadata/turso/ci")["data"]
    assert (metadata["cas_required"], metadata["custom_metadata"]) == (True, {"team": "platform"})


@heavy
def test_what_is_not_there_is_made_and_what_may_not_be_written_is_not_taken(
    controller: Playbooks, openbao: Proxy, bao: Bao
) -> None:
    for path in ("turso/deleted", "blind/deleted"):
        bao.write(path, token=OLD, user="gone")
        bao.ask("DELETE", f"secret/data/{path}")
    bao.write("turso/masked", token=OLD, vault=f"the token is {bao.token}")
    items = [
        kv("new", "turso/new"),
        kv("deleted", "turso/deleted"),
        kv("blind", "blind/deleted"),
        kv("no-create", "no-create"),
        kv("masked", "turso/masked"),
    ]
    environment = {"VAULT_ADDR": openbao.url, "VAULT_TOKEN": bao.token}
    steps = [
        Step("deliver", "deliver", items, environment),
        Step("read_back", "read_back", [kv("none", "turso/none"), kv("no-read", "no-read")], environment),
    ]
    told = verdicts_of(controller, "vault_kv", steps, secrets=[bao.token])

    assert [(v["name"], v["verdict"], v["changed"]) for v in told["deliver"]] == [
        *((name, "delivered", True) for name in ("new", "deleted")),
        *((name, "not taken", False) for name in ("blind", "no-create", "masked")),
    ]
    said = {verdict["name"]: verdict["msg"] for verdict in told["deliver"]}
    assert "was not written: Permission denied" in said["no-create"]
    assert 'path "secret/metadata/blind/deleted" { capabilities = ["read"] }' in said["blind"]
    assert said["deleted"] == "the version before was deleted or empty, so the new one holds only token"
    assert bao.read("turso/new") == ({"token": NEW}, 1)
    assert bao.read("turso/deleted") == ({"token": NEW}, 2)
    assert bao.read("turso/masked")[1] == 1
    assert words(told["read_back"]) == [("none", "other"), ("no-read", "unreadable")]


@heavy
def test_what_somebody_else_writes_in_between_is_not_lost(controller: Playbooks, openbao: Proxy, bao: Bao) -> None:
    for name in ("once", "twice", "ours", "lost"):
        bao.write(f"turso/{name}", token=OLD)
    left = {"once": 1, "twice": 2, "ours": 1}

    def meanwhile(method: str, path: str) -> None:
        name = path.rpartition("/")[2]
        if method == "POST" and left.get(name, 0) and "/data/" in path:
            left[name] -= 1
            bao.write(f"turso/{name}", token=NEW if name == "ours" else OLD, theirs=str(left[name]))

    openbao.before = meanwhile
    openbao.lose = {("POST", "/v1/secret/data/turso/lost")}
    items = [kv(name, f"turso/{name}") for name in ("once", "twice", "ours", "lost")]
    environment = {"VAULT_ADDR": openbao.url, "VAULT_TOKEN": bao.token}
    steps = [Step("deliver", "deliver", items, environment), Step("read_back", "read_back", items, environment)]
    told = verdicts_of(controller, "vault_kv", steps, secrets=[bao.token])
    assert [(v["name"], v["verdict"], v["changed"]) for v in told["deliver"]] == [
        ("once", "delivered", True),
        ("twice", "not taken", False),
        ("ours", "delivered", False),
        ("lost", "lost", False),
    ]
    assert told["deliver"][1]["msg"].startswith("something else wrote secret/data/turso/twice twice")
    assert bao.read("turso/once") == ({"token": NEW, "theirs": "0"}, 3)
    assert bao.read("turso/twice") == ({"token": OLD, "theirs": "0"}, 3)
    # A lost answer is told by what is there: this write had arrived.
    assert words(told["read_back"]) == [
        ("once", "confirmed"),
        ("twice", "other"),
        ("ours", "confirmed"),
        ("lost", "confirmed"),
    ]


@heavy
def test_the_credential_is_a_token_or_an_approle_of_the_environment_or_by_name(
    controller: Playbooks, openbao: Proxy, bao: Bao
) -> None:
    bao.ask("POST", "sys/auth/approle", type="approle")
    bao.ask("POST", "auth/approle/role/deliver", token_policies=["deliver"], secret_id_num_uses=1)
    role = bao.ask("GET", "auth/approle/role/deliver/role-id")["data"]["role_id"]
    secrets = [bao.ask("POST", "auth/approle/role/deliver/secret-id")["data"]["secret_id"] for _ in range(2)]
    items = [kv("a", "turso/a"), kv("b", "turso/b")]
    named = [kv("a", "turso/a", credential="vault"), kv("c", "turso/c", credential="unknown")]
    address = {"VAULT_ADDR": openbao.url}
    approle = {"VAULT_ROLE_ID": role, "VAULT_SECRET_ID": secrets[0]}
    credentials = {"vault": {"VAULT_ROLE_ID": role, "VAULT_SECRET_ID": secrets[1]}}
    given = {"turso_deliver_credentials": credentials}
    steps = [
        Step("approle", "deliver", items, {**address, **approle}),
        Step("used-up", "deliver", items[:1], {**address, **approle}),
        Step("half", "check", items[:1], {**address, "VAULT_ROLE_ID": role}),
        Step("named", "read_back", named, {**address, "VAULT_TOKEN": "wrong"}, given),
        Step("wrong", "check", items[:1], {**address, "VAULT_TOKEN": "wrong-token"}),
        Step("wrong-too", "deliver", items[:1], {**address, "VAULT_TOKEN": "wrong-token"}),
        Step("none", "check", items[:1], address),
        Step("no-address", "check", items[:1], {"VAULT_TOKEN": "wrong-token"}),
        Step(
            "plain", "check", items[:1], {"VAULT_ADDR": "http://vault.example.com:8200", "VAULT_TOKEN": "wrong-token"}
        ),
        Step("down", "check", items[:1], {"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": "wrong-token"}),
        Step("down-too", "deliver", items[:1], {"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": "wrong-token"}),
    ]
    told = verdicts_of(controller, "vault_kv", steps, secrets=[secrets[1]])
    # A secret id of one use is enough for all items of a run.
    assert words(told["approle"]) == [("a", "delivered"), ("b", "delivered")]
    assert words(told["named"]) == [("a", "confirmed"), ("c", "unreadable")]
    refused = {label: (told[label][0]["verdict"], told[label][0]["msg"]) for label in told}
    assert refused["used-up"][0] == "not taken"
    assert "does not accept the AppRole" in refused["used-up"][1]
    assert (
        refused["half"][1]
        == "an AppRole needs both VAULT_ROLE_ID and VAULT_SECRET_ID; only VAULT_ROLE_ID is set. Set both"
    )
    assert refused["wrong"][0] == "refused"
    assert refused["wrong"][1].startswith("Vault does not show what this credential may do: Forbidden")
    assert refused["wrong-too"][0] == "not taken"
    assert refused["none"][1].startswith("no credential: the environment has none of VAULT_TOKEN, VAULT_ROLE_ID")
    assert refused["no-address"][1].startswith("VAULT_ADDR is not set")
    assert "is not https, so nothing was sent" in refused["plain"][1]
    assert refused["down"][0] == "refused"
    assert refused["down-too"][0] == "not taken"
    assert "Connection refused" in refused["down"][1]


@heavy
def test_a_missing_collection_or_library_is_named_with_its_command(controller: Playbooks, newest: Playbooks) -> None:
    environment = {"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": "wrong-token"}
    items = [kv("ci", "turso/ci")]
    steps = [Step(verb, verb, items, environment) for verb in ("check", "deliver", "read_back")]
    told = verdicts_of(newest, "vault_kv", steps)
    assert [told[verb][0]["verdict"] for verb in told] == ["refused", "not taken", "unreadable"]
    for verdicts in told.values():
        assert 'ansible-galaxy collection install "community.hashi_vault:>=4.2.0"' in verdicts[0]["msg"]

    python = str(newest.venv / "bin" / "python")
    bare = {"play": {"vars": {"ansible_python_interpreter": python}}}
    told = verdicts_of(controller, "vault_kv", steps[:2], **bare)
    assert [told[verb][0]["verdict"] for verb in told] == ["refused", "not taken"]
    assert all(f"{python} -m pip install hvac" in verdicts[0]["msg"] for verdicts in told.values())
