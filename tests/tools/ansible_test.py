# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-test on a staged copy, with nothing from outside but the package registry.

    python -m tests.tools.ansible_test VENV sanity [ARGUMENTS]

ansible-test hands its own pip neither the `PIP_*` variables nor anything else but PATH and HOME, and bootstraps it with
a script that it downloads. So it gets a HOME of its own, which holds pip's settings as a file, and that script, written
around the wheel that the registry has. The user's own HOME stays as it was.
"""

from __future__ import annotations

import ast
import configparser
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.tools.checkout import CACHE, locked
from tests.tools.stage import stage
from tests.tools.venvs import ensure, find_python

HOME = CACHE / "ansible-test"
# From the oldest Python that the modules run on.
MODULE_PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
# What of tests/ is shipped. The rest has a linter of its own, to whom a `_` is a name like any other.
SHIPPED_TESTS = ("config.yml", "simulator")

GET_PIP = """\
import runpy
import sys

sys.path.insert(0, {wheel!r})
options = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.argv = ["pip", "install", "--upgrade", "--force-reinstall", *options]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit("usage: python -m tests.tools.ansible_test VENV COMMAND [ARGUMENTS]")
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))


def run(venv: Path, arguments: list[str], variables: Mapping[str, object] | None = None) -> int:
    """Run ansible-test of an environment, show what it says, and return its exit code.

    `variables` are what integration targets find defined.
    """
    venv = venv.resolve()
    prepare_home(venv)
    # It keeps its state under tests/output of the copy, so one runs at a time in it: sanity need not wait for targets.
    name = "stage" if arguments[0] == "sanity" else "stage-of-targets"
    with locked(f"ansible-test-{name}"):
        copy = stage(name)
        if variables:
            # JSON is YAML, and this is where ansible-test looks.
            (copy / "tests" / "integration" / "integration_config.yml").write_text(json.dumps(dict(variables)))
        return _run(venv, [*arguments, *(_left_out(copy) if arguments[0] == "sanity" else ())], copy)


def _left_out(copy: Path) -> list[str]:
    """Return the options that keep sanity tests from what of tests/ is not shipped."""
    others = sorted(path for path in (copy / "tests").iterdir() if path.name not in (*SHIPPED_TESTS, "output"))
    return [word for path in others for word in ("--exclude", f"tests/{path.name}{'/' if path.is_dir() else ''}")]


def _run(venv: Path, arguments: list[str], copy: Path) -> int:
    skipped = False
    with subprocess.Popen(
        [str(venv / "bin" / "ansible-test"), *arguments],
        cwd=copy,
        env={**os.environ, "HOME": str(HOME), "PATH": search_path(venv)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            skipped = skipped or "All targets skipped" in line
    if skipped:
        print("ansible-test found nothing to test: that is no pass")
        return 1
    return process.returncode


def search_path(venv: Path) -> str:
    """Return a PATH on which every `pythonX.Y` found here is the interpreter itself, where a shim would fail."""
    pythons = [Path(found).parent for found in map(find_python, MODULE_PYTHONS) if found]
    return os.pathsep.join([*map(str, [venv / "bin", *pythons, ensure("tools") / "bin"]), os.environ["PATH"]])


def prepare_home(venv: Path) -> None:
    """Make the HOME of ansible-test: pip's settings, and the bootstrap scripts that this ansible-core asks for."""
    with locked("ansible-test-home"):
        _write_pip_settings(venv)
        for version in _bootstrap_versions(venv):
            _write_bootstrap(venv, version)


def _write_pip_settings(venv: Path) -> None:
    pip = [str(venv / "bin" / "python"), "-m", "pip"]
    settings = configparser.ConfigParser(interpolation=None)
    settings["global"] = {"cache-dir": _output([*pip, "cache", "dir"]).strip(), "quiet": "2"}
    for line in _output([*pip, "config", "list"]).splitlines():
        name, value = line.split("=", 1)
        # `:env:` comes last and wins, as it does for pip. What is set for one command of pip's stays there.
        if name.startswith(("global.", "install.", ":env:.")):
            section = "install" if name.startswith("install.") else "global"
            if not settings.has_section(section):
                settings.add_section(section)
            settings[section][name.rpartition(".")[2]] = str(ast.literal_eval(value))
    file = HOME / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as stream:
        settings.write(stream)


def _bootstrap_versions(venv: Path) -> list[str]:
    """Return the versions of pip that ansible-test wants, read from its source, which has no other way to ask."""
    code = "from ansible_test._internal import python_requirements; print(python_requirements.__file__)"
    source = Path(_output([str(venv / "bin" / "python"), "-c", code]).strip()).read_text()
    return re.findall(r"\bpip='([\d.]+)'", source)


def _write_bootstrap(venv: Path, version: str) -> None:
    script = HOME / ".ansible" / "test" / "cache" / f"get_pip_{version.replace('.', '_')}.py"
    if script.exists():
        return
    wheels = HOME / "wheels"
    download = [str(venv / "bin" / "python"), "-m", "pip", "download", "-qq", "--no-deps", "--python-version", "3.9"]
    subprocess.run([*download, "--only-binary=:all:", "-d", str(wheels), f"pip=={version}"], check=True)
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(GET_PIP.format(wheel=str(next(wheels.glob(f"pip-{version}-*.whl")))))


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
