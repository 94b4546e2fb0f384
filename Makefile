# Every target sets up its own environment: only Python >= 3.11 (with venv) and make are needed.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo run test bench lock audit clean

help:
	@echo "make demo   see an outage arrive in a channel, no account or token needed"
	@echo "make run    start the bot with the token of .env"
	@echo "make test   lint, format check, strict types, tests"
	@echo "make bench  measure: small tables, no pass or fail"
	@echo "make lock   renew the two lock files"
	@echo "make audit  look up known weaknesses of what is locked"

demo: .venv
	@$(BIN)/vigie demo $(ARGS)

run: .venv
	@$(BIN)/vigie run

test: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests $(ARGS)

bench: .venv/dev
	$(BIN)/python -m tests.bench $(ARGS)

# The environment alone. The stamp file is the target, so an interrupted set-up is taken up again.
.venv: .venv/run

.venv/run: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Vigie needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev: .venv/run requirements-dev.lock
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# Whoever renews the locks or audits them gets uv for it; nothing else needs it.
UV := $(BIN)/uv
$(UV): | .venv/run
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv

LOCK := $(UV) pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
  --custom-compile-command "make lock" -q --upgrade --extra places --extra fallback --group build
lock: $(UV)
	$(LOCK) -o requirements.lock
	$(LOCK) --group dev -o requirements-dev.lock

# Asks the network, so it is no part of the tests. A package that is not found there is an error.
audit: $(UV)
	$(UV) tool run pip-audit --strict --disable-pip --require-hashes -r requirements.lock

clean:
	rm -rf .venv
