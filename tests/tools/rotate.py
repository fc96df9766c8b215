# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotate one token from a checkout, as `make rotate` does; what to do comes from the environment.

    NAME=ci-deploy VAULT_FILE=secrets.yml python -m tests.tools.rotate

The token keeps its organization, group and scopes unless ORGANIZATION, GROUP and SCOPES say otherwise. This only
puts the variables together; the rotation is playbooks/rotate.yml, in the environment that this runs in.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.tools.checkout import collections_path

sys.path.insert(0, str(collections_path()))

from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._errors import TursoError
from ansible_collections.community.turso.plugins.module_utils._rotation.plan import parse_generation

USAGE = """\
make rotate NAME=ci-deploy VAULT_FILE=secrets.yml     the value goes into an encrypted file
make rotate NAME=ci-deploy DELIVER=deliver.yml        a tasks file hands it over, as turso_rotate_item.secret

TURSO_API_TOKEN  in the environment: a token that may list, create and revoke tokens
NAME             which token
VAULT_FILE       an ansible-vault file; made if it is not there
DELIVER          a tasks file; docs/rotation.md explains it
LEDGER           a JSON file that remembers what was handed over
GRACE_HOURS      how long the old one stays alive; needs LEDGER
ORGANIZATION     what the new one is restricted to, with GROUP and SCOPES (separated by commas) if need be;
                 without it, what the old one is restricted to
FORCE=1          rotate it even if it is younger than 90 days
CHECK=1          only show what would be done
The vault password comes from ANSIBLE_VAULT_PASSWORD_FILE, or is asked for."""

DEFAULT_API = "https://api.turso.tech"
MADE_BY_HAND = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)  # older than every generation


class Unclear(Exception):
    """What is asked for is not complete."""


def main() -> None:
    try:
        command, variables = command_for(os.environ)
    except (Unclear, TursoError) as exc:
        sys.exit(f"{exc}\n\n{USAGE}" if isinstance(exc, Unclear) else exc.msg)
    with tempfile.NamedTemporaryFile("w", suffix=".json", prefix="turso-rotate-") as file:
        json.dump(variables, file)
        file.flush()
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections_path())}
        done = subprocess.run([program, *command, "-e", f"@{file.name}"], env=environment, check=False)
        sys.exit(done.returncode)


def checked(given: Mapping[str, str]) -> tuple[str, str]:
    """Return the name and the credential.

    :raises Unclear: for what only the user can say.
    """
    name = given.get("NAME", "")
    token = given.get("TURSO_API_TOKEN") or given.get("TURSO_PLATFORM_TOKEN")
    if not name:
        raise Unclear("NAME is missing: which token is to be rotated?")
    if any(opening in name for opening in ("{{", "{%", "{#")):
        raise Unclear(f"NAME must not be a template: Ansible would make another name of {name!r}.")
    if not token:
        raise Unclear("TURSO_API_TOKEN is not set: a token that may list, create and revoke tokens.")
    if not given.get("VAULT_FILE") and not given.get("DELIVER"):
        raise Unclear(
            "Where is the new value to go? It is shown once and printed nowhere, and the old one is revoked. "
            "Name a VAULT_FILE or a DELIVER hook."
        )
    return name, token


def command_for(given: Mapping[str, str]) -> tuple[list[str], dict[str, Any]]:
    """Return the arguments of ansible-playbook and its variables, none of them secret."""
    name, token = checked(given)
    variables: dict[str, Any] = {"turso_rotate_tokens": [{"name": name, **restriction(given, name, token)}]}
    for variable, what in (("VAULT_FILE", "vault_file"), ("DELIVER", "deliver"), ("LEDGER", "ledger")):
        if given.get(variable):
            variables[f"turso_rotate_{what}"] = str(Path(given[variable]).absolute())
    if given.get("GRACE_HOURS"):
        variables["turso_rotate_grace_hours"] = given["GRACE_HOURS"]
    if given.get("FORCE"):
        variables["turso_rotate_force"] = True
    arguments = ["community.turso.rotate"]
    if given.get("CHECK"):
        arguments.append("--check")
    knows_password = any(given.get(f"ANSIBLE_VAULT_{source}") for source in ("PASSWORD_FILE", "IDENTITY_LIST"))
    if given.get("VAULT_FILE") and not knows_password:
        arguments.append("--ask-vault-pass")
    return arguments, variables


def restriction(given: Mapping[str, str], name: str, token: str) -> dict[str, Any]:
    """Return what the new token is to be restricted to: what is given, else what the newest generation has."""
    if given.get("ORGANIZATION"):
        asked = {"organization": given["ORGANIZATION"], "group": given.get("GROUP"), "scopes": given.get("SCOPES")}
        asked["scopes"] = asked["scopes"] and asked["scopes"].split(",")  # type: ignore[assignment]
        return {key: value for key, value in asked.items() if value}
    stamps = {}
    for one in Tokens(Api(given.get("TURSO_API_BASEURL") or DEFAULT_API, token)).list_own().tokens:
        logical, stamp = parse_generation(one.name) or (one.name, MADE_BY_HAND)
        if logical == name:
            stamps[stamp] = one.restriction
    if not stamps:
        raise Unclear(f"There is no token {name!r} yet. Name its ORGANIZATION, to issue the first one.")
    return _as_options(stamps[max(stamps)])


def _as_options(has: Restriction) -> dict[str, Any]:
    options = {"organization": has.organization, "group": has.group, "scopes": list(has.scopes or ())}
    return {key: value for key, value in options.items() if value}


if __name__ == "__main__":
    main()
