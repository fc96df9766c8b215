# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: settings of the client that a user gives, and the certificate authorities that it trusts."""

from __future__ import annotations

import os

from ansible_collections.community.turso.plugins.module_utils._errors import BadOption

MAX_TIMEOUT_SECONDS = 86400.0
MAX_CONNECTIONS = 100

# As requests has them, and the one of OpenSSL, which requests does not read. A loopback address needs them, too: a tunnel.
AUTHORITY_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def check_settings(timeout_seconds: float, retries: int, connections: int, verify: bool | str) -> None:
    """Refuse settings that cannot work.

    :raises BadOption: one is out of its bounds, or the authorities to trust are not there.
    """
    if not 0 < timeout_seconds <= MAX_TIMEOUT_SECONDS:
        raise BadOption(f"api_timeout is {timeout_seconds}.", "Set more than 0 seconds and at most a day.")
    if retries < 0:
        raise BadOption(f"api_retries is {retries}.", "Set 0 or more.")
    if not 1 <= connections <= MAX_CONNECTIONS:
        raise BadOption(f"concurrency is {connections}.", f"Set a number from 1 to {MAX_CONNECTIONS}.")
    if isinstance(verify, str):
        _existing("ca_path", verify)


def authorities(ca_path: str | None) -> str | bool:
    """Return the path of the certificate authorities to trust; true for those that requests brings.

    :raises BadOption: where the path leads nowhere.
    """
    if ca_path is not None:
        return _existing("ca_path", ca_path)
    for name in AUTHORITY_VARIABLES:
        path = os.environ.get(name)
        if path:
            return _existing(f"The environment variable {name}", path)
    return True


def _existing(source: str, path: str) -> str:
    if not os.path.exists(path):
        raise BadOption(
            f"{source} is {path!r}, which does not exist on the host that runs the module.",
            "Correct the path, or unset it to trust the usual certificate authorities.",
        )
    return path
