# EventHub from its checkout. `make` alone lists what there is to do.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
JOBS ?= 2
ARGS ?=

# Which lock and which interpreter made the environment is kept in two stamps inside it, so that nothing is
# installed twice and `make demo` needs only what running needs.
RUNNING := $(VENV)/.running
DEVELOPING := $(VENV)/.developing
MEASURING := $(VENV)/.measuring

.PHONY: help
help: ## List what there is to do
	@awk 'BEGIN { FS = ":.*## " } \
	  /^## / { printf "\n%s\n", substr($$0, 4) } \
	  /^[.a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '\nARGS are passed on: make demo ARGS="--scale 1.0 --no-serve", make test ARGS="tests/solvers -k fund"\n'

## To see and to run EventHub

.PHONY: demo
demo: $(RUNNING) ## The whole year of programmes, from sign-up to calendar, served on 127.0.0.1:8000; told once, then shown again
	@exec $(PY) -m eventhub demo $(ARGS)

.PHONY: serve
serve: $(RUNNING) ## Migrate the database, then serve it with its worker in one process
	@exec $(PY) -m eventhub serve $(ARGS)

## To change EventHub

.PHONY: test
test: $(DEVELOPING) ## The whole suite; says at the end what was left out
	@exec $(PY) -m pytest -n $(JOBS) --dist worksteal $(ARGS)

.PHONY: check
check: $(DEVELOPING) ## Format, lint, types, import contracts, templates, translations, spelling
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PY) -m djlint --lint --check templates eventhub/kinds
	$(PY) -m pytest -q -p no:cacheprovider tests/architecture/test_translations.py
	$(VENV)/bin/codespell

.PHONY: fix
fix: $(DEVELOPING) ## Format the code and the templates, and mend what the linters can
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	$(PY) -m djlint --quiet --reformat templates eventhub/kinds

.PHONY: bench-solver
bench-solver: $(MEASURING) ## Measure the solver against its peers (ARGS="--quick": within ten minutes)
	@exec $(PY) -m benchmarks.solver $(ARGS)

.PHONY: lock
lock: $(DEVELOPING) ## Write both lock files anew from pyproject.toml
	$(call compile,requirements.lock,--extra build)
	$(call compile,requirements-dev.lock,--extra build --extra dev --constraint requirements.lock)
	$(call compile,requirements-bench.lock,--extra build --extra dev --extra bench --constraint requirements-dev.lock)

.PHONY: clean
clean: ## Remove the environment and every cache; the instance folder with its data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

## The environment

.PHONY: .venv
.venv: $(RUNNING) ## Make the environment alone, as running needs it

$(RUNNING): requirements.lock pyproject.toml
	@$(make_venv)
	@$(call install,requirements.lock)
	@touch $@

$(DEVELOPING): requirements-dev.lock $(RUNNING)
	@$(call install,requirements-dev.lock)
	@touch $@

$(MEASURING): requirements-bench.lock $(DEVELOPING)
	@$(call install,requirements-bench.lock)
	@touch $@

# Every package is held to the hash in its lock. Ours is put on the path without its dependencies and built
# by the locked build tool, so that no step installs anything a lock does not name.
define install
  echo "Installing $(1) into $(VENV)"; \
  if command -v uv >/dev/null 2>&1; then \
    uv pip install --quiet --python $(PY) --require-hashes -r $(1) && \
    uv pip install --quiet --python $(PY) --no-deps --no-build-isolation -e .; \
  else \
    $(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null; \
    $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) && \
    $(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; \
  fi
endef

# An environment whose interpreter no longer starts (a removed Python, a moved folder) is made anew.
define make_venv
  enough='import sys; sys.exit(sys.version_info < (3, 11))'; \
  if $(PY) -c "$$enough" >/dev/null 2>&1; then exit 0; fi; \
  found=; \
  for python in $(PYTHON) python3 python3.11 python3.12 python3.13 python3.14 python; do \
    if "$$python" -c "$$enough" >/dev/null 2>&1; then found=$$python; break; fi; \
  done; \
  if [ -z "$$found" ]; then \
    echo "EventHub needs Python 3.11 or newer: install it (on Debian or Ubuntu: apt install python3 python3-venv), then run make again." >&2; \
    exit 1; \
  fi; \
  if command -v uv >/dev/null 2>&1; then \
    uv venv --quiet --clear --python "$$found" $(VENV); \
  elif "$$found" -c 'import venv, ensurepip' >/dev/null 2>&1; then \
    "$$found" -m venv --clear $(VENV); \
  else \
    echo "Python's venv module is missing: install it (on Debian or Ubuntu: apt install python3-venv), then run make again." >&2; \
    exit 1; \
  fi
endef

# --universal: one lock for every system and every Python from 3.11 on.
define compile
  $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-emit-find-links --custom-compile-command "make lock" $(2) pyproject.toml --output-file $(1)
endef
