# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What modules can and cannot do, in the terms that ansible-doc shows."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
    support: full
    details:
      - The module sends only read requests. A value that only a real run can know is V(null).
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
    details:
      - The diff shows token objects, and never a secret.
  action_group:
    description: Use C(group/community.turso.turso) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - community.turso.turso
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
"""

    HIDES = r"""
options: {}
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the control node.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
    details:
      - An asynchronous task would store its result, with the secrets, in a file. The module refuses it.
  hidden_result:
    description: Hides a result that carries a secret from every output, whether or not the task says C(no_log).
    support: full
    details:
      - You can use the result through C(register). Results without a secret stay readable.
      - On ansible-core 2.22 and later only the secret itself is masked.
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
    support: full
    details:
      - This module only reads.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: N/A
    details:
      - This module only reads.
  action_group:
    description: Use C(group/community.turso.turso) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - community.turso.turso
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
    details:
      - This module only reads.
"""
