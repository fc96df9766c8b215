# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Select the tokens to revoke. Pure, so that what is shown is what is revoked. Private to this collection.

A dry run shows a selection and its code, which holds for exactly these ids. If others are selected by the time that the code
is given, it does not match, and nothing is revoked.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._emergency.proof import ACCEPTED, UNKNOWN, Leak
from ansible_collections.community.turso.plugins.module_utils._emergency.request import Request, Selectors
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import parse_version_name

CODE_DIGITS = 6


@dataclasses.dataclass(frozen=True)
class Choice:
    """A token, and what selected or spared it.

    :ivar certain: something other than a value that the API does not accept selected it.
    """

    token: Token
    by: tuple[str, ...]
    certain: bool = True


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which tokens are meant.

    :ivar unmatched: the selectors and exclusions that match no token, as labels.
    :ivar leaks: the given values.
    """

    selected: tuple[Choice, ...]
    spared: tuple[Choice, ...]
    unmatched: tuple[str, ...]
    leaks: tuple[Leak, ...]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(str(choice.token.id) for choice in self.selected)

    @property
    def code(self) -> str | None:
        """Return what confirms exactly these ids; none where nothing is selected."""
        if not self.selected:
            return None
        digest = hashlib.sha256("\n".join(sorted(self.ids)).encode("utf-8", "backslashreplace")).hexdigest()
        return f"{len(self.selected)}-{digest[:CODE_DIGITS]}"

    @property
    def doubts(self) -> list[str]:
        """Return why a number does not confirm: it says how many tokens are meant, and not which."""
        missing = [f"nothing matches {', '.join(self.unmatched)}"] if self.unmatched else []
        claimed = [
            f"token {choice.token.name!r} is selected only by {' and '.join(choice.by)}, which the API does not accept"
            for choice in self.selected
            if not choice.certain
        ]
        silent = [f"{leak.label} could not be tried" for leak in self.leaks if leak.answer == UNKNOWN]
        return missing + claimed + silent

    def is_confirmed_by(self, confirm: str) -> bool:
        """Tell whether the code was given, or the number where that is enough."""
        if not self.selected:
            return False
        return confirm == self.code or (confirm == str(len(self.selected)) and not self.doubts)


def select(request: Request, tokens: Sequence[Token], leaks: Sequence[Leak]) -> Selection:
    """Return which of the listed tokens are meant, and which are spared though they are."""
    selected, spared = [], []
    for token in {token.id: token for token in tokens}.values():
        labels = _labels(token, request.selectors)
        claims = [leak for leak in leaks if leak.id == token.id]
        if labels or claims:
            by = (*labels, *(leak.label for leak in claims))
            certain = bool(labels) or any(leak.answer == ACCEPTED for leak in claims)
            exclusions = tuple(_exclusions(token, request.exclude))
            if exclusions:
                spared.append(Choice(token, exclusions))
            else:
                selected.append(Choice(token, by, certain))
    return Selection(
        selected=tuple(sorted(selected, key=_order)),
        spared=tuple(sorted(spared, key=_order)),
        unmatched=tuple(_unmatched(request, tokens)),
        leaks=tuple(leaks),
    )


def owner_of(token: Token) -> str | None:
    """Return what to call a token's owner: the user name, else the e-mail address, else none."""
    owner = token.owner or {}
    known = owner.get("username") or owner.get("email")
    return None if known is None else str(known)


def _order(choice: Choice) -> tuple[str, str]:
    return choice.token.name, str(choice.token.id)


def _labels(token: Token, selectors: Selectors) -> list[str]:
    """Return the selectors that mean a token. Owners narrow the other kinds down; alone, they mean all of theirs."""
    owners = [word for word in selectors.owners if _is_owned_by(token, word)]
    if selectors.owners and not owners:
        return []
    labels = [
        *_labelled("name", (word for word in selectors.names if _is_named(token, word))),
        *_labelled("id", (word for word in selectors.ids if token.id == word)),
        *_labelled("pattern", (word for word in selectors.patterns if fnmatchcase(token.name, word))),
    ]
    only_owners = not (selectors.names or selectors.ids or selectors.patterns)
    return labels + list(_labelled("owner", owners)) if labels or only_owners else []


def _exclusions(token: Token, exclude: Selectors) -> list[str]:
    """Return the exclusions that spare a token. A name spares this name and no version of it."""
    return [
        *_labelled("name", (word for word in exclude.names if token.name == word)),
        *_labelled("id", (word for word in exclude.ids if token.id == word)),
        *_labelled("pattern", (word for word in exclude.patterns if fnmatchcase(token.name, word))),
        *_labelled("owner", (word for word in exclude.owners if _is_owned_by(token, word))),
    ]


def _unmatched(request: Request, tokens: Sequence[Token]) -> list[str]:
    wanted, exclude = request.selectors, request.exclude
    found = {label for token in tokens for label in _labels(token, wanted)}
    spared = {label for token in tokens for label in _exclusions(token, exclude)}
    return [
        *(label for label in _all_labels(wanted) if label not in found),
        *(f"exclude {label}" for label in _all_labels(exclude) if label not in spared),
    ]


def _all_labels(selectors: Selectors) -> list[str]:
    return [
        *_labelled("name", selectors.names),
        *_labelled("id", selectors.ids),
        *_labelled("pattern", selectors.patterns),
        *_labelled("owner", selectors.owners),
    ]


def _labelled(kind: str, words: Iterable[str]) -> list[str]:
    return [f"{kind} {word!r}" for word in words]


def _is_named(token: Token, word: str) -> bool:
    """Tell whether a token has a name, or is a version of the managed token of that name."""
    version = parse_version_name(token.name)
    return token.name == word or (version is not None and version[0] == word)


def _is_owned_by(token: Token, word: str) -> bool:
    owner = token.owner or {}
    return owner.get("username") == word or str(owner.get("email") or "").casefold() == word.casefold()
