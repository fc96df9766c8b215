# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The notices of examples/, sent by the modules of community.general to servers of this test."""

from __future__ import annotations

import shutil
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_string, policy
from typing import Any

from tests.docs.markdown import blocks_of
from tests.playbooks import Playbooks, Played, heavy
from tests.simulator import Simulator
from tests.sinks.conftest import controller
from tests.tools.checkout import ROOT

__all__ = ["controller"]
EXAMPLES = ROOT / "examples"


class Server(socketserver.ThreadingTCPServer):
    """Keeps every line that it was sent."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self, handler: type[socketserver.StreamRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.lines: list[str] = []


class Mail(socketserver.StreamRequestHandler):
    """As much of a mail server as takes a mail."""

    def handle(self) -> None:
        with suppress(ConnectionError):  # of a client that tried TLS first
            self._talk()

    def _talk(self) -> None:
        self.wfile.write(b"220 a server of this test\r\n")
        in_data = False
        for raw in self.rfile:
            line = raw.decode(errors="replace").rstrip("\r\n")  # before it speaks plainly it tries TLS
            command = "" if in_data else line.lower()
            if in_data:
                self.server.lines.append(line)  # type: ignore[attr-defined]
            in_data = command == "data" or (in_data and line != ".")
            answer = {"data": b"354 go on", "quit": b"221 bye"}.get(command, b"250 ok")
            if command == "data" or not in_data:
                self.wfile.write(answer + b"\r\n")
            if command == "quit":
                return


class Proxy(socketserver.StreamRequestHandler):
    """A proxy that lets nobody through."""

    def handle(self) -> None:
        self.server.lines.append(self.rfile.readline().decode().strip())  # type: ignore[attr-defined]
        self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


@contextmanager
def listening(handler: type[socketserver.StreamRequestHandler]) -> Iterator[Server]:
    with Server(handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def rotated(playbooks: Playbooks, folder: str, notice: str, **variables: Any) -> Played:
    """Rotate into a file of a folder, with a notice."""
    shutil.copy(EXAMPLES / notice, playbooks.directory)
    into = {"to": "file", "path": f"{folder}token", "takes_effect_hours": 0}
    tokens = [{"name": "ci-deploy", "organization": "acme", "deliver": [into]}]
    playbooks.write("rotation.yml", {"turso_rotate_tokens": tokens, "turso_rotate_notify": notice, **variables})
    return playbooks.play("community.turso.rotate", "-e", "@rotation.yml")


@heavy
def test_a_mail_says_what_failed_and_that_the_old_token_works(controller: Playbooks, simulator: Simulator) -> None:
    simulator.given("ci-deploy", organization="acme", age_days=120)
    with listening(Mail) as server:
        given = {"notice_mail_to": ["ops@acme.example"], "notice_mail_host": "127.0.0.1"}
        port = server.server_address[1]
        for folder, mails in (("none/", 1), ("", 1)):
            played = rotated(controller, folder, "notice-mail.yml", **given, notice_mail_port=port)
            assert played.ok is (folder == "")
            assert server.lines.count(".") == mails, played.output
    mail = message_from_string("\n".join(server.lines[:-1]), policy=policy.default)
    assert mail["Subject"] == "Turso tokens: failed"
    (part,) = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    body = content.decode()
    assert "ci-deploy is due (aged), but file" in body
    assert "The old tokens keep working." in body
    assert not any(secret in body for secret in simulator.canaries)


@heavy
def test_slack_is_asked_only_where_there_is_something_to_say(controller: Playbooks, simulator: Simulator) -> None:
    """What it was asked cannot be seen here; that it refuses undoes nothing."""
    old = simulator.given("ci-deploy", organization="acme", age_days=120)
    with listening(Proxy) as server:
        controller.env["SLACK_TOKEN"] = "T000/B000/XXX"
        controller.env["https_proxy"] = f"http://127.0.0.1:{server.server_address[1]}"
        played = rotated(controller, "", "notice-slack.yml")
        assert [line.rpartition(" ")[0] for line in server.lines] == ["CONNECT hooks.slack.com:443"], played.output
        assert not played.ok
        assert not simulator.alive(old.secret)
        assert rotated(controller, "", "notice-slack.yml").ok
        assert len(server.lines) == 1


def test_the_guide_shows_the_mail_as_it_is() -> None:
    _head, text = (EXAMPLES / "notice-mail.yml").read_text().split("\n\n", 1)
    assert text in [block.text for block in blocks_of(ROOT / "docs/scheduling.md")]
