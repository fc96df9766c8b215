# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies of the collection with a bug in them, or with a protection taken out."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from tests.tools.checkout import ROOT

# For a token whose name begins with "bug", something raises that quotes the new secret and the credential: while the
# token is made, where one failure must not stop the others; after it was made, where nothing but main() is left; ...
BUGS: list[tuple[str, str, str | None]] = [
    (
        "plugins/module_utils/_api/tokens.py",
        r"( *)self\._on_secret\(secret\)\n",
        r"""\1self._on_secret(secret)
\1if name.startswith("bug-inside"):
\1    raise RuntimeError(f"{secret} {self.api.token}", secret) from ValueError(secret, {self.api.token: secret})
""",
    ),
    (
        "plugins/modules/turso_token.py",
        r"( *)warn_of\(module, result\)\n",
        r"""\1warn_of(module, result)
\1if wanted.name.startswith("bug-after"):
\1    raise RuntimeError(repr(result), result, module.params) from ValueError(result["secret"], module.params)
\1if wanted.name.startswith("bug-output"):  # or it dies in the middle of printing its result
\1    import os, sys
\1    print('{"changed": true, "secret": "' + result["secret"], flush=True)
\1    print("Traceback: " + result["secret"] + module.params["api_token"], file=sys.stderr, flush=True)
\1    os._exit(1)
""",
    ),
]


def altered(directory: Path, changes: Iterable[tuple[str, str, str | None]]) -> Path:
    """Return a collections path with a copy of the collection, and some of it changed.

    :param changes: which files, a pattern, and what takes its place; none takes the files away.
    """
    copy = directory / "ansible_collections" / "community" / "turso"
    for part in ("plugins", "roles", "meta", "playbooks"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "galaxy.yml", copy)
    for names, pattern, new in changes:
        changed = 0
        for file in copy.glob(names):
            if new is None:
                file.unlink()
                changed += 1
            else:
                text, count = re.subn(pattern, new, file.read_text())
                file.write_text(text)
                changed += count
        assert changed, f"there is no {pattern!r} in {names} any more"
    return directory
