# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pip is set to, as uv is told it."""

from __future__ import annotations

import pytest

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
