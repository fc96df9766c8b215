# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the artifact, and let the judges of what is published look at it. Runs in the tools' environment.

Nothing may be in it that a user of the collection has no use for; Galaxy's importer, which exits with 0 on warnings,
must have none; and ansible-builder must find what an execution environment needs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.tools.checkout import CACHE
from tests.tools.stage import stage

WANTED = re.compile(
    r"""
    (FILES|MANIFEST)\.json | (README|CHANGELOG)\.md | REUSE\.toml
    | LICENSES/GPL-3\.0-or-later\.txt
    | changelogs/(changelog|config)\.yaml | changelogs/fragments/.*\.yml
    | docs/.* | examples/.*
    | meta/(runtime|execution-environment)\.yml | meta/ee-requirements\.txt
    | playbooks/.*\.yml
    | plugins/.*\.(py|yml)
    | roles/.*
    | rotation\.schema\.json
    | tests/config\.yml
    | tests/simulator/(README\.md|\w+\.py)
    """,
    re.VERBOSE,
)


def main() -> None:
    copy = stage()
    problems = []
    artifact = build(copy, CACHE / "artifact")
    problems += [
        f"does not belong in the artifact: {name}" for name in files_of(artifact) if not WANTED.fullmatch(name)
    ]
    problems += importer_complaints(artifact)
    problems += missing_requirements(copy)
    if problems:
        sys.exit("\n".join(problems))
    print(f"{artifact.name}: {len(files_of(artifact))} files, nothing to complain of")


def build(copy: Path, output: Path, *, program: str = "ansible-galaxy") -> Path:
    """Build the artifact of a copy into a directory, which then holds nothing else, and return its path."""
    shutil.rmtree(output, ignore_errors=True)
    command = [program, "collection", "build", "--output-path", str(output), str(copy)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(output.glob("*.tar.gz"))


def files_of(artifact: Path) -> list[str]:
    with tarfile.open(artifact) as archive:
        return sorted(member.name for member in archive if not member.isdir())


def importer_complaints(artifact: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", artifact.name],
        cwd=artifact.parent,  # it leaves a file behind
        env={**os.environ, "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"},  # `make lint` runs it, with a stricter profile
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stdout.splitlines() if re.search(r"\b(WARNING|ERROR)\b", line)]
    if done.returncode and not complaints:
        complaints = [done.stdout]
    return [f"galaxy-importer: {line}" for line in complaints]


def missing_requirements(copy: Path) -> list[str]:
    command = ["ansible-builder", "introspect", str(copy.parents[2])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [] if "requests" in done.stdout else [f"ansible-builder finds no requests:\n{done.stdout}"]


if __name__ == "__main__":
    main()
