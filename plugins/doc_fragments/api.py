# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of the connection to the API, shared by every module."""

    DOCUMENTATION = r"""
options:
  api_token:
    description:
      - The API token that authenticates the requests.
      - If not given, the environment variables E(TURSO_API_TOKEN) and then E(TURSO_PLATFORM_TOKEN) are used. An empty
        variable counts as unset.
      - Needed, from one of these places. An error about it says from which one it came.
      - This is not a SQL token (of a database). E(TURSO_AUTH_TOKEN), which holds one of those, is never read, and a value that
        says of itself that it is one is refused.
      - A login session of the Turso CLI works until it ends. A warning says so two days before.
      - At least 16 characters where a token is to be created, because Ansible masks this value wherever it occurs.
    type: str
  api_url:
    description:
      - The address of the Turso Platform API. A path prefix is kept.
      - V(http://) is refused unless the host is a loopback address, because the token would travel in clear. Redirects
        are not followed. On loopback, proxies from the environment are not used.
      - If not given, the environment variable E(TURSO_API_BASEURL) is used.
    type: str
    default: https://api.turso.tech
  api_timeout:
    description:
      - How many seconds to wait for a connection, and for each part of an answer.
      - If not given, the environment variable E(TURSO_API_TIMEOUT) is used.
    type: float
    default: 30
  api_retries:
    description:
      - How often to try again after the first try. Reading and revoking are tried again after lost answers and passing
        failures, creating only where the request cannot have been carried out.
      - Under a rate limit that lets other requests of the task pass, none of these tries is used up. A rate limit that does not
        say when to try again is waited out for a minute with the default.
      - If not given, the environment variable E(TURSO_API_RETRIES) is used.
    type: int
    default: 4
  validate_certs:
    description:
      - Whether to verify the certificate of the API.
    type: bool
    default: true
  ca_path:
    description:
      - A file or directory with the certificate authorities to trust.
      - If not given, the first of the environment variables E(REQUESTS_CA_BUNDLE), E(CURL_CA_BUNDLE), and E(SSL_CERT_FILE) that is
        not empty is used, and otherwise what the Python library C(requests) trusts. This holds for loopback addresses, too.
      - Used only if O(validate_certs=true).
    type: path
requirements:
  - python >= 3.9
  - requests (Python library) on the host that runs the module
seealso:
  - name: Turso Platform API, API tokens
    description: Turso's reference of the calls that this module makes.
    link: https://docs.turso.tech/api-reference/tokens
"""
