# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ansible-core and which Python are taken where only some Pythons are, and what pip is set to, as uv is told it."""

from __future__ import annotations

import pytest

from tests.tools import venvs
from tests.tools.uv import translated

INDEX = "https://packages.example/simple"


@pytest.mark.parametrize(
    ("settings", "variables"),
    [
        pytest.param({}, {}, id="nothing is nothing"),
        pytest.param({"index-url": INDEX}, {"UV_DEFAULT_INDEX": INDEX}, id="an index takes the place of the usual one"),
        pytest.param(
            {"extra-index-url": f"\n{INDEX}\nfile:///wheels"},
            {"UV_INDEX": f"{INDEX} file:///wheels"},
            id="more indexes stand on lines of their own",
        ),
        pytest.param({"find-links": "/a /b"}, {"UV_FIND_LINKS": "/a,/b"}, id="uv separates these by commas"),
        pytest.param({"cert": "/ca.pem"}, {"SSL_CERT_FILE": "/ca.pem"}, id="whom to trust is no setting of uv's"),
        pytest.param({"timeout": "60", "quiet": "2"}, {}, id="uv has no word for the rest"),
        pytest.param({"index-url": ""}, {}, id="what is empty is not set"),
    ],
)
def test_settings_of_pip_reach_uv(settings: dict[str, str], variables: dict[str, str]) -> None:
    assert translated(settings) == variables


@pytest.mark.parametrize(
    ("there", "oldest", "newest", "python"),
    [
        pytest.param(["3.10", "3.11", "3.12", "3.13", "3.14"], "2.16", "2.21", "3.13", id="everything is"),
        pytest.param(["3.11"], "2.16", "2.19", "3.11", id="an old distribution has"),
        pytest.param(["3.12", "3.14"], "2.16", "2.21", "3.12", id="one that everything was run on goes before 3.14"),
        pytest.param(["3.14"], "2.20", "2.21", "3.14", id="a new distribution has"),
        pytest.param(["3.13", "3.15"], "2.18", "2.21", "3.13", id="the pre-release for 3.15 is not the newest"),
    ],
)
def test_the_environments_of_a_machine(
    monkeypatch: pytest.MonkeyPatch, there: list[str], oldest: str, newest: str, python: str
) -> None:
    monkeypatch.setattr(venvs, "find_python", lambda version: f"python{version}" if version in there else None)
    assert (venvs._oldest().minor, venvs._newest().minor) == (oldest, newest)
    assert venvs.pick_python("ansible-core", venvs._newest().pythons) == f"python{python}"
    assert venvs.pick_python("the tools", venvs.PROGRAMS["tools"])


def test_a_machine_without_a_python_that_would_do_is_told_which_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venvs, "find_python", lambda _version: None)
    with pytest.raises(
        venvs.MissingPythonError, match=r"needs Python 3\.10 or 3\.11 or .* or 3\.15, and none that runs"
    ):
        venvs._newest()
