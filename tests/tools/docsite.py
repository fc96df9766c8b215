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
from collections.abc import Sequence
from pathlib import Path

from tests.tools.checkout import CACHE, ROOT
from tests.tools.stage import stage

SITE = CACHE / "docsite"

# References to ansible-core's own pages can be followed only where its inventory can be fetched.
SETTINGS = """
extensions = [*(name for name in extensions if name != 'sphinx.ext.intersphinx'), 'myst_parser']
myst_heading_anchors = 3
nitpicky = False
suppress_warnings = ['ref.ref', 'ref.any', 'myst.xref_missing']
html_static_path = ['style']
html_css_files = ['guides.css']
"""
# A name in the first column of a table stays in one line.
STYLE = ".rst-content td:first-child code { white-space: nowrap; }\n"

# Sphinx warns of a page that no caption has, and a warning fails. The start page has them all below it.
GUIDES = {
    "Start": ("getting-started", "how-rotation-works"),
    "How to": (
        "rotate",
        "delivery",
        "scheduling",
        "awx",
        "database-tokens",
        "adopt",
        "migrate",
        "tokens",
        "audit",
        "least-privilege",
        "incident-runbook",
    ),
    "Reference": ("variables", "results", "troubleshooting", "messages", "secrets", "glossary", "faq", "compatibility"),
    "Plugins and roles": ("collections/index",),
    "Background": ("alternatives", "performance"),
    "For maintainers": ("architecture",),
}
# By page, the folder of the pages below it.
FOLDERS = {"delivery": "destinations", "architecture": "decisions"}


def main() -> None:
    copy = stage()
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(mode=0o700, parents=True)
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(copy.parents[2])}
    init = ["antsibull-docs", "sphinx-init", "--use-current", "--lenient", "--project", "community.turso"]
    title = ["--title", "community.turso", "--dest-dir", str(SITE)]
    subprocess.run([*init, *title, "community.turso"], check=True, env=environment, stdout=subprocess.DEVNULL)
    with (SITE / "conf.py").open("a") as settings:
        settings.write(SETTINGS)
    (SITE / "style").mkdir()
    (SITE / "style" / "guides.css").write_text(STYLE)
    add_guides(SITE / "rst")
    # As in the build.sh beside them, but a warning fails.
    (SITE / "rst").chmod(0o755)
    collect = ["antsibull-docs", "--config-file", "antsibull-docs.cfg", "collection", "--use-current"]
    subprocess.run([*collect, "--dest-dir", "rst", "community.turso"], check=True, cwd=SITE, env=environment)
    sphinx = ["sphinx-build", "-q", "-W", "--keep-going", "-b", "html", "-c", ".", "rst", "build/html"]
    subprocess.run(sphinx, check=True, cwd=SITE, env=environment)
    print(SITE / "build" / "html" / "index.html")


def add_guides(site: Path) -> None:
    """Copy the guides to the site, and add to them what the navigation shows below each."""
    (site / "index.rst").unlink()
    shutil.copytree(ROOT / "docs", site, dirs_exist_ok=True)
    for caption, names in GUIDES.items():
        add_below(site / "index.md", names, caption)
    for guide, folder in FOLDERS.items():
        add_below(site / f"{guide}.md", sorted(f"{folder}/{path.stem}" for path in (site / folder).glob("*.md")))


def add_below(page: Path, names: Sequence[str], caption: str | None = None) -> None:
    """Add pages below a page: before its first section, which the navigation would else put them below."""
    head, section, rest = page.read_text().partition("\n## ")
    options = [":hidden:", *([f":caption: {caption}"] if caption else [])]
    toctree = "\n".join(["", "```{toctree}", *options, "", *names, "```", ""])
    page.write_text(head + toctree + section + rest)


if __name__ == "__main__":
    main()
