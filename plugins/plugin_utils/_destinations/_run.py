# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a destination works with: it runs modules, asks services, and reads credentials. Private to this collection."""

from __future__ import annotations

import dataclasses
import os
import urllib.parse
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.community.turso.plugins.module_utils._api.urls import is_loopback
from ansible_collections.community.turso.plugins.module_utils._delivery.struck import struck
from ansible_collections.community.turso.plugins.module_utils._delivery.verdicts import LOST, Item, Verdict
from ansible_collections.community.turso.plugins.module_utils._errors import Refused, TursoError

Environment = Mapping[str, str]
RunsModule = Callable[[str, Mapping[str, Any], Environment, bool], "dict[str, Any]"]
AsksService = Callable[[Mapping[str, Any], bool], "dict[str, Any]"]


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a service answered. `status` is -1 where nothing came; then `problem` says why, and nobody knows what was done.

    `body` is the decoded JSON, None where there is none. `problem` is a text for people without a secret; None where the status
    is 2xx. `headers` are what the service said besides, by lower-case names with underscores.
    """

    status: int
    body: Any = dataclasses.field(default=None, repr=False)
    problem: str | None = None
    headers: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)

    @property
    def is_lost(self) -> bool:
        """Tell whether the request may have been carried out all the same."""
        return self.status == -1 or self.status >= 500

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300

    def has(self, *names: str) -> bool:
        """Tell whether the service did what it was asked to, and answered an object with these keys."""
        return self.is_ok and isinstance(self.body, Mapping) and self.body.keys() >= set(names)

    def header(self, name: str) -> str:
        """Return what the service said in a header, an empty text where it said nothing."""
        return str(self.headers.get(name.lower().replace("-", "_")) or "")


def _no_service(_args: Mapping[str, Any], _only_look: bool) -> dict[str, Any]:
    return {"failed": True, "msg": "nothing is restarted here"}


@dataclasses.dataclass(frozen=True)
class Run:
    """The means of one task.

    `host` is the host that the task runs on. `run_module` runs a module there, hidden, with these variables in its environment
    and in check mode or not, and returns its result. `environment` is what the play gives this task, over that of the process.
    `credentials` are `turso_deliver_credentials`. `secrets` are all values of the run, which no message may show.
    `warnings` are shown to the user. `service` runs the action ansible.builtin.service there, in check mode if it shall only look.
    `loader` is Ansible's, which has the vault secrets.
    """

    host: str
    run_module: RunsModule = dataclasses.field(repr=False)
    environment: Environment = dataclasses.field(default_factory=dict, repr=False)
    credentials: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False)
    secrets: Sequence[str] = dataclasses.field(default_factory=tuple, repr=False)
    warnings: list[str] = dataclasses.field(default_factory=list)
    service: AsksService = dataclasses.field(default=_no_service, repr=False)
    loader: Any = dataclasses.field(default=None, repr=False)
    check_mode: bool = False

    def credential(self, item: Item, *variables: str) -> dict[str, str]:
        """Return the variables that authenticate a request for an item: those that are set, the first one first.

        :param variables: of the vendor's own tool, in their order. A `credential` that is a text stands for the first.
        :raises Refused: nothing is set, or the named credential is not there; says which variables there are.
        """
        name = item.options.get("credential")
        if name is None:
            found = {**os.environ, **self.environment}
        elif name not in self.credentials:
            raise Refused(f"turso_deliver_credentials has no {name!r}. Add it there, or correct credential")
        else:
            given = self.credentials[name]
            found = dict(given) if isinstance(given, Mapping) else {variables[0]: str(given)}
        chosen = {variable: str(found[variable]) for variable in variables if found.get(variable)}
        if not chosen:
            where = "the environment" if name is None else f"turso_deliver_credentials[{name!r}]"
            raise Refused(f"no credential: {where} has none of {', '.join(variables)}. Set it")
        return chosen

    def settings(self, item: Item, *variables: str) -> dict[str, str]:
        """Return those variables that are set and no secrets: of the named credential, else of the environment."""
        named = self.credentials.get(item.options.get("credential") or "")
        found = {**os.environ, **self.environment, **(named if isinstance(named, Mapping) else {})}
        return {variable: str(found[variable]) for variable in variables if found.get(variable)}

    def warn(self, text: str | None) -> None:
        """Have the user warned, once; of nothing where there is no text."""
        if text and text not in self.warnings:
            self.warnings.append(text)

    def module(
        self,
        name: str,
        args: Mapping[str, Any],
        environment: Environment | None = None,
        *,
        check_mode: bool = False,
    ) -> dict[str, Any]:
        """Run a module, hidden, and return its result, which may hold secrets.

        It runs for real where the play is in check mode too: who only reads has to say nothing, who writes is not called then.

        :param environment: of a module on another host it stands in a command line, and at -vvv in the output: no secret there.
        :param check_mode: has the module itself try what it would do.
        """
        return self.run_module(name, args, {**self.environment, **(environment or {})}, check_mode)

    def ask(
        self, method: str, url: str, *, headers: Mapping[str, str], body: Any = None, secrets: Sequence[str] = ()
    ) -> Answer:
        """Ask a service over https, and return what it answered, whatever the status.

        :param headers: hold the credential; a URL never does.
        :param secrets: what no message may show, besides the values of the run.
        """
        if not is_safe(url):
            return Answer(-1, problem=f"{url} is not https, so nothing was sent. Use an https address")
        args = {
            "url": url,
            "method": method,
            "headers": dict(headers),
            "return_content": True,
            "follow_redirects": "none",
            "status_code": list(range(100, 600)),
            **({} if body is None else {"body": body, "body_format": "json"}),
        }
        return _answer(method, url, self.module("ansible.builtin.uri", args), (*self.secrets, *secrets))

    def said(self, result: Mapping[str, Any], secrets: Sequence[str] = ()) -> str:
        """Return what a message may show of the failure of a module: what it says, or with what it crashed."""
        return self.shown(failure_in(result), secrets)

    def shown(self, text: Any, secrets: Sequence[str] = ()) -> str:
        """Return what a message may show of a text that somebody else wrote."""
        return struck(str(text), (*self.secrets, *secrets))


def each(items: Iterable[Item], run: Run, otherwise: str, carry_out: Callable[[Item], Verdict]) -> list[Verdict]:
    """Return a verdict on each item, one after the other; `otherwise` is the verdict on one that fails."""
    return [_verdict(item, run, otherwise, carry_out) for item in items]


def _verdict(item: Item, run: Run, otherwise: str, carry_out: Callable[[Item], Verdict]) -> Verdict:
    try:
        return carry_out(item)
    except TursoError as exc:
        return Verdict.of(item, run.host, otherwise, exc.msg)


def lost(item: Item, run: Run, service: str, answer: Answer) -> Verdict:
    """Return the verdict on a write that a service may have carried out, though its answer did not come."""
    return Verdict.of(
        item, run.host, LOST, f"{service} may have stored the value, but its answer was lost: {answer.problem}"
    )


def failure_in(result: Mapping[str, Any]) -> str:
    """Return what the result of a module that failed says; of one that crashed, with what, in one line.

    ansible-core before 2.19 has the traceback on the standard error, newer ones a summary without a message.
    """
    summary = getattr(result.get("exception"), "event", None)
    of_crash = str(result.get("module_stderr") or "").strip().rpartition("\n")[2]
    said = of_crash or result.get("msg") or (summary and summary.msg) or ""
    return str(said).rpartition("Caused by ")[2]


def _answer(method: str, url: str, result: Mapping[str, Any], secrets: Sequence[str]) -> Answer:
    status = int(result.get("status") or -1)
    body = result.get("json")
    if 200 <= status < 300:
        return Answer(status, body, headers=result)
    said = result.get("msg") if status == -1 else result.get("content") or result.get("msg")
    path = url.split("?", maxsplit=1)[0]
    what = "no answer" if status == -1 else f"status {status}"
    return Answer(status, body, f"{method} {path}: {what}: {struck(str(said or ''), secrets)}", result)


def is_safe(url: str) -> bool:
    """Tell whether a credential may travel to an address: over https, or without leaving this machine."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
