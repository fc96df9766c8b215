# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulator of the Turso Platform API's token endpoints: see README.md."""

from __future__ import annotations

from . import faults
from .simulator import Simulator
from .state import SCOPES, Token

__all__ = ["SCOPES", "Simulator", "Token", "faults"]
