# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the documentation site, guides and plugins, without the network. Runs in the tools' environment.

The pages are left in .cache/docsite/build/html.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from tests.tools.checkout import CACHE, ROOT
from tests.tools.stage import stage

SITE = CACHE / "docsite"

# References to ansible-core's own pages can be followed only where its inventory can be fetched.
OFFLINE = """
extensions = [*(name for name in extensions if name != 'sphinx.ext.intersphinx'), 'myst_parser']
myst_heading_anchors = 3
nitpicky = False
suppress_warnings = ['ref.ref', 'ref.any', 'myst.xref_missing']
"""

INDEX = """\
================
community.turso
================

{guides}
.. toctree::
   :caption: Destinations
   :maxdepth: 1

   {destinations}

.. toctree::
   :caption: Decisions
   :maxdepth: 1

   {decisions}

.. toctree::
   :caption: Plugins and roles

   collections/index
"""

CAPTION = """\
.. toctree::
   :caption: {caption}

   {pages}
"""

# Sphinx warns of a page that no caption has, and a warning fails.
GUIDES = {
    "Start": ("index", "getting-started", "how-rotation-works"),
    "How to": (
        "adopt",
        "rotate",
        "delivery",
        "database-tokens",
        "scheduling",
        "awx",
        "audit",
        "least-privilege",
        "migrate",
        "incident-runbook",
    ),
    "Reference": ("variables", "troubleshooting", "messages", "secrets", "glossary", "faq", "compatibility"),
    "Background": ("alternatives", "performance"),
    "For maintainers": ("architecture",),
}


def main() -> None:
    copy = stage()
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(mode=0o700, parents=True)
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(copy.parents[2])}
    init = ["antsibull-docs", "sphinx-init", "--use-current", "--lenient", "--project", "community.turso"]
    title = ["--title", "community.turso", "--dest-dir", str(SITE)]
    subprocess.run([*init, *title, "community.turso"], check=True, env=environment, stdout=subprocess.DEVNULL)
    with (SITE / "conf.py").open("a") as settings:
        settings.write(OFFLINE)
    (SITE / "rst" / "index.rst").write_text(INDEX.format(**pages()))
    # As in the build.sh beside them, but a warning fails.
    (SITE / "rst").chmod(0o755)
    collect = ["antsibull-docs", "--config-file", "antsibull-docs.cfg", "collection", "--use-current"]
    subprocess.run([*collect, "--dest-dir", "rst", "community.turso"], check=True, cwd=SITE, env=environment)
    sphinx = ["sphinx-build", "-q", "-W", "--keep-going", "-b", "html", "-c", ".", "rst", "build/html"]
    subprocess.run(sphinx, check=True, cwd=SITE, env=environment)
    print(SITE / "build" / "html" / "index.html")


def pages() -> dict[str, str]:
    """Copy the guides to the site and return the parts of its index."""
    there = SITE / "rst" / "docs"
    shutil.copytree(ROOT / "docs", there)
    captions = [
        CAPTION.format(caption=caption, pages="\n   ".join(f"docs/{name}" for name in names))
        for caption, names in GUIDES.items()
    ]
    folders = {
        folder: "\n   ".join(sorted(f"docs/{folder}/{path.stem}" for path in there.glob(f"{folder}/*.md")))
        for folder in ("destinations", "decisions")
    }
    return {"guides": "\n".join(captions), **folders}


if __name__ == "__main__":
    main()
