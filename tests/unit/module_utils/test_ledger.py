# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger: what is read, what is refused, and how it is written."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.community.turso.plugins.module_utils._errors import Refused
from ansible_collections.community.turso.plugins.module_utils._rotation import old_ledger as _ledger

REF = {"name": "ci-20261124t091500z-7f3a", "id": "1"}
PART: dict[str, Any] = {
    "current": {**REF, "handed_over_at": "2026-11-24T09:16:00Z"},
    "superseded": [{"name": "ci", "id": "0", "at": "2026-11-24T09:16:00Z"}],
    "events": [{**REF, "at": "2026-11-24T09:16:00Z", "event": "handed_over"}],
}


def test_what_is_written_is_read_again_and_is_for_people_and_git(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    _ledger.write(str(path), {"ü": PART, "ci": PART})
    assert _ledger.read(str(path)) == {"ü": PART, "ci": PART}
    text = path.read_text(encoding="utf-8")
    assert text.startswith('{\n  "ci": {\n    "current": {\n      "handed_over_at"')
    assert text.endswith("}\n")
    assert '"ü"' in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["ledger.json"]


def test_one_that_is_not_there_yet_knows_nothing(tmp_path: Path) -> None:
    assert _ledger.read(str(tmp_path / "ledger.json")) == {}


FOREIGN = [  # what is in the file, what is said of it
    ("nothing", "", "is not JSON"),
    ("half a ledger", json.dumps({"ci": PART})[:50], "is not JSON"),
    ("bytes that are no text", b"\xff\xfe", "is not JSON"),
    ("half a character", json.dumps({"ci": {**PART, "events": [{"a": "\ud800"}]}}), "text that is not Unicode"),
    ("brackets without end", "[" * 100_000, "is not JSON"),
    ("a list", "[]", "it is not an object"),
    ("a secret of somebody else's", '{"password": "x"}', "'password' does not hold current, superseded and events"),
    ("one key too many", json.dumps({"ci": {**PART, "more": 1}}), "does not hold current, superseded and events"),
    ("one key too few", json.dumps({"ci": {"current": None, "events": []}}), "does not hold current"),
    ("a current without an id", json.dumps({"ci": {**PART, "current": {"name": "x", "handed_over_at": "2026-11-24"}}}), "current of 'ci'"),
    ("a current without a time", json.dumps({"ci": {**PART, "current": {**REF, "handed_over_at": "soon"}}}), "current of 'ci'"),
    ("superseded ones that are no list", json.dumps({"ci": {**PART, "superseded": {}}}), "superseded of 'ci'"),
    ("a superseded one that is text", json.dumps({"ci": {**PART, "superseded": ["x"]}}), "superseded of 'ci'"),
    ("a superseded one without a time", json.dumps({"ci": {**PART, "superseded": [{**REF, "at": None}]}}), "superseded of 'ci'"),
    ("events that are no list", json.dumps({"ci": {**PART, "events": None}}), "events of 'ci'"),
    ("an event that is no object", json.dumps({"ci": {**PART, "events": [1]}}), "events of 'ci'"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "says"), [row[1:] for row in FOREIGN], ids=[row[0] for row in FOREIGN])
def test_a_file_is_refused_and_left_as_it_is_that_holds(tmp_path: Path, content: str | bytes, says: str) -> None:
    path = tmp_path / "ledger.json"
    raw = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(raw)
    with pytest.raises(Refused) as refused:
        _ledger.read(str(path))
    assert says in refused.value.msg
    assert str(path) in refused.value.msg
    assert "left as it is" in refused.value.msg
    assert path.read_bytes() == raw


def test_what_is_not_a_file_of_its_own_is_refused(tmp_path: Path) -> None:
    there, link, dangling = tmp_path / "there.json", tmp_path / "link.json", tmp_path / "dangling.json"
    _ledger.write(str(there), {})
    link.symlink_to(there)
    dangling.symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    for path in (link, dangling, tmp_path, tmp_path / "pipe"):
        with pytest.raises(Refused, match="is not a regular file"):
            _ledger.read(str(path))


def test_a_ledger_that_could_not_be_written_later_is_refused_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "missing" / "ledger.json", tmp_path / "file" / "ledger.json"):
        with pytest.raises(Refused) as refused:
            _ledger.read(str(path))
        assert str(path) in refused.value.msg
        with pytest.raises(Refused, match="lock"), _ledger.locked(str(path)):
            pass


def test_a_write_that_fails_leaves_the_old_ledger_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    _ledger.write(str(path), {"ci": PART})
    with pytest.raises(TypeError):
        _ledger.write(str(path), {"ci": object()})
    assert _ledger.read(str(path)) == {"ci": PART}
    assert os.listdir(tmp_path) == ["ledger.json"]
    with pytest.raises(Refused, match="cannot be written"):
        _ledger.write(str(tmp_path / "missing" / "ledger.json"), {})


def test_a_lock_is_not_opened_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "ledger.json.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="lock"), _ledger.locked(str(tmp_path / "ledger.json")):
        pass
    assert not (tmp_path / "elsewhere").exists()


def _add_one_to(path: str, name: str, rounds: int) -> None:
    for number in range(rounds):
        with _ledger.locked(path):
            content = _ledger.read(path)
            content[f"{name}-{number}"] = PART
            _ledger.write(path, content)


def test_two_runs_at_once_lose_nothing_of_each_other(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.json")
    fork = multiprocessing.get_context("fork")
    runs = [fork.Process(target=_add_one_to, args=(path, name, 25)) for name in ("a", "b")]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(_ledger.read(path)) == 50


def test_one_that_is_a_folder_or_cannot_be_opened_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ledger.json"
    path.write_text("{}")
    with monkeypatch.context() as patched:
        patched.setattr(_ledger, "open", _denied, raising=False)
        with pytest.raises(Refused, match="cannot be read: Permission denied"):
            _ledger.read(str(path))


def _denied(*_: Any, **__: Any) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_lock_is_held_and_one_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    with _ledger.locked(str(path)):
        assert (tmp_path / "ledger.json.lock").exists()
    (tmp_path / "ledger.json.lock").unlink()
    (tmp_path / "ledger.json.lock").symlink_to(path)
    with pytest.raises(Refused, match="cannot be opened"), _ledger.locked(str(path)):
        pass
