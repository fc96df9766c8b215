# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The destination `sops_file`: a value in a file that SOPS encrypts, by `sops set`. Private to this collection.

SOPS keeps the comments, the recipients and every other value. It is given the value on its standard input.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

import yaml

from ansible_collections.community.turso.plugins.module_utils import _files
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import (
    DELIVERED,
    LOST,
    NOT_TAKEN,
    PROVEN,
    REFUSED,
    UNREADABLE,
    Item,
    Verdict,
)
from ansible_collections.community.turso.plugins.module_utils._errors import Refused, TursoError
from ansible_collections.community.turso.plugins.plugin_utils._destinations._found import verdict_on
from ansible_collections.community.turso.plugins.plugin_utils._destinations._run import Run, each

FLOOR = "3.11"
VARIABLES = ("SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_FILE", "GNUPGHOME")
SUFFIXES = (".yaml", ".yml", ".json", ".env")
_SECONDS = 60
_ENCRYPTED = "ENC["
_ENV_LINE = re.compile(r"(?m)^([^#=\s]+)=(.*)$")


class _Lost(TursoError):
    """SOPS ended without success while it was writing."""


def check(items: Sequence[Item], run: Run) -> list[Verdict]:
    """Find out whether each file decrypts, has the value, encrypted, and can be written."""
    return each(items, run, REFUSED, lambda item: _checked(item, run))


def deliver(items: Sequence[Item], run: Run) -> list[Verdict]:
    """Set each value that is not there yet."""
    return each(items, run, NOT_TAKEN, lambda item: _delivered(item, run))


def read_back(items: Sequence[Item], run: Run) -> list[Verdict]:
    """Decrypt each value again and compare."""
    return each(items, run, UNREADABLE, lambda item: verdict_on(item, run.host, _value(item, run)))


def _checked(item: Item, run: Run) -> Verdict:
    _value(item, run)
    _refuse_plain(item)
    _files.check_replaceable(item.options["path"], rehearse=not run.check_mode)
    return Verdict.of(item, run.host, PROVEN)


def _delivered(item: Item, run: Run) -> Verdict:
    try:
        if _value(item, run) == item.secret:
            return Verdict.of(item, run.host, DELIVERED)
        _refuse_plain(item)
        _files.check_replaceable(item.options["path"])  # SOPS does not say whether it began to write
        _set(item, run)
    except _Lost as exc:
        return Verdict.of(item, run.host, LOST, exc.msg)
    return Verdict.of(item, run.host, DELIVERED, changed=True)


def _value(item: Item, run: Run) -> str:
    """Return the value that stands in the file, decrypted.

    :raises Refused: SOPS, the file or the value is not there, or it cannot be decrypted here.
    """
    path = item.options["path"]
    if not path.endswith(SUFFIXES):
        raise Refused(
            f"SOPS recognizes a format by the end of the file's name, and {path} has none that it knows. Use a file that "
            f"ends in {', '.join(SUFFIXES)}."
        )
    if not os.path.isfile(path):
        raise Refused(
            f"{path} does not exist. The role creates no such file, because nothing may read it. Correct the path, or "
            f"create it with sops edit {path} and give it a first value at {item.options['key']}."
        )
    done = _sops(item, run, "decrypt", "--extract", _index(item), path)
    if done.returncode == 0:
        return done.stdout
    if "not found" in done.stderr and "component" in done.stderr:
        raise Refused(
            f"{path} has no {item.options['key']}. The role adds none, because nothing may read it. Correct the key, or "
            f"give it a first value: sops set {path} '{_index(item)}' '\"none\"'"
        )
    raise Refused(
        f"{path} cannot be decrypted here: {run.shown(' '.join(done.stderr.split()))} It was not changed. The private key is needed "
        f"on the control node: set {VARIABLES[0]}, or what your kind of key needs."
    )


def _set(item: Item, run: Run) -> None:
    path = item.options["path"]
    done = _sops(item, run, "set", "--value-stdin", path, _index(item), given=json.dumps(item.secret))
    if done.returncode == 0:
        return
    said = run.shown(" ".join(done.stderr.split()))
    if "flag provided but not defined" in done.stderr:
        raise Refused(
            f"The installed sops is older than {FLOOR}, so other processes could see the value on its command line. {path} "
            f"was not changed. {_INSTALL}"
        )
    raise _Lost(f"sops set ended with the code {done.returncode} while it changed {path}: {said} Run this again.")


def _sops(item: Item, run: Run, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **run.environment}
    if item.options.get("credential"):
        environment.update(run.credential(item, *VARIABLES))
    program = shutil.which("sops", path=environment.get("PATH"))
    if program is None:
        raise Refused(f"The program sops is not on the control node. {_INSTALL}")
    try:
        return subprocess.run(  # noqa: S603  # a program that was looked for, and arguments without a shell
            [program, *arguments],
            input=given,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        problem = f"sops {arguments[0]} did not finish: {type(exc).__name__}."
        raise (_Lost(problem) if given else Refused(problem)) from None


_INSTALL = f"Install sops {FLOOR} or newer, for example with: brew install sops, or from the releases of getsops/sops."


def _index(item: Item) -> str:
    """Return where the value stands, as SOPS writes it."""
    return "".join(f"[{json.dumps(part)}]" for part in _parts(item))


def _parts(item: Item) -> list[str]:
    return [item.options["key"]] if item.options["path"].endswith(".env") else item.options["key"].split(".")


def _refuse_plain(item: Item) -> None:
    """Refuse a value that SOPS leaves in clear, by the rules that the file was made with.

    :raises Refused: it stands in clear, or is no text.
    """
    path, found = item.options["path"], _as_it_stands(item)
    if not isinstance(found, str) or not found.startswith(_ENCRYPTED):
        raise Refused(
            f"{item.options['key']} is not encrypted in {path}, or is empty, so SOPS might store the new value in clear "
            "text, too. It was not changed. Give it a first value, and a name that the file's rules encrypt."
        )


def _as_it_stands(item: Item) -> Any:
    """Return what the file has at a key without decrypting it; nothing where it has not."""
    with open(item.options["path"], encoding="utf-8", errors="replace") as file:
        text = file.read()
    if item.options["path"].endswith(".env"):
        return dict(_ENV_LINE.findall(text)).get(item.options["key"])
    try:
        found: Any = yaml.safe_load(text)  # of which JSON is a part
    except yaml.YAMLError:
        return None
    for part in _parts(item):
        found = found.get(part) if isinstance(found, dict) else None
    return found
