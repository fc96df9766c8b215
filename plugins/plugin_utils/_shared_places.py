# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the destinations of tokens lie, and which of them share a place. Private."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import FILES
from ansible_collections.community.turso.plugins.module_utils._delivery.owners import Owners, Place
from ansible_collections.community.turso.plugins.module_utils._rotation.destinations import CONTROL_NODE
from ansible_collections.community.turso.plugins.module_utils._rotation.entries import AnyEntry
from ansible_collections.community.turso.plugins.module_utils._rotation.recipients import Recipient

Places = Owners[tuple[str, Recipient]]  # the name of the token, and where it is delivered


def owners_of(entries: Sequence[AnyEntry]) -> Places:
    """Return who owns which place."""
    named = [(entry.name, recipient) for entry in entries for recipient in entry.recipients]
    return Owners((place, (name, recipient)) for name, recipient in named for place in _places_of(recipient))


def sharing_with(recipient: Recipient, places: Places) -> list[tuple[str, Recipient]]:
    """Return all others that share a place with a recipient, each with the name of its token."""
    sharing = [owner for place in _places_of(recipient) for owner in places.sharing(place)]
    return [(name, found) for name, found in sharing if found is not recipient]


def is_file_at(path: str, recipient: Recipient) -> bool:
    """Tell whether a destination is a certain file of the control node, or a part of it."""
    if recipient.to not in FILES or recipient.hosts:
        return False
    return os.path.realpath(str(recipient.options["path"])) == os.path.realpath(path)


def _places_of(recipient: Recipient) -> list[Place]:
    """Return where a destination lies, told from every other however it is written."""
    if not recipient.is_destination:
        return []
    hosts = recipient.hosts or (CONTROL_NODE,)
    return [Place.of(recipient.to, _options_on(host, recipient), host) for host in hosts]


def _options_on(host: str, recipient: Recipient) -> dict[str, Any]:
    options = dict(recipient.options)
    if recipient.to in FILES:
        cleared = os.path.realpath if host == CONTROL_NODE else os.path.normpath  # links are known only here
        options["path"] = cleared(str(options["path"]))
    return options
