# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docs/awx.md says, done as AWX does it: its credential type, its runner, its builder of execution environments."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tests.docs.markdown import blocks_of
from tests.playbooks import Playbooks, Played, heavy
from tests.simulator import Simulator
from tests.tools.checkout import INSIDE_COLLECTIONS, ROOT, collections_path
from tests.tools.venvs import VENVS

PAGE = ROOT / "docs" / "awx.md"
NAME = "ci-deploy"

# What AWX takes as a field of a credential type and as the name of an injected variable.
FIELD_KEYS = {
    "id",
    "label",
    "type",
    "format",
    "choices",
    "help_text",
    "multiline",
    "secret",
    "ask_at_runtime",
    "default",
}
IDENTIFIER = re.compile(r"[a-zA-Z_]+[a-zA-Z0-9_]*")


@pytest.fixture
def awx(simulator: Simulator, tmp_path: Path) -> Playbooks:
    environment = VENVS / "sinks"
    if not (environment / "stamp").is_file():
        pytest.skip("ansible-runner and ansible-builder are not here: make peers")
    playbooks = Playbooks(environment, tmp_path, api_url=simulator.url, api_token=simulator.credential)
    # AWX's runner gives the job its environment; nothing of it comes from outside.
    del playbooks.env["TURSO_API_TOKEN"], playbooks.env["TURSO_API_BASEURL"]
    return playbooks


@pytest.fixture(scope="module")
def page() -> dict[str, str]:
    """The files that docs/awx.md has its reader write."""
    return {block.detail: block.text for block in blocks_of(PAGE) if block.said == "file" and block.detail}


def injected(page: dict[str, str], **given: str) -> dict[str, str]:
    """Return the environment that AWX makes of the credential type and what a user typed in."""
    inputs, injectors = (yaml.safe_load(page[f"credential-{kind}.yml"]) for kind in ("inputs", "injectors"))
    values = {field["id"]: "" for field in inputs["fields"]} | given
    render = ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string
    return {name: render(template).render(**values) for name, template in injectors["env"].items()}


def test_the_inputs_of_the_credential_type_are_what_awx_takes(page: dict[str, str]) -> None:
    inputs = yaml.safe_load(page["credential-inputs.yml"])
    assert set(inputs) <= {"fields", "required"}
    identifiers = [field["id"] for field in inputs["fields"]]
    assert len(identifiers) == len(set(identifiers))
    assert set(inputs["required"]) <= set(identifiers)
    for field in inputs["fields"]:
        assert {"id", "label"} <= set(field) <= FIELD_KEYS, field
        assert IDENTIFIER.fullmatch(field["id"])
        assert field["id"] != "tower"  # kept for AWX itself
        assert field.get("type", "string") in ("string", "boolean")
    assert [field["id"] for field in inputs["fields"] if field.get("secret")] == ["api_token"]


def test_the_injectors_of_the_credential_type_are_what_awx_takes(page: dict[str, str]) -> None:
    injectors = yaml.safe_load(page["credential-injectors.yml"])
    assert set(injectors) == {"env"}  # extra variables would be stored with the job
    assert all(IDENTIFIER.fullmatch(name) and isinstance(text, str) for name, text in injectors["env"].items())
    # AWX refuses to override these.
    assert not [
        name for name in injectors["env"] if name.startswith("ANSIBLE_") or name in ("PATH", "HOME", "PYTHONPATH")
    ]
    assert injected(page, api_token="typed in") == {"TURSO_API_TOKEN": "typed in", "TURSO_API_BASEURL": ""}


def job(
    playbooks: Playbooks, playbook: str, environment: dict[str, str], variables: dict[str, Any], ident: str
) -> Played:
    """Run a job as AWX does: ansible-runner on a directory that holds project, inventory, environment and variables."""
    directory = playbooks.directory / "job"
    inventory = {"all": {"hosts": {"localhost": {"ansible_connection": "local"}}}}
    inventory["all"]["hosts"]["localhost"]["ansible_python_interpreter"] = "{{ ansible_playbook_python }}"
    playbooks.write("job/inventory/hosts.yml", inventory)
    playbooks.write("job/env/envvars", environment)
    playbooks.write("job/env/extravars", variables)
    # Fact storage on: what is cached is searched, too.
    playbooks.write("job/env/settings", {"fact_cache_type": "jsonfile"})
    (directory / "project").mkdir(exist_ok=True)
    return playbooks.run("ansible-runner", "run", str(directory), "-p", playbook, "--ident", ident, "-vvv")


def assert_no_secret_in(directory: Path, simulator: Simulator) -> None:
    """See that nothing that a job leaves behind for AWX holds a token: events, facts, output."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert any("job_events" in path.parts for path in files)
    for path in files:
        text = path.read_text(errors="replace")
        for canary in simulator.canaries:
            # The command as it was run, with the environment that the credential injected. AWX masks it.
            if path.name == "command" and canary == simulator.credential:
                continue
            assert canary not in text, path
            assert base64.b64encode(canary.encode()).decode() not in text, path


@heavy
def test_a_job_rotates_as_the_page_says(awx: Playbooks, simulator: Simulator, page: dict[str, str]) -> None:
    project, delivered_to = awx.directory / "job" / "project", awx.directory / "delivered"
    delivered_to.mkdir()
    for name in ("rotate.yml", "deliver.yml"):
        awx.write(f"job/project/{name}", page[name])
    environment = injected(page, api_token=simulator.credential, api_url=simulator.url)
    variables = {"deliver_to": str(delivered_to), "turso_rotate_state_file": str(delivered_to / "state.json")}
    old = simulator.given(NAME, organization="acme", age_days=120)

    first = job(awx, "rotate.yml", environment, variables, "1")
    assert first.ok, first.output
    (delivered,) = delivered_to.glob("*-token")
    assert simulator.alive(delivered.read_text())
    assert not simulator.alive(old.secret)

    simulator.reset_log()
    second = job(awx, "rotate.yml", environment, variables, "2")
    assert second.ok, second.output
    assert second.recap["changed"] == 0
    assert simulator.writes == []
    assert_no_secret_in(project.parent / "artifacts", simulator)


def test_a_job_runs_the_playbook_of_the_collection(awx: Playbooks, simulator: Simulator, page: dict[str, str]) -> None:
    environment = injected(page, api_token=simulator.credential, api_url=simulator.url)
    path = awx.write(".env", "TURSO_API_TOKEN=\n")
    into = {"to": "env_file", "path": str(path), "variable": "TURSO_API_TOKEN", "takes_effect_hours": 0}
    variables = {"turso_rotate_tokens": [{"name": NAME, "organization": "acme", "deliver": [into]}]}
    old = simulator.given(NAME, organization="acme", age_days=120)
    done = job(awx, "community.turso.rotate", environment, variables, "1")
    assert done.ok, done.output
    assert simulator.alive(path.read_text().removeprefix("TURSO_API_TOKEN=").strip())
    assert not simulator.alive(old.secret)


@heavy
def test_a_job_can_be_tried_without_awx(awx: Playbooks, simulator: Simulator, page: dict[str, str]) -> None:
    (trial,) = (block.text for block in blocks_of(PAGE) if block.detail == "tests/awx runs it")
    install, _, rest = trial.partition("\n")
    assert install == "python3 -m pip install ansible-runner"
    for name in ("rotate.yml", "deliver.yml"):
        awx.write(name, page[name])
    old = simulator.given(NAME, organization="acme", age_days=120)
    done = awx.shell(rest, env=injected(page, api_token=simulator.credential, api_url=simulator.url))
    assert done.ok, done.output
    assert simulator.alive((awx.directory / "tokens" / f"{NAME}-token").read_text())
    assert not simulator.alive(old.secret)
    assert_no_secret_in(awx.directory / "job" / "artifacts", simulator)


def test_the_builder_finds_what_the_collection_needs(awx: Playbooks) -> None:
    done = awx.run("ansible-builder", "introspect", str(collections_path()))
    assert done.ok, done.output
    found = yaml.safe_load(done.output.partition("---\n")[2])
    assert [line.partition("#")[0].strip() for line in found["python"] if "community.turso" in line] == ["requests"]


@pytest.mark.parametrize(
    "definition",
    [
        pytest.param("meta/execution-environment.yml", id="of the collection"),
        pytest.param("docs/awx.md", id="of the page"),
    ],
)
def test_the_builder_accepts_the_execution_environment(
    awx: Playbooks, page: dict[str, str], definition: str, tmp_path: Path
) -> None:
    collection = tmp_path / INSIDE_COLLECTIONS
    collection.mkdir(parents=True)
    text = page["execution-environment.yml"] if definition == "docs/awx.md" else (ROOT / definition).read_text()
    (collection / "execution-environment.yml").write_text(text)
    (collection / "meta").mkdir()
    (collection / "meta" / "ee-requirements.txt").write_text((ROOT / "meta" / "ee-requirements.txt").read_text())
    command = [
        "create",
        "--file",
        str(collection / "execution-environment.yml"),
        "--context",
        str(tmp_path / "context"),
    ]
    done = awx.run("ansible-builder", *command)
    assert done.ok, done.output
    made = {path.name: path.read_text() for path in (tmp_path / "context").rglob("*") if path.is_file()}
    if definition == "docs/awx.md":
        assert "community.turso" in made["requirements.yml"]
    else:
        assert "requests" in made["requirements.txt"]
