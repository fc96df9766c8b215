# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The official TypeScript client works against the simulator.

`make peers` installs it where there is npm. `validate` is left out: version 2.0.5 asks a path that the API does not have.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from tests.simulator import Simulator
from tests.tools.peers import NODE, TYPESCRIPT_CLIENT

SCRIPT = """
import { createClient } from "@tursodatabase/api";
const { URL_BASE: baseUrl, TOKEN: token } = process.env;
const { apiTokens } = createClient({ org: "acme", token, baseUrl });
const created = await apiTokens.create("ci");
const listed = await apiTokens.list();
const revoked = await apiTokens.revoke("ci");
const again = await apiTokens.revoke("ci").catch((error) => ({ message: error.message, status: error.status }));
console.log(JSON.stringify({ created, listed, revoked, again }));
"""

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not (NODE / "node_modules" / TYPESCRIPT_CLIENT).is_dir(), reason="the client is not here: make peers"
    ),
]


def test_create_list_revoke() -> None:
    with Simulator() as server:
        done = subprocess.run(
            ["node", "--input-type=module", "-e", SCRIPT],
            cwd=NODE,
            env={"PATH": os.environ["PATH"], "URL_BASE": f"{server.url}/v1/", "TOKEN": server.credential},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        seen = json.loads(done.stdout)
        (token,) = server.revoked
        assert seen["created"] == {"name": "ci", "id": token.id, "token": token.secret}
        assert [entry["name"] for entry in seen["listed"]] == ["main", "ci"]
        assert seen["revoked"] == {"token": "ci"}
        assert seen["again"] == {"message": "token ci not found", "status": 404}
        assert [request.headers["User-Agent"] for request in server.requests] == ["@tursodatabase/api"] * 4
