# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The destination aws_secret, with the real boto3 against moto's server, which checks no rights."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.destinations.plays import Step, item, verdicts_of, words
from tests.destinations.proxy import Answer, Proxy
from tests.playbooks import Playbooks, heavy

OLD, NEW, NEWER = "the-old-value", "the-new-value/+=", "the-newer-value"
REGION = "eu-central-1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "the-secret-access-key"}
POLICY = '{"Version": "2012-10-17", "Statement": []}'
DESCRIBE, PUT = ("POST", "secretsmanager.DescribeSecret"), ("POST", "secretsmanager.PutSecretValue")


class Aws:
    """What a test does in moto with boto3, past the proxy; in a process of the environment that has it."""

    def __init__(self, controller: Playbooks, moto: Proxy) -> None:
        self.python = str(controller.venv / "bin" / "python")
        self.env = {**controller.env, **KEYS, "AWS_ENDPOINT_URL": moto.target, "AWS_DEFAULT_REGION": REGION}

    def do(self, *lines: str) -> Any:
        """Run lines that have a client `c`; return what `out` was set to."""
        code = "; ".join(["import boto3, json", "c = boto3.client('secretsmanager')", "out = None", *lines])
        done = subprocess.run(
            [self.python, "-c", f"{code}; print(json.dumps(out, default=str))"],
            env=self.env,
            check=True,
            capture_output=True,
            text=True,
        )
        return json.loads(done.stdout)

    def read(self, name: str) -> str:
        value: str = self.do(f"out = c.get_secret_value(SecretId={name!r})['SecretString']")
        return value

    def describe(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.do(f"out = c.describe_secret(SecretId={name!r})")
        return found


@pytest.fixture
def aws(controller: Playbooks, moto: Proxy) -> Aws:
    return Aws(controller, moto)


def secret(name: str, value: str | None = NEW, *, of: str, **options: Any) -> dict[str, Any]:
    wants_value = options.pop("wants_value", False)
    return item(name, value, wants_value=wants_value, **{"name": of, "takes_effect_hours": 0, **options})


def reached(moto: Proxy, **more: str) -> dict[str, str]:
    return {**KEYS, "AWS_ENDPOINT_URL": moto.url, "AWS_DEFAULT_REGION": REGION, **more}


@heavy
def test_it_is_checked_delivered_and_read_back(controller: Playbooks, moto: Proxy, aws: Aws) -> None:
    kept = {"user": "somebody", "token": OLD, "nested": {"list": [1, 2.5, None]}}
    aws.do(
        f"c.create_secret(Name='whole', SecretString={OLD!r}, Description='d', KmsKeyId='alias/mine', Tags=[dict(Key='k', Value='v')])",
        f"c.put_resource_policy(SecretId='whole', ResourcePolicy={POLICY!r})",
        f"c.create_secret(Name='object', SecretString={json.dumps(kept)!r})",
        "c.create_secret(Name='empty')",
        "[c.create_secret(Name=n, SecretString='x') for n in ('deleted', 'rotated')]",
        "c.delete_secret(SecretId='deleted')",
        "c.rotate_secret(SecretId='rotated', RotationRules=dict(AutomaticallyAfterDays=30))",
        "c.create_secret(Name='replica', SecretString='x', AddReplicaRegions=[dict(Region='us-east-1')])",
    )
    good = [
        secret("whole", of="whole"),
        secret("key", of="object", key="token"),
        secret("second-key", NEWER, of="object", key="added"),
        secret("empty", of="empty"),
    ]
    bad = [secret(name, of=name) for name in ("none", "deleted", "rotated")]
    bad += [secret("replica", of="replica", region="us-east-1"), secret("no-object", of="whole", key="token")]
    wanted = [
        secret("whole", of="whole", wants_value=True),
        secret("key", of="object", key="token"),
        secret("other", NEWER, of="whole"),
        secret("nokey", of="object", key="nokey"),
        secret("none", of="none"),
    ]
    environment = reached(moto)
    steps = [
        Step("deliver", "deliver", [*good, *bad], environment),
        Step("again", "deliver", good[:2], environment),
        Step("read_back", "read_back", wanted, environment),
    ]
    before = aws.describe("whole")
    check = [
        Step("check", "check", [*good, *bad], environment),
        Step("in-check-mode", "deliver", good[:1], environment),
    ]
    told = verdicts_of(controller, "aws_secret", check, "--check", secrets=[OLD, KEYS["AWS_SECRET_ACCESS_KEY"]])
    assert words(told["in-check-mode"]) == [("whole", "not taken")]
    assert PUT not in moto.seen
    told |= verdicts_of(controller, "aws_secret", steps, secrets=[OLD, KEYS["AWS_SECRET_ACCESS_KEY"]])

    assert [verdict["verdict"] for verdict in told["check"]] == ["not known"] * 4 + ["refused"] * 5
    assert [(v["verdict"], v["changed"]) for v in told["deliver"]] == [
        *[("delivered", True)] * 4,
        *[("not taken", False)] * 5,
    ]
    for label in ("check", "deliver"):
        said = {verdict["name"]: verdict["msg"] for verdict in told[label]}
        assert said["none"].endswith("aws secretsmanager create-secret --name none")
        assert said["deleted"].endswith("aws secretsmanager restore-secret --secret-id deleted")
        assert said["rotated"].endswith("aws secretsmanager cancel-rotate-secret --secret-id rotated")
        assert "Set region: eu-central-1" in said["replica"]
        assert "not a JSON object" in said["no-object"]
    assert aws.read("whole") == aws.read("empty") == NEW
    assert json.loads(aws.read("object")) == {**kept, "token": NEW, "added": NEWER}
    after = aws.describe("whole")
    assert [after[name] for name in ("KmsKeyId", "Description", "Tags")] == [
        "alias/mine",
        "d",
        [{"Key": "k", "Value": "v"}],
    ]
    assert before["ARN"] == after["ARN"]
    assert aws.do("out = c.get_resource_policy(SecretId='whole')['ResourcePolicy']") == POLICY
    # The second delivery of the same made no version: what was there at first is the previous one.
    assert aws.do("out = c.get_secret_value(SecretId='whole', VersionStage='AWSPREVIOUS')['SecretString']") == OLD
    assert aws.describe("rotated")["RotationEnabled"] is True
    assert [(v["verdict"], v["changed"]) for v in told["again"]] == [("delivered", False)] * 2
    assert [(v["name"], v["verdict"], v["by"]) for v in told["read_back"]] == [
        ("whole", "confirmed", "read back"),
        ("key", "confirmed", "read back"),
        ("other", "other", None),
        ("nokey", "other", None),
        ("none", "unreadable", None),
    ]


def refusal(code: str, status: int = 400) -> Answer:
    """Return how AWS refuses a request."""
    return status, json.dumps({"__type": code, "Message": f"it is {code}, and not {NEW}"}).encode()


def test_what_happens_in_between_is_told(controller: Playbooks, moto: Proxy, aws: Aws) -> None:
    content = json.dumps({"token": OLD, "user": "somebody"})
    aws.do(f"[c.create_secret(Name=n, SecretString={content!r}) for n in ('theirs', 'denied', 'down', 'lost')]")
    puts: list[int] = []

    def meanwhile(method: str, path: str) -> Answer | None:
        if (method, path) == PUT:
            puts.append(1)
            if len(puts) == 1:
                theirs = json.dumps({"token": OLD, "user": "somebody", "theirs": 1})
                aws.do(f"c.put_secret_value(SecretId='theirs', SecretString={theirs!r})")
            moto.lose = {PUT} if len(puts) == 5 else set()
            return {3: refusal("AccessDeniedException"), 4: refusal("InternalServiceError", 500)}.get(len(puts))
        return None

    moto.before = meanwhile
    environment = reached(moto, AWS_MAX_ATTEMPTS="1")
    names = ("theirs", "denied", "down", "lost")
    items = {name: [secret(name, of=name, key="token")] for name in names}
    steps = [Step(name, "deliver", items[name], environment) for name in names]
    told = verdicts_of(controller, "aws_secret", [*steps, Step("back", "read_back", items["lost"], environment)])
    assert [words(told[name])[0][1] for name in names] == ["delivered", "not taken", "lost", "lost"]
    # What somebody else wrote between our reading and our writing is taken over.
    assert json.loads(aws.read("theirs")) == {"token": NEW, "user": "somebody", "theirs": 1}
    assert "AccessDeniedException" in told["denied"][0]["msg"]
    assert "may have been stored" in told["down"][0]["msg"]
    assert words(told["back"]) == [("lost", "confirmed")]


@heavy
def test_a_key_that_aws_does_not_know_leaves_the_value_that_was_there(
    controller: Playbooks, moto: Proxy, aws: Aws
) -> None:
    aws.do(f"c.create_secret(Name='a', SecretString={OLD!r})")
    unknown = "UnrecognizedClientException"
    refuses = [DESCRIBE]

    def refused(method: str, path: str) -> Answer | None:
        return refusal(unknown) if (method, path) in refuses else None

    moto.before = refused
    one = [secret("a", of="a")]
    environment = reached(moto)
    described = verdicts_of(
        controller, "aws_secret", [Step(verb, verb, one, environment) for verb in ("check", "deliver")]
    )
    assert [words(described[verb]) for verb in described] == [[("a", "refused")], [("a", "not taken")]]
    assert PUT not in moto.seen
    refuses[:] = [PUT]
    put = verdicts_of(controller, "aws_secret", [Step("deliver", "deliver", one, environment)])
    assert words(put["deliver"]) == [("a", "not taken")]
    assert PUT in moto.seen
    for verdict in (*described["check"], *described["deliver"], *put["deliver"]):
        assert unknown in verdict["msg"]
        assert verdict["changed"] is False
    assert aws.read("a") == OLD


@heavy
def test_the_credential_comes_from_the_environment_a_profile_or_by_name(
    controller: Playbooks, moto: Proxy, aws: Aws, tmp_path: Path
) -> None:
    aws.do(f"c.create_secret(Name='a', SecretString={OLD!r})")
    folder = tmp_path / "home" / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text(
        "[deploy]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = of-the-profile\n"
    )
    (folder / "config").write_text(f"[profile deploy]\nregion = {REGION}\n")
    address = {"AWS_ENDPOINT_URL": moto.url}
    credentials = {"text": "deploy", "keys": {**KEYS, "AWS_DEFAULT_REGION": REGION}, "no": "nobody"}
    given = {"turso_deliver_credentials": credentials}
    one = [secret("a", of="a")]
    steps = [
        Step("profile", "deliver", one, {**address, "AWS_PROFILE": "deploy"}),
        Step("text", "read_back", [secret("a", of="a", credential="text")], address, given),
        Step(
            "keys", "read_back", [secret("a", of="a", credential="keys")], {**address, "AWS_SESSION_TOKEN": "x"}, given
        ),
        Step("unknown", "deliver", [secret("a", of="a", credential="unknown")], address, given),
        Step("nobody", "deliver", [secret("a", of="a", credential="no")], address, given),
        Step("none", "deliver", one, {**address, "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}),
        Step("no-region", "check", one, {**address, **KEYS}),
        Step("down", "deliver", one, reached(moto, AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_MAX_ATTEMPTS="1")),
        Step("plain", "deliver", one, reached(moto, AWS_ENDPOINT_URL="http://aws.example.com")),
    ]
    told = verdicts_of(controller, "aws_secret", steps, secrets=[KEYS["AWS_SECRET_ACCESS_KEY"], "of-the-profile"])
    assert [words(told[label])[0][1] for label in ("profile", "text", "keys")] == [
        "delivered",
        "confirmed",
        "confirmed",
    ]
    refused = ("unknown", "nobody", "none", "no-region", "down", "plain")
    assert [words(told[label])[0][1] for label in refused] == [
        *["not taken"] * 3,
        "refused",
        *["not taken"] * 2,
    ]
    said = {label: told[label][0]["msg"] for label in refused}
    assert said["unknown"] == "turso_deliver_credentials has no 'unknown'. Add it there, or correct credential"
    assert "nobody" in said["nobody"]
    assert "Unable to locate credentials" in said["none"]
    assert "You must specify a region" in said["no-region"]
    assert "Could not connect to the endpoint" in said["down"]
    assert (
        said["plain"]
        == "AWS_ENDPOINT_URL is http://aws.example.com, which is not https, so nothing was sent. Use an https address"
    )


@heavy
def test_a_missing_library_is_named_with_its_command(newest: Playbooks) -> None:
    steps = [Step(verb, verb, [secret("a", of="a")], KEYS) for verb in ("check", "deliver", "read_back")]
    told = verdicts_of(newest, "aws_secret", steps, secrets=[KEYS["AWS_SECRET_ACCESS_KEY"]])
    assert [told[verb][0]["verdict"] for verb in told] == ["refused", "not taken", "unreadable"]
    for verdicts in told.values():
        assert "the Python library boto3 is not installed for" in verdicts[0]["msg"]
        assert "-m pip install boto3" in verdicts[0]["msg"]
