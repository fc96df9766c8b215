# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: settings of the client that a user gives, and the certificate authorities that it trusts."""

from __future__ import annotations

import os

from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest

MAX_TIMEOUT_SECONDS = 86400.0
MAX_CONNECTIONS = 100

# As requests has them, and the one of OpenSSL, which requests does not read. A loopback address needs them, too: a tunnel.
AUTHORITY_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def check_settings(timeout_seconds: float, retries: int, connections: int, verify: bool | str) -> None:
    """Refuse settings that cannot work.

    :raises InvalidRequest: one is out of its bounds, or the authorities to trust are not there.
    """
    if not 0 < timeout_seconds <= MAX_TIMEOUT_SECONDS:
        raise InvalidRequest(f"api_timeout must be more than 0 seconds and at most a day, not {timeout_seconds}.")
    if retries < 0:
        raise InvalidRequest(f"api_retries must be 0 or more, not {retries}.")
    if not 1 <= connections <= MAX_CONNECTIONS:
        raise InvalidRequest(f"concurrency must be from 1 to {MAX_CONNECTIONS}, not {connections}.")
    if isinstance(verify, str) and not os.path.exists(verify):
        raise InvalidRequest(f"ca_path {verify!r} does not exist on the host that runs the module.")


def authorities(ca_path: str | None) -> str | bool:
    """Return the path of the certificate authorities to trust; true for those that requests brings.

    :raises InvalidRequest: where the path leads nowhere.
    """
    if ca_path is not None:
        if not os.path.exists(ca_path):
            raise InvalidRequest(f"ca_path {ca_path!r} does not exist on the host that runs the module.")
        return ca_path
    for name in AUTHORITY_VARIABLES:
        path = os.environ.get(name)
        if path and not os.path.exists(path):
            raise InvalidRequest(
                f"The environment variable {name} names {path!r}, which does not exist on the host that runs the module."
            )
        if path:
            return path
    return True
