# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What looks like a secret in a rotation file is found, and is not shown."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._delivery.secret_shapes import Found, secrets_in

JWT = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJhYmMifQ.c2lnbmF0dXJlc2lnbmF0dXJl"
SHAPES = [
    ("ghp_" + "a1B2" * 9, "a token of GitHub"),
    ("gho_" + "a1B2" * 9, "a token of GitHub"),
    ("ghs_" + "a1B2" * 9, "a token of GitHub"),
    ("ghu_" + "a1B2" * 9, "a token of GitHub"),
    ("github_pat_11ABCDEFG0_" + "a1B2" * 9, "a token of GitHub"),
    ("glpat-" + "a1B2-_" * 4, "a token of GitLab"),
    ("hvs." + "CAESI_a-" * 6, "a token of HashiCorp Vault"),
    ("hvb." + "CAESI_a-" * 6, "a token of HashiCorp Vault"),
    ("s." + "a1B2c3" * 4, "a token of OpenBao or an older Vault"),
    ("AKIAIOSFODNN7EXAMPLE", "an access key of AWS"),
    ("npm_" + "a1B2c3" * 6, "a token of npm"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "a private key"),
    ("AGE-SECRET-KEY-1" + "Q" * 58, "a private key"),
    (JWT, "a JSON Web Token, such as a token of Turso"),
    (f"Bearer {JWT}", "a JSON Web Token, such as a token of Turso"),
    (JWT.encode(), "a JSON Web Token, such as a token of Turso"),
]


@pytest.mark.parametrize(("value", "what"), SHAPES)
def test_each_shape_is_found_and_named(value: Any, what: str) -> None:
    assert secrets_in({"deliver": [{"to": "file", "path": value}]}, "t[0]") == [Found("t[0].deliver[0].path", what)]


NOTHING: list[Any] = [
    "TURSO_API_TOKEN",
    "acme/app",
    "ghp_",
    "github_pat_",
    "glpat-x",
    "hvs.short",
    "{{ vault_github_token }}",
    "{{ lookup('env', 'GH_TOKEN') }}",
    "deployment/shop",
    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:turso/ci-deploy-AbCdEf",
    "https://eyewitness-production.exampledomain.cloudfront-internal.net/path",
    "ci-deploy-20261124t091500z-7f3a",
    "/srv/previews/.env",
    "sha256:" + "ab" * 32,
    "age1hg9utd5d5d7ta2xfl9tzw9n7d9f5xgctz678c4qth24zrrm9fuzs8exx9z",
    30,
    None,
    True,
    1.5,
    b"\xff\xfe",
]


@pytest.mark.parametrize("value", NOTHING)
def test_what_belongs_into_a_rotation_file_is_no_secret(value: Any) -> None:
    assert secrets_in([{"a": value, value if isinstance(value, str) else "b": 1}], "turso_rotate_tokens") == []


def test_keys_are_looked_at_and_not_shown() -> None:
    found = secrets_in({"ok": (1, {JWT: {"deep": JWT}}), "long" * 20: JWT, "line\nbreak": JWT}, "t")
    assert [each.where for each in found] == ["the key number 1 of t.ok[1]", "t.ok[1].<1>.deep", "t.<2>", "t.<3>"]
    assert JWT not in repr(found)
