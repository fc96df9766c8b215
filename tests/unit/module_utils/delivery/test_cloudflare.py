# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of secrets of Workers, which version is in use, and what Cloudflare's answers mean."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery import cloudflare
from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import KINDS
from ansible_collections.community.turso.plugins.module_utils._delivery.servers import named_in

GIVEN = {"account_id": "023e105f4ecef8ad9ca31a8372d0c353", "script": "shop", "name": "T"}

OPTIONS = {
    "good": ({}, None),
    "odd, and a name": ({"name": "_T$1"}, None),
    "a digit first": ({"name": "1T"}, "not a name for a secret"),
    "a dash": ({"name": "T-1"}, "not a name for a secret"),
    "no account": ({"account_id": "acme"}, "not an account id"),
    "a path": ({"account_id": f"../{'0' * 29}"}, "not an account id"),
}


@pytest.mark.parametrize(("more", "says"), OPTIONS.values(), ids=OPTIONS)
def test_options_that_cannot_be_are_told(more: dict[str, str], says: str | None) -> None:
    problem = KINDS["cloudflare_worker_secret"].problem({**GIVEN, **more})
    assert problem is None if says is None else says in str(problem)


def test_a_worker_is_quoted() -> None:
    assert cloudflare.worker_of({**GIVEN, "script": "a/b"}).endswith("/workers/scripts/a%2Fb")


SERVERS = {
    "nothing said": ({}, "https://api.cloudflare.com/client/v4"),
    "wrangler's first": (
        {"CLOUDFLARE_BASE_URL": "https://b.example", "CLOUDFLARE_API_BASE_URL": "https://a.example/"},
        "https://a.example",
    ),
    "the libraries'": ({"CLOUDFLARE_BASE_URL": "https://b.example"}, "https://b.example"),
    "empty": ({"CLOUDFLARE_API_BASE_URL": ""}, "https://api.cloudflare.com/client/v4"),
}


@pytest.mark.parametrize(("settings", "url"), SERVERS.values(), ids=SERVERS)
def test_the_server_is_the_one_of_cloudflares_own_tools(settings: dict[str, str], url: str) -> None:
    assert named_in(settings, cloudflare.BASE_VARIABLES, cloudflare.API_URL) == url


def deployment(*versions: str) -> dict[str, Any]:
    return {"versions": [{"version_id": version, "percentage": 100} for version in versions]}


IN_USE = {
    "one": ([deployment("v2"), deployment("v1")], "v2"),
    "shared": ([deployment("v1", "v2")], None),
    "never": ([], None),
    "nothing said": ([{}], None),
}


@pytest.mark.parametrize(("deployments", "version"), IN_USE.values(), ids=IN_USE)
def test_the_version_in_use_is_the_only_one_of_the_newest_deployment(
    deployments: list[dict[str, Any]], version: str | None
) -> None:
    assert cloudflare.version_in_use(deployments) == version


def test_a_text_replaces_no_key() -> None:
    secrets = [{"name": "T", "type": "secret_text"}, {"name": "K", "type": "secret_key"}]
    assert cloudflare.other_kind(secrets, "T") is None
    assert cloudflare.other_kind(secrets, "NEW") is None
    assert "K is a secret_key" in str(cloudflare.other_kind(secrets, "K"))


def errors(*codes: int) -> dict[str, Any]:
    return {"success": False, "errors": [{"code": code, "message": "m"} for code in codes]}


MEANINGS: dict[str, tuple[int, Any, str]] = {
    "behind": (400, errors(10215), "the newest version of Worker shop is not the deployed one"),
    "behind, by the settings": (400, errors(10214), "wrangler versions deploy --name shop"),
    "no Worker": (404, errors(10007), "such as shop-production"),
    "no Worker, as a bad request": (400, errors(1, 10090), "shows no Worker shop"),
    "no page": (404, None, "shows no Worker shop"),
    "a variable": (400, errors(10053), "T is a variable of Worker shop, not a secret"),
    "rejected": (401, errors(10000), "Cloudflare does not accept the credential of X"),
    "no right": (403, errors(10000), "Workers Scripts: Edit"),
    "refused": (400, errors(10021), "Cloudflare refused the request (m)"),
    "no answer": (-1, None, "Cloudflare does not answer as it should. Run this again later (m)"),
    "its trouble": (503, "<html>", "Cloudflare does not answer as it should"),
}


@pytest.mark.parametrize(("status", "body", "says"), MEANINGS.values(), ids=MEANINGS)
def test_a_refusal_says_what_it_means_and_what_to_do(status: int, body: Any, says: str) -> None:
    assert says in cloudflare.what_a_refusal_means(status, "m", body, GIVEN, "X")


def test_an_answer_without_sense_says_so() -> None:
    assert "not what its API promises" in cloudflare.what_a_refusal_means(200, None, {}, GIVEN, "X")
