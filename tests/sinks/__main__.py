# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have what the tests of the delivery examples and of AWX need; they are skipped without it.

    python -m tests.sinks

makes the environment `.cache/venvs/sinks` (tests/requirements-sinks.txt) and unpacks the collections that the examples
use. Done once; where the registry cannot be reached it says so and exits with 0, because both are optional.
"""

from __future__ import annotations

import subprocess
import sys

from tests.sinks import foreign
from tests.tools import venvs


def main() -> None:
    try:
        environment = venvs.ensure("sinks")
        print(environment)
        print(foreign.ensure(environment / "bin" / "python"))
    except (venvs.MissingPythonError, subprocess.CalledProcessError) as exc:
        print(f"the tests of the delivery examples will be skipped: {exc}", file=sys.stderr)


if __name__ == "__main__":
    main()
