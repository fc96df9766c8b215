# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: fresh_file
short_description: Internal, to have Ansible read a variables file anew
author:
  - The community.turso contributors (@community-turso)
description:
  - Private to this collection; use it in no playbook of yours.
  - Drops a file from the memory in which Ansible keeps the variables files that it has read, and returns V(false). Later tasks, plays
    and hosts then read it from the disk.
  - It has an effect only in the C(when) of an M(ansible.builtin.meta) task, because Ansible evaluates nothing else in the process that
    starts all others.
options:
  _terms:
    description: The paths of the files on the control node.
    type: list
    elements: path
    required: true
"""

EXAMPLES = r"""
- name: Have later tasks read the vault file anew
  ansible.builtin.meta: end_host
  when: lookup('community.turso.fresh_file', playbook_dir ~ '/turso.yml')
"""

RETURN = r"""
_raw:
  description: V(false), so that the task is skipped.
  type: list
  elements: bool
"""

import os
from typing import Any

from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[bool]:
        self.set_options(var_options=variables, direct=kwargs)
        stale = {os.path.realpath(os.path.expanduser(path)) for path in terms if path}
        # A file may have been read by another path than the one that it is written by, such as through a link.
        known = self._loader._FILE_CACHE
        for path in [path for path in known if os.path.realpath(path) in stale]:
            del known[path]
        return [False]
