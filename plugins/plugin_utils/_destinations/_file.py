# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The destination `file`. Private to this collection."""

from __future__ import annotations

from ansible_collections.community.turso.plugins.plugin_utils._destinations._in_files import check, deliver, read_back

__all__ = ["check", "deliver", "read_back"]
