# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts for tests: each has its own /srv and its own System V services, which really run. A host without a folder is down.

What ssh would send is run in a mount namespace of its own, so the program `service`, start-stop-daemon and the init scripts are the
machine's own. Needs root and the program unshare.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SSH = """#!/bin/sh
for last; do host=$command; command=$last; done
test -d {folder}/$host || {{ echo "ssh: connect to host $host port 22: No route to host" >&2; exit 255; }}
export HOME={folder}/$host command
exec unshare --mount sh -c 'mount --bind $HOME/srv /srv && mount --bind $HOME/init.d /etc/init.d \\
  && exec setpriv --reuid={user} --regid={user} --clear-groups sh -c "$command"'
"""

# What sudo is for: root's rights for who has them not. Its own program is a setuid one that tells its arguments differently.
SUDO = """#!/bin/sh
while test "$1" != -u; do shift; done
shift 2
exec /srv/setpriv --reuid=0 --regid=0 --clear-groups "$@"
"""

# Reads its file once, when it starts; a value that says "broken" ends it at once.
DAEMON = """#!/bin/sh
. {srv}/app.env
echo "$TOKEN" >> {srv}/seen
test "$TOKEN" != broken || exit 1
exec sleep 300
"""

SCRIPT = """#!/bin/sh
### BEGIN INIT INFO
# Provides:          {name}
# Required-Start:
# Required-Stop:
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Reads a file when it starts
### END INIT INFO
. /lib/lsb/init-functions
case "$1" in
start) {start} ;;
stop) start-stop-daemon --stop --quiet --oknodo --retry 5 --remove-pidfile --pidfile /srv/{name}.pid ;;
restart) $0 stop; $0 start ;;
status) status_of_proc -p /srv/{name}.pid sh {name} ;;
esac
"""
START = "start-stop-daemon --start --quiet --background --make-pidfile --pidfile /srv/{name}.pid --startas /srv/daemon"


class Machines:
    """Hosts by name, below a folder."""

    def __init__(self, folder: Path, user: int = 0) -> None:
        self.folder = folder
        self.ssh = folder / "ssh"
        folder.mkdir()
        self.ssh.write_text(SSH.format(folder=folder, user=user))
        self.ssh.chmod(0o755)

    def start(self, name: str, **services: str) -> Path:
        """Start a host with services, each with what its init script does to start it; return the host's /srv."""
        srv, scripts = self.folder / name / "srv", self.folder / name / "init.d"
        for folder in (srv, scripts):
            folder.mkdir(parents=True)
        (srv / "daemon").write_text(DAEMON.format(srv="/srv"))
        (srv / "daemon").chmod(0o755)
        (srv / "sudo").write_text(SUDO)
        (srv / "sudo").chmod(0o755)
        shutil.copyfile(shutil.which("setpriv") or "setpriv", srv / "setpriv")
        (srv / "setpriv").chmod(0o4755)
        for service, start in services.items():
            (scripts / service).write_text(SCRIPT.format(name=service, start=start.format(name=service)))
            (scripts / service).chmod(0o755)
        return srv

    def inventory(self, *names: str, python: Path) -> str:
        """Return an inventory of hosts, whether or not they are up; of localhost it says that it is reached by ssh."""
        shared = (
            f"ansible_ssh_executable={self.ssh}\nansible_python_interpreter={python}\nansible_ssh_pipelining=true\n"
            "ansible_become_exe=/srv/sudo\n"
        )
        return "\n".join(["localhost ansible_connection=ssh", "[web]", *names, "[web:vars]", shared])

    def stop(self) -> None:
        """End what the services left running, by the process ids that they wrote."""
        for pid in self.folder.glob("*/srv/*.pid"):
            subprocess.run(["kill", pid.read_text().strip()], check=False, capture_output=True)


def need_machines() -> None:
    """Skip a test where hosts of this kind cannot be had."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "setpriv", "start-stop-daemon", "service"))):
        pytest.skip("needs root, unshare, setpriv, start-stop-daemon and service")
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("needs mount namespaces")
