# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an emergency is asked to do: the options of turso_revocation, read once. Private to this collection."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.sql_tokens import Name
from ansible_collections.community.turso.plugins.module_utils._emergency.proof import Value
from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.module_utils._rotation.sql_concerned import names_written_in
from ansible_collections.community.turso.plugins.module_utils._token.decide import checked_segment

KINDS = {"names": "name", "ids": "id", "patterns": "pattern", "owners": "owner"}  # the option, and what a word of it is


@dataclasses.dataclass(frozen=True)
class Selector:
    """A word of one kind, which is never taken for another."""

    kind: str
    word: str

    @property
    def label(self) -> str:
        return f"{self.kind} {self.word!r}"


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked for.

    :ivar organization: whose list is meant; none for the caller's own.
    :ivar values: leaked values, as they are numbered.
    :ivar managed: what each SQL token of the rotation file is for, by its name.
    :ivar confirm: the code or the number that confirms; empty for a dry run.
    """

    organization: str | None
    selectors: tuple[Selector, ...]
    exclude: tuple[Selector, ...]
    values: tuple[Value, ...]
    managed: Mapping[str, Name]
    confirm: str

    @property
    def api_values(self) -> list[Value]:
        """Return the leaked values that may be API tokens."""
        return self._values(are_sql=False)

    @property
    def sql_values(self) -> list[Value]:
        """Return the leaked values that say of themselves that they are SQL tokens."""
        return self._values(are_sql=True)

    def _values(self, *, are_sql: bool) -> list[Value]:
        return [value for value in self.values if value.is_sql is are_sql]

    @property
    def is_about_api_tokens(self) -> bool:
        return bool(self.selectors or self.api_values)

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Request:
        """Read the options of the module.

        :raises InvalidRequest: for options that select nothing, or more than their author can have meant.
        """
        checked_segment("organization", params["organization"])
        request = cls(
            organization=params["organization"],
            selectors=selectors_of(params),
            exclude=selectors_of(params["exclude"] or {}, "exclude."),
            values=values_of("secrets", params["secrets"]),
            managed=names_written_in(params["managed_tokens"]),
            confirm=(params["confirm"] or "").strip(),
        )
        request._check()
        return request

    def _check(self) -> None:
        if self.organization is None and "owner" in self._kinds:
            raise InvalidRequest(
                "owners need organization, because only an organization's list shows who owns a token. Nothing was "
                "revoked. Set organization."
            )
        if not any((self.selectors, self.values)):
            raise InvalidRequest(
                "No tokens are selected. Nothing was revoked. Set names, ids, patterns, owners or secrets."
            )

    @property
    def _kinds(self) -> set[str]:
        return {selector.kind for selector in (*self.selectors, *self.exclude)}


def selectors_of(given: Mapping[str, Any], prefix: str = "") -> tuple[Selector, ...]:
    """Read the selectors of some options.

    :param prefix: what stands before an option's name in messages, such as "exclude.".
    :raises InvalidRequest: for an option that is given and empty.
    """
    return tuple(
        Selector(kind, word) for option, kind in KINDS.items() for word in words_of(prefix + option, given.get(option))
    )


def words_of(option: str, given: list[str] | None) -> tuple[str, ...]:
    """Return the words of a list, each once; none where the option is not given.

    :raises InvalidRequest: for an empty list or word, which may come from an unset variable.
    """
    if given is None:
        return ()
    if not given or not all(word.strip() for word in given):
        raise InvalidRequest(
            f"{option} is empty or has an empty item. Nothing was revoked. Set a value, or leave it out."
        )
    return tuple(dict.fromkeys(given))


def values_of(option: str, given: list[str] | None) -> tuple[Value, ...]:
    """Return the leaked values of a list, each once, without white space around it.

    :raises InvalidRequest: as `words_of` does.
    """
    texts = dict.fromkeys(map(str.strip, words_of(option, given)))
    return tuple(Value.of(number, text) for number, text in enumerate(texts, 1))
