# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for GitHub: secrets of repositories, of their environments and of organizations. It opens the sealed boxes."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime
import itertools
import re
import urllib.parse
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from tests.destinations.descriptions import GITHUB
from tests.destinations.judge import Judge
from tests.destinations.serving import Answer, Asked, Fault

REPOSITORY = "/repos/{owner}/{repo}"
KINDS = ("/orgs/{org}/actions", REPOSITORY + "/actions", REPOSITORY + "/environments/{environment_name}")
SHORT = ("/orgs/{org}/actions/secrets/{secret_name}/repositories", "/orgs/{org}/repos", REPOSITORY + "/environments")
PATHS = tuple(f"{kind}/secrets/{what}" for kind in KINDS for what in ("public-key", "{secret_name}"))

PLACE = re.compile(
    r"/(?P<place>orgs/[^/]+/actions|repos/[^/]+/[^/]+/actions|repos/[^/]+/[^/]+/environments/[^/]+)/secrets/(?P<name>[^/]+)"
    r"(?P<readers>/repositories)?"
)
ALL, READ, BLIND = "read and write", "read", "sees some repositories only"


@dataclasses.dataclass
class Secret:
    value: str
    created_at: str
    updated_at: str
    visibility: str = "all"
    repositories: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Credential:
    """`may` says what; `refusal` is in GitHub's words."""

    may: str = ALL
    ends: str | None = None
    refusal: str = "Resource not accessible by personal access token"


class GitHub:
    """`places` are secrets by place and name, `repositories` ids by name; those in `private` are no public ones."""

    def __init__(self) -> None:
        self.judge_of_all = Judge.load(GITHUB[0], (*PATHS, *SHORT), SHORT)
        self.key = PrivateKey.generate()
        self.key_id = "568250167242549743"
        self.now = datetime.datetime(2026, 11, 30, 12, tzinfo=datetime.timezone.utc)
        self.places: dict[str, dict[str, Secret]] = {}
        self.repositories: dict[str, int] = {}
        self.private: set[str] = set()
        self.moved: dict[str, str] = {}
        self.credentials: dict[str, Credential] = {}
        self.lags = 0  # so many questions are still answered as before the last write
        self._stale: str = ""
        self.faults: list[Fault] = []
        self.problems: list[str] = []
        self.asked: list[tuple[str, str]] = []

    def have_repository(self, name: str, *environments: str, private: bool = True) -> None:
        self.repositories[name] = 1296269 + len(self.repositories)
        self.private |= {name} if private else set()
        self.places[f"repos/{name}/actions"] = {}
        for environment in environments:
            self.places[f"repos/{name}/environments/{environment}"] = {}

    def have_organization(self, name: str) -> None:
        self.places[f"orgs/{name}/actions"] = {}

    def have_secret(self, place: str, name: str, value: str = "an older one", **more: Any) -> Secret:
        """Have a secret written by somebody else; its time moves on."""
        at = self._tick()
        secret = Secret(value, at, at, **more)
        self.places[place][name] = secret
        return secret

    def value(self, place: str, name: str) -> str:
        return self.places[place][name].value

    def judge(self, asked: Asked, answer: Answer) -> str | None:
        return self.judge_of_all.problem(asked, answer)

    def answer(self, asked: Asked) -> Answer:
        credential = self.credentials.get(asked.bearer)
        if credential is None:
            return Answer(401, {"message": "Bad credentials", "status": "401"})
        answer = self._answer(asked, credential)
        headers = {"Date": self.now.strftime("%a, %d %b %Y %H:%M:%S GMT"), **answer.headers}
        if credential.ends:
            headers["GitHub-Authentication-Token-Expiration"] = credential.ends
        return Answer(answer.status, answer.body, headers)

    def _answer(self, asked: Asked, credential: Credential) -> Answer:
        for old, new in self.moved.items():
            if asked.path.startswith(f"/repos/{old}/"):
                return Answer(307, {"message": "Moved Permanently"}, {"Location": f"/repositories/{new}"})
        listed = self._list(asked)
        if listed is not None:
            return listed
        found = PLACE.fullmatch(asked.path)
        place = urllib.parse.unquote(found["place"]) if found else ""
        if found is None or place not in self.places:
            return Answer(404, {"message": "Not Found", "status": "404"})
        if not credential.may or (asked.method != "GET" and credential.may == READ):
            return Answer(403, {"message": credential.refusal, "status": "403"})
        if found["name"] == "public-key":
            key = base64.b64encode(bytes(self.key.public_key)).decode()
            return Answer(200, {"key_id": self.key_id, "key": key})
        return self._secret(asked, place, found["name"], is_readers=bool(found["readers"]), sees=credential.may)

    def _list(self, asked: Asked) -> Answer | None:
        query = dict(urllib.parse.parse_qsl(asked.query))
        page, per_page = int(query.get("page", 1)), int(query.get("per_page", 30))
        part = slice((page - 1) * per_page, page * per_page)
        found = re.fullmatch(r"/repos/([^/]+/[^/]+)/environments", asked.path)
        if found and found[1] in self.repositories:
            start = f"repos/{found[1]}/environments/"
            names = [place.removeprefix(start) for place in self.places if place.startswith(start)]
            return Answer(200, {"total_count": len(names), "environments": [{"name": name} for name in names[part]]})
        found = re.fullmatch(r"/orgs/([^/]+)/repos", asked.path)
        if found:
            names = [name for name in self.repositories if name.startswith(f"{found[1]}/")]
            return Answer(200, [self._repository(name) for name in names[part]])
        return None

    def _repository(self, name: str) -> dict[str, Any]:
        return {"id": self.repositories[name], "full_name": name, "private": name in self.private}

    def _secret(self, asked: Asked, place: str, name: str, *, is_readers: bool, sees: str) -> Answer:
        secret = self.places[place].get(name)
        if asked.method == "PUT":
            return self._write(asked.body, place, name, secret)
        if secret is None:
            return Answer(404, {"message": "Not Found", "status": "404"})
        if is_readers:
            names = {number: name for name, number in self.repositories.items()}
            query = dict(urllib.parse.parse_qsl(asked.query))
            page, per_page = int(query.get("page", 1)), int(query.get("per_page", 30))
            readers = [self._repository(names[number]) for number in secret.repositories]
            seen = readers[:1] if sees == BLIND else readers
            part = seen[(page - 1) * per_page : page * per_page]
            return Answer(200, {"total_count": len(readers), "repositories": part})
        at = secret.updated_at
        if self.lags:
            self.lags -= 1
            at = self._stale
        shown = {"name": name, "created_at": secret.created_at, "updated_at": at}
        return Answer(200, {**shown, "visibility": secret.visibility} if place.startswith("orgs/") else shown)

    def _write(self, body: dict[str, Any], place: str, name: str, secret: Secret | None) -> Answer:
        if body.get("key_id") != self.key_id:
            return Answer(422, {"message": "Unprocessable: key_id", "status": "422"})
        try:
            value = SealedBox(self.key).decrypt(base64.b64decode(body["encrypted_value"])).decode()
        except (CryptoError, binascii.Error, KeyError, ValueError):
            return Answer(422, {"message": "Bad request - improperly encrypted secret", "status": "422"})
        at = self._tick()
        self._stale = secret.updated_at if secret else at
        written = secret or Secret(value, at, at)
        written.value, written.updated_at = value, at
        if place.startswith("orgs/"):
            # A list that a write does not repeat is cleared.
            written.visibility, written.repositories = body["visibility"], body.get("selected_repository_ids", [])
        self.places[place][name] = written
        return Answer(204) if secret else Answer(201, {})

    def _tick(self) -> str:
        self.now += datetime.timedelta(seconds=60)
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")


NUMBERS = itertools.count(1)


def token() -> str:
    """Return a credential that looks like a personal one."""
    return f"github_pat_stand_in_{next(NUMBERS):04d}_never_shown_by_anybody"
