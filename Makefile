# Two commands that set everything up by themselves, on a machine with Python 3.11 or later and make:
#   make ingest MUSIC=~/Music     (without MUSIC on a small collection that it makes itself)
#   make test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MUSIC ?=
SAMPLE := music-sample
ARGUMENTS ?=
export OMP_NUM_THREADS ?= 1
# By the environment, for the name of a folder may have spaces and quotes in it; a ~ in quotes is nobody's home.
export MUSIC_FOLDER = $(if $(filter ~/%,$(firstword $(MUSIC))),$(HOME)$(patsubst ~%,%,$(MUSIC)),$(MUSIC))

.PHONY: ingest test check audit lock wheel clean

ingest: $(VENV)/.installed
ifeq ($(strip $(MUSIC)),)
	@test -d $(SAMPLE) || $(BIN)/python tools/make_collection.py $(SAMPLE)
	$(BIN)/catalog --home $(SAMPLE)/.catalog ingest $(SAMPLE) $(ARGUMENTS); code=$$?; test $$code -eq 0 -o $$code -eq 3
else
	$(BIN)/catalog ingest "$$MUSIC_FOLDER" $(ARGUMENTS); code=$$?; test $$code -eq 0 -o $$code -eq 3
endif

# Real servers and processes on a busy machine: what failed beside other tests is tried once more, alone, and both are
# printed. What fails twice fails.
test: check
	$(BIN)/pytest -n 2 --dist worksteal \
		|| { test $$? -eq 1 && $(BIN)/pytest --last-failed --last-failed-no-failures none; }

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Fails at a known vulnerability, and says which packages could not be looked up; ARGUMENTS=--strict fails at those too.
audit: $(VENV)/.installed-dev
	$(BIN)/python tools/audit_dependencies.py $(ARGUMENTS)

# Exit code 3 of `catalog` means done, with files that could not be analyzed: make takes it for success.

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
