# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Door of the playbook adopt to the entries of a rotation file, and their text. Private to this collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._rotation.adoption import Adoption, Apart, adopted
from ansible_collections.community.turso.plugins.module_utils._time import moment_of

HEAD = """---
# The API tokens of {whose}, as they were on {day}.
# Every entry has the organization, group and scopes that its token has: only its age makes it due.
# No entry says in deliver yet who gets its token. Until one does, the tasks of your play deliver and confirm.
"""
APART = """
# Not taken over:
"""


class _Dumper(yaml.SafeDumper):
    """Writes text that could be taken for a template as what it is: other people chose the names."""


class _Unsafe(str):
    """A text that Ansible would render when it reads the file."""

    __slots__ = ()


_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", text, style='"'))
_Dumper.add_multi_representer(str, yaml.SafeDumper.represent_str)  # ansible-core marks texts by classes of its own


def rotation_file(own: Mapping[str, Any], listed: Mapping[str, Any], organization: str | None) -> dict[str, Any]:
    """Return the text of a rotation file, and the lines to show of it.

    :param own: the result of turso_token_info.
    :param listed: the result of turso_token_info with an organization; skipped without one.
    """
    moment = moment_of(own.get("listed_at"))
    if moment is None:
        raise AnsibleFilterError(
            "The tokens could not be listed. Nothing was written. Fix the failure above, then run this again."
        )
    found = adopted(_tokens(own), moment, organization, _tokens(listed))
    whose = f"the organization {organization!r}" if organization else "one user"
    head = HEAD.format(whose=whose, day=moment.date())
    made: dict[str, Any] = wrap_var({"text": head + _text_of(found), "lines": _lines_of(found)})
    return made


def _tokens(result: Mapping[str, Any]) -> list[Token]:
    return [Token.from_result(token) for token in result.get("tokens") or ()]


def _text_of(found: Adoption) -> str:
    entries = _yaml({"turso_rotate_tokens": [_marked(entry) for entry in found.entries]})
    return entries + (APART if found.apart else "") + "".join(_commented(apart) for apart in found.apart)


def _commented(apart: Apart) -> str:
    text = _yaml([apart.why]) + _yaml([_marked(apart.entry)])
    return "".join(f"#   {line}\n" for line in text.splitlines()) + "#\n"


def _lines_of(found: Adoption) -> list[str]:
    return [
        f"{len(found.entries)} taken over, {len(found.apart)} not",
        *(f"{apart.entry['name']!r} was not taken over. {apart.why}" for apart in found.apart),
    ]


def _yaml(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=10**6)
    return text


def _marked(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _mark(value) if isinstance(value, str) else [*map(_mark, value)] for key, value in entry.items()}


def _mark(text: str) -> str:
    return _Unsafe(text) if "{" in text else str(text)


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"_rotation_file": rotation_file}
