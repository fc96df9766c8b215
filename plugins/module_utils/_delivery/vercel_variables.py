# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Environment variables of Vercel: which one is meant. Pure. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._delivery.vercel import Options, words_of
from ansible_collections.community.turso.plugins.module_utils._errors import Refused


def variable_in(listed: Iterable[Mapping[str, Any]], options: Options) -> Mapping[str, Any]:
    """Return the variable with this key for exactly these targets, for every branch.

    :raises Refused: there is none, there are several, or it is not the project's own; says which there are.
    """
    same = [one for one in listed if one["key"] == options["variable"]]
    meant = [one for one in same if (_targets(one), one.get("gitBranch") or "") == (set(options["target"]), "")]
    if len(meant) != 1:
        raise Refused(_which([", ".join(sorted(_targets(one))) for one in same], options))
    if meant[0].get("configurationId"):
        raise Refused(f"{options['variable']} belongs to an integration, which writes it. Use another name")
    return meant[0]


def _targets(variable: Mapping[str, Any]) -> set[str]:
    target = variable.get("target") or ["other environments"]
    return {target} if isinstance(target, str) else set(target)


def _which(found: Sequence[str], options: Options) -> str:
    """Say that a variable is not there as it is wanted, and how it is there."""
    name, targets, words = options["variable"], options["target"], words_of(options)
    if not found:
        return f"{words} has no variable {name}. Create it once: vercel env add {name} {targets[0]} --sensitive"
    return (
        f"{words} has no variable {name} for exactly {', '.join(targets)} and every branch, only for {'; '.join(found)}. "
        "Set target to that"
    )
