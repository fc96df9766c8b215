# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret of a KV engine of version 2: what stands there, what is written, and who may. Pure. Private to this collection."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import Refused

# How ansible-core replaces what equals or contains a credential in the result of a module.
_MASKED = re.compile(r"VALUE_SPECIFIED_IN_NO_LOG_PARAMETER|\*{8}")
# Ends of a write that mean: nothing was written. Any other leaves that open. Most are hvac's names for answers.
_UNWRITTEN = re.compile(
    "Permission denied|Unauthorized|Forbidden|InvalidPath|InvalidRequest|PreconditionFailed|RateLimitExceeded"
    "|Failed to establish a new connection"
)


@dataclasses.dataclass(frozen=True)
class Stored:
    """What stands at a path now.

    `version` is that of the newest version, deleted or not, and 0 where there was never one: a write that names it fails if
    somebody else wrote meanwhile. `data` is empty where the newest version was deleted, or where nothing is.
    """

    version: int = 0
    data: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)

    def value(self, key: str) -> str | None:
        """Return what stands under a key, as a text."""
        found = self.data.get(key)
        return None if found is None else str(found)

    def with_value(self, key: str, value: str) -> dict[str, Any]:
        """Return the whole secret with one key replaced. Of a deleted version no other key is brought back."""
        return {**self.data, key: value}


def stored_in(result: Mapping[str, Any], path: str) -> Stored:
    """Read the answer of community.hashi_vault.vault_kv2_get.

    :raises Refused: ansible-core masked a part of the secret, so that writing it back would destroy that part.
    """
    data = result["secret"]
    if _MASKED.search(json.dumps(data)):
        raise Refused(
            f"a key of {path} holds the credential that this run uses for Vault, or a row of asterisks. Ansible masks such "
            "a value, so the secret could not be written back completely. It was not changed. Deliver the token into a "
            "secret of its own"
        )
    return Stored(int(result["metadata"]["version"]), data)


def version_in(metadata: Mapping[str, Any]) -> int:
    """Read the number of the newest version, deleted or not, from the answer to a look at the metadata of a path."""
    return int(metadata["data"]["current_version"])


def missing_capabilities(granted: Iterable[str], stored: Stored) -> list[str]:
    """Return what a token would need besides, to read a secret and to write it.

    :param granted: what Vault says that the token may do there.
    """
    needed = ["read", "update" if stored.version else "create"]
    held = set(needed) if "root" in granted else set(granted)
    return [capability for capability in needed if capability not in held]


def policy_for(path: str, capabilities: Iterable[str]) -> str:
    """Return the line of a policy that grants something."""
    quoted = ", ".join(f'"{capability}"' for capability in capabilities)
    return f'path "{path}" {{ capabilities = [{quoted}] }}'


def is_engine_of_version_2(mount: Mapping[str, Any]) -> bool:
    """Tell by what Vault says of a mount whether it is a KV engine that keeps versions."""
    options = mount.get("options") or {}
    return (mount.get("type"), options.get("version")) == ("kv", "2")


def is_absent(msg: str) -> bool:
    """Tell from the message of vault_kv2_get that nothing is there to be read, and not that nobody could look."""
    return msg.startswith("Invalid or missing path")


def is_certainly_unwritten(msg: str) -> bool:
    """Tell from what a write failed with that the secret is as it was."""
    return _UNWRITTEN.search(msg) is not None


def may_be_a_conflict(msg: str) -> bool:
    """Tell from what a write failed with that the version may have been another one than the write named."""
    return msg.startswith("InvalidRequest")
