# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.community.turso.plugins.plugin_utils._hidden_result import ActionModule as HiddenResult
from ansible_collections.community.turso.plugins.plugin_utils._shown_progress import ShownProgress


class ActionModule(HiddenResult, ShownProgress):
    """Hides the result where it carries a secret, and shows how far the module has come."""
