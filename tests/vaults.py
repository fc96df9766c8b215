# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Encrypt and read files as ansible-vault does, which as a command costs as much as a short play.

A process of its own does it, once for all files: where Ansible's control node was imported, modules read their arguments in
another way (see tests/on_control_node).
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path


def encrypt(path: Path, password: str) -> None:
    path.write_bytes(_elsewhere().submit(_vaulted, "encrypt", path.read_bytes(), password).result())


def decrypted(path: Path, password: str) -> str:
    return _elsewhere().submit(_vaulted, "decrypt", path.read_bytes(), password).result().decode()


@functools.cache
def _elsewhere() -> ProcessPoolExecutor:
    apart = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(max_workers=1, mp_context=apart, initializer=_end_with_the_parent)


def _end_with_the_parent() -> None:
    def wait() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def _vaulted(action: str, content: bytes, password: str) -> bytes:
    from ansible.parsing.vault import VaultLib, VaultSecret  # noqa: PLC0415

    vault = VaultLib([("default", VaultSecret(password.strip().encode()))])  # a password file ends with a line break
    result: bytes = getattr(vault, action)(content)
    return result
