# Everything a contributor runs. `make demo` and `make test` work on a fresh machine with Python 3.11, git and make.
.PHONY: help demo test check services kernels bench lock clean
.DEFAULT_GOAL := help

PYTHON ?= python3.11
UV ?= uv
BIN := .venv/bin
ONE_THREAD := NUMBA_NUM_THREADS=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
PIP := $(BIN)/python -m pip --disable-pip-version-check

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  \1\t/'

# The stamps record what is installed, so that a second run installs nothing. The developer's set contains the user's.
# pip would compile all modules on one core. A user's are compiled as they are imported; the developer's by all cores, and
# before the tests, to which a warning of the compiler would be an error (some files are templates, not modules).
.venv/run.stamp: requirements/run.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing sitewatch into .venv ..." >&2
	@$(PIP) install --quiet --no-compile --require-hashes --requirement requirements/run.txt >&2
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable . >&2
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/run.stamp
	@echo "Installing the development tools into .venv ..." >&2
	@$(PIP) install --quiet --no-compile --require-hashes --requirement requirements/dev.txt >&2
	@$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true
	@touch $@

demo: .venv/run.stamp ## simulate a facility, watch it, and print the path of the report
	@$(BIN)/sitewatch demo

check: .venv/dev.stamp ## formatting, lint, types, layers
	$(BIN)/ruff format --check src tests benchmarks examples
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/mypy
	$(BIN)/lint-imports

services:
	@bash tests/install-services

# Before the tests, or each of their workers would compile the same for two minutes. The user's packages are enough, so it
# begins while the development tools are installed.
kernels: .venv/run.stamp
	@echo "Compiling the kernels, where they are not yet ..." >&2
	@$(ONE_THREAD) $(BIN)/python tests/compile_kernels.py

test: ## all checks and tests, with a real browser and a real catalog where they can be installed
	@$(MAKE) --no-print-directory --output-sync=line --jobs=3 check services kernels
	$(ONE_THREAD) $(BIN)/pytest -n auto --dist worksteal

bench: .venv/dev.stamp ## time the corridor and the listings, kill runs, and print ratios
	$(BIN)/python benchmarks/corridor.py
	$(BIN)/python benchmarks/store.py
	@bash tests/install-services
	$(BIN)/python benchmarks/killed.py --own-postgresql

lock: ## resolve the requirements anew (needs uv)
	$(UV) pip compile pyproject.toml requirements/build.in --output-file requirements/run.txt \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 --quiet \
	  --custom-compile-command 'make lock'
	$(UV) pip compile pyproject.toml requirements/build.in --group dev --constraints requirements/run.txt \
	  --output-file requirements/dev.txt --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --python-version 3.11 --quiet --custom-compile-command 'make lock'

clean: ## remove everything that was made
	rm -rf .venv sitewatch-demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
