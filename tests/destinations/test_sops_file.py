# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`sops_file`: a value in a file that the real SOPS encrypts with age."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

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
from tests.sinks import programs

YAML = '# the shop\nother: kept # yes\napp:\n    # of Turso\n    token: old\n    empty: ""\nclear_unencrypted: old\n'
RULES = """creation_rules:
  - path_regex: prod/.*\\.yaml$
    age: {recipient}
  - path_regex: ^b\\.env$
    age: {recipient}
"""


@pytest.fixture
def environment(playbooks: Playbooks, tmp_path: Path) -> dict[str, str]:
    """Variables with which SOPS is found and opens what it encrypts for one recipient."""
    if shutil.which("age-keygen") is None or not programs.SOPS.is_file():
        pytest.skip("age or SOPS is not here: apt-get install age, make peers")
    subprocess.run(["age-keygen", "-o", str(tmp_path / "key")], check=True, capture_output=True)
    recipient = subprocess.run(["age-keygen", "-y", str(tmp_path / "key")], check=True, capture_output=True, text=True)
    playbooks.write(".sops.yaml", RULES.format(recipient=recipient.stdout.strip()))
    path = f"{programs.SOPS.parent}{os.pathsep}{playbooks.env['PATH']}"
    playbooks.env.update(PATH=path)
    return {"SOPS_AGE_KEY_FILE": str(tmp_path / "key"), "PATH": path}


def sops(playbooks: Playbooks, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [str(programs.SOPS), *arguments],
        env={**playbooks.env, **environment},
        cwd=playbooks.directory,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@with_one_core
def test_nothing_but_the_value_changes(playbooks: Playbooks, environment: dict[str, str], tmp_path: Path) -> None:
    path, env = playbooks.write("prod/a.yaml", YAML), playbooks.write("b.env", "# c\nA=1\nTOKEN=old\n")
    for name in ("prod/a.yaml", "b.env"):
        sops(playbooks, environment, "encrypt", "-i", name)
    path.chmod(0o640)
    playbooks.write("plain.json", '{"token": "old"}')
    good = [item("a", path="prod/a.yaml", key="app.token"), item("b", NEWER, path=str(env), key="TOKEN")]
    bad = [
        item("no key", path="prod/a.yaml", key="app.tokn"),
        item("no file", path="none.yaml", key="app.token"),
        item("no file of SOPS", path="plain.json", key="token"),
        item("in clear", path="prod/a.yaml", key="clear_unencrypted"),
        item("empty", path="prod/a.yaml", key="app.empty"),
        item("another ending", path="key", key="token"),
    ]
    unable = item("no key of it", path="prod/a.yaml", key="app.token")
    named = item("named", path="prod/a.yaml", key="app.token", credential="age")
    given = {"SOPS_AGE_KEY_FILE": environment["SOPS_AGE_KEY_FILE"]}
    nothing = {"SOPS_AGE_KEY_FILE": "/none"}
    credentials = playbooks.write("credentials.yml", {"turso_deliver_credentials": {"age": given["SOPS_AGE_KEY_FILE"]}})
    found, played = carried_out(
        playbooks,
        [
            Verb("sops_file_check", good + bad, given),
            Verb("sops_file_check", [unable, named], nothing),
            Verb("sops_file_check", [unable], {**given, "PATH": "/usr/bin:/bin"}),
            Verb("sops_file_deliver", good + bad, given),
            Command("cp prod/a.yaml first"),
            Verb("sops_file_deliver", good, given),
            Command("cmp prod/a.yaml first"),
            Verb("sops_file_deliver", [unable], nothing),
            Verb("sops_file_read_back", [*good, bad[0], {**good[0], "secret": None, "wants_value": True}], given),
            Command(f"SOPS_AGE_KEY_FILE={given['SOPS_AGE_KEY_FILE']} sops set b.env '[\"TOKEN\"]' '\"{OLDER}\"'"),
            Verb("sops_file_read_back", good[1:], given),
        ],
        "-e",
        f"@{credentials}",
    )
    check, keys, without, first, again, closed, read, overwritten = found
    assert words(check) == ["proven"] * 2 + ["refused"] * 6
    for verdict, says in zip(
        check[2:],
        ["has no app.tokn", "sops edit", "cannot be decrypted here", "in clear", "in clear", "that ends in"],
        strict=True,
    ):
        assert says in verdict["msg"]
    assert words(keys) == ["refused", "proven"]
    assert "set SOPS_AGE_KEY_FILE" in keys[0]["msg"]
    assert words(without) == ["refused"]
    assert "Install sops 3.11 or newer" in without[0]["msg"]
    assert words(first) == ["delivered!"] * 2 + ["not taken"] * 6
    assert words(again) == ["delivered"] * 2
    assert words(closed) == ["not taken"]
    assert words(read) == ["confirmed"] * 2 + ["unreadable", "other"]
    assert words(overwritten) == ["other"]
    assert "older than the one delivered" in overwritten[0]["msg"]
    # SOPS moves a comment at the end of a line above it, when it encrypts.
    lines = sops(playbooks, environment, "decrypt", "prod/a.yaml").splitlines()
    assert lines == YAML.replace("other: kept # yes", "# yes\nother: kept").replace("old", CANARY, 1).splitlines()
    for text in (path.read_text(), env.read_text()):
        assert CANARY not in text
        assert NEWER not in text
    assert path.stat().st_mode & 0o777 == 0o640
    for secret in (CANARY, NEWER, OLDER):
        assert secret not in played.output


@heavy
@with_one_core
def test_a_folder_that_may_not_be_written_to_is_left_alone(playbooks: Playbooks, environment: dict[str, str]) -> None:
    path, asked = a_file_and_what_is_asked(playbooks, environment)
    before = path.read_bytes()
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        (check, deliver), _ = carried_out(playbooks, asked, preexec_fn=as_no_superuser)
    finally:
        path.parent.chmod(0o755)
    assert [words(check), words(deliver)] == [["refused"], ["not taken"]]
    assert "cannot be written to" in check[0]["msg"]
    assert deliver[0]["msg"] == check[0]["msg"]
    assert (path.read_bytes(), os.listdir(path.parent)) == (before, ["a.yaml"])


@heavy
@with_one_core
def test_check_mode_leaves_nothing_behind(playbooks: Playbooks, environment: dict[str, str]) -> None:
    path, asked = a_file_and_what_is_asked(playbooks, environment)
    before = path.read_bytes(), path.stat().st_mtime_ns, path.parent.stat().st_mtime_ns
    (check, deliver), played = carried_out(playbooks, asked, "--check")
    assert [words(check), words(deliver)] == [["proven"], ["not taken"]]
    assert "This was check mode: nothing was written." in deliver[0]["msg"]
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.parent.stat().st_mtime_ns) == before
    assert CANARY not in played.output


def a_file_and_what_is_asked(playbooks: Playbooks, environment: dict[str, str]) -> tuple[Path, list[Step]]:
    """Return a file of SOPS, and a check and a delivery into it."""
    path = playbooks.write("prod/a.yaml", YAML)
    sops(playbooks, environment, "encrypt", "-i", "prod/a.yaml")
    given = [item("a", path="prod/a.yaml", key="app.token")]
    return path, [Verb("sops_file_check", given, environment), Verb("sops_file_deliver", given, environment)]
