# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that are replaced: whole or not at all, as they were owned and permitted, and told beforehand where that fails."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils import _files
from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._files import check_replaceable, mount_points, replaced
from tests.tools.checkout import ROOT
from tests.unit.module_utils.users import SOMEBODY, as_root, as_somebody

SOME_GROUP = 4712


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("old")
    return path


def owned_by(path: Path) -> tuple[int, int]:
    return path.stat().st_uid, path.stat().st_gid


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    replaced(str(tmp_path / "new"), b"content")
    assert (tmp_path / "new").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    replaced(str(tmp_path / "open"), b"", new_mode=0o644)
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o644
    assert sorted(os.listdir(tmp_path)) == ["new", "open"]


@pytest.mark.parametrize("mode", [0o400, 0o640, 0o664])
def test_an_existing_file_keeps_its_mode(file: Path, mode: int) -> None:
    file.chmod(mode)
    check_replaceable(str(file))
    assert file.read_text() == "old"
    replaced(str(file), b"new")
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert os.listdir(file.parent) == ["file"]


def test_a_replaced_file_is_a_new_one_with_a_new_time(file: Path) -> None:
    """Whoever reads the old one meanwhile reads it to its end."""
    os.utime(file, (0, 0))
    with file.open() as reader:
        replaced(str(file), b"new")
        assert reader.read() == "old"
    assert file.stat().st_mtime > 0


def test_a_file_that_is_not_there_yet_is_no_problem_in_a_folder_of_ones_own(tmp_path: Path) -> None:
    check_replaceable(str(tmp_path / "new"))
    check_replaceable(str(tmp_path / "new"), rehearse=False)
    assert os.listdir(tmp_path) == []


@as_root
def test_owner_and_group_are_kept(file: Path) -> None:
    os.chown(file, SOMEBODY, SOME_GROUP)
    replaced(str(file), b"new")
    assert owned_by(file) == (SOMEBODY, SOME_GROUP)


@as_root
def test_a_new_file_of_roots_belongs_to_the_owner_of_its_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, SOMEBODY, SOME_GROUP)
    replaced(str(tmp_path / "new"), b"")
    assert owned_by(tmp_path / "new") == (SOMEBODY, SOME_GROUP)


def test_a_new_file_stays_roots_where_it_cannot_be_given_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "fchown", _denied)
    replaced(str(tmp_path / "new"), b"content")
    assert (tmp_path / "new").read_bytes() == b"content"


def test_a_new_file_of_a_users_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    monkeypatch.setattr(os, "fchown", _denied)
    replaced(str(tmp_path / "new"), b"content")
    assert owned_by(tmp_path / "new")[0] == os.getuid()


def test_a_file_is_written_through_its_links(tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    target = tmp_path / "releases" / "file"
    target.write_text("old")
    (tmp_path / "current").symlink_to("releases")
    (tmp_path / "link").symlink_to("current/file")
    check_replaceable(str(tmp_path / "link"))
    replaced(str(tmp_path / "link"), b"new")
    assert (tmp_path / "link").is_symlink()
    assert target.read_text() == "new"
    assert os.listdir(tmp_path / "releases") == ["file"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("replace", "fsync"):
        with monkeypatch.context() as patched:
            patched.setattr(os, name, _full)
            with pytest.raises(Refused, match="No space left on device"):
                replaced(str(file), b"new")
        assert file.read_text() == "old"
        assert os.listdir(file.parent) == ["file"]


def test_an_error_without_a_text_is_told_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", _nameless)
    actions: list[Callable[[], None]] = [lambda: replaced(str(file), b"new"), lambda: check_replaceable(str(file))]
    for action in actions:
        with pytest.raises(Refused, match="unknown error"):
            action()


def test_a_folder_that_cannot_be_synced_does_no_harm(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def only_files(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            _full()
        fsync(handle)

    monkeypatch.setattr(os, "fsync", only_files)
    replaced(str(file), b"new")
    assert file.read_text() == "new"


def _link(path: Path, to: str) -> Path:
    path.symlink_to(to)
    return path


def _fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


REFUSED: list[tuple[str, Any, str]] = [  # what is there, made in an empty folder, what is said
    ("a folder that is not there", lambda top: top / "missing" / "file", "its folder .* does not exist"),
    ("a folder", lambda top: top, "is not a regular file"),
    ("a pipe", lambda top: _fifo(top / "pipe"), "is not a regular file"),
    ("a dangling link", lambda top: _link(top / "link", "nowhere"), "nowhere, which does not exist"),
    ("links in a circle", lambda top: _link(top / "link", "link"), "lead in a circle"),
    ("a part that is a file", lambda top: _link(top / "link", "/dev/null") / "file", "its folder .* does not exist"),
    ("a name that is too long", lambda top: top / ("x" * 300), "File name too long"),
]


@pytest.mark.parametrize(("make", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
@pytest.mark.parametrize("rehearse", [True, False])
def test_is_told_beforehand(tmp_path: Path, make: Any, says: str, rehearse: bool) -> None:
    path = make(tmp_path)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(Refused, match=says) as refused:
        check_replaceable(str(path), rehearse=rehearse)
    assert refused.value.msg.startswith(f"The file {path} cannot be replaced: ")
    assert sorted(os.listdir(tmp_path)) == before


def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path) -> None:
    """Of a pipe or a device, a file would be left that looks like it."""
    with pytest.raises(Refused, match="is not a regular file"):
        replaced(str(_fifo(tmp_path / "pipe")), b"new")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_folder_that_is_not_the_users_to_write_to_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(Refused, match=r"cannot be written to. It was not changed. Make the folder writable"):
        check_replaceable(str(file))


@as_root
@pytest.mark.parametrize(("owner", "says"), [(0, "cannot be written to"), (SOMEBODY, "Operation not permitted")])
def test_a_user_is_told_what_only_root_could_do(owner: int, says: str) -> None:
    """Of a file of root's, in a folder of root's and in one's own."""
    with tempfile.TemporaryDirectory() as top:
        Path(top).chmod(0o755)
        path = Path(top) / "file"
        path.write_text("old")
        os.chown(top, owner, owner)
        assert says in as_somebody(check_replaceable, str(path))
        assert says in as_somebody(check_replaceable, str(path), rehearse=owner == SOMEBODY)
        assert os.listdir(top) == ["file"]


def test_a_file_that_is_a_mount_point_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "_mountinfo", lambda: f"1 2 3:4 / {file} rw - ext4 /dev/vda rw\n")
    with pytest.raises(Refused, match=r"bind mount of a single file.*Mount the folder"):
        check_replaceable(str(file))


def test_mount_points_are_read_as_linux_writes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mount_points("1 2 3:4 / /a\\040b\\134c rw - x\n1 2 3:4 /x /d rw - x\nodd\n") == {"/a b\\c", "/d"}
    monkeypatch.setattr(_files, "open", _denied, raising=False)
    assert _files._mountinfo() == ""


@as_root
def test_a_real_bind_mount_is_told(file: Path) -> None:
    script = (
        "import sys; from tests.tools.checkout import collections_path; sys.path.insert(0, str(collections_path()));"
        "from ansible_collections.community.turso.plugins.module_utils._files import check_replaceable;"
        "check_replaceable(sys.argv[1])"
    )
    mounted = ["unshare", "-m", "sh", "-c", 'mount --bind "$1" "$1" && exec "$2" -c "$3" "$1"', "-", str(file)]
    if subprocess.run([*mounted, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no mounts can be made here")
    done = subprocess.run([*mounted, sys.executable, script], cwd=ROOT, check=False, capture_output=True, text=True)
    assert "Refused: The file" in done.stderr
    assert "bind mount" in done.stderr


@pytest.mark.parametrize("flag", [_files.FS_IMMUTABLE_FL, _files.FS_APPEND_FL])
def test_a_file_that_chattr_protects_is_told(file: Path, monkeypatch: pytest.MonkeyPatch, flag: int) -> None:
    monkeypatch.setattr(fcntl, "ioctl", lambda _handle, _request, buffer: buffer.__setitem__(0, flag))
    with pytest.raises(Refused, match=r"immutable or append-only.*chattr -i -a"):
        check_replaceable(str(file))


def test_a_folder_that_chattr_protects_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one to which can only be added, the temporary file could not be removed again."""

    def append_only(handle: int, _request: int, buffer: bytearray) -> None:
        buffer[0] = _files.FS_APPEND_FL if stat.S_ISDIR(os.fstat(handle).st_mode) else 0

    monkeypatch.setattr(fcntl, "ioctl", append_only)
    with pytest.raises(Refused, match=f"{file.parent} is immutable or append-only"):
        check_replaceable(str(file))


def test_flags_that_cannot_be_known_are_none(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _files._flags_of(str(file.parent / "missing")) == 0
    monkeypatch.setattr(fcntl, "ioctl", _denied)
    check_replaceable(str(file))


@pytest.fixture
def immutable(file: Path) -> Iterator[Path]:
    if subprocess.run(["chattr", "+i", str(file)], check=False, capture_output=True).returncode:
        pytest.skip("chattr does not work here")
    yield file
    subprocess.run(["chattr", "-i", str(file)], check=True)


@as_root
def test_a_really_immutable_file_is_told(immutable: Path) -> None:
    with pytest.raises(Refused, match="immutable"):
        check_replaceable(str(immutable), rehearse=False)


def test_somebody_elses_file_in_a_sticky_folder_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.parent.chmod(0o1777)
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    with pytest.raises(Refused, match=r"its folder is sticky.*Run this as the owner"):
        check_replaceable(str(file))


def test_an_owner_that_cannot_be_kept_is_told_and_nothing_is_changed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_files, "_owners_of", lambda _handle: (SOMEBODY, SOME_GROUP))
    monkeypatch.setattr(os, "fchown", _denied)
    for action in (check_replaceable, lambda path: replaced(path, b"new")):
        with pytest.raises(Refused, match=r"Operation not permitted. It was not changed. Run this as the owner"):
            action(str(file))
    assert file.read_text() == "old"
    assert os.listdir(file.parent) == ["file"]


def test_a_place_without_room_is_told(file: Path) -> None:
    """The limit of this process stands for a file system that is full, or a quota."""
    file.write_bytes(bytes(100_000))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_010, limits[1]))
    try:
        check_replaceable(str(file), rehearse=False)
        with pytest.raises(Refused, match="File too large"):
            check_replaceable(str(file))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(file.parent) == ["file"]


def _denied(*_: Any, **__: Any) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted")


def _full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _nameless(*_: Any, **__: Any) -> None:
    raise OSError
