# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collect every variable of the roles and playbooks, for docs/variables.md; `make reference` writes the page.

The texts are the first sentences of what `ansible-doc -t role` shows.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.tools.checkout import ROOT

PAGE = ROOT / "docs" / "variables.md"

HEAD = """\
# Variables

All variables of the roles and playbooks, and the environment variables. `ansible-doc -t role community.turso.turso_rotate` has the
whole text of each. Options of modules: `ansible-doc community.turso.turso_token`.

Made from the sources by `make reference`; do not edit.
"""

ENVIRONMENT_HEAD = """\
## Environment

An empty variable counts as unset. `TURSO_AUTH_TOKEN` is never read.
"""

# What is no variable of a role, told by hand; a test compares the names with the sources.
ENVIRONMENT = {
    "TURSO_API_TOKEN": "the API token, if no option sets it",
    "TURSO_PLATFORM_TOKEN": "the API token, if `TURSO_API_TOKEN` is not set",
    "TURSO_API_BASEURL": "the address of the API",
    "TURSO_API_TIMEOUT": "how many seconds to wait for a connection, and for each part of an answer (30)",
    "TURSO_API_RETRIES": "the number of retries after the first try (4)",
    "TURSO_REVOKE_SECRET": "a leaked value, for `turso_revocation` and `community.turso.revoke`",
    "REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE": "the certificate authorities to trust, in this order, if no `ca_path` is set",
    "HTTPS_PROXY, HTTP_PROXY, NO_PROXY": "the proxy; none is used for loopback addresses",
}

PLAYBOOKS = {
    "rotate": "takes the variables of `turso_rotate`",
    "audit": "takes the variables of `turso_audit`",
    "adopt": "takes `turso_adopt_organization`, `turso_adopt_file` (`rotation.yml`), `turso_adopt_api_token`, `turso_adopt_api_url`, "
    "`turso_adopt_ca_path`",
    "try": "takes `turso_try_minutes`: how many minutes the local server keeps running, for commands of your own (0)",
}


def main() -> None:
    page = written(ROOT)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page)
        print(PAGE)
    else:
        print(page, end="")


def written(root: Path) -> str:
    """Return the page, from the argument specs and playbooks below a directory."""
    parts = [HEAD]
    for path in sorted(root.glob("roles/*/meta/argument_specs.yml")):
        role = path.parts[-3]
        options = options_of(yaml.safe_load(path.read_text()))
        parts.append(f"## The role `{role}`\n\n| variable | default | |\n|---|---|---|\n" + "".join(rows(options)))
        for name, option in options.items():
            if option.get("options"):
                title = f"### The keys of an item of `{name}`\n\n| key | default | |\n|---|---|---|\n"
                parts.append(title + "".join(rows(option["options"])))
    parts.append("## Playbooks\n\n| playbook | |\n|---|---|\n" + "".join(playbooks(root)))
    lines = "".join(f"| {_code(names)} | {says} |\n" for names, says in ENVIRONMENT.items())
    parts.append(f"{ENVIRONMENT_HEAD}\n| variable | |\n|---|---|\n{lines}")
    return "\n".join(parts)


def options_of(specs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of all entry points of a role."""
    return {
        name: option
        for entry in specs["argument_specs"].values()
        for name, option in (entry.get("options") or {}).items()
    }


def rows(options: Mapping[str, Any]) -> Iterator[str]:
    for name, option in options.items():
        default = (
            f"`{json.dumps(option['default'])}`"
            if "default" in option
            else "**required**"
            if option.get("required")
            else ""
        )
        yield f"| `{name}` | {default} | {first_sentence(option['description'])} |\n"


def first_sentence(description: str | list[str]) -> str:
    text = " ".join((description if isinstance(description, str) else description[0]).split())
    plain = re.sub(r"\b[A-Z]\((?:\w+\[\]\.)?([^)]*)\)", r"`\1`", text)
    return re.split(r"(?<=\.) (?=[A-Z])", plain)[0].replace("|", r"\|").replace("<", r"\<")


def playbooks(root: Path) -> Iterator[str]:
    for name, says in PLAYBOOKS.items():
        yield f"| `community.turso.{name}` | {says} |\n"
    (play,) = yaml.safe_load((root / "playbooks" / "revoke.yml").read_text())
    task = play["tasks"][0]["block"][0]["community.turso.turso_revocation"]
    known = _code(", ".join(f"turso_revoke_{option}" for option in task["from_variables"]))
    yield f"| `community.turso.revoke` | takes {known}; the [incident runbook](incident-runbook.md#you-know-which-token) explains them |\n"


def _code(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", "))


if __name__ == "__main__":
    main()
