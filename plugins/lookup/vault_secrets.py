# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: vault_secrets
short_description: Read the values of tokens from an encrypted file, or add values to its text
version_added: 0.1.0
author:
  - The community.turso contributors (@community-turso)
description:
  - Returns the C(turso_secrets) of an Ansible Vault file. It uses the vault secrets that this run of Ansible has loaded, from a
    file, a script, a prompt, or several vault ids.
  - With O(add) it returns the encrypted text of the whole file with these values added. The rest of the file stays the same. If
    nothing changes, it returns the text of the file unchanged. It writes nothing.
  - It does not return a value that is not a text, such as V(null).
  - It fails if the file exists and is not encrypted, and if the run has no vault secrets.
options:
  _terms:
    description: The path of the file on the control node. The file may be missing. C(~) is expanded.
    type: list
    elements: path
    required: true
  add:
    description:
      - The values to add, by the names of the tokens.
      - Each value must be a text that is not empty. The result of a task for a token that existed already has no value
        (V(null)). The lookup refuses it, so that it does not replace the only copy of the value.
    type: dict
  vault_id:
    description:
      - The vault id to encrypt with.
      - The default is the secret that opens the file, with the vault id that the file has. For a new file it is
        C(DEFAULT_VAULT_ENCRYPT_IDENTITY), or the only vault secret that is loaded.
    type: str
"""

EXAMPLES = r"""
- name: Create a token
  community.turso.turso_token:
    name: ci-deploy
    organization: acme
  register: ci_deploy

- name: Save the value of a new token in an encrypted file
  ansible.builtin.copy:
    content: "{{ lookup('community.turso.vault_secrets', path, add={'ci-deploy': ci_deploy.secret}) }}"
    dest: "{{ path }}"
    mode: "0600"
    decrypt: false
  no_log: true
  when: ci_deploy.secret is not none
  vars:
    path: "{{ playbook_dir }}/turso-secrets.yml"

- name: Check a value that the file holds
  community.turso.turso_token_info:
    api_token: "{{ lookup('community.turso.vault_secrets', playbook_dir ~ '/turso-secrets.yml')['ci-deploy'] }}"
    validate: true
"""

RETURN = r"""
_raw:
  description: For each file its C(turso_secrets), or with O(add) its encrypted text.
  type: list
  elements: raw
"""

import os
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ansible_collections.community.turso.plugins.module_utils import _files
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils import _vault_crypt, _vault_file


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        self.set_options(var_options=variables, direct=kwargs)
        add = self.get_option("add")
        secrets = None if add is None else {_plain(name): _secret(name, value) for name, value in add.items()}
        paths = [os.path.expanduser(path) for path in terms]
        try:
            return [self._secrets_of(path) if secrets is None else self._text_with(path, secrets) for path in paths]
        except Refused as exc:
            raise AnsibleLookupError(exc.msg) from exc

    def _secrets_of(self, path: str) -> dict[str, str]:
        """Return the secrets in a file; proves on the way that it could be written back."""
        _check_place(path)
        file = _vault_crypt.opened(self._loader, path)
        _vault_crypt.encryption(self._loader, path, file, self.get_option("vault_id"))
        return _vault_file.read(self._loader, path) or {}

    def _text_with(self, path: str, add: dict[str, str]) -> str:
        _check_place(path)
        content, warnings = _vault_file.encrypted_with(self._loader, path, self.get_option("vault_id"), add)
        for warning in warnings:
            Display().warning(warning)
        return content.decode("utf-8")


def _check_place(path: str) -> None:
    """Refuse what the user's task could not write back.

    :raises Refused: a new file could not be made, or a link would be replaced by a file.
    """
    if os.path.islink(path):
        raise Refused(f"The vault file {path} is not a regular file. Choose the path of a regular file.")
    if not os.path.lexists(path):
        _files.check_replaceable(path, rehearse=False)


def _secret(name: object, value: object) -> str:
    """Return a secret that is to be put in.

    :raises AnsibleLookupError: for anything but a text that holds something. It does not show the value.
    """
    is_vaulted = getattr(value, "__ENCRYPTED__", False)  # until ansible-core 2.18 not a str
    if not (isinstance(value, str) or is_vaulted) or not str(value).strip():
        what = "null" if value is None else "empty" if isinstance(value, str) else "not a text"
        raise AnsibleLookupError(
            f"add: the secret for {_plain(name)!r} is {what}. The file was not changed. Only the task that created the "
            "token has its secret. Add 'when: NAME.secret is not none', where NAME is the registered result of that task."
        )
    return _plain(value)


def _plain(text: object) -> str:
    """Return nothing but a str: PyYAML refuses ansible-core's own kinds of text, and quotes them in its error."""
    return "".join(str(text))
