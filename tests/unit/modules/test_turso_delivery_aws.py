# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module behind the destination aws_secret: what it returns, and what it says where the library is missing or fails."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.modules import turso_delivery_aws
from tests.conftest import RunModule

ASKED = {"api_url": None, "api_token": None, "name": "a", "region": "eu-central-1"}

# What the library raises, or what stands for it where it is not installed.
ClientError: Any = vars(turso_delivery_aws)["ClientError"]


class Secret:
    """A secret of AWS that holds `old`, in place of the one that asks AWS."""

    is_writing = False

    def __init__(self, _client: Any, name: str, key: str | None) -> None:
        self.name = name
        assert key is None

    def check(self) -> None:
        if self.name == "none":
            raise Refused("there is no secret none")

    def value(self) -> str:
        return "old"

    def put(self, value: str) -> bool:
        if self.name == "down":
            self.is_writing = True
            raise ClientError
        return value != "old"


class Boto3:
    """As much of boto3 as the module itself uses."""

    class session:  # noqa: N801 - boto3's
        @staticmethod
        def Session(**given: Any) -> Any:  # noqa: N802 - boto3's
            assert given == {"region_name": "eu-central-1", "profile_name": None}
            return Boto3

    @staticmethod
    def client(service: str) -> str:
        return service


@pytest.fixture
def boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turso_delivery_aws, "boto3", Boto3, raising=False)
    monkeypatch.setattr(turso_delivery_aws, "BOTO3_IMPORT_ERROR", None)
    monkeypatch.setattr(turso_delivery_aws, "Secret", Secret)


# what is asked, in check mode or not, and what is returned
STEPS = [
    ({"step": "check"}, False, {"changed": False}),
    ({"step": "put", "value": "new"}, False, {"changed": True}),
    ({"step": "put", "value": "old"}, False, {"changed": False}),
    ({"step": "put", "value": "new"}, True, {"changed": False}),
    ({"step": "read", "_ansible_no_log": True}, False, {"changed": False, "value": "old"}),
]


@pytest.mark.parametrize(("asked", "check_mode", "returned"), STEPS)
def test_a_step_is_carried_out(
    run_module: RunModule, boto3: None, asked: dict[str, Any], check_mode: bool, returned: dict[str, Any]
) -> None:
    result = run_module(turso_delivery_aws, {**ASKED, **asked}, check_mode=check_mode)
    assert {key: value for key, value in result.items() if key != "invocation"} == returned


# what is asked, and what of the failure tells whether a value may have been stored
FAILURES = [
    ({"step": "check", "name": "none"}, {"msg": "there is no secret none", "is_writing": False, "code": None}),
    ({"step": "put", "value": "new", "name": "down"}, {"is_writing": True, "code": "ClientError", "status": None}),
    ({"step": "read"}, {"msg": "step=read returns a secret. Set no_log: true", "is_writing": False}),
]


@pytest.mark.parametrize(("asked", "told"), FAILURES)
def test_a_failure_tells_whether_a_value_may_have_been_stored(
    run_module: RunModule, boto3: None, asked: dict[str, Any], told: dict[str, Any]
) -> None:
    result = run_module(turso_delivery_aws, {**ASKED, **asked})
    assert result["failed"]
    assert {key: result[key] for key in told} == told


def test_a_missing_library_is_named(run_module: RunModule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turso_delivery_aws, "BOTO3_IMPORT_ERROR", "Traceback")
    result = run_module(turso_delivery_aws, {**ASKED, "step": "check"})
    assert "Failed to import the required Python library (boto3)" in result["msg"]
    assert result["is_writing"] is False


def test_what_aws_answered_is_told() -> None:
    exc = ClientError("denied")
    exc.response = {"Error": {"Code": "AccessDeniedException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    assert turso_delivery_aws.failure_of(exc) == {"msg": "denied", "code": "AccessDeniedException", "status": 400}
