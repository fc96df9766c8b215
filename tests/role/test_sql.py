# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SQL tokens in the rotation, really played: the old one goes on until it ends, and the new one is delivered before that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks import Playbooks, heavy, with_one_core
from tests.role.plays import COMMIT, SHOW, Play, confirm, deliver, delivered, entry, play, report_in, rotate, versions
from tests.simulator import Simulator

HERE = "{{ playbook_dir }}"


def into(path: str = "delivered-shop-app", **options: Any) -> dict[str, Any]:
    return {"to": "file", "path": f"{HERE}/{path}", "takes_effect_hours": 0, **options}


def sql(*deliver: dict[str, Any], name: str = "shop-app", **keys: Any) -> dict[str, Any]:
    return entry(name, *deliver, **{"kind": "sql", "database": "shop", **keys})


def rotation(*entries: dict[str, Any], **settings: Any) -> Play:
    return play(rotate(tokens=list(entries), **settings), SHOW)


@pytest.fixture(autouse=True)
def _shop(simulator: Simulator) -> None:
    simulator.add_database("shop")


@pytest.mark.promise(1)
def test_a_file_whose_token_ends_soon_is_given_another_and_looked_at(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    """Besides an API token, in one run, and without any memory but the file itself."""
    old = simulator.given("ci", organization="acme", age_days=120)
    first = simulator.given_sql(database="shop", expiration="90d", age_days=61).secret
    playbooks.write("delivered-shop-app", first)
    played = playbooks.play([rotation(sql(into()), entry("ci", into("delivered-ci")))])
    assert played.ok, played.output
    reports = report_in(played.output)
    report = reports["shop-app"]
    told = ("sql", "rotated", "expiring", "accepted")
    assert (report["kind"], report["action"], report["reason"], report["probed"]) == told
    assert reports["ci"]["action"] == "rotated"
    for each in (report, reports["ci"]):
        assert each["evidence"] == [{"to": "file", "host": "localhost", "by": "read back"}]
    assert not simulator.alive(old.secret)
    assert simulator.alive(delivered(playbooks, "ci") or "")
    assert len(versions(simulator, "ci")) == 1
    second = delivered(playbooks, "shop-app") or ""
    assert [simulator.lets_in(value, "shop") for value in (first, second)] == [True, True]
    assert second != first
    assert len(simulator.minted) == 2
    assert not any(secret in played.output for secret in simulator.canaries)


@heavy
def test_a_file_is_asked_given_a_token_looked_at_and_left_alone_until_that_one_is_due(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    """Besides an API token, in one run, and without any memory but the file itself."""
    simulator.given("ci", organization="acme", age_days=120)
    both = rotation(sql(into()), entry("ci", into("delivered-ci")))
    played = playbooks.play([both])
    assert played.ok, played.output
    first = delivered(playbooks, "shop-app") or ""
    assert simulator.lets_in(first, "shop")
    report = report_in(played.output)["shop-app"]
    assert (report["kind"], report["action"], report["reason"], report["probed"]) == (
        "sql",
        "rotated",
        "missing",
        "accepted",
    )
    assert report["evidence"] == [{"to": "file", "host": "localhost", "by": "read back"}]
    assert report_in(played.output)["ci"]["action"] == "rotated"
    again = playbooks.play([both])
    assert (again.ok, again.recap["changed"]) == (True, 0), again.output
    simulator.advance(days=61)
    due = playbooks.play([both])
    assert due.ok, due.output
    assert report_in(due.output)["shop-app"]["reason"] == "expiring"
    second = delivered(playbooks, "shop-app") or ""
    assert [simulator.lets_in(value, "shop") for value in (first, second)] == [True, True]
    assert second != first
    assert len(simulator.minted) == 2
    assert not any(secret in output.output for secret in simulator.canaries for output in (played, again, due))


@heavy
def test_the_play_delivers_and_confirms_and_the_state_file_remembers(
    simulator: Simulator, playbooks: Playbooks
) -> None:
    """Without a confirmation the run fails, and the next one delivers the same token again, where it can be had."""
    tokens = [sql({"to": "play"}, into("file"))]
    unconfirmed = playbooks.play([play(rotate(tokens=tokens, state_file="state.json"), deliver("shop-app"))])
    assert not unconfirmed.ok
    first = delivered(playbooks, "shop-app")
    done = playbooks.play(
        [play(rotate(tokens=tokens, state_file="state.json"), deliver("shop-app"), confirm("shop-app"), SHOW)]
    )
    assert done.ok, done.output
    assert report_in(done.output)["shop-app"]["reason"] == "unfinished"
    assert delivered(playbooks, "shop-app") == first
    assert len(simulator.minted) == 1
    state = json.loads((playbooks.directory / "state.json").read_text())["tokens"]["shop-app"]
    assert (state["pending"], state["sql"]["attempts"], len(state["sql"]["mints"])) == (None, 0, 1)
    assert state["current"]["claims"]["database_id"] == simulator.database("shop").id
    again = playbooks.play([rotation(*tokens, state_file="state.json")])
    assert (again.ok, again.recap["changed"]) == (True, 0), again.output


@heavy
@with_one_core
def test_the_vault_file_alone_is_memory_enough_for_itself(simulator: Simulator, playbooks: Playbooks) -> None:
    password = Path(playbooks.directory / "password")
    password.write_text("secret")
    options = ["--vault-password-file", str(password)]
    tokens = [sql({"to": "vault_file", "takes_effect_hours": 0})]
    first = playbooks.play([rotation(*tokens, vault_file="secrets.yml")], *options)
    assert first.ok, first.output
    again = playbooks.play([rotation(*tokens, vault_file="secrets.yml")], *options)
    assert (again.ok, again.recap["changed"]) == (True, 0), again.output
    assert len(simulator.minted) == 1


REFUSED: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("no memory", sql({"to": "play"}), {}, "keeps no record"),
    ("an option of the other kind", sql(into(), max_age_days=3), {}, "max_age_days is for API tokens"),
    ("an option of SQL tokens", entry("shop-app", into(), expires_in="90d"), {}, "expires_in is for SQL tokens"),
    ("never", sql(into(), expires_in="never"), {}, "expires_in: never is not possible here"),
    ("renew_before too long", sql(into(), expires_in="30d", renew_before="30d"), {}, "is not less than expires_in"),
    ("renew_before too short", sql(into(), renew_before="1d"), {}, "and a day more"),
]


@with_one_core
def test_what_cannot_be_is_refused_before_any_request(simulator: Simulator, playbooks: Playbooks) -> None:
    plays = [
        play(
            {
                "block": [rotate(tokens=[given], **settings)],
                "rescue": [{"ansible.builtin.debug": {"msg": f"refused {title}"}}],
            }
        )
        for title, given, settings, _said in REFUSED
    ]
    played = playbooks.play(plays)
    text = " ".join(played.output.split())
    assert [said for *_row, said in REFUSED if said not in text] == []
    assert [title for title, *_row in REFUSED if f"refused {title}" not in text] == []
    assert simulator.requests == []


@heavy
@with_one_core
def test_check_mode_plans_and_mints_nothing(simulator: Simulator, playbooks: Playbooks) -> None:
    played = playbooks.play([rotation(sql(into()))], "--check")
    assert played.ok, played.output
    assert "shop-app: due (missing)" in " ".join(played.output.split())
    assert simulator.minted == []


@heavy
@with_one_core
def test_the_entry_points_across_plays(simulator: Simulator, playbooks: Playbooks) -> None:
    tokens = [sql({"to": "play"}, into("file"))]
    played = playbooks.play(
        [
            play(rotate(tokens=tokens, tasks_from="issue", state_file="state.json"), deliver("shop-app")),
            play(confirm("shop-app"), COMMIT, SHOW),
        ]
    )
    assert played.ok, played.output
    assert report_in(played.output)["shop-app"]["action"] == "rotated"
