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
      - The default is the environment variable E(TURSO_API_TOKEN), or else E(TURSO_PLATFORM_TOKEN). An empty variable counts as
        unset.
      - You must set it in one of these places. A message about the token says from which one it came.
      - A SQL token (of a database) does not work here, and is refused by its claims. The module never reads
        E(TURSO_AUTH_TOKEN).
      - A login session of the Turso CLI works until it ends. A warning shows its end two days before.
      - To create tokens, it must have at least 16 characters, because Ansible masks this value in every text.
    type: str
  api_url:
    description:
      - The address of the Turso Platform API. It may have a path, which is kept.
      - V(http://) is only possible for a loopback address, because the token would travel in clear text. The module follows no
        redirects. For a loopback address it uses no proxy.
      - If it is not set, the environment variable E(TURSO_API_BASEURL) is used.
    type: str
    default: https://api.turso.tech
  api_timeout:
    description:
      - How many seconds to wait for a connection, and for each part of an answer.
      - If it is not set, the environment variable E(TURSO_API_TIMEOUT) is used.
    type: float
    default: 30
  api_retries:
    description:
      - The number of retries after the first try. The module retries read and revoke requests after network errors and
        temporary failures. It retries a create request only if the API cannot have carried it out.
      - A rate limit that lets other requests of the task pass does not count. With the default, the module waits for up to a
        minute if a rate limit does not say when to try again.
      - If it is not set, the environment variable E(TURSO_API_RETRIES) is used.
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
      - The default is the first of the environment variables E(REQUESTS_CA_BUNDLE), E(CURL_CA_BUNDLE), and E(SSL_CERT_FILE)
        that is not empty, or else what the Python library C(requests) trusts. This applies to loopback addresses, too.
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
