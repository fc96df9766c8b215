# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files as ansible-vault encrypts them, without starting it: that costs half a second each."""

from __future__ import annotations

from pathlib import Path

from ansible.parsing.vault import VaultLib, VaultSecret


def encrypt(path: Path, password: str) -> None:
    """Encrypt a file in place, with a password as it stands in a file of its own."""
    content: bytes = VaultLib([]).encrypt(path.read_text(), secret=_secret(password))
    path.write_bytes(content)


def view(path: Path, password: str) -> str:
    """Return what is in an encrypted file."""
    content: bytes = VaultLib([("default", _secret(password))]).decrypt(path.read_bytes())
    return content.decode()


def _secret(password: str) -> VaultSecret:
    return VaultSecret(password.strip().encode())
