# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deliver into a secret of AWS Secrets Manager. Private to this collection.

community.aws' own module would remove the resource policy and other JSON keys, and end AWS' own rotation; ours puts a value.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    DELIVERED,
    LOST,
    NOT_KNOWN,
    NOT_TAKEN,
    REFUSED,
    UNREADABLE,
    Item,
    Verdict,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.plugin_utils._destinations._found import verdict_on
from ansible_collections.community.turso.plugins.plugin_utils._destinations._needs import lacking_library
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Run, each, failure_in, is_safe

MODULE = "community.turso.turso_delivery_aws"
PROFILE = "AWS_PROFILE"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER")
OTHERS = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE")
_NEVER_SENT = (
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "NoCredentialsError",
    "SSLError",
    "ProxyConnectionError",
)


def check(items: Sequence[Item], run: Run) -> list[Verdict]:
    return each(items, run, REFUSED, functools.partial(_check, run))


def deliver(items: Sequence[Item], run: Run) -> list[Verdict]:
    return each(items, run, NOT_TAKEN, functools.partial(_deliver, run))


def read_back(items: Sequence[Item], run: Run) -> list[Verdict]:
    return each(items, run, UNREADABLE, functools.partial(_read_back, run))


def _check(run: Run, item: Item) -> Verdict:
    looked = _ask(item, run, "check")
    if looked.get("failed"):
        raise Refused(_told(item, run, looked))
    return Verdict.of(
        item,
        run.host,
        NOT_KNOWN,
        f"the secret {item.options['name']} exists; only the write itself shows whether it is allowed",
    )


def _deliver(run: Run, item: Item) -> Verdict:
    put = _ask(item, run, "put", value=str(item.secret))
    if not put.get("failed"):
        return Verdict.of(item, run.host, DELIVERED, changed=bool(put["changed"]))
    return Verdict.of(item, run.host, LOST if _may_be_stored(put) else NOT_TAKEN, _told(item, run, put))


def _read_back(run: Run, item: Item) -> Verdict:
    read = _ask(item, run, "read")
    if read.get("failed"):
        raise Refused(_told(item, run, read))
    return verdict_on(item, run.host, read["value"])


def _ask(item: Item, run: Run, step: str, **more: Any) -> dict[str, Any]:
    """Have our module carry out a step; the credential goes into its environment.

    :raises Refused: the credential is not there, or would travel in clear.
    """
    environment = _environment(item, run)
    endpoints = {**run.settings(item, *ENDPOINTS), **environment}
    unsafe = [name for name in ENDPOINTS if endpoints.get(name) and not is_safe(endpoints[name])]
    if unsafe:
        raise Refused(
            f"{unsafe[0]} is {endpoints[unsafe[0]]}, which is not https, so nothing was sent. Use an https address"
        )
    options = {name: item.options.get(name) for name in ("name", "key", "region")}
    return run.module(MODULE, {"step": step, **options, "profile": environment.get(PROFILE), **more}, environment)


def _environment(item: Item, run: Run) -> dict[str, str]:
    """Return the variables of a named credential; where it has keys, no part of the environment's own keys is left."""
    if not item.options.get("credential"):
        return {}
    named = run.credential(item, PROFILE, *KEYS, *ENDPOINTS, *OTHERS)
    return {**dict.fromkeys(KEYS, ""), **named}


def _may_be_stored(result: Mapping[str, Any]) -> bool:
    """Tell whether a delivery that failed may have arrived all the same: AWS did not refuse what was sent."""
    hundreds = int(result.get("status") or 0) // 100
    return all([result.get("is_writing", True), hundreds != 4, result.get("code") not in _NEVER_SENT])


def _told(item: Item, run: Run, result: Mapping[str, Any]) -> str:
    """Say what AWS said; the refusals of our module are whole sentences."""
    said = failure_in(result)
    lacking = lacking_library(said)
    if lacking is not None:
        return lacking
    environment = _environment(item, run)
    shown = run.shown(said, [environment.get(name, "") for name in KEYS])
    if result.get("code") is None:
        return shown
    doing = "may have been stored" if _may_be_stored(result) else "was not stored"
    return f"the value {doing} in the secret {item.options['name']}: {shown}"
