# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another user of this machine, for what root may do and nobody else."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.connection import Connection
from typing import Any, Callable

import pytest

from ansible_collections.community.turso.plugins.module_utils._errors import Refused

SOMEBODY = 4711

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def as_somebody(action: Callable[..., Any], *arguments: Any, **options: Any) -> str:
    """Run a function as somebody without rights; return what the refusal says, or nothing."""

    def run(answer: Connection) -> None:
        os.setgroups([])
        os.setgid(SOMEBODY)
        os.setuid(SOMEBODY)
        try:
            action(*arguments, **options)
        except Refused as exc:
            answer.send(exc.msg)
        else:
            answer.send("")

    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=run, args=(theirs,))
    child.start()
    theirs.close()
    said = str(ours.recv())
    child.join()
    return said
