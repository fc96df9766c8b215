# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vault file: encrypted at every moment, nothing else in it touched, and told beforehand what would fail."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from ansible import constants
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.community.turso.plugins.module_utils import _files, _locks
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils import _vault_crypt
from ansible_collections.community.turso.plugins.plugin_utils._vault_file import (
    LOST,
    NotSeenAgain,
    Written,
    check,
    merge,
    read,
)

PLAIN_HEADER, PROD_HEADER = b"$ANSIBLE_VAULT;1.1;AES256\n", b"$ANSIBLE_VAULT;1.2;AES256;prod\n"


def loader_with(**secrets: str) -> Any:
    """Return what an action plugin has: a loader with vault secrets, by their ids."""
    loader = DataLoader()
    loader.set_vault_secrets([(label, VaultSecret(secret.encode())) for label, secret in secrets.items()])
    return loader


LOADER = loader_with(default="correct horse")
PROD = loader_with(dev="battery staple", prod="correct horse")


def encrypted(text: str | bytes, label: str | None = None, password: str = "correct horse") -> bytes:
    content: bytes = VaultLib([]).encrypt(text, secret=VaultSecret(password.encode()), vault_id=label)
    return content


def opened(path: Path) -> str:
    plain: bytes = VaultLib([("default", VaultSecret(b"correct horse"))]).decrypt(path.read_bytes())
    return plain.decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault.yml"


def test_a_new_file_is_encrypted_with_the_only_secret_there_is(path: Path) -> None:
    assert read(LOADER, str(path)) is None
    check(LOADER, str(path), None)
    assert not path.exists()
    assert merge(LOADER, str(path), None, {"ci": "s1", "2026": "s2"}) == Written(changed=True)
    assert path.read_bytes().startswith(PLAIN_HEADER)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read(LOADER, str(path)) == {"ci": "s1", "2026": "s2"}
    assert opened(path) == '---\nturso_secrets:\n  ci: "s1"\n  "2026": "s2"\n'
    assert sorted(os.listdir(path.parent)) == ["vault.yml", "vault.yml.lock"]


def test_what_is_there_already_is_not_encrypted_anew(path: Path) -> None:
    merge(LOADER, str(path), None, {"ci": "s1", "b": "s2"})
    before = path.read_bytes(), path.stat().st_ino
    assert merge(LOADER, str(path), None, {"ci": "s1"}) == Written(changed=False)
    assert (path.read_bytes(), path.stat().st_ino) == before


def test_everything_else_in_the_file_stays(path: Path) -> None:
    text = "# ours\nturso_secrets:\n  ci: old  # rotated\n  b: &b kept\nkey: |\n  -----BEGIN\nother: *b\n"
    path.write_bytes(encrypted(text))
    assert merge(LOADER, str(path), None, {"ci": "new"}) == Written(changed=True)
    assert opened(path) == text.replace("old", '"new"')


def test_what_cannot_be_kept_is_told(path: Path) -> None:
    path.write_bytes(encrypted("turso_secrets:\n  ci: &ci old  # rotated\n  b: *ci\n"))
    assert merge(LOADER, str(path), None, {"ci": "new"}) == Written(True, [LOST.format(path=path)])
    assert read(LOADER, str(path)) == {"ci": "new", "b": "old"}


@pytest.mark.parametrize(
    ("label", "header"),
    [(None, PLAIN_HEADER), ("prod", PROD_HEADER), ("unknown", PROD_HEADER.replace(b"prod", b"unknown"))],
)
def test_a_file_stays_encrypted_with_what_opens_it_under_its_own_label(
    path: Path, label: str | None, header: bytes
) -> None:
    path.write_bytes(encrypted("turso_secrets: {}\n", label))
    check(PROD, str(path), None)
    merge(PROD, str(path), None, {"ci": "s1"})
    assert path.read_bytes().startswith(header)
    assert read(LOADER, str(path)) == {"ci": "s1"}


def test_the_vault_id_asked_for_encrypts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    merge(PROD, str(path), "prod", {"ci": "s1"})
    assert path.read_bytes().startswith(PROD_HEADER)
    path.unlink()
    monkeypatch.setattr(constants, "DEFAULT_VAULT_ENCRYPT_IDENTITY", "prod", raising=False)
    merge(PROD, str(path), None, {"ci": "s1"})
    assert path.read_bytes().startswith(PROD_HEADER)


def test_owner_mode_and_link_are_kept(path: Path) -> None:
    target = path.parent / "target.yml"
    target.write_bytes(encrypted("turso_secrets: {}\n"))
    target.chmod(0o640)
    path.symlink_to("target.yml")
    check(LOADER, str(path), None)
    merge(LOADER, str(path), None, {"ci": "s1"})
    assert path.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert read(LOADER, str(target)) == {"ci": "s1"}
    assert (path.parent / "target.yml.lock").exists()


def test_a_tilde_is_the_home_of_the_user(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(path.parent))
    merge(LOADER, "~/vault.yml", None, {"ci": "s1"})
    assert path.exists()
    check(LOADER, "~/vault.yml", None)
    assert read(LOADER, "~/vault.yml") == {"ci": "s1"}


def test_values_that_are_encrypted_once_more_are_read_and_kept(path: Path) -> None:
    inline = encrypted("inner").decode().replace("\n", "\n    ")
    path.write_bytes(encrypted(f"turso_secrets:\n  a: !vault |\n    {inline}\nz: !vault |\n    {inline}\n"))
    before = opened(path)
    check(LOADER, str(path), None)
    assert read(LOADER, str(path)) == {"a": "inner"}
    assert merge(LOADER, str(path), None, {"a": "inner"}) == Written(changed=False)
    merge(LOADER, str(path), None, {"ci": "s1"})
    assert opened(path).replace('  ci: "s1"\n', "") == before


def test_what_is_no_text_is_no_value(path: Path) -> None:
    path.write_bytes(encrypted("turso_secrets: {a: , b: [1], c: {d: e}, f: 5, g: ''}\n"))
    assert read(LOADER, str(path)) == {"f": "5", "g": ""}


REFUSED: list[tuple[str, bytes, Any, str | None, str]] = [  # what is there, the secrets, the id asked for, what is said
    ("no secret is loaded", encrypted("a: 1"), loader_with(), None, "No vault secret is loaded.*--vault-password-file"),
    (
        "another password",
        encrypted("a: 1"),
        loader_with(x="y"),
        None,
        "No vault secret of this run opens.*Run this with the vault id",
    ),
    ("an unknown id", encrypted("a: 1"), LOADER, "prod", "has the vault id prod.*Loaded vault ids: default"),
    ("a plain file", b"turso_secrets: {ci: hunter2}\n", LOADER, None, "is not encrypted.*Run ansible-vault encrypt"),
    ("an empty file", b"", LOADER, None, "is not encrypted"),
    ("an empty line first", b"\n" + encrypted("a: 1"), LOADER, None, "blank space before .ANSIBLE_VAULT"),
    (
        "a byte order mark",
        b"\xef\xbb\xbf" + encrypted("a: 1"),
        LOADER,
        None,
        "has a byte order mark.*Remove everything before",
    ),
    ("a cut file", encrypted("a: 1")[:-40], LOADER, None, "is damaged|opens the vault file"),
    ("a header alone", b"$ANSIBLE_VAULT;1.1;AES256\nzz\n", LOADER, None, "is damaged"),
    ("bytes that are no text", encrypted(b"\xff\xfeh"), LOADER, None, "it is not UTF-8"),
    ("no YAML", encrypted("a: 1\nb: 'hunter2\n"), LOADER, None, "line 3 is not YAML.*ansible-vault edit"),
    ("a list", encrypted("- hunter2\n"), LOADER, None, "the text is not a dictionary"),
    (
        "a text for the secrets",
        encrypted("turso_secrets: hunter2\n"),
        LOADER,
        None,
        "turso_secrets is not a dictionary",
    ),
    (
        "an inner value of another password",
        encrypted(
            f"turso_secrets: {{ci: !vault '{encrypted('hunter2', None, 'other').decode()}'}}\n".replace("\n", "\n\n")
        ),
        LOADER,
        None,
        "no vault secret of this run opens the !vault value of ci",
    ),
]


@pytest.mark.parametrize(
    ("content", "loader", "vault_id", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
@pytest.mark.parametrize("rehearse", [True, False])
def test_is_refused_beforehand_and_left_as_it_is(
    path: Path, content: bytes, loader: Any, vault_id: str | None, says: str, rehearse: bool
) -> None:
    path.write_bytes(content)
    actions: list[Callable[[], Any]] = [
        lambda: check(loader, str(path), vault_id, rehearse=rehearse),
        lambda: merge(loader, str(path), vault_id, {"new": "hunter3"}),
    ]
    for action in actions if vault_id else [*actions, lambda: read(loader, str(path))]:
        with pytest.raises(Refused, match=says) as refused:
            action()
        assert str(path) in refused.value.msg
        assert "hunter" not in refused.value.msg
    assert path.read_bytes() == content


def test_a_merge_key_that_would_be_in_the_way_is_told_beforehand(path: Path) -> None:
    path.write_bytes(encrypted("b: &b {turso_secrets: {ci: x}}\n<<: *b\n"))
    with pytest.raises(Refused, match="comes from a merge key"):
        check(LOADER, str(path), None)


def test_a_new_file_wants_one_of_several_vault_ids_named(path: Path) -> None:
    for action in (lambda: check(PROD, str(path), None), lambda: merge(PROD, str(path), None, {"ci": "s1"})):
        with pytest.raises(Refused, match=r"several vault ids are loaded: dev, prod\..*turso_rotate_vault_id"):
            action()
    assert not path.exists()


def test_a_vault_secret_that_cannot_encrypt_is_refused(path: Path) -> None:
    loader = loader_with(default="x")
    loader._vault.secrets = [("default", None)]
    with pytest.raises(Refused, match=r"cannot be encrypted\. It was not changed"):
        merge(loader, str(path), None, {"ci": "hunter2"})
    assert not path.exists()


def test_a_place_that_is_no_file_or_cannot_be_read_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="is not a regular file"):
        read(LOADER, str(path.parent))
    with pytest.raises(Refused, match=r"folder .* does not exist"):
        check(LOADER, str(path / "in" / "nothing"), None)

    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_vault_crypt, "open", denied, raising=False)
    with pytest.raises(Refused, match="cannot be read: Permission denied"):
        read(LOADER, str(path))


@pytest.mark.parametrize("secret", [None, "", 5, {"a": "b"}])
def test_only_texts_are_written(path: Path, secret: Any) -> None:
    """A task that created nothing returns null for the secret."""
    merge(LOADER, str(path), None, {"ci": "s1"})
    before = path.read_bytes()
    with pytest.raises(Refused, match=r"is not a text, or is empty\. Nothing was written"):
        merge(LOADER, str(path), None, {"ci": secret})
    assert path.read_bytes() == before


def test_a_check_without_a_rehearsal_writes_nothing(path: Path) -> None:
    before = path.parent.stat().st_mtime_ns
    check(LOADER, str(path), None, rehearse=False)
    assert path.parent.stat().st_mtime_ns == before


AT_ONCE = [  # what somebody who takes no lock writes at once, what is said
    (encrypted("turso_secrets: {ci: older}\n"), "it does not hold what was written into it"),
    (b"turso_secrets: {ci: hunter2}\n", "exists and is not encrypted"),
]


@pytest.mark.parametrize(("content", "says"), AT_ONCE)
def test_a_file_that_somebody_changes_at_once_is_told_apart_from_one_that_was_not_written(
    path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, says: str
) -> None:
    replaced = _files.replaced

    def and_again(name: str, written: bytes) -> None:
        replaced(name, written)
        replaced(name, content)

    monkeypatch.setattr(_files, "replaced", and_again)
    with pytest.raises(NotSeenAgain, match=says) as refused:
        merge(LOADER, str(path), None, {"ci": "hunter2"})
    assert "so no token was revoked" in refused.value.msg
    assert "hunter2" not in refused.value.msg


def _merge_some(path: str, name: str, rounds: int) -> None:
    for number in range(rounds):
        merge(LOADER, path, None, {f"{name}{number}": name})


def test_two_runs_at_once_lose_nothing_of_each_other(path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    runs = [fork.Process(target=_merge_some, args=(str(path), name, 5)) for name in ("a", "b")]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(read(LOADER, str(path)) or {}) == 10


def test_whoever_waits_for_the_lock_is_told(path: Path) -> None:
    told: list[str] = []
    actions: list[Callable[[], Any]] = [
        lambda: check(LOADER, str(path), None, wait_seconds=0, on_wait=told.append),
        lambda: merge(LOADER, str(path), None, {"ci": "s1"}, wait_seconds=0, on_wait=told.append),
    ]
    for action in actions:
        with _locks.locked(str(path)), pytest.raises(Refused, match=r"was held for 0 seconds by process \d+"):
            action()
    assert len(told) == 2


def test_nothing_plain_is_ever_on_the_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    monkeypatch.setattr(os, "fsync", lambda handle: written.append(Path(f"/proc/self/fd/{handle}").resolve()))
    replace = os.replace

    def looking(source: str, target: str) -> None:
        assert Path(source).read_bytes().startswith(PLAIN_HEADER)
        replace(source, target)

    monkeypatch.setattr(os, "replace", looking)
    merge(LOADER, str(path), None, {"ci": "hunter2"})
    assert written
    assert yaml.safe_load(opened(path)) == {"turso_secrets": {"ci": "hunter2"}}


def test_what_is_open_shows_nothing_of_itself(path: Path) -> None:
    path.write_bytes(encrypted("turso_secrets: {ci: hunter2}\n"))
    assert "hunter2" not in repr(_vault_crypt.opened(LOADER, str(path)))


def test_texts_of_ansible_are_written_as_texts(path: Path) -> None:
    class Tagged(str):
        __slots__ = ()

    merge(LOADER, Tagged(path), None, {Tagged("ci"): Tagged("s1")})
    assert read(LOADER, str(path)) == {"ci": "s1"}
