# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take a picture of an audit's page in a light and in a dark scheme: python -m tests.audit.still; it needs Chromium."""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

from tests.audit.browser import a_page, find_chromium
from tests.audit.world import HOSTILE, arrange
from tests.playbooks import Playbooks
from tests.simulator import Simulator
from tests.tools.checkout import ROOT

SCHEMES = ("light", "dark")
WIDTH, HEIGHT = 1060, 900


def picture_of(scheme: str) -> Path:
    return ROOT / "docs" / "images" / f"audit-{scheme}.png"


def main() -> int:
    chromium = find_chromium()
    if chromium is None:
        print("This needs Chromium, which was not found. Install it, for example with apt-get install chromium.")
        return 1
    with tempfile.TemporaryDirectory() as folder, Simulator() as simulator:
        arrange(simulator)
        for name in HOSTILE:
            simulator.withdraw(name, user="bob")
        playbooks = Playbooks(Path(sys.prefix), Path(folder), api_url=simulator.url, api_token=simulator.credential)
        entries = [{"name": name, "organization": "acme"} for name in ("ci", "dashboard")]
        playbooks.write("rotation.yml", {"turso_rotate_tokens": entries})
        asked = ("-e", "turso_audit_organization=acme", "-e", "turso_audit_rotation_file=rotation.yml")
        played = playbooks.play("community.turso.audit", *asked)
        if not played.ok:
            print(played.output)
            return 1
        with a_page(chromium) as page:
            page.open((Path(folder) / "turso-audit.html").as_uri())
            page.call(
                "Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=1, mobile=False
            )
            for scheme in SCHEMES:
                page.show_as("screen", scheme)
                shot = page.call("Page.captureScreenshot", format="png")["data"]
                picture_of(scheme).write_bytes(base64.b64decode(shot))
                print(picture_of(scheme))
    return 0


if __name__ == "__main__":
    sys.exit(main())
