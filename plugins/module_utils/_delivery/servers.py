# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which server of a vendor is meant, by the variables of the vendor's own tools. Pure. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def named_in(settings: Mapping[str, str], variables: Sequence[str], otherwise: str) -> str:
    """Return the server that the first of these variables names, without a slash at its end."""
    return next((settings[name] for name in variables if settings.get(name)), otherwise).rstrip("/")
