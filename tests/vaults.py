# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Encrypt and read files as ansible-vault does, in this process: the command costs as much as a short play."""

from __future__ import annotations

from pathlib import Path

from ansible.parsing.vault import VaultLib, VaultSecret


def encrypt(path: Path, password: str) -> None:
    path.write_bytes(_with(password).encrypt(path.read_bytes()))


def decrypted(path: Path, password: str) -> str:
    text: bytes = _with(password).decrypt(path.read_bytes())
    return text.decode()


def _with(password: str) -> VaultLib:
    return VaultLib([("default", VaultSecret(password.strip().encode()))])  # as Ansible reads it from a file
