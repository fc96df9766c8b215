# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Render a variable of a play, and say what is wrong with it without showing what is in it. Private."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.plugin_utils._hidden_result import CORE

_CORE_QUOTES_TEMPLATES = CORE < (2, 19)  # in what it says of one that it cannot render


def rendered_as(name: str, variables: Mapping[str, Any], render: Callable[[Any], Any]) -> dict[str, Any]:
    """Return a variable by its name, rendered; nothing where it comes to `omit`.

    :raises InvalidRequest: it cannot be rendered.
    """
    try:  # as a part of a dictionary, where `omit` has a meaning
        rendered = render({name: variables[name]})
    except Exception as exc:  # a filter may raise anything, and Ansible would print what the error quotes
        raise InvalidRequest(
            f"{name} cannot be rendered: {_why(exc)}. Nothing was revoked. Correct the variable."
        ) from exc
    known: dict[str, Any] = _without(variables.get("omit", ...), rendered)
    return known


def _why(exc: BaseException) -> str:
    """Return what went wrong, without the text that was to be rendered: it may be a secret."""
    if _CORE_QUOTES_TEMPLATES and isinstance(exc, AnsibleError):
        inner = exc.orig_exc or exc.__context__
        if inner is not None:
            return _why(inner)
    return str(exc).rstrip(".")


def _without(omit: Any, value: Any) -> Any:
    """Leave out what comes to `omit`. Until ansible-core 2.18 rendering does not."""
    if not isinstance(value, Mapping):
        return value
    return {key: _without(omit, part) for key, part in value.items() if part != omit}
