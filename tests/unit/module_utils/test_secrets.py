# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets of one run: registered for good where ansible-core can mask them, else hidden until the result that carries them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils import _secrets

CORE = "ansible.module_utils.secrets"


@pytest.fixture
def with_core(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[str], None] | None], ModuleType]]:
    """Load the module as it is where ansible-core masks values by this function, or has none that does."""

    def load(register: Callable[[str], None] | None) -> ModuleType:
        core: Any = None
        if register is not None:
            core = ModuleType(CORE)
            core.register_secret = register
        monkeypatch.setitem(sys.modules, CORE, core)
        return importlib.reload(_secrets)

    yield load
    monkeypatch.undo()
    importlib.reload(_secrets)


def test_where_values_are_masked_they_are_registered_for_good(with_core: Any) -> None:
    registered: list[str] = []
    module = SimpleNamespace(no_log_values=set())
    secrecy = with_core(registered.append).Secrecy(module)
    secrecy.hide("s")
    secrecy.release(["s"])
    assert registered == ["s"]
    assert module.no_log_values == set()


def test_elsewhere_they_are_hidden_until_the_result_that_carries_them(with_core: Any) -> None:
    module = SimpleNamespace(no_log_values={"an input"})
    secrecy = with_core(None).Secrecy(module)
    secrecy.hide("s")
    secrecy.hide("an input")
    secrecy.hide("withdrawn")
    assert module.no_log_values == {"an input", "s", "withdrawn"}
    secrecy.release(["s", "an input", None])
    assert module.no_log_values == {"an input", "withdrawn"}


def test_inputs_are_struck_out_of_whatever_is_returned() -> None:
    value = {"a": ["x secret y", ("secret", 1)], "b": None, "c": {"d": "no"}}
    assert _secrets.without(value, ["secret"]) == {"a": ["x *** y", ["***", 1]], "b": None, "c": {"d": "no"}}
