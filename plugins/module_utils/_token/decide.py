# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is and what is asked for to what is to be done: pure, so that check mode, diff and tests share it.

Private: for this collection only.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.model import Restriction, Token
from ansible_collections.community.turso.plugins.module_utils._api.scopes import misspelt
from ansible_collections.community.turso.plugins.module_utils._errors import BadOption, Drift, Refused

ROLE = "the role community.turso.turso_rotate"
MAX_LABELS = 5  # in one warning


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the playbook asks for one token."""

    state: str
    name: str | None
    id: str | None
    restriction: Restriction
    scopes: tuple[str, ...] | None  # as written: the API understands presets
    description: str | None

    @classmethod
    def from_params(cls, params: Mapping[str, Any], where: str = "") -> Wanted:
        """Read and check the options of one token.

        :param where: put before every message: which of many items this is.
        :raises BadOption: for options that do not go together.
        """
        scopes = _written_scopes(params.get("scopes"))
        wanted = cls(
            state=params.get("state") or "present",
            name=params.get("name"),
            id=params.get("id"),
            restriction=Restriction.asked(params.get("organization"), params.get("group"), scopes),
            scopes=scopes,
            description=params.get("description"),
        )
        try:
            wanted._check()
        except BadOption as exc:
            raise BadOption(where + exc.problem, exc.remedy) from exc
        return wanted

    def _check(self) -> None:
        for option in ("name", "id"):
            checked_segment(option, getattr(self, option))
        for option in ("organization", "group"):
            checked_segment(option, getattr(self.restriction, option))
        for scope in self.scopes or ():
            checked_text("one of the scopes", scope)
        checked_text("description", self.description)
        self._check_identity()
        self._check_restriction()

    def _check_identity(self) -> None:
        if self.state == "present" and self.id is not None:
            raise BadOption("id is only for state=absent: the API gives every new token its own.", "Leave it out.")
        if self.name is not None and self.id is not None:
            raise BadOption("name and id exclude each other.", "Set the one that identifies the token.")
        if self.name is None and self.id is None:
            needed = "name" if self.state == "present" else "name, or id and organization"
            raise BadOption(f"state={self.state} needs {needed}.", "Set what identifies the token.")
        if self.id is not None and self.restriction.organization is None:
            raise BadOption("id needs organization: the API revokes by id only within one.", "Set organization.")

    def _check_restriction(self) -> None:
        asked = self.restriction
        if asked.group is not None and asked.organization is None:
            raise BadOption("group needs organization.", "Set the slug of the organization that has the group.")
        if self.state != "present":
            return
        if asked.group is not None and not self.scopes:
            raise BadOption("group needs scopes.", "Set at least one scope, or a preset such as read-only.")
        if self.scopes is not None and asked.organization is None:
            raise BadOption(
                "scopes need organization: a token without one is unrestricted and has no scopes.", "Set organization."
            )
        if self.scopes == ():
            raise BadOption(
                "scopes is empty, which would give the token every permission in the organization.",
                "Set at least one scope, or leave the option out if you want that.",
            )

    @property
    def key(self) -> tuple[str | None, str | None]:
        """Return what tells this token from every other: its name among the caller's own, or organization and id."""
        return (None, self.name) if self.id is None else (self.restriction.organization, self.id)

    @property
    def label(self) -> str:
        """Return what messages call this token."""
        return f"token {self.name!r}" if self.id is None else f"token with the id {self.id!r}"

    def as_token(self) -> Token:
        """Return the token as it will be once created, as far as that is known beforehand."""
        return Token(name=self.name or "", id=None, restriction=self.restriction)


@dataclasses.dataclass(frozen=True)
class Decision:
    """What is to be done about one token: create, revoke or nothing."""

    step: str | None
    before: Token | None

    @property
    def changed(self) -> bool:
        return self.step is not None


def decide(have: Token | None, wanted: Wanted, own_id: str | None) -> Decision:
    """Decide what to do about one token.

    :param have: the token as the API lists it now, none where it does not.
    :param own_id: the id that the credential in use claims, none where it does not tell.
    :raises Drift: the token is there and differs; tokens cannot be changed.
    :raises Refused: it is the credential in use that would be revoked.
    """
    if wanted.state == "present":
        if have is None:
            return Decision("create", None)
        _refuse_drift(wanted, have, have.restriction.differences(wanted.restriction))
        return Decision(None, have)
    if have is None:
        return Decision(None, None)
    asked = wanted.restriction
    there = have.restriction
    meant = Restriction(asked.organization or there.organization, asked.group or there.group, there.scopes)
    _refuse_drift(wanted, have, there.differences(meant))
    if own_id is not None and have.id == own_id:
        raise Refused(
            f"The {wanted.label} is the API credential of this run, so it was not revoked. Revoke it with another API "
            f"token, or replace it with {ROLE}."
        )
    return Decision("revoke", have)


def _refuse_drift(wanted: Wanted, have: Token, differences: list[str]) -> None:
    if not differences:
        return
    remedy = (
        f"The API can't change a token. To replace it without an outage, add it to turso_rotate_tokens of {ROLE}. To keep "
        "it, write its settings into your task."
        if wanted.state == "present"
        else "It may not be the token that you mean. If it is, correct these settings in your task, or leave them out."
    )
    raise Drift(
        f"The {wanted.label} (id {have.id}) exists with different settings: {'; '.join(differences)}. Nothing was changed. "
        f"{remedy}"
    )


def warnings_about(wanted: Sequence[Wanted], changed: Sequence[Wanted]) -> list[str]:
    """Return what a user should know of tokens that are to be present.

    :param changed: those that this run creates or revokes, or would in check mode.
    """
    warnings = [
        f"The {each.label} asks for the scope {scope!r}, which this collection does not know. If you mean {known!r}, "
        "correct it; otherwise ignore this warning. The API decides whether the scope exists."
        for each in wanted
        if each.state == "present"
        for scope, known in misspelt(each.scopes)
    ]
    created = [each for each in changed if each.state == "present"]
    unrestricted = [each.label for each in created if each.restriction.level == "unrestricted"]
    if unrestricted:
        more = f", and {len(unrestricted) - MAX_LABELS} more" if len(unrestricted) > MAX_LABELS else ""
        warnings.append(
            f"Created without an organization: {', '.join(unrestricted[:MAX_LABELS])}{more}. An unrestricted token can do "
            "everything that its user can do. Turso has deprecated such tokens and will remove them. Set organization to "
            "restrict it."
        )
    return warnings


def checked_segment(option: str, value: str | None) -> None:
    """Refuse what cannot be one segment of a path.

    :raises BadOption: for an empty or blank value, "." and "..", and text that is not Unicode.
    """
    checked_text(option, value)
    if value in (".", ".."):
        raise BadOption(f"{option} is {value!r}, which cannot be part of an address.", "Correct it.")


def checked_text(option: str, value: str | None) -> None:
    """Refuse a text that is given and holds nothing.

    :raises BadOption: for an empty or blank value, and text that is not Unicode.
    """
    if value is None:
        return
    if not value.strip():
        raise BadOption(
            f"{option} is empty, and an empty variable must not change what a token may do.",
            "Set a value, or leave the option out.",
        )
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as exc:
        raise BadOption(f"{option} is not valid Unicode text.", "Correct it.") from exc


def _written_scopes(scopes: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return scopes once each, without the blanks that a text of scopes with commas between them brings."""
    return None if scopes is None else tuple(dict.fromkeys(scope.strip() for scope in scopes))


def look_created_by_us(found: Token, wanted: Restriction, now: datetime.datetime) -> bool:
    """Tell whether a token that appeared while our create's answer was lost can be the one that we asked for.

    The API tells dates only, so a day either way is today.
    """
    created = found.created_day
    return found.restriction.matches(wanted) and created is not None and abs((now.date() - created).days) <= 1
