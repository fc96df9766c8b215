# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a credential says of itself."""

from __future__ import annotations

import base64
import datetime
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.community.turso.plugins.module_utils._api.claims import (
    Claims,
    claims_of,
    claims_of_whole,
    jti_of,
    moment_in,
)
from ansible_collections.community.turso.plugins.module_utils._api.grants import Grants

RS256 = base64.urlsafe_b64encode(b'{"alg":"RS256"}').decode().rstrip("=")
EDDSA = base64.urlsafe_b64encode(b'{"alg":"EdDSA"}').decode().rstrip("=")
NOON = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.timezone.utc)
END = int(NOON.timestamp())


def jwt(payload: bytes, header: str = "e30") -> str:
    return f"{header}.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.c2ln"


CLAIMS = {
    "an id": (jwt(b'{"jti": "abc"}'), "abc"),
    "padding of one": (jwt(b'{"jti": "abcd"}'), "abcd"),
    "padding of two": (jwt(b'{"jti": "abcde"}'), "abcde"),
    "letters of the URL alphabet": (jwt('{"jti": "þÿ?>~"}'.encode()), "þÿ?>~"),
    "no id": (jwt(b'{"sub": "alice"}'), None),
    "an empty id": (jwt(b'{"jti": ""}'), None),
    "an id of another type": (jwt(b'{"jti": 5}'), None),
    "a list": (jwt(b'["jti"]'), None),
    "no JSON": (jwt(b"jti"), None),
    "no UTF-8": (jwt(b'{"jti": "\xff"}'), None),
    "too deep": (jwt(b"[" * 100_000), None),
    "no base64": ("a.b.c", None),
    "not even ASCII": ("a.é.c", None),
    "two parts": ("e30.e30", None),
    "four parts": (jwt(b'{"jti": "abc"}') + ".e30", None),
    "opaque": ("opaque", None),
}


@pytest.mark.parametrize(("secret", "expected"), CLAIMS.values(), ids=CLAIMS)
def test_the_id_that_a_token_claims(secret: str, expected: str | None) -> None:
    assert jti_of(secret) == expected


@given(
    st.text()
    | st.binary().map(jwt)
    | st.recursive(st.none() | st.text(), st.lists).map(lambda x: jwt(json.dumps(x).encode()))
)
def test_whatever_is_called_a_token_claims_an_id_or_none(secret: str) -> None:
    assert jti_of(secret) != ""


LOGIN = f'{{"exp": {END}, "iss": "https://clerk.example", "sub": "user_1"}}'.encode()
KINDS = {
    "an API token": (jwt(b'{"jti": "a"}', EDDSA), Claims("api", "a")),
    "an API token of a group": (
        jwt(b'{"jti": "a", "group_uuid": "g", "org_id": 1}', EDDSA),
        Claims("group", "a", group_id="g"),
    ),
    "a login of the CLI": (jwt(LOGIN, RS256), Claims("session", None, NOON)),
    "a login of another algorithm": (jwt(LOGIN, EDDSA), Claims(None, None, NOON)),
    "RS256 without an end": (jwt(b'{"iss": "i", "sub": "s"}', RS256), Claims()),
    "a database's token": (
        jwt(f'{{"a": "rw", "id": "d", "rid": "r", "iat": {END}}}'.encode(), EDDSA),
        Claims("sql", issued_at=NOON, database_id="d", authorization="full-access"),
    ),
    "a token that may only read one table": (
        jwt(b'{"a": "ro", "id": "d", "perm": [{"t": ["x"], "a": ["data_read"]}]}', EDDSA),
        Claims("sql", database_id="d", authorization="read-only", permissions=Grants.of([("x", "data_read")])),
    ),
    "a token of an authorization that nobody knows, and ids that are none": (
        jwt(b'{"a": "rwx", "id": 7, "gid": "\\u0007"}', EDDSA),
        Claims("sql"),
    ),
    "an id that is longer than any": (
        jwt(b'{"a": "ro", "id": "' + b"d" * 201 + b'"}'),
        Claims("sql", authorization="read-only"),
    ),
    "an id as long as any, and what it was rotated with": (
        jwt(b'{"rid": "r", "id": "' + b"d" * 200 + b'"}'),
        Claims("sql", database_id="d" * 200),
    ),
    "an empty id": (jwt(b'{"a": "ro", "id": ""}'), Claims("sql", authorization="read-only")),
    "what it may do, and not where": (jwt(b'{"a": "rw"}'), Claims()),
    "an end that is no moment, which is not the same as none": (
        jwt(b'{"a": "rw", "id": "d", "exp": "soon"}', EDDSA),
        Claims(),
    ),
    "an end that is null": (
        jwt(b'{"a": "rw", "id": "d", "exp": null}'),
        Claims("sql", database_id="d", authorization="full-access"),
    ),
    "a group's databases' token with an end": (
        jwt(f'{{"gid": "g", "perm": [], "exp": {END}}}'.encode(), EDDSA),
        Claims("sql", None, NOON, group_id="g"),
    ),
    "an id and nothing that goes with it": (jwt(b'{"id": "d"}', EDDSA), Claims()),
    "when it was issued": (jwt(f'{{"jti": "a", "iat": {END}}}'.encode(), EDDSA), Claims("api", "a", None, NOON)),
    "an API token with an end": (jwt(f'{{"jti": "a", "exp": {END}}}'.encode(), EDDSA), Claims(None, "a", NOON)),
    "an API token that has the claims of a database's": (
        jwt(b'{"jti": "a", "id": "d", "a": "rw"}'),
        Claims("api", "a"),
    ),
    "the claims of two kinds": (
        jwt(f'{{"jti": "a", "exp": {END}, "id": "d", "a": "rw"}}'.encode()),
        Claims(None, "a", NOON),
    ),
    "a header that cannot be read": (jwt(b'{"jti": "a"}', "?"), Claims("api", "a")),
    "opaque": ("opaque", Claims()),
}


@pytest.mark.parametrize(("secret", "expected"), KINDS.values(), ids=KINDS)
def test_a_credential_says_what_it_is(secret: str, expected: Claims) -> None:
    assert claims_of(secret) == expected


def test_a_token_that_is_not_whole_claims_nothing() -> None:
    whole = jwt(b'{"jti": "a"}', EDDSA)
    assert claims_of_whole(whole) == Claims("api", "a")
    for wrapped in (f'"{whole}"', f"{whole}\n", f"Bearer {whole}"):
        assert claims_of_whole(wrapped) == Claims()


MOMENTS = {
    "a second": (END, NOON),
    "a fraction": (END + 0.5, NOON + datetime.timedelta(seconds=0.5)),
    "the first second": (1, datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=datetime.timezone.utc)),
    "nought": (0, None),
    "never": (-1, None),
    "nothing": (None, None),
    "a text": (str(END), None),
    "true": (True, None),
    "no number": (float("nan"), None),
    "for ever": (float("inf"), None),
    "after all time": (10**15, None),
}


@pytest.mark.parametrize(("seconds", "expected"), MOMENTS.values(), ids=MOMENTS)
def test_seconds_become_a_moment(seconds: object, expected: datetime.datetime | None) -> None:
    assert moment_in(seconds) == expected


ENDS = {
    "an API token": (Claims("api", "a"), True),
    "a login": (Claims("session"), False),
    "a SQL token that ends": (Claims("sql", expires_at=NOON), False),
    "a SQL token that does not": (Claims("sql"), True),
    "it is not known what": (Claims(), None),
}


@pytest.mark.parametrize(("claims", "expected"), ENDS.values(), ids=ENDS)
def test_what_has_no_end_says_so(claims: Claims, expected: bool | None) -> None:
    assert claims.never_expires is expected
