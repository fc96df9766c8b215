# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables that look like those of the role."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.community.turso.plugins.plugin_utils._misspelled import OTHERS, PREFIX, PRIVATE, warnings_about
from tests.tools.checkout import ROOT

ROLE = ROOT / "roles" / "turso_rotate"
(TASK,) = yaml.safe_load((ROLE / "tasks" / "due.yml").read_text())
OPTIONS = TASK["community.turso.turso_rotation"]

# What a play sets, and what is probably meant.
NAMES: dict[str, tuple[str, str | None]] = {
    "a plural": ("turso_rotate_grace_hour", "turso_rotate_grace_hours"),
    "an underscore": ("turso_rotate_statefile", "turso_rotate_state_file"),
    "two letters": ("turso_rotate_max_aeg_days", "turso_rotate_max_age_days"),
    "one of the play's own": ("turso_rotate_tokens_of_production", None),
    "a shorter one of the play's own": ("turso_rotate_notify_url", None),
    "nearly what only the role's own task has": ("turso_rotate_check", None),
    "one of another role": ("rotate_grace_hour", None),
    "a private one": ("__turso_rotate_grace_hour", None),
}


@pytest.mark.parametrize(("name", "meant"), NAMES.values(), ids=NAMES)
def test_what_is_nearly_a_variable_of_the_role_is_warned_about(name: str, meant: str | None) -> None:
    warnings = warnings_about([name, "inventory_hostname"], OPTIONS)
    assert [f"{name} is not" in said and f"you mean {meant}, correct" in said for said in warnings] == [True] * bool(
        meant
    )


def test_no_variable_of_the_role_is_warned_about() -> None:
    entry_points: dict[str, Any] = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    variables = {name for point in entry_points.values() for name in point.get("options", ())}
    described = (ROOT / "docs" / "variables.md").read_text().split("`")
    facts = {name for name in described if name.startswith(PREFIX) and name.isidentifier()}
    assert len(variables) > 15 < len(facts)
    assert warnings_about(variables | facts, OPTIONS) == []
    assert {PREFIX + name for name in {*OPTIONS, *OTHERS}.difference(PRIVATE)} == variables | facts
