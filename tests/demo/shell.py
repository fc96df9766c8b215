# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Open a shell to try things in, as `make shell` does: `python -m tests.demo.shell`.

A simulator runs as long as it does, and TURSO_API_TOKEN and TURSO_API_BASEURL lead there. The environment that this runs
in and the collection of this checkout are found. It begins in a directory of its own, which is gone afterwards.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.docs.markdown import blocks_of
from tests.playbooks import Playbooks
from tests.simulator import Simulator
from tests.tools.checkout import ROOT
from tests.tools.venvs import VENVS

TOKENS: tuple[dict[str, Any], ...] = (
    {"name": "ci-deploy", "organization": "acme", "age_days": 120},
    {"name": "backup", "organization": "acme", "age_days": 30, "user": "bob"},
    {"name": "dashboard", "organization": "acme", "group": "production", "scopes": ["read-only"], "age_days": 10},
)
WELCOME = """\
A server on {url} behaves like the Turso Platform API. It knows the organization acme, and the tokens {names}.
Everything that you type here goes there; `exit` ends both.

Three places wait for a token: the file app-token, .env, and vault.yml, which ansible-vault encrypts. Try, for example:

  cat rotation.yml
  ansible-playbook community.turso.rotate -e @rotation.yml --check
  ansible-playbook community.turso.rotate -e @rotation.yml
  ansible-vault view vault.yml
"""


def have_places(playbooks: Playbooks, environment: dict[str, str]) -> None:
    """Have the rotation file of README.md, and the three places that it names."""
    shown = {block.detail: block.text for block in blocks_of(ROOT / "README.md")}
    playbooks.write("rotation.yml", shown["rotation.yml"])
    playbooks.write(".env", "LOG_LEVEL=info\nTURSO_API_TOKEN=\n")
    vault = playbooks.write("vault.yml", "turso_token: none yet\n")
    done = playbooks.run("ansible-vault", "encrypt", str(vault), env=environment)
    if not done.ok:
        raise RuntimeError(done.output)


def main() -> int:
    bash = shutil.which("bash")
    shell = [bash, "--norc"] if bash else ["/bin/sh"]
    with Simulator() as simulator, tempfile.TemporaryDirectory(prefix="turso-shell-") as scratch:
        for token in TOKENS:
            simulator.given(**token)
        simulator.behave(audit_logs=True)  # the incident runbook speaks of what the log shows
        directory = Path(scratch)
        playbooks = Playbooks(Path(sys.prefix), directory, api_url=simulator.url, api_token=simulator.credential)
        environment = {
            **playbooks.env,
            # ansible-runner, if `make peers` has fetched it; everything else comes from the environment of this.
            "PATH": os.pathsep.join([f"{sys.prefix}/bin", os.environ["PATH"], f"{VENVS}/sinks/bin"]),
            "PS1": "turso$ ",
            "ANSIBLE_VAULT_PASSWORD_FILE": str(playbooks.write("home/vault-password", "a password of this shell")),
        }
        del environment["ANSIBLE_NOCOLOR"]
        have_places(playbooks, environment)
        print(WELCOME.format(url=simulator.url, names=", ".join(token["name"] for token in TOKENS)), flush=True)
        done = subprocess.run(shell, cwd=directory, env=environment, check=False)
        # Whoever types has seen what became of the last command; make need not say it again.
        return 0 if sys.stdin.isatty() else done.returncode


if __name__ == "__main__":
    sys.exit(main())
