# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Select the tokens to revoke. Pure, so that what is shown is what is revoked. Private to this collection.

A dry run shows a selection and its code, which holds for exactly these ids. Where SQL tokens leaked, it holds for what was said of them,
too. If that is another by the time that the code is given, it does not match, and nothing is revoked.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from ansible_collections.community.turso.plugins.module_utils._api.model import Token
from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name
from ansible_collections.community.turso.plugins.module_utils._emergency.proof import ACCEPTED, UNKNOWN, Leak
from ansible_collections.community.turso.plugins.module_utils._emergency.request import Request, Selector
from ansible_collections.community.turso.plugins.module_utils._emergency.sql_leaks import SqlLeak, places_in
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_concerned import plan_in_words
from ansible_collections.community.turso.plugins.module_utils._rotation.versions import parse_version_name
from ansible_collections.community.turso.plugins.module_utils._sql_token.places import Place

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
    :ivar leaks: the given values, but those that are SQL tokens.
    :ivar unclear: labels of entries that are meant, but not understood, so that nothing is done about them.
    :ivar sql: the given values that are SQL tokens; what they are for is selected, too.
    :ivar managed: what each SQL token of the rotation file is for, by its name.
    """

    selected: tuple[Choice, ...]
    spared: tuple[Choice, ...]
    unmatched: tuple[str, ...]
    leaks: tuple[Leak, ...]
    unclear: tuple[str, ...] = ()
    sql: tuple[SqlLeak, ...] = ()
    managed: Mapping[str, Name] = dataclasses.field(default_factory=dict)

    @property
    def count(self) -> int:
        """Return how much is selected: tokens, and databases and groups all of whose SQL tokens are meant."""
        return len(self.selected) + len(self.places)

    @property
    def places(self) -> list[Place]:
        """Return the databases and groups all of whose SQL tokens are meant."""
        return list(places_in(self.sql).values())

    @property
    def what_is_selected(self) -> str:
        """Return in words what a confirmed run does."""
        ends = [f"end {place.every_token}" for place in self.places]
        if self.selected:
            ends.insert(0, f"revoke exactly the selected tokens ({len(self.selected)})")
        return " and ".join(ends)

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(str(choice.token.id) for choice in self.selected)

    @property
    def code(self) -> str | None:
        """Return what confirms exactly what a dry run shows; none where nothing is selected."""
        if not self.count:
            return None
        shown = [*sorted(self.ids), *sorted(map(self._shown_of, self.places))]
        digest = hashlib.sha256("\n".join(shown).encode("utf-8", "backslashreplace")).hexdigest()
        return f"{self.count}-{digest[:CODE_DIGITS]}"

    def _shown_of(self, place: Place) -> str:
        """Return what the code covers of a database or a group: its id, what it said of leaked values, and who gets a new token.

        A command that was confirmed once must not end the new tokens, and must lock out nobody of whom nothing was said.
        """
        answers = sorted(leak.before.result for leak in self.sql if leak.place == place)
        return "\n".join([place.target.id, *answers, *plan_in_words([place], dict(sorted(self.managed.items())))])

    @property
    def doubts(self) -> list[str]:
        """Return why a number does not confirm: it says how many tokens are meant, and not which."""
        doubts = []
        if self.unmatched:
            doubts.append(f"nothing matches {', '.join(self.unmatched)}")
        for choice in self.selected:
            if not choice.certain:
                values = " and ".join(choice.by)
                doubts.append(
                    f"token {choice.token.name!r} is selected only by {values}, which the API does not accept"
                )
        doubts += [f"{place.every_token} would end, also those in use" for place in self.places]
        return doubts + [f"{leak.label} could not be tried" for leak in self.leaks if leak.answer == UNKNOWN]

    def is_confirmed_by(self, confirm: str) -> bool:
        """Tell whether the code was given, or the number where that is enough."""
        if not self.count:
            return False
        return confirm == self.code or (confirm == str(self.count) and not self.doubts)


def select(
    request: Request, tokens: Sequence[Token], leaks: Sequence[Leak], unclear: Iterable[Token] = ()
) -> Selection:
    """Return which of the listed tokens are meant, and which are spared though they are.

    :param unclear: what is known of the entries that are not understood; a name or an id may be missing.
    """
    selected: list[Choice] = []
    spared: list[Choice] = []
    matched: set[Selector] = set()
    excluded: set[Selector] = set()
    for token in {token.id: token for token in tokens}.values():
        meant = _meant_by(token, request.selectors)
        exclusions = _exclusions(token, request.exclude)
        matched.update(meant)
        excluded.update(exclusions)
        choice = _choice(token, meant, leaks)
        if choice is not None and exclusions:
            spared.append(Choice(token, _labels(exclusions)))
        elif choice is not None:
            selected.append(choice)
    return Selection(
        selected=tuple(sorted(selected, key=_order)),
        spared=tuple(sorted(spared, key=_order)),
        unmatched=(*_missing(request.selectors, matched), *_missing(request.exclude, excluded, "exclude ")),
        leaks=tuple(leaks),
        unclear=tuple(
            f"{token.name!r} (id {token.id})"
            for token in unclear
            if _choice(token, _meant_by(token, request.selectors), leaks) and not _exclusions(token, request.exclude)
        ),
    )


def _choice(token: Token, meant: Sequence[Selector], leaks: Sequence[Leak]) -> Choice | None:
    """Return a token with everything that selects it, none where nothing does."""
    claims = [leak for leak in leaks if leak.id == token.id]
    if not meant and not claims:
        return None
    answers = {leak.answer for leak in claims}
    return Choice(token, _labels([*meant, *claims]), certain=bool(meant) or ACCEPTED in answers)


def _meant_by(token: Token, selectors: Sequence[Selector]) -> list[Selector]:
    """Return the selectors that mean a token. Owners narrow the other kinds down; alone, they mean all of theirs."""
    matching = [selector for selector in selectors if SELECTS[selector.kind](token, selector.word)]
    kinds = {selector.kind for selector in matching}
    asked = {selector.kind for selector in selectors}
    is_of_owners = "owner" in kinds or "owner" not in asked
    is_of_others = kinds - {"owner"} or asked == {"owner"}
    return matching if is_of_owners and is_of_others else []


def _exclusions(token: Token, exclude: Sequence[Selector]) -> list[Selector]:
    return [selector for selector in exclude if EXCLUDES[selector.kind](token, selector.word)]


def _missing(asked: Sequence[Selector], found: set[Selector], prefix: str = "") -> list[str]:
    return [prefix + selector.label for selector in asked if selector not in found]


def _labels(sources: Iterable[Selector | Leak]) -> tuple[str, ...]:
    return tuple(source.label for source in sources)


def owner_of(token: Token) -> str | None:
    """Return what to call a token's owner: the user name, else the e-mail address, else none."""
    owner = token.owner or {}
    known = owner.get("username") or owner.get("email")
    return None if known is None else str(known)


def _order(choice: Choice) -> tuple[str, str]:
    return choice.token.name, str(choice.token.id)


def _is_named(token: Token, word: str) -> bool:
    """Tell whether a token has a name, or is a version of the managed token of that name."""
    version = parse_version_name(token.name)
    return token.name == word or (version is not None and version[0] == word)


def _is_owned_by(token: Token, word: str) -> bool:
    owner = token.owner or {}
    return owner.get("username") == word or str(owner.get("email") or "").casefold() == word.casefold()


def _has_name(token: Token, word: str) -> bool:
    return token.name == word


def _has_id(token: Token, word: str) -> bool:
    return token.id == word


def _fits_pattern(token: Token, word: str) -> bool:
    return fnmatchcase(token.name, word)


# What a word of each kind selects. Excluded by name is this name and no version of it.
SELECTS: Mapping[str, Callable[[Token, str], bool]] = {
    "name": _is_named,
    "id": _has_id,
    "pattern": _fits_pattern,
    "owner": _is_owned_by,
}
EXCLUDES = {**SELECTS, "name": _has_name}
