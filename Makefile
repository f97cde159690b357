# Two commands on a machine with Python 3.11 or later and make:
#   make ingest MUSIC=~/Music     (without MUSIC: on a small synthetic collection)
#   make test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MUSIC ?=
SAMPLE := music-sample
ARGUMENTS ?=
# Passed by the environment, because a folder name may hold spaces and quotes; the shell does not expand a quoted ~.
export MUSIC_FOLDER = $(if $(filter ~/%,$(firstword $(MUSIC))),$(HOME)$(patsubst ~%,%,$(MUSIC)),$(MUSIC))

.PHONY: ingest test unit check audit lock wheel clean

ingest: $(VENV)/.installed
ifeq ($(strip $(MUSIC)),)
	@test -d $(SAMPLE) || $(BIN)/python tools/make_collection.py $(SAMPLE)
	$(BIN)/catalog --home $(SAMPLE)/.catalog ingest $(SAMPLE) $(ARGUMENTS); code=$$?; test $$code -eq 0 -o $$code -eq 3
else
	$(BIN)/catalog ingest "$$MUSIC_FOLDER" $(ARGUMENTS); code=$$?; test $$code -eq 0 -o $$code -eq 3
endif

test: check
	$(BIN)/python tools/run_tests.py $(ARGUMENTS)

# No database server, no Redis, no worker process: under a minute.
unit: $(VENV)/.installed-dev
	$(BIN)/pytest -q -n 2 --dist worksteal tests/unit $(ARGUMENTS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Fails on a known vulnerability and lists packages that could not be looked up; ARGUMENTS=--strict fails on those too.
audit: $(VENV)/.installed-dev
	$(BIN)/python tools/audit_dependencies.py $(ARGUMENTS)

# Exit code 3 of `catalog` means done, but some files failed: make treats it as success.

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or later is needed; name one: make PYTHON=python3.12 ...' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# Needs uv: pip install uv
LOCK := uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --no-annotate --no-header --quiet
lock:
	$(LOCK) --extra build -o requirements.lock
	$(LOCK) --extra build --extra dev -c requirements.lock -o requirements-dev.lock

wheel: $(VENV)/.installed
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation -w dist .

clean:
	rm -rf $(VENV) $(SAMPLE) dist
