# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module in a fork of Ansible's process: what it is given, what comes back, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils import basic

from ansible_collections.community.turso.plugins.module_utils._lifetime import Lifetime
from ansible_collections.community.turso.plugins.plugin_utils import _forked_module
from ansible_collections.community.turso.plugins.plugin_utils._forked_module import module_named, run_forked
from tests.simulator import Simulator
from tests.tools.checkout import collections_path

SECRET = "ey-only-once"


def run(main: Callable[[], object], environment: dict[str, str] | None = None) -> dict[str, Any]:
    module: Any = SimpleNamespace(main=main)
    return run_forked(module, {}, environment or {}, check_mode=False)


def test_the_module_of_the_role_gets_its_options_and_its_environment_and_nothing_of_it_stays() -> None:
    with Simulator() as simulator:
        simulator.given("ci-deploy", organization="acme", age_days=120)
        given = {"TURSO_API_TOKEN": simulator.credential, "TURSO_API_BASEURL": simulator.url}
        args = {"step": "issue", "tokens": [{"name": "ci-deploy", "organization": "acme"}]}
        result = run_forked(module_named("turso_rotation"), args, given, check_mode=True)
    assert result["report"][0]["reason"] == "aged"
    assert simulator.writes == []
    assert "invocation" not in result
    assert "TURSO_API_TOKEN" not in os.environ


def test_what_a_module_refuses_is_its_result() -> None:
    result = run_forked(module_named("turso_rotation"), {"step": "issue", "tokens": []}, {}, check_mode=False)
    assert (result["failed"], result["error"]["kind"]) == (True, "invalid_request")


ONLY_SQL = ("sql_rotation", "sql_issuing", "sql_plan", "sql_survey", "sql_emergency")


def test_a_run_without_sql_tokens_imports_nothing_that_only_they_need() -> None:
    """ansible-core compiles what is imported from a collection anew in each run."""
    code = (
        "import importlib, sys; importlib.import_module('ansible_collections.community.turso.plugins.action.turso_rotation');"
        "print(*(name.rpartition('.')[2] for name in sys.modules if 'turso' in name))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(collections_path())},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"plan", "sql_entries"} <= set(done.stdout.split())
    assert not set(ONLY_SQL) & set(done.stdout.split())


def print_and_raise() -> None:
    sys.stdout.write(SECRET)
    sys.stderr.write(SECRET)
    raise ValueError(SECRET)


LOST = [
    ("killed", lambda: os.kill(os.getpid(), signal.SIGKILL), "was killed by SIGKILL"),
    ("nothing said", lambda: None, "ended with 1"),
    ("a bug", print_and_raise, "ended with 1"),
]


@pytest.mark.parametrize(("main", "how"), [row[1:] for row in LOST], ids=[row[0] for row in LOST])
def test_a_module_without_a_result_is_a_failure_that_quotes_nothing(
    main: Callable[[], object], how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    result = run(main)
    assert (result["failed"], result["changed"]) == (True, False)
    assert how in result["msg"]
    assert SECRET not in json.dumps(result)
    assert "".join(capfd.readouterr()) == ""


def test_it_ends_when_nobody_waits_for_its_result(tmp_path: Path) -> None:
    told = tmp_path / "told"

    def wait_for_the_end() -> None:
        with Lifetime() as lifetime:
            while lifetime.over() is None:
                time.sleep(0.01)
            told.write_text(str(lifetime.over()))

    def give_up(*_signal: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(TimeoutError):
            run(wait_for_the_end)
    finally:
        signal.signal(signal.SIGALRM, before)
    deadline = time.monotonic() + 10
    while not (told.exists() and told.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert told.read_text() == "nobody reads the module's output any more"


def test_a_new_secret_is_masked_where_ansible_masks_values(monkeypatch: pytest.MonkeyPatch) -> None:
    masked: list[str] = []
    monkeypatch.setattr(_forked_module, "_mask", masked.extend)
    answer = json.dumps({"secrets": {"ci": SECRET}, "_ansible_new_secrets": [SECRET]})
    result = run(lambda: sys.stdout.write(answer))
    assert (result, masked) == ({"secrets": {"ci": SECRET}}, [SECRET])


def warn_and_fail() -> None:
    module = basic.AnsibleModule({})
    module.warn("the session ends soon")
    module.fail_json(msg="a bug")


def test_warnings_come_back() -> None:
    result = run(warn_and_fail)
    assert result["msg"] == "a bug"
    assert "the session ends soon" in str(result["warnings"])
