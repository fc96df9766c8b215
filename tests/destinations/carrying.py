# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry verbs out in this process: ansible's own module uri asks a stand-in, without a play around it."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common import warnings as module_warnings
from ansible.modules import uri

from ansible_collections.community.turso.plugins.module_utils._delivery.destinations import read_destination
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import Item, Verdict
from ansible_collections.community.turso.plugins.module_utils._rotation.confirm import digest_of
from ansible_collections.community.turso.plugins.plugin_utils._destination_specs import destination_specs
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Run
from tests.conftest import _arguments
from tests.destinations.https_plays import no_secret_in

OURS = "ansible_collections.community.turso.plugins.plugin_utils._destinations"


class Carrying:
    """Carries out verbs of one destination, and sees that no verdict and no warning tells a secret."""

    def __init__(self, to: str, run_uri: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
        self.to = to
        self.run_uri = run_uri
        self.environment: dict[str, str] = {}
        self.credentials: dict[str, Any] = {}
        self.canaries: list[str] = []
        self.warnings: list[str] = []

    def __call__(self, verb: str, items: Sequence[dict[str, Any]]) -> list[Verdict]:
        read = [self._read(item) for item in items]
        run = Run(
            "localhost",
            self._run_module,
            environment=self.environment,
            credentials=self.credentials,
            secrets=tuple(item.secret for item in read if item.secret),
        )
        verdicts = getattr(importlib.import_module(f"{OURS}._{self.to}"), verb)(read, run)
        assert [verdict.name for verdict in verdicts] == [item.name for item in read]
        self.warnings = run.warnings
        no_secret_in(json.dumps([[verdict.as_json() for verdict in verdicts], run.warnings]), self.canaries)
        return list(verdicts)

    def _read(self, item: dict[str, Any]) -> Item:
        place = read_destination({**item["options"], "to": self.to}, destination_specs())
        digest = digest_of(item["secret"]) if item["secret"] else None
        return Item.from_json(
            {**item, "to": self.to, "options": place.options, "address": place.address, "sha256": digest}
        )

    def _run_module(
        self, name: str, args: Mapping[str, Any], _environment: Mapping[str, str], check_mode: bool
    ) -> dict[str, Any]:
        assert name == "ansible.builtin.uri"
        assert not check_mode
        no_secret_in(str(args["url"]), self.canaries)
        return self.run_uri(args)


@pytest.fixture
def run_uri(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return a function that runs the module uri and returns its result."""
    for variable in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    # The authorities of this machine, which each run would read anew: 20 ms, and no stand-in has a certificate.
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", os.devnull)

    def run(args: Mapping[str, Any]) -> dict[str, Any]:
        module_warnings._global_warnings.clear()
        capsys.readouterr()
        given = {**args, "_ansible_remote_tmp": str(tmp_path)}
        with _arguments(given, monkeypatch), pytest.raises(SystemExit):
            uri.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run


def verdicts_by_name(verdicts: Sequence[Verdict]) -> dict[str, str]:
    return {verdict.name: verdict.verdict for verdict in verdicts}


def unlike(verdicts: Sequence[Verdict], expected: Mapping[str, str]) -> dict[str, str]:
    """Return the messages that lack what they should say."""
    return {verdict.name: verdict.msg for verdict in verdicts if expected[verdict.name] not in verdict.msg}
