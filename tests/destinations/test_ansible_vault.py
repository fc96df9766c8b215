# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`ansible_vault`: a variable in a file that ansible-vault encrypts, opened again with ansible-vault itself."""

from __future__ import annotations

import os
from pathlib import Path

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

TEXT = "---\n# the shop\nother: kept # yes\ntoken: {}\n\nnested:\n  - 1\nsecond: '{}' # rotated\n"


def encrypted(playbooks: Playbooks, path: Path, text: str, vault_id: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    done = playbooks.run("ansible-vault", "encrypt", str(path), *ids(), "--encrypt-vault-id", vault_id)
    assert done.ok, done.output
    return path


def opened(playbooks: Playbooks, path: Path, vault_id: str) -> str:
    done = playbooks.run("ansible-vault", "view", str(path), "--vault-id", f"{vault_id}@{vault_id}.txt")
    assert done.ok, done.output
    return done.output


def ids() -> list[str]:
    return [part for name in ("dev", "prod") for part in ("--vault-id", f"{name}@{name}.txt")]


def test_nothing_but_the_value_changes(playbooks: Playbooks, tmp_path: Path) -> None:
    for name in ("dev", "prod", "stage"):
        playbooks.write(f"{name}.txt", f"the password of {name}\n")
    path = encrypted(playbooks, tmp_path / "vars" / "prod.yml", TEXT.format("old", OLDER), "prod")
    path.chmod(0o640)
    link = tmp_path / "link.yml"
    link.symlink_to(path)
    other = encrypted(
        playbooks, tmp_path / "vars" / "dev.yml", "token: old\nlist: [1]\nanchor: &a x\nalias: *a\n", "dev"
    )
    plain = playbooks.write("vars/plain.yml", "token: old\n")
    (tmp_path / "vars" / "closed.yml").write_bytes(path.read_bytes().replace(b"3", b"4"))
    good = [
        item("a", path=str(link), variable="token", vault_id="prod"),
        item("b", NEWER, path=str(path), variable="second"),
        item("c", path="vars/dev.yml", variable="token"),
    ]
    bad = [
        item("no variable", path=str(path), variable="tokn"),
        item("no file", path=str(tmp_path / "none.yml"), variable="token"),
        item("not encrypted", path=str(plain), variable="token"),
        item("another vault id", path=str(path), variable="token", vault_id="dev"),
        item("a list", path=str(other), variable="list"),
        item("an alias", path=str(other), variable="alias"),
        item("another password", path="vars/closed.yml", variable="token"),
    ]
    before = {found: found.read_bytes() for found in (path, other, plain)}
    found, played = carried_out(
        playbooks,
        [
            Verb("ansible_vault_check", good + bad),
            Command(f"cmp {path} {tmp_path}/vars/prod.yml && ls -A vars > listed"),
            Verb("ansible_vault_deliver", good + bad),
            Command(f"cp {path} first"),
            Verb("ansible_vault_deliver", good),
            Command(f"cmp {path} first"),
            Verb("ansible_vault_read_back", [*good, bad[0], {**good[0], "secret": None, "wants_value": True}]),
            Command(
                f"printf '%s' 'token: {OLDER}' > vars/dev.yml; ansible-vault encrypt vars/dev.yml --vault-id dev@dev.txt"
            ),
            Verb("ansible_vault_read_back", good[2:]),
        ],
        *ids(),
    )
    check, first, again, read, overwritten = found
    assert words(check) == ["proven"] * 3 + ["refused"] * 7
    assert words(first) == ["delivered!"] * 3 + ["not taken"] * 7
    assert words(again) == ["delivered"] * 3
    assert words(read) == ["confirmed"] * 3 + ["unreadable", "other"]
    assert words(overwritten) == ["other"]
    assert "older than the one delivered" in overwritten[0]["msg"]
    for verdict, says in zip(
        check[3:],
        [
            "has no variable tokn",
            "ansible-vault create",
            "ansible-vault encrypt",
            "vault id prod, and vault_id names dev",
            "is a list or a dictionary",
            "cannot be changed in place",
            "",
        ],
        strict=True,
    ):
        assert says in verdict["msg"]
        assert verdict["msg"]
    assert (
        opened(playbooks, path, "prod").strip()
        == TEXT.format(f'"{CANARY}"', NEWER).replace(f"'{NEWER}'", f'"{NEWER}"').strip()
    )
    assert b";prod\n" in path.read_bytes()
    assert (path.stat().st_mode & 0o777, link.is_symlink(), plain.read_bytes()) == (0o640, True, before[plain])
    assert sorted(os.listdir(path.parent)) == ["closed.yml", "dev.yml", "plain.yml", "prod.yml"]
    for secret in (CANARY, NEWER, OLDER):
        assert secret not in played.output


@heavy
@with_one_core
def test_a_folder_that_may_not_be_written_to_is_left_alone(playbooks: Playbooks, tmp_path: Path) -> None:
    path, asked = a_file_and_what_is_asked(playbooks, tmp_path)
    before = path.read_bytes()
    path.parent.chmod(0o555)
    try:
        (check, deliver), _ = carried_out(playbooks, asked, *ids(), preexec_fn=as_no_superuser)
    finally:
        path.parent.chmod(0o755)
    assert words(check) == ["refused"]
    assert words(deliver) == ["not taken"]
    assert "cannot be written to" in check[0]["msg"]
    assert "Run this as the owner of the file and of its folder" in deliver[0]["msg"]
    assert (path.read_bytes(), os.listdir(path.parent)) == (before, ["prod.yml"])


@heavy
@with_one_core
def test_check_mode_leaves_nothing_behind(playbooks: Playbooks, tmp_path: Path) -> None:
    path, asked = a_file_and_what_is_asked(playbooks, tmp_path)
    before = path.read_bytes(), path.stat().st_mtime_ns, path.parent.stat().st_mtime_ns
    (check, deliver), played = carried_out(playbooks, asked, *ids(), "--check")
    assert [words(check), words(deliver)] == [["proven"], ["not taken"]]
    assert "This was check mode: nothing was written." in deliver[0]["msg"]
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.parent.stat().st_mtime_ns) == before
    assert CANARY not in played.output


def a_file_and_what_is_asked(playbooks: Playbooks, tmp_path: Path) -> tuple[Path, list[Step]]:
    """Return a vault file, and a check and a delivery into it."""
    for name in ("dev", "prod"):
        playbooks.write(f"{name}.txt", f"the password of {name}\n")
    path = encrypted(playbooks, tmp_path / "vars" / "prod.yml", "token: old\n", "prod")
    given = [item("a", path=str(path), variable="token")]
    return path, [Verb("ansible_vault_check", given), Verb("ansible_vault_deliver", given)]
