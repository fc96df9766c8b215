# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options, which every module shares."""

from __future__ import annotations

import base64
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils import _connection, _module
from ansible_collections.community.turso.plugins.modules import (
    turso_audit,
    turso_revocation,
    turso_rotation,
    turso_sql_invalidation,
    turso_sql_token,
    turso_token,
    turso_token_info,
    turso_tokens,
)
from tests.conftest import RunModule
from tests.simulator import Simulator, faults
from tests.unit.module_utils.hostile import Certificate
from tests.unit.modules.rows import OWN, failure

SHOP = {"organization": "acme", "database": "shop"}
MODULES = {
    "turso_token": (turso_token, {"name": "ci"}),
    "turso_token_info": (turso_token_info, {}),
    "turso_tokens": (turso_tokens, {"tokens": [{"name": "ci"}]}),
    "turso_sql_token": (turso_sql_token, {**SHOP, "validate": False}),
    "turso_sql_invalidation": (turso_sql_invalidation, {**SHOP, "confirm": "shop"}),
    "turso_rotation": (turso_rotation, {"step": "issue", "tokens": []}),
    "turso_revocation": (turso_revocation, {"names": ["ci"]}),
    "turso_audit": (turso_audit, {"step": "report"}),
}
# The last ones send nothing if they are given nothing to do, or fail if nothing matches.
THAT_ASK = dict(list(MODULES.items())[:5])

every_module = pytest.mark.parametrize(("module", "asked"), MODULES.values(), ids=MODULES)
every_module_that_asks = pytest.mark.parametrize(("module", "asked"), THAT_ASK.values(), ids=THAT_ASK)


@pytest.fixture(autouse=True)
def _shop(simulator: Simulator) -> None:
    simulator.add_database("shop")


FOUND = {
    "TURSO_API_TOKEN": ({"TURSO_API_TOKEN": "alice"}, "alice"),
    "TURSO_PLATFORM_TOKEN": ({"TURSO_PLATFORM_TOKEN": "alice"}, "alice"),
    "TURSO_API_TOKEN first": ({"TURSO_API_TOKEN": "alice", "TURSO_PLATFORM_TOKEN": "bob"}, "alice"),
    "TURSO_PLATFORM_TOKEN, because TURSO_API_TOKEN is empty": (
        {"TURSO_API_TOKEN": "", "TURSO_PLATFORM_TOKEN": "bob"},
        "bob",
    ),
}


@every_module_that_asks
@pytest.mark.parametrize(("variables", "user"), FOUND.values(), ids=FOUND)
def test_the_credential_comes_from_the_environment(
    simulator: Simulator,
    run_module: RunModule,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    asked: Any,
    variables: Any,
    user: Any,
) -> None:
    for variable, owner in variables.items():
        monkeypatch.setenv(variable, owner and simulator.main(owner).secret)
    assert not run_module(module, {"api_token": None, **asked}).get("failed")
    assert {request.token_id for request in simulator.requests} == {simulator.main(user).id}


NOT_FOUND = {
    "no variable": {},
    "an empty variable": {"TURSO_API_TOKEN": ""},
    "two empty variables": {"TURSO_API_TOKEN": "", "TURSO_PLATFORM_TOKEN": ""},
    "a database token": {"TURSO_AUTH_TOKEN": "eyJ.eyJ.x"},
}


@every_module
@pytest.mark.parametrize("variables", NOT_FOUND.values(), ids=NOT_FOUND)
def test_a_missing_credential_is_refused(
    simulator: Simulator,
    run_module: RunModule,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    asked: Any,
    variables: Any,
) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    result = run_module(module, {"api_token": None, **asked})
    # The variables first: a role and a playbook have no option of that name.
    assert result["msg"] == (
        "No API token was given. Nothing was sent. "
        "Set the environment variable TURSO_API_TOKEN or TURSO_PLATFORM_TOKEN, or the option api_token."
    )
    assert result["error"] == failure("invalid_request")
    assert simulator.requests == []


@every_module_that_asks
def test_an_option_beats_the_environment(
    simulator: Simulator, run_module: RunModule, monkeypatch: pytest.MonkeyPatch, module: Any, asked: Any
) -> None:
    monkeypatch.setenv("TURSO_API_TOKEN", simulator.main("bob").secret)
    monkeypatch.setenv("TURSO_API_BASEURL", "http://127.0.0.1:9")
    assert not run_module(module, asked).get("failed")
    assert {request.token_id for request in simulator.requests} == {simulator.main("alice").id}


@every_module_that_asks
def test_the_address_comes_from_the_environment(
    simulator: Simulator, run_module: RunModule, monkeypatch: pytest.MonkeyPatch, module: Any, asked: Any
) -> None:
    monkeypatch.setenv("TURSO_API_BASEURL", simulator.url)
    assert not run_module(module, {"api_url": None, **asked}).get("failed")
    assert simulator.requests


@every_module_that_asks
def test_time_out_and_retries_come_from_the_environment(
    simulator: Simulator, run_module: RunModule, monkeypatch: pytest.MonkeyPatch, module: Any, asked: Any
) -> None:
    monkeypatch.setenv("TURSO_API_TIMEOUT", "0.2")
    monkeypatch.setenv("TURSO_API_RETRIES", "1")
    simulator.faults.add("*", faults.Hang(), times=None)
    result = run_module(module, asked)
    assert (result["error"]["kind"], result["error"]["attempts"]) == ("unreachable", 2)
    assert "within 0.2 s" in result["msg"]


@every_module_that_asks
def test_empty_variables_count_as_unset(
    simulator: Simulator, run_module: RunModule, monkeypatch: pytest.MonkeyPatch, module: Any, asked: Any
) -> None:
    for variable in ("TURSO_API_BASEURL", "TURSO_API_TIMEOUT", "TURSO_API_RETRIES"):
        monkeypatch.setenv(variable, "")
    simulator.faults.add("*", faults.Status(500), times=4)
    assert not run_module(module, asked).get("failed")
    simulator.faults.add("*", faults.Status(500), times=None)
    assert run_module(module, asked)["error"]["attempts"] == 5


@every_module
@pytest.mark.parametrize(
    "options", [{"api_url": ""}, {"api_token": ""}, {"api_token": "two words"}, {"api_token": "a\n"}]
)
def test_an_empty_or_broken_option_is_refused(
    simulator: Simulator, run_module: RunModule, module: Any, asked: Any, options: Any
) -> None:
    result = run_module(module, {**asked, **options})
    assert result["error"] == failure("invalid_request")
    assert next(iter(options)) in result["msg"]
    assert simulator.requests == []


NOT_URLS = {
    "clear text": "http://api.turso.tech",
    "clear text to a private address": "http://10.0.0.1:8080",
    "a host that begins like a loopback address": "http://127.0.0.1.example.com",
    "a host that begins like localhost": "http://localhost.example.com",
    "a loopback address as user information": "http://127.0.0.1@example.com",
    "user information": "https://user:pass@api.turso.tech",
    "a query": "https://api.turso.tech?x=1",
    "a fragment": "https://api.turso.tech#x",
    "no scheme": "api.turso.tech",
    "another scheme": "ftp://127.0.0.1",
    "no host": "https://",
    "a port that is none": "https://api.turso.tech:http",
    "a broken address": "https://[::1",
    "a backslash": "http://127.0.0.1\\@example.com",
    "white space": "https://api.turso.tech /",
}


@every_module
@pytest.mark.parametrize("url", NOT_URLS.values(), ids=NOT_URLS)
def test_a_credential_is_sent_nowhere_but_to_a_safe_address(
    simulator: Simulator, run_module: RunModule, module: Any, asked: Any, url: Any
) -> None:
    result = run_module(module, {**asked, "api_url": url})
    assert result["error"] == failure("invalid_request")
    assert "api_url" in result["msg"]
    assert simulator.credential not in json.dumps(result)


OUT_OF_RANGE = {
    "no time": ({"api_timeout": 0}, "api_timeout is 0.0. Nothing was sent. Set more than 0 seconds"),
    "negative time": ({"api_timeout": -1}, "api_timeout is -1.0. Nothing was sent. Set more than 0 seconds"),
    "time that is no number": ({"api_timeout": "soon"}, "api_timeout"),
    "negative retries": ({"api_retries": -1}, "api_retries is -1. Nothing was sent. Set 0 or more."),
    "authorities that are not there": ({"ca_path": "/nonexistent/ca.pem"}, "ca_path"),
}


@every_module
@pytest.mark.parametrize(("options", "says"), OUT_OF_RANGE.values(), ids=OUT_OF_RANGE)
def test_options_out_of_range_are_refused(
    simulator: Simulator, run_module: RunModule, module: Any, asked: Any, options: Any, says: Any
) -> None:
    result = run_module(module, {**asked, **options})
    assert says in result["msg"]
    assert result["error"] == failure("invalid_request")
    assert simulator.requests == []


@every_module_that_asks
@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_redirects_are_not_followed(
    simulator: Simulator, run_module: RunModule, module: Any, asked: Any, code: Any
) -> None:
    with Simulator() as elsewhere:
        simulator.faults.add("*", faults.redirect(elsewhere.url + OWN, code), times=None)
        result = run_module(module, asked)
        assert elsewhere.requests == []
    assert (result["error"]["kind"], result["error"]["status"]) == ("unexpected_response", code)
    assert len(simulator.requests) == 1


@every_module_that_asks
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_path_prefix_is_kept(run_module: RunModule, module: Any, asked: Any, slash: Any) -> None:
    with Simulator(path_prefix="/turso/api") as behind:
        behind.add_database("shop")
        result = run_module(module, {"api_url": behind.url + slash, "api_token": behind.credential, **asked})
        assert not result.get("failed")
        assert all(request.path.startswith("/turso/api/v1/") for request in behind.requests)
        assert behind.requests


@every_module_that_asks
def test_a_path_prefix_stands_in_errors(run_module: RunModule, module: Any, asked: Any) -> None:
    with Simulator(path_prefix="/turso/api") as behind:
        behind.faults.add("*", faults.Status(403), times=None)
        result = run_module(module, {"api_url": behind.url, "api_token": behind.credential, **asked})
    path = "/v1/organizations/acme/databases/shop" if "database" in asked else OWN
    assert result["error"]["path"] == f"/turso/api{path}"


@every_module
def test_the_credential_does_not_come_back(
    simulator: Simulator, run_module: RunModule, module: Any, asked: Any
) -> None:
    assert simulator.credential not in json.dumps(run_module(module, asked))
    simulator.faults.add("*", faults.Status(400, {"error": f"bad {simulator.credential}"}), times=None)
    assert simulator.credential not in json.dumps(run_module(module, {**asked, "validate": True}))


def test_a_missing_library_is_named(
    simulator: Simulator, run_module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_module, "REQUESTS_IMPORT_ERROR", "Traceback ...")
    result = run_module(turso_token, {"name": "ci"})
    assert "(requests)" in result["msg"]
    assert (result["changed"], result["secret"], result["error"]) == (False, None, failure("invalid_request"))


def test_a_bug_is_told_with_the_keys_of_every_failure(
    simulator: Simulator, run_module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(turso_token, "tokens_from", broken)
    result = run_module(turso_token, {"name": "ci"})
    assert re.fullmatch(
        r"Internal error, please report it: RuntimeError in test_connection.py, line \d+: a bug", result["msg"]
    )
    assert (result["changed"], result["secret"], result["error"]) == (False, None, failure("api_error"))


def test_a_blank_credential_leaves_the_message_readable(run_module: RunModule) -> None:
    result = run_module(turso_token, {"api_token": " ", "name": "ci"})
    assert result["msg"].startswith("The API token, which came from the option api_token, is empty.")


def jwt(payload: Any, alg: Any = "EdDSA") -> Any:
    parts = (json.dumps({"alg": alg}).encode(), json.dumps(payload).encode(), b"signature")
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


SQL = jwt({"id": "d", "a": "rw", "rid": "r"})
SOURCES = {
    "the option": ({}, "the option api_token"),
    "the first variable": ({"TURSO_API_TOKEN": "VALUE"}, "the environment variable TURSO_API_TOKEN"),
    "the second variable": ({"TURSO_PLATFORM_TOKEN": "VALUE"}, "the environment variable TURSO_PLATFORM_TOKEN"),
}


@every_module
@pytest.mark.parametrize(("variables", "source"), SOURCES.values(), ids=SOURCES)
def test_a_sql_token_is_refused_before_any_request(
    simulator: Simulator,
    run_module: RunModule,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    asked: Any,
    variables: Any,
    source: Any,
) -> None:
    for variable in variables:
        monkeypatch.setenv(variable, SQL)
    result = run_module(module, {**asked, "api_token": None if variables else SQL})
    assert result["error"] == failure("invalid_request")
    assert f"which came from {source}, is a SQL token" in result["msg"]
    assert SQL not in json.dumps(result)
    assert simulator.requests == []


@every_module_that_asks
@pytest.mark.parametrize(("variables", "source"), SOURCES.values(), ids=SOURCES)
def test_a_refusal_says_where_the_credential_came_from(
    simulator: Simulator,
    run_module: RunModule,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    asked: Any,
    variables: Any,
    source: Any,
) -> None:
    for variable in variables:
        monkeypatch.setenv(variable, simulator.credential)
    for status in (401, 403):
        simulator.faults.add("*", faults.Status(status))
        result = run_module(module, {**asked, "api_token": None if variables else simulator.credential})
        assert result["error"]["status"] == status
        assert f"The API token came from {source}." in result["msg"]


@every_module_that_asks
def test_a_session_that_is_over_is_named(run_module: RunModule, module: Any, asked: Any) -> None:
    ended = int(time.time()) - 3600
    result = run_module(module, {**asked, "api_token": jwt({"exp": ended, "iss": "i", "sub": "s"}, "RS256")})
    assert result["error"]["kind"] == "unauthorized"
    assert "login session of the Turso CLI that ended at " in result["msg"]


@every_module_that_asks
def test_a_session_that_ends_soon_is_warned_about(run_module: RunModule, module: Any, asked: Any) -> None:
    ends = int(time.time()) + 3600
    result = run_module(module, {**asked, "api_token": jwt({"exp": ends, "iss": "i", "sub": "s"}, "RS256")})
    assert "login session of the Turso CLI that ends at " in str(result["warnings"])


def test_a_refusal_of_a_new_secret_says_nothing_of_the_credential(simulator: Simulator) -> None:
    params = {name: option.get("default") for name, option in _connection.connection_spec().items()}
    params |= {"api_url": simulator.url, "api_token": simulator.credential}
    tokens = _connection.tokens_from(params, lambda _secret: None)
    simulator.faults.add("validate", faults.Status(401), times=None)
    of_its_own, of_another = tokens.validate().refusal, tokens.validate("a-secret-that-is-new").refusal
    assert of_its_own is not None
    assert of_another is not None
    assert "came from" in of_its_own.msg
    assert "came from" not in of_another.msg


NULLS = ["api_token", "api_url", "api_timeout", "api_retries", "validate_certs", "ca_path"]


@every_module
@pytest.mark.parametrize("option", NULLS)
def test_an_option_that_comes_to_null_is_refused(
    simulator: Simulator, run_module: RunModule, monkeypatch: pytest.MonkeyPatch, module: Any, asked: Any, option: Any
) -> None:
    monkeypatch.setenv("TURSO_API_TOKEN", simulator.credential)
    result = run_module(module, asked, null=(option,))
    assert f"{option} is null" in result["msg"]
    assert result["error"] == failure("invalid_request")
    assert simulator.requests == []


@pytest.mark.parametrize("check_mode", [False, True], ids=["for real", "check mode"])
@pytest.mark.parametrize("module", [turso_token, turso_tokens], ids=["turso_token", "turso_tokens"])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_credential_that_could_be_masked_in_a_new_secret_is_refused(
    simulator: Simulator, run_module: RunModule, module: Any, state: Any, check_mode: Any
) -> None:
    asked = {"name": "ci", "state": state}
    if module is turso_tokens:
        asked = {"tokens": [{"name": "other", "state": "absent"}, asked]}
    result = run_module(module, {**asked, "api_token": "dummy"}, check_mode=check_mode)
    if state == "present" and not check_mode:
        assert result["error"] == failure("refused")
        assert "fewer than 16 characters" in result["msg"]
        assert simulator.requests == []
    else:
        assert result["error"]["kind"] == "unauthorized"  # what the simulator says of it


TRUST = {
    "by itself": ({}, False),
    "with the authority in REQUESTS_CA_BUNDLE": ({"REQUESTS_CA_BUNDLE": "AUTHORITY"}, True),
    "with the authority in CURL_CA_BUNDLE": ({"CURL_CA_BUNDLE": "AUTHORITY"}, True),
    "with the authority in SSL_CERT_FILE": ({"SSL_CERT_FILE": "AUTHORITY"}, True),
    "with ca_path, whatever the environment says": ({"ca_path": "AUTHORITY", "SSL_CERT_FILE": "/nowhere"}, True),
    "with the authority in the second, because the first is empty": (
        {"REQUESTS_CA_BUNDLE": "", "SSL_CERT_FILE": "AUTHORITY"},
        True,
    ),
    "without looking, whatever the environment says": ({"validate_certs": False, "SSL_CERT_FILE": "/nowhere"}, True),
    "with the authority as ca_path": ({"ca_path": "AUTHORITY"}, True),
    "without looking": ({"validate_certs": False}, True),
    "without looking, whatever ca_path says": ({"validate_certs": False, "ca_path": "/nowhere"}, True),
}


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
@every_module_that_asks
@pytest.mark.parametrize(("options", "trusts"), TRUST.values(), ids=TRUST)
def test_a_certificate_is_trusted(
    tmp_path: Path,
    run_module: RunModule,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    asked: Any,
    options: Any,
    trusts: Any,
) -> None:
    certificate = Certificate(tmp_path, "127.0.0.1")
    with Simulator(tls=(certificate.chain, certificate.key)) as secure:
        given = {name: certificate.authority if value == "AUTHORITY" else value for name, value in options.items()}
        for variable in [name for name in given if name.isupper()]:
            monkeypatch.setenv(variable, str(given.pop(variable)))
        result = run_module(module, {"api_url": secure.url, "api_token": secure.credential, **given, **asked})
        assert bool(secure.requests) is trusts
    assert ("is not trusted" not in result.get("msg", "")) is trusts


@every_module
def test_authorities_of_the_environment_that_are_not_there_are_named(
    simulator: Simulator, run_module: RunModule, monkeypatch: pytest.MonkeyPatch, module: Any, asked: Any
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent/ca.pem")
    result = run_module(module, asked)
    assert "SSL_CERT_FILE is '/nonexistent/ca.pem', which does not exist" in result["msg"]
    assert result["error"] == failure("invalid_request")
    assert simulator.requests == []


def test_a_linter_asks_no_task_for_a_credential() -> None:
    assert not any(option.get("required") for option in _connection.connection_spec().values())


def test_an_answer_is_waited_for_half_a_minute() -> None:
    assert _connection.connection_spec()["api_timeout"]["default"] == 30
