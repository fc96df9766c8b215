# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role and the playbook, played: reports, their stability, the exit code, and what hostile names do not do."""

from __future__ import annotations

import json
import resource
import stat
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import vaults
from tests.audit.world import HOSTILE, arrange
from tests.playbooks import Playbooks, Played, heavy, with_one_core
from tests.simulator import Simulator
from tests.unit.module_utils.hostile import Certificate

AUDIT = "community.turso.audit"
OF_ACME = ("-e", "turso_audit_organization=acme")
MEDIUM = ("-e", "turso_audit_fail_on=medium")
WITH_METRICS = ("-e", "turso_audit_metrics_file=turso.prom")


@pytest.fixture(autouse=True)
def world(simulator: Simulator) -> None:
    arrange(simulator)


def report_of(playbooks: Playbooks) -> dict[str, Any]:
    return dict(json.loads((playbooks.directory / "turso-audit.json").read_text()))


def metrics_of(playbooks: Playbooks) -> dict[str, float]:
    """Return the metrics by name, those of findings by severity, as Prometheus reads them."""
    families = text_string_to_metric_families((playbooks.directory / "turso.prom").read_text())
    return {
        sample.labels.get("severity", sample.name): sample.value for family in families for sample in family.samples
    }


@heavy
@with_one_core
@pytest.mark.parametrize(
    ("arguments", "ok"),
    [
        pytest.param((), False, id="the default is high, and the caller holds an unrestricted token"),
        pytest.param(OF_ACME, True, id="nothing is as bad in the organization"),
        pytest.param((*OF_ACME, *MEDIUM), False, id="but something is medium"),
        pytest.param(("-e", "turso_audit_fail_on=never"), True, id="never"),
    ],
)
def test_the_exit_code_tells_the_verdict_after_the_reports_are_written(
    playbooks: Playbooks, simulator: Simulator, arguments: tuple[str, ...], ok: bool
) -> None:
    assert_told(playbooks, playbooks.play(AUDIT, *arguments, *WITH_METRICS), ok=ok)
    assert simulator.writes == []


def assert_told(playbooks: Playbooks, played: Played, *, ok: bool) -> None:
    """See that the exit code says the verdict, and that every report is written."""
    assert played.ok is ok, played.output
    report = report_of(playbooks)
    assert report["verdict"]["passed"] is ok
    assert metrics_of(playbooks).items() >= report["summary"]["by_severity"].items()
    for name, mode in {"turso-audit.json": 0o600, "turso-audit.html": 0o600, "turso.prom": 0o644}.items():
        assert stat.S_IMODE((playbooks.directory / name).stat().st_mode) == mode
        assert f"report: {playbooks.directory / name}" in played.output


def test_the_report_has_every_token_and_its_names_are_neither_rendered_nor_run(
    playbooks: Playbooks, simulator: Simulator
) -> None:
    assert_told(playbooks, playbooks.play(AUDIT, *OF_ACME, *MEDIUM, *WITH_METRICS, "-vvv", "--diff"), ok=False)
    assert simulator.writes == []
    report = report_of(playbooks)
    assert report["audited_on"] == "2026-11-24"
    assert report["organization"] == "acme"
    assert report["summary"]["by_severity"] == {"high": 0, "medium": 4, "low": 1, "info": 9}
    assert {(token["name"], token["owner"]["username"]) for token in report["tokens"]} == {
        *((name, "alice") for name in ("migrations", "backup", "dashboard", "ci", "ci-20261101t091500z-7f3a")),
        *((name, "bob") for name in ("ci", *HOSTILE)),
    }
    oldest = report["tokens"][0]
    assert (oldest["name"], oldest["age_days"], oldest["restriction"], oldest["permissions"]) == (
        "migrations",
        140,
        "group",
        "full-access",
    )
    assert [finding["rule"] for finding in oldest["findings"]] == ["aged", "full_access"]
    assert not list(playbooks.directory.rglob("pwned"))
    page = _Elements((playbooks.directory / "turso-audit.html").read_text())
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert page.handlers == []
    for name in HOSTILE:
        assert name in page.texts


class _Elements(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.handlers: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _value in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@heavy
@with_one_core
def test_the_report_is_written_again_only_when_it_says_something_new(
    playbooks: Playbooks, simulator: Simulator
) -> None:
    checked = playbooks.play(AUDIT, *OF_ACME, *WITH_METRICS, "--check")
    assert checked.recap["changed"] == 1
    assert "report: " not in checked.output
    assert not [*playbooks.directory.glob("turso-audit.*"), *playbooks.directory.glob("*.prom")]
    assert playbooks.play(AUDIT, *OF_ACME, *WITH_METRICS).recap["changed"] == 1
    first = metrics_of(playbooks)["turso_audit_last_success_timestamp_seconds"]
    simulator.advance(hours=5)
    assert playbooks.play(AUDIT, *OF_ACME, *WITH_METRICS).recap["changed"] == 0
    assert metrics_of(playbooks)["turso_audit_last_success_timestamp_seconds"] >= first + 5 * 3600
    (playbooks.directory / "turso-audit.html").chmod(0o640)
    simulator.given("new", organization="acme")
    assert playbooks.play(AUDIT, *OF_ACME).recap["changed"] == 1
    assert stat.S_IMODE((playbooks.directory / "turso-audit.html").stat().st_mode) == 0o640
    simulator.advance(days=1)
    assert playbooks.play(AUDIT, *OF_ACME, "--diff").recap["changed"] == 1


AUDITED: dict[str, Any] = {
    "role": "community.turso.turso_audit",
    "turso_audit_json_file": "",
    "turso_audit_html_file": "",
    "turso_audit_fail_on": "never",
}


def on_hosts(playbooks: Playbooks, *plays: dict[str, Any]) -> Played:
    """Play on three hosts that are this machine."""
    inventory = playbooks.write("hosts", "web1\nweb2\nweb3\n[all:vars]\nansible_connection=local\n")
    playing = [{"hosts": "all", "gather_facts": False, "roles": [AUDITED], **play} for play in plays]
    return playbooks.play(playing, "-i", str(inventory))


def test_plays_of_many_hosts_audit_once_each_and_leave_the_report_as_a_fact(
    playbooks: Playbooks, simulator: Simulator
) -> None:
    """Whatever the strategy. A name in it is never a template: until ansible-core 2.18 a registered result is rendered where it is used."""
    simulator.given("{{ 6 * 7 }}", organization="acme")
    names = "{{ turso_audit_report.tokens | map(attribute='name') | list }}"
    oldest = "the oldest is {{ turso_audit_report.summary.oldest_days }} on {{ inventory_hostname }}"
    told = [{"ansible.builtin.debug": {"msg": oldest}}, {"ansible.builtin.debug": {"msg": names}, "run_once": True}]
    played = on_hosts(playbooks, {"tasks": told}, {"strategy": "free"})
    assert played.ok, played.output
    assert [request.call for request in simulator.requests] == ["list", "list"]
    assert all(f"the oldest is 410 on {host}" in played.output for host in ("web1", "web2", "web3"))
    assert '"{{ 6 * 7 }}"' in played.output
    assert '"42"' not in played.output
    assert not list(playbooks.directory.glob("turso-audit.*"))


@heavy
@with_one_core
def test_it_audits_once_whatever_the_batches(playbooks: Playbooks, simulator: Simulator) -> None:
    played = on_hosts(playbooks, {"serial": 1})
    assert played.ok, played.output
    assert [request.call for request in simulator.requests] == ["list"]


@with_one_core
def test_a_policy_file_says_what_is_accepted(playbooks: Playbooks) -> None:
    playbooks.write(
        "policy.yml",
        {
            "turso_audit_accepted": [
                {"name": "legacy", "reason": "gone with the old pipeline", "until": "2026-12-31"},
                {"name": "main", "reason": "break glass", "rule": "unrestricted"},
            ],
            "turso_audit_max_age_days": 150,
            "turso_audit_severities": {"unfinished_rotation": "off"},
            "turso_audit_html_file": "out.html",
        },
    )
    played = playbooks.play(AUDIT, "-e", "@policy.yml")
    assert played.ok, played.output
    assert report_of(playbooks)["summary"]["by_severity"] == {"high": 0, "medium": 1, "low": 0, "info": 2}
    assert "gone with the old pipeline" in (playbooks.directory / "out.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("-e", "turso_audit_fail_on=awful"), ["value of turso_audit_fail_on must be one of"], marks=heavy),
        pytest.param(("-e", "turso_audit_organization="), ["organization is empty"], marks=heavy),
        pytest.param(
            ("-e", '{"turso_audit_organization": null}'), ["organization is ", "Nothing was sent."], id="a null"
        ),
        pytest.param(("-e", '{"turso_audit_ca_path": null}'), ["ca_path is "], marks=heavy, id="a null path"),
        pytest.param(
            ("-e", '{"turso_audit_severities": {"old": "low"}}'),
            ["which is not a rule. Use the rules unrestricted, aged", "Nothing was judged."],
            id="a rule that is none",
        ),
        pytest.param(("-e", "turso_audit_organization=nobody"), ["Nothing was judged."], marks=heavy),
        pytest.param(
            ("-e", "turso_audit_json_file=nowhere/report.json"), ["cannot be replaced: its folder"], marks=heavy
        ),
    ],
)
@with_one_core
def test_what_cannot_be_audited_is_told(playbooks: Playbooks, arguments: tuple[str, ...], told: list[str]) -> None:
    played = playbooks.play(AUDIT, *arguments)
    assert not played.ok
    assert [text for text in told if text not in played.output] == []
    assert not list(playbooks.directory.glob("turso-audit.*"))


@heavy
@with_one_core
def test_a_metrics_file_that_cannot_be_replaced_refuses_the_audit_before_any_request(
    playbooks: Playbooks, simulator: Simulator
) -> None:
    played = playbooks.play(AUDIT, "-e", "turso_audit_metrics_file=nowhere/turso.prom")
    assert not played.ok
    assert "cannot be replaced: its folder" in played.output
    assert "Nothing was judged." in played.output
    assert simulator.requests == []


@heavy
@with_one_core
def test_the_authority_to_trust_can_be_given(playbooks: Playbooks, tmp_path: Path) -> None:
    certificate = Certificate(tmp_path, "127.0.0.1")
    with Simulator(tls=(certificate.chain, certificate.key)) as secure:
        asked = ("-e", f"turso_audit_api_url={secure.url}", "-e", f"turso_audit_api_token={secure.credential}")
        refused = playbooks.play(AUDIT, *asked)
        assert "is not trusted" in refused.output
        assert secure.requests == []
        lenient = ("-e", "turso_audit_fail_on=never", "-e", f"turso_audit_ca_path={certificate.authority}")
        played = playbooks.play(AUDIT, *asked, *lenient)
    assert played.ok, played.output
    assert report_of(playbooks)["summary"]["tokens"] == 1


@pytest.mark.parametrize(
    "variable", ["api_token", *(pytest.param(name, marks=heavy) for name in ("organization", "api_url", "ca_path"))]
)
def test_a_variable_that_cannot_be_rendered_is_not_one_that_is_not_given(
    playbooks: Playbooks, simulator: Simulator, variable: str
) -> None:
    """ansible-core checks it, and a play that ignores errors goes on after that."""
    role = {"role": "community.turso.turso_audit", f"turso_audit_{variable}": "{{ nowhere_defined }}"}
    played = playbooks.play([{"hosts": "localhost", "gather_facts": False, "ignore_errors": True, "roles": [role]}])
    assert "nowhere_defined" in played.output
    assert simulator.requests == []


@heavy
@with_one_core
def test_five_thousand_tokens_take_no_longer_than_some_plays_that_do_nothing(
    playbooks: Playbooks, simulator: Simulator, tell: Callable[[str], None]
) -> None:
    """By the time of the processors, which other work on the machine stretches for both alike."""
    many = [["read-only"], ["full-access"], ["read", "db:delete"]]
    for index in range(5000):
        simulator.given(
            f"token-{index}", organization="acme", group="production", scopes=many[index % 3], age_days=index % 300
        )
    del playbooks.env["PYTHONPATH"]  # so that both compile what users' runs compile
    idle = _processor_seconds(lambda: playbooks.play([{"hosts": "localhost", "gather_facts": False}]))
    taken = _processor_seconds(lambda: playbooks.play(AUDIT, *OF_ACME, "-e", "turso_audit_fail_on=never"))
    assert report_of(playbooks)["summary"]["tokens"] > 5000
    tell(f"audit of 5,000 tokens: {taken:.1f} s of the processors; a play that does nothing: {idle:.1f} s")
    assert taken < 14 * idle


def _processor_seconds(work: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


@heavy
@with_one_core
def test_an_empty_list_is_not_told_as_a_good_one(playbooks: Playbooks, simulator: Simulator) -> None:
    simulator.add_organization("empty")
    of_empty = ("-e", "turso_audit_organization=empty")
    assert playbooks.play(AUDIT, *of_empty).ok
    page = (playbooks.directory / "turso-audit.html").read_text()
    assert "Nothing was judged: the list is empty." in page
    assert "Passed" not in page
    played = playbooks.play(AUDIT, *of_empty, *WITH_METRICS, "-e", "turso_audit_expected_tokens=1")
    assert not played.ok
    assert not (playbooks.directory / "turso.prom").exists()
    assert "The list has 0 tokens, and at least 1 are expected." in played.output


@heavy
@with_one_core
def test_the_stable_part_of_the_report_is_the_same_on_the_next_day(playbooks: Playbooks, simulator: Simulator) -> None:
    parts = []
    for _day in range(2):
        playbooks.play(AUDIT, *OF_ACME)
        text = (playbooks.directory / "turso-audit.json").read_text()
        parts.append(text[: text.index('"audited_on"')])
        simulator.advance(days=1)
    assert parts[0] == parts[1]
    assert '"migrations"' in parts[0]


def test_a_rotation_file_and_a_state_file_show_the_versions_of_managed_tokens(playbooks: Playbooks) -> None:
    """Whatever else stands in the rotation file, and whatever its entries are written by."""
    playbooks.write(
        "rotation.yml",
        {
            "turso_rotate_tokens": [
                {"name": "ci", "organization": "{{ slug }}", "deliver": [{"to": "play", "takes_effect_hours": 24}]},
                {"name": "dashboard", "organization": "acme", "group": "production", "scopes": ["read-only"]},
            ],
            "turso_rotate_max_age_days": "{{ 40 + 50 }}",
            "turso_rotate_credentials": {"bob": "{{ not_known_here }}"},
            "slug": "unused",
        },
    )
    version = {"name": "ci-20261101t091500z-7f3a", "id": "unknown"}
    known = {"current": {**version, "confirmed_at": "2026-11-01T09:20:00Z"}, "previous": [], "events": []}
    playbooks.write("state.json", json.dumps({"format": 1, "tokens": {"dashboard": known}}))
    files = (
        "-e",
        "turso_audit_rotation_file=rotation.yml",
        "-e",
        "turso_audit_state_file=state.json",
        "-e",
        "slug=acme",
    )
    played = playbooks.play(AUDIT, *OF_ACME, *files, "-vv")
    assert played.ok, played.output
    assert "not_known_here" not in played.output
    managed = {one["name"]: one for one in report_of(playbooks)["managed"]}
    assert [version["name"] for version in managed["ci"]["versions"]] == ["ci", "ci-20261101t091500z-7f3a"]
    assert managed["ci"]["due"] == "unfinished"
    assert managed["dashboard"]["confirmed_at"] == "2026-11-01T09:20:00Z"
    assert ">now: unfinished</span>" in (playbooks.directory / "turso-audit.html").read_text()


@with_one_core
@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        pytest.param(
            "rotation", "turso_rotate_tokens: [{name: ci, group: g}]", "group needs organization", marks=heavy
        ),
        ("state", "{", "is not a state file of turso_rotate"),
        ("rotation", "- secret: x", "rotation cannot be read. Nothing was judged."),
    ],
)
def test_a_file_of_a_rotation_that_cannot_be_refuses_the_audit_before_any_request(
    playbooks: Playbooks, simulator: Simulator, name: str, content: str, told: str
) -> None:
    playbooks.write("rotation", "turso_rotate_tokens: []")
    playbooks.write("state", '{"format": 1, "tokens": {}}')
    playbooks.write(name, content)
    files = ("-e", "turso_audit_rotation_file=rotation", "-e", "turso_audit_state_file=state")
    played = playbooks.play(AUDIT, *files)
    assert not played.ok
    assert told in played.output
    assert simulator.requests == []


def test_sql_tokens_of_the_vault_file_are_judged_and_their_values_are_nowhere(
    playbooks: Playbooks, simulator: Simulator
) -> None:
    simulator.add_database("shop", group="production")
    values = {
        "shop-app": simulator.given_sql(database="shop", age_days=400).secret,
        "shop-group": simulator.given_sql(group="production", expiration="90d").secret,
        "a-password": "hunter2-" + "x" * 40,
    }
    simulator.invalidate(database="shop")
    playbooks.write("password", "open sesame")
    vaults.encrypt(playbooks.write("secrets.yml", {"turso_secrets": values}), "open sesame")
    password = ("--vault-password-file", "password")
    asked = (
        *(AUDIT, *OF_ACME, *WITH_METRICS, *password),
        *("-e", "turso_audit_vault_file=secrets.yml", "-vvvv", "--diff"),
    )

    offline = playbooks.play(*asked)
    assert offline.ok, offline.output
    assert not any(request.path.startswith("/v2") for request in simulator.requests)
    report = report_of(playbooks)
    found = [(finding["rule"], finding["tokens"][0]["name"]) for finding in report["findings"]]
    assert ("endless", "shop-app") in found
    assert ("dead", "shop-app") not in found
    assert "2 SQL tokens, judged by their claims, and not tried. 1 other values" in report["visibility"][-1]

    tried = playbooks.play(*asked, "-e", "turso_audit_probe=true")
    assert not tried.ok
    probed = {entry["name"]: entry["probed"] for entry in report_of(playbooks)["sql_tokens"]}
    assert probed == {"shop-app": "dead", "shop-group": "accepted"}
    page = (playbooks.directory / "turso-audit.html").read_text()
    assert "SQL tokens in the vault file" in page
    written = [(playbooks.directory / name).read_text() for name in ("turso-audit.json", "turso.prom")]
    everything = [offline.output, tried.output, page, *written]
    for text in everything:
        assert not any(value in text or value.rpartition(".")[2] in text for value in values.values())


@heavy
@with_one_core
def test_a_vault_file_that_is_not_there_refuses_the_audit(playbooks: Playbooks) -> None:
    playbooks.write("password", "open sesame")
    password = ("--vault-password-file", "password")
    wrong = playbooks.play(AUDIT, *OF_ACME, *password, "-e", "turso_audit_vault_file=nowhere.yml")
    assert "There is no vault file" in wrong.output
    assert "Nothing was judged." in wrong.output
