# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Break plugins/module_utils in one place at a time, and list the breaks that no unit test sees.

    python -m tests.tools.mutants [--max-children 1] [_api/retries.py _token ...]

Files and folders below plugins/module_utils narrow it down; options are mutmut's.

mutmut names a mutant by its file's path, and recognises it at run time by its module's name. So it runs where both say
`ansible_collections.community.turso`: beside a staged copy, not in it. `mutmut show NAME` there shows a survivor.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.tools.checkout import INSIDE_COLLECTIONS, ROOT
from tests.tools.stage import stage
from tests.tools.venvs import ensure

MODULE_UTILS = ROOT / "plugins" / "module_utils"

# Looking for mutants on every call takes longer than this may take.
TAKES_ITS_TIME = "test_tokens.py::test_fifty_thousand_tokens_with_all_scopes_are_read_soon_and_in_little_memory"

SETTINGS = f"""\
[tool.mutmut]
source_paths = ["{INSIDE_COLLECTIONS}/plugins/module_utils"]
only_mutate = ONLY
also_copy = ["{INSIDE_COLLECTIONS}"]
pytest_add_cli_args = ["-c", "{INSIDE_COLLECTIONS}/pyproject.toml", "-p", "no:cacheprovider"]
# What runs in this process; a playbook's modules would not know that they are mutants.
pytest_add_cli_args_test_selection = [
    "{INSIDE_COLLECTIONS}/tests/unit/module_utils",
    "{INSIDE_COLLECTIONS}/tests/unit/modules",
    "--ignore={INSIDE_COLLECTIONS}/tests/unit/modules/test_played.py",
    "--deselect={INSIDE_COLLECTIONS}/tests/unit/module_utils/{TAKES_ITS_TIME}",
]
"""


def main() -> None:
    arguments = sys.argv[1:]
    paths = [argument for argument in arguments if (MODULE_UTILS / argument).exists()]
    where = prepare(paths)
    mutmut = [str(ensure("mutants") / "bin" / "mutmut")]
    options = [argument for argument in arguments if argument not in paths]
    ran = subprocess.run([*mutmut, "run", *options], cwd=where, check=False)
    results = subprocess.run([*mutmut, "results"], cwd=where, check=True, capture_output=True, text=True).stdout
    print(*(line for line in results.splitlines() if "not checked" not in line), sep="\n")
    sys.exit(ran.returncode)


def prepare(paths: list[str]) -> Path:
    """Return the directory to run mutmut in, with what it needs to break these files and folders, or all of them."""
    copy = stage("mutants")
    where = copy.parents[2]
    only = [
        f"*/module_utils/{path}" if path.endswith(".py") else f"*/module_utils/{path.rstrip('/')}/*" for path in paths
    ]
    (where / "pyproject.toml").write_text(SETTINGS.replace("ONLY", json.dumps(only)))
    return where


if __name__ == "__main__":
    main()
