# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Databases, and the SQL tokens of databases and groups: what is minted, what is invalidated, and who is let in.

The service keeps no record of a SQL token: whether one is let in is told by its claims alone, and by when its database or
group was invalidated. `minted` is for tests only. Nothing here knows of HTTP.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import uuid
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .behaviour import Behaviour
    from .clock import Clock

ACTIONS = ("data_read", "data_add", "data_update", "data_delete", "schema_add", "schema_update", "schema_delete")
AUTHORIZATIONS = {"full-access": "rw", "read-only": "ro"}
UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
LONGEST_SECONDS = 10**11  # what a calendar still holds

KEY = b"the simulator signs with this, and nobody else ever checks it"


@dataclass
class Database:
    """A database: where it is, and what keeps clients out of it."""

    organization: str
    group: str
    name: str
    id: str
    address: str  # of its own, on loopback
    blocks_reads: bool = False
    blocks_writes: bool = False
    keeps_out: str = ""
    """Allow rules: the beginning of the User-Agent that they keep out of the data plane; `*` stands for everybody."""

    url: str = field(default="", compare=False)

    @property
    def hostname(self) -> str:
        """Return what the API calls its Hostname: bare, but on a loopback address without TLS."""
        return self.url.removeprefix("https://")


@dataclass(frozen=True)
class SqlToken:
    """A SQL token that was minted, for tests to ask about."""

    secret: str = field(repr=False)
    claims: dict[str, Any]
    organization: str
    database: str | None
    group: str | None


def seconds_of(text: str) -> int | None:
    """Return what a text such as 2w1d30m lasts, None for `never`."""
    if text == "never":
        return None
    parts = re.fullmatch(r"(?:\d{1,9}[wdhms])+", text)
    if parts is None:
        raise Refusal(400, "Invalid expiration format")
    seconds = sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([wdhms])", text))
    if not 0 < seconds < LONGEST_SECONDS:
        raise Refusal(400, "Invalid expiration format")
    return seconds


def granted(body: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the fine-grained permissions that a request asks for, as the claim has them; what is no list is let pass."""
    if body.get("permissions"):
        raise Refusal(400, "permissions are not supported by this database")
    asked = body.get("fine_grained_permissions")
    if not isinstance(asked, list) or not all(isinstance(each, dict) for each in asked):
        return None
    return [
        {"t": each.get("t"), "a": [action for action in each.get("a") or () if action in ACTIONS]} for each in asked
    ]


class Sql:
    """The databases and SQL tokens of all organizations. The caller holds the state's lock."""

    def __init__(self, clock: Clock, behaviour: Callable[[], Behaviour]) -> None:
        self.clock = clock
        self._behaviour = behaviour
        self.databases: list[Database] = []
        self.minted: list[SqlToken] = []
        self.origin, self.is_shared = "", False
        self._group_ids: dict[tuple[str, str], str] = {}
        self._dead_until: dict[str, int] = {}  # by the id of a database or a group: the second of its invalidation
        self._addresses = 0

    # What a test arranges and asks

    def add_database(self, organization: str, group: str, name: str, **state: Any) -> Database:
        if any((each.organization, each.name) == (organization, name) for each in self.databases):
            raise Refusal(409, f"database with name {name} already exists")
        self._addresses += 1
        database = Database(organization, group, name, new_uuid(), self._address(self._addresses), **state)
        self.databases.append(self._placed(database))
        return database

    def remake_database(self, organization: str, name: str) -> Database:
        """Destroy a database and make another one of the same name in its place: only its id is another."""
        old = self.database(organization, name)
        new = replace(old, id=new_uuid())
        self.databases[self.databases.index(old)] = new
        return new

    def at(self, address: str, secret: str) -> Database | None:
        """Return the database that is reached at an address; where several share it, the one that lets the token in."""
        here = [database for database in self.databases if database.address == address]
        return next((database for database in here if self.lets_in(secret, database)), here[0] if here else None)

    def lets_in(self, secret: str, database: Database) -> bool:
        try:
            return bool(self.let_in(secret, database))
        except Refusal:
            return False

    # What a client may ask for

    def database(self, organization: str, name: str) -> Database:
        for database in self.databases:
            if (database.organization, database.name) == (organization, name):
                return database
        raise Refusal(404, f"could not find database with name {name}: record not found")

    def of_group(self, organization: str, group: str | None) -> list[Database]:
        """Return the databases of a group, or of the whole organization."""
        return [each for each in self.databases if each.organization == organization and group in (None, each.group)]

    def group_id(self, organization: str, group: str, known: Iterable[str]) -> str:
        if group not in known:
            raise Refusal(404, "group not found")
        return self._group_ids.setdefault((organization, group), new_uuid())

    def mint(
        self,
        organization: str,
        target: Mapping[str, str],
        authorization: str,
        expiration: str,
        permissions: list[dict[str, Any]] | None,
    ) -> SqlToken:
        """Mint a token.

        :param target: `id` or `gid` and whose that is, besides the name of the `database` or the `group`.
        """
        if authorization not in AUTHORIZATIONS:
            raise Refusal(400, "Invalid authorization")
        behaviour = self._behaviour()
        issued = int(self.clock.now().timestamp())
        lasts = seconds_of(expiration)
        if behaviour.longest_expiration is not None:
            lasts = min(lasts or behaviour.longest_expiration, behaviour.longest_expiration)
        claims: dict[str, Any] = {"a": AUTHORIZATIONS[authorization]}
        if lasts is not None:
            claims["exp"] = issued + lasts
        name = "gid" if "gid" in target else "id"
        claims |= {"iat": issued, name: target[name]}
        if permissions is not None and not behaviour.ignores_permissions:
            claims["perm"] = permissions
        claims["rid"] = str(uuid.uuid5(uuid.NAMESPACE_URL, target[name]))
        token = SqlToken(signed(claims), claims, organization, target.get("database"), target.get("group"))
        self.minted.append(token)
        return token

    def invalidate(self, organization: str, *, database: str | None = None, group: str | None = None) -> None:
        """End every token of a database or a group that was minted up to this second."""
        behaviour, ids = self._behaviour(), []
        if database is not None:
            of_database = self.database(organization, database)
            ids = [of_database.id]
            if behaviour.database_rotate_kills_group:
                ids.append(self._group_ids.get((organization, of_database.group), ""))
        if group is not None:
            ids = [self._group_ids.get((organization, group), "")]
            if behaviour.group_rotate_kills_databases:
                ids += [each.id for each in self.of_group(organization, group)]
        self._dead_until.update(dict.fromkeys(ids, int(self.clock.now().timestamp())))

    def let_in(self, secret: str, database: Database) -> dict[str, Any]:
        """Return the claims of a token that this database lets in.

        :raises Refusal: 400 for what is no token of this service, 401 for one that is not, or not any more, for it.
        """
        if not secret:
            raise Refusal(401, "Unauthorized: `unauthorized access attempt on database: empty JWT token`")
        claims = verified(secret)
        group_id = self._group_ids.get((database.organization, database.group))
        identity = claims.get("id") or claims.get("gid")
        is_meant = claims.get("id") == database.id or (group_id is not None and claims.get("gid") == group_id)
        now = self.clock.now().timestamp()
        is_over = claims.get("exp", now + 1) <= now or claims.get("iat", 0) <= self._dead_until.get(identity or "", -1)
        if not is_meant or is_over:
            raise Refusal(401, "Unauthorized: `The JWT is invalid`")
        return claims

    # To a file and back

    def dump(self) -> dict[str, Any]:
        return {
            "databases": [asdict(database) for database in self.databases],
            "minted": [asdict(token) for token in self.minted],
            "group_ids": [[*key, value] for key, value in self._group_ids.items()],
            "dead_until": self._dead_until,
            "addresses": self._addresses,
        }

    def load(self, data: Mapping[str, Any]) -> None:
        self.databases = [Database(**entry) for entry in data["databases"]]
        self.minted = [SqlToken(**entry) for entry in data["minted"]]
        self._group_ids = {(organization, group): value for organization, group, value in data["group_ids"]}
        self._dead_until = dict(data["dead_until"])
        self._addresses = data["addresses"]

    def place(self, origin: str, *, is_shared: bool) -> None:
        """Have every database be where the server is.

        :param origin: with a place for the address: http://{}:8080
        :param is_shared: whether there is one address for all of them.
        """
        self.origin, self.is_shared = origin, is_shared
        for database in self.databases:
            self._placed(database)

    def _address(self, number: int) -> str:
        return "127.0.0.1" if self.is_shared else f"127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"

    def _placed(self, database: Database) -> Database:
        database.url = self.origin.format(database.address)
        return database


def new_uuid() -> str:
    return str(uuid.uuid4())


def signed(claims: Mapping[str, Any]) -> str:
    """Return a token with these claims: the same for the same claims, as EdDSA signs."""
    head = ".".join(_segment(part) for part in ({"typ": "JWT", "alg": "EdDSA"}, claims))
    return f"{head}.{_signature(head)}"


def verified(secret: str) -> dict[str, Any]:
    """Return the claims of a token that `signed` made.

    :raises Refusal: 400: it is another one, or none.
    """
    head, _dot, signature = secret.rpartition(".")
    if head.count(".") != 1:
        raise Refusal(400, "JWT error: InvalidToken")
    if not hmac.compare_digest(signature.encode("utf-8", "replace"), _signature(head).encode()):
        raise Refusal(400, "JWT error: InvalidSignature")
    payload = head.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def _segment(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _signature(head: str) -> str:
    made = hmac.new(KEY, head.encode("utf-8", "replace"), hashlib.sha512).digest()  # as long as one of Ed25519
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
