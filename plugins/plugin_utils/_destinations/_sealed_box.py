# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Seal a value for GitHub, which alone can open it. Needs PyNaCl. Private to this collection."""

from __future__ import annotations

import base64
import binascii
import sys
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused

try:
    from nacl.public import PublicKey, SealedBox
except ImportError:
    PublicKey = SealedBox = None


def need_pynacl() -> None:
    """Raise Refused, with the command that installs it, where PyNaCl is missing."""
    if SealedBox is None:
        raise Refused(
            "values can't be sealed for GitHub without the library PyNaCl on the control node. "
            f"Install it: {sys.executable} -m pip install 'pynacl>=1.2'"
        )


def sealed(value: str, key: Any) -> str:
    """Return a value that only the owner of a public key can read, in base64.

    :param key: the public key in base64, as GitHub answers it.
    :raises Refused: it is no public key.
    """
    need_pynacl()
    try:
        box = SealedBox(PublicKey(base64.b64decode(str(key), validate=True)))
    except (ValueError, TypeError, binascii.Error) as exc:
        raise Refused("GitHub returned an invalid public key, so nothing was sent. Run this again later") from exc
    return base64.b64encode(box.encrypt(value.encode("utf-8", "surrogatepass"))).decode()
