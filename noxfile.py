# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For those who type `nox`: a session for each target that the Makefile names from "Check" on, which runs make.

The session `extra-checks` is the other way round: what antsibull-nox has and nobody else. `make nox`, a part of `make lint`, runs it.
"""

from __future__ import annotations

import re
from pathlib import Path

import antsibull_nox
import nox

antsibull_nox.load_antsibull_nox_toml()
nox.options.sessions = ["test"]


def _of(target: str) -> None:
    @nox.session(name=target, venv_backend="none")
    def session(session: nox.Session) -> None:
        session.run("make", target, *session.posargs, external=True)


_checks = Path(__file__).with_name("Makefile").read_text().split("##@ Check")[1]
for _target in re.findall(r"^([a-z-]+):.* ## ", _checks, re.MULTILINE):
    _of(_target)
