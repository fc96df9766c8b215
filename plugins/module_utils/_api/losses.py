# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private to this collection: what an exception of the libraries below means: was the request sent, can it be sent at all.

Only what is known to happen before a request goes out counts as not sent. What one layer calls a proxy's error or an
invalid header may as well be an answer that broke off or that cannot be read.
"""

from __future__ import annotations

import dataclasses
import ssl
import traceback
from collections.abc import Callable

try:
    import requests
    import urllib3
except ImportError:
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    REQUESTS_IMPORT_ERROR = None
    # What keeps a request from going out however often it is tried.
    _UNSENDABLE = (
        requests.exceptions.InvalidURL,
        requests.exceptions.InvalidSchema,
        urllib3.exceptions.LocationParseError,
    )

TLS_ENDS = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
_NO_TUNNEL = "Tunnel connection failed"


class Lost(Exception):
    """A try that ended without a complete answer.

    :ivar sent: the request may have reached the API.
    :ivar final: trying again cannot help.
    """

    def __init__(self, reason: str, *, sent: bool, final: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent
        self.final = final


@dataclasses.dataclass(frozen=True)
class Kind:
    """One way to lose a try: how it is recognized, what is said of it, and what it means."""

    matches: Callable[[Exception, str], bool]
    reason: str
    sent: bool
    final: bool = False


def loss_in_sending(exc: Exception, base: str, timeout_seconds: float) -> Lost:
    """Say what an error means that ended a try before its answer began.

    :param base: the API's URL, for the message.
    """
    cause = cause_of(exc)
    kind = next(kind for kind in KINDS if kind.matches(exc, cause))
    name = type(exc).__name__
    reason = kind.reason.format(base=base, cause=cause, seconds=f"{timeout_seconds:g}", name=name)
    return Lost(reason, sent=kind.sent, final=kind.final)


def unsendable(exc: Exception, base: str) -> Lost:
    """Return the loss of a request that a setting of the environment keeps from going out."""
    return Lost(_CANNOT_BE_SENT.format(base=base, name=type(exc).__name__), sent=False, final=True)


def loss_in_reading(exc: Exception, base: str) -> Lost:
    """Return the loss of an answer that began and did not end."""
    return Lost(f"{base} did not complete its answer ({cause_of(exc)})", sent=True)


def comes_of(exc: BaseException, *kinds: type[BaseException]) -> bool:
    """Tell whether an error, or anything that it wraps, is of one of these kinds."""
    return any(isinstance(cause, kinds) for cause in _causes(exc))


def cause_of(exc: BaseException) -> str:
    """Name the innermost cause without the text of the layers above it, which quote URLs and headers."""
    causes = _causes(exc)
    for cause in reversed([*causes, causes[-1].__context__]):
        if isinstance(cause, OSError) and cause.strerror:
            return str(cause.strerror)
    no_tunnel = [str(cause) for cause in causes if str(cause).startswith(_NO_TUNNEL)]
    return no_tunnel[0] if no_tunnel else type(causes[-1]).__name__


def _causes(exc: BaseException) -> list[BaseException]:
    """Return an error and all that it wraps, outermost first. requests and urllib3 do that in four different ways."""
    causes = [exc]
    for cause in causes:  # grows meanwhile
        inside = [*cause.args, getattr(cause, "reason", None), getattr(cause, "original_error", None), cause.__cause__]
        causes += [inner for inner in inside if isinstance(inner, BaseException) and inner not in causes]
    return causes


def _no_connection(exc: Exception, _cause: str) -> bool:
    return comes_of(exc, urllib3.exceptions.NewConnectionError)


def _refused_by_proxy(exc: Exception, cause: str) -> bool:
    is_proxys = isinstance(exc, requests.exceptions.ProxyError)
    return is_proxys and (_no_connection(exc, cause) or cause.startswith(_NO_TUNNEL))


def _unresolved(exc: Exception, _cause: str) -> bool:
    # urllib3 2 has an error of its own for it; before, only the text of the cause tells.
    return any(type(cause).__name__ in ("NameResolutionError", "gaierror") for cause in _causes(exc))


def _tls_failed(exc: Exception, _cause: str) -> bool:
    return isinstance(exc, requests.exceptions.SSLError) and not comes_of(exc, *TLS_ENDS)


_CANNOT_BE_SENT = (
    "the request to {base} cannot be sent ({name}); check api_url, ca_path, and the settings of "
    "the environment for proxies and certificates (HTTPS_PROXY, REQUESTS_CA_BUNDLE)"
)

# The first that matches counts. What is not sent comes first, what may have been sent last.
KINDS = (
    Kind(
        lambda exc, _cause: comes_of(exc, ssl.SSLCertVerificationError),
        "the certificate of {base} is not trusted ({cause}); set ca_path to the authority that signed it "
        "(validate_certs=false only for a test)",
        sent=False,
        final=True,
    ),
    Kind(lambda exc, _cause: comes_of(exc, *_UNSENDABLE), _CANNOT_BE_SENT, sent=False, final=True),
    Kind(
        _refused_by_proxy,
        "the proxy that the environment names (HTTPS_PROXY) refused the connection ({cause})",
        sent=False,
    ),
    Kind(
        lambda exc, cause: _no_connection(exc, cause) and _unresolved(exc, cause),
        "the name of {base} cannot be resolved ({cause}), so nothing was sent",
        sent=False,
    ),
    Kind(_no_connection, "{base} cannot be reached ({cause})", sent=False),
    Kind(
        lambda exc, _cause: isinstance(exc, requests.exceptions.ConnectTimeout),
        "{base} did not accept a connection within {seconds} s",
        sent=False,
    ),
    Kind(
        lambda exc, _cause: isinstance(exc, requests.exceptions.Timeout),
        "{base} did not answer within {seconds} s",
        sent=True,
    ),
    Kind(_tls_failed, "TLS with {base} failed ({cause}); check api_url and ca_path", sent=True, final=True),
    Kind(lambda _exc, _cause: True, "{base} closed the connection without a complete answer ({cause})", sent=True),
)
