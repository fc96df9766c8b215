# Copyright (c) 2026 the community.turso contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every target makes the environments that it needs, under .cache. PYTHON only starts that work: the interpreters of
# the environments are looked for (tests/tools/venvs.py).
PYTHON ?= python3
# Two more than there are processors: what is played waits for its processes, and for time.
PYTEST_WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)

VENVS := $(CURDIR)/.cache/venvs
NEWEST := $(VENVS)/newest/bin
TOOLS := $(VENVS)/tools/bin
STAGE := $(CURDIR)/.cache/stage
COLLECTION := $(STAGE)/ansible_collections/community/turso

export PYTHONDONTWRITEBYTECODE := 1
# Nothing of the user's own set-up may decide what a check says.
unexport ANSIBLE_CONFIG TURSO_API_TOKEN TURSO_PLATFORM_TOKEN

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' Makefile

##@ Use

.PHONY: demo
demo: newest ## Rotate a token against a local server and show what happened
	@$(NEWEST)/python -m tests.demo

.PHONY: shell
shell: newest ## Open a shell in which everything can be tried against a local server
	@$(NEWEST)/python -m tests.demo.shell

##@ Check

# The closing line of pytest ends the output.
.PHONY: test
test: ## Run every check
	@$(PYTHON) -m tests.tools.side_by_side lint sanity-sample artifact docs -- pytest

.PHONY: lint
lint: ruff mypy numbers reuse workflows changelog-lint docs-lint ansible-lint nox ## Run the checks that only read

.PHONY: ruff
ruff: tools
	$(TOOLS)/ruff check
	$(TOOLS)/ruff format --check

.PHONY: mypy
mypy: tools newest
	$(TOOLS)/mypy $$($(PYTHON) -m tests.tools.checkout)/ansible_collections/community/turso/plugins \
		tests/simulator tests/tools
	$(TOOLS)/mypy --python-executable $(NEWEST)/python --cache-dir .cache/mypy/tests --follow-imports silent \
		--exclude '^tests/tools/' tests

.PHONY: numbers
numbers: tools ## Measure how dense the code is, and fail where it is denser than it may be
	$(TOOLS)/python -m tests.tools.numbers

.PHONY: reuse
reuse: tools
	$(TOOLS)/reuse lint --quiet || $(TOOLS)/reuse lint --lines

.PHONY: workflows
# zizmor looks for what an attacker could use, actionlint, which no package index has whole, for what GitHub would refuse.
workflows: tools
	$(TOOLS)/zizmor --offline --quiet --no-progress --persona=pedantic .github
	@if command -v actionlint > /dev/null; then actionlint; else echo "actionlint is not here: it was left out"; fi

.PHONY: changelog-lint
changelog-lint: tools stage
	cd $(COLLECTION) && PATH="$(TOOLS):$$PATH" antsibull-changelog lint

.PHONY: docs-lint
docs-lint: tools stage
	cd $(COLLECTION) && PATH="$(TOOLS):$$PATH" antsibull-docs lint-collection-docs --plugin-docs \
		--validate-collection-refs all .

.PHONY: ansible-lint
ansible-lint: tools stage
	cd $(COLLECTION) && PATH="$(TOOLS):$$PATH" ANSIBLE_COLLECTIONS_PATH=$(STAGE) ansible-lint

.PHONY: nox
nox: nox-env stage
	cd $(COLLECTION) && $(VENVS)/nox/bin/nox --no-venv --session extra-checks

SANITY := $(PYTHON) -m tests.tools.ansible_test $(VENVS)/newest sanity --venv --color no

.PHONY: sanity
sanity: newest tools ## Run ansible-test sanity on the newest ansible-core
	$(SANITY)

.PHONY: sanity-sample
# What is left out takes most of the time of them all. Much of it is looked at by ruff, docs-lint, changelog-lint and ansible-lint;
# pylint and the metadata of the runtime are left to `make sanity`.
LEFT_OUT := pylint pep8 ansible-doc changelog runtime-metadata yamllint
sanity-sample: newest tools ## The same without its slowest tests, and of the Pythons of modules with the oldest
	$(SANITY) --python 3.9 $(addprefix --skip-test ,$(LEFT_OUT))

.PHONY: artifact
artifact: tools stage ## Build the artifact, and have Galaxy's importer and ansible-builder judge it
	PATH="$(TOOLS):$$PATH" $(TOOLS)/python -m tests.tools.artifact

.PHONY: set-up
# At once, because they wait for the network.
set-up:
	@$(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,--jobs=3) newest oldest peers

.PHONY: pytest
pytest: set-up ## Run the tests (unit, integration, role, secrecy), played ones by samples
	TURSO_TEST_VENVS=$(VENVS)/oldest:$(VENVS)/newest $(NEWEST)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup $(PYTEST_ARGS)

.PHONY: unit
# In the copy: through the link of a checkout a file would have two names.
unit: newest stage ## Run the unit tests, and fail if they miss a branch of plugins/module_utils
	cd $(COLLECTION) && $(NEWEST)/python -m pytest tests/unit -n $(PYTEST_WORKERS) \
		--cov=plugins/module_utils --cov-report=term-missing --cov-fail-under=100 $(PYTEST_ARGS)

.PHONY: destinations
destinations: newest peers ## Deliver to every destination, and have each refuse, lose and lack something
	$(NEWEST)/python -m pytest tests/destinations --full $(PYTEST_ARGS)

.PHONY: integration
integration: newest ## Run the integration targets on the newest ansible-core
	$(NEWEST)/python -m pytest tests/integration --full $(PYTEST_ARGS)

.PHONY: test-matrix
test-matrix: ## Run the tests on every supported ansible-core; needs Pythons 3.10 to 3.13
	$(PYTHON) -m tests.tools.matrix $(MATRIX_ARGS)

.PHONY: test-all
test-all: test ## Run every check, and whole matrices on every supported ansible-core; takes hours
	$(PYTHON) -m tests.tools.matrix $(MATRIX_ARGS) -- --full

.PHONY: faults
faults: newest ## Show what becomes of every call under every fault
	@$(NEWEST)/python -m tests.faults

.PHONY: kill-matrix
kill-matrix: newest oldest peers ## End a rotation at every point there is, and see what is left
	TURSO_TEST_VENVS=$(VENVS)/oldest:$(VENVS)/newest $(NEWEST)/python -m pytest tests/kill --full -n $(PYTEST_WORKERS) $(PYTEST_ARGS)

.PHONY: mutants
mutants: ## Break plugins/module_utils in many ways, and see which the unit tests miss
	$(PYTHON) -m tests.tools.mutants $(MUTANTS_ARGS)

.PHONY: bench
bench: newest ## Measure the role against the same job written with ansible.builtin.uri
	@$(NEWEST)/python -m tests.bench --write docs/performance.md
	@$(NEWEST)/python -m tests.bench.pressure
	@$(NEWEST)/python -m tests.bench.deliveries

##@ Make

.PHONY: docs
docs: tools stage ## Build the documentation site
	PATH="$(TOOLS):$$PATH" ANSIBLE_COLLECTIONS_PATH=$(STAGE) $(TOOLS)/python -m tests.tools.docsite

.PHONY: reference
reference: newest ## Write docs/messages.md and docs/variables.md anew, from the sources
	$(NEWEST)/python -m tests.tools.messages --write
	$(NEWEST)/python -m tests.tools.variables --write

.PHONY: stills
stills: newest ## Take the pictures of the demo and of an audit anew; the second needs Chromium
	@$(NEWEST)/python -m tests.demo.still
	@$(NEWEST)/python -m tests.audit.still

.PHONY: format
format: tools ## Let ruff put the Python files in order
	$(TOOLS)/ruff check --fix-only
	$(TOOLS)/ruff format

.PHONY: schema
schema: newest ## Make rotation.schema.json from the argument specs of the roles
	@$(NEWEST)/python -m tests.tools.schema

.PHONY: changelog
changelog: tools stage ## Bring the changelog of the version in galaxy.yml up to date with the fragments
	cd $(COLLECTION) && PATH="$(TOOLS):$$PATH" antsibull-changelog release --update-existing \
		--refresh-fragments --refresh-plugins prevent-removal --reload-plugins
	cp $(COLLECTION)/CHANGELOG.md $(CURDIR)
	cp $(COLLECTION)/changelogs/changelog.yaml $(CURDIR)/changelogs

TAG ?= $(shell sed -n 's/^version: //p' galaxy.yml)
NOTES ?= .cache/notes.md

.PHONY: release-notes
release-notes: ## Write the notes of the version TAG, and fail unless it can be released
	$(PYTHON) -m tests.tools.release $(TAG) $(NOTES)

.PHONY: clean
clean: ## Remove everything that these targets made
	rm -rf .cache .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage* tests/output community-turso-*.tar.gz
	find conftest.py plugins tests -name __pycache__ -type d -prune -exec rm -r {} +

.PHONY: newest oldest tools
newest oldest tools:
	@$(PYTHON) -m tests.tools.venvs $@ > /dev/null

.PHONY: peers
peers: ## Fetch what the tests meet besides ansible-core; what cannot be had is skipped
	@$(PYTHON) -m tests.tools.peers > /dev/null

.PHONY: nox-env
nox-env:
	@$(PYTHON) -m tests.tools.venvs nox > /dev/null

.PHONY: stage
stage:
	@$(PYTHON) -m tests.tools.stage > /dev/null
