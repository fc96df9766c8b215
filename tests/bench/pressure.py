# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure the client under pressure: rate limits, a black hole, and a very long list: python -m tests.bench.pressure

Ends with 1 where a figure is beyond its bound.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from tests.tools.checkout import ROOT, collections_path

sys.path.insert(0, str(collections_path()))

from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
from ansible_collections.community.turso.plugins.module_utils._token.apply import apply
from ansible_collections.community.turso.plugins.module_utils._token.decide import Wanted
from tests.simulator import SCOPES, Simulator, faults

CONCURRENCY = 8
LIMITS = ((20, 1), (40, 2))  # tokens, requests a second
MAX_RATIO = 1.3
HOLE_TOKENS, MAX_HOLE_SECONDS = 1000, 60.0
LIST_TOKENS, MAX_LIST_SECONDS, MAX_LIST_MIB = 50_000, 5.0, 200.0

READ_LIST = """
import re, sys, time
sys.path.insert(0, sys.argv[1])
from ansible_collections.community.turso.plugins.module_utils._api.client import Api
from ansible_collections.community.turso.plugins.module_utils._api.tokens import Tokens
started = time.monotonic()
listing = Tokens(Api(sys.argv[2], sys.argv[3])).list_own()
found = sum(listing.named(token.name) is token for token in listing.tokens)
seconds = time.monotonic() - started
with open("/proc/self/status") as status:  # getrusage would count what the parent used before it started this
    print(found, seconds, int(re.search("VmHWM:\\s+([0-9]+)", status.read())[1]) / 1024)
"""


def create(simulator: Simulator, count: int) -> tuple[float, int]:
    """Create so many tokens at the defaults; return the seconds that it took and how many failed."""
    tokens = Tokens(Api(simulator.url, simulator.credential, connections=CONCURRENCY))
    wanted = [Wanted.from_params({"name": f"service-{number:04}"}) for number in range(count)]
    started = time.monotonic()
    outcomes, _ = apply(tokens, wanted, check_mode=False, concurrency=CONCURRENCY)
    return time.monotonic() - started, sum(outcome.error is not None for outcome in outcomes)


def under_limit(count: int, per_second: int) -> bool:
    with Simulator() as simulator:
        simulator.faults.add("create", faults.Quota(requests=per_second, seconds=1), times=None)
        seconds, failed = create(simulator, count)
    ideal = (count - per_second) / per_second
    print(f"{count} tokens at {per_second} a second: {seconds:.1f} s, {seconds / ideal:.2f} x ideal, {failed} failed")
    return failed == 0 and seconds <= MAX_RATIO * ideal


def black_hole() -> bool:
    with Simulator() as simulator:
        simulator.faults.add("create", faults.Hang(), times=None)
        simulator.faults.add("list", faults.Hang(), skip=1, times=None)
        seconds, failed = create(simulator, HOLE_TOKENS)
    print(f"{HOLE_TOKENS} tokens in a black hole: {seconds:.1f} s, {failed} failed")
    return failed == HOLE_TOKENS and seconds < MAX_HOLE_SECONDS


def long_list(count: int = LIST_TOKENS) -> tuple[int, float, float]:
    """Read a list of so many tokens with all scopes; return how many were found, the seconds and the peak in MiB."""
    entries = [
        {
            "name": f"service-{number:05}",
            "id": f"id-of-service-{number:08}",
            "created_at": "2026-01-01",
            "organization": "acme",
            "group": "production",
            "scopes": SCOPES,
        }
        for number in range(count)
    ]
    with Simulator() as simulator:
        simulator.faults.add("list", faults.garbage(json.dumps({"tokens": entries})))
        command = [sys.executable, "-c", READ_LIST, str(collections_path()), simulator.url, simulator.credential]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found, seconds, mib = done.stdout.split()
    return int(found), float(seconds), float(mib)


def main() -> int:
    found, seconds, mib = long_list()
    print(f"a list of {found} tokens with all scopes: {seconds:.1f} s, {mib:.0f} MiB")
    held = [found == LIST_TOKENS and seconds < MAX_LIST_SECONDS and mib < MAX_LIST_MIB]
    held += [under_limit(*limit) for limit in LIMITS]
    held.append(black_hole())
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
