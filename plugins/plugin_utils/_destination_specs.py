# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The argument specs of the role turso_deliver, from which items of `deliver` are read. Private to this collection."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable

from ansible.module_utils.common.yaml import yaml_load

from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import read_destination
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Item
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of

_SPECS = Path(__file__).resolve().parents[2] / "roles" / "turso_deliver" / "meta" / "argument_specs.yml"


@functools.cache
def destination_specs() -> dict[str, dict[str, Any]]:
    """Return the argument spec of each destination, by its name."""
    specs = yaml_load(_SPECS.read_text(encoding="utf-8"))["argument_specs"]
    return {
        name[: -len("_check")]: spec["options"]["turso_deliver_items"]["options"]["options"]["options"]
        for name, spec in specs.items()
        if name.endswith("_check")
    }


def item_of(
    to: str,
    raw: Mapping[str, Any],
    resolved: Callable[[Sequence[str]], Sequence[str]],
    located: Callable[[str], str],
) -> Item:
    """Read one of `turso_deliver_items`, whole as the role turso_rotate writes it, or short as people do.

    :param resolved: returns the hosts that inventory patterns name.
    :param located: returns the absolute path of a file on the control node.
    :raises Refused: for options that the destination does not take, and for hosts that come to none.
    """
    if "address" in raw:
        return Item.from_json(raw)
    destination = read_destination({**raw["options"], "to": to}, destination_specs(), located)
    hosts = tuple(resolved(destination.hosts or ()))
    if destination.hosts and not hosts:
        raise Refused(f"to: {to}: hosts ({', '.join(destination.hosts)}) come to no host of the inventory")
    secret = raw.get("secret")
    item = Item.from_json({**raw, "to": to, "options": destination.options, "address": destination.address})
    return dataclasses.replace(item, hosts=hosts, sha256=None if secret is None else digest_of(str(secret)))
