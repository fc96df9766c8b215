# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Break plugins/module_utils in one place at a time, and list the breaks that no unit test sees.

    python -m tests.tools.mutants [_api/retries.py _token ...] [tests/unit/module_utils/test_retries.py ...]

Files and folders below plugins/module_utils narrow down what is broken; those of tests, what is run; options are pytest's.
What was killed stays so until its function changes; everything else is judged again. Sentences are left as they are: no test
has to tell one wording from another.

mutmut names a mutant by its file's path, and recognises it at run time by its module's name. So it runs where both say
`ansible_collections.community.turso`: beside a staged copy, not in it. `mutmut show NAME` there shows a survivor.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.tools.checkout import INSIDE_COLLECTIONS, ROOT
from tests.tools.stage import stage
from tests.tools.venvs import ensure

MODULE_UTILS = ROOT / "plugins" / "module_utils"

# What runs in this process; a playbook's modules would not know that they are mutants.
TESTS = ("tests/unit/module_utils", "tests/unit/modules")
PLAYED = "tests/unit/modules/test_played.py"

SENTENCE = r'^\s*"[^"]* [^"]*"[,)]*$'  # a line that holds nothing else


def main() -> None:
    arguments = sys.argv[1:]
    broken = [argument for argument in arguments if (MODULE_UTILS / argument).exists()]
    options = [argument for argument in arguments if argument.startswith("-")]
    tests = [argument for argument in arguments if argument not in (*broken, *options)]
    where = prepare(broken)
    python = ensure("mutants") / "bin" / "python"
    judge = ROOT / "tests" / "tools" / "mutants_judged.py"
    run = [str(python), "-P", str(judge), *pytest_arguments(tests or TESTS), *options]
    sys.exit(subprocess.run(run, cwd=where, check=False).returncode)


def prepare(paths: Sequence[str]) -> Path:
    """Return the directory to run mutmut in, with what it needs to break these files and folders, or all of them."""
    copy = stage("mutants")
    where = copy.parents[2]
    source = copy / "plugins" / "module_utils"
    others = [path for room in (copy, copy / "plugins") for path in room.iterdir() if path not in source.parents]
    only = [
        f"*/module_utils/{path}" if path.endswith(".py") else f"*/module_utils/{path.rstrip('/')}/*" for path in paths
    ]
    settings = {
        "source_paths": [str(source.relative_to(where))],
        "only_mutate": only,
        "do_not_mutate_patterns": [SENTENCE],
        "also_copy": [str(path.relative_to(where)) for path in others if path != source and path.name != ".git"],
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (where / "pyproject.toml").write_text("\n".join(["[tool.mutmut]", *lines, ""]))
    return where


def pytest_arguments(tests: Sequence[str]) -> list[str]:
    return [
        *(f"{INSIDE_COLLECTIONS}/{path}" for path in tests),
        f"--ignore={INSIDE_COLLECTIONS}/{PLAYED}",
        f"--config-file={INSIDE_COLLECTIONS}/pyproject.toml",
    ]


if __name__ == "__main__":
    main()
