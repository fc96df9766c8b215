# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup vault_secrets: what it puts into a vault file, and what it refuses to put there."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests import vaults
from tests.playbooks import Playbooks, cases, heavy, with_one_core

SECRET = "correct horse"
PASSWORD = ("--vault-password-file", "password")
FILE = "secrets.yml"


@pytest.fixture
def encrypt(playbooks: Playbooks) -> Any:
    """Encrypt a text as the vault file; with something before it."""
    playbooks.write("password", SECRET + "\n")

    def run(plain: str, before: bytes = b"") -> None:
        path = playbooks.write(FILE, plain)
        vaults.encrypt(path, SECRET)
        path.write_bytes(before + path.read_bytes())

    return run


def written(playbooks: Playbooks) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(vaults.decrypted(playbooks.directory / FILE, SECRET))
    return content


def put(*added: str, **variables: Any) -> list[dict[str, Any]]:
    """Return a play that puts in each of these templates of a dictionary, one after the other, whatever becomes of it."""
    tasks = [
        {
            "ansible.builtin.copy": {
                "content": "{{ lookup('community.turso.vault_secrets', path, add=" + each + ") }}",
                "dest": "{{ path | expanduser }}",
                "mode": "0600",
                "decrypt": False,
            },
            "ignore_errors": True,
        }
        for each in added
    ]
    return [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"path": f"{{{{ playbook_dir }}}}/{FILE}", **variables},
            "tasks": tasks,
        }
    ]


REFUSED = {
    "null": "{'ci': blank}",
    "empty": "{'ci': ''}",
    "blank": "{'ci': ' '}",
    "a number": "{'ci': 7}",
    "a list": "{'ci': ['hush']}",
    "one of two": "{'new': 'hush', 'ci': blank}",
}


@heavy
def test_only_texts_are_put_in(playbooks: Playbooks, encrypt: Any) -> None:
    encrypt("turso_secrets:\n  ci: the only copy\n  2026: old\n")
    before = (playbooks.directory / FILE).read_bytes()
    refused = playbooks.play(put(*REFUSED.values(), blank=None), *PASSWORD)
    assert refused.recap["ignored"] == len(REFUSED), refused.output
    assert refused.output.count("add: the secret for 'ci' is") >= len(REFUSED)
    assert "hush" not in refused.output.replace("'hush'", "")  # the template itself is the user's
    assert (playbooks.directory / FILE).read_bytes() == before
    taken = playbooks.play(put("{'ci': made}", "{2026: 'new'}", "{'2027': 'text'}", made="new value"), *PASSWORD)
    assert taken.recap.get("ignored", 0) == 0, taken.output
    assert written(playbooks)["turso_secrets"] == {"ci": "new value", 2026: "new", "2027": "text"}


EMPTY = {"nothing below turso_secrets": "turso_secrets:\nother: kept\n", "no turso_secrets": "other: kept\n"}


@with_one_core
@pytest.mark.parametrize("content", cases(EMPTY.items(), sample=("no turso_secrets",)))
def test_a_file_without_secrets_is_filled(playbooks: Playbooks, encrypt: Any, content: str) -> None:
    encrypt(content)
    played = playbooks.play(put("{'ci': 'value'}"), *PASSWORD)
    assert played.recap.get("ignored", 0) == 0, played.output
    assert written(playbooks) == {"other": "kept", "turso_secrets": {"ci": "value"}}


@heavy
@with_one_core
def test_the_home_of_the_user_is_found(playbooks: Playbooks, encrypt: Any) -> None:
    encrypt("turso_secrets: {}\n")
    (playbooks.directory / FILE).rename(playbooks.directory / "home" / FILE)
    played = playbooks.play(put("{'ci': 'value'}", path=f"~/{FILE}"), *PASSWORD)
    assert played.recap.get("ignored", 0) == 0, played.output
    (playbooks.directory / "home" / FILE).rename(playbooks.directory / FILE)
    assert written(playbooks)["turso_secrets"] == {"ci": "value"}


@with_one_core
@pytest.mark.parametrize(
    "before", cases([("BOM", b"\xef\xbb\xbf"), ("line", b"\n"), ("both", b"\xef\xbb\xbf\r\n \n")], sample=("both",))
)
def test_what_stands_before_the_first_line_is_told(playbooks: Playbooks, encrypt: Any, before: bytes) -> None:
    encrypt("turso_secrets: {}\n", before)
    played = playbooks.play(put("{'ci': 'value'}"), *PASSWORD)
    assert played.recap["ignored"] == 1
    assert "Remove everything before $ANSIBLE_VAULT" in played.output
    assert "Run ansible-vault encrypt" not in played.output
