# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task writes for its options, before Ansible fits it to their types.

Private to this collection. Ansible takes a null for an option that was left out and makes texts of whatever it is given. A
blank variable must not decide what a token may do, so both are refused. Leaving an option out and omit say "none". A text
that Ansible would read as a dictionary of options is refused as well: nobody sees before that what is null in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import BadOption, kind_of

_TEXTS = ("str", "path")


def refuse_misread(written: Mapping[str, Any], spec: Mapping[str, Any], where: str = "") -> None:
    """Refuse options that Ansible would read as something else than what is written.

    :param written: the options as they came, also of an item in a list.
    :param spec: the argument spec of them; what is not in it is left to Ansible to refuse.
    :raises BadOption: for a null, and for a text that is no text. The value is not shown: it may be a secret.
    """
    options = {name: option for key, option in spec.items() for name in (key, *option.get("aliases", ()))}
    for name, value in written.items():
        if name in options:
            _refuse_value(where + name, value, options[name])


def _refuse_value(label: str, value: Any, option: Mapping[str, Any]) -> None:
    if value is None:
        raise BadOption(
            f"{label} is null: its variable or template has no value.",
            "Set a value, or leave the option out (in a template with omit).",
        )
    kind = option.get("type", "str")
    if kind in _TEXTS and not _is_text(value):
        raise BadOption(f"{label} is {kind_of(value)}, not a text.", "Put it in quotes.")
    is_of_options = "options" in option and (kind == "dict" or option.get("elements") == "dict")
    if is_of_options and isinstance(value, str):
        raise BadOption(f"{label} is a text, not a {'dictionary' if kind == 'dict' else 'list'}.", "Write it as YAML.")
    if kind == "list" and isinstance(value, list):
        element = {**option, "type": option.get("elements")}
        for index, item in enumerate(value):
            _refuse_value(f"{label}[{index}]", item, element)
    if kind == "dict" and isinstance(value, Mapping):
        refuse_misread(value, option.get("options") or {}, f"{label}.")


def _is_text(value: Any) -> bool:
    """Tell whether a value is a text, or a whole number, which becomes the text that was written."""
    return isinstance(value, (str, int)) and not isinstance(value, bool)
