PYTHON ?= python3
BIN := .venv/bin
# Behind a company's proxy only the system's certificates count; pip takes them anyway.
export UV_SYSTEM_CERTS ?= 1
SERVICE := {{cookiecutter.project_slug}}

.DEFAULT_GOAL := help
.PHONY: help install demo demo-monitoring new test test-standard test-versions bench profile mutants pictures lint release

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

install: $(BIN)/.installed  ## Install everything into .venv

# uv itself comes from the package index like everything else: Python and make are enough.
$(BIN)/.installed: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make $(or $(MAKECMDGOALS),install) PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Installing into .venv ..."
	@test -x $(BIN)/uv || { $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet "uv>=0.13,<0.14"; } || \
		{ rm -rf .venv; echo "No virtual environment could be made: is python3-venv installed, and the package index reachable?" >&2; exit 1; }
	@UV_PYTHON_DOWNLOADS=never $(BIN)/uv sync --quiet --frozen --compile-bytecode --python $(BIN)/python || \
		{ echo "The packages could not be installed; the lines above say why." >&2; exit 1; }
	@touch $@

demo: install  ## Generate a service, make it fail, show the error that arrives
	@$(BIN)/python -m demo $(ARGS)

demo-monitoring: install  ## Bring alerts and dashboards to a Sentry on this machine
	@$(BIN)/python -m demo.monitoring

new: install  ## Answer the questions and get a service: make new [IN=folder]
	@$(BIN)/cookiecutter --output-dir "$(or $(IN),..)" .

test: install  ## Render the variants, check and run them: make test [ARGS=tests/test_dsn.py]
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow" $(ARGS)

test-standard: install  ## Run the standard's tests alone: make test-standard [ARGS="-k outcome"]
	@$(BIN)/python -m tests.in_service $(ARGS)

test-versions: install  ## Run them on all versions that the standard says it runs on: make test-versions [ARGS=lowest]
	@$(BIN)/python -m tests.versions $(ARGS)

bench: install  ## Measure what Sentry costs, side by side: make bench [ARGS=--quick]
	@$(BIN)/python -m bench $(ARGS)

profile: install  ## Name the functions that cost most in our way, of a request and of an error
	@$(BIN)/python -m bench.profile

mutants: install  ## Change the standard's code, see that its tests notice: make mutants [ARGS=chain.py]
	@$(BIN)/uv sync --quiet --frozen --group mutants && $(BIN)/python -m tests.mutants $(ARGS)

pictures: install  ## Make the README's pictures anew, in Chromium and on a terminal
	@$(BIN)/python -m demo.pictures $(ARGS)

lint: install  ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
# The caches stay outside: Cookiecutter would render them.
	@cd '$(SERVICE)' && export RUFF_CACHE_DIR=../.ruff_cache && \
		../$(BIN)/ruff check --config ../pyproject.toml app tests variants && \
		../$(BIN)/ruff format --check --config ../pyproject.toml app tests variants && \
		../$(BIN)/mypy --config-file ../pyproject.toml --cache-dir ../.mypy_cache/service app tests
	@cd tests && MYPYPATH='../$(SERVICE)' \
		../$(BIN)/mypy --config-file ../pyproject.toml --cache-dir ../.mypy_cache/standard standard

release: lint test  ## Check and tag a version: make release VERSION=0.2.0
	@grep -qx '## $(VERSION)' CHANGELOG.md && grep -q '"_template_version": "$(VERSION)"' cookiecutter.json && \
		grep -qx 'version = "$(VERSION)"' pyproject.toml || \
		{ echo "CHANGELOG.md, cookiecutter.json and pyproject.toml (with uv lock) have to say $(or $(VERSION),VERSION=…) first." >&2; exit 1; }
	@test -z "$$(git status --porcelain)" || { echo "Commit your changes first." >&2; exit 1; }
	@git tag --annotate --message "$(VERSION)" "v$(VERSION)" && echo "Tagged. Next: git push origin v$(VERSION)"
