# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the server knows: users, organizations, tokens and who may do what with them. Nothing here knows of HTTP."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .refusal import Refusal
from .sql import Sql
from .tokens import is_jwt, mint_jwt, new_id, read_jti

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .behaviour import Behaviour
    from .clock import Clock

SCOPES = (
    "read",
    "db:create",
    "db:delete",
    "db:configure",
    "db:mint-token",
    "db:rotate-creds",
    "group:configure",
    "group:mint-token",
    "group:rotate-creds",
)
PRESETS = {"read-only": ("read",), "full-access": SCOPES}
ORGANIZATION_SCOPES = ("org:read", "group:create", "group:delete")
ROLES = ("owner", "admin", "member")


@dataclass
class Organization:
    slug: str
    groups: set[str] = field(default_factory=set)
    roles: dict[str, str] = field(default_factory=dict)

    def has_admin(self, user: str) -> bool:
        return self.roles.get(user) in ("owner", "admin")


@dataclass
class Token:
    """A token that was issued, alive or not. `born` and `died` count the changes of the server's state."""

    name: str
    id: str
    secret: str = field(repr=False)
    user: str
    created: datetime
    born: int
    organization: str | None = None
    group: str | None = None
    scopes: tuple[str, ...] | None = None
    description: str | None = None
    expires: int | None = None
    last_used: datetime | None = None
    died: int | None = None

    @property
    def is_alive(self) -> bool:
        return self.died is None

    @property
    def is_restricted(self) -> bool:
        return self.organization is not None

    def existed_at(self, change: int) -> bool:
        return self.born <= change and (self.died is None or self.died > change)


@dataclass(frozen=True)
class LogEntry:
    """What somebody did in an organization, as its audit log has it."""

    organization: str
    code: str
    author: str
    at: datetime
    message: str = ""
    origin: str = "cli"


def expand(scopes: Iterable[str], *, known: Iterable[str], full_access: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes that these and their presets mean, in the server's own order (which is not alphabetical)."""
    presets = {**PRESETS, "full-access": (*SCOPES, *full_access)}
    wanted = {scope for entry in scopes for scope in presets.get(entry, (entry,))}
    order = (*known, *full_access)
    unknown = sorted(wanted.difference(order))
    if unknown:
        raise Refusal(400, f"invalid scopes: {', '.join(unknown)}")
    return tuple(scope for scope in order if scope in wanted)


def optional_text(body: Mapping[str, Any], key: str) -> str | None:
    """Return a text of the body, None where it is absent, null or empty."""
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise Refusal(400, f"{key} must be a string")
    return value or None


class State:
    """The tokens of all users. Every public method is one transaction: threads may call them side by side."""

    def __init__(self, clock: Clock, behaviour: Behaviour) -> None:
        self.clock = clock
        self.behaviour = behaviour
        self.emails: dict[str, str] = {}
        self.organizations: dict[str, Organization] = {}
        self.changed: Callable[[], None] = lambda: None
        self.sql = Sql(clock, lambda: self.behaviour)
        self.lock = threading.RLock()
        self._changes = 0
        self._log: list[LogEntry] = []
        self._issued: dict[str, Token] = {}
        self._alive: dict[str, Token] = {}
        self._by_name: dict[tuple[str, str], Token] = {}
        self._by_secret: dict[str, Token] = {}

    # What a test asks or arranges

    def add_user(self, username: str) -> None:
        self.emails[username] = f"{username}@example.com"

    def add_organization(self, slug: str, groups: Iterable[str], roles: Mapping[str, str]) -> None:
        for user, role in roles.items():
            if user not in self.emails:
                raise ValueError(f"no user {user!r}")
            if role not in ROLES:
                raise ValueError(f"role must be one of {', '.join(ROLES)}, not {role!r}")
        self.organizations[slug] = Organization(slug, set(groups), dict(roles))

    def issue(
        self,
        name: str,
        *,
        user: str,
        organization: str | None = None,
        group: str | None = None,
        scopes: Iterable[str] | None = None,
        description: str | None = None,
        age_days: float = 0,
        expires: int | None = None,
        carries_jti: bool = True,
    ) -> Token:
        """Issue a token whoever asks. Raise Refusal for what could never exist: 400, 404 or 409."""
        with self.lock:
            if organization is None and group is not None:
                raise Refusal(400, "group requires organization")
            expanded = self._expanded(organization, group, scopes)
            if organization is not None:
                known = self.organizations.get(organization)
                if known is None or user not in known.roles:
                    raise Refusal(404, f"organization {organization} not found")
                if group is not None and group not in known.groups:
                    raise Refusal(404, f"group {group} not found")
            if (user, name) in self._by_name:
                raise Refusal(self.behaviour.taken_status, self.behaviour.taken_text.format(name=name))
            created = self.clock.now() - timedelta(days=age_days)
            token_id = new_id(created)
            secret = mint_jwt(
                token_id,
                issued_at=int(created.timestamp()),
                subject=user,
                expires=expires,
                carries_jti=carries_jti,
                pinned=None if organization is None or group is None else self._pinned(organization, group, expanded),
            )
            self._changes += 1
            token = Token(
                name,
                token_id,
                secret,
                user,
                created,
                self._changes,
                organization,
                group,
                expanded,
                description,
                expires,
            )
            self._remember(token)
            self.changed()
        return token

    def record(self, entry: LogEntry) -> None:
        """Have an entry in the audit log of an organization."""
        with self.lock:
            self._log.append(entry)

    def withdraw(self, user: str, name: str) -> None:
        """Revoke a token whoever asks. Raise KeyError where there is none."""
        with self.lock:
            self._revoke(self._by_name[user, name])

    def existing(self, behind: int = 0) -> list[Token]:
        """Return the tokens that are alive, or that were before the last `behind` changes."""
        with self.lock:
            if behind == 0:
                return list(self._alive.values())
            return [token for token in self._issued.values() if token.existed_at(self._changes - behind)]

    def _pinned(self, organization: str, group: str, scopes: Iterable[str] | None) -> dict[str, Any]:
        """Return what the value of a group's token claims besides."""
        groups = self.organizations[organization].groups
        number = list(self.organizations).index(organization) + 1
        return {
            "group_uuid": self.sql.group_id(organization, group, groups),
            "org_id": number,
            "scopes": list(scopes or ()),
        }

    def issued(self) -> list[Token]:
        """Return every token there ever was."""
        with self.lock:
            return list(self._issued.values())

    def find_secret(self, secret: str) -> Token | None:
        return self._by_secret.get(secret)

    def is_valid(self, token: Token) -> bool:
        return token.is_alive and (token.expires is None or token.expires > self.clock.now().timestamp())

    # What a client may ask for

    def authenticate(self, secret: str) -> Token:
        token = self._by_secret.get(secret)
        if token is None and not is_jwt(secret):
            raise Refusal(401, "token contains an invalid number of segments")
        if token is None and read_jti(secret) is None:
            raise Refusal(401, "could not parse jwt id")
        if token is None or not self.is_valid(token):
            raise Refusal(401, "invalid api token")
        token.last_used = self.clock.now()
        return token

    def own_tokens(self, caller: Token, behind: int = 0) -> list[Token]:
        return [token for token in self.existing(behind) if token.user == caller.user]

    def organization_tokens(self, caller: Token, slug: str, behind: int = 0) -> tuple[list[Token], bool]:
        """Return the tokens of the organization that the caller may see, and whether that is everyone's."""
        sees_all = self._membership(caller, slug).has_admin(caller.user)
        found = [token for token in self.existing(behind) if token.organization == slug]
        return [token for token in found if sees_all or token.user == caller.user], sees_all

    def audit_log(self, caller: Token, slug: str) -> list[LogEntry]:
        """Return the audit log of an organization, the newest first, to its admins where the plan has one."""
        organization = self._membership(caller, slug)
        if not self.behaviour.audit_logs:
            raise Refusal(403, "audit logs are not available on your plan")
        if not organization.has_admin(caller.user):
            raise Refusal(403, "only admins and owners may read the audit log")
        with self.lock:
            return sorted((one for one in self._log if one.organization == slug), key=lambda one: one.at, reverse=True)

    def create(self, caller: Token, name: str, body: Mapping[str, Any]) -> Token:
        longest, pattern = self.behaviour.name_max_length, self.behaviour.name_pattern
        if len(name) > longest:
            raise Refusal(400, f"token name is too long: at most {longest} characters are allowed")
        if pattern is not None and not re.fullmatch(pattern, name):
            raise Refusal(400, f"invalid token name: it must match {pattern}")
        organization, group = optional_text(body, "organization"), optional_text(body, "group")
        scopes = body.get("scopes") or None
        if scopes is not None and not (isinstance(scopes, list) and all(isinstance(entry, str) for entry in scopes)):
            raise Refusal(400, "scopes must be a list of strings")
        known = self.organizations.get(organization or "")
        if known is not None and group is not None and known.roles.get(caller.user) == "member":
            raise Refusal(403, "You must be an admin or owner to create group-restricted tokens")
        token = self.issue(
            name,
            user=caller.user,
            organization=organization,
            group=group,
            scopes=scopes,
            description=optional_text(body, "description") if self.behaviour.descriptions else None,
            carries_jti=self.behaviour.carries_jti,
        )
        return self._logged(token)

    def _logged(self, token: Token) -> Token:
        """Have the log of its organization tell that a client created a token."""
        if token.organization is not None:
            self.record(LogEntry(token.organization, "user-token-create", token.user, token.created, token.name))
        return token

    def revoke_by_name(self, caller: Token, name: str) -> None:
        with self.lock:
            token = self._by_name.get((caller.user, name))
            if token is None:
                raise Refusal(self.behaviour.unknown_status, f"token {name} not found")
            self._refuse_to_revoke_itself(caller, token)
            self._revoke(token)

    def revoke_by_id(self, caller: Token, slug: str, token_id: str) -> None:
        with self.lock:
            organization = self._membership(caller, slug)
            token = self._alive.get(token_id)
            if token is None or token.organization != slug:
                raise Refusal(self.behaviour.unknown_status, f"token {token_id} not found")
            if token.user != caller.user and not organization.has_admin(caller.user):
                raise Refusal(403, "only admins and owners may revoke the tokens of others")
            self._refuse_to_revoke_itself(caller, token)
            self._revoke(token)

    def reach(self, caller: Token, slug: str, scope: str, group: str | None) -> Organization:
        """Return an organization in which the caller may do what a scope stands for, in a group where one is given.

        :raises Refusal: 403 `forbidden`, as the service answers whatever is missing.
        """
        organization = self._membership(caller, slug)
        is_pinned_elsewhere = caller.group is not None and group != caller.group
        lacks = caller.scopes is not None and scope not in caller.scopes
        if caller.organization not in (None, slug) or is_pinned_elsewhere or lacks:
            raise Refusal(403, "forbidden")
        return organization

    # Inside

    def _expanded(
        self, organization: str | None, group: str | None, scopes: Iterable[str] | None
    ) -> tuple[str, ...] | None:
        """Return the scopes that a token gets; those of an organization's token are optional, and others besides."""
        if group is not None and not scopes:
            raise Refusal(400, "group requires a non-empty scopes list")
        if scopes is None:
            return None
        if group is None and (organization is None or not self.behaviour.organization_scopes):
            raise Refusal(400, "scopes require group")
        known = SCOPES if group is not None else (*ORGANIZATION_SCOPES, *SCOPES)
        return expand(scopes, known=known, full_access=self.behaviour.full_access_also)

    def _membership(self, caller: Token, slug: str) -> Organization:
        organization = self.organizations.get(slug)
        if organization is None:
            raise Refusal(404, f"organization {slug} not found")
        if caller.user not in organization.roles:
            raise Refusal(403, f"not a member of organization {slug}")
        return organization

    def _refuse_to_revoke_itself(self, caller: Token, token: Token) -> None:
        if self.behaviour.refuses_self_revocation and token is caller:
            raise Refusal(403, "a token cannot revoke itself")

    def _revoke(self, token: Token) -> None:
        self._changes += 1
        token.died = self._changes
        del self._alive[token.id]
        del self._by_name[token.user, token.name]
        self.changed()

    def _remember(self, token: Token) -> None:
        self._issued[token.id] = token
        self._by_secret[token.secret] = token
        if token.is_alive:
            self._alive[token.id] = token
            self._by_name[token.user, token.name] = token

    # To a file and back

    def dump(self) -> dict[str, Any]:
        """Return everything, secrets included, as plain data."""
        with self.lock:
            return {
                "changes": self._changes,
                "emails": dict(self.emails),
                "organizations": [
                    {"slug": known.slug, "groups": sorted(known.groups), "roles": dict(known.roles)}
                    for known in self.organizations.values()
                ],
                "log": [{**asdict(entry), "at": entry.at.isoformat()} for entry in self._log],
                "tokens": [plain(token) for token in self._issued.values()],
                "sql": self.sql.dump(),
            }

    def load(self, data: Mapping[str, Any]) -> None:
        """Take over what `dump` gave."""
        with self.lock:
            self._changes = data["changes"]
            self.emails.update(data["emails"])
            for known in data["organizations"]:
                self.add_organization(known["slug"], known["groups"], known["roles"])
            for entry in data.get("log", ()):
                self.record(LogEntry(**{**entry, "at": datetime.fromisoformat(entry["at"])}))
            for entry in data["tokens"]:
                self._remember(from_plain(entry))
            if "sql" in data:  # as of an older simulator
                self.sql.load(data["sql"])


def plain(token: Token) -> dict[str, Any]:
    """Return a token as JSON can hold it."""
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(token).items()}


def from_plain(entry: Mapping[str, Any]) -> Token:
    known = {field.name for field in fields(Token)}
    values = {key: value for key, value in entry.items() if key in known}
    for key in ("created", "last_used"):
        values[key] = values[key] and datetime.fromisoformat(values[key])
    values["scopes"] = values["scopes"] and tuple(values["scopes"])
    return Token(**values)
