# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values in files: checked, written once for each file, and read back."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils import _files
from ansible_collections.community.turso.plugins.module_utils._delivery import file_values, in_files
from ansible_collections.community.turso.plugins.module_utils._delivery.file_values import Wanted
from ansible_collections.community.turso.plugins.module_utils._errors import Refused

SECRET = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJhIn0.c2ln"
OTHER = "eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiJiIn0.b3Ro"


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def wanted(path: Path, variable: str | None = None, secret: str = SECRET, **more: Any) -> Wanted:
    return Wanted(str(path), variable, secret, digest(secret), **more)


def delivered(*each: Wanted) -> list[in_files.Outcome]:
    return in_files.deliver(each, lambda _path: None)


@pytest.fixture
def env(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_text("# mine\nA=old\nB='old'\n")
    return path


@pytest.fixture
def writes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were replaced."""
    done: list[str] = []
    replaced = _files.replaced

    def noting(path: str, *args: Any, **options: Any) -> None:
        replaced(path, *args, **options)
        done.append(path)

    monkeypatch.setattr(_files, "replaced", noting)
    return done


def test_all_values_of_one_file_are_written_at_once(env: Path, writes: list[str]) -> None:
    link = env.parent / "link"
    link.symlink_to(env)
    outcomes = delivered(wanted(env, "A"), wanted(link, "B", OTHER), wanted(env, "C"))
    assert [(each.verdict, each.changed) for each in outcomes] == [
        ("delivered", True),
        ("delivered", True),
        ("not taken", False),
    ]
    assert env.read_text() == f"# mine\nA={SECRET}\nB='{OTHER}'\n"
    assert writes == [str(env)]
    assert link.is_symlink()


def test_what_is_there_is_not_written_again(env: Path, writes: list[str]) -> None:
    assert delivered(wanted(env, "A"))[0].changed is True
    assert delivered(wanted(env, "A"))[0] == in_files.Outcome("delivered")
    assert len(writes) == 1


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_of_its_own_keeps_the_end_of_its_line(tmp_path: Path, end: str) -> None:
    path = tmp_path / "token"
    path.write_bytes(f"{OTHER}{end}".encode())
    path.chmod(0o640)
    assert delivered(wanted(path, mode="0600"))[0].changed is True
    assert path.read_bytes() == f"{SECRET}{end}".encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert in_files.read_back([wanted(path)]) == [in_files.Outcome("confirmed")]
    assert delivered(wanted(path))[0].changed is False


def test_a_new_file_is_made_as_it_is_said_and_labelled(tmp_path: Path) -> None:
    path = tmp_path / "token"
    labelled: list[str] = []
    owner = str(os.geteuid())
    outcomes = in_files.deliver([wanted(path, mode="0440", owner=owner)], labelled.append)
    assert outcomes == [in_files.Outcome("delivered", changed=True)]
    assert (path.read_text(), path.stat().st_mode & 0o777, labelled) == (SECRET, 0o440, [str(path)])


def test_a_new_file_is_private_where_nothing_is_said(tmp_path: Path) -> None:
    delivered(wanted(tmp_path / "token"))
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600


CHECKED: list[tuple[str, Callable[[Path], Wanted], str, str]] = [
    ("a variable", lambda env: wanted(env, "A"), "proven", ""),
    ("a new file", lambda env: wanted(env.parent / "token"), "proven", "will be created"),
    (
        "a new file of somebody",
        lambda env: wanted(env.parent / "t", owner="root", group="root"),
        "proven",
        "will be created",
    ),
    ("no such user", lambda env: wanted(env.parent / "t", owner="no-such"), "refused", "There is no user no-such"),
    ("no such group", lambda env: wanted(env.parent / "t", group="no-such"), "refused", "There is no group no-such"),
    ("no variable", lambda env: wanted(env, "C"), "refused", "has no C"),
    ("no file", lambda env: wanted(env.parent / "none", "A"), "refused", "create the file with a line A="),
    ("no folder", lambda env: wanted(env / "token"), "refused", "its folder"),
    ("a folder", lambda env: wanted(env.parent), "refused", "not a regular file"),
    ("many lines", wanted, "refused", "has more than one line"),
]


@pytest.mark.parametrize(("make", "verdict", "says"), [row[1:] for row in CHECKED], ids=[row[0] for row in CHECKED])
@pytest.mark.parametrize("rehearse", [True, False])
def test_a_check_says_what_a_delivery_would_come_to(
    env: Path, make: Callable[[Path], Wanted], verdict: str, says: str, rehearse: bool
) -> None:
    before = sorted(env.parent.iterdir()), env.read_text()
    each = make(env)
    (outcome,) = in_files.check([each], rehearse=rehearse)
    assert (outcome.verdict, says in outcome.msg, outcome.changed) == (verdict, True, False)
    assert (sorted(env.parent.iterdir()), env.read_text()) == before
    (done,) = delivered(each)
    assert done.verdict == {"proven": "delivered", "refused": "not taken"}[verdict]


def test_a_file_is_rehearsed_once_for_all_its_values(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuses(path: str, **_options: Any) -> None:
        asked.append(path)
        raise Refused("in the way")

    monkeypatch.setattr(_files, "check_replaceable", refuses)
    outcomes = in_files.check([wanted(env, "A"), wanted(env, "B")], rehearse=True)
    assert [each.msg for each in outcomes] == ["in the way", "in the way"]
    assert asked == [str(env)]


def test_a_write_that_fails_takes_nothing(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: Any, **_options: Any) -> None:
        raise Refused("disk full")

    monkeypatch.setattr(_files, "replaced", fails)
    assert delivered(wanted(env, "A")) == [in_files.Outcome("not taken", "disk full")]


def meddle(monkeypatch: pytest.MonkeyPatch, times: int, change: Callable[[], object]) -> None:
    """Have somebody else write right before the replacement, so often."""
    replaced, left = _files.replaced, [times]

    def late(path: str, content: bytes, *, last_look: Callable[[], None], **options: Any) -> None:
        def first_meddle() -> None:
            if left[0]:
                left[0] -= 1
                change()
            last_look()

        replaced(path, content, last_look=first_meddle, **options)

    monkeypatch.setattr(_files, "replaced", late)


def test_what_somebody_else_writes_meanwhile_is_kept(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meddle(monkeypatch, 2, lambda: env.write_text(env.read_text() + "MORE=1\n"))
    assert delivered(wanted(env, "A"))[0].changed is True
    assert env.read_text() == f"# mine\nA={SECRET}\nB='old'\nMORE=1\nMORE=1\n"


def test_a_file_that_keeps_changing_is_left(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meddle(monkeypatch, 9, lambda: env.write_text(env.read_text() + "MORE=1\n"))
    (outcome,) = delivered(wanted(env, "A"))
    assert outcome.verdict == "not taken"
    assert "kept changing" in outcome.msg
    assert "A=old" in env.read_text()


READ: list[tuple[str, str | None, str, str]] = [
    ("ours", f"A={SECRET}\n", "confirmed", ""),
    ("another", f"A={OTHER}\n", "other", "holds another value: of the token with the id b."),
    ("empty", "A=\n", "other", "holds another value, which is not a token"),
    ("no longer there", None, "other", "does not exist"),
    ("no variable", "B=1\n", "unreadable", "has no A"),
    ("no text", "A=\0\n", "unreadable", "is not text"),
]


@pytest.mark.parametrize(("content", "verdict", "says"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_reading_back_compares(tmp_path: Path, content: str | None, verdict: str, says: str) -> None:
    path = tmp_path / ".env"
    if content is not None:
        path.write_text(content)
    (outcome,) = in_files.read_back([wanted(path, "A")])
    assert (outcome.verdict, says in outcome.msg, outcome.value) == (verdict, True, None)
    assert SECRET not in repr(outcome)
    assert OTHER not in outcome.msg


def test_a_value_is_returned_only_where_it_is_asked_for(env: Path) -> None:
    delivered(wanted(env, "A"))
    each = Wanted(str(env), "A", wants_value=True)
    assert in_files.read_back([each]) == [in_files.Outcome("other", in_files.read_back([each])[0].msg, value=SECRET)]
    confirmed = in_files.read_back([wanted(env, "A", wants_value=True)])[0]
    assert (confirmed.verdict, confirmed.value, confirmed.as_json()["value"]) == ("confirmed", SECRET, SECRET)
    assert SECRET not in repr(confirmed)


def test_a_file_that_may_not_be_read_says_so(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_args: Any, **_options: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(file_values, "open", denied, raising=False)
    assert "become: true" in in_files.check([wanted(env, "A")], rehearse=True)[0].msg
    assert in_files.read_back([wanted(env, "A")])[0].verdict == "unreadable"


def test_a_file_that_is_too_large_is_none_of_these(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_values, "LARGEST", 5)
    assert "larger than 1 MiB" in in_files.check([wanted(env, "A")], rehearse=True)[0].msg


def test_a_value_of_two_lines_does_not_go_into_a_file_of_its_own(tmp_path: Path) -> None:
    (outcome,) = delivered(wanted(tmp_path / "token", secret="a\nb"))
    assert outcome.verdict == "not taken"
    assert "not one line" in outcome.msg
    assert not (tmp_path / "token").exists()


def test_what_is_wanted_is_read_from_what_a_module_is_given() -> None:
    each = Wanted.from_json({"path": "/x", "secret": SECRET, "unknown": 1})
    assert each == Wanted("/x", secret=SECRET)
    assert SECRET not in repr(each)
