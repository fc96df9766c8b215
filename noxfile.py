# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks that antsibull-nox has and nobody else: `make nox` runs them."""

from __future__ import annotations

import antsibull_nox

antsibull_nox.load_antsibull_nox_toml()
