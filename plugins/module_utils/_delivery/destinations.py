# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Destinations: read an item of `deliver` that names one, and tell it from every other. Private to this collection.

The options of each stand in the argument specs of the role turso_deliver; here stands what an argument spec cannot say.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.community.turso.plugins.module_utils._delivery import cloudflare, github, gitlab, vercel
from ansible_collections.community.turso.plugins.module_utils._delivery.written import refuse_as_written
from ansible_collections.community.turso.plugins.module_utils._errors import Refused

Options = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Destination:
    """One place that a value is delivered to.

    `options` are those of its argument spec, validated, with None for what is left out. `hosts` are patterns as written;
    None where the control node itself delivers.
    """

    to: str
    options: Options
    takes_effect: datetime.timedelta
    hosts: tuple[str, ...] | None = None

    @property
    def address(self) -> str:
        """Return what tells this destination from every other of its kind, as the service folds names."""
        return KINDS[self.to].address(self.options)


@dataclasses.dataclass(frozen=True)
class Kind:
    """What an argument spec cannot say of a destination.

    `container` names in words what holds the value, folded as the service folds names. `part` is the option that names the part
    of it, such as a variable of a file; where there is none, or it is left out, the value is all that the container holds.
    `problem` says what is wrong with the options together. `takes_effect_hours` is the default; where there is none, it has to be
    said, unless the option `at_once_with` is given, which has consumers use the new value. `is_file` tells that `path` is that of
    a file, of the control node where there are no `hosts`.
    """

    container: Callable[[Options], str]
    problem: Callable[[Options], str | None] = lambda _options: None
    takes_effect_hours: float | None = None
    at_once_with: str = ""
    at_once_value: str = ""  # in words, for messages
    is_file: bool = False
    part: str = ""

    def part_of(self, options: Options) -> str:
        """Return which part of the container holds the value; empty for all of it."""
        return str(options.get(self.part) or "")

    def address(self, options: Options) -> str:
        """Return what tells the place from every other of its kind."""
        return _joined(self.container(options), self.part_of(options))

    def default_hours(self, options: Options) -> float | None:
        """Return after how many hours consumers use a new value, where that is not said; None where it has to be."""
        return 0 if options.get(self.at_once_with) else self.takes_effect_hours


def read_destination(
    item: Mapping[str, Any],
    specs: Mapping[str, Mapping[str, Any]],
    located: Callable[[str], str] = str,
) -> Destination:
    """Read an item of `deliver` that names a destination.

    :param item: as written; `to` is one of the kinds.
    :param specs: the argument spec of each destination, by its name.
    :param located: returns the absolute path of a file on the control node.
    :raises Refused: for an option that there is not, that is missing, or that cannot be.
    """
    to = str(item["to"])
    spec, given = specs[to], {key: value for key, value in item.items() if key != "to"}
    refuse_as_written(to, given, spec)
    validated = ArgumentSpecValidator(dict(spec)).validate(given)
    if validated.error_messages:
        raise Refused(f"to: {to}: {'; '.join(validated.error_messages)}")
    options = dict(validated.validated_parameters)
    problem = KINDS[to].problem(options)
    if problem is not None:
        raise Refused(f"to: {to}: {problem}")
    hosts = options.get("hosts")
    if KINDS[to].is_file and not hosts:
        options["path"] = located(options["path"])
    return Destination(to, options, _takes_effect(to, options), tuple(hosts) if hosts else None)


def _takes_effect(to: str, options: Options) -> datetime.timedelta:
    kind, said = KINDS[to], options.get("takes_effect_hours")
    hours = kind.default_hours(options) if said is None else said
    if hours is None:
        instead = f", or give {kind.at_once_with}: {kind.at_once_value}" if kind.at_once_with else ""
        raise Refused(
            f"to: {to} needs takes_effect_hours: for how many hours after the delivery a consumer may still use the old "
            f"value. The role cannot see that. Set it to 0 where the value is read at each use{instead}"
        )
    if not hours >= 0:
        raise Refused(f"to: {to}: takes_effect_hours must be 0 or more")
    return datetime.timedelta(hours=hours)


def _exactly_one(*names: str) -> Callable[[Options], str | None]:
    def problem(options: Options) -> str | None:
        given = [name for name in names if options.get(name)]
        return None if len(given) == 1 else f"exactly one of {' and '.join(names)} is needed"

    return problem


def _hosts(options: Options) -> str | None:
    if options.get("hosts") == []:
        return "hosts is empty, so the value would reach nobody. Name inventory patterns, or leave hosts out"
    if options.get("hosts") and not str(options["path"]).startswith("/"):
        return "path must be absolute where hosts is set"
    return None


def _file(options: Options) -> str | None:
    if re.fullmatch(r"0[0-7]{3}", str(options["mode"])) is None:
        return 'mode must be four octal digits in quotes, such as "0640"'
    return _hosts(options)


def _env_file(options: Options) -> str | None:
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", str(options["variable"])) is None:
        return "variable must be the name of an environment variable: letters, digits and underscores, no digit first"
    return _hosts(options)


def _github(options: Options) -> str | None:
    return (
        _exactly_one("repository", "organization")(options)
        or _repository(options.get("repository"), options.get("environment"))
        or github.name_problem(str(options["name"]))
    )


def _repository(repository: str | None, environment: str | None) -> str | None:
    if not repository:
        return "environment needs repository" if environment else None
    return None if repository.count("/") == 1 else "repository must be owner/name"


def _gitlab(options: Options) -> str | None:
    return _exactly_one("project", "group")(options) or gitlab.name_problem(str(options["variable"]))


def _joined(*parts: Any) -> str:
    return " ".join(str(part) for part in parts if part not in (None, "", []))


def _at(*names: str) -> Callable[[Options], str]:
    return lambda options: _joined(*(options.get(name) for name in names))


def _github_address(options: Options) -> str:
    place = _at("repository", "organization", "environment")(options)
    return _joined(place.lower(), str(options["name"]).upper())


def _gitlab_address(options: Options) -> str:
    return _joined(_at("project", "group")(options).lower(), options["variable"], options["scope"])


def _vercel_address(options: Options) -> str:
    return _joined(options.get("team"), options["project"], options["variable"], *sorted(options["target"]))


def _vault_path(options: Options) -> str:
    return f"{options['mount']}/{options['path']}"


def _vault(options: Options) -> str | None:
    for name in ("mount", "path"):
        text = str(options[name])
        if text != text.strip("/") or not text:
            return f"{name} must neither begin nor end with a slash, nor be empty"
    return None


_WORKLOAD = re.compile(r"(deployment|statefulset|daemonset)/[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_KEY_OF_SECRET = re.compile(r"[-._a-zA-Z0-9]+")


def _kubernetes(options: Options) -> str | None:
    odd = [str(workload) for workload in options.get("rollout") or () if not _WORKLOAD.fullmatch(str(workload))]
    if odd:
        return f"rollout has {', '.join(odd)}; each must be deployment/NAME, statefulset/NAME or daemonset/NAME"
    if not _KEY_OF_SECRET.fullmatch(str(options["key"])):
        return "key must consist of letters, digits, and the characters - _ ."
    return None


_ITS_READER = "the service that reads it"
KINDS: dict[str, Kind] = {
    "file": Kind(_at("path"), _file, None, "restart", _ITS_READER, is_file=True),
    "env_file": Kind(_at("path"), _env_file, None, "restart", _ITS_READER, is_file=True, part="variable"),
    "ansible_vault": Kind(_at("path"), is_file=True, part="variable"),
    "sops_file": Kind(_at("path"), is_file=True, part="key"),
    "github_secret": Kind(_github_address, _github, 24),
    "gitlab_variable": Kind(_gitlab_address, _gitlab, 24),
    "vercel_env": Kind(_vercel_address, vercel.problem_of, None, "redeploy", "true"),
    "cloudflare_worker_secret": Kind(_at("account_id", "script", "name"), cloudflare.problem_of, 0),
    "kubernetes_secret": Kind(
        _at("context", "namespace", "name"), _kubernetes, None, "rollout", "the workloads that read it", part="key"
    ),
    "vault_kv": Kind(_vault_path, _vault, part="key"),
    "aws_secret": Kind(_at("region", "name"), part="key"),
}
FILES = tuple(to for to, kind in KINDS.items() if kind.is_file)
