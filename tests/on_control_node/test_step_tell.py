# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`step: tell`: how a run ended, and the metrics of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.action import turso_rotation
from ansible_collections.community.turso.plugins.module_utils._rotation import metrics
from ansible_collections.community.turso.plugins.module_utils._rotation.metrics import Figures
from ansible_collections.community.turso.plugins.plugin_utils._hidden_result import ActionModule as HiddenResult
from ansible_collections.community.turso.plugins.plugin_utils._play import FIGURES, ISSUED
from ansible_collections.community.turso.plugins.plugin_utils._step_tell import tell
from tests.on_control_node.plays import Facts, FakePlay, after
from tests.unit.module_utils.rotation.test_transaction import use
from tests.unit.module_utils.rotation.world import item

ROTATED = {"name": "ci", "kind": "api", "action": "rotated", "issued": None, "kept": ["ci"]}
OF_CI = {"name": "ci", "issued_at": 5.0, "max_age_seconds": 9.0, "expires_at": None, "versions": 2}
KNOWN: dict[str, Any] = {
    "turso_rotate_report": [ROTATED],
    FIGURES: metrics.one_text([OF_CI]),
}
FAILED = {ISSUED: {"failed": True, "error": {"kind": "refused"}}}


def told(facts: Facts, path: str | None = None, **known: Any) -> dict[str, Any]:
    play: Any = FakePlay(facts=facts)
    return tell(play, path, has_failed=known.get("has_failed", False))


ENDS: list[tuple[str, Facts, bool, str]] = [
    ("all is committed", {"localhost": KNOWN}, False, "rotated"),
    ("something is left", after(use(item()), **KNOWN), False, "failed"),
    ("something failed", {"localhost": KNOWN}, True, "failed"),
    ("nothing was issued", {"localhost": {**KNOWN, **FAILED}}, False, "refused"),
    ("the role did not run", {}, False, "failed"),
]


@pytest.mark.parametrize(("facts", "has_failed", "ended"), [row[1:] for row in ENDS], ids=[row[0] for row in ENDS])
def test_how_it_ended(facts: Facts, has_failed: bool, ended: str) -> None:
    result = told(facts, has_failed=has_failed)
    assert (result["outcome"], result["changed"]) == (ended, False)
    assert result["report"] == ([] if ended == "refused" or not facts else [ROTATED])
    assert result["trouble"] == ""


def read(path: Path) -> metrics.Gauges:
    return metrics.from_text(path.read_text())


def test_the_metrics_are_written_and_kept_by_a_run_that_came_to_no_plan(tmp_path: Path) -> None:
    path = tmp_path / "turso.prom"
    assert told({"localhost": KNOWN}, str(path))["changed"] is True
    first = read(path)
    assert (first[metrics.VERSIONS], first[metrics.DUE]) == ({"ci": 1}, {"ci": 14})
    assert (set(first[metrics.SUCCESS]), first[metrics.FAILURE]) == ({"ci"}, {})
    assert told({"localhost": KNOWN}, str(path))["changed"] is False
    told({"localhost": {**KNOWN, **FAILED}}, str(path))
    second = read(path)
    assert (set(second[metrics.FAILURE]), second[metrics.DUE]) == ({"ci"}, {"ci": 14})


def test_a_file_that_cannot_be_replaced_is_left_alone_and_the_notice_goes_out(tmp_path: Path) -> None:
    """A pipe would keep whoever reads it waiting."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    for facts, ended in (({"localhost": {**KNOWN, **FAILED}}, "refused"), ({"localhost": KNOWN}, "rotated")):
        result = told(facts, str(path))
        assert (result["outcome"], result["changed"]) == (ended, False)
        assert "is not a regular file" in result["trouble"]
    assert path.is_fifo()


def test_a_token_that_was_not_committed_failed(tmp_path: Path) -> None:
    path = tmp_path / "turso.prom"
    told(after(use(item()), **KNOWN), str(path))
    assert (read(path)[metrics.SUCCESS], set(read(path)[metrics.FAILURE])) == ({}, {"ci"})


def test_figures_of_a_token_that_was_not_reported_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "turso.prom"
    more = metrics.one_text([OF_CI, {"name": "b", "versions": 1}])
    told({"localhost": {**KNOWN, FIGURES: more}}, str(path))
    assert read(path)[metrics.VERSIONS] == {"ci": 1}
    assert Figures("b", versions=1).gauges(0) == {metrics.VERSIONS: 1}


@pytest.mark.promise(2)
def test_warnings_and_failures_of_a_hidden_step_can_be_told() -> None:
    """Before ansible-core 2.19 they are told by this method; an error in it would lose what was just issued."""
    assert turso_rotation.ActionModule._tell is HiddenResult._tell
