# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vault file, really played: a store that has to hold the value, and what reads it gets the new one."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.community.turso.plugins.module_utils._rotation.versions import version_name
from tests import vaults
from tests.playbooks import Playbooks, Played, cases, heavy, with_one_core
from tests.role.plays import Play, Task, confirm, entry, play, revoked, rotate, versions
from tests.simulator import Simulator, faults

VAULT = "vault.yml"
CORRECT = "correct horse\n"
PASSWORD = ("--vault-password-file", "password")
STORED = {"to": "vault_file", "takes_effect_hours": 0}
KEEP: Task = {  # what a later task gets by the variable
    "put_file": {"content": "{{ turso_secrets.ci }}", "dest": "{{ playbook_dir }}/kept-{{ inventory_hostname }}"},
    "no_log": True,
}
HERE: dict[str, Any] = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


def rotation(*names: str, path: str = VAULT, **settings: Any) -> Task:
    tokens = [entry(name, STORED) for name in names]
    return rotate(tokens=tokens, vault_file=path, **settings)


def content_of(playbooks: Playbooks, path: str = VAULT) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(vaults.decrypted(playbooks.directory / path, CORRECT))
    return content


def encrypt(playbooks: Playbooks, content: Any, path: str = VAULT) -> Path:
    written = playbooks.write(path, content)
    vaults.encrypt(written, CORRECT)
    return written


@pytest.fixture(autouse=True)
def _password(playbooks: Playbooks) -> None:
    playbooks.write("password", CORRECT)
    playbooks.write("other", "battery staple\n")


def test_the_new_value_is_stored_and_the_old_token_revoked(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play([play(rotation("ci"))], *PASSWORD)
    assert played.ok, played.output
    assert simulator.alive(content_of(playbooks)["turso_secrets"]["ci"])
    assert stat.S_IMODE((playbooks.directory / VAULT).stat().st_mode) == 0o600
    assert not simulator.alive(old.secret)
    for path in playbooks.directory.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(secret.encode() in content for secret in simulator.canaries), path


@heavy
def test_what_is_not_ours_stays_as_it_is(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    text = "---\n# who owns this: ops\ndatabase:\n  password: hunter2  # changed in May\nturso_secrets:\n  z: kept # by hand\n"
    encrypt(playbooks, text).chmod(0o640)
    played = playbooks.play([play(rotation("ci"))], *PASSWORD)
    assert played.ok, played.output
    viewed = playbooks.run("ansible-vault", "view", VAULT, *PASSWORD).output
    for line in text.splitlines():
        assert line in viewed
    assert stat.S_IMODE((playbooks.directory / VAULT).stat().st_mode) == 0o640


@heavy
@with_one_core
def test_a_link_is_written_through(simulator: Simulator, playbooks: Playbooks) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    encrypt(playbooks, {"turso_secrets": {}}, "releases/vault.yml")
    (playbooks.directory / VAULT).symlink_to("releases/vault.yml")
    played = playbooks.play([play(rotation("ci"))], *PASSWORD)
    assert played.ok, played.output
    assert (playbooks.directory / VAULT).is_symlink()
    assert simulator.alive(content_of(playbooks, "releases/vault.yml")["turso_secrets"]["ci"])


READERS: list[tuple[str, str, Play, list[Play]]] = [
    ("group_vars, a later task", "group_vars/all/vault.yml", play(), [KEEP]),
    ("group_vars, a later play on another host", "group_vars/all/vault.yml", play(), []),
    ("vars_files, a later task", VAULT, play(vars_files=[VAULT]), [KEEP]),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize(
    ("path", "keywords", "tasks"), cases(READERS, sample=("group_vars, a later play on another host",))
)
def test_what_reads_the_variable_afterwards_gets_the_new_value(
    simulator: Simulator, playbooks: Playbooks, path: str, keywords: Play, tasks: list[Task]
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    encrypt(playbooks, {"turso_secrets": {"ci": old.secret}}, path)
    playbooks.write("hosts.yml", {"all": {"hosts": {"web": HERE}}})
    first: Task = {"ansible.builtin.debug": {"msg": "{{ turso_secrets.ci | length }} read before"}}
    plays = [{**keywords, "tasks": [first, rotation("ci", path=path), *tasks]}]
    plays += [] if tasks else [play(KEEP, hosts="web")]
    played = playbooks.play(plays, "-i", "hosts.yml", *PASSWORD)
    assert played.ok, played.output
    (kept,) = playbooks.directory.glob("kept-*")
    assert simulator.alive(kept.read_text())
    assert not simulator.alive(old.secret)


BEATEN: list[tuple[str, Play, list[str]]] = [
    ("extra variables", play(), ["-e", "@vault.yml"]),
    ("include_vars", play({"ansible.builtin.include_vars": {"file": VAULT}}), []),
]


@pytest.mark.promise(1)
@pytest.mark.parametrize(("before", "arguments"), cases(BEATEN, sample=("extra variables",)))
def test_the_run_ends_where_the_old_value_would_go_on_by(
    simulator: Simulator, playbooks: Playbooks, before: Play, arguments: list[str]
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    encrypt(playbooks, {"turso_secrets": {"ci": old.secret}})
    playing = {**before, "tasks": [*before["tasks"], rotation("ci"), KEEP]}
    played = playbooks.play([playing], *PASSWORD, *arguments)
    assert not played.ok
    assert "turso_secrets still has the old value of ci" in " ".join(played.output.split())
    assert simulator.alive(old.secret)
    assert revoked(simulator) == []


LOST: list[tuple[str, Any]] = [
    ("deleted", None),
    ("restored to yesterday's", "old"),
    ("without its entry", {}),
]


@pytest.mark.promise(9)
@with_one_core
@pytest.mark.parametrize("restored", cases(LOST, sample=("restored to yesterday's",)))
def test_the_next_run_finds_a_file_that_was(simulator: Simulator, playbooks: Playbooks, restored: Any) -> None:
    """After the run that issued what is now nowhere."""
    old = simulator.given("ci", organization="acme", age_days=121)
    yesterday = simulator.clock.now() - datetime.timedelta(days=1)
    simulator.given(version_name("ci", yesterday, "7f3a"), organization="acme", age_days=1)
    simulator.withdraw("ci")
    if restored is not None:
        encrypt(playbooks, {"turso_secrets": {"ci": old.secret} if restored == "old" else restored})
    played = playbooks.play([play(rotation("ci"))], *PASSWORD)
    assert played.ok, played.output
    assert "ci: lost, issued ci-" in played.output
    assert simulator.alive(content_of(playbooks)["turso_secrets"]["ci"])
    assert len(versions(simulator, "ci")) == 1


def refusal_in(played: Played, simulator: Simulator) -> str:
    """Return what a run said that refused to issue anything, before any request."""
    said = " ".join(played.output.split())
    assert not played.ok
    assert "Nothing was issued." in said
    assert simulator.requests == []
    return said


REFUSED: list[tuple[str, str | None, tuple[str, ...], str]] = [  # what is there, the vault secrets, what is said
    ("a plain file", "turso_secrets: {}\n", PASSWORD, "not encrypted"),
    ("a file that another secret opens", None, ("--vault-password-file", "other"), "opens"),
    ("no vault secret", None, (), "vault secret"),
    (
        "several vault ids for a new file",
        "",
        ("--vault-id", "a@password", "--vault-id", "b@other"),
        "turso_rotate_vault_id",
    ),
]


@pytest.mark.promise(7)
@with_one_core
@pytest.mark.parametrize(("there", "arguments", "says"), cases(REFUSED, sample=("a file that another secret opens",)))
def test_nothing_is_issued_with(
    simulator: Simulator, playbooks: Playbooks, there: str | None, arguments: tuple[str, ...], says: str
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    if there is None:
        encrypt(playbooks, {"turso_secrets": {}})
    elif there:
        playbooks.write(VAULT, there)
    played = playbooks.play([play(rotation("ci"))], *arguments)
    said = refusal_in(played, simulator)
    assert says in said


@heavy
@pytest.mark.promise(7)
@with_one_core
def test_nothing_is_issued_where_the_state_file_is_locked_elsewhere_or_none(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("state.json", '{"ci": 1}')
    played = playbooks.play([play(rotation("ci", state_file="state.json"))], *PASSWORD)
    said = refusal_in(played, simulator)
    assert "is not a state file of turso_rotate" in said


# Python imports this into every process of the run: no file system here has locks, as on some mounted volumes.
WITHOUT_LOCKS = """import errno, fcntl, os
def refuse(*_arguments):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
fcntl.flock = refuse
"""
MOUNTED = """unshare --mount sh -c 'mount --bind {0} {0} && exec ansible-playbook playbook.yml --vault-password-file password'"""


@heavy
@pytest.mark.promise(7)
@with_one_core
@pytest.mark.parametrize("store", [VAULT, "state.json"])
def test_nothing_is_issued_on_a_file_system_without_locks(
    simulator: Simulator, playbooks: Playbooks, store: str
) -> None:
    simulator.given("ci", organization="acme", age_days=120)
    playbooks.write("hooks/sitecustomize.py", WITHOUT_LOCKS)
    task = rotation("ci") if store == VAULT else rotate("ci", state_file=store)
    played = playbooks.play([play(task)], *PASSWORD, env={"PYTHONPATH": str(playbooks.directory / "hooks")})
    said = refusal_in(played, simulator)
    assert store in said
    assert "on a file system that supports locks" in said


@heavy
@pytest.mark.promise(7)
@with_one_core
@pytest.mark.parametrize("store", [VAULT, "state.json"])
def test_nothing_is_issued_where_a_file_is_mounted_alone(
    simulator: Simulator, playbooks: Playbooks, store: str
) -> None:
    if not playbooks.shell("unshare --mount true").ok:
        pytest.skip("needs mount namespaces")
    simulator.given("ci", organization="acme", age_days=120)
    encrypt(playbooks, {"turso_secrets": {}})
    playbooks.write("state.json", '{"format": 1, "tokens": {}}')
    playbooks.write("playbook.yml", [play(rotation("ci", state_file="state.json"))])
    played = playbooks.shell(MOUNTED.format(store))
    said = refusal_in(played, simulator)
    assert "bind mount of a single file" in said, said
    assert "Mount the folder" in said


@heavy
@pytest.mark.promise(1)
@with_one_core
def test_a_store_is_never_enough(simulator: Simulator, playbooks: Playbooks) -> None:
    """An entry that the play delivers is stored, too, and needs its confirmation all the same."""
    old = simulator.given("ci", organization="acme", age_days=120)
    played = playbooks.play([play(rotate("ci", vault_file=VAULT))], *PASSWORD)
    assert not played.ok
    assert simulator.alive(old.secret)
    assert simulator.alive(content_of(playbooks)["turso_secrets"]["ci"])


@pytest.mark.promise(1)
@with_one_core
def test_a_file_that_lost_the_value_before_the_commit_keeps_the_old_token(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    spoil: Task = {"ansible.builtin.file": {"path": "{{ playbook_dir }}/vault.yml", "state": "absent"}}
    played = playbooks.play([play(rotate("ci", vault_file=VAULT), spoil, confirm())], *PASSWORD)
    assert not played.ok
    assert "the vault file does not hold the new value any more: something else changed it" in " ".join(
        played.output.split()
    )
    assert simulator.alive(old.secret)


@heavy
@pytest.mark.promise(7)
def test_a_recipient_that_is_down_for_days_costs_two_versions_and_is_served_when_it_is_mended(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    task = rotate("ci", vault_file=VAULT)
    for _day in range(3):
        assert not playbooks.play([play(task)], *PASSWORD).ok
        simulator.advance(hours=24)
        assert len(versions(simulator, "ci")) == 2
    assert simulator.alive(old.secret)
    copy = {"content": "{{ turso_rotate_secrets.ci }}", "dest": "{{ playbook_dir }}/delivered-ci", "mode": "0600"}
    played = playbooks.play([play(task, {"ansible.builtin.copy": copy}, confirm("ci"))], *PASSWORD)
    assert played.ok, played.output
    assert "resumed ci-" in played.output
    assert len(versions(simulator, "ci")) == 1
    assert simulator.alive((playbooks.directory / "delivered-ci").read_text())
    assert not simulator.alive(old.secret)


@heavy
@pytest.mark.promise(5)
@with_one_core
def test_two_runs_that_share_a_file_lose_no_token(simulator: Simulator, playbooks: Playbooks) -> None:
    for name in ("a", "b"):
        simulator.given(name, organization="acme", age_days=120)
        playbooks.write(f"{name}.yml", [play(rotation(name))])
    rule = simulator.faults.add("create", faults.Pause(), times=2)
    runs = [playbooks.start(f"{name}.yml", *PASSWORD) for name in ("a", "b")]
    assert rule.wait(60)
    rule.resume()
    for run in runs:
        output, _ = run.communicate(timeout=90)
        assert run.returncode == 0, output
    stored = content_of(playbooks)["turso_secrets"]
    assert all(simulator.alive(stored[name]) for name in ("a", "b"))


@heavy
@pytest.mark.promise(1)
@with_one_core
def test_a_value_that_another_host_loaded_before_ends_the_run(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    encrypt(playbooks, {"turso_secrets": {"ci": old.secret}})
    playbooks.write("hosts.yml", {"all": {"hosts": {"web": HERE}}})
    load: Task = {"ansible.builtin.include_vars": {"file": VAULT}, "no_log": True}
    plays = [play(load, hosts="web"), play(rotation("ci")), play(KEEP, hosts="web")]
    played = playbooks.play(plays, "-i", "hosts.yml", *PASSWORD)
    assert not played.ok
    assert "turso_secrets still has the old value of ci on web" in " ".join(played.output.split())
    assert simulator.alive(old.secret)


@heavy
@pytest.mark.promise(1)
@with_one_core
def test_the_same_run_again_does_not_go_on_with_the_old_value(simulator: Simulator, playbooks: Playbooks) -> None:
    old = simulator.given("ci", organization="acme", age_days=120)
    playing = play(rotate("ci", vault_file=VAULT), KEEP, confirm(), vars={"turso_secrets": {"ci": old.secret}})
    for _again in range(2):
        played = playbooks.play([playing], *PASSWORD)
        assert not played.ok
        assert "turso_secrets still has the old value of ci" in " ".join(played.output.split())
        simulator.advance(minutes=16)
    assert simulator.alive(old.secret)


STATE = "state.json"


def rotated_twice(simulator: Simulator, playbooks: Playbooks, **settings: Any) -> dict[str, bytes]:
    """Rotate by rotate.yml, with a state file, and again 91 days later; return both files as they were between."""
    simulator.given("ci", organization="acme", age_days=120)
    task = rotation("ci", state_file=STATE, **settings)
    consumer: Task = {**KEEP, "when": "'ci' in turso_rotate_secrets"}
    playbooks.write("rotate.yml", [play(task, consumer, vars_files=[VAULT])])
    encrypt(playbooks, {"turso_secrets": {}})
    assert playbooks.play("rotate.yml", *PASSWORD).ok
    backup = {name: (playbooks.directory / name).read_bytes() for name in (VAULT, STATE)}
    simulator.advance(hours=91 * 24)
    assert playbooks.play("rotate.yml", *PASSWORD).ok
    return backup


def restore(playbooks: Playbooks, backup: dict[str, bytes]) -> None:
    for name, content in backup.items():
        (playbooks.directory / name).write_bytes(content)


@heavy
@pytest.mark.promise(9)
@with_one_core
def test_both_files_taken_back_cost_one_rotation_each_time_and_leave_one_version(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    """Each run begins with a work tree that is older than the last rotation; then one keeps what the run wrote."""
    backup = rotated_twice(simulator, playbooks)
    for _day in range(2):
        restore(playbooks, backup)
        simulator.advance(hours=24)
        played = playbooks.play("rotate.yml", *PASSWORD)
        assert played.ok, played.output
        assert len(versions(simulator, "ci")) == 1
        assert simulator.alive((playbooks.directory / "kept-localhost").read_text())
        assert simulator.alive(content_of(playbooks)["turso_secrets"]["ci"])
    simulator.advance(hours=24)
    settled = playbooks.play("rotate.yml", *PASSWORD)
    assert settled.ok, settled.output
    assert "0 to rotate, 0 to revoke, 1 unchanged" in settled.output


@heavy
@pytest.mark.promise(3)
@with_one_core
def test_both_files_taken_back_within_the_grace_period_take_no_version_from_its_consumers(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    backup = rotated_twice(simulator, playbooks, grace_hours=24)
    stored = content_of(playbooks)["turso_secrets"]["ci"]
    restore(playbooks, backup)
    restored = content_of(playbooks)["turso_secrets"]["ci"]
    simulator.advance(hours=1)
    played = playbooks.play("rotate.yml", *PASSWORD)
    assert played.ok, played.output
    newest = content_of(playbooks)["turso_secrets"]["ci"]
    assert [simulator.alive(value) for value in (restored, stored, newest)] == [True, True, True]
    simulator.advance(hours=25)
    swept = playbooks.play("rotate.yml", *PASSWORD)
    assert swept.ok, swept.output
    assert [simulator.alive(value) for value in (restored, stored, newest)] == [False, False, True]
