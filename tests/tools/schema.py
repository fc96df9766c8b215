# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make rotation.schema.json, by which editors complete and check rotation files, from the argument specs of the roles.

    python -m tests.tools.schema

Runs in the environment of an ansible-core. A test compares the file with what this makes.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.tools.checkout import ROOT, collections_path

SCHEMA = ROOT / "rotation.schema.json"
ID = "https://raw.githubusercontent.com/ansible-collections/community.turso/main/rotation.schema.json"

Spec = Mapping[str, Any]
Schema = dict[str, Any]

TEMPLATE: Schema = {"description": "A template of Ansible.", "type": "string", "pattern": r"\{\{"}
A_TEMPLATE: Schema = {"$ref": "#/$defs/template"}
TYPES: dict[str, Schema] = {
    "str": {"type": ["string", "integer"]},  # such as the number of a project
    "path": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "dict": {"type": "object"},
}
# YAML reads 0640 as the number 416.
ONLY_TEXT = {"mode"}
VARIABLES = re.compile(r"^turso_(?:rotate|deliver)_")


def main() -> None:
    SCHEMA.write_text(text(), encoding="utf-8")
    print(SCHEMA)


def text() -> str:
    """Return the file as it has to be."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> Schema:
    rotate = _specs("turso_rotate")["main"]["options"]
    deliver = _destinations()
    credentials = _specs("turso_deliver")["file_check"]["options"]["turso_deliver_credentials"]
    variables = {
        name: _option(name, spec) for name, spec in {**rotate, "turso_deliver_credentials": credentials}.items()
    }
    entry = variables["turso_rotate_tokens"]["anyOf"][0]["items"]
    entry["properties"]["deliver"] |= _or_template(
        {"type": "array", "minItems": 1, "items": {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in deliver]}}
    )
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ID,
        "title": "A rotation file of community.turso",
        "description": "What `ansible-playbook community.turso.rotate -e @rotation.yml` takes.",
        "type": "object",
        "properties": variables,
        "required": ["turso_rotate_tokens"],
        # Other variables may stand in the file, but none that looks like one of these and is none.
        "propertyNames": {"anyOf": [{"enum": list(variables)}, {"not": {"pattern": VARIABLES.pattern}}]},
        "$defs": {"template": TEMPLATE, **deliver},
    }


def _destinations() -> dict[str, Schema]:
    """Return the schema of everything that `deliver` may name."""
    sys.path.insert(0, str(collections_path()))
    from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import KINDS  # noqa: PLC0415

    hours = _option("takes_effect_hours", {"type": "float", "description": EFFECT})
    patterns = _option(
        "hosts", {"type": "list", "elements": "str", "description": "Inventory patterns of the hosts that confirm."}
    )
    own: dict[str, Schema] = {
        "play": _item(
            "The tasks of your play deliver the value.", {"to": {"const": "play"}, "hosts": patterns}, ["to"]
        ),
        "vault_file": _item(
            "turso_rotate_vault_file, if consumers read the value from it.",
            {"to": {"const": "vault_file"}, "takes_effect_hours": hours},
            ["to", "takes_effect_hours"],
        ),
        "tasks": _item(
            "Your own tasks file.",
            {"tasks": {"type": "string", "description": "The path of the file."}, "takes_effect_hours": hours},
            ["tasks"],
        ),
    }
    specs = _specs("turso_deliver")
    return own | {to: _destination(to, specs[f"{to}_check"], KINDS[to]) for to in KINDS}


EFFECT = "For how many hours after the delivery a consumer may still use the old value."


def _destination(to: str, spec: Spec, kind: Any) -> Schema:
    options = spec["options"]["turso_deliver_items"]["options"]["options"]["options"]
    properties = {"to": {"const": to}, **{name: _option(name, option) for name, option in options.items()}}
    item = _item(_plain(spec["description"][0]), properties, ["to", *_required(options)])
    if kind.takes_effect_hours is None:
        enough = [name for name in ("takes_effect_hours", kind.at_once_with) if name]
        item["anyOf"] = [{"required": [name]} for name in enough]
    return item


def _item(description: str, properties: Schema, required: list[str]) -> Schema:
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _option(name: str, spec: Spec) -> Schema:
    """Return the schema of an option, also for a template in its place."""
    found: Schema = {"description": _plain(spec["description"])}
    if spec.get("default") is not None and not spec.get("no_log"):
        found["default"] = spec["default"]
    return found | _value(name, spec)


def _value(name: str, spec: Spec) -> Schema:
    kind = spec.get("type", "str")
    if kind == "list":  # the choices of a list are those of its elements
        elements = {"type": spec["elements"], **{key: spec[key] for key in ("options", "choices") if key in spec}}
        return _or_template({"type": "array", "items": _value(name, elements)})
    if "choices" in spec:
        return _or_template({"enum": list(spec["choices"])})
    if kind == "dict" and "options" in spec:
        options = {option: _option(option, inner) for option, inner in spec["options"].items()}
        item: Schema = {"type": "object", "properties": options, "additionalProperties": False}
        required = _required(spec["options"])
        return item | ({"required": required} if required else {})
    if name in ONLY_TEXT or kind == "path":
        return {"type": "string"}
    return dict(TYPES[kind]) if kind == "str" else _or_template(TYPES[kind])


def _or_template(one: Schema) -> Schema:
    return {"anyOf": [one, A_TEMPLATE]}


def _required(options: Spec) -> list[str]:
    return [name for name, option in options.items() if option.get("required")]


def _plain(description: str | list[str]) -> str:
    """Return a description as plain text, without Ansible's markup."""
    lines = description if isinstance(description, list) else [description]
    marked = re.sub(r"\b(?:RV|[BCEIMOPV])\((?:\w+\[\]\.)?((?:[^()\\]|\\.)*)\)", r"`\1`", " ".join(lines))
    return re.sub(r"#(?:role|filter|module)`", "`", marked)


def _specs(role: str) -> dict[str, Any]:
    path = Path(ROOT, "roles", role, "meta", "argument_specs.yml")
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
    return found


if __name__ == "__main__":
    main()
