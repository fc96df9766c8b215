# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of Cloudflare Workers: names, deployments, and what refusals mean. Pure. Private to this collection."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

Options = Mapping[str, Any]
API_URL = "https://api.cloudflare.com/client/v4"
BASE_VARIABLES = ("CLOUDFLARE_API_BASE_URL", "CLOUDFLARE_BASE_URL")  # wrangler's, and that of the libraries
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_ACCOUNT = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_BEHIND = {10214, 10215}  # the newest version of the Worker is not the one that is deployed
_NO_WORKER = {10007, 10090}
_TAKEN = {10053}


def problem_of(options: Options) -> str | None:
    """Say why a destination can't have these options."""
    if not _ACCOUNT.fullmatch(str(options["account_id"])):
        return f"{options['account_id']!r} is not an account id. Use the 32 hexadecimal digits in the address of the dashboard"
    if not _NAME.fullmatch(str(options["name"])):
        return f"{options['name']!r} is not a name for a secret. Use letters, digits and _, and no digit first"
    return None


def worker_of(options: Options) -> str:
    """Return the path of a Worker."""
    return f"accounts/{options['account_id']}/workers/scripts/{urllib.parse.quote(str(options['script']), safe='')}"


def behind(options: Options) -> str:
    """Say why nothing is written while the newest version is not deployed."""
    return (
        f"the newest version of Worker {options['script']} is not the deployed one, and writing a secret would deploy it. "
        f"Deploy it first, or upload again the version that is in use: wrangler versions deploy --name {options['script']}"
    )


def version_in_use(deployments: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the version that all requests go to, none where there is none or where several share them.

    :param deployments: the newest first.
    """
    shares = [share["version_id"] for deployment in deployments[:1] for share in deployment.get("versions", ())]
    return str(shares[0]) if len(shares) == 1 else None


def other_kind(secrets: Sequence[Mapping[str, Any]], name: str) -> str | None:
    """Say why an existing secret can't be replaced by a text."""
    kind = {secret.get("name"): secret.get("type") for secret in secrets}.get(name, "secret_text")
    if kind == "secret_text":
        return None
    return f"{name} is a {kind}, and a text would replace it. Use another name"


def what_a_refusal_means(status: int, problem: str | None, body: Any, options: Options, whose: str) -> str:
    """Return what it means that Cloudflare did not do what it was asked to, and what to do.

    :param body: its answer, whose errors have numbers.
    """
    account, script = options["account_id"], options["script"]
    no_worker = (
        f"account {account} shows no Worker {script} to the credential of {whose}. Correct account_id or script; an "
        f"environment of Wrangler is a Worker of its own, such as {script}-production"
    )
    no_right = (
        f"Cloudflare does not accept the credential of {whose}, or it may not change the Worker. It needs the permission "
        "Workers Scripts: Edit for that account"
    )
    meanings = {
        **dict.fromkeys(_BEHIND, behind(options)),
        **dict.fromkeys((*_NO_WORKER, 404), no_worker),
        **dict.fromkeys(_TAKEN, f"{options['name']} is a variable of Worker {script}, not a secret. Use another name"),
        **dict.fromkeys((401, 403), no_right),
        400: "Cloudflare refused the request",
    }
    known = [number for number in (*codes_in(body), status) if number in meanings]
    meaning = meanings[known[0]] if known else "Cloudflare does not answer as it should. Run this again later"
    return f"{meaning} ({problem or 'its answer is not what its API promises'})"


def codes_in(body: Any) -> list[int]:
    """Return the numbers of the errors in an answer, of whatever shape it is."""
    return [int(number) for number in re.findall(r'"code": (\d+)', json.dumps(body))]
