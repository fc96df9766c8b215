# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The official clients of databases, in TypeScript and in Python, use what the module minted.

`make peers` installs them. They speak different versions of the protocol: the one in TypeScript Hrana 2, the one in Python
Hrana 3 with cursors.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.modules import turso_sql_token
from tests.conftest import RunModule
from tests.simulator import Simulator
from tests.tools.peers import DATABASE_CLIENT, NODE
from tests.tools.venvs import VENVS

PYTHON = VENVS / "sinks" / "bin" / "python"

IN_TYPESCRIPT = """
import { createClient } from "@libsql/client";
const { URL: url, TOKEN: authToken, SQL: sql } = process.env;
const client = createClient({ url, authToken });
try {
  const results = await client.batch(JSON.parse(sql), "write");
  console.log(JSON.stringify({ rows: results.at(-1).rows.map((row) => Array.from(row)) }));
} catch (error) {
  console.log(JSON.stringify({ refused: `${error.message} ${error.cause?.message ?? ""}` }));
}
"""

IN_PYTHON = """
import json, os
import libsql
client = libsql.connect(database=os.environ["URL"], auth_token=os.environ["TOKEN"])
try:
    for sql in json.loads(os.environ["SQL"]):
        cursor = client.execute(sql)
        rows = cursor.fetchall() if sql.startswith("SELECT") else []
    client.commit()
    print(json.dumps({"rows": rows}))
except ValueError as error:
    print(json.dumps({"refused": str(error)}))
"""


def has_python_client() -> bool:
    return any((PYTHON.parents[1] / "lib").glob("python3*/site-packages/libsql"))


Client = Callable[[str, str, list[str]], dict[str, Any]]


def ask(command: list[str], url: str, secret: str, sql: list[str]) -> dict[str, Any]:
    env = {"PATH": os.environ["PATH"], "URL": url, "TOKEN": secret, "SQL": json.dumps(sql)}
    cwd = NODE if command[0] == "node" else None
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(
    params=[
        pytest.param(
            ["node", "--input-type=module", "-e", IN_TYPESCRIPT],
            marks=pytest.mark.skipif(
                shutil.which("node") is None or not (NODE / "node_modules" / DATABASE_CLIENT).is_dir(),
                reason="the client in TypeScript is not here: make peers",
            ),
            id="TypeScript",
        ),
        pytest.param(
            [str(PYTHON), "-c", IN_PYTHON],
            marks=pytest.mark.skipif(not has_python_client(), reason="the client in Python is not here: make peers"),
            id="Python",
        ),
    ]
)
def client(request: pytest.FixtureRequest) -> Client:
    return lambda url, secret, sql: ask(request.param, url, secret, sql)


def test_a_minted_token_is_used_until_it_is_invalidated(
    simulator: Simulator, run_module: RunModule, client: Client
) -> None:
    shop = simulator.add_database("shop")
    asked = {"organization": "acme", "database": "shop"}
    owner = run_module(turso_sql_token, asked)["secret"]
    wrote = client(
        shop.url, owner, ["CREATE TABLE orders (a)", "INSERT INTO orders VALUES (7)", "SELECT a FROM orders"]
    )
    assert wrote == {"rows": [[7]]}

    reader = run_module(turso_sql_token, {**asked, "authorization": "read-only"})["secret"]
    assert client(shop.url, reader, ["SELECT a FROM orders"]) == {"rows": [[7]]}
    assert "403" in client(shop.url, reader, ["DELETE FROM orders"])["refused"]

    other = simulator.add_database("other")
    assert "401" in client(other.url, reader, ["SELECT 1"])["refused"]
    simulator.advance(seconds=1)
    simulator.invalidate(database="shop")
    assert "401" in client(shop.url, reader, ["SELECT a FROM orders"])["refused"]


def test_a_token_that_is_renewed_leaves_the_old_one_working(
    simulator: Simulator, run_module: RunModule, client: Client
) -> None:
    shop = simulator.add_database("shop")
    asked = {"organization": "acme", "database": "shop", "expires_in": "90d", "renew_before": "30d"}
    old = run_module(turso_sql_token, asked)["secret"]
    simulator.advance(days=61)
    new = run_module(turso_sql_token, {**asked, "current": old})["secret"]
    assert [client(shop.url, secret, ["SELECT 1"]) for secret in (old, new)] == [{"rows": [[1]]}] * 2
    simulator.advance(days=30)
    assert "401" in client(shop.url, old, ["SELECT 1"])["refused"]
    assert client(shop.url, new, ["SELECT 1"]) == {"rows": [[1]]}
