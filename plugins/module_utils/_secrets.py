# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep what a create returned out of everything but the result it is returned in. Private."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_register: Callable[[str], object] | None
try:
    from ansible.module_utils.secrets import register_secret
except ImportError:  # ansible-core before 2.22
    _register = None
else:
    _register = register_secret


class Secrecy:
    """Hides every secret of one module run.

    The module's C(no_log_values) are scrubbed from what it returns, so a value must be let go of just before the result that
    carries it. ansible-core >= 2.22 masks a registered value, besides, wherever it would be shown.
    """

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module
        self._hidden: set[str] = set()

    def hide(self, secret: str) -> None:
        """Hide a secret from now on; called with a new secret before anything else is done with it."""
        if _register is not None:
            _register(secret)
        if secret not in self._module.no_log_values:
            self._hidden.add(secret)
            self._module.no_log_values.add(secret)

    def release(self, carried: Iterable[str | None]) -> None:
        """Let the result carry these of the secrets that were hidden. The line after this one returns the result."""
        self._module.no_log_values.difference_update(self._hidden.intersection(carried))


def without(value: Any, secrets: Collection[str]) -> Any:
    """Return a value of JSON with C(***) in place of every secret."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "***")
        return value
    if isinstance(value, dict):
        return {key: without(inner, secrets) for key, inner in value.items()}
    return [without(inner, secrets) for inner in value] if isinstance(value, (list, tuple)) else value
