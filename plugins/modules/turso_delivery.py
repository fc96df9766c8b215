#!/usr/bin/python
# -*- coding: utf-8 -*-

# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: turso_delivery
short_description: Internal module of the role turso_deliver, for files
author:
  - The community.turso contributors (@community-turso)
description:
  - Private to this collection. Use the role P(community.turso.turso_deliver#role), or C(deliver) of the role
    P(community.turso.turso_rotate#role).
  - It handles many files in one task, and writes each file only once, even if several of its variables change.
  - A file that cannot be written does not fail the module, and does not stop the others. RV(outcomes) shows it.
extends_documentation_fragment:
  - community.turso.attributes
  - community.turso.attributes.hides
attributes:
  check_mode:
    support: full
    details:
      - The module writes nothing, not even a temporary file.
  diff_mode:
    support: none
  action_group:
    support: none
    membership: []
  hidden_result:
    support: full
requirements:
  - python >= 3.9
options:
  verb:
    description:
      - V(check) checks whether V(deliver) would work. V(deliver) writes the values that are not there yet. V(read_back)
        compares them.
    type: str
    choices: [check, deliver, read_back]
    required: true
  files:
    description:
      - The values, and the file of each.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description:
          - The path of the file. For a symbolic link the module writes the target.
        type: path
        required: true
      variable:
        description:
          - The name of the environment variable. Without it the file holds only the value.
        type: str
      secret:
        description:
          - The value.
        type: str
      sha256:
        description:
          - The SHA-256 of the value, in hexadecimal digits, for O(verb=read_back).
        type: str
      owner:
        description:
          - The owner of a new file.
        type: str
      group:
        description:
          - The group of a new file.
        type: str
      mode:
        description:
          - The mode of a new file, in octal.
        type: str
      wants_value:
        description:
          - Whether O(verb=read_back) returns the value.
        type: bool
        default: false
"""

EXAMPLES = r"""
- name: Check whether a value can be written into a file
  community.turso.turso_delivery:
    verb: check
    files:
      - path: /srv/previews/.env
        variable: TURSO_API_TOKEN
  check_mode: true # the role does more than this task: use it
"""

RETURN = r"""
outcomes:
  description: The result of each file, in the order of O(files).
  returned: success
  type: list
  elements: dict
  contains:
    verdict:
      description:
        - V(proven) or V(refused) for a check. V(delivered) or V(not taken) for a delivery. V(confirmed), V(other), or
          V(unreadable) for reading back.
      type: str
      returned: always
      sample: delivered
    msg:
      description: What went wrong, and what to do. Never a value.
      type: str
      returned: always
      sample: ""
    changed:
      description: Whether the file was changed.
      type: bool
      returned: always
      sample: true
    value:
      description: The value in the file, or V(null) without O(files[].wants_value). Hidden from output.
      type: str
      returned: always
      sample: null
uid:
  description: The number of the user that the module ran as.
  returned: success
  type: int
  sample: 0
"""

import os
from collections.abc import Mapping
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.community.turso.plugins.module_utils._delivery import in_files
from ansible_collections.community.turso.plugins.module_utils._delivery.file_values import Wanted
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import CHECK, DELIVER, READ_BACK

SPEC: dict[str, Any] = {
    "verb": {"type": "str", "required": True, "choices": [CHECK, DELIVER, READ_BACK]},
    "files": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "path": {"type": "path", "required": True},
            "variable": {"type": "str"},
            "secret": {"type": "str", "no_log": True},
            "sha256": {"type": "str"},
            "owner": {"type": "str"},
            "group": {"type": "str"},
            "mode": {"type": "str"},
            "wants_value": {"type": "bool", "default": False},
        },
    },
}


def run(params: Mapping[str, Any], check_mode: bool, label: Callable[[str], None]) -> list[in_files.Outcome]:
    """Carry the verb out for each file."""
    wanted = [Wanted.from_json(file) for file in params["files"]]
    if params["verb"] == READ_BACK:
        return in_files.read_back(wanted)
    if params["verb"] == CHECK or check_mode:
        return in_files.check(wanted, rehearse=not check_mode)
    return in_files.deliver(wanted, label)


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    outcomes = run(
        module.params, module.check_mode, lambda path: module.set_default_selinux_context(path, changed=False)
    )
    # A value that was asked for must arrive whole. The action plugin hides the result.
    module.no_log_values -= {outcome.value for outcome in outcomes if outcome.value}
    module.exit_json(
        changed=any(outcome.changed for outcome in outcomes),
        outcomes=[outcome.as_json() for outcome in outcomes],
        uid=os.geteuid(),
    )


if __name__ == "__main__":
    main()
