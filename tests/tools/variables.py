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

# C(text), V(value), M(plugin), P(plugin#type), O(key) and RV(plugin#type:key).
MARKUP = re.compile(r"\b(?:RV|[CVEMPO])\((?:(?P<plugin>[\w.]+#\w+)(?::|(?=\))))?(?:\w+\[\]\.)?(?P<name>[^)]*)\)")

OTHERS_HEAD = """\
## Facts and other variables

The roles set the facts. You set no variable of this table as an option.
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

# Facts that the roles set, and what a play passes to one step. A test compares the names with the tasks of the roles.
OTHERS = {
    "turso_rotate_secrets": (
        "fact: the values that this run issued or resumed, by the name of the managed token",
        "[Rotate tokens](rotate.md#deliver-with-tasks-of-your-play)",
    ),
    "turso_rotate_report": (
        "fact: what the run did with each managed token, without secrets",
        "[Results](results.md#the-report-of-a-rotation)",
    ),
    "turso_rotate_item": (
        "what a tasks file in `deliver` gets: one new token with its value",
        "[Rotate tokens](rotate.md#deliver-with-a-tasks-file)",
    ),
    "turso_rotate_read_back": (
        "what you pass to the entry point `confirm`, or set in a tasks file: what a consumer has now, by the name of the managed token",
        "[Rotate tokens](rotate.md#deliver-with-tasks-of-your-play)",
    ),
    "turso_rotate_outcome": (
        "what the tasks file of `turso_rotate_notify` gets: how the run ended, in one word",
        "[Results](results.md#how-a-rotation-ended)",
    ),
    "turso_deliver_verdicts": (
        "fact: what came of each value on each host, without the value",
        "[Results](results.md#what-came-of-deliveries)",
    ),
    "turso_audit_report": (
        "fact: the report of the audit, as its JSON file has it",
        "[Results](results.md#the-report-of-an-audit)",
    ),
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
        specs = yaml.safe_load(path.read_text())["argument_specs"]
        options = options_of(specs, "main") or options_of(specs, *specs)
        parts.append(f"## The role `{role}`\n\n| variable | default | |\n|---|---|---|\n" + "".join(rows(options)))
        for entry in specs:
            own = {name: option for name, option in options_of(specs, entry).items() if name not in options}
            if own:
                title = f"### Only for `tasks_from: {entry}`\n\n| variable | default | |\n|---|---|---|\n"
                parts.append(title + "".join(rows(own)))
        for name, option in options.items():
            if option.get("options"):
                title = f"### The keys of an item of `{name}`\n\n| key | default | |\n|---|---|---|\n"
                parts.append(title + "".join(rows(option["options"])))
    parts.append("## Playbooks\n\n| playbook | |\n|---|---|\n" + "".join(playbooks(root)))
    lines = "".join(f"| `{name}` | {says} | {where} |\n" for name, (says, where) in OTHERS.items())
    parts.append(f"{OTHERS_HEAD}\n| variable | holds | more |\n|---|---|---|\n{lines}")
    lines = "".join(f"| {_code(names)} | {says} |\n" for names, says in ENVIRONMENT.items())
    parts.append(f"{ENVIRONMENT_HEAD}\n| variable | |\n|---|---|\n{lines}")
    return "\n".join(parts)


def options_of(specs: Mapping[str, Any], *entries: str) -> dict[str, Any]:
    """Return the options of some entry points of a role; none of one that it does not have."""
    return {name: option for entry in entries for name, option in (specs.get(entry, {}).get("options") or {}).items()}


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
    plain = MARKUP.sub(_plain, text)
    return re.split(r"(?<=\.) (?=[A-Z])", plain)[0].replace("|", r"\|").replace("<", r"\<")


def _plain(found: re.Match[str]) -> str:
    """Return markup as code: an option or a return value of a plugin with the plugin, without the type that ansible-doc needs."""
    plugin, name = found["plugin"], found["name"]
    return " of ".join(f"`{part}`" for part in (name, plugin and plugin.partition("#")[0]) if part)


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
