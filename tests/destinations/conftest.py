# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that values are delivered to, and a controller that has the collections and libraries for them."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.destinations.bao import Bao
from tests.destinations.proxy import Proxy, proxied
from tests.playbooks import Playbooks
from tests.sinks import programs
from tests.sinks.conftest import controller, newest

__all__ = ["controller", "moto", "newest", "openbao"]


START_SECONDS = 60


@pytest.fixture
def openbao(controller: Playbooks, tmp_path: Path) -> Iterator[Proxy]:
    """A real OpenBao, seen through a proxy; `root` may do everything in it."""
    if not programs.OPENBAO.is_file():
        pytest.skip("OpenBao is not here: make peers")
    port = free_port()
    command = [str(programs.OPENBAO), "server", "-dev", f"-dev-listen-address=127.0.0.1:{port}", "-dev-no-store-token"]
    with (tmp_path / "openbao.log").open("w") as log:
        env = {**controller.env, "BAO_DEV_ROOT_TOKEN_ID": "root"}
        server = subprocess.Popen(command, stdout=log, stderr=log, env=env)
    try:
        wait_until_listening(port, server)
        with proxied(f"http://127.0.0.1:{port}") as proxy:
            yield proxy
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def bao(openbao: Proxy) -> Bao:
    return Bao(openbao)


@pytest.fixture
def moto(controller: Playbooks, tmp_path: Path) -> Iterator[Proxy]:
    """Moto's server, which acts as AWS and checks no rights, seen through a proxy."""
    port = free_port()
    command = [str(controller.venv / "bin" / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with (tmp_path / "moto.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=controller.env)
    try:
        wait_until_listening(port, server)
        with proxied(f"http://127.0.0.1:{port}") as proxy:
            yield proxy
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_until_listening(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the server did not come up")
