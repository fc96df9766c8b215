# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of Cloudflare Workers: names, deployments, and what refusals mean. Pure. Private to this collection."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

Options = Mapping[str, Any]
BASE_VARIABLES = ("CLOUDFLARE_API_BASE_URL", "CLOUDFLARE_BASE_URL")  # wrangler's, and that of the libraries
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_ACCOUNT = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_BEHIND = {10214, 10215}  # the newest version of the Worker is not the one that is deployed
_NO_WORKER = {10007, 10090}
_TAKEN = {10053}


def api_url_of(settings: Mapping[str, str]) -> str:
    named = next(
        (settings[name] for name in BASE_VARIABLES if settings.get(name)), "https://api.cloudflare.com/client/v4"
    )
    return named.rstrip("/")


def problem_of(options: Options) -> str | None:
    """Say why a destination can't have these options."""
    if not _ACCOUNT.fullmatch(str(options["account_id"])):
        return f"{options['account_id']!r} is no id of an account: 32 hexadecimal digits, as in the address of the dashboard"
    if not _NAME.fullmatch(str(options["name"])):
        return f"{options['name']!r} is no name of a secret: letters, digits and _, not a digit first"
    return None


def worker_of(options: Options) -> str:
    """Return the path of a Worker."""
    return f"accounts/{options['account_id']}/workers/scripts/{urllib.parse.quote(str(options['script']), safe='')}"


def behind(options: Options) -> str:
    """Say why nothing is written while the newest version is not deployed."""
    return (
        f"the newest version of Worker {options['script']} is not the one that is deployed, and a secret would be written into that "
        f"one and deploy it. Deploy it first, or upload what is in use again: wrangler versions deploy --name {options['script']}"
    )


def version_in_use(deployments: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the version that all requests go to, none where there is none or where several share them."""
    versions = deployments[0].get("versions") or [] if deployments else []
    return str(versions[0]["version_id"]) if len(versions) == 1 else None


def other_kind(secrets: Sequence[Mapping[str, Any]], name: str) -> str | None:
    """Say why an existing secret can't be replaced by a text."""
    kinds = [secret.get("type") for secret in secrets if secret.get("name") == name]
    return (
        f"{name} is a {kinds[0]}, and a text would replace it. Use another name"
        if kinds and kinds[0] != "secret_text"
        else None
    )


def what_a_refusal_means(status: int, problem: str | None, body: Any, options: Options, whose: str) -> str:
    """Return what it means that Cloudflare did not do what it was asked to, and what to do.

    :param body: its answer, whose `errors` have numbers.
    """
    said = problem or "its answer is not what its API promises"
    codes = codes_in(body)
    if codes & _BEHIND:
        return f"{behind(options)} ({said})"
    if codes & _NO_WORKER or status == 404:
        return (
            f"account {options['account_id']} shows no Worker {options['script']} to the credential of {whose}. An environment of "
            f"wrangler is a Worker of its own, such as {options['script']}-production ({said})"
        )
    if codes & _TAKEN:
        return (
            f"{options['name']} is a variable of Worker {options['script']}, and no secret. Use another name ({said})"
        )
    if status == 400:
        return f"Cloudflare refuses what it was asked ({said})"
    if status in (401, 403):
        return (
            f"Cloudflare does not accept the credential of {whose}, or it may not change the Worker. It needs for that account the "
            f"permission Workers Scripts: Edit ({said})"
        )
    return f"Cloudflare cannot be asked now. Run again later ({said})"


def codes_in(body: Any) -> set[int]:
    """Return the numbers of the errors in an answer."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    return {
        error["code"] for error in errors or () if isinstance(error, Mapping) and isinstance(error.get("code"), int)
    }
