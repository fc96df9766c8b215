# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests share: a simulator each, modules run in this process, playbooks run by every ansible-core at hand."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from functools import partialmethod
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings as module_warnings
from hypothesis import HealthCheck, settings

from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from tests import selection
from tests.playbooks import HOOKS, Playbooks
from tests.simulator import Simulator
from tests.tools.venvs import for_tests

CONNECTION_VARIABLES = (
    "TURSO_API_TOKEN",
    "TURSO_PLATFORM_TOKEN",
    "TURSO_API_BASEURL",
    "TURSO_API_TIMEOUT",
    "TURSO_API_RETRIES",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
)

RunModule = Callable[..., dict[str, Any]]

# A machine that has other things to do is slow, and that is no failure.
settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CONNECTION_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(HOOKS))  # only here: what is measured or shown compiles as users have it


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Have a figure that a test measured stand at the end of the output, whichever process ran the test."""
    return lambda line: record_property("told", line)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    selection.choose(config, items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    for report in reports:
        for name, line in getattr(report, "user_properties", ()):
            if name == "told" and report.when == "call":
                terminalreporter.write_line(str(line))


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the client would have waited; it does not wait in tests that ask for this."""
    waited: list[float] = []
    monkeypatch.setattr(Api, "__init__", partialmethod(Api.__init__, sleep=waited.append))
    return waited


@pytest.fixture
def tokens(simulator: Simulator, waits: list[float]) -> Tokens:
    return Tokens(Api(simulator.url, simulator.credential, timeout_seconds=2))


@pytest.fixture
def run_module(
    simulator: Simulator, waits: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> RunModule:
    """Run a module's main() against the simulator and return its result, which has `failed` set if it failed.

    What is asked as None is left out; the options in `null` are null.
    """

    def run(
        module: ModuleType,
        asked: dict[str, Any],
        *,
        null: tuple[str, ...] = (),
        check_mode: bool = False,
        diff: bool = False,
    ) -> dict[str, Any]:
        params = {
            "api_url": simulator.url,
            "api_token": simulator.credential,
            "_ansible_check_mode": check_mode,
            "_ansible_diff": diff,
            **asked,
        }
        capsys.readouterr()
        module_warnings._global_warnings.clear()  # of the run before, which would have ended its process
        given = {name: value for name, value in params.items() if value is not None} | dict.fromkeys(null)
        with _arguments(given, monkeypatch), pytest.raises(SystemExit):
            module.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        # What ansible-core keeps for itself; since 2.22 the secrets that a module registered.
        return {key: value for key, value in result.items() if not key.startswith("_ansible_")}

    return run


@contextlib.contextmanager
def _arguments(params: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give a module its arguments, the way its ansible-core wants them."""
    try:
        from ansible.module_utils.testing import patch_module_args  # noqa: PLC0415
    except ImportError:  # ansible-core before 2.19
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": params}).encode())
        yield
    else:
        with patch_module_args(params):
            yield


@pytest.fixture(params=for_tests(), ids=lambda venv: venv.resolve().name)
def playbooks(request: pytest.FixtureRequest, simulator: Simulator, tmp_path: Path) -> Playbooks:
    """Runs playbooks against the simulator, with an ansible-core that the tests were given (see tests.selection)."""
    return Playbooks(request.param, tmp_path, api_url=simulator.url, api_token=simulator.credential)
