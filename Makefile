# Two commands matter: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
RIVALS := var/bench-rivals

.DEFAULT_GOAL := help
.PHONY: help run test check format bench-rivals faults lock clean

help: ## list the targets
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Lianxin needs Python 3.11 or newer, and this is %s. Try: make PYTHON=python3.12 run" % sys.version.split()[0])'
	@echo "Preparing $(VENV) (once, about a minute)…"
	@$(PYTHON) -m venv $(VENV) || { echo "Python lacks its venv module: on Debian, apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

run: $(READY) ## install, migrate, seed one demo county and start everything on this machine
	@$(BIN)/lianxin demo

test: $(READY) ## the whole suite on SQLite, and beside it on MariaDB/MySQL and Redis when they are reachable
	@$(BIN)/python -m tests.run

check: $(READY) ## format, lint, types, import order, architecture
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --verbose > /dev/null || $(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -q -p no:randomly tests/architecture

format: $(READY) ## rewrite the code in the one style
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench-%: $(READY) ## run bench/NAME.py; its last line is the ratio and its target
	@$(BIN)/python -m bench.$*

bench-rivals: $(READY) $(RIVALS)/.ready ## Celery and a newsletter sender on the same campaign, killed like ours
	@$(BIN)/python -m bench.rivals

$(RIVALS)/.ready: requirements-bench.lock
	@echo "Preparing $(RIVALS) (once)…"
	@$(PYTHON) -m venv $(RIVALS)
	@$(RIVALS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

faults: $(READY) ## kill and stop real processes: larger and with more seeds than `make test`
	@LIANXIN_FAULT_SEEDS=$${LIANXIN_FAULT_SEEDS:-5} LIANXIN_FAULT_SIZE=large $(BIN)/python -m tests.run -m faults tests/faults

lock: $(READY) ## pin every dependency again, with hashes
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml --extra sms -o requirements-sms.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml --extra sms --group dev -o requirements-dev.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --group build -o requirements-build.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --group bench -o requirements-bench.lock

clean: ## remove the environment and the demo's data
	rm -rf $(VENV) var
