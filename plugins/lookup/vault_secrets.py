# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vault_secrets
short_description: Read, or prepare, an encrypted file of token secrets
version_added: 0.1.0
author:
  - The community.turso contributors (@community-turso)
description:
  - Reads the C(turso_secrets) of a file that ansible-vault encrypts, with the vault secrets that this run of Ansible has loaded
    from wherever they come (file, script, prompt, several vault ids).
  - With O(add) it returns the encrypted text of the whole file with these secrets put in. Every other entry is kept. If
    nothing changes, that is the text as it is, not encrypted anew. Nothing is written.
  - A file that exists and is not encrypted is an error, and so is a run without vault secrets.
options:
  _terms:
    description: The path of the file on the control node. It need not exist yet. C(~) is expanded.
    type: list
    elements: path
    required: true
  add:
    description:
      - The secrets to put in, by the names of the tokens.
      - Each must be a text that is not empty. A token that was there already has no secret (V(null)); it is refused, so that it
        cannot replace the only copy of the value.
    type: dict
  vault_id:
    description:
      - The vault id to encrypt with.
      - If not given, the file stays encrypted with the secret that opens it, under the id that it has. A new file gets
        C(DEFAULT_VAULT_ENCRYPT_IDENTITY) or the only vault secret there is.
    type: str
"""

EXAMPLES = r"""
- name: Create a token
  community.turso.turso_token:
    name: ci-deploy
    organization: acme
  register: ci_deploy

- name: Keep a new token in an encrypted file
  ansible.builtin.copy:
    content: "{{ lookup('community.turso.vault_secrets', path, add={'ci-deploy': ci_deploy.secret}) }}"
    dest: "{{ path }}"
    mode: "0600"
    decrypt: false
  no_log: true
  when: ci_deploy.secret is not none
  vars:
    path: "{{ playbook_dir }}/group_vars/all/turso.yml"
"""

RETURN = r"""
_raw:
  description: For each file its C(turso_secrets), or with O(add) its encrypted text.
  type: list
  elements: raw
"""

import codecs
import os
from typing import Any, Optional

import yaml
from ansible import constants
from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.parsing.vault import is_encrypted, match_encrypt_secret, parse_vaulttext_envelope
from ansible.plugins.lookup import LookupBase

TOP = "turso_secrets"

Key = tuple[Optional[str], Any]  # the id that a file is labelled with, and the vault secret


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        self.set_options(var_options=variables, direct=kwargs)
        add = self.get_option("add")
        secrets = None if add is None else {_name(name): _secret(name, value) for name, value in add.items()}
        paths = [os.path.expanduser(path) for path in terms]
        return [self._secrets_of(path) if secrets is None else self._text_with(path, secrets) for path in paths]

    def _secrets_of(self, path: str) -> dict[str, str]:
        """Return the secrets in a file; proves on the way that it could be written back."""
        _text, content, key = self._open(path)
        self._encryption(path, key)
        return dict(content[TOP])

    def _text_with(self, path: str, add: dict[str, str]) -> str:
        text, content, key = self._open(path)
        merged = {**content[TOP], **add}
        if text is not None and merged == content[TOP]:
            return text
        vault_id, secret = self._encryption(path, key)
        plain = "---\n" + yaml.safe_dump({**content, TOP: merged}, sort_keys=False, allow_unicode=True)
        encrypted: bytes = self._vault.encrypt(plain, secret=secret, vault_id=vault_id)
        return encrypted.decode("utf-8")

    @property
    def _vault(self) -> Any:
        vault = self._loader._vault
        if not vault.secrets:
            raise AnsibleLookupError(
                "No vault secret is loaded, so the vault file cannot be encrypted. Run with --vault-id or --vault-password-file."
            )
        return vault

    def _open(self, path: str) -> tuple[str | None, dict[str, Any], Key | None]:
        """Return the encrypted text of a file, its content, and what opened it; none, nothing and none where there is no file."""
        if not os.path.lexists(path):
            if not os.access(os.path.dirname(os.path.abspath(path)), os.W_OK):
                raise AnsibleLookupError(f"The vault file {path} does not exist and its folder cannot be written to.")
            return None, {TOP: {}}, None
        raw = _encrypted(path)
        try:
            plain, _known_as, secret = self._vault.decrypt_and_get_vault_id(raw)
        except AnsibleLookupError:
            raise
        except AnsibleError as exc:
            raise AnsibleLookupError(f"No vault secret of this run opens the vault file {path}.") from exc
        return raw.decode("utf-8"), _content(path, plain), (parse_vaulttext_envelope(raw)[3], secret)

    def _encryption(self, path: str, key: Key | None) -> Key:
        """Return the vault id and the secret to encrypt with: those asked for, else those that a file has."""
        secrets = self._vault.secrets
        wanted = self.get_option("vault_id") or None
        if wanted is None and key is not None:
            return key
        wanted = wanted or constants.DEFAULT_VAULT_ENCRYPT_IDENTITY
        try:
            vault_id, secret = match_encrypt_secret(secrets, encrypt_vault_id=wanted)
        except AnsibleError as exc:
            raise AnsibleLookupError(f"No vault secret of this run fits the vault id {wanted!r} for {path}.") from exc
        return vault_id, secret


def _encrypted(path: str) -> bytes:
    """Return what is in a vault file.

    :raises AnsibleLookupError: where it cannot be read, and where Ansible would take it for plain text.
    """
    if os.path.islink(path) or not os.path.isfile(path):
        raise AnsibleLookupError(f"The vault file {path} is not a regular file.")
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except OSError as exc:
        raise AnsibleLookupError(f"The vault file {path} cannot be read: {exc.strerror}.") from exc
    if is_encrypted(raw):
        return raw
    if is_encrypted(raw.removeprefix(codecs.BOM_UTF8).lstrip()):
        raise AnsibleLookupError(
            f"The vault file {path} has a byte order mark or blank lines before its first line ($ANSIBLE_VAULT), so Ansible "
            "takes it for plain text. It was left as it is. Remove what stands before that line; do not encrypt it again."
        )
    raise AnsibleLookupError(
        f"The file {path} exists and is not encrypted. It was left as it is; encrypt it with ansible-vault encrypt."
    )


def _content(path: str, plain: bytes) -> dict[str, Any]:
    """Return the YAML of a vault file, with its secrets by the names of their tokens."""
    try:
        content = yaml.safe_load(plain)
    except Exception:  # noqa: BLE001  # the message of PyYAML, or of what it calls, would quote the plain text
        content = False
    content = {} if content is None else content
    if isinstance(content, dict) and content.get(TOP) is None:
        content[TOP] = {}
    if not isinstance(content, dict) or not isinstance(content[TOP], dict):
        raise AnsibleLookupError(f"The vault file {path} does not hold a dictionary with {TOP}. It was left as it is.")
    content[TOP] = {_name(name): secret for name, secret in content[TOP].items()}
    return content


def _name(name: object) -> str:
    """Return the name of an entry; YAML makes a number of 2026, which is the name '2026'."""
    return _plain(name)


def _secret(name: object, value: object) -> str:
    """Return a secret that is to be put in.

    :raises AnsibleLookupError: for anything but a text that holds something. It does not show the value.
    """
    is_vaulted = getattr(value, "__ENCRYPTED__", False)  # until ansible-core 2.18 not a str
    if not (isinstance(value, str) or is_vaulted) or not str(value).strip():
        what = "null" if value is None else "empty" if isinstance(value, str) else "not a text"
        raise AnsibleLookupError(
            f"add: the secret for {_name(name)!r} is {what}. The file was left as it is. Only a task that created the token has its "
            f"secret; add 'when: NAME.secret is not none', with NAME for what that task registers."
        )
    return _plain(value)


def _plain(text: object) -> str:
    """Return nothing but a str: PyYAML refuses ansible-core's own kinds of text, and quotes them in its error."""
    return "".join(str(text))
