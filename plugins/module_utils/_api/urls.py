# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: which URLs a bearer token may be sent to, and what a bearer token may look like."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote, urlsplit

from ansible_collections.community.turso.plugins.module_utils._errors import BadOption

HOW_TO_WRITE = "Set https:// and a host, such as https://api.turso.tech."
_NOT_IN_A_URL = re.compile(r"[\s\\@?#\x00-\x1f\x7f]")
_HOST_AND_PORT = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(?::[0-9]+)?")


def checked_url(url: object) -> tuple[str, bool]:
    """Return the URL without a slash at its end, and whether its host is a loopback address.

    :raises BadOption: for anything a bearer token must not be sent to.
    """
    if not isinstance(url, str):
        raise BadOption(
            "api_url is null.",
            "Set a URL, or leave the option out (in a template with omit) to use the Turso Platform API.",
        )
    if _NOT_IN_A_URL.search(url):
        raise BadOption(
            "api_url has user information, a query, a fragment, white space or backslashes.",
            "Remove them, and set the token in api_token only.",
        )
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as exc:
        raise BadOption(f"api_url {url!r} is not a URL ({exc}).", HOW_TO_WRITE) from exc
    if parts.scheme not in ("https", "http") or not host or not _HOST_AND_PORT.fullmatch(parts.netloc):
        raise BadOption(f"api_url {url!r} has no https:// at its beginning, or no host.", HOW_TO_WRITE)
    loopback = is_loopback(host)
    if parts.scheme == "http" and not loopback:
        raise BadOption(
            f"api_url {url!r} would send the API token in clear text.",
            "Use https:// (http:// is for loopback addresses only).",
        )
    return url.rstrip("/"), loopback


def split_origin(url: str) -> tuple[str, str]:
    """Return scheme and host of a URL, and the path that stands behind them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}", parts.path


def path_of(prefix: str, segments: tuple[str, ...]) -> str:
    """Return the path of unescaped segments below a prefix, percent-encoded."""
    return prefix + "".join("/" + quote(segment, safe="") for segment in segments)


def is_bearer(text: object) -> bool:
    """Tell whether a value can be sent as a bearer token: visible ASCII, at least one character."""
    return isinstance(text, str) and re.fullmatch(r"[\x21-\x7e]+", text) is not None


def is_loopback(host: str | None) -> bool:
    """Tell whether what is sent to a host stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False
