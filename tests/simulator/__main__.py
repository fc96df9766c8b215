# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the simulator by itself: ``python -m tests.simulator --help``."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

from .refusal import Refusal
from .simulator import DEFAULT_ORGANIZATIONS, Simulator, write_private

LOOK_SECONDS = 0.2  # how often to look for --while-file


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description="A Turso Platform API on loopback.")
    parser.add_argument("--port", type=port, default=0, help="0, the default, takes any free port")
    parser.add_argument(
        "--path-prefix", type=prefix, default="", metavar="/PREFIX", help="serve the API below this path"
    )
    parser.add_argument(
        "--latency", type=seconds, default=0.0, metavar="SECONDS", help="what every request takes longer"
    )
    parser.add_argument("--now", type=moment, metavar="TIME", help="stop the clock: ISO 8601 with a zone")
    parser.add_argument("--tls", nargs=2, metavar=("CERTFILE", "KEYFILE"))
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="a switch of behaviour.py")
    parser.add_argument("--organization", action="append", default=[], metavar="SLUG")
    parser.add_argument("--group", action="append", default=[], metavar="SLUG/GROUP")
    parser.add_argument(
        "--database",
        type=database,
        action="append",
        default=[],
        metavar="ORG/GROUP/NAME",
        help="a database with nothing in it",
    )
    parser.add_argument(
        "--seed-token",
        type=seed_token,
        action="append",
        default=[],
        metavar="NAME:AGE_DAYS[:ORG[:GROUP:SCOPE,...]]",
        help="a token of alice's that is there already",
    )
    parser.add_argument("--state-file", metavar="FILE", help="keep everything, secrets too, in this file (0600)")
    parser.add_argument("--credential-file", metavar="FILE", help="write alice's credential here (0600)")
    parser.add_argument("--ready-file", metavar="FILE", help="write the URL here instead of printing it")
    parser.add_argument("--while-file", type=Path, metavar="FILE", help="end when this file is gone")
    return parser.parse_args()


def port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"must be from 0 to 65535, not {number}")
    return number


def prefix(text: str) -> str:
    if text and (not text.startswith("/") or text.endswith("/")):
        raise argparse.ArgumentTypeError(f"must begin with a slash and not end with one: {text!r}")
    return text


def seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be 0 or more, not {text}")
    return number


def moment(text: str) -> datetime:
    time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if time.tzinfo is None:
        raise argparse.ArgumentTypeError(f"needs a zone: {text}+00:00")
    return time


def seed_token(entry: str) -> dict[str, Any]:
    """Read what `Simulator.given` is to be told of a token."""
    name, age, organization, group, scopes = (entry.split(":", 4) + [""] * 4)[:5]
    if not name:
        raise argparse.ArgumentTypeError(f"needs a name: {entry!r}")
    try:
        age_days = seconds(age)
    except (ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError(f"needs an age in days after the name, {name}:120 say: {entry!r}") from None
    return {
        "name": name,
        "age_days": age_days,
        "organization": organization or None,
        "group": group or None,
        "scopes": scopes.split(",") if scopes else None,
    }


def database(entry: str) -> dict[str, str]:
    """Read what `Simulator.add_database` is to be told of a database."""
    organization, group, name = [*entry.split("/", 2), "", ""][:3]
    if not (organization and group and name):
        raise argparse.ArgumentTypeError(f"needs an organization, a group and a name, acme/default/shop say: {entry!r}")
    return {"organization": organization, "group": group, "name": name}


def organizations(slugs: list[str], groups: list[str]) -> dict[str, list[str]]:
    """Return the groups of each organization that the command line names, the default ones where it names none."""
    found: dict[str, list[str]] = {slug: [] for slug in slugs}
    for entry in groups:
        slug, _slash, group = entry.partition("/")
        found.setdefault(slug, []).append(group)
    return found or {slug: list(groups) for slug, groups in DEFAULT_ORGANIZATIONS.items()}


def switch(entry: str) -> tuple[str, Any]:
    name, _equals, value = entry.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def main() -> None:
    options = arguments()
    try:
        simulator = Simulator(
            port=options.port,
            path_prefix=options.path_prefix,
            now=options.now,
            tls=options.tls,
            state_file=options.state_file,
            organizations=organizations(options.organization, options.group),
            **{"latency": options.latency, **dict(map(switch, options.set))},
        )
        for each in options.database:
            simulator.add_database(**each)
        for token in options.seed_token:
            simulator.given(**token)
    except (OSError, OverflowError, TypeError, ValueError, Refusal) as error:
        raise SystemExit(f"simulator: {error}") from None
    if options.credential_file:
        write_private(Path(options.credential_file), simulator.credential)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with simulator:
        if options.ready_file:
            write_private(Path(options.ready_file), simulator.url + "\n")
        else:
            print(f"listening on {simulator.url}", flush=True)
        while not ended.wait(LOOK_SECONDS if options.while_file else None):
            if not options.while_file.exists():
                break


if __name__ == "__main__":
    main()
