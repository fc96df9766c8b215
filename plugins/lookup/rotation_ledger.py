# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: rotation_ledger
short_description: Read the ledger of the role turso_rotate
version_added: 0.1.0
author:
  - The community.turso contributors (@community-turso)
description:
  - Reads which generation of each logical token was handed over last and which ones it superseded.
  - A ledger that does not exist yet knows nothing, which is no error. A link, a file that cannot be read, and a file that is
    not a ledger are errors.
options:
  _terms:
    description: The paths of ledgers on the controller.
    type: list
    elements: path
    required: true
seealso:
  - plugin: community.turso.rotation_plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show which generation is in use
  ansible.builtin.debug:
    msg: "{{ lookup('community.turso.rotation_ledger', playbook_dir ~ '/turso-ledger.json') }}"
"""

RETURN = r"""
_raw:
  description:
    - The content of each ledger. By logical name, C(current) (C(name), C(id), C(handed_over_at)), C(superseded) (a list of
      C(name), C(id), C(at)), and C(events).
  type: list
  elements: dict
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation import old_ledger as _ledger


class LookupModule(LookupBase):
    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        try:
            return [_ledger.read(path) for path in terms]
        except TursoError as exc:
            raise AnsibleLookupError(exc.msg) from exc
