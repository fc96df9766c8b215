# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup vault_secrets stands on the code that the role keeps values with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret

from ansible_collections.community.turso.plugins.lookup.vault_secrets import LookupModule
from ansible_collections.community.turso.plugins.plugin_utils import _vault_crypt

PLAIN = "---\n# who needs what\nturso_secrets:\n  ci: hush  # of the pipeline\nother: [kept]\n"


class Lookup(LookupModule):
    """Takes its options as they are given: what Ansible makes of its documentation is Ansible's."""

    def set_options(self, *_: Any, direct: Any = None, **__: Any) -> None:
        self._given = dict(direct)

    def get_option(self, option: str, *_: Any, **__: Any) -> Any:
        return self._given.get(option)


def loader_with(**secrets: str) -> Any:
    loader = DataLoader()
    loader.set_vault_secrets([(label, VaultSecret(secret.encode())) for label, secret in secrets.items()])
    return loader


def encrypted(loader: Any, path: Path, plain: str) -> bytes:
    content: bytes = loader._vault.encrypt(plain)
    path.write_bytes(content)
    return content


def looked_up(loader: Any, path: Path, **options: Any) -> Any:
    (found,) = Lookup(loader=loader).run([str(path)], **options)
    return found


def test_everything_else_in_the_file_stays_as_it_is(tmp_path: Path) -> None:
    loader, path = loader_with(default="correct horse"), tmp_path / "vault.yml"
    encrypted(loader, path, PLAIN)
    path.write_text(looked_up(loader, path, add={"ci": "new"}))
    file = _vault_crypt.opened(loader, str(path))
    assert file is not None
    assert file.text == PLAIN.replace("hush", '"new"')


def test_what_changes_nothing_is_the_file_as_it_is(tmp_path: Path) -> None:
    loader, path = loader_with(default="correct horse"), tmp_path / "vault.yml"
    before = encrypted(loader, path, PLAIN)
    for add in ({"ci": "hush"}, {}):
        assert looked_up(loader, path, add=add) == before.decode()


def test_a_new_file_holds_what_is_put_in(tmp_path: Path) -> None:
    loader, path = loader_with(default="correct horse"), tmp_path / "vault.yml"
    assert looked_up(loader, path) == {}
    for add in ({}, {"ci": "value"}):
        path.unlink(missing_ok=True)
        text = looked_up(loader, path, add=add)
        path.write_text(text)
        assert looked_up(loader, path) == add


def test_what_is_no_text_is_not_returned(tmp_path: Path) -> None:
    loader, path = loader_with(default="correct horse"), tmp_path / "vault.yml"
    encrypted(loader, path, "turso_secrets: {ci: value, 2026: other, gone: null}\n")
    assert looked_up(loader, path) == {"ci": "value", "2026": "other"}


TWO = {"first": "correct horse", "second": "battery staple"}
REFUSED: dict[str, tuple[dict[str, str], str, dict[str, Any], str]] = {
    "a link": (TWO, "link.yml", {}, "is not a regular file"),
    "a folder that is not there": (TWO, "none/vault.yml", {}, "does not exist"),
    "no vault secret": ({}, "vault.yml", {}, "No vault secret is loaded"),
    "another vault secret": ({"default": "wrong"}, "vault.yml", {}, "No vault secret of this run opens"),
    "a plain file": (TWO, "plain.yml", {"add": {"ci": "new"}}, "is not encrypted"),
    "a new file and several vault ids": (TWO, "new.yml", {"add": {"ci": "new"}}, "Set vault_id to one of them"),
    "a vault id that is not loaded": (TWO, "new.yml", {"vault_id": "third"}, "has the vault id third"),
    "a null secret": (TWO, "vault.yml", {"add": {"ci": None}}, "the secret for 'ci' is null"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_it_refuses_and_shows_no_value(tmp_path: Path, why: str) -> None:
    secrets, name, options, says = REFUSED[why]
    encrypted(loader_with(**TWO), tmp_path / "vault.yml", PLAIN)
    (tmp_path / "link.yml").symlink_to(tmp_path / "vault.yml")
    (tmp_path / "plain.yml").write_text(PLAIN)
    with pytest.raises(AnsibleLookupError) as refused:
        looked_up(loader_with(**secrets), tmp_path / name, **options)
    assert says in str(refused.value)
    assert not [word for word in ("hush", "new'", "correct", "battery") if word in str(refused.value)]
