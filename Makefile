# `make help` lists what there is. ARGS passes words on: make test ARGS="tests/workflow -x"
.DEFAULT_GOAL := help
SHELL := bash
.PHONY: help setup run test check assets lint lock translations bench clean
export PYTHON

help:    ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:   ## prepare .venv with the pinned packages and the command .venv/bin/ipdesk
	@scripts/setup.sh runtime

run: setup    ## start the desk, with the demo marketplace if nothing is there yet; Ctrl-C stops it
	@exec .venv/bin/ipdesk run --demo-if-empty $(ARGS)

test:    ## set up what the tests need and run all of them
	@scripts/setup.sh test
	@scripts/test.sh $(ARGS)

check: setup    ## prove the workflow files and tables
	@.venv/bin/ipdesk check $(ARGS)

lint:    ## style, types, direction of imports
	@scripts/setup.sh test
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

assets:    ## rebuild ipdesk/static from assets/ (needs Node 20 or newer)
	@scripts/setup.sh runtime
	@scripts/assets.sh

lock:    ## pin again what pyproject.toml asks for
	@scripts/setup.sh test
	@scripts/lock.sh $(ARGS)

translations:    ## collect the texts of pages and bring the catalogues up to date
	@scripts/setup.sh runtime
	@scripts/translations.sh

bench: setup    ## measure; make bench ARGS="list --size 100000 --json"
	@.venv/bin/ipdesk bench $(ARGS)

clean:    ## remove what can be made again; instance/ stays
	rm -rf .venv .tools node_modules build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
