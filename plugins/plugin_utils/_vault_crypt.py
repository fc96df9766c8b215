# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open and encrypt a file with ansible-core's own vault code, and the vault secrets that this run has loaded.

Private: for this collection only. Runs on the control node.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Any, Optional

from ansible import constants
from ansible.errors import AnsibleError
from ansible.parsing.vault import (
    AnsibleVaultFormatError,
    is_encrypted,
    match_encrypt_secret,
    parse_vaulttext_envelope,
)

from ansible_collections.community.turso.plugins.module_utils import _files
from ansible_collections.community.turso.plugins.module_utils._errors import Refused

Encryption = tuple[Optional[str], Any]  # the vault id that labels a file, and the vault secret


@dataclasses.dataclass(frozen=True, repr=False)
class Opened:
    """A decrypted file; it shows nothing of itself."""

    raw: bytes
    text: str
    encryption: Encryption


def vault_of(loader: Any, path: str) -> Any:
    vault = loader._vault  # the only way to it on ansible-core 2.16 to 2.22
    if not vault.secrets:
        raise Refused(
            f"No vault secret is loaded, so the vault file {path} can be neither opened nor encrypted. It was not changed. "
            "Run this with --vault-id, --vault-password-file or --ask-vault-pass."
        )
    return vault


def opened(loader: Any, path: str) -> Opened | None:
    """Return what a file holds and what opened it; none where there is no file."""
    vault = vault_of(loader, path)
    raw = _content_of(path)
    if raw is None:
        return None
    _check_encrypted(path, raw)
    try:
        plain, _known_as, secret = vault.decrypt_and_get_vault_id(raw)
        label = parse_vaulttext_envelope(raw)[3]
    except AnsibleVaultFormatError as exc:
        raise Refused(
            f"The vault file {path} is damaged: what follows $ANSIBLE_VAULT is not what ansible-vault writes. It was not changed. "
            "Restore it from a backup or from git."
        ) from exc
    except AnsibleError as exc:
        raise Refused(
            f"No vault secret of this run opens the vault file {path}. It was not changed. Run this with the vault id or "
            "password that it was encrypted with."
        ) from exc
    text = plain.decode("utf-8", "replace")
    if text.encode("utf-8") != plain:
        raise not_understood(path, "it is not UTF-8")
    return Opened(raw, text, (label, secret))


def _content_of(path: str) -> bytes | None:
    target = _files.target_of(path)
    if os.path.lexists(target) and not os.path.isfile(target):
        raise Refused(f"The vault file {path} is not a regular file. Choose the path of a regular file.")
    try:
        with open(target, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise Refused(
            f"The vault file {path} cannot be read: {exc.strerror}. It was not changed. Run this as a user who may read it."
        ) from exc


def _check_encrypted(path: str, raw: bytes) -> None:
    if is_encrypted(raw):
        return
    if is_encrypted(raw.removeprefix(b"\xef\xbb\xbf").lstrip()):
        raise Refused(
            f"The vault file {path} has a byte order mark or blank space before $ANSIBLE_VAULT, so Ansible reads it as "
            "plain text. It was not changed. Remove everything before $ANSIBLE_VAULT."
        )
    raise Refused(f"The file {path} exists and is not encrypted. It was not changed. Run ansible-vault encrypt {path}.")


def not_understood(path: str, problem: str) -> Refused:
    return Refused(
        f"The vault file {path} cannot be read: {problem}. It was not changed. Correct it with ansible-vault edit {path}."
    )


def encryption(loader: Any, path: str, file: Opened | None, vault_id: str | None) -> Encryption:
    """Return what to encrypt with: the vault id asked for, else what the file has, else the only one there is."""
    wanted = vault_id or None
    if wanted is None and file is not None:
        return file.encryption
    wanted = wanted or constants.DEFAULT_VAULT_ENCRYPT_IDENTITY
    secrets = vault_of(loader, path).secrets
    known = sorted({str(label) for label, _secret in secrets})
    if wanted is None and len(known) > 1:
        raise Refused(
            f"The vault file {path} does not exist yet, and several vault ids are loaded: {', '.join(known)}. Nothing was "
            "written. Set vault_id to one of them; in the role, turso_rotate_vault_id."
        )
    try:
        label, secret = match_encrypt_secret(secrets, encrypt_vault_id=wanted)
    except AnsibleError as exc:
        raise Refused(
            f"No vault secret of this run has the vault id {wanted}, which {path} needs. Nothing was written. Loaded vault "
            f"ids: {', '.join(known)}. Load this one with --vault-id, or set another one."
        ) from exc
    return label, secret


def encrypted(loader: Any, path: str, text: str, by: Encryption) -> bytes:
    """Return a text as ansible-vault would write it."""
    label, secret = by
    try:
        content: bytes = vault_of(loader, path).encrypt(text, secret=secret, vault_id=label)
    except AnsibleError as exc:
        raise Refused(
            f"The vault file {path} cannot be encrypted. It was not changed. Check the vault secrets."
        ) from exc
    return content
