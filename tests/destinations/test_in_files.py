# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`file` and `env_file`, on the control node and on hosts, with services that really restart."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.destinations.machines import START, Machines, need_machines
from tests.destinations.steps import (
    CANARY,
    NEWER,
    OLDER,
    Command,
    Step,
    Verb,
    as_no_superuser,
    carried_out,
    item,
    words,
)
from tests.playbooks import Playbooks, heavy, with_one_core

ENV = "# the application\r\nexport TOKEN=\"{}\" # rotated\r\nOTHER=kept\r\nSECOND='{}'"
NOBODY, NOBODYS_PYTHON = 65534, Path("/usr/bin/python3")  # the tests' own Python may be below a folder of root's alone


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    need_machines()
    found = Machines(tmp_path / "machines")
    yield found
    found.stop()


def on_hosts(
    playbooks: Playbooks, machines: Machines, steps: list[Step], *arguments: str, python: Path | None = None
) -> list[list[dict[str, Any]]]:
    inventory = machines.inventory("web1", "web2", "web3", python=python or playbooks.venv / "bin" / "python")
    path = playbooks.write("inventory.ini", inventory)
    found, played = carried_out(playbooks, steps, "-i", str(path), *arguments)
    for secret in (CANARY, NEWER, OLDER):
        assert secret not in played.output
    assert "localhost                  : ok=" in played.output.replace(" unreachable", "unreachable")
    return found


@heavy
def test_services_on_hosts_of_which_one_is_down(playbooks: Playbooks, machines: Machines) -> None:
    folders = [machines.start(name, app=START, broken="exit 1") for name in ("web1", "web3")]
    for srv in folders:
        (srv / "app.env").write_text(f"TOKEN={OLDER}\nDIES={OLDER}\n")
        os.chmod(srv / "app.env", 0o640)
    env: dict[str, Any] = {"path": "/srv/app.env", "variable": "TOKEN", "hosts": ["web"]}
    app = item("app", restart="app", **env)
    only: dict[str, Any] = {"hosts": ["web1"]}
    alone = item("app", restart="app", **{**env, **only})
    found = on_hosts(
        playbooks,
        machines,
        [
            Verb("env_file_check", [app, item("b", restart="nothing", **{**env, **only})]),
            Verb("env_file_deliver", [app]),
            Verb("env_file_read_back", [app]),
            Verb("env_file_deliver", [alone]),
            Verb("env_file_deliver", [{**alone, "is_confirmed_on": ["web1"]}]),
            Verb(
                "env_file_deliver",
                [
                    item("app", restart="broken", **{**env, **only, "variable": "DIES"}),
                    item("app", "broken", restart="app", **{**env, **only}),
                ],
            ),
        ],
    )
    check, first, back, again, after, fails = found
    assert words(check) == ["web1 proven", "web1 refused", "web2 refused", "web3 proven"]
    assert "the service nothing cannot be restarted" in check[1]["msg"]
    assert "web2" in check[2]["msg"]
    assert "No route to host" in check[2]["msg"]
    assert words(first) == ["web1 delivered!", "web2 lost", "web3 delivered!"]
    assert words(back) == ["web1 confirmed", "web2 unreadable", "web3 confirmed"]
    assert [each["by"] for each in back] == ["read back", None, "read back"]
    assert words(again) == words(after) == ["web1 delivered"]
    # Restarted although nothing changed, but not where the version is confirmed.
    web1, web3 = ((srv / "seen").read_text().split() for srv in folders)
    assert (web1, web3) == ([CANARY, CANARY, "broken"], [CANARY])
    assert words(fails) == ["web1 unfinished!", "web1 unfinished!"]
    assert "broken could not be restarted" in fails[0]["msg"]
    assert "it does not run after the restart" in fails[1]["msg"]
    assert (folders[1] / "app.env").read_text() == f"TOKEN={CANARY}\nDIES={OLDER}\n"
    assert (folders[1] / "app.env").stat().st_mode & 0o777 == 0o640


@with_one_core
def test_a_file_and_a_service_of_root_need_become(playbooks: Playbooks, tmp_path: Path) -> None:
    need_machines()
    if not NOBODYS_PYTHON.exists():
        pytest.skip(f"needs {NOBODYS_PYTHON}")
    machines = Machines(tmp_path / "machines", user=NOBODY)
    srv = machines.start("web1", app=START)
    (srv / "app.env").write_text(f"TOKEN={OLDER}\n")
    os.chmod(srv / "app.env", 0o600)
    env: dict[str, Any] = {"path": "/srv/app.env", "variable": "TOKEN", "hosts": ["web1"], "restart": "app"}
    root = item("app", become=True, **env)
    found = on_hosts(
        playbooks,
        machines,
        [
            Verb("env_file_check", [item("app", **env)]),
            Verb("env_file_deliver", [item("app", **env)]),
            Verb("env_file_check", [root]),
            Verb("env_file_deliver", [root]),
            Verb("env_file_read_back", [root]),
        ],
        python=NOBODYS_PYTHON,
    )
    machines.stop()
    assert [words(each) for each in found] == [
        ["web1 refused"],
        ["web1 not taken"],
        ["web1 proven"],
        ["web1 delivered!"],
        ["web1 confirmed"],
    ]
    assert "become" in found[0][0]["msg"]
    assert (srv / "seen").read_text() == f"{CANARY}\n"
    assert (srv / "app.env").stat().st_mode & 0o777 == 0o600


@heavy
@with_one_core
def test_one_is_restarted_after_another(playbooks: Playbooks, machines: Machines, tmp_path: Path) -> None:
    log = tmp_path / "log"
    start = f"echo begins >> {log}; sleep 1; echo ends >> {log}; {START}"
    for name in ("web1", "web3"):
        (machines.start(name, app=start) / "app.env").write_text("TOKEN=old\nA=1\nB=2\n")
    shared: dict[str, Any] = {"path": "/srv/app.env", "hosts": ["web1", "web3"], "restart": "app"}
    items = [item(name, variable=name, **shared) for name in ("TOKEN", "A", "B")]
    (found,) = on_hosts(playbooks, machines, [Verb("env_file_deliver", items)])
    assert words(found) == [f"{host} delivered!" for host in ("web1", "web3") for _each in items]
    # Once for three values.
    assert log.read_text().split() == ["begins", "ends"] * 2


def test_files_on_the_control_node(playbooks: Playbooks, tmp_path: Path) -> None:
    need_machines()  # for root
    env, link, token = tmp_path / "app" / ".env", tmp_path / "link.env", tmp_path / "app" / "token"
    env.parent.mkdir()
    env.write_bytes(ENV.format(OLDER, OLDER).encode())
    os.chmod(env, 0o640)
    os.chown(env, 1, 2)
    link.symlink_to(env)
    both = [
        item("a", path=str(link), variable="TOKEN"),
        item("b", NEWER, path=str(env), variable="SECOND"),
    ]
    refused = [
        item("c", path=str(env), variable="MISSING"),
        item("d", path=str(tmp_path / "none"), variable="TOKEN"),
        item("e", path=str(tmp_path / "app"), variable="TOKEN"),
        item("f", "with blanks", path=str(env), variable="OTHER"),
    ]
    new = [
        item("g", path="app/token", mode="0440", group="daemon", owner="daemon"),
        item("h", path=str(tmp_path / "nowhere" / "token")),
        item("i", path=str(env)),
        item("j", path=str(tmp_path / "app" / "other"), owner="nobody-of-that-name"),
    ]
    found, played = carried_out(
        playbooks,
        [
            Verb("env_file_check", both + refused),
            Verb("file_check", new),
            Command(f"test ! -e {token}"),
            Verb("env_file_deliver", both + refused),
            Verb("env_file_deliver", both),
            Verb("file_deliver", new),
            Verb("file_deliver", new[:1]),
            Command(f"sed -i s/{NEWER}/{OLDER}/ {env}; printf '{NEWER}\\n' > {token}"),
            Verb("env_file_read_back", both + refused[:2]),
            Verb("file_read_back", new[:2]),
            Verb("file_deliver", new[:1]),
            Verb("file_read_back", new[:1]),
        ],
    )
    checked, new_checked, first, again, made, unchanged, read, read_file, repaired, confirmed = found
    assert words(checked) == ["proven", "proven", "refused", "refused", "refused", "proven"]
    assert words(new_checked) == ["proven", "refused", "refused", "refused"]
    assert "will be created" in new_checked[0]["msg"]
    assert "more than one line" in new_checked[2]["msg"]
    assert "no user nobody-of-that-name" in new_checked[3]["msg"]
    assert words(first) == ["delivered!", "delivered!", "not taken", "not taken", "not taken", "not taken"]
    assert "has no MISSING" in first[2]["msg"]
    assert "does not exist" in first[3]["msg"]
    assert "Put the present value into quotes" in first[5]["msg"]
    assert words(again) == ["delivered", "delivered"]
    assert words(made) == ["delivered!", "not taken", "not taken", "not taken"]
    assert words(unchanged) == ["delivered"]
    assert words(read) == ["confirmed", "other", "unreadable", "other"]
    assert (
        "of the token with the id older, issued at 2026-11-23 02:13:20 UTC, older than the one delivered"
        in read[1]["msg"]
    )
    assert words(read_file) == ["other", "other"]
    assert "newer than the one delivered" in read_file[0]["msg"]
    assert words(repaired) == ["delivered!"]
    assert words(confirmed) == ["confirmed"]
    assert link.is_symlink()
    assert env.read_bytes() == ENV.format(CANARY, OLDER).encode()
    assert (env.stat().st_uid, env.stat().st_gid, env.stat().st_mode & 0o777) == (1, 2, 0o640)
    assert token.read_text() == f"{CANARY}\n"
    assert (token.stat().st_uid, token.stat().st_gid, token.stat().st_mode & 0o777) == (1, 1, 0o440)
    assert sorted(path.name for path in env.parent.iterdir()) == [".env", "token"]
    for secret in (CANARY, NEWER, OLDER):
        assert secret not in played.output
    assert "+(the value of a)" in played.output
    # One task a verb, for all items, in a fork.
    assert len(re.findall(r"On the control node: run (env_)?file_", played.output)) == len(found)
    assert "turso_delivery.py" not in played.output


def two_files(folder: Path) -> tuple[Path, Path]:
    """Return a file of environment variables and one of a token, alone in a new folder."""
    folder.mkdir()
    files = folder / ".env", folder / "token"
    for path in files:
        path.write_text("TOKEN=old\n")
    return files


@heavy
@with_one_core
def test_a_folder_that_may_not_be_written_to_is_left_alone(playbooks: Playbooks, tmp_path: Path) -> None:
    env, token = two_files(tmp_path / "app")
    env.parent.chmod(0o555)
    files = [item(path.name, path=str(path)) for path in (token, env.parent / "new")]
    variables = [item("env", path=str(env), variable="TOKEN")]
    asked: list[Step] = [Verb(f"file_{verb}", files) for verb in ("check", "deliver")]
    asked += [Verb(f"env_file_{verb}", variables) for verb in ("check", "deliver")]
    try:
        found, _ = carried_out(playbooks, asked, preexec_fn=as_no_superuser)
    finally:
        env.parent.chmod(0o755)
    assert [words(each) for each in found] == [["refused"] * 2, ["not taken"] * 2, ["refused"], ["not taken"]]
    assert all(str(env.parent) in verdict["msg"] for verdicts in found for verdict in verdicts)
    assert env.read_text() == token.read_text() == "TOKEN=old\n"
    assert sorted(os.listdir(env.parent)) == [".env", "token"]


@heavy
@with_one_core
def test_check_mode_leaves_nothing_behind_and_says_the_same(playbooks: Playbooks, tmp_path: Path) -> None:
    env, token = two_files(tmp_path / "app")
    before = [os.stat(path).st_mtime_ns for path in (env, token, env.parent)]
    items = [item("a", None, path=str(env), variable="TOKEN"), item("b", None, path=str(env), variable="NONE")]
    files = [str(token), str(env.parent / "new"), str(tmp_path / "nowhere" / "token")]
    asked: list[Step] = [
        Verb("env_file_check", items),
        Verb("env_file_deliver", [item("a", path=str(env), variable="TOKEN")]),
        Verb("file_check", [item(path, None, path=path) for path in files]),
        Verb("file_deliver", [item(path, path=path) for path in files]),
    ]
    found, played = carried_out(playbooks, asked, "--check")
    assert [words(each) for each in found] == [
        ["proven", "refused"],
        ["not taken"],
        ["proven", "proven", "refused"],
        ["not taken"] * 3,
    ]
    assert "has no NONE" in found[0][1]["msg"]
    for verdict in found[1] + found[3]:
        assert "This was check mode: nothing was written." in verdict["msg"]
    assert CANARY not in played.output
    assert env.read_text() == token.read_text() == "TOKEN=old\n"
    assert [os.stat(path).st_mtime_ns for path in (env, token, env.parent)] == before
