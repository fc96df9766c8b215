# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A secret of AWS Secrets Manager: what would not keep a value, and one key of its JSON among others."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery import aws_secret
from ansible_collections.community.turso.plugins.module_utils._delivery.aws_secret import Secret
from ansible_collections.community.turso.plugins.module_utils._errors import Refused

OBJECT = '{"user": "somebody", "token": "old", "nested": {"a": [1, null]}}'

# a description, and how what is said of it begins
DESCRIPTIONS = [
    ({}, None),
    ({"RotationEnabled": False, "PrimaryRegion": "eu-central-1"}, None),
    (
        {"DeletedDate": "2026-12-30"},
        "the secret a is scheduled for deletion. To keep it: aws secretsmanager restore-secret --secret-id a",
    ),
    ({"OwningService": "rds"}, "the secret a belongs to rds, and only that service may write it"),
    ({"PrimaryRegion": "us-east-1"}, "the secret a is a replica in eu-central-1. Set region: us-east-1"),
    ({"RotationEnabled": True}, "AWS rotates the secret a itself"),
]


@pytest.mark.parametrize(("description", "problem"), DESCRIPTIONS)
def test_what_would_not_keep_a_value_is_told_with_a_command(description: dict[str, Any], problem: str | None) -> None:
    said = aws_secret.problem_of(description, "a", "eu-central-1")
    assert said == problem if problem is None else (said or "").startswith(problem)


def test_the_version_with_a_label_is_found() -> None:
    stages = {"VersionIdsToStages": {"1": ["AWSPREVIOUS"], "2": ["mine", "AWSCURRENT"]}}
    assert aws_secret.stage(stages, "AWSCURRENT") == "2"
    assert aws_secret.stage(stages, "AWSPENDING") is None
    assert aws_secret.stage({}, "AWSCURRENT") is None


# content, key, what is there, what is written
CONTENTS = [
    (None, None, None, "new"),
    ("old", None, "old", "new"),
    (b"\xffold", None, "\ufffdold", "new"),
    (OBJECT, None, OBJECT, "new"),
    (None, "token", None, '{"token": "new"}'),
    (OBJECT, "token", "old", OBJECT.replace("old", "new")),
    (OBJECT, "other", None, OBJECT[:-1] + ', "other": "new"}'),
    (b'{"token": 7}', "token", "7", '{"token": "new"}'),
    ('{"a": "\u00e9"}', "token", None, '{"a": "\u00e9", "token": "new"}'),
]


@pytest.mark.parametrize(("content", "key", "found", "written"), CONTENTS)
def test_one_key_is_replaced_or_everything(content: Any, key: str | None, found: str | None, written: str) -> None:
    assert aws_secret.value_in(content, key, "a") == found
    assert aws_secret.with_value(content, key, "new", "a") == written


@pytest.mark.parametrize("content", ["old", "[1]", '"x"', "7", '{"a": NaN}', '{"a": 1e999}', '{"a"', b"\xff"])
def test_what_has_no_keys_is_refused(content: str | bytes) -> None:
    with pytest.raises(Refused, match="the secret a is not a JSON object"):
        aws_secret.with_value(content, "token", "new", "a")


class Missing(Exception):
    """Stands for boto3's ResourceNotFoundException."""


class Client:
    """As much of boto3's client as is used, with `meanwhile` to have somebody else write right before a put."""

    exceptions = SimpleNamespace(ResourceNotFoundException=Missing)
    meta = SimpleNamespace(region_name="eu-central-1")

    def __init__(self, content: str | None, meanwhile: list[Callable[[], Any]] | None = None) -> None:
        self.contents = {} if content is None else {"v1": content}
        self.labels = ["v1"] if content is not None else []
        self.more: dict[str, Any] = {}
        self.exists = True
        self.meanwhile = meanwhile or []
        self.puts = 0
        self.shows_nothing_new = False

    def describe_secret(self, SecretId: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        if not self.exists:
            raise Missing
        labels = self.labels[: 2 if self.shows_nothing_new else None]
        names = dict(zip(reversed(labels[-2:]), (["AWSCURRENT"], ["AWSPREVIOUS"])))
        return {"Name": SecretId, "VersionIdsToStages": names, **self.more}

    def get_secret_value(self, SecretId: str, VersionId: str | None = None) -> dict[str, Any]:  # noqa: N803 - boto3's
        if not self.labels:
            raise Missing(SecretId)
        version = VersionId or self.labels[-1]
        return {"SecretString": self.contents[version], "VersionId": version}

    def put_secret_value(self, SecretId: str, SecretString: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        if self.meanwhile:
            self.meanwhile.pop(0)()
        self.puts += 1
        return {"Name": SecretId, "VersionId": self.wrote(SecretString)}

    def wrote(self, content: str) -> str:
        version = f"v{len(self.labels) + 1}"
        self.contents[version] = content
        self.labels.append(version)
        return version

    @property
    def current(self) -> str:
        return self.contents[self.labels[-1]]


# content, key, what is there afterwards, and how many writes that takes
PUTS = [
    ("old", None, "new", 1),
    ("new", None, "new", 0),
    (None, None, "new", 1),
    (OBJECT, "token", OBJECT.replace("old", "new"), 1),
    (OBJECT.replace("old", "new"), "token", OBJECT.replace("old", "new"), 0),
    (None, "token", '{"token": "new"}', 1),
]


@pytest.mark.parametrize(("content", "key", "current", "writes"), PUTS)
def test_a_value_is_put_once(content: str | None, key: str | None, current: str, writes: int) -> None:
    client = Client(content)
    secret = Secret(client, "a", key)
    secret.check()
    assert secret.put("new") is bool(writes)
    assert (client.current, client.puts, secret.value()) == (current, writes, "new")
    assert secret.put("new") is False


def test_a_key_that_somebody_else_writes_meanwhile_is_kept() -> None:
    client = Client(OBJECT)
    client.meanwhile = [
        lambda: client.wrote('{"token": "old", "theirs": 1}'),
        lambda: client.wrote(json.dumps({**json.loads(client.current), "again": 2})),
    ]
    assert Secret(client, "a", "token").put("new") is True
    # The second of them was written upon ours, in which the keys of the first were missing for a moment.
    assert json.loads(client.current)["token"] == "new"
    assert json.loads(client.current)["again"] == 2
    assert client.puts == 3


def test_a_key_that_somebody_else_writes_first_is_kept() -> None:
    client = Client(None)
    client.meanwhile = [lambda: client.wrote('{"theirs": 1}')]
    assert Secret(client, "a", "token").put("new") is True
    assert json.loads(client.current) == {"theirs": 1, "token": "new"}


def test_whoever_writes_meanwhile_is_overwritten_where_the_secret_is_the_value() -> None:
    client = Client("old")
    client.meanwhile = [lambda: client.wrote("theirs")]
    assert Secret(client, "a").put("new") is True
    assert (client.current, client.puts) == ("new", 1)


def test_an_old_description_takes_nothing_back() -> None:
    client = Client(OBJECT)
    client.wrote(OBJECT.replace("somebody", "somebody else"))
    client.shows_nothing_new = True
    assert Secret(client, "a", "token").put("new") is True
    assert (client.puts, json.loads(client.current)["user"]) == (1, "somebody else")


def test_whoever_writes_again_and_again_is_not_followed_for_ever() -> None:
    client = Client(OBJECT)
    client.meanwhile = [lambda: client.wrote('{"token": "theirs"}')] * 9
    assert Secret(client, "a", "token").put("new") is True
    assert client.puts == 5


def test_nothing_is_put_where_it_would_not_stay() -> None:
    client = Client("old")
    client.more = {"DeletedDate": "2026-12-30"}
    for carry_out in (Secret(client, "a").check, lambda: Secret(client, "a").put("new")):
        with pytest.raises(Refused, match="scheduled for deletion"):
            carry_out()
    assert client.puts == 0


def test_a_secret_that_is_not_there_is_not_made() -> None:
    client = Client(None)
    client.exists = False
    secret = Secret(client, "a")
    for carry_out in (secret.check, secret.value, lambda: secret.put("new")):
        with pytest.raises(
            Refused, match=r"there is no secret a in eu-central-1.*aws secretsmanager create-secret --name a"
        ):
            carry_out()
    assert client.puts == 0


def test_after_a_write_that_failed_nobody_knows_what_is_there() -> None:
    client = Client("old")
    client.meanwhile = [lambda: 1 / 0]
    secret = Secret(client, "a")
    with pytest.raises(ZeroDivisionError):
        secret.put("new")
    assert secret.is_writing
