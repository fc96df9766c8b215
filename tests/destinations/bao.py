# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a test does in a real OpenBao as root."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from tests.destinations.proxy import Proxy

# May do what the documentation asks for below turso/, less elsewhere.
POLICY = """
path "secret/data/turso/*" { capabilities = ["read", "create", "update"] }
path "secret/metadata/turso/*" { capabilities = ["read"] }
path "secret/data/blind/*" { capabilities = ["read", "create", "update"] }
path "secret/data/no-update" { capabilities = ["read"] }
path "secret/data/no-create" { capabilities = ["read", "update"] }
path "secret/data/no-read" { capabilities = ["create", "update"] }
path "one/*" { capabilities = ["read", "create", "update"] }
"""


class Bao:
    """What a test does in OpenBao as root, past the proxy."""

    def __init__(self, proxy: Proxy) -> None:
        self.target = proxy.target
        self.ask("PUT", "sys/policies/acl/deliver", policy=POLICY)
        self.token: str = self.ask("POST", "auth/token/create", policies=["deliver"])["auth"]["client_token"]

    def ask(self, method: str, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self.target}/v1/{path}", data, method=method)
        request.add_header("X-Vault-Token", "root")
        with urllib.request.urlopen(request, timeout=30) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def write(self, path: str, **data: Any) -> None:
        self.ask("POST", f"secret/data/{path}", data=data)

    def read(self, path: str) -> tuple[Any, int]:
        found = self.ask("GET", f"secret/data/{path}")["data"]
        return found["data"], found["metadata"]["version"]
