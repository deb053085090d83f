# Copyright (c) 2026, kubedirector.connections contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Everything runs in the environment of tests/requirements/py313.txt, made in the cache on first use.
.DEFAULT_GOAL := help
.PHONY: help demo test quick quick-lint lint sanity unit contract integration package molecule smoke versions bench stress docs \
	pictures release-check sandbox sandbox-down clean

PYTHON = environment=$$(tests/runner/python-env.sh py313) && exec "$$environment/bin/python"
SUITES = $(PYTHON) -m tests.runner
QUICK_LINT = lint/format lint/ruff lint/mypy lint/layers lint/spelling

help: ## what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

demo: ## the five set-ups on a cluster, and what the members' own script reads of them
	@$(PYTHON) -m tests.demo

test: ## what each change has to pass
	@$(SUITES)

quick: ## the inner loop: format, ruff, mypy, layers, spelling, unit tests on one Python
	@$(SUITES) $(QUICK_LINT) unit/2.21

quick-lint: ## what pre-commit runs: make quick without the unit tests
	@$(SUITES) $(QUICK_LINT)

lint: ## format, ruff, mypy, layers, spelling, changelog, ansible-lint, docs
	@$(SUITES) lint

sanity: ## ansible-test sanity of the newest and the oldest ansible-core
	@$(SUITES) sanity

unit: ## unit tests, newest and oldest
	@$(SUITES) unit

contract: ## what the collection relies on, asked of the operator
	@$(SUITES) contract

integration: ## the collection on a cluster, newest and oldest
	@$(SUITES) integration

package: ## build, install and use the collection from its tarball
	@$(SUITES) packaging

molecule: ## the scenarios in extensions/molecule, one for each role
	@$(SUITES) molecule

smoke: ## the collection in short on each ansible-core between, and on its pre-release
	@$(SUITES) smoke

versions: ## smoke, unit tests and sanity on each ansible-core between, and on its pre-release
	@$(SUITES) smoke versions

bench: ## measure; writes build/bench.json
	@$(PYTHON) -m tests.benchmark

docs: ## the docs site, into build/docs/html
	@$(PYTHON) -m tests.runner.docs

pictures: ## the pictures of docs/, and those parts of pages that other files decide, written again
	@$(PYTHON) -m tests.unit.docs.pictures

release-check: ## the rules for a release: Ansible's, certification's and Galaxy's
	@$(PYTHON) -m tests.runner.release_check

stress: ## races, faults, kills, linked KDClusters and growth in numbers (about an hour); one line of figures each
	@$(PYTHON) -m tests.stress

sandbox: ## the test cluster alone; prints its kubeconfig's path as the last line
	@$(PYTHON) -m tests.sandbox up

sandbox-down: ## end the test cluster
	@$(PYTHON) -m tests.sandbox down

clean: ## remove what the checks wrote; the cache outside the repository stays
	rm -rf build .mypy_cache .pytest_cache .ruff_cache .hypothesis .ansible
