# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the virtual environments of the checks: one per ansible-core minor, one for the tools.

    python -m tests.tools.venvs newest oldest tools 2.19 2.19-py3.11

prints one path a line. An environment is made on first use, and again when its requirements or its Python change.
Needs nothing but a Python from 3.9 on to run in; the Pythons of the environments are looked for (see `find_python`).
They are filled by uv where it can be had, which takes a fifth of pip's time, else by pip (see `tests.tools.uv`).
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.tools import uv
from tests.tools.checkout import CACHE, ROOT, locked

VENVS = CACHE / "venvs"
TEST_REQUIREMENTS = ROOT / "tests" / "requirements.txt"
MUTMUT = "mutmut~=3.8.0"

# What tests/requirements-<name>.txt holds, and the Pythons it is for, best first.
PROGRAMS = {
    "tools": ("3.13", "3.12", "3.11", "3.14"),
    "nox": ("3.13", "3.12", "3.11", "3.14"),
    "sinks": ("3.13", "3.12", "3.14"),
}

# The environments that the tests play playbooks in, separated like PATH; without it only the running one.
TEST_VENVS_VARIABLE = "TURSO_TEST_VENVS"


@dataclass(frozen=True)
class Core:
    """A supported minor of ansible-core."""

    minor: str
    requirement: str
    # Those that its controller supports: first those that everything was run on, newest first; then newer ones, which are
    # taken where there is nothing else.
    pythons: tuple[str, ...]
    released: bool = True


# A requirement that names a pre-release admits pre-releases of ansible-core alone; pip's --pre would admit anybody's.
CORES = (
    Core("2.16", "ansible-core~=2.16.13", ("3.12", "3.11", "3.10")),
    Core("2.17", "ansible-core~=2.17.6", ("3.12", "3.11", "3.10")),
    Core("2.18", "ansible-core~=2.18.0", ("3.13", "3.12", "3.11")),
    Core("2.19", "ansible-core~=2.19.0", ("3.13", "3.12", "3.11")),
    Core("2.20", "ansible-core~=2.20.0", ("3.13", "3.12", "3.14")),
    Core("2.21", "ansible-core~=2.21.0", ("3.13", "3.12", "3.14")),
    Core("2.22", "ansible-core>=2.22.0b1,<2.23", ("3.13", "3.14", "3.15"), released=False),
)


class MissingPythonError(Exception):
    """No interpreter that would do was found."""

    def __init__(self, what: str, versions: Iterable[str]) -> None:
        super().__init__(
            f"{what} needs Python {' or '.join(versions)}, and none that runs was found on PATH or among pyenv's. "
            "Install one, with its venv module."
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="+", metavar=f"newest|oldest|{'|'.join(PROGRAMS)}|mutants|MINOR|MINOR-pyVERSION")
    try:
        for name in parser.parse_args().names:
            print(ensure(name))
    except MissingPythonError as exc:
        sys.exit(str(exc))
    except subprocess.CalledProcessError as exc:
        sys.exit(f"failed with {exc.returncode}: {' '.join(exc.cmd)}")


def ensure(name: str) -> Path:
    """Return the path of an environment by its name, ready to use.

    Names are those of PROGRAMS, `mutants` (the newest, with mutmut), a minor (`2.19`), a minor and a Python
    (`2.19-py3.11`), and `newest` and `oldest`: of the released minors the last and the first that a Python was found
    for. These two are links, so that they can stand in a Makefile.
    """
    if name in PROGRAMS:
        return _ensure(VENVS / name, pick_python(name, PROGRAMS[name]), ROOT / "tests" / f"requirements-{name}.txt")
    if name == "mutants":
        newest = _newest()
        python = pick_python("mutmut", newest.pythons)
        return _ensure(VENVS / name, python, TEST_REQUIREMENTS, newest.requirement, MUTMUT)
    if name in ("newest", "oldest"):
        path = _ensure_core(_newest() if name == "newest" else _oldest())
        _point(VENVS / name, path)
        return path
    minor, *version = name.split("-py", 1)
    core = next((core for core in CORES if core.minor == minor), None)
    if core is None:
        sys.exit(f"ansible-core {minor} is not one of {', '.join(core.minor for core in CORES)}")
    return _ensure_core(core, tuple(version))


def for_tests() -> list[Path]:
    """Return the environments that tests across ansible-core versions run in."""
    named = os.environ.get(TEST_VENVS_VARIABLE)
    if not named:
        return [Path(sys.prefix)]
    return list(dict.fromkeys((ROOT / path).resolve() for path in named.split(os.pathsep)))


def pick_python(what: str, versions: Iterable[str]) -> str:
    """Return the path of the first of these Pythons that runs here, or raise MissingPythonError."""
    for version in versions:
        found = find_python(version)
        if found is not None:
            return found
    raise MissingPythonError(what, versions)


@functools.cache
def find_python(version: str) -> str | None:
    """Return the path of a Python of this minor that can make environments, or None.

    Each candidate is run, because being there is not enough: a shim of pyenv's fails for a version that is not
    activated, and distributions package `venv` apart.
    """
    probe = "import ensurepip, venv, sys; print('%d.%d' % sys.version_info[:2], sys.executable)"
    for candidate in _candidates(version):
        done = subprocess.run([candidate, "-c", probe], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.startswith(f"{version} "):
            return done.stdout.split(maxsplit=1)[1].strip()
    return None


def _candidates(version: str) -> Iterator[str]:
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield on_path
    pyenv_root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, sorted(pyenv_root.glob(f"versions/{version}.*/bin/python"), reverse=True))
    yield sys.executable


def _newest() -> Core:
    return _first_with_python(reversed(CORES))


def _oldest() -> Core:
    return _first_with_python(CORES)


def _first_with_python(cores: Iterable[Core]) -> Core:
    for core in cores:
        if core.released and any(find_python(version) for version in core.pythons):
            return core
    raise MissingPythonError("ansible-core", sorted({version for core in CORES for version in core.pythons}))


def _ensure_core(core: Core, pythons: tuple[str, ...] = ()) -> Path:
    python = pick_python(f"ansible-core {core.minor}", pythons or core.pythons)
    version = python_version(python)
    return _ensure(VENVS / f"core-{core.minor}-py{version}", python, TEST_REQUIREMENTS, core.requirement)


@functools.cache
def python_version(python: str | Path) -> str:
    """Return an interpreter's version as `3.13`."""
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def _ensure(path: Path, python: str, requirements: Path, *extra: str) -> Path:
    stamp = path / "stamp"
    wanted = hashlib.sha256("\0".join([python, requirements.read_text(), *extra]).encode()).hexdigest()
    with locked(path.name):
        if stamp.is_file() and stamp.read_text() == wanted:
            return path
        print(f"preparing {path.relative_to(ROOT)} ...", file=sys.stderr, flush=True)
        _fill(path, python, ["-r", str(requirements), *extra])
        stamp.write_text(wanted)
    return path


def _fill(path: Path, python: str, wanted: list[str]) -> None:
    """Install requirements into an environment, which is made, or updated in place: somebody may be running in it."""
    if not uv.fill(path, python, wanted):
        own = str(path / "bin" / "python")
        subprocess.run([python, "-m", "venv", str(path)], check=True)
        subprocess.run([own, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *wanted], check=True)


def _point(link: Path, target: Path) -> None:
    """Make a link lead to a sibling, with no moment in which there is none."""
    if link.is_symlink() and link.resolve() == target:
        return
    new = link.with_name(f"{link.name}.{os.getpid()}")
    new.symlink_to(target.name)
    new.replace(link)


if __name__ == "__main__":
    main()
