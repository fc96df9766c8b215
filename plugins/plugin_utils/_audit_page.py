# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page and the text of an audit's report. Private to this collection.

Jinja alone makes the page, because Ansible's own templates look for others in every value, which takes a minute for the
names of thousands of tokens. Everything is escaped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

TEMPLATE, SCRIPT = "templates/report.html.j2", "files/sort.js"


def page_of(report: Mapping[str, Any], folder: str) -> str:
    """Return the report as a page that needs nothing else.

    :param folder: the folder of the role, with the template and the script.
    """
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["breaking"] = breaking
    with open(os.path.join(folder, SCRIPT), encoding="utf-8") as file:
        script = Markup(file.read())  # noqa: S704  # a file of this collection
    titles = {rule["name"]: rule["title"] for rule in report["rules"]}
    return environment.get_template(TEMPLATE).render(report=report, titles=titles, script=script)


def breaking(address: str) -> Markup:
    """Return an e-mail address that breaks before its @, rather than anywhere."""
    return Markup("<wbr>@").join(address.split("@"))


def text_of(report: Mapping[str, Any]) -> str:
    """Return the report as JSON, in its own order: a line for each token and finding, so that two reports compare well."""
    return _laid_out(report) + "\n"


def _laid_out(value: Any, before: str = "") -> str:
    inner = before + "    "
    if isinstance(value, Mapping) and value:
        parts = [f"{inner}{json.dumps(key)}: {_laid_out(part, inner)}" for key, part in value.items()]
        return "\n".join(["{", ",\n".join(parts), before + "}"])
    if isinstance(value, list) and value:
        return "\n".join(["[", ",\n".join(inner + json.dumps(part) for part in value), before + "]"])
    return json.dumps(value)
