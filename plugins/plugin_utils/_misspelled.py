# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables that look like those of the role and are none: Ansible ignores them, so a default would hold. Private."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ansible.utils.display import Display

PREFIX = "turso_rotate_"
# What is a variable of the role and no option of the task that issues, and the other way round.
OTHERS = ("item", "leaked", "outcome", "read_back", "report", "secrets")
PRIVATE = ("checked", "fetched", "is_main", "only", "play_confirms", "step")
_NEAR = 0.75  # of difflib: a plural, a letter, an underscore


def warn_of_misspelled(variables: Iterable[str], options: Iterable[str]) -> None:
    """Show the warnings about the variables of a play, also where the run is refused after that."""
    for warning in warnings_about(variables, options):
        Display().warning(warning)


def warnings_about(variables: Iterable[str], options: Iterable[str]) -> list[str]:
    """Return a warning for each variable of a play that is nearly one of the role. One and another word is the play's own.

    :param options: the options of the task that issues.
    """
    known = {*options, *OTHERS}.difference(PRIVATE)
    own = tuple(f"{name}_" for name in known)
    named = (name.removeprefix(PREFIX) for name in variables if name.startswith(PREFIX))
    odd = (name for name in named if name not in known and not name.startswith(own))
    near = {name: difflib.get_close_matches(name, known, n=1, cutoff=_NEAR) for name in odd}
    return [
        f"{PREFIX}{name} is not a variable of the role turso_rotate, which does not read it. If you mean {PREFIX}{matches[0]}, "
        "correct it."
        for name, matches in near.items()
        if matches
    ]
