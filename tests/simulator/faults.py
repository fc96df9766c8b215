# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults on demand: what can go wrong (`Fault`), and for which requests and when (`Rule`).

A rule has its say at one of three points of a request: `before` its effect on the state (which then never happens if
the fault answers), `after` the effect (whose answer the fault may spoil or swallow), or when it was `answered`.
"""

# ruff: noqa: ARG002  (every fault strikes with the same arguments, whether it needs them or not)

from __future__ import annotations

import base64
import math
import threading
import time
from collections import deque
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar, Union

from .answers import Answer, Drop
from .behaviour import CALLS
from .processes import check_killable, kill_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .exchange import Exchange, Request

POINTS = ("before", "after", "answered")

Outcome = Union[Answer, Drop, None]


@dataclass
class Fault:
    """Something that goes wrong. None as an outcome lets the request go on."""

    kind: ClassVar[str]

    def strike(self, exchange: Exchange, rule: Rule) -> Outcome:
        raise NotImplementedError


@dataclass
class Status(Fault):
    """Answer with a status and a body: bytes and texts as they are, anything else as JSON."""

    kind = "status"
    code: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def strike(self, exchange: Exchange, rule: Rule) -> Outcome:
        if isinstance(self.body, bytes):
            return Answer.of(self.code, self.body, "application/json", self.headers)
        if isinstance(self.body, str):
            return Answer.of(self.code, self.body.encode(), "text/html; charset=utf-8", self.headers)
        body = {"error": f"simulated {self.code}"} if self.body is None else self.body
        return Answer.json(self.code, body, self.headers)


def rate_limited(retry_after: int | str | None = None) -> Status:
    """429, with `Retry-After` in seconds or as an HTTP date."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Status(429, {"error": "too many requests"}, headers)


def redirect(location: str, code: int = 302) -> Status:
    return Status(code, "<a href>Found</a>", {"Location": location})


def garbage(body: Any = "<!DOCTYPE html><title>It works!</title>") -> Status:
    """200 with a body that nobody promised: HTML, `b""`, `b"\\xff\\xfe"`, `{"tokens": None}`, ..."""
    return Status(200, body)


@dataclass
class Delay(Fault):
    """Take longer, then go on."""

    kind = "delay"
    seconds: float

    def strike(self, exchange: Exchange, rule: Rule) -> Outcome:
        return None if exchange.wait(seconds=self.seconds) else Drop()


@dataclass
class Hang(Fault):
    """Never answer; ends when the client leaves or the server stops."""

    kind = "hang"

    def strike(self, exchange: Exchange, rule: Rule) -> Outcome:
        exchange.wait()
        return Drop()


@dataclass
class Reset(Fault):
    """End the connection with RST."""

    kind = "reset"

    def strike(self, exchange: Exchange, rule: Rule) -> Outcome:
        return Drop(reset=True)


@dataclass
class Close(Fault):
    """End the connection in order but without an answer; when `answered`, break the promise of keep-alive."""

    kind = "close"

    def strike(self, exchange: Exchange, rule: Rule) -> Outcome:
        return Drop()


@dataclass
class Idle(Fault):
    """A gateway that ended the connection while it was idle: the request is lost where it was not the first on it."""

    kind = "idle"

    def strike(self, exchange: Exchange, rule: Rule) -> Outcome:
        return None if exchange.is_first else Drop(reset=True)


@dataclass
class Truncate(Fault):
    """Announce the whole answer, send the first half of its body, end the connection."""

    kind = "truncate"

    def strike(self, exchange: Exchange, rule: Rule) -> Outcome:
        whole = exchange.answer or Answer.json(200, {"tokens": []})
        body = b"".join(whole.chunks)
        return replace(whole, chunks=(body[: len(body) // 2],), length=len(body))


@dataclass
class Huge(Fault):
    """Stream a valid JSON object of `size` bytes, its length announced or (`announced=False`) not."""

    kind = "huge"
    size: int
    announced: bool = True

    def strike(self, exchange: Exchange, rule: Rule) -> Outcome:
        length = self.size if self.announced else None
        return Answer(200, self._chunks(), length, {"Content-Type": "application/json"})

    def _chunks(self) -> Iterable[bytes]:
        start, end, block = b'{"padding":"', b'"}', b"x" * 65536
        rest = self.size - len(start) - len(end)
        yield start
        for _block in range(rest // len(block)):
            yield block
        yield block[: rest % len(block)] + end


@dataclass
class Quota(Fault):
    """A real rate limit: let `requests` through in any `seconds`, answer the others 429, `tells` with `Retry-After`."""

    kind = "quota"
    requests: int
    seconds: float
    tells: bool = True
    _passed: deque[float] = field(default_factory=deque, init=False, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def strike(self, exchange: Exchange, rule: Rule) -> Outcome:
        with self._lock:
            now = time.monotonic()
            while self._passed and self._passed[0] <= now - self.seconds:
                self._passed.popleft()
            if len(self._passed) < self.requests:
                self._passed.append(now)
                return None
            wait = self._passed[0] + self.seconds - now
        return rate_limited(math.ceil(wait) if self.tells else None).strike(exchange, rule)


@dataclass
class Stale(Fault):
    """A list answers as it would have before the last `behind` changes of the server's state. Strikes `before`."""

    kind = "stale"
    behind: int = 1

    def strike(self, exchange: Exchange, rule: Rule) -> Outcome:
        exchange.behind = self.behind
        return None


@dataclass
class Pause(Fault):
    """Hold the request until `rule.resume()`, or `rule.drop()` which loses it; `rule.wait()` says that it has come."""

    kind = "pause"

    def strike(self, exchange: Exchange, rule: Rule) -> Outcome:
        released = exchange.wait(rule.released)
        return None if released and not rule.drops else Drop()


@dataclass
class Kill(Fault):
    """SIGKILL a process, its group and all its descendants, then lose the request as a dead client would."""

    kind = "kill"
    pid: int

    def __post_init__(self) -> None:
        check_killable(self.pid)

    def strike(self, exchange: Exchange, rule: Rule) -> Outcome:
        kill_tree(self.pid)
        return Drop()


KINDS: dict[str, type[Fault]] = {
    kind.kind: kind for kind in (Status, Delay, Hang, Reset, Close, Idle, Truncate, Huge, Quota, Stale, Pause, Kill)
}


class Rule:
    """A fault, the requests it strikes, and what became of it."""

    def __init__(self, on: str, fault: Fault, *, when: str = "before", skip: int = 0, times: int | None = 1) -> None:
        if when not in POINTS:
            raise ValueError(f"when must be one of {', '.join(POINTS)}, not {when!r}")
        if on != "*" and "/" not in on and on not in CALLS:
            raise ValueError(f"on must be *, a path pattern, or one of {', '.join(sorted(CALLS))}, not {on!r}")
        self.on = on
        self.fault = fault
        self.when = when
        self.skip = skip
        self.times = times
        self.struck = 0
        self.released = threading.Event()
        self.drops = False
        self._skipped = 0
        self._changed = threading.Condition()

    def __repr__(self) -> str:
        return f"<Rule {self.when} {self.on}: {self.fault!r}, struck {self.struck} of {self.times}>"

    def matches(self, request: Request) -> bool:
        """Compare with the call's name, or with ``[METHOD ]/path/pattern`` (fnmatch, on the path as it was sent)."""
        if "/" not in self.on:
            return self.on in ("*", request.call)
        method, pattern = self.on.split(" ", 1) if " " in self.on else ("*", self.on)
        return fnmatchcase(request.method, method) and fnmatchcase(request.path, pattern)

    def take(self) -> bool:
        """Count a matching request; return whether the fault is to strike it."""
        with self._changed:
            if self.times is not None and self.struck >= self.times:
                return False
            if self._skipped < self.skip:
                self._skipped += 1
                return False
            self.struck += 1
            self._changed.notify_all()
            return True

    def wait(self, timeout: float = 10.0, struck: int = 1) -> bool:
        """Wait until the fault has struck that often; return whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: self.struck >= struck, timeout)

    def resume(self) -> None:
        """Let the paused requests go on, and those to come pass."""
        self.released.set()

    def drop(self) -> None:
        """Lose the paused requests: those before their effect never have one."""
        self.drops = True
        self.released.set()


class Faults:
    """The rules, in the order in which they were added: one that answers keeps those behind it for later requests."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def add(self, on: str, fault: Fault, *, when: str = "before", skip: int = 0, times: int | None = 1) -> Rule:
        """Strike the requests `on` after the first `skip`, `times` times (None: for ever)."""
        rule = Rule(on, fault, when=when, skip=skip, times=times)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget all rules; what they hold goes on."""
        rules, self.rules = self.rules, []
        for rule in rules:
            rule.resume()

    def strike(self, point: str, exchange: Exchange) -> Outcome:
        for rule in self.rules:
            if rule.when == point and rule.matches(exchange.request) and rule.take():
                outcome = rule.fault.strike(exchange, rule)
                if outcome is not None:
                    return outcome
        return None


def to_plain(fault: Fault) -> dict[str, Any]:
    """Return a fault as JSON can hold it; bytes become ``{"base64": text}``."""
    values = {entry.name: getattr(fault, entry.name) for entry in fields(fault) if entry.init}
    if isinstance(values.get("body"), bytes):
        values["body"] = {"base64": base64.b64encode(values["body"]).decode("ascii")}
    return {"kind": fault.kind, **values}


def from_plain(data: Mapping[str, Any]) -> Fault:
    values = dict(data)
    kind = KINDS.get(values.pop("kind", ""))
    if kind is None:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    body = values.get("body")
    if isinstance(body, dict) and set(body) == {"base64"}:
        values["body"] = base64.b64decode(body["base64"])
    return kind(**values)
