# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an emergency is asked to do: the options of turso_revocation, read once. Private to this collection."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._errors import InvalidRequest
from ansible_collections.community.turso.plugins.module_utils._token.decide import checked_segment

KINDS = ("names", "ids", "patterns", "owners")


@dataclasses.dataclass(frozen=True)
class Selectors:
    """Words of four kinds that are never taken for each other."""

    names: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any], prefix: str = "") -> Selectors:
        """Read them from options.

        :param prefix: what stands before an option's name in messages, such as "exclude.".
        :raises InvalidRequest: for an option that is given and empty.
        """
        return cls(*(words_of(prefix + kind, given.get(kind)) for kind in KINDS))


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked for.

    :ivar organization: whose list is meant; none for the caller's own.
    :ivar values: leaked values, without white space around them.
    :ivar confirm: the code or the number that confirms; empty for a dry run.
    """

    organization: str | None
    selectors: Selectors
    exclude: Selectors
    values: tuple[str, ...] = dataclasses.field(repr=False)
    confirm: str = ""

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Request:
        """Read the options of the module.

        :raises InvalidRequest: for options that select nothing, or more than their author can have meant.
        """
        organization = params["organization"]
        checked_segment("organization", organization)
        if organization is not None and organization.startswith(("[", "{")):
            raise InvalidRequest(
                "organization must be one slug, not a list. Nothing was revoked. Run once for each organization."
            )
        exclude = Selectors() if params["exclude"] is None else Selectors.of(params["exclude"], "exclude.")
        request = cls(
            organization=organization,
            selectors=Selectors.of(params),
            exclude=exclude,
            values=tuple(value.strip() for value in words_of("secrets", params["secrets"])),
            confirm=(params["confirm"] or "").strip(),
        )
        request._check()
        return request

    def _check(self) -> None:
        if self.organization is None and (self.selectors.owners or self.exclude.owners):
            raise InvalidRequest(
                "owners need organization, because only an organization's list says who owns a token. Nothing was revoked."
            )
        if self.selectors == Selectors() and not self.values:
            raise InvalidRequest(
                "Nothing says which tokens to revoke. Nothing was revoked. Give names, ids, patterns, owners or secrets."
            )


def words_of(option: str, given: list[str] | None) -> tuple[str, ...]:
    """Return the words of a list, each once; none where the option is not given.

    :raises InvalidRequest: for an empty list or word, which may come from an unset variable.
    """
    if given is None:
        return ()
    if not given or not all(word.strip() for word in given):
        raise InvalidRequest(
            f"{option} is empty or has an empty item. Nothing was revoked. Leave it out if you don't mean it."
        )
    return tuple(dict.fromkeys(given))
